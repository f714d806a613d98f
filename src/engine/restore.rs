//! A shard as a state that a checkpoint holds, and the shard that a state gives back.

use std::sync::Arc;

use crate::engine::checkpoint::state::{Rest, ShardState, Silent};
use crate::engine::missed::Missed;
use crate::engine::shard::Shard;
use crate::twin::effects::Effects;
use crate::twin::intern::Interner;
use crate::twin::score_table::ScoreTable;
use crate::twin::scores::Scores;
use crate::twin::snapshot::{ShardSnapshot, SnapshotParts};
use crate::twin::sums::Sums;
use crate::twin::twins::Twins;

impl Shard {
    /// What is true in it, as sums.
    pub fn sums(&self) -> Sums {
        Sums { scores: self.scores.sum, ..self.twins.sums() }
    }

    /// Everything as it is, for readers.
    pub fn snapshot(&mut self) -> ShardSnapshot {
        let parts = SnapshotParts {
            partition: self.partition,
            next_offset: self.next_offset,
            known_through: self.known,
            clock: self.clock,
            notes: self.notes.texts().clone(),
            shadow: self.shadow.pages(),
            pipelines: Arc::new(self.in_force()),
            promotions: self.promotions.clone(),
            definitions: self.definitions.clone(),
            tracks: self.tracks.clone(),
            past_tracks: self.past_tracks.clone(),
            identities: self.identities.clone(),
        };
        ShardSnapshot::take(&self.twins, &mut self.scores, &self.effects, parts)
    }

    /// Everything as it is, for a checkpoint.
    pub fn state(&mut self) -> ShardState {
        let (newest, tracked) = self.twins.newest();
        let rest = Rest {
            clock_kind: self.clock_kind,
            opened: self.opened,
            recorded_through: self.recorded_through,
            definitions: self.definitions.clone(),
            timers: self.timers.clone(),
            newest: newest.clone(),
            tracked: tracked.to_vec(),
            sums: self.sums(),
            links: self.twins.links().entries(),
            going_on: self.effects.going_on(),
            n_left: Some(self.effects.n_left()),
        };
        let silent = Silent {
            missed: self.missed.list(),
            going_on: self.shadow.going_on(),
            n_left: self.shadow.n_left(),
        };
        ShardState { snapshot: self.snapshot(), rest, silent }
    }

    /// The shard that had this state, ready for the frame after it.
    ///
    /// # Errors
    /// The name of a definition this version cannot read, and why.
    pub fn restore(state: ShardState) -> Result<Shard, (String, String)> {
        let ShardState { snapshot, rest, silent } = state;
        let scores = ScoreTable::of_chunks(&snapshot.scores);
        let effects = Effects::of(
            snapshot.effects.clone(),
            snapshot.revisions.clone(),
            snapshot.suppressions.clone(),
            rest.going_on,
            snapshot.unsaid.clone(),
            rest.n_left,
        );
        let shadow = Effects::of(
            snapshot.shadow.effects.clone(),
            snapshot.shadow.revisions.clone(),
            snapshot.shadow.suppressions.clone(),
            silent.going_on,
            snapshot.shadow.unsaid.clone(),
            Some(silent.n_left),
        );
        let mut shard = Shard {
            next_offset: snapshot.next_offset,
            known: snapshot.known_through,
            clock: snapshot.clock,
            clock_kind: rest.clock_kind,
            opened: rest.opened,
            recorded_through: rest.recorded_through,
            twins: Twins::restore(&snapshot, rest.newest, &rest.tracked, (rest.links, rest.sums)),
            scores: Scores::of(scores, snapshot.score_marks.clone(), rest.sums.scores),
            effects,
            shadow,
            promotions: snapshot.promotions.clone(),
            missed: Missed::of(silent.missed),
            notes: Interner::of_texts(snapshot.notes.iter().map(|text| &**text)),
            tracks: snapshot.tracks.clone(),
            past_tracks: snapshot.past_tracks.clone(),
            definitions: rest.definitions,
            timers: rest.timers,
            identities: snapshot.identities.clone(),
            ..Shard::new(snapshot.partition)
        };
        shard.redefine()?;
        shard.remember_all_links();
        Ok(shard)
    }
}
