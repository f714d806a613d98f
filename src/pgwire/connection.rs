//! One connection: who it is, its session, and the bounds of everything it does.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::{Either, select};
use pgwire::api::results::FieldInfo;
use pgwire::api::{ConnectionGuard, ConnectionHandle, PgWireServerHandlers};
use pgwire::error::{PgWireError, PgWireResult};
use tokio::sync::{Mutex, OwnedSemaphorePermit, watch};

use crate::pgwire::answer::Source;
use crate::pgwire::failure::{closed, refused, state};
use crate::pgwire::login::Login;
use crate::pgwire::pg_functions::Facts;
use crate::pgwire::prepared::Preparer;
use crate::pgwire::server::Door;
use crate::pgwire::session::Session;
use crate::telemetry::families::QUERIES_REFUSED;

/// How long a question waits for room before it is refused: others end or are stopped meanwhile.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(10);
/// How long a transaction may stand still: it keeps a snapshot, and its cursors keep room.
pub const IDLE_IN_TRANSACTION_MAX: Duration = Duration::from_secs(600);

/// What a login leaves behind, for as long as the connection lasts.
pub struct Registered {
    /// Who is connected.
    pub user: String,
    /// The number of the connection.
    pub pid: i32,
    /// What stops its statement.
    pub handle: Arc<ConnectionHandle>,
    /// Forgets the connection when it ends.
    pub guard: ConnectionGuard,
    /// Room for it.
    pub room: OwnedSemaphorePermit,
}

/// A connection.
pub struct Connection {
    /// What all connections share.
    pub door: Arc<Door>,
    /// How far the login has come.
    pub login: Mutex<Login>,
    /// What the login left behind; empty before it.
    pub registered: OnceLock<Registered>,
    /// Its session.
    pub session: Mutex<Session>,
    /// Its prepared statements, by name.
    pub statements: Mutex<BTreeSet<String>>,
    /// Its open cursors, with the columns of each.
    pub cursors: Mutex<BTreeMap<String, Arc<Vec<FieldInfo>>>>,
    /// Prepares statements.
    pub preparer: Arc<Preparer>,
    /// Whether it is in a transaction, told after every message.
    pub in_transaction: watch::Sender<bool>,
}

impl Connection {
    /// A connection that has yet to log in.
    pub fn new(door: Arc<Door>) -> Connection {
        let preparer = door.preparer.clone();
        Connection {
            door,
            login: Mutex::default(),
            registered: OnceLock::new(),
            session: Mutex::default(),
            statements: Mutex::default(),
            cursors: Mutex::default(),
            preparer,
            in_transaction: watch::Sender::new(false),
        }
    }

    /// What the login left behind.
    ///
    /// # Errors
    /// If nobody has logged in.
    pub fn registered(&self) -> PgWireResult<&Registered> {
        let nobody = || closed(state::PROTOCOL, "expected a login before anything else");
        self.registered.get().ok_or_else(nobody)
    }

    /// Does the work of one message within the session's time, until it is asked to stop.
    ///
    /// # Errors
    /// That of the work, or that it was stopped.
    pub async fn bounded(
        &self,
        work: impl Future<Output = PgWireResult<()>> + Send,
    ) -> PgWireResult<()> {
        let stopped = self.registered()?.handle.start_query().await;
        let time_max = self.session.lock().await.time_max(self.door.limits);
        let work = std::pin::pin!(work);
        let work = select(work, stopped);
        match tokio::time::timeout(time_max, work).await {
            Ok(Either::Left((done, _))) => done,
            Ok(Either::Right((Ok(()), _))) => Err(PgWireError::QueryCanceled),
            // Nobody is left who could stop it.
            Ok(Either::Right((Err(_), work))) => work.await,
            Err(_) => {
                let time = format!("the statement took longer than {} ms", time_max.as_millis());
                Err(refused(state::STOPPED, time))
            }
        }
    }

    /// Room for a question.
    ///
    /// # Errors
    /// If there is none for a while.
    pub async fn room(&self) -> PgWireResult<Arc<OwnedSemaphorePermit>> {
        let waiting = self.door.queries.clone().acquire_owned();
        match tokio::time::timeout(ROOM_WAIT_MAX, waiting).await {
            Ok(Ok(room)) => Ok(Arc::new(room)),
            Ok(Err(_)) | Err(_) => {
                self.door.reader.telemetry.metrics.add(&QUERIES_REFUSED, &["sql"]);
                let message = "as many queries as may run at once are running: ask again";
                Err(refused(state::TOO_MANY, message))
            }
        }
    }

    /// What a question of now is asked of.
    ///
    /// # Errors
    /// If nobody has logged in, or partitions of the log are not here.
    pub async fn source(&self) -> PgWireResult<Source> {
        let Registered { user, pid, .. } = self.registered()?;
        let mut session = self.session.lock().await;
        let snapshot = session.snapshot(&self.door.reader).await;
        let shards = snapshot.whole();
        let shards = shards.map_err(|missing| refused(state::NOT_NOW, missing.to_string()))?;
        let settings = session.settings.clone();
        let facts = Facts { user: user.clone(), pid: *pid, settings };
        Ok(Source {
            shards,
            catalog: self.door.catalog.clone(),
            facts: Arc::new(facts),
            limits: self.door.limits,
        })
    }

    /// Waits until the connection stood still in a transaction for too long.
    pub async fn is_abandoned(&self) {
        let mut in_transaction = self.in_transaction.subscribe();
        loop {
            let is_holding = *in_transaction.borrow_and_update();
            let next = in_transaction.changed();
            if !is_holding {
                if next.await.is_err() {
                    return;
                }
            } else if tokio::time::timeout(IDLE_IN_TRANSACTION_MAX, next).await.is_err() {
                return;
            }
        }
    }
}

/// The handlers of a connection's messages: itself.
pub struct Handlers(pub Arc<Connection>);

impl PgWireServerHandlers for Handlers {
    fn simple_query_handler(&self) -> Arc<impl pgwire::api::query::SimpleQueryHandler> {
        self.0.clone()
    }

    fn extended_query_handler(&self) -> Arc<impl pgwire::api::query::ExtendedQueryHandler> {
        self.0.clone()
    }

    fn startup_handler(&self) -> Arc<impl pgwire::api::auth::StartupHandler> {
        self.0.clone()
    }

    fn cancel_handler(&self) -> Arc<impl pgwire::api::cancel::CancelHandler> {
        self.0.door.canceller.clone()
    }
}
