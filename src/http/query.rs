//! `POST /api/sql`: one question, answered from a fresh snapshot as JSON, CSV or a table.

use axum::Json;
use axum::extract::State as Extracted;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::http::state::State;
use crate::sql::format;
use crate::sql::query::{QueryError, QueryLimits, QueryResult, run};

/// The header that says how far the answer's knowledge goes.
pub const KNOWN_THROUGH: &str = "twin-known-through";

/// A question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The SQL.
    pub sql: String,
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
    Json(asked): Json<Asked>,
) -> Response {
    let Ok(_room) = state.queries.try_acquire() else {
        let error = "as many queries as may run at once are running: ask again".to_owned();
        return refused(StatusCode::SERVICE_UNAVAILABLE, error);
    };
    let snapshot = state.reader.fresh().await;
    let known_through = snapshot.known_through().to_string();
    let result = match run(snapshot.shards.clone(), &asked.sql, QueryLimits::default()).await {
        Ok(result) => result,
        Err(error) => {
            let status = match error {
                QueryError::Query(_) => StatusCode::BAD_REQUEST,
                QueryError::Memory { .. } | QueryError::Rows(_) | QueryError::Time(_) => {
                    StatusCode::UNPROCESSABLE_ENTITY
                }
            };
            return refused(status, error.to_string());
        }
    };
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    match written(&result, accept.unwrap_or_default()) {
        Ok((kind, text)) => {
            ([(header::CONTENT_TYPE, kind)], [(KNOWN_THROUGH, known_through)], text).into_response()
        }
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn written(
    result: &QueryResult,
    accept: &str,
) -> Result<(&'static str, String), arrow::error::ArrowError> {
    Ok(match accept {
        "text/csv" => ("text/csv; charset=utf-8", format::csv(result)?),
        "text/plain" => ("text/plain; charset=utf-8", format::table(result)?),
        _ => ("application/json", format::json(result)?),
    })
}

fn refused(status: StatusCode, error: String) -> Response {
    (status, Json(Refused { error })).into_response()
}
