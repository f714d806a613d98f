//! Probes: whether the process lives, and whether its answers are of the present.

use axum::extract::State as Extracted;
use axum::http::StatusCode;

use crate::http::state::State;

/// The process answers.
pub async fn livez() -> &'static str {
    "alive\n"
}

/// The log was read up to where it ended at the start.
pub async fn readyz(Extracted(state): Extracted<State>) -> (StatusCode, &'static str) {
    match state.reader.newest().is_caught_up {
        true => (StatusCode::OK, "ready\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the log is still being read\n"),
    }
}
