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

    /// Such parts that are kept free: for merges of several sizes at once, for files that are written, for copies of
    /// what a snapshot shares, for what the allocator has not given back yet. Measured at moments of growth, when all
    /// of it comes together (`twin bench state --memory-mib`).
    const PARTS_FREE: usize = 13;

    /// What is on its way is no larger than this, however large the budget: as the largest segment.
    const PART_BYTES_MAX: usize = (8 << 20) * SEALED_ROW_BYTES;

    /// The budget of so many bytes.
    pub fn of(bytes_max: usize) -> Budget {
        let part = (bytes_max / Budget::IN_FLIGHT).min(Budget::PART_BYTES_MAX);
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
