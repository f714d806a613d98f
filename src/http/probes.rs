//! Probes: whether the process lives, and whether its answers are of the present.

use axum::extract::{RawQuery, State as Extracted};
use axum::http::StatusCode;

use crate::clock::now;
use crate::http::state::State;

/// The process answers. It does so too while Kafka is away: to start it anew would bring nothing back.
pub async fn livez() -> &'static str {
    "alive\n"
}

/// Everything holds that must, and the log was read up to where it ended at the start. With `?verbose` each
/// condition is a line.
pub async fn readyz(
    Extracted(state): Extracted<State>,
    RawQuery(query): RawQuery,
) -> (StatusCode, String) {
    let mut standing = state.reader.telemetry.readiness.read(now());
    if standing.is_ready && !state.reader.newest().is_caught_up {
        let line = "the log is still being read".to_owned();
        standing.lines.push_str(&format!("[-] caught-up: {line}\n"));
        standing.first_missing = Some(line);
    }
    let is_verbose = query.is_some_and(|query| {
        query.split('&').any(|part| part.split('=').next() == Some("verbose"))
    });
    match (standing.first_missing, is_verbose) {
        (None, false) => (StatusCode::OK, "ready\n".to_owned()),
        (None, true) => (StatusCode::OK, format!("{}ready\n", standing.lines)),
        (Some(missing), false) => (StatusCode::SERVICE_UNAVAILABLE, format!("{missing}\n")),
        (Some(_), true) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{}not ready\n", standing.lines))
        }
    }
}
