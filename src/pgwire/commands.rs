//! Does what a statement wants.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use futures::stream;
use pgwire::api::portal::Format;
use pgwire::api::results::{DataRowEncoder, QueryResponse, Response, Tag};
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::response::TransactionStatus;
use tokio::sync::OwnedSemaphorePermit;

use crate::pgwire::answer::fields;
use crate::pgwire::connection::Connection;
use crate::pgwire::cursors::Store;
use crate::pgwire::failure::{refused, state};
use crate::pgwire::prepared::shown;
use crate::pgwire::statement::Command;

/// The setting that says how far the answers' knowledge goes: it is read, and moves by itself.
const KNOWN_THROUGH: &str = "twin.known_through";

/// What was bound to a statement.
pub struct Bound {
    /// The values of its parameters.
    pub values: Vec<ScalarValue>,
    /// How the answer is told.
    pub format: Format,
    /// Room for the answer.
    pub room: Arc<OwnedSemaphorePermit>,
}

/// Where the protocol keeps the statements and portals of a connection.
///
/// # Errors
/// If it is kept elsewhere, which is our own mistake.
pub fn store_of<C>(client: &C) -> PgWireResult<&Store>
where
    C: ClientPortalStore,
    C::PortalStore: PortalStore,
{
    let store = client.portal_store().as_any().downcast_ref();
    store.ok_or_else(|| refused(state::INTERNAL, "the statements of this connection are lost"))
}

/// Checks that a statement can be done as the transaction stands.
///
/// # Errors
/// If an earlier statement failed and this one does not end the transaction.
pub fn check_transaction<C: ClientInfo>(client: &C, command: &Command) -> PgWireResult<()> {
    let is_failed = client.transaction_status() == TransactionStatus::Error;
    if is_failed && !command.ends_transaction() {
        let message = "current transaction is aborted, commands ignored until end of transaction \
                       block";
        return Err(refused(state::FAILED_TRANSACTION, message));
    }
    Ok(())
}

impl Connection {
    /// Does what a statement wants.
    ///
    /// # Errors
    /// If it cannot be done.
    pub async fn perform<C>(
        &self,
        client: &mut C,
        command: &Command,
        bound: Bound,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Send + Sync,
        C::PortalStore: PortalStore,
    {
        check_transaction(client, command)?;
        let done = |tag: &str| Ok(Response::Execution(Tag::new(tag)));
        match command {
            Command::Ask(question) => {
                let Bound { values, format, room } = bound;
                let source = self.source().await?;
                let (answer, _) = source.answer(question, values, &format, room).await?;
                Ok(Response::Query(answer))
            }
            Command::Set { name, value, is_local } => {
                self.session.lock().await.set(name, value.as_deref(), *is_local)?;
                done("SET")
            }
            Command::Show(name) => self.show(name.as_deref(), &bound.format).await,
            Command::Reset(Some(name)) => {
                self.session.lock().await.set(name, None, false)?;
                done("RESET")
            }
            Command::Reset(None) => {
                self.session.lock().await.settings = Default::default();
                done("RESET")
            }
            Command::Discard => {
                self.session.lock().await.settings = Default::default();
                self.forget(store_of(client)?, None).await;
                done("DISCARD ALL")
            }
            Command::Begin | Command::Commit | Command::Rollback => {
                self.turn(client, command).await
            }
            Command::Nothing(tag) => done(tag),
            Command::Declare { name, query, .. } => {
                if client.transaction_status() != TransactionStatus::Transaction {
                    let message = "DECLARE CURSOR can only be used in transaction blocks";
                    return Err(refused(state::NO_TRANSACTION, message));
                }
                self.declare(store_of(client)?, name, query, bound).await?;
                done("DECLARE CURSOR")
            }
            Command::Fetch { name, n_rows } => {
                Ok(Response::Query(self.fetch(store_of(client)?, name, *n_rows).await?))
            }
            Command::Close(Some(name)) => {
                self.close_cursor(store_of(client)?, name).await?;
                done("CLOSE CURSOR")
            }
            Command::Close(None) => {
                self.close_cursors(store_of(client)?).await;
                done("CLOSE CURSOR ALL")
            }
            Command::Deallocate(name) => {
                self.forget(store_of(client)?, name.as_deref()).await;
                done(if name.is_some() { "DEALLOCATE" } else { "DEALLOCATE ALL" })
            }
        }
    }

    /// Begins or ends a transaction.
    async fn turn<C>(&self, client: &mut C, command: &Command) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Send + Sync,
        C::PortalStore: PortalStore,
    {
        let mut session = self.session.lock().await;
        if matches!(command, Command::Begin) {
            session.begin();
            client.set_transaction_status(TransactionStatus::Transaction);
            return Ok(Response::TransactionStart(Tag::new("BEGIN")));
        }
        let has_failed = client.transaction_status() == TransactionStatus::Error;
        let tag = if matches!(command, Command::Commit) && !has_failed {
            session.commit()?;
            "COMMIT"
        } else {
            session.roll_back();
            "ROLLBACK"
        };
        client.set_transaction_status(TransactionStatus::Idle);
        self.close_cursors(store_of(client)?).await;
        Ok(Response::TransactionEnd(Tag::new(tag)))
    }

    /// Forgets a prepared statement, or all of them.
    async fn forget(&self, store: &Store, name: Option<&str>) {
        let mut statements = self.statements.lock().await;
        match name {
            Some(name) => {
                statements.remove(name);
                store.rm_statement(name);
            }
            None => {
                statements.iter().for_each(|name| store.rm_statement(name));
                statements.clear();
            }
        }
    }

    async fn show(&self, name: Option<&str>, format: &Format) -> PgWireResult<Response> {
        let rows: Vec<Vec<String>> = match name {
            Some(name) if name.eq_ignore_ascii_case(KNOWN_THROUGH) => {
                let mut session = self.session.lock().await;
                let snapshot = session.snapshot(&self.door.reader).await;
                vec![vec![snapshot.known_through().to_string()]]
            }
            Some(name) => vec![vec![self.session.lock().await.settings.show(name)?.1]],
            None => {
                let session = self.session.lock().await;
                let all = session.settings.all();
                all.map(|(name, value)| vec![name.to_owned(), value]).collect()
            }
        };
        let columns = Arc::new(fields(&shown(name), format)?);
        let mut encoder = DataRowEncoder::new(columns.clone());
        let encoded = rows.iter().map(|row| {
            row.iter().try_for_each(|text| encoder.encode_field(text))?;
            Ok::<_, PgWireError>(encoder.take_row())
        });
        let encoded: Vec<_> = encoded.collect();
        let mut answer = QueryResponse::new(columns, stream::iter(encoded));
        answer.set_command_tag("SHOW");
        Ok(Response::Query(answer))
    }
}
