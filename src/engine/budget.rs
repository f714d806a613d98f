//! What a budget of memory means for shards.

use crate::engine::checkpoint::writer::{CheckpointWriter, cold_rows};
use crate::engine::shard::Shard;
use crate::twin::twins::{SEALED_ROW_BYTES, SEGMENT_ROWS_MAX};

/// Segments are merged up to this size whatever the budget: with more of them each new resource costs more questions.
const SEGMENT_ROWS_MIN: u32 = 1 << 17;

/// What a budget of memory means for shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes that the shards may take together while nothing is on its way.
    pub resident_bytes_max: usize,
    /// No segment of more rows is made.
    pub segment_rows_max: u32,
}

impl Budget {
    /// What `bytes_max` means. While segments are merged there is memory for one twice, and while one is written
    /// there is its file: each takes this part of the budget, about, and is kept free.
    const IN_FLIGHT: usize = 32;

    /// Such parts that are kept free: three for what is on its way, two for copies of what a snapshot shares, one
    /// for what the allocator cannot give back. At moments of growth it is more for a while; with twice as much kept
    /// free, what cannot be forgotten (statements, places of scores) leaves too little for the rest, which is then read
    /// from storage again and again.
    const PARTS_FREE: usize = 6;

    /// The budget of so many bytes.
    pub fn of(bytes_max: usize) -> Budget {
        let part = bytes_max / Budget::IN_FLIGHT;
        let rows = u32::try_from(part / SEALED_ROW_BYTES).unwrap_or(u32::MAX);
        Budget {
            resident_bytes_max: bytes_max - Budget::PARTS_FREE * part,
            segment_rows_max: rows.clamp(SEGMENT_ROWS_MIN, SEGMENT_ROWS_MAX),
        }
    }

    /// Has a shard and the writer of its checkpoints keep to it.
    pub fn bind(&self, shard: &mut Shard, writer: CheckpointWriter) -> CheckpointWriter {
        shard.bound_segments(self.segment_rows_max);
        writer.with_cold_rows(cold_rows(self.segment_rows_max))
    }
}
