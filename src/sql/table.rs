//! A table over snapshots: the rows of each shard are read piece by piece, only the columns asked for,
//! and only one patient's where a query names one.

use std::fmt;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
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

use crate::sql::column::{Cell, Column, Type, batch, schema};
use crate::sql::scope::{Known, Part, ShardView, Versions};

/// What a table reads: its columns, and its rows in pieces.
pub trait Rows: Send + Sync + 'static {
    /// One row, holding what its columns need of the snapshot.
    type Row<'s>;

    /// The columns.
    fn columns<'s>() -> Vec<Column<Self::Row<'s>>>;

    /// From when until when a row was current.
    fn known(row: &Self::Row<'_>) -> Known;

    /// How many pieces a shard's rows come in.
    fn n_pieces(view: &ShardView) -> usize;

    /// The rows of a part, as many as the scope of the view shows.
    fn rows(view: &ShardView, part: Part) -> Vec<Self::Row<'_>>;

    /// Whole columns of a piece with the number of its rows, where they need no rows to be made.
    fn arrays(_: &ShardView, _: usize, _: &[usize]) -> Option<(usize, Vec<ArrayRef>)> {
        None
    }
}

/// The columns of a table, with the known times behind them where all versions are shown.
pub fn columns_of<'s, T: Rows>(versions: Versions) -> Vec<Column<T::Row<'s>>> {
    let mut columns = T::columns();
    if versions == Versions::All {
        columns.push(Column {
            name: "known_from",
            kind: Type::Time,
            about: "From when this version counted, or when it came if it never did.",
            read: |row| Cell::time(Some(T::known(row).from)),
        });
        columns.push(Column {
            name: "known_to",
            kind: Type::Time,
            about: "Until when it counted; null while it does.",
            read: |row| Cell::time(Some(T::known(row).to)),
        });
    }
    columns
}

/// A table over the shards of a snapshot.
pub struct SnapshotTable<T: Rows> {
    views: Arc<Vec<ShardView>>,
    versions: Versions,
    schema: SchemaRef,
    _rows: std::marker::PhantomData<fn() -> T>,
}

impl<T: Rows> SnapshotTable<T> {
    /// The table over `views`, whose scope is of these `versions`.
    pub fn new(views: Arc<Vec<ShardView>>, versions: Versions) -> SnapshotTable<T> {
        let schema = schema(&columns_of::<T>(versions));
        SnapshotTable { views, versions, schema, _rows: std::marker::PhantomData }
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
                views: self.views.clone(),
                shard,
                versions: self.versions,
                schema: schema.clone(),
                projection: projection.clone(),
                patient: patient.clone(),
                _rows: std::marker::PhantomData,
            })
        };
        // A plan needs a partition, even where there is no shard yet.
        let partitions = (0..self.views.len().max(1)).map(partition).collect();
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
/// The rows of one shard.
struct ShardStream<T: Rows> {
    views: Arc<Vec<ShardView>>,
    shard: usize,
    versions: Versions,
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

impl<T: Rows> ShardStream<T> {
    /// What is read: every piece, or the one patient that was named; nothing for a name nobody has.
    fn parts(&self) -> Vec<Part> {
        let Some(view) = self.views.get(self.shard) else { return Vec::new() };
        match &self.patient {
            None => (0..T::n_pieces(view)).map(Part::Piece).collect(),
            Some(name) => view.shard().patient_named(name).map(Part::Patient).into_iter().collect(),
        }
    }
}

impl<T: Rows> PartitionStream for ShardStream<T> {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (views, shard, versions) = (self.views.clone(), self.shard, self.versions);
        let (schema, projection) = (self.schema.clone(), self.projection.clone());
        let batches = self.parts().into_iter().filter_map(move |part| {
            let view = views.get(shard)?;
            let read = read::<T>(view, part, versions, &schema, &projection);
            Some(read.map_err(DataFusionError::from))
        });
        let stream = futures::stream::iter(batches);
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), stream))
    }
}

/// The projected columns of a part.
fn read<T: Rows>(
    view: &ShardView,
    part: Part,
    versions: Versions,
    schema: &SchemaRef,
    projection: &[usize],
) -> Result<RecordBatch, ArrowError> {
    if let Part::Piece(piece) = part
        && let Some((n_rows, arrays)) = T::arrays(view, piece, projection)
    {
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        return RecordBatch::try_new_with_options(schema.clone(), arrays, &options);
    }
    batch(&columns_of::<T>(versions), schema, projection, &T::rows(view, part))
}
