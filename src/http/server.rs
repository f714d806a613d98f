//! The server: its routes, and where it may listen.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use tokio::net::TcpListener;

use crate::http::state::State;
use crate::http::{
    alerts, ask, guard, live, metrics, page, patient, pipelines, probes, query, respond, ward,
    what_if,
};

/// A question longer than this was not written by anyone.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// It would be open to others.
    #[error(
        "{address} is not a loopback address: without TLS and users, patients would be open to \
         everyone who reaches it; expected 127.0.0.1:PORT or [::1]:PORT, behind a proxy that has both"
    )]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be used.
    #[error("{address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
}

/// Listens on a loopback address.
///
/// # Errors
/// If the address is none, or is taken.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, HttpError> {
    if !address.ip().is_loopback() {
        return Err(HttpError::NotLoopback { address });
    }
    TcpListener::bind(address).await.map_err(|error| HttpError::Listen { address, error })
}

/// Serves until the process ends.
///
/// # Errors
/// If the listener fails.
pub async fn serve(listener: TcpListener, state: State) -> std::io::Result<()> {
    axum::serve(listener, router(state)).await
}

/// Every address: method, path, what it answers. The contract in `schemas/http.txt` is made of it.
pub const ROUTES: [(&str, &str, &str); 22] = [
    ("GET", "/", "the ward list as a page; ?ward=NAME shows one ward"),
    ("GET", "/patient/{namespace}/{patient}", "a patient as a page; 404 where there is none"),
    ("GET", "/alerts", "what was said as a page"),
    ("GET", "/pipelines", "which pipelines speak, since when, by whom and why, as a page"),
    ("GET", "/sql", "a page to ask SQL"),
    ("POST", "/sql", "the page with an answer; form field sql"),
    ("GET", "/events", "server-sent events: the ward list's main part when it changed; ?ward=NAME"),
    ("GET", "/events/alerts", "the same of /alerts"),
    ("GET", "/events/patient/{namespace}/{patient}", "the same of a patient's page"),
    ("GET", "/console.css", "the style of the pages"),
    ("GET", "/console.js", "the script of the pages"),
    (
        "POST",
        "/api/sql",
        "one question as {\"sql\": \"...\", \"known_at\": \"...\"}, known_at where it is about what was known then; by Accept application/json, text/csv or text/plain; header \
         twin-known-through; 400 wrong, 415 no JSON, 422 over a limit, 503 busy, each as {\"error\": \"...\"}",
    ),
    (
        "POST",
        "/api/what-if",
        "what would change as {\"patient\": \"namespace/identifier\", \"facts\": FHIR resource, Bundle or \
         array}; an answer as in schemas/what-if.schema.json; 400 wrong, 404 no such patient, 415 no JSON, 503 busy, each as \
         {\"error\": \"...\"}; nothing is written, nobody is told",
    ),
    (
        "POST",
        "/api/respond",
        "an alert is acknowledged, snoozed or resolved as {\"id\": \"...\", \"action\": \"acknowledge\", \"snooze\" or \"resolve\", \
         \"by\": \"...\", \"role\": \"...\", \"why\": \"...\", \"minutes\": 120}, why but for acknowledge, minutes for snooze; 200 when it is in the log; \
         400 wrong, 404 nothing was said under id, 409 it would change nothing, 415 no JSON, 503 busy or only read here, each as {\"error\": \"...\"}",
    ),
    ("POST", "/respond", "the same as a form of the pages; 303 back to the page"),
    (
        "POST",
        "/api/promote",
        "a pipeline is put in a state as {\"pipeline\": \"...\", \"to\": \"live\", \"shadow\" or \"paused\", \"by\": \"...\", \
         \"role\": \"...\", \"pharmacist\": \"...\", \"why\": \"...\"}, pharmacist where one that suggests treatment goes live; \
         200 when it is in the log; 400 wrong, 404 no such pipeline is in force, 409 nobody answers for it or it is so already, \
         415 no JSON, 503 busy or only read here, each as {\"error\": \"...\"}",
    ),
    ("POST", "/promote", "the same as a form of the page; 303 back to the page"),
    ("GET", "/livez", "200 while the process answers; also on the address of admin.listen"),
    (
        "GET",
        "/readyz",
        "200 when the log was read up to the present and all that must work works, else 503 and what is missing; \
         ?verbose a line for each condition, [+] holds, [-] does not, [!] does not and keeps nobody from asking; \
         also on admin.listen",
    ),
    (
        "GET",
        "/metrics",
        "numbers as Prometheus reads them, listed in schemas/metrics.txt; also on admin.listen",
    ),
    ("GET", "/{anything else}", "404"),
    ("POST", "/{any}", "403 from a page of another origin, or where Host is not loopback"),
];

/// Every route.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/", get(ward::page))
        .route("/patient/{namespace}/{patient}", get(patient::page))
        .route("/alerts", get(alerts::page))
        .route("/pipelines", get(pipelines::page))
        .route("/sql", get(ask::page).post(ask::answer))
        .route("/events", get(live::ward))
        .route("/events/alerts", get(live::alerts))
        .route("/events/patient/{namespace}/{patient}", get(live::patient))
        .route("/console.css", get(page::style))
        .route("/console.js", get(page::script))
        .route("/api/sql", post(query::answer))
        .route("/api/what-if", post(what_if::answer))
        .route("/api/respond", post(respond::answer))
        .route("/respond", post(respond::form))
        .route("/api/promote", post(pipelines::answer))
        .route("/promote", post(pipelines::form))
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(metrics::answer))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(guard::guard))
        .with_state(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_loopback_is_listened_on() {
        for address in ["0.0.0.0:0", "192.0.2.7:0", "[::]:0"] {
            let error = listen(address.parse().unwrap()).await.unwrap_err().to_string();
            assert!(error.contains("not a loopback address"), "{error}");
        }
        assert!(listen("127.0.0.1:0".parse().unwrap()).await.is_ok());
    }
}
