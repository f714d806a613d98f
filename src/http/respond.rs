//! `POST /api/respond` and the forms of the pages: an alert is acknowledged, snoozed or resolved. Neither the
//! patient nor the alert stands in an address.

use axum::extract::State as Extracted;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::domain::time::{Span, Timestamp};
use crate::engine::responses::{Deed, RespondError, Wish, judge};
use crate::http::page;
use crate::http::query::{refused, status_of};
use crate::http::rows::Row;
use crate::http::state::State;
use crate::http::when;

/// A response as it is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The id of the alert, follow-up or suggestion.
    pub id: String,
    /// `acknowledge`, `snooze` or `resolve`.
    pub action: String,
    /// Who.
    pub by: String,
    /// In which role.
    pub role: String,
    /// Why; needed to snooze or resolve.
    #[serde(default)]
    pub why: String,
    /// How many minutes a snooze lasts.
    #[serde(default)]
    pub minutes: Option<i64>,
}

/// A response as it was given.
#[derive(Debug, Serialize)]
struct Answered {
    id: String,
    patient: String,
    action: &'static str,
    by: String,
    role: String,
    why: String,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

/// Answers a program.
pub async fn answer(
    Extracted(state): Extracted<State>,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Response {
    let asked = match asked {
        Ok(Json(asked)) => asked,
        Err(rejection) => return refused(status_of(&rejection), rejection.body_text()),
    };
    match respond(&state, asked).await {
        Ok(answered) => Json(answered).into_response(),
        Err((status, error)) => refused(status, error),
    }
}

/// Answers a form, and goes back to the page that it stands on.
pub async fn form(
    Extracted(state): Extracted<State>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    match respond(&state, asked).await {
        Ok(_) => Redirect::to(&back(&headers)).into_response(),
        Err((status, error)) => {
            let snapshot = state.reader.newest();
            let main = html! {
                h1 { "Not taken" }
                p { (error) }
                p { a href=(back(&headers)) { "Back" } }
            };
            let page = page::whole(&state, &snapshot, "Not taken", None, &main);
            (status, page::answer(page)).into_response()
        }
    }
}

/// The page of ours that a form stands on; the list of alerts where the browser does not say.
pub fn back(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|text| text.to_str().ok());
    let host = headers.get(header::HOST).and_then(|text| text.to_str().ok()).unwrap_or_default();
    let path = referer.and_then(|text| text.strip_prefix("http://")?.strip_prefix(host));
    path.filter(|path| path.starts_with('/') && !path.starts_with("//"))
        .unwrap_or("/alerts")
        .to_owned()
}

async fn respond(state: &State, asked: Asked) -> Result<Answered, (StatusCode, String)> {
    let Asked { id, action, by, role, why, minutes } = asked;
    let deed = match (action.as_str(), minutes) {
        ("acknowledge", _) => Deed::Acknowledge,
        ("snooze", Some(minutes)) => {
            Deed::Snooze(Span::from_minutes(minutes.clamp(0, MINUTES_MAX)))
        }
        ("snooze", None) => {
            return Err((StatusCode::BAD_REQUEST, "expected minutes with a snooze".to_owned()));
        }
        ("resolve", _) => Deed::Resolve,
        _ => {
            let error = "expected action acknowledge, snooze or resolve".to_owned();
            return Err((StatusCode::BAD_REQUEST, error));
        }
    };
    let snapshot = state.reader.fresh().await;
    if !snapshot.is_caught_up {
        let error = "the log is still being read: try again".to_owned();
        return Err((StatusCode::SERVICE_UNAVAILABLE, error));
    }
    let now = state.responses.present();
    let refuse = |error: RespondError| (status(&error), error.to_string());
    let wish = Wish { id, deed, by, role, why };
    let (twin, response) = match (judge(snapshot.here(), &wish, now), snapshot.whole()) {
        // Another instance may have said it.
        (Err(RespondError::Unknown(_)), Err(missing)) => {
            return Err((StatusCode::SERVICE_UNAVAILABLE, missing.to_string()));
        }
        (judged, _) => judged.map_err(refuse)?,
    };
    let answered = Answered {
        id: wish.id,
        patient: twin.to_string(),
        action: response.action.name(),
        by: response.by.to_string(),
        role: response.role.to_string(),
        why: response.why.to_string(),
        at: response.at.to_string(),
        until: response.action.until().map(|until| until.to_string()),
    };
    state.responses.give(twin, response).await.map_err(refuse)?;
    Ok(answered)
}

/// More minutes than any snooze may last, and no sum that overflows.
const MINUTES_MAX: i64 = 1_000_000;

/// How a response that was not given is answered.
pub fn status(error: &RespondError) -> StatusCode {
    match error {
        RespondError::Unknown(_) => StatusCode::NOT_FOUND,
        RespondError::NoEffect { .. } => StatusCode::CONFLICT,
        RespondError::Busy | RespondError::Late | RespondError::Nobody => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        RespondError::Kafka(_) => StatusCode::BAD_GATEWAY,
    }
}

/// How an effect was answered, and what a person can do about it where it stands.
pub fn handling(row: &Row, now: Timestamp) -> Markup {
    let id = row.text("id");
    html! {
        @if !row.text("not_alerting").is_empty() {
            div class="silent" { (row.text("not_alerting")) }
        }
        @if !row.text("acknowledged_by").is_empty() {
            div { "acknowledged by " (row.text("acknowledged_by")) }
        }
        @if !row.text("snoozed_by").is_empty() {
            div {
                "snoozed by " (row.text("snoozed_by"))
                @if let Some(until) = row.time("snoozed_until") { ", until " (when::both(until, now)) }
            }
        }
        @if !row.text("resolved_by").is_empty() {
            div { "resolved by " (row.text("resolved_by")) }
        }
        @if row.text("status") == "active" {
            details id=(format!("respond-{id}")) {
                summary { "Respond" }
                form method="post" action="/respond" {
                    input type="hidden" name="id" value=(id);
                    p { label { "Who " input name="by" required autocomplete="name"; } }
                    p { label { "Role " input name="role" required; } }
                    p { label { "Why " input name="why"; } }
                    p {
                        label {
                            "Snooze for "
                            select name="minutes" {
                                option value="30" { "30 min" }
                                option value="60" { "1 h" }
                                option value="120" { "2 h" }
                                option value="480" { "8 h" }
                            }
                        }
                    }
                    p {
                        button name="action" value="acknowledge" { "Acknowledge" }
                        " " button name="action" value="snooze" { "Snooze" }
                        " " button name="action" value="resolve" { "Resolve" }
                    }
                }
            }
        }
    }
}
