//! Cursors: a question whose rows are taken a few at a time. They live in their transaction, and are kept
//! where the protocol keeps its portals, so that a client can ask what their columns are.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::Statement;
use pgwire::api::portal::{Format, Portal};
use pgwire::api::results::{FieldInfo, QueryResponse};
use pgwire::api::stmt::StoredStatement;
use pgwire::api::store::{Entry, MemPortalStore, PortalStore};
use pgwire::error::{PgWireError, PgWireResult};

use crate::pgwire::commands::Bound;
use crate::pgwire::connection::Connection;
use crate::pgwire::failure::{refused, state};
use crate::pgwire::prepared::Prepared;
use crate::pgwire::statement::Command;

/// Open cursors of a session: more are not closed by mistake.
const CURSORS_MAX: usize = 16;
/// Rows of one `FETCH`: they are gathered before they are sent.
const FETCH_ROWS_MAX: usize = 100_000;

/// Where the protocol keeps the statements and portals of a connection.
pub type Store = MemPortalStore<Arc<Prepared>>;

impl Connection {
    /// Opens a cursor over a question.
    ///
    /// # Errors
    /// If there is one of that name, as many as may be, or the question is wrong.
    pub async fn declare(
        &self,
        store: &Store,
        name: &str,
        query: &Statement,
        bound: Bound,
    ) -> PgWireResult<()> {
        let cursors = self.cursors.lock().await;
        if cursors.contains_key(name) {
            return Err(refused(state::CURSOR_EXISTS, format!("cursor \"{name}\" already exists")));
        }
        if CURSORS_MAX <= cursors.len() {
            let message = format!("a session has {CURSORS_MAX} open cursors at most");
            return Err(refused(state::LIMIT, message));
        }
        drop(cursors);
        let Bound { values, room, .. } = bound;
        let source = self.source().await?;
        let text = Format::UnifiedText;
        let (answer, schema) = source.answer(query, values, &text, room).await?;
        self.cursors.lock().await.insert(name.to_owned(), answer.row_schema());
        let command = Command::Ask(Box::new(query.clone()));
        let over = Prepared { command, parameters: Vec::new(), schema: Some(schema) };
        let statement = StoredStatement::new(String::new(), Arc::new(over), Vec::new());
        let portal = Portal::new_cursor(name.to_owned(), Arc::new(statement));
        portal.start(answer).await;
        store.put_portal(Arc::new(portal));
        Ok(())
    }

    /// The columns of a cursor.
    ///
    /// # Errors
    /// If there is none of that name.
    pub async fn cursor_columns(&self, name: &str) -> PgWireResult<Arc<Vec<FieldInfo>>> {
        let cursors = self.cursors.lock().await;
        cursors.get(name).cloned().ok_or_else(|| no_cursor(name))
    }

    /// The next rows of a cursor.
    ///
    /// # Errors
    /// If there is no such cursor, or more rows are asked for than are gathered.
    pub async fn fetch(
        &self,
        store: &Store,
        name: &str,
        n_rows: Option<usize>,
    ) -> PgWireResult<QueryResponse> {
        let columns = self.cursor_columns(name).await?;
        let Some(Entry::Value(portal)) = store.get_portal(name) else {
            return Err(no_cursor(name));
        };
        let too_many = || {
            let message = format!("more than {FETCH_ROWS_MAX} rows at once: FETCH fewer");
            Err(refused(state::LIMIT, message))
        };
        let mut answer = match n_rows {
            Some(0) => QueryResponse::new(columns, futures::stream::empty()),
            Some(n_rows) if FETCH_ROWS_MAX < n_rows => return too_many(),
            n_rows => {
                let fetched = portal.fetch(n_rows.unwrap_or(FETCH_ROWS_MAX)).await?;
                if n_rows.is_none() && fetched.suspended {
                    return too_many();
                }
                QueryResponse::new(columns, fetched.response.data_rows)
            }
        };
        answer.set_command_tag("FETCH");
        Ok(answer)
    }

    /// Closes a cursor.
    ///
    /// # Errors
    /// If there is none of that name.
    pub async fn close_cursor(&self, store: &Store, name: &str) -> PgWireResult<()> {
        let closed = self.cursors.lock().await.remove(name);
        store.rm_portal(name);
        closed.map(|_| ()).ok_or_else(|| no_cursor(name))
    }

    /// Closes every cursor: the transaction is over.
    pub async fn close_cursors(&self, store: &Store) {
        let cursors = std::mem::take(&mut *self.cursors.lock().await);
        cursors.keys().for_each(|name| store.rm_portal(name));
    }
}

fn no_cursor(name: &str) -> PgWireError {
    refused(state::NO_CURSOR, format!("cursor \"{name}\" does not exist"))
}
