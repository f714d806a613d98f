//! What an assessment looks at: one patient's twin, and working memory.

use std::sync::Arc;

use crate::domain::time::Timestamp;
use crate::pipeline::value_set::ValueSets;
use crate::rules::assessment::Cell;
use crate::twin::read::Measured;
use crate::twin::statements::StatementRow;
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

/// A fact that an assessment read.
#[derive(Clone, Debug)]
pub enum Piece {
    /// A value.
    Sample(Measured),
    /// A state, a medicine, a condition.
    Statement(Arc<StatementRow>),
}

impl View<'_> {
    /// The key of the resource that a fact came in.
    pub fn key(&self, piece: &Piece) -> Option<u64> {
        match piece {
            Piece::Sample(measured) => self.twins.key(measured.place),
            Piece::Statement(row) => Some(row.key),
        }
    }
}

impl Piece {
    /// The time for which it counts: when it was measured, or began.
    pub fn at(&self) -> Timestamp {
        match self {
            Piece::Sample(measured) => measured.at,
            Piece::Statement(row) => row.valid.start,
        }
    }
}

/// Working memory of an assessment, and the facts it read.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The features, in the order of the pipeline.
    pub cells: Vec<Cell>,
    /// The facts, as findings refer to them.
    pub evidence: Vec<Piece>,
}
