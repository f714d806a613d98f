//! The server: where it may listen, what its connections share, and how many there may be.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use datafusion::catalog::MemorySchemaProvider;
use datafusion::error::DataFusionError;
use pgwire::api::cancel::DefaultCancelHandler;
use pgwire::api::{ConnectionManager, RandomPidSecretKeyGenerator};
use pgwire::tokio::process_socket;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::engine::published::Reader;
use crate::pgwire::answer::{Source, catalog};
use crate::pgwire::connection::{Connection, Handlers};
use crate::pgwire::prepared::Preparer;
use crate::pgwire::users::Users;
use crate::sql::query::QueryLimits;
use crate::telemetry::families::{QUERIES_REFUSED, QUERIES_RUNNING, SESSIONS};

/// Queries at once: each may use half a gigabyte and a processor.
pub const QUERIES_MAX: usize = 4;
/// Sessions at once: a pool of each tool of a few analysts.
pub const SESSIONS_MAX: usize = 64;
/// Connections at once: the sessions, those that log in, and those that stop a statement of another.
pub const CONNECTIONS_MAX: usize = 2 * SESSIONS_MAX;
/// After a connection could not be taken, wait: the system has no more of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum SqlDoorError {
    /// It would be open to others.
    #[error(
        "{address} is not a loopback address: without TLS, patients would be open to everyone who \
         listens on the way; expected 127.0.0.1:PORT or [::1]:PORT, behind a proxy that has it"
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
    /// The catalog is not as it says, which is our own mistake.
    #[error("the catalog of tables: {0}")]
    Catalog(#[from] DataFusionError),
}

/// What all connections share.
pub struct Door {
    /// The snapshots.
    pub reader: Reader,
    /// Who may connect.
    pub users: Users,
    /// What an answer may use.
    pub limits: QueryLimits,
    /// Room for queries.
    pub queries: Arc<Semaphore>,
    /// Room for sessions.
    pub sessions: Arc<Semaphore>,
    /// The catalog of tables, as tools ask of it.
    pub catalog: Arc<MemorySchemaProvider>,
    /// Prepares statements.
    pub preparer: Arc<Preparer>,
    /// The connections, for those that stop a statement.
    pub connections: Arc<ConnectionManager>,
    /// Stops statements.
    pub canceller: Arc<DefaultCancelHandler>,
    /// Numbers the connections.
    pub numbers: RandomPidSecretKeyGenerator,
}

impl Door {
    /// A door over a reader.
    ///
    /// # Errors
    /// If the catalog is not as it says, which is our own mistake.
    pub fn new(reader: Reader, users: Users, limits: QueryLimits) -> Result<Door, SqlDoorError> {
        let catalog = catalog()?;
        let connections = Arc::new(ConnectionManager::new());
        let empty = Source {
            shards: Arc::default(),
            catalog: catalog.clone(),
            facts: Arc::default(),
            limits,
        };
        let (queries, sessions) =
            (Arc::new(Semaphore::new(QUERIES_MAX)), Arc::new(Semaphore::new(SESSIONS_MAX)));
        let metrics = &reader.telemetry.metrics;
        metrics.set(&QUERIES_REFUSED, &["sql"], 0);
        let rooms = (queries.clone(), sessions.clone());
        metrics.at_each_scrape(move |metrics| {
            let taken = |room: &Semaphore, most: usize| {
                u64::try_from(most.saturating_sub(room.available_permits())).unwrap_or(0)
            };
            metrics.set(&QUERIES_RUNNING, &["sql"], taken(&rooms.0, QUERIES_MAX));
            metrics.set(&SESSIONS, &[], taken(&rooms.1, SESSIONS_MAX));
        });
        Ok(Door {
            reader,
            users,
            limits,
            queries,
            sessions,
            catalog,
            preparer: Arc::new(Preparer { empty }),
            canceller: Arc::new(DefaultCancelHandler::new(connections.clone())),
            connections,
            numbers: RandomPidSecretKeyGenerator::default(),
        })
    }
}

/// Listens on a loopback address.
///
/// # Errors
/// If the address is none, or is taken.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, SqlDoorError> {
    if !address.ip().is_loopback() {
        return Err(SqlDoorError::NotLoopback { address });
    }
    TcpListener::bind(address).await.map_err(|error| SqlDoorError::Listen { address, error })
}

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, door: Arc<Door>) {
    let rooms = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // One too many waits in the system's queue.
        let Ok(room) = rooms.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection to SQL could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let connection = Arc::new(Connection::new(door.clone()));
        tokio::spawn(async move {
            let _held = room;
            let handlers = Handlers(connection.clone());
            tokio::select! {
                // A client that has gone is no news.
                _gone = process_socket(stream, None, handlers) => {}
                () = connection.is_abandoned() => {}
            }
        });
    }
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
