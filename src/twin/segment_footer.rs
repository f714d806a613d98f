//! Where the columns of each block of a Parquet segment lie, in a few bytes each: what the format's own reader
//! keeps of them takes as much memory as the values of the rows.

use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaData, RowGroupMetaData,
};

use crate::twin::segment_file::{Part, SegmentFileError};

/// The footer of a segment file. Read once, and kept while blocks are read.
#[derive(Debug)]
pub struct Footer {
    file: FileMetaData,
    /// The columns of the first block: those of the others differ in where they lie.
    columns: Vec<ColumnChunkMetaData>,
    /// The rows of each block.
    n_rows: Vec<i64>,
    /// The columns of each block, block after block.
    places: Vec<Place>,
}

/// Where a column of a block lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: i64,
    n_bytes: u32,
    /// The same before it was compressed.
    n_plain_bytes: u32,
}

fn options() -> ArrowReaderOptions {
    ArrowReaderOptions::new().with_skip_arrow_metadata(true)
}

fn bytes(n_bytes: i64) -> Result<u32, SegmentFileError> {
    u32::try_from(n_bytes).map_err(|_| SegmentFileError::Missing("column of less than 4 GiB"))
}

impl Footer {
    /// Reads the footer from the end of a file, which begins at `start`.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn read(start: u64, end: Bytes) -> Result<Footer, SegmentFileError> {
        let whole = ArrowReaderMetadata::load(&Part::new(start, end), options())?;
        let whole = whole.metadata();
        let known = whole.file_metadata();
        let file = FileMetaData::new(
            known.version(),
            known.num_rows(),
            known.created_by().map(str::to_owned),
            None,
            known.schema_descr_ptr(),
            known.column_orders().cloned(),
        );
        let groups = whole.row_groups();
        let columns = groups.first().map(|group| group.columns().to_vec()).unwrap_or_default();
        let mut places = Vec::with_capacity(groups.len() * columns.len());
        for column in groups.iter().flat_map(RowGroupMetaData::columns) {
            places.push(Place {
                start: column.data_page_offset(),
                n_bytes: bytes(column.compressed_size())?,
                n_plain_bytes: bytes(column.uncompressed_size())?,
            });
        }
        let n_rows = groups.iter().map(RowGroupMetaData::num_rows).collect();
        Ok(Footer { file, columns, n_rows, places })
    }

    /// What the format's reader needs to know of a block: a file of this block alone.
    ///
    /// # Errors
    /// If there is no such block.
    pub fn of_block(&self, number: usize) -> Result<ArrowReaderMetadata, SegmentFileError> {
        let missing = SegmentFileError::Missing("such block");
        let Some(n_rows) = self.n_rows.get(number).copied() else { return Err(missing) };
        let places = self.places.iter().skip(number * self.columns.len());
        let mut columns = Vec::with_capacity(self.columns.len());
        for (column, place) in self.columns.iter().zip(places) {
            let column = column.clone().into_builder().set_num_values(n_rows);
            let column = column
                .set_data_page_offset(place.start)
                .set_total_compressed_size(i64::from(place.n_bytes))
                .set_total_uncompressed_size(i64::from(place.n_plain_bytes));
            columns.push(column.build()?);
        }
        let n_bytes = columns.iter().map(ColumnChunkMetaData::uncompressed_size).sum();
        let group = RowGroupMetaData::builder(self.file.schema_descr_ptr())
            .set_num_rows(n_rows)
            .set_total_byte_size(n_bytes)
            .set_column_metadata(columns)
            .build()?;
        let metadata = ParquetMetaData::new(self.file.clone(), vec![group]);
        Ok(ArrowReaderMetadata::try_new(Arc::new(metadata), options())?)
    }
}
