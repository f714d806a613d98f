//! A segment as a Parquet file: one row group per block, so that a block is read alone.
//!
//! ```text
//! block 0 | block 1 | … | footer       each block with the hash of its bytes in the segment's index
//! ```
//! The same segment gives the same bytes. When rows ceased to be current is not in the file: it changes,
//! and checkpoints keep it beside.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, Int32Array, Int64Array, StringArray, UInt16Array, UInt32Array,
    UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use bytes::{Buf, Bytes};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::reader::{ChunkReader, Length};
use parquet::schema::types::ColumnPath;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::event::ResourceKind;
use crate::domain::time::Timestamp;
use crate::twin::block::{BLOCK_ROWS, Block, texts_array};
use crate::twin::events::EventRow;
use crate::twin::samples::{Rare, RareParts, SampleRow};
use crate::twin::segment::Segment;
use crate::twin::segment_footer::Footer;
use crate::twin::values::Values;

/// Why a segment cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SegmentFileError {
    /// The format.
    #[error("the segment file is damaged: {0}")]
    Parquet(#[from] ParquetError),
    /// Its arrays.
    #[error("the segment file is damaged: {0}")]
    Arrow(#[from] ArrowError),
    /// A block is not what was written.
    #[error("block {0} of the segment file is damaged: its bytes have another hash")]
    Hash(usize),
    /// It has another shape than this version writes.
    #[error("the segment file has no {0}")]
    Missing(&'static str),
}

/// A segment as bytes, and where its blocks lie in them.
#[derive(Clone, Debug)]
pub struct SegmentFile {
    /// The file.
    pub bytes: Bytes,
    /// Its blocks, in their order.
    pub blocks: Vec<BlockPlace>,
}

/// Where a block lies in its file, and the hash of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockPlace {
    /// The first byte.
    pub start: u64,
    /// The byte after the last.
    pub end: u64,
    /// The hash of the bytes.
    pub hash: u64,
}

impl BlockPlace {
    /// Holds bytes that were read as block `number` against those that were written.
    ///
    /// # Errors
    /// If they are others.
    pub fn verify(&self, number: usize, bytes: &[u8]) -> Result<(), SegmentFileError> {
        if xxh3_64(bytes) == self.hash { Ok(()) } else { Err(SegmentFileError::Hash(number)) }
    }

    /// The bytes of the block in its file.
    pub fn range(&self) -> Range<u64> {
        self.start..self.end
    }
}

macro_rules! columns {
    ($($name:literal $type:ident $nullable:literal,)*) => {
        fn schema() -> SchemaRef {
            let fields = vec![$(Field::new($name, DataType::$type, $nullable),)*];
            Arc::new(Schema::new(fields))
        }
    };
}

columns! {
    "patient" UInt32 false,
    "series" UInt16 false,
    "flags" UInt16 false,
    "at" Int64 false,
    "known" Int64 false,
    "value" Int32 false,
    "revised_at" Int64 false,
    "key" UInt64 false,
    "content" UInt64 false,
    "code" UInt32 false,
    "device" UInt32 false,
    "resource" Utf8 false,
    "source" UInt32 false,
    "source_offset" Int64 false,
    "log_offset" UInt64 false,
    "log_index" UInt32 false,
    "local" UInt16 false,
    "start" Int64 true,
    "end" Int64 true,
    "raw_value" Utf8 true,
    "raw_unit" Utf8 true,
    "version_id" UInt64 true,
    "kind" UInt32 true,
    "recorded_at" Int64 true,
    "links" Binary true,
}

/// Columns of hashes: nothing makes them shorter.
const HASHES: [&str; 2] = ["key", "content"];

fn properties() -> WriterProperties {
    let level = ZstdLevel::try_new(1).expect("1 is a level");
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_created_by("twinstream".to_owned())
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_compression(Compression::UNCOMPRESSED)
        .set_max_row_group_row_count(Some(BLOCK_ROWS))
        .set_data_page_row_count_limit(BLOCK_ROWS);
    for field in schema().fields() {
        let path = ColumnPath::from(field.name().as_str());
        if HASHES.contains(&field.name().as_str()) {
            properties = properties.set_column_encoding(path, Encoding::PLAIN);
            continue;
        }
        // Numbers are packed into the bits they need: little is left for a compressor, at many times the cost.
        properties = match field.data_type() {
            DataType::Utf8 | DataType::Binary => properties
                .set_column_compression(path.clone(), Compression::ZSTD(level))
                .set_column_encoding(path, Encoding::DELTA_LENGTH_BYTE_ARRAY),
            _ => properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
        };
    }
    properties.build()
}

/// Writes a segment into a buffer, which becomes its file.
///
/// # Errors
/// If the format refuses it, which is our own mistake.
pub fn write(segment: &Segment, mut buffer: Vec<u8>) -> Result<SegmentFile, SegmentFileError> {
    buffer.clear();
    // A file that outgrew its memory would be there twice.
    buffer.reserve(segment.size_bytes());
    let mut writer = ArrowWriter::try_new(buffer, schema(), Some(properties()))?;
    for block in 0..segment.n_blocks() {
        writer.write(&batch(&segment.block(block))?)?;
        writer.flush()?;
    }
    let metadata = writer.finish()?;
    let bytes = Bytes::from(std::mem::take(writer.inner_mut()));
    let group = |index: usize| {
        let chunks = metadata.row_group(index).columns();
        let ranges = || chunks.iter().map(|chunk| chunk.byte_range());
        let start = ranges().map(|(start, _)| start).min().unwrap_or(0);
        let end = ranges().map(|(start, length)| start + length).max().unwrap_or(0);
        let hash = xxh3_64(slice(&bytes, &(start..end)).unwrap_or_default());
        BlockPlace { start, end, hash }
    };
    let blocks = (0..metadata.num_row_groups()).map(group).collect();
    Ok(SegmentFile { bytes, blocks })
}

fn slice<'b>(bytes: &'b Bytes, range: &Range<u64>) -> Option<&'b [u8]> {
    bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

fn batch(block: &Block) -> Result<RecordBatch, ArrowError> {
    let rows: Vec<SampleRow> = block.rows().collect();
    let rare = &block.rare;
    let events: Vec<EventRow> = rows.iter().filter_map(|row| block.event(row)).collect();
    let of_event = |read: fn(&EventRow) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(events.iter().map(read)))
    };
    let small = |read: fn(&SampleRow) -> u16| -> ArrayRef {
        Arc::new(UInt16Array::from_iter_values(rows.iter().map(read)))
    };
    let word = |read: fn(&SampleRow) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(read)))
    };
    let long = |read: fn(&SampleRow) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(read)))
    };
    let hash = |read: fn(&SampleRow) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(read)))
    };
    let rares = || (0..).zip(&rows).map(|(number, _)| rare.get(number));
    let time = |read: fn(&RareParts) -> Option<Timestamp>| -> ArrayRef {
        let times = rares().map(|parts| parts.and_then(read).map(Timestamp::micros));
        Arc::new(times.collect::<Int64Array>())
    };
    let raw = |read: fn(&(Box<str>, Box<str>)) -> &str| -> ArrayRef {
        let texts = rares().map(|parts| parts.and_then(|parts| parts.raw.as_ref()).map(read));
        Arc::new(texts.collect::<StringArray>())
    };
    let kinds = rares().map(|parts| parts.and_then(|parts| parts.kind).map(ResourceKind::number));
    let words = |parts: &RareParts| -> Vec<u8> {
        parts.links.iter().flat_map(|link| link.to_le_bytes()).collect()
    };
    let links = rares().map(|parts| parts.map(words).filter(|words| !words.is_empty()));
    let versions = (0..).zip(&rows).map(|(number, _)| rare.version_id(number));
    let ids: StringArray = rows.iter().map(|row| Some(block.id(row))).collect();
    let offsets = events.iter().map(|event| event.offset);
    let frames = events.iter().map(|event| event.frame);
    let columns: Vec<ArrayRef> = vec![
        word(|row| row.patient),
        small(|row| row.series),
        small(|row| row.flags),
        long(|row| row.at),
        long(|row| row.known),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.value))),
        long(|row| row.revised_at),
        hash(|row| row.key),
        hash(|row| row.content),
        word(|row| row.code),
        word(|row| row.device),
        Arc::new(ids),
        of_event(|event| event.source),
        Arc::new(Int64Array::from_iter_values(offsets)),
        Arc::new(UInt64Array::from_iter_values(frames)),
        of_event(|event| event.index),
        small(|row| row.local),
        time(|parts| parts.start),
        time(|parts| parts.end),
        raw(|(value, _)| value),
        raw(|(_, unit)| unit),
        Arc::new(versions.collect::<UInt64Array>()),
        Arc::new(kinds.collect::<UInt32Array>()),
        time(|parts| parts.recorded_at),
        Arc::new(links.collect::<BinaryArray>()),
    ];
    RecordBatch::try_new(schema(), columns)
}

/// Reads a block from its bytes.
///
/// # Errors
/// If they are not the bytes that were written.
pub fn read_block(
    footer: &Footer,
    number: usize,
    place: &BlockPlace,
    bytes: Bytes,
) -> Result<Block, SegmentFileError> {
    block(&read_batch(footer, (number, place), bytes, None)?)
}

/// Reads what rules and windows read of a block from the bytes of the whole.
///
/// # Errors
/// If they are not the bytes that were written.
pub fn read_values(
    footer: &Footer,
    number: usize,
    place: &BlockPlace,
    bytes: Bytes,
) -> Result<Values, SegmentFileError> {
    let batch = read_batch(footer, (number, place), bytes, Some(&VALUES))?;
    let small = |name| column::<UInt16Array>(&batch, name);
    let (series, flags) = (small("series")?.values(), small("flags")?.values());
    let at = column::<Int64Array>(&batch, "at")?.values();
    let value = column::<Int32Array>(&batch, "value")?.values();
    Ok(Values::of_slices(series, flags, at, value))
}

/// The columns of values.
const VALUES: [&str; 4] = ["series", "flags", "at", "value"];

/// The rows of a block, all columns or some.
fn read_batch(
    footer: &Footer,
    (number, place): (usize, &BlockPlace),
    bytes: Bytes,
    columns: Option<&[&str]>,
) -> Result<RecordBatch, SegmentFileError> {
    place.verify(number, &bytes)?;
    let metadata = footer.of_block(number)?;
    let mask = columns.map(|columns| {
        let schema = metadata.metadata().file_metadata().schema_descr();
        ProjectionMask::columns(schema, columns.iter().copied())
    });
    let part = Part { start: place.start, bytes };
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(part, metadata);
    let reader = reader.with_projection(mask.unwrap_or_else(ProjectionMask::all));
    let reader = reader.with_batch_size(BLOCK_ROWS).build()?;
    let mut batches = reader.collect::<Result<Vec<_>, _>>()?;
    match (batches.pop(), batches.is_empty()) {
        (Some(batch), true) => Ok(batch),
        (Some(_) | None, _) => Err(SegmentFileError::Missing("row group of one batch")),
    }
}

/// A part of a file that knows where in it it lies.
pub(super) struct Part {
    start: u64,
    bytes: Bytes,
}

impl Part {
    /// The part that begins at `start`.
    pub(super) fn new(start: u64, bytes: Bytes) -> Part {
        Part { start, bytes }
    }
}

impl Length for Part {
    fn len(&self) -> u64 {
        self.start + u64::try_from(self.bytes.len()).unwrap_or(0)
    }
}

impl ChunkReader for Part {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> ParquetResult<Box<dyn Read>> {
        let length = self.len().saturating_sub(start);
        let bytes = self.get_bytes(start, usize::try_from(length).unwrap_or(usize::MAX))?;
        Ok(Box::new(bytes.reader()))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let outside = || ParquetError::EOF("a column lies outside of its block".to_owned());
        let start = start.checked_sub(self.start).ok_or_else(outside)?;
        let start = usize::try_from(start).map_err(|_| outside())?;
        let end = start.checked_add(length).filter(|end| *end <= self.bytes.len());
        Ok(self.bytes.slice(start..end.ok_or_else(outside)?))
    }
}

fn column<'b, A: Array + 'static>(
    batch: &'b RecordBatch,
    name: &'static str,
) -> Result<&'b A, SegmentFileError> {
    let array = batch.column_by_name(name).ok_or(SegmentFileError::Missing(name))?;
    array.as_any().downcast_ref::<A>().ok_or(SegmentFileError::Missing(name))
}

fn block(batch: &RecordBatch) -> Result<Block, SegmentFileError> {
    let (events, numbers) = events(batch)?;
    let (ids, resources) = texts(column(batch, "resource")?);
    let rows = rows(batch, &numbers, &resources)?;
    Ok(Block::of(&rows, &events, ids, rare(batch)?))
}

/// The events of the rows, each once, and the number of each row's.
fn events(batch: &RecordBatch) -> Result<(Vec<EventRow>, Vec<u32>), SegmentFileError> {
    let word = |name| column::<UInt32Array>(batch, name);
    let (sources, indexes) = (word("source")?.values(), word("log_index")?.values());
    let offsets = column::<Int64Array>(batch, "source_offset")?.values();
    let frames = column::<UInt64Array>(batch, "log_offset")?.values();
    let (mut numbers, mut rows) = (Vec::with_capacity(batch.num_rows()), Vec::new());
    let mut known = hashbrown::HashMap::<(u64, u32), u32, crate::twin::hash::Numbers>::default();
    let each = sources.iter().zip(offsets).zip(frames).zip(indexes);
    for (((source, offset), frame), index) in each {
        let number = *known.entry((*frame, *index)).or_insert_with(|| {
            rows.push(EventRow { source: *source, index: *index, offset: *offset, frame: *frame });
            u32::try_from(rows.len() - 1).unwrap_or(u32::MAX)
        });
        numbers.push(number);
    }
    Ok((rows, numbers))
}

fn rows(
    batch: &RecordBatch,
    events: &[u32],
    resources: &[u32],
) -> Result<Vec<SampleRow>, SegmentFileError> {
    let small = |name| column::<UInt16Array>(batch, name);
    let word = |name| column::<UInt32Array>(batch, name);
    let time = |name| column::<Int64Array>(batch, name);
    let hash = |name| column::<UInt64Array>(batch, name);
    let (patient, code, device) = (word("patient")?, word("code")?, word("device")?);
    let (series, flags, local) = (small("series")?, small("flags")?, small("local")?);
    let (at, known, revised_at) = (time("at")?, time("known")?, time("revised_at")?);
    let (key, content) = (hash("key")?, hash("content")?);
    let value = column::<Int32Array>(batch, "value")?;
    let numbers = events.iter().zip(resources).enumerate();
    let row = |(row, (event, resource)): (usize, (&u32, &u32))| SampleRow {
        patient: patient.value(row),
        series: series.value(row),
        flags: flags.value(row),
        at: at.value(row),
        known: known.value(row),
        value: value.value(row),
        event: *event,
        revised_at: revised_at.value(row),
        key: key.value(row),
        content: content.value(row),
        code: code.value(row),
        device: device.value(row),
        resource: *resource,
        local: local.value(row),
    };
    Ok(numbers.map(row).collect())
}

/// Texts that stand for several rows in a row, once each, and the number of each row's.
fn texts(array: &StringArray) -> (StringArray, Vec<u32>) {
    let (mut texts, mut ends, mut numbers) = (String::new(), Vec::new(), Vec::new());
    let mut last: Option<&str> = None;
    for text in array.iter().map(Option::unwrap_or_default) {
        if last != Some(text) {
            texts.push_str(text);
            ends.push(i32::try_from(texts.len()).unwrap_or(i32::MAX));
            last = Some(text);
        }
        numbers.push(u32::try_from(ends.len() - 1).unwrap_or(u32::MAX));
    }
    (texts_array(texts, &ends), numbers)
}

fn rare(batch: &RecordBatch) -> Result<Rare, SegmentFileError> {
    let time = |name| column::<Int64Array>(batch, name);
    let (starts, ends, recorded) = (time("start")?, time("end")?, time("recorded_at")?);
    let links = column::<BinaryArray>(batch, "links")?;
    let text = |name| column::<StringArray>(batch, name);
    let (values, units) = (text("raw_value")?, text("raw_unit")?);
    let versions = column::<UInt64Array>(batch, "version_id")?;
    let kinds = column::<UInt32Array>(batch, "kind")?;
    let all: [&dyn Array; 7] = [starts, ends, recorded, values, versions, kinds, links];
    let mut rare = Rare::default();
    if all.iter().all(|array| array.null_count() == array.len()) {
        return Ok(rare);
    }
    let at = |times: &Int64Array, row: usize| {
        times.is_valid(row).then(|| Timestamp::from_micros(times.value(row)))
    };
    for (number, row) in (0..).zip(0..batch.num_rows()) {
        let raw = values.is_valid(row).then(|| (values.value(row).into(), units.value(row).into()));
        let kind = kinds.is_valid(row).then(|| kinds.value(row));
        let kind = kind.map(ResourceKind::from_number);
        if kind == Some(None) {
            return Err(SegmentFileError::Missing("kind of resource that this version knows"));
        }
        let parts = RareParts {
            start: at(starts, row),
            end: at(ends, row),
            raw,
            version_id: versions.is_valid(row).then(|| versions.value(row)),
            kind: kind.flatten(),
            recorded_at: at(recorded, row),
            links: if links.is_valid(row) { words_of(links.value(row)) } else { Box::default() },
        };
        rare.put(number, parts);
    }
    Ok(rare)
}

fn words_of(bytes: &[u8]) -> Box<[u64]> {
    bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::sealing::Sealing;

    fn row(number: u32) -> SampleRow {
        SampleRow {
            patient: number / 50,
            series: u16::try_from(number % 5).unwrap(),
            flags: 2,
            at: i64::from(number) * 60_000_000,
            known: i64::from(number) * 60_000_000 + 7,
            value: i32::try_from(number % 90).unwrap() - 20,
            event: number / 3,
            revised_at: i64::from(number),
            key: u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            content: u64::from(number).wrapping_mul(0x2545_f491_4f6c_dd1d),
            code: number % 7,
            device: 0,
            resource: number / 2,
            local: 0,
        }
    }

    fn segment() -> Segment {
        let mut sealing = Sealing::of(10_000);
        sealing.begin();
        for number in 0..10_000_u32 {
            let offset = i64::from(number);
            let frame = u64::from(number / 10);
            sealing.add_event(EventRow { source: 1, index: number % 10, offset, frame });
            sealing.add_id(&format!("obs-{number}"));
            sealing.add_row(row(number));
            if number % 100 == 0 {
                let raw = Some(("98.6".into(), "[degF]".into()));
                let version_id = Some(u64::from(number));
                sealing.put_rare(number, RareParts { raw, version_id, ..RareParts::default() });
            }
        }
        Segment::seal(sealing)
    }

    #[test]
    fn every_block_is_read_as_it_was_written() {
        let segment = segment();
        let file = write(&segment, Vec::new()).unwrap();
        assert_eq!(file.blocks.len(), 3);
        assert_eq!(
            write(&segment, Vec::new()).unwrap().bytes,
            file.bytes,
            "the same rows, the same bytes"
        );
        let footer = Footer::read(0, file.bytes.clone()).unwrap();
        for (number, place) in file.blocks.iter().enumerate() {
            let bytes = Bytes::copy_from_slice(slice(&file.bytes, &place.range()).unwrap());
            let again = bytes.clone();
            let read = read_block(&footer, number, place, bytes).unwrap();
            let written = segment.block(number);
            assert_eq!(read.n_rows(), written.n_rows());
            let values = read_values(&footer, number, place, again).unwrap();
            let rows =
                |values: &Values| (0..=read.n_rows()).map(|n| values.row(n)).collect::<Vec<_>>();
            assert_eq!(rows(&values), rows(written.values()));
            for index in 0..u32::try_from(read.n_rows()).unwrap() {
                let (read, written) = (read.kept(index).unwrap(), written.kept(index).unwrap());
                let place = |row: SampleRow| SampleRow { event: 0, resource: 0, ..row };
                assert_eq!(place(read.row), place(written.row));
                assert_eq!(
                    (read.rare, read.event, read.resource),
                    (written.rare, written.event, written.resource)
                );
            }
        }
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let file = write(&segment(), Vec::new()).unwrap();
        let footer = Footer::read(0, file.bytes.clone()).unwrap();
        let place = file.blocks[1];
        let mut bytes = slice(&file.bytes, &place.range()).unwrap().to_vec();
        bytes[1_000] ^= 4;
        let read = read_block(&footer, 1, &place, Bytes::from(bytes));
        assert!(matches!(read, Err(SegmentFileError::Hash(1))));
    }
}
