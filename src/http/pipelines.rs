//! `GET /pipelines`: which pipelines speak, since when, by whom and why; `POST /api/promote` and the form of the page:
//! one is put live, in shadow or paused.

use axum::extract::State as Extracted;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::domain::promotion::PipelineState;
use crate::domain::time::Timestamp;
use crate::engine::promoting::{PromotionError, PromotionWish, judge};
use crate::engine::published::Snapshot;
use crate::http::page::{self, Level, mark};
use crate::http::query::{refused, status_of};
use crate::http::respond::{back, status};
use crate::http::rows::{Row, ask};
use crate::http::state::State;
use crate::http::when;
use crate::sql::query::QueryError;

const PIPELINES: &str = "SELECT name, title, kind, edition, hash, state, since, decided_by, role, pharmacist, why, \
    changed_since, not_alerting_since, open FROM pipelines ORDER BY CASE state WHEN 'paused' THEN 0 WHEN 'shadow' \
    THEN 1 ELSE 2 END, name";

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The pipeline.
    pub pipeline: String,
    /// `shadow`, `live` or `paused`.
    pub to: String,
    /// Who decides it.
    pub by: String,
    /// In which role.
    pub role: String,
    /// The pharmacist who approves it too; needed where a pipeline that suggests treatment goes live.
    #[serde(default)]
    pub pharmacist: String,
    /// Why.
    pub why: String,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Answered {
    pipeline: String,
    state: &'static str,
    by: String,
    role: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pharmacist: String,
    why: String,
    hash: String,
    at: String,
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
    match promote(&state, asked).await {
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
    match promote(&state, asked).await {
        Ok(_) => Redirect::to("/pipelines").into_response(),
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

async fn promote(state: &State, asked: Asked) -> Result<Answered, (StatusCode, String)> {
    let Asked { pipeline, to, by, role, pharmacist, why } = asked;
    let Some(to) = PipelineState::named(&to) else {
        let error = "expected to: live, shadow or paused".to_owned();
        return Err((StatusCode::BAD_REQUEST, error));
    };
    let snapshot = state.reader.fresh().await;
    if !snapshot.is_caught_up {
        let error = "the log is still being read: try again".to_owned();
        return Err((StatusCode::SERVICE_UNAVAILABLE, error));
    }
    let wish = PromotionWish { pipeline, to, by, role, pharmacist, why };
    let refuse = |error: PromotionError| {
        let status = match &error {
            PromotionError::Unknown(_) => StatusCode::NOT_FOUND,
            PromotionError::NotPromoted { .. } => StatusCode::CONFLICT,
            PromotionError::Elsewhere => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, error.to_string())
    };
    let promotion = judge(snapshot.here(), &wish, state.responses.present()).map_err(refuse)?;
    let answered = Answered {
        pipeline: promotion.pipeline.to_string(),
        state: promotion.to.name(),
        by: promotion.by.to_string(),
        role: promotion.role.to_string(),
        pharmacist: promotion.pharmacist.to_string(),
        why: promotion.why.to_string(),
        hash: promotion.hash.to_string(),
        at: promotion.at.to_string(),
    };
    let given = state.responses.promote(promotion).await;
    given.map_err(|error| (status(&error), error.to_string()))?;
    Ok(answered)
}

/// The page.
pub async fn page(Extracted(state): Extracted<State>) -> Response {
    let _room = state.writings.acquire().await;
    let snapshot = state.reader.fresh().await;
    match main(&snapshot).await {
        Ok(main) => page::answer(page::whole(&state, &snapshot, "Pipelines", None, &main)),
        Err(error) => page::failed(&error),
    }
}

/// Its main part.
async fn main(snapshot: &Snapshot) -> Result<Markup, QueryError> {
    let rows = ask(snapshot, PIPELINES).await?;
    let now = snapshot.clock();
    let n_of = |state: &str| rows.iter().filter(|row| row.text("state") == state).count();
    Ok(html! {
        h1 { "Pipelines" }
        p class="sub" {
            (n_of("live")) " live, " (n_of("shadow")) " in shadow, " (n_of("paused")) " paused"
        }
        div class="scroll" {
            table {
                thead {
                    tr { th { "Pipeline" } th { "State" } th { "By whom, and why" } th { "Open" } th { "Edition" } }
                }
                tbody { @for row in &rows { (line(row, now)) } }
            }
        }
    })
}

fn line(row: &Row, now: Timestamp) -> Markup {
    let level = match row.text("state") {
        "live" => Level::Low,
        "paused" => Level::High,
        _ => Level::None,
    };
    html! {
        tr {
            td { (row.text("title")) div class="quiet" { (row.text("name")) " · " (row.text("kind")) } }
            td class="nowrap" {
                (mark(level, row.text("state")))
                @if let Some(at) = row.time("since") { div class="quiet" { "since " (when::both(at, now)) } }
                @if let Some(at) = row.time("not_alerting_since") {
                    div { "not alerting since " (when::both(at, now)) }
                }
            }
            td {
                @if row.text("decided_by").is_empty() {
                    span class="quiet" { "nobody has decided anything: it begins in shadow" }
                } @else {
                    (row.text("decided_by")) " (" (row.text("role")) ")"
                    @if !row.text("pharmacist").is_empty() { ", pharmacist " (row.text("pharmacist")) }
                    div class="quiet" { (row.text("why")) }
                }
                @if row.is_true("changed_since") {
                    div { "its text was changed since" }
                }
                (choice(row))
            }
            td { (row.integer("open").unwrap_or(0)) }
            td { (row.text("edition")) div class="quiet" { "sha256 " (row.text("hash").get(..12).unwrap_or_default()) } }
        }
    }
}

/// What can be decided about a pipeline where it stands.
fn choice(row: &Row) -> Markup {
    let name = row.text("name");
    html! {
        details id=(format!("promote-{name}")) {
            summary { "Change" }
            form method="post" action="/promote" {
                input type="hidden" name="pipeline" value=(name);
                p { label { "Who " input name="by" required autocomplete="name"; } }
                p { label { "Role " input name="role" required; } }
                @if row.text("kind") == "suggestion" {
                    p { label { "Pharmacist, to go live " input name="pharmacist"; } }
                }
                p { label { "Why " input name="why" required; } }
                p {
                    @for to in PipelineState::ALL {
                        @if to.name() != row.text("state") || row.is_true("changed_since") {
                            button name="to" value=(to.name()) { (to.name()) } " "
                        }
                    }
                }
            }
        }
    }
}
