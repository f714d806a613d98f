//! Runs a query over a snapshot: read only, with bounded memory, rows and time (SQ-1).

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
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
use futures::StreamExt;

use crate::domain::time::Timestamp;
use crate::sql::catalog::TABLES;
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

/// How a session asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// As of when; now, where nobody said.
    pub known_at: Option<Timestamp>,
}

/// What a session asks in: the tables of one snapshot.
///
/// # Errors
/// If it asks as of an instant, which is not possible yet, or the session cannot be made.
pub fn open(
    shards: Arc<Vec<ShardSnapshot>>,
    session: Session,
    limits: QueryLimits,
) -> Result<SessionContext, DataFusionError> {
    if session.known_at.is_some() {
        let message = "an answer as of an instant is not possible yet: RESET twin.known_at";
        return Err(DataFusionError::NotImplemented(message.to_owned()));
    }
    context(shards, limits)
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

/// Runs one query over shards.
///
/// # Errors
/// If it is wrong, not a question, or exceeds a limit.
pub async fn run(
    shards: Arc<Vec<ShardSnapshot>>,
    sql: &str,
    limits: QueryLimits,
) -> Result<QueryResult, QueryError> {
    let asked = collect(shards, sql, limits);
    match tokio::time::timeout(limits.time_max, asked).await {
        Ok(result) => result,
        Err(_) => Err(QueryError::Time(limits.time_max)),
    }
}

async fn collect(
    shards: Arc<Vec<ShardSnapshot>>,
    sql: &str,
    limits: QueryLimits,
) -> Result<QueryResult, QueryError> {
    let failed = |error: DataFusionError| failure(&error, limits);
    let context = context(shards, limits).map_err(failed)?;
    let frame = context.sql_with_options(sql, read_only()).await.map_err(failed)?;
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
    let schema = MemorySchemaProvider::new();
    for spec in TABLES {
        schema.register_table(spec.name.to_owned(), spec.over(shards.clone()))?;
    }
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema("twin", Arc::new(schema))?;
    context.register_catalog(CATALOG, Arc::new(catalog));
    Ok(context)
}

fn failure(error: &DataFusionError, limits: QueryLimits) -> QueryError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(message) => {
            QueryError::Memory { limit: limits.memory_bytes_max, message: message.clone() }
        }
        root => QueryError::Query(root.strip_backtrace()),
    }
}
