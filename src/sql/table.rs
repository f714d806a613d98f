//! A table over snapshots: the rows of each shard are read chunk by chunk, only the columns asked for,
//! and only one patient's where a query names one.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{
    BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

use crate::sql::column::{Column, batch, schema};
use crate::twin::snapshot::ShardSnapshot;

/// What a table reads: its columns, and its rows in pieces.
pub trait Rows: Send + Sync + 'static {
    /// One row, holding what its columns need of the snapshot.
    type Row<'s>;

    /// The columns.
    fn columns<'s>() -> Vec<Column<Self::Row<'s>>>;

    /// How many pieces a shard's rows come in.
    fn n_pieces(shard: &ShardSnapshot) -> usize;

    /// The rows of a piece; of one patient only, where `patient` names one.
    fn rows<'s>(shard: &'s ShardSnapshot, piece: usize, patient: Option<u32>)
    -> Vec<Self::Row<'s>>;
}

/// A table over the shards of a snapshot.
pub struct SnapshotTable<T: Rows> {
    shards: Arc<Vec<ShardSnapshot>>,
    schema: SchemaRef,
    _rows: std::marker::PhantomData<fn() -> T>,
}

impl<T: Rows> SnapshotTable<T> {
    /// The table over `shards`.
    pub fn new(shards: Arc<Vec<ShardSnapshot>>) -> SnapshotTable<T> {
        let schema = schema(&T::columns());
        SnapshotTable { shards, schema, _rows: std::marker::PhantomData }
    }
}

impl<T: Rows> fmt::Debug for SnapshotTable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotTable").field("schema", &self.schema).finish_non_exhaustive()
    }
}

#[async_trait]
impl<T: Rows> TableProvider for SnapshotTable<T> {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let every = || (0..self.schema.fields().len()).collect();
        let projection: Vec<usize> = projection.cloned().unwrap_or_else(every);
        let schema = Arc::new(self.schema.project(&projection)?);
        let patient = filters.iter().find_map(patient_of);
        let partition = |shard: usize| -> Arc<dyn PartitionStream> {
            Arc::new(ShardStream::<T> {
                shards: self.shards.clone(),
                shard,
                schema: schema.clone(),
                projection: projection.clone(),
                patient: patient.clone(),
                _rows: std::marker::PhantomData,
            })
        };
        // A plan needs a partition, even where there is no shard yet.
        let partitions = (0..self.shards.len().max(1)).map(partition).collect();
        let plan = StreamingTableExec::try_new(schema.clone(), partitions, None, [], false, limit)?;
        Ok(Arc::new(plan))
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // A named patient is looked up; the filter itself is applied above all the same.
        let support = |filter: &&Expr| match patient_of(filter) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }
}

/// The patient a filter `patient = '…'` names.
fn patient_of(filter: &Expr) -> Option<String> {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = filter else {
        return None;
    };
    let (column, literal) = match (&**left, &**right) {
        (Expr::Column(column), Expr::Literal(literal, _))
        | (Expr::Literal(literal, _), Expr::Column(column)) => (column, literal),
        _ => return None,
    };
    match literal {
        ScalarValue::Utf8(Some(name))
        | ScalarValue::LargeUtf8(Some(name))
        | ScalarValue::Utf8View(Some(name))
            if column.name == "patient" =>
        {
            Some(name.clone())
        }
        _ => None,
    }
}

/// The rows of one shard.
struct ShardStream<T: Rows> {
    shards: Arc<Vec<ShardSnapshot>>,
    shard: usize,
    schema: SchemaRef,
    projection: Vec<usize>,
    patient: Option<String>,
    _rows: std::marker::PhantomData<fn() -> T>,
}

impl<T: Rows> fmt::Debug for ShardStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardStream").field("shard", &self.shard).finish_non_exhaustive()
    }
}

impl<T: Rows> PartitionStream for ShardStream<T> {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (shards, shard, schema) = (self.shards.clone(), self.shard, self.schema.clone());
        let projection = self.projection.clone();
        let snapshot = shards.get(shard);
        // A name that no patient has gives no rows, not all.
        let numbers: Vec<Option<u32>> = match (&self.patient, snapshot) {
            (None, _) | (_, None) => vec![None],
            (Some(name), Some(snapshot)) => {
                snapshot.patients_named(name).into_iter().map(Some).collect()
            }
        };
        let n_pieces = snapshot.map_or(0, T::n_pieces);
        let pieces = (0..n_pieces).flat_map(move |piece| {
            numbers.clone().into_iter().map(move |patient| (piece, patient))
        });
        let stream_schema = schema.clone();
        let batches = pieces.map(move |(piece, patient)| {
            let empty: &[ShardSnapshot] = &[];
            let shard = shards.get(shard).or(empty.first());
            let rows = shard.map_or_else(Vec::new, |shard| T::rows(shard, piece, patient));
            let built = batch(&T::columns(), &stream_schema, &projection, &rows);
            built.map_err(DataFusionError::from)
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches)))
    }
}
