//! A shard of a few patients that goes on apart from the one it was taken from: the base of shadow,
//! backtest and what-if.
//!
//! ```text
//! log ─► shard ────────────────► effects
//!          └ fork ─► the same events and others ─► what would be said
//! ```
//! For its patients it does from then on exactly what the shard would do; events about others are passed
//! over, so that it may be fed the same log. It costs what its patients have, not what the shard has, and
//! touches nothing of the original.

use std::sync::Arc;

use crate::engine::shard::{Shard, notes};
use crate::pipeline::live::{Dirty, Live};
use crate::pipeline::supports::Supports;
use crate::pipeline::view::Scratch;
use crate::twin::fork::{Forked, Names};

impl Shard {
    /// A shard of these patients only, as they are. They are numbered from 0 in the order of their numbers
    /// here; a number that is none here is left out.
    pub fn fork(&self, patients: &[u32]) -> Shard {
        let patients = Forked::of(patients, self.twins.n_patients());
        let n_tracks = u16::try_from(self.tracks.len()).unwrap_or(u16::MAX);
        let mut names = Names::new(&self.notes, notes());
        let renumbered = |live: &Live| {
            let mut live = live.clone();
            live.edition = names.number(live.edition);
            live
        };
        let lives = self.lives.iter().map(renumbered).collect();
        let mut fork = Shard {
            partition: self.partition,
            next_offset: self.next_offset,
            known: self.known,
            clock: self.clock,
            clock_kind: self.clock_kind,
            opened: self.opened,
            recorded_through: self.recorded_through,
            twins: self.twins.fork(&patients),
            scores: self.scores.fork(&patients, n_tracks, &mut names),
            effects: self.effects.only(patients.numbers(), n_tracks),
            shadow: self.shadow.only(patients.numbers(), n_tracks),
            // Looked for again when they are needed: they change no answer.
            supports: Supports::default(),
            notes: names.into_names(),
            tracks: self.tracks.clone(),
            past_tracks: self.past_tracks.clone(),
            lives,
            value_sets: self.value_sets.clone(),
            definitions: self.definitions.clone(),
            read: self.read.clone(),
            timers: self.timers.only(patients.numbers(), n_tracks),
            promotions: self.promotions.clone(),
            missed: self.missed.only(patients.numbers()),
            identities: Arc::new(self.identities.only(patients.numbers())),
            is_fork: true,
            scratch: Scratch::default(),
            dirty: Dirty::default(),
        };
        fork.remember_all_links();
        fork
    }
}
