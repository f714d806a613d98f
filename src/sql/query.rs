//! Runs a question over a snapshot: read only, with bounded memory, rows and time (SQ-1).
//!
//! Before it may stand statements about the session: `SET twin.known_at = '…'; SELECT …`.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::StringArray;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider,
};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParser, Statement};
use futures::StreamExt;

use crate::domain::time::Timestamp;
use crate::sql::as_of::AsOf;
use crate::sql::catalog::{SCHEMAS, TABLES};
use crate::sql::scope::{Scope, ShardView};
use crate::sql::session::{Beyond, Heard, Session, SessionError, settled};
use crate::sql::yielding::YieldingJoins;
use crate::twin::snapshot::ShardSnapshot;

/// The one catalog; the database, where a protocol has those.
pub const CATALOG: &str = "hospital";

/// What a query may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Bytes of working memory.
    pub memory_bytes_max: usize,
    /// Rows of the result.
    pub rows_max: usize,
    /// Time.
    pub time_max: Duration,
}

impl Default for QueryLimits {
    fn default() -> QueryLimits {
        QueryLimits {
            memory_bytes_max: 512 << 20,
            rows_max: 1_000_000,
            time_max: Duration::from_secs(60),
        }
    }
}

/// Why a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It is wrong, or does what is not allowed.
    #[error("{0}")]
    Query(String),
    /// It is about an instant of which it is not settled what was known.
    #[error(transparent)]
    Beyond(#[from] Beyond),
    /// Patients that it is about are not here; this says which.
    #[error("{0}")]
    Elsewhere(String),
    /// It needs more memory than it may use.
    #[error("the query needs more than {} MiB of memory: {message}", .limit >> 20)]
    Memory {
        /// The limit in bytes.
        limit: usize,
        /// Which part of it.
        message: String,
    },
    /// It has more rows than it may have.
    #[error("the query has more than {0} rows: add a LIMIT, or aggregate")]
    Rows(usize),
    /// It takes longer than it may.
    #[error("the query took longer than {} s", .0.as_secs())]
    Time(Duration),
}

/// A result.
#[derive(Debug)]
pub struct QueryResult {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

/// What a session asks in: the tables of one snapshot.
///
/// # Errors
/// If it asks as of an instant that is not settled, or the session cannot be made.
pub fn open(
    shards: Arc<Vec<ShardSnapshot>>,
    session: Session,
    limits: QueryLimits,
) -> Result<SessionContext, DataFusionError> {
    if let Some(known_at) = session.known_at {
        settled(known_at, &shards).map_err(|beyond| DataFusionError::External(Box::new(beyond)))?;
    }
    context(shards, session, limits)
}

/// A plan that only reads.
///
/// # Errors
/// If it changes something, or is a statement of the session.
pub fn check_reads(plan: &LogicalPlan) -> Result<(), DataFusionError> {
    read_only().verify_plan(plan)
}

fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

impl From<SessionError> for QueryError {
    fn from(error: SessionError) -> QueryError {
        QueryError::Query(error.to_string())
    }
}

/// Runs one question over shards, in a session that what stands before it may change.
///
/// # Errors
/// If it is wrong, not a question, about an instant that is not settled, or exceeds a limit. The session
/// is then as it was.
pub async fn run(
    shards: Arc<Vec<ShardSnapshot>>,
    sql: &str,
    session: &mut Session,
    limits: QueryLimits,
) -> Result<QueryResult, QueryError> {
    let mut heard = *session;
    let asked = answer(shards, sql, &mut heard, limits);
    let result = match tokio::time::timeout(limits.time_max, asked).await {
        Ok(result) => result?,
        Err(_) => return Err(QueryError::Time(limits.time_max)),
    };
    *session = heard;
    Ok(result)
}

async fn answer(
    shards: Arc<Vec<ShardSnapshot>>,
    sql: &str,
    session: &mut Session,
    limits: QueryLimits,
) -> Result<QueryResult, QueryError> {
    let parsed = DFParser::parse_sql(sql).map_err(|error| failure(&error, limits))?;
    if parsed.is_empty() {
        return Err(QueryError::Query("expected a question".to_owned()));
    }
    let mut statements = parsed.into_iter().peekable();
    while let Some(statement) = statements.next() {
        match session.hear_statement(&statement)? {
            Heard::Changed => {}
            Heard::Asks if statements.peek().is_none() => return shown(*session),
            Heard::Other if statements.peek().is_none() => {
                return collect(shards, statement, *session, limits).await;
            }
            Heard::Asks | Heard::Other => {
                let message = "one question at a time: only SET and RESET may stand before it";
                return Err(QueryError::Query(message.to_owned()));
            }
        }
    }
    // Only the session was spoken of.
    Ok(QueryResult { schema: Arc::new(Schema::empty()), batches: Vec::new() })
}

/// What the session is about, as a row.
fn shown(session: Session) -> Result<QueryResult, QueryError> {
    let schema = Arc::new(Schema::new(vec![Field::new("twin.known_at", DataType::Utf8, false)]));
    let texts = Arc::new(StringArray::from(vec![session.shown()]));
    let batch = RecordBatch::try_new(schema.clone(), vec![texts])
        .map_err(|error| QueryError::Query(error.to_string()))?;
    Ok(QueryResult { schema, batches: vec![batch] })
}

async fn collect(
    shards: Arc<Vec<ShardSnapshot>>,
    statement: Statement,
    session: Session,
    limits: QueryLimits,
) -> Result<QueryResult, QueryError> {
    if let Some(known_at) = session.known_at {
        settled(known_at, &shards)?;
    }
    let failed = |error: DataFusionError| failure(&error, limits);
    let context = context(shards, session, limits).map_err(failed)?;
    let plan = context.state().statement_to_plan(statement).await.map_err(failed)?;
    check_reads(&plan).map_err(failed)?;
    let frame = context.execute_logical_plan(plan).await.map_err(failed)?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let mut stream = frame.execute_stream().await.map_err(failed)?;
    let (mut batches, mut n_rows) = (Vec::new(), 0);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(failed)?;
        n_rows += batch.num_rows();
        if limits.rows_max < n_rows {
            return Err(QueryError::Rows(limits.rows_max));
        }
        batches.push(batch);
    }
    Ok(QueryResult { schema, batches })
}

/// A session that sees the tables of one snapshot and nothing else: no file, no network.
fn context(
    shards: Arc<Vec<ShardSnapshot>>,
    session: Session,
    limits: QueryLimits,
) -> Result<SessionContext, DataFusionError> {
    let config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, "twin")
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        .with_target_partitions(2);
    // A query that needs more memory is refused: no patient lands in a temporary file.
    let no_files = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_limit(limits.memory_bytes_max, 1.0)
        .with_disk_manager_builder(no_files);
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime.build_arc()?)
        .with_default_features()
        .build();
    let state = SessionStateBuilder::new_from_existing(state)
        .with_physical_optimizer_rule(Arc::new(YieldingJoins));
    let context = SessionContext::new_with_state(state.build());
    let catalog = MemoryCatalogProvider::new();
    let known = session.known_at.unwrap_or(Timestamp::FOREVER);
    for spec in SCHEMAS {
        let scope = Scope { known, versions: spec.versions, ..Scope::NOW };
        let views = ShardView::of(&shards, scope);
        let schema = MemorySchemaProvider::new();
        for table in TABLES {
            let provider = table.over(views.clone(), spec.versions);
            schema.register_table(table.name.to_owned(), provider)?;
        }
        catalog.register_schema(spec.name, Arc::new(schema))?;
    }
    context.register_catalog(CATALOG, Arc::new(catalog));
    context.register_udtf("as_of", Arc::new(AsOf::over(shards)));
    Ok(context)
}

fn failure(error: &DataFusionError, limits: QueryLimits) -> QueryError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(message) => {
            QueryError::Memory { limit: limits.memory_bytes_max, message: message.clone() }
        }
        DataFusionError::External(error) => match error.downcast_ref::<Beyond>() {
            Some(beyond) => QueryError::Beyond(*beyond),
            None => QueryError::Query(error.to_string()),
        },
        root => QueryError::Query(root.strip_backtrace()),
    }
}
