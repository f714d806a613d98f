//! The door for operators: probes and numbers. It names no patient, so it may listen where Prometheus and an
//! orchestrator reach it, which the other doors may not.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::http::server::HttpError;
use crate::http::state::State;
use crate::http::{metrics, probes};

/// Listens on any address.
///
/// # Errors
/// If the address is taken, or is not one of this machine.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, HttpError> {
    TcpListener::bind(address).await.map_err(|error| HttpError::Listen { address, error })
}

/// Serves until the process ends.
///
/// # Errors
/// If the listener fails.
pub async fn serve(listener: TcpListener, state: State) -> std::io::Result<()> {
    axum::serve(listener, router(state)).await
}

/// Every route: all of them are those of the console too.
fn router(state: State) -> Router {
    Router::new()
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(metrics::answer))
        .with_state(state)
}
