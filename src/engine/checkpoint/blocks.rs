//! Sealed rows in a file as they lie in memory: packed columns, block after block.
//!
//! ```text
//! block 0 | block 1 | …        each with the hash of its bytes in the segment's index
//! ```
//! A segment that will still be merged is written like this: it costs a copy of its bytes, where Parquet
//! costs many times that, and is gone within minutes. The same rows give the same bytes.

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use crate::engine::checkpoint::bytes::{In, Out, Torn};
use crate::engine::checkpoint::tables::{read_rare, write_rare};
use crate::twin::block::{Block, texts_array};
use crate::twin::segment::Segment;
use crate::twin::segment_file::{BlockPlace, SegmentFile, SegmentFileError};
use crate::twin::values::Values;

/// Writes a segment into a buffer, which becomes its file.
pub fn write(segment: &Segment, buffer: Vec<u8>) -> SegmentFile {
    let mut out = Out::into_buffer(buffer);
    out.reserve(segment.size_bytes());
    let mut blocks = Vec::with_capacity(segment.n_blocks());
    for number in 0..segment.n_blocks() {
        let start = out.n_bytes();
        write_block(&mut out, &segment.block(number));
        let hash = xxh3_64(out.since(start));
        let place = |n_bytes: usize| u64::try_from(n_bytes).unwrap_or(u64::MAX);
        blocks.push(BlockPlace { start: place(start), end: place(out.n_bytes()), hash });
    }
    SegmentFile { bytes: Bytes::from(out.finish()), blocks }
}

/// Reads a block from its bytes.
///
/// # Errors
/// If they are not the bytes that were written.
pub fn read(number: usize, place: &BlockPlace, bytes: &[u8]) -> Result<Block, SegmentFileError> {
    place.verify(number, bytes)?;
    read_block(&mut In::of(bytes))
        .map_err(|Torn| SegmentFileError::Missing("block of this version"))
}

/// Reads what rules and windows read of a block from the bytes of the whole.
///
/// # Errors
/// If they are not the bytes that were written.
pub fn read_values(
    number: usize,
    place: &BlockPlace,
    bytes: &[u8],
) -> Result<Values, SegmentFileError> {
    place.verify(number, bytes)?;
    let mut part = In::of(bytes);
    let values = Values::of_columns(&mut || part.packed().ok());
    values.ok_or(SegmentFileError::Missing("block of this version"))
}

fn write_block(out: &mut Out, block: &Block) {
    block.columns(&mut |column| out.packed(column));
    let ids = block.ids();
    out.list(ids.value_offsets().iter(), |out, end| out.i32(*end));
    out.bytes(ids.value_data());
    write_rare(out, &block.rare);
}

fn read_block(part: &mut In<'_>) -> Result<Block, Torn> {
    let columns = Block::read_columns(&mut || part.packed().ok()).ok_or(Torn)?;
    let ends = part.list(In::i32)?;
    let texts = std::str::from_utf8(part.bytes()?).map_err(|_| Torn)?;
    let bounds = ends.windows(2).map(|pair| pair.first().zip(pair.last()));
    let mut is_cut = bounds.map(|pair| {
        pair.is_some_and(|(start, end)| {
            let place = |at: i32| usize::try_from(at).is_ok_and(|at| texts.is_char_boundary(at));
            start <= end && place(*start) && place(*end)
        })
    });
    if !is_cut.all(|is_cut| is_cut) || ends.first() != Some(&0) {
        return Err(Torn);
    }
    let ids = texts_array(texts.to_owned(), ends.get(1..).unwrap_or_default());
    let rare = read_rare(part)?;
    if part.is_at_end() { Ok(columns.block(ids, rare)) } else { Err(Torn) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::twin::events::EventRow;
    use crate::twin::samples::{RareParts, SampleRow};
    use crate::twin::sealing::Sealing;

    fn segment() -> Segment {
        let mut sealing = Sealing::of(9_000);
        sealing.begin();
        for number in 0..9_000_u32 {
            let offset = i64::from(number);
            sealing.add_event(EventRow { source: 1, index: number % 10, offset, frame: 7 });
            sealing.add_id(&format!("obs-ü-{number}"));
            sealing.add_row(SampleRow {
                patient: number / 50,
                series: 3,
                flags: 2,
                at: i64::from(number % 50) * 60_000_000,
                known: offset,
                value: 5,
                event: number,
                revised_at: offset,
                key: u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                content: u64::from(number),
                code: number % 7,
                device: 0,
                resource: number,
                local: 0,
            });
            let raw = Some(("98.6".into(), "[degF]".into()));
            let start = (number % 3 == 0).then(|| Timestamp::from_micros(offset));
            sealing.put_rare(
                number,
                RareParts { raw, start, version_id: Some(4), ..RareParts::default() },
            );
        }
        Segment::seal(sealing)
    }

    #[test]
    fn every_block_is_read_as_it_was_written_and_a_changed_byte_is_noticed() {
        let segment = segment();
        let file = write(&segment, Vec::new());
        assert_eq!(file.blocks.len(), 3);
        assert_eq!(write(&segment, vec![1; 9]).bytes, file.bytes, "the same rows, the same bytes");
        for (number, place) in file.blocks.iter().enumerate() {
            let range = place.start.try_into().unwrap()..place.end.try_into().unwrap();
            let mut bytes = file.bytes[range].to_vec();
            let block = read(number, place, &bytes).unwrap();
            let written = segment.block(number);
            assert_eq!(block.n_rows(), written.n_rows());
            let values = read_values(number, place, &bytes).unwrap();
            assert_eq!(values.row(77), written.values().row(77));
            assert_eq!(values.n_rows(), written.n_rows());
            for row in 0..u32::try_from(block.n_rows()).unwrap() {
                assert_eq!(block.kept(row), written.kept(row));
            }
            assert!(
                (0..bytes.len())
                    .step_by(97)
                    .all(|end| read_block(&mut In::of(&bytes[..end])).is_err())
            );
            bytes[1_000] ^= 4;
            assert!(matches!(read(number, place, &bytes), Err(SegmentFileError::Hash(_))));
        }
    }
}
