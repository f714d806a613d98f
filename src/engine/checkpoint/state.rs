//! A shard at a position of its log: what a checkpoint is made of.
//!
//! Taking it costs what a snapshot costs: everything large is shared, and written by another thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::event::{Clock, DefinitionKind};
use crate::domain::fact::Origin;
use crate::domain::signal::Signal;
use crate::domain::time::Timestamp;
use crate::engine::timers::Timers;
use crate::twin::newest::Newest;
use crate::twin::snapshot::ShardSnapshot;
use crate::twin::sums::Sums;

/// A shard as it was.
#[derive(Clone, Debug)]
pub struct ShardState {
    /// What readers see.
    pub snapshot: ShardSnapshot,
    /// What only the writer needs.
    pub rest: Rest,
    /// What only the writer needs of pipelines that do not speak.
    pub silent: Silent,
}

/// What pipelines that do not speak need to go on.
#[derive(Clone, Debug, Default)]
pub struct Silent {
    /// What those that are paused did not look at: track, patient, instant.
    pub missed: Vec<(u16, u32, Timestamp)>,
    /// The runs of equal suppressions of those in shadow that go on: patient, track, number.
    pub going_on: Vec<(u32, u16, u32)>,
    /// How many revisions of what they would say there are about each patient.
    pub n_left: Vec<(u32, u32)>,
}

/// What a shard needs to go on, and no reader asks for.
#[derive(Clone, Debug)]
pub struct Rest {
    /// Which clock known time follows.
    pub clock_kind: Clock,
    /// What the log says of itself at its beginning.
    pub opened: Option<(u32, Clock)>,
    /// When the newest event of a recorded history became available.
    pub recorded_through: Timestamp,
    /// The definitions in force, by kind and name.
    pub definitions: Arc<BTreeMap<(DefinitionKind, String), String>>,
    /// What the clock will do next.
    pub timers: Timers,
    /// The newest values at hand.
    pub newest: Newest,
    /// What they are of, by column.
    pub tracked: Vec<(Signal, Origin)>,
    /// What is true, as sums.
    pub sums: Sums,
    /// The resources that carry a link, by the hash of patient and link, and by key.
    pub links: Vec<(u64, u64)>,
    /// The runs of equal suppressions that go on: patient, track, number.
    pub going_on: Vec<(u32, u16, u32)>,
    /// How many revisions left about each patient; `None` in a checkpoint of before they were counted.
    pub n_left: Option<Vec<(u32, u32)>>,
}
