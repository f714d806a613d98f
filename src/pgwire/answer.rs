//! Answers a question: plans it over a snapshot, and streams the rows of its answer, within limits.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow_pg::datatypes::{arrow_schema_to_pg_fields, encode_recordbatch};
use datafusion::catalog::MemorySchemaProvider;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::Statement;
use futures::{StreamExt, stream};
use pgwire::api::portal::Format;
use pgwire::api::results::{FieldInfo, QueryResponse};
use pgwire::error::{PgWireError, PgWireResult};
use tokio::sync::OwnedSemaphorePermit;

use crate::pgwire::failure::{of_query, refused, state};
use crate::pgwire::pg_functions::{Facts, functions};
use crate::pgwire::pg_rewrite;
use crate::pgwire::pg_tables::{self, length};
use crate::pgwire::text;
use crate::sql::query::{CATALOG, QueryError, QueryLimits, Session, check_reads, open};
use crate::twin::snapshot::ShardSnapshot;

/// What questions are asked of.
#[derive(Clone, Debug)]
pub struct Source {
    /// The shards of a snapshot.
    pub shards: Arc<Vec<ShardSnapshot>>,
    /// The catalog, as tools ask of it.
    pub catalog: Arc<MemorySchemaProvider>,
    /// What functions tell of the session.
    pub facts: Arc<Facts>,
    /// What an answer may use.
    pub limits: QueryLimits,
}

impl Source {
    fn context(&self) -> Result<SessionContext, DataFusionError> {
        let known_at = self.facts.settings.known_at();
        let context = open(self.shards.clone(), Session { known_at }, self.limits)?;
        if let Some(catalog) = context.catalog(CATALOG) {
            catalog.register_schema(pg_rewrite::SCHEMA, self.catalog.clone())?;
        }
        functions(&self.facts).for_each(|function| context.register_udf(function));
        Ok(context)
    }

    /// A question's plan, in a session that can run it.
    ///
    /// # Errors
    /// If it is wrong, or would change something.
    pub async fn plan(
        &self,
        question: &Statement,
    ) -> Result<(SessionContext, LogicalPlan), PgWireError> {
        let failed = |error: DataFusionError| of_query(&error, self.limits);
        let context = self.context().map_err(failed)?;
        let parsed = Parsed::Statement(Box::new(question.clone()));
        let plan = context.state().statement_to_plan(parsed).await.map_err(failed)?;
        check_reads(&plan).map_err(failed)?;
        Ok((context, plan))
    }

    /// The answer to a question. It holds `room` until its last row was taken.
    ///
    /// # Errors
    /// If the question is wrong or exceeds a limit.
    pub async fn answer(
        &self,
        question: &Statement,
        values: Vec<ScalarValue>,
        format: &Format,
        room: Arc<OwnedSemaphorePermit>,
    ) -> PgWireResult<(QueryResponse, SchemaRef)> {
        let limits = self.limits;
        let failed = move |error: DataFusionError| of_query(&error, limits);
        let (context, plan) = self.plan(question).await?;
        let plan = plan.with_param_values(values).map_err(failed)?;
        let frame = context.execute_logical_plan(plan).await.map_err(failed)?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let fields = Arc::new(fields(&schema, format)?);
        let batches = frame.execute_stream().await.map_err(failed)?;
        let (encoded, mut n_rows) = (fields.clone(), 0_usize);
        let rows = batches.flat_map(move |batch| {
            let _held = &room;
            let rows: Vec<PgWireResult<_>> = match batch {
                Err(error) => vec![Err(failed(error))],
                Ok(batch) => {
                    n_rows = n_rows.saturating_add(batch.num_rows());
                    if limits.rows_max < n_rows {
                        let over = QueryError::Rows(limits.rows_max);
                        vec![Err(refused(state::LIMIT, over.to_string()))]
                    } else {
                        match text::written(&batch, &encoded) {
                            Ok(batch) => encode_recordbatch(encoded.clone(), batch).collect(),
                            Err(error) => vec![Err(failed(error.into()))],
                        }
                    }
                }
            };
            stream::iter(rows)
        });
        Ok((QueryResponse::new(fields, rows), schema))
    }
}

/// The columns of an answer, as they are told.
///
/// # Errors
/// If a column is of a type that PostgreSQL has none for, or formats were named for other columns.
pub fn fields(schema: &Schema, format: &Format) -> PgWireResult<Vec<FieldInfo>> {
    let n_columns = schema.fields().len();
    if let Format::Individual(formats) = format
        && formats.len() != n_columns
    {
        let message = format!("{} formats were named for {n_columns} columns", formats.len());
        return Err(refused(state::PROTOCOL, message));
    }
    let fields = arrow_schema_to_pg_fields(schema, format, None)?;
    let sized = |field: FieldInfo| {
        let size = length(field.datatype());
        field.with_type_size(size)
    };
    Ok(fields.into_iter().map(sized).collect())
}

/// The catalog, made once.
///
/// # Errors
/// If a table is not as it says, which is our own mistake.
pub fn catalog() -> Result<Arc<MemorySchemaProvider>, DataFusionError> {
    Ok(Arc::new(pg_tables::provider()?))
}
