//! The messages of a session: questions as text (the simple protocol), and statements that are prepared,
//! bound and executed a few rows at a time (the extended protocol).

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{Sink, SinkExt};
use pgwire::api::portal::{Format, Portal, PortalExecutionState};
use pgwire::api::query::{
    ExtendedQueryHandler, SimpleQueryHandler, send_execution_response, send_partial_query_response,
};
use pgwire::api::results::{DescribePortalResponse, DescribeStatementResponse, Response};
use pgwire::api::stmt::StoredStatement;
use pgwire::api::store::{Entry, PortalStore};
use pgwire::api::{ClientInfo, ClientPortalStore, DEFAULT_NAME, PgWireConnectionState};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::extendedquery::{
    Close, CloseComplete, Execute, Parse, ParseComplete, Sync as SyncMessage,
    TARGET_TYPE_BYTE_PORTAL, TARGET_TYPE_BYTE_STATEMENT,
};
use pgwire::messages::response::{EmptyQueryResponse, ReadyForQuery, TransactionStatus};
use pgwire::messages::simplequery::Query;

use crate::pgwire::commands::{Bound, check_transaction};
use crate::pgwire::connection::Connection;
use crate::pgwire::failure::{refused, state};
use crate::pgwire::parameters::values;
use crate::pgwire::prepared::{Prepared, Preparer};
use crate::pgwire::statement::{Command, commands};

/// Prepared statements of a session: a driver keeps a few hundred.
const STATEMENTS_MAX: usize = 1_024;

#[async_trait]
impl SimpleQueryHandler for Connection {
    async fn on_query<C>(&self, client: &mut C, query: Query) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let done = self.bounded(self._on_query(client, query)).await;
        self.told_transaction(client);
        done
    }

    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let commands = commands(query)?;
        if commands.is_empty() {
            return Ok(vec![Response::EmptyQuery]);
        }
        let room = self.room().await?;
        let mut responses = Vec::with_capacity(commands.len());
        for command in &commands {
            let bound = Bound { values: vec![], format: Format::UnifiedText, room: room.clone() };
            match self.perform(client, command, bound).await {
                Ok(response) => responses.push(response),
                // What came before is answered; what comes after is not done.
                Err(PgWireError::UserError(info)) => {
                    responses.push(Response::Error(info));
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(responses)
    }
}

#[async_trait]
impl ExtendedQueryHandler for Connection {
    type Statement = Arc<Prepared>;
    type QueryParser = Preparer;

    fn query_parser(&self) -> Arc<Preparer> {
        self.preparer.clone()
    }

    async fn on_parse<C>(&self, client: &mut C, message: Parse) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Arc<Prepared>>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let name = message.name.clone().unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let mut statements = self.statements.lock().await;
        if STATEMENTS_MAX <= statements.len() && !statements.contains(&name) {
            let message = format!("a session has {STATEMENTS_MAX} prepared statements at most");
            return Err(refused(state::LIMIT, message));
        }
        statements.insert(name.clone());
        drop(statements);
        let prepare = async {
            match StoredStatement::parse(client, &message, self.query_parser()).await? {
                Some(statement) => {
                    check_transaction(client, &statement.statement.command)?;
                    client.portal_store().put_statement(Arc::new(statement));
                }
                None => client.portal_store().put_empty_statement(&name),
            }
            Ok(())
        };
        self.bounded(prepare).await?;
        client.send(PgWireBackendMessage::ParseComplete(ParseComplete::new())).await?;
        Ok(())
    }

    async fn on_execute<C>(&self, client: &mut C, message: Execute) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Arc<Prepared>>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        if !matches!(client.state(), PgWireConnectionState::ReadyForQuery) {
            return Err(PgWireError::NotReadyForQuery);
        }
        let name = message.name.as_deref().unwrap_or(DEFAULT_NAME);
        let portal = match client.portal_store().get_portal(name) {
            Some(Entry::Value(portal)) => portal,
            Some(Entry::Empty) => {
                client
                    .feed(PgWireBackendMessage::EmptyQueryResponse(EmptyQueryResponse::new()))
                    .await?;
                return Ok(());
            }
            None => {
                let message = format!("portal \"{name}\" does not exist");
                return Err(refused(state::NO_CURSOR, message));
            }
        };
        // All rows, where no number is said.
        let n_rows_max = usize::try_from(message.max_rows).unwrap_or(0);
        let done = self.bounded(self.executed(client, &portal, n_rows_max)).await;
        if done.is_err() {
            // What was stopped or failed gives its room back.
            *portal.state().lock().await = PortalExecutionState::Finished;
        }
        self.told_transaction(client);
        done
    }

    async fn on_sync<C>(&self, client: &mut C, _: SyncMessage) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Arc<Prepared>>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let status = client.transaction_status();
        // A portal lives as long as its transaction, which outside of BEGIN ends here.
        if status == TransactionStatus::Idle {
            client.portal_store().clear_portals();
        } else {
            client.portal_store().rm_portal(DEFAULT_NAME);
        }
        client.send(PgWireBackendMessage::ReadyForQuery(ReadyForQuery::new(status))).await?;
        Ok(())
    }

    async fn on_close<C>(&self, client: &mut C, message: Close) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Arc<Prepared>>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let name = message.name.as_deref().unwrap_or(DEFAULT_NAME);
        match message.target_type {
            TARGET_TYPE_BYTE_STATEMENT => {
                self.statements.lock().await.remove(name);
                client.portal_store().rm_statement(name);
            }
            TARGET_TYPE_BYTE_PORTAL => client.portal_store().rm_portal(name),
            other => return Err(PgWireError::InvalidTargetType(other)),
        }
        client.send(PgWireBackendMessage::CloseComplete(CloseComplete::new())).await?;
        Ok(())
    }

    async fn do_describe_statement<C>(
        &self,
        _: &mut C,
        target: &StoredStatement<Arc<Prepared>>,
    ) -> PgWireResult<DescribeStatementResponse>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Arc<Prepared>>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let columns = self.columns(&target.statement, &Format::UnifiedText).await?;
        Ok(DescribeStatementResponse::new(target.statement.parameters.clone(), columns))
    }

    async fn do_describe_portal<C>(
        &self,
        _: &mut C,
        target: &Portal<Arc<Prepared>>,
    ) -> PgWireResult<DescribePortalResponse>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Arc<Prepared>>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let prepared = &target.statement.statement;
        let columns = self.columns(prepared, &target.result_column_format).await?;
        Ok(DescribePortalResponse::new(columns))
    }

    async fn do_query<C>(
        &self,
        client: &mut C,
        portal: &Portal<Arc<Prepared>>,
        _: usize,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Arc<Prepared>>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let prepared = &portal.statement.statement;
        let bound = Bound {
            values: values(portal, &prepared.parameters)?,
            format: portal.result_column_format.clone(),
            room: self.room().await?,
        };
        self.perform(client, &prepared.command, bound).await
    }
}

impl Connection {
    /// The columns of a statement's answer.
    async fn columns(
        &self,
        prepared: &Arc<Prepared>,
        format: &Format,
    ) -> PgWireResult<Vec<pgwire::api::results::FieldInfo>> {
        use pgwire::api::stmt::QueryParser;
        match &prepared.command {
            Command::Fetch { name, .. } => Ok(self.cursor_columns(name).await?.to_vec()),
            _ => self.preparer.get_result_schema(prepared, Some(format)),
        }
    }

    /// Executes a portal, or goes on with it: up to so many rows, all where none is said.
    async fn executed<C>(
        &self,
        client: &mut C,
        portal: &Portal<Arc<Prepared>>,
        n_rows_max: usize,
    ) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Arc<Prepared>>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let state = portal.state();
        let mut state = state.lock().await;
        if matches!(*state, PortalExecutionState::Initial) {
            match ExtendedQueryHandler::do_query(self, client, portal, n_rows_max).await? {
                Response::Query(answer) => *state = PortalExecutionState::Suspended(answer),
                Response::Execution(tag)
                | Response::TransactionStart(tag)
                | Response::TransactionEnd(tag) => {
                    *state = PortalExecutionState::Finished;
                    return send_execution_response(client, tag).await;
                }
                Response::EmptyQuery
                | Response::Error(_)
                | Response::CopyIn(_)
                | Response::CopyOut(_)
                | Response::CopyBoth(_) => {
                    return Err(refused(
                        state::INTERNAL,
                        "an answer of no kind that is given here",
                    ));
                }
            }
        }
        match &mut *state {
            PortalExecutionState::Suspended(answer) => {
                if !send_partial_query_response(client, answer, n_rows_max).await? {
                    *state = PortalExecutionState::Finished;
                }
                Ok(())
            }
            PortalExecutionState::Initial | PortalExecutionState::Finished => {
                let tag = pgwire::api::results::Tag::new("SELECT").with_rows(0);
                send_execution_response(client, tag).await
            }
        }
    }

    /// Tells whoever watches for abandoned transactions how it stands.
    fn told_transaction<C: ClientInfo>(&self, client: &C) {
        let is_idle = client.transaction_status() == TransactionStatus::Idle;
        self.in_transaction.send_replace(!is_idle);
    }
}
