//! What the sealed rows of a data folder take in memory: whole, what rules read of them, their index alone.

use std::path::Path;

use crate::engine::reading::{ReadingError, read};

/// What was measured, of all partitions together.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryReport {
    /// Patients.
    pub n_patients: usize,
    /// Sealed rows.
    pub n_sealed: u64,
    /// Bytes of them where everything is in memory.
    pub whole_bytes: usize,
    /// Bytes of them where what rules and windows read is.
    pub values_bytes: usize,
    /// Bytes of their index, which is always there.
    pub index_bytes: usize,
    /// Scores.
    pub n_scores: usize,
    /// Bytes of them, with their places in lists.
    pub scores_bytes: usize,
}

/// Measures a data folder as its newest checkpoints have it. What is not sealed is not counted.
///
/// # Errors
/// If it cannot be read.
pub fn run(folder: &Path) -> Result<MemoryReport, ReadingError> {
    let mut report = MemoryReport::default();
    for mut shard in read(folder)? {
        report.n_patients += shard.twins().n_patients();
        report.n_sealed += shard.twins().n_sealed();
        report.whole_bytes += shard.twins().sealed_bytes();
        report.n_scores += shard.scores().rows.n_rows();
        report.scores_bytes += shard.scores().size_bytes();
        // They lie in the checkpoint they were read from.
        shard.forget_origins();
        report.values_bytes += shard.twins().sealed_bytes();
        shard.forget(usize::MAX);
        report.index_bytes += shard.twins().sealed_bytes();
    }
    Ok(report)
}
