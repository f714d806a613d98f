//! What an assessment looks at: one patient's twin, and working memory.

use crate::pipeline::value_set::ValueSets;
use crate::rules::assessment::Cell;
use crate::twin::read::Measured;
use crate::twin::twins::Twins;

/// One patient's twin, and the value sets that features name.
#[derive(Clone, Copy, Debug)]
pub struct View<'v> {
    /// The twins of the shard.
    pub twins: &'v Twins,
    /// The value sets.
    pub value_sets: &'v ValueSets,
    /// The patient's number in the shard.
    pub patient: u32,
}

/// Working memory of an assessment, and the samples it read.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The features, in the order of the pipeline.
    pub cells: Vec<Cell>,
    /// The samples, as findings refer to them.
    pub evidence: Vec<Measured>,
}
