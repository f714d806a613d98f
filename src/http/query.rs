//! `POST /api/sql`: one question, answered from a fresh snapshot as JSON, CSV or a table.

use std::sync::Arc;

use arrow::error::ArrowError;
use axum::Json;
use axum::extract::State as Extracted;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::engine::published::Snapshot;
use crate::http::rows::whole;
use crate::http::state::State;
use crate::sql::format;
use crate::sql::query::{QueryError, QueryLimits, QueryResult, run};
use crate::sql::session::Session;

/// The header that says how far the answer's knowledge goes.
pub const KNOWN_THROUGH: &str = "twin-known-through";

/// A question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The SQL.
    pub sql: String,
    /// The instant (RFC 3339) as of which it is answered; now where there is none.
    #[serde(default)]
    pub known_at: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Serialize)]
struct Refused {
    error: String,
}

/// Answers.
pub async fn answer(
    Extracted(state): Extracted<State>,
    headers: HeaderMap,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Response {
    let asked = match asked {
        Ok(Json(asked)) => asked,
        Err(rejection) => return refused(status_of(&rejection), rejection.body_text()),
    };
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let Some(kind) = accept_kind(&accept.collect::<Vec<_>>().join(",")) else {
        let error = "this answers application/json, text/csv or text/plain".to_owned();
        return refused(StatusCode::NOT_ACCEPTABLE, error);
    };
    let Ok(_room) = state.queries.try_acquire() else {
        state.refuse_query();
        let error = "as many queries as may run at once are running: ask again".to_owned();
        return refused(StatusCode::SERVICE_UNAVAILABLE, error);
    };
    let (snapshot, result) = ask(&state, &asked).await;
    let known_through = snapshot.known_through().to_string();
    let result = match result {
        Ok(result) => result,
        Err(error) => {
            let status = match error {
                QueryError::Query(_) | QueryError::Beyond(_) => StatusCode::BAD_REQUEST,
                QueryError::Elsewhere(_) => StatusCode::SERVICE_UNAVAILABLE,
                QueryError::Memory { .. } | QueryError::Rows(_) | QueryError::Time(_) => {
                    StatusCode::UNPROCESSABLE_ENTITY
                }
            };
            return refused(status, error.to_string());
        }
    };
    match kind.written(&result) {
        Ok(text) => {
            let headers = [(header::CONTENT_TYPE, kind.media_type())];
            (headers, [(KNOWN_THROUGH, known_through)], text).into_response()
        }
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// Asks the newest snapshot; where what was known at an instant is about to be settled, the one after.
async fn ask(state: &State, asked: &Asked) -> (Arc<Snapshot>, Result<QueryResult, QueryError>) {
    let snapshot = state.reader.fresh().await;
    let mut session = match Session::at(asked.known_at.as_deref()) {
        Ok(session) => session,
        Err(error) => return (snapshot, Err(error.into())),
    };
    let result = ask_snapshot(&snapshot, asked, &mut session).await;
    let Err(QueryError::Beyond(beyond)) = result else { return (snapshot, result) };
    let snapshot = state.reader.knowing(beyond.asked).await;
    let result = ask_snapshot(&snapshot, asked, &mut session).await;
    (snapshot, result)
}

async fn ask_snapshot(
    snapshot: &Snapshot,
    asked: &Asked,
    session: &mut Session,
) -> Result<QueryResult, QueryError> {
    run(whole(snapshot)?, &asked.sql, session, QueryLimits::default()).await
}

/// A question that is no JSON is the asker's mistake like one that is no SQL.
pub fn status_of(rejection: &JsonRejection) -> StatusCode {
    match rejection.status() {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    }
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Json,
    Csv,
    Table,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Json, Kind::Csv, Kind::Table];

    const fn media_type(self) -> &'static str {
        match self {
            Kind::Json => "application/json",
            Kind::Csv => "text/csv; charset=utf-8",
            Kind::Table => "text/plain; charset=utf-8",
        }
    }

    fn written(self, result: &QueryResult) -> Result<String, ArrowError> {
        match self {
            Kind::Json => format::json(result),
            Kind::Csv => format::csv(result),
            Kind::Table => format::table(result),
        }
    }

    /// How well a range of media types names this kind: not at all, by `*/*`, by type, by name.
    fn precision(self, range: &str) -> u8 {
        let essence = self.media_type().split(';').next().unwrap_or_default();
        match range.split_once('/') {
            _ if range.eq_ignore_ascii_case(essence) => 3,
            Some((kind, "*")) if essence.starts_with(&format!("{}/", kind.to_lowercase())) => 2,
            Some(("*", "*")) => 1,
            _ => 0,
        }
    }
}

/// The kind an `Accept` header likes best (RFC 9110, 12.5.1): the most precise range decides how much a
/// kind is liked, and among equals the first of ours wins. Without a header anything goes.
fn accept_kind(accept: &str) -> Option<Kind> {
    let ranges: Vec<(&str, u16)> =
        accept.split(',').map(str::trim).filter(|range| !range.is_empty()).map(liked).collect();
    if ranges.is_empty() {
        return Some(Kind::Json);
    }
    let weight = |kind: Kind| {
        let named = ranges.iter().map(|(range, weight)| (kind.precision(range), *weight));
        named.filter(|(precision, _)| 0 < *precision).max_by_key(|(precision, _)| *precision)
    };
    let weighed =
        Kind::ALL.into_iter().rev().map(|kind| (weight(kind).map_or(0, |(_, q)| q), kind));
    weighed
        .filter(|(weight, _)| 0 < *weight)
        .max_by_key(|(weight, _)| *weight)
        .map(|(_, kind)| kind)
}

/// A range and its weight in thousandths; a weight that cannot be read is none.
fn liked(range: &str) -> (&str, u16) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    let thousandths = |text: &str| {
        let weight = text.parse::<f64>().ok().filter(|weight| (0.0..=1.0).contains(weight))?;
        (0..=1_000_u16).find(|thousandths| weight * 1_000.0 <= f64::from(*thousandths))
    };
    (name, weight.map_or(1_000, |text| thousandths(text).unwrap_or(0)))
}

/// A refusal as JSON.
pub fn refused(status: StatusCode, error: String) -> Response {
    (status, Json(Refused { error })).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accept_header_is_read_as_a_list_of_weighed_ranges() {
        for (accept, expected) in [
            ("", Some(Kind::Json)),
            ("*/*", Some(Kind::Json)),
            ("text/csv", Some(Kind::Csv)),
            ("text/html, text/csv;q=0.5, */*;q=0.1", Some(Kind::Csv)),
            ("application/json;q=0.2, text/plain;q=0.9", Some(Kind::Table)),
            ("text/*", Some(Kind::Csv)),
            ("text/*, text/csv;q=0.1", Some(Kind::Table)),
            ("*/*, application/json;q=0", Some(Kind::Csv)),
            ("TEXT/CSV; charset=utf-8", Some(Kind::Csv)),
            ("text/csv;q=nonsense, */*;q=0.1", Some(Kind::Json)),
            ("image/png", None),
        ] {
            assert_eq!(accept_kind(accept), expected, "{accept}");
        }
    }
}
