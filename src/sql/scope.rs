//! What of a shard a table shows: the versions that count now, those that counted at an instant, or all.
//!
//! ```text
//! known   ──●━━━━━━━━━━━━━━━○────►  a version is current from when it came until another took its place
//!           known_from      known_to
//! valid   the time it says something about the patient for: effective, the start of a period
//! ```
//! A version that never was current, because a newer one had come before it, has both times alike.

use std::sync::{Arc, OnceLock};

use crate::domain::event::ResourceKind;
use crate::domain::statement::Statement;
use crate::domain::time::Timestamp;
use crate::twin::places::Places;
use crate::twin::snapshot::ShardSnapshot;
use crate::twin::statements::{DIRECTORY, StatementRow};

/// Which versions of what was said are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// The one that counts.
    Current,
    /// Every one that ever came.
    All,
}

/// What of a shard a table shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Nothing that came later is shown; `FOREVER` for what is known now.
    pub known: Timestamp,
    /// Nothing that begins later in the patient's life is shown.
    pub valid: Timestamp,
    /// Which versions are shown.
    pub versions: Versions,
}

/// From when until when a version was current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// When it became current.
    pub from: Timestamp,
    /// When it ceased to be, as far as that is shown; `FOREVER` while it is.
    pub to: Timestamp,
}

impl Scope {
    /// What is known now.
    pub const NOW: Scope =
        Scope { known: Timestamp::FOREVER, valid: Timestamp::FOREVER, versions: Versions::Current };

    /// Whether it is what is known now, so that what the head keeps at hand is the answer.
    pub fn is_now(self) -> bool {
        self == Scope::NOW
    }

    /// The known times of a version as they are shown; `None` where it is not.
    pub fn shown(self, from: Timestamp, to: Timestamp) -> Option<Known> {
        let is_over = to <= self.known && to != Timestamp::FOREVER;
        let is_shown = from <= self.known && (self.versions == Versions::All || !is_over);
        is_shown.then_some(Known { from, to: if is_over { to } else { Timestamp::FOREVER } })
    }
}

/// Which rows of a table are read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The rows of this piece of the shard.
    Piece(usize),
    /// The rows of this patient.
    Patient(u32),
}

/// A shard as one table sees it.
#[derive(Debug)]
pub struct ShardView {
    shards: Arc<Vec<ShardSnapshot>>,
    index: usize,
    /// What of it is shown.
    pub scope: Scope,
    places: OnceLock<Places>,
}

impl ShardView {
    /// Every shard.
    pub fn of(shards: &Arc<Vec<ShardSnapshot>>, scope: Scope) -> Arc<Vec<ShardView>> {
        let view =
            |index| ShardView { shards: shards.clone(), index, scope, places: OnceLock::new() };
        Arc::new((0..shards.len()).map(view).collect())
    }

    /// The shard.
    pub fn shard(&self) -> &ShardSnapshot {
        self.shards.get(self.index).expect("views are made of the shards that there are")
    }

    /// Every shard that there is.
    pub fn all_shards(&self) -> &[ShardSnapshot] {
        &self.shards
    }

    /// Whether it is the shard that answers for what is the same in all.
    pub fn is_first(&self) -> bool {
        self.index == 0
    }

    /// The name of a patient; empty for what is about none.
    pub fn patient(&self, number: u32) -> &str {
        self.shard().patients.get(number).map_or("", |name| name)
    }

    /// Until when things are in force at all in this view: the present, or the instant it is of.
    pub fn present(&self) -> Timestamp {
        self.shard().known_through.min(self.scope.known).min(self.scope.valid)
    }

    /// The known times of a statement as they are shown; `None` where it is not.
    pub fn shows(&self, row: &StatementRow, known_to: Timestamp) -> Option<Known> {
        let counts = self.scope.versions == Versions::All || row.version.status.counts();
        let has_begun = row.valid.start <= self.scope.valid;
        self.scope.shown(row.known, known_to).filter(|_| counts && has_begun)
    }

    /// The ward of a patient's stay, by the places as they were known.
    pub fn ward_of<'s>(&'s self, patient: u32, stay: &'s Statement<'_>) -> &'s str {
        let places = match self.scope.known {
            Timestamp::FOREVER => &self.shard().places,
            _ => self.places.get_or_init(|| self.places_then()),
        };
        let twin = self.shard().twin_id(patient);
        twin.map_or("", |twin| places.ward(&twin.namespace, stay))
    }

    /// The places that were known at the instant of the scope.
    fn places_then(&self) -> Places {
        let then = Scope { known: self.scope.known, ..Scope::NOW };
        let statements = &self.shard().statements;
        let rows = statements.of_patient(DIRECTORY).filter_map(|number| statements.get(number));
        let known = rows.filter(|(row, known_to)| {
            row.kind == ResourceKind::Location
                && row.version.status.counts()
                && then.shown(row.known, *known_to).is_some()
        });
        known.map(|(row, _)| row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn a_version_is_current_from_when_it_came_until_it_was_replaced() {
        let shown = |known: Timestamp, versions, from, to| {
            let scope = Scope { known, versions, ..Scope::NOW };
            scope.shown(at(from), to).map(|known| (known.from.micros(), known.to))
        };
        let (current, all, open) = (Versions::Current, Versions::All, Timestamp::FOREVER);
        assert_eq!(shown(at(9), current, 10, open), None);
        assert_eq!(shown(at(10), current, 10, at(20)), Some((10, open)));
        assert_eq!(shown(at(19), current, 10, at(20)), Some((10, open)));
        assert_eq!(shown(at(20), current, 10, at(20)), None);
        assert_eq!(shown(open, current, 10, at(20)), None);
        assert_eq!(shown(open, current, 10, open), Some((10, open)));
        assert_eq!(shown(at(10), current, 10, at(10)), None, "it never was");
        assert_eq!(shown(open, all, 10, at(10)), Some((10, at(10))));
        assert_eq!(shown(at(19), all, 10, at(20)), Some((10, open)), "nobody knew its end yet");
        assert_eq!(shown(at(9), all, 10, at(20)), None);
    }
}
