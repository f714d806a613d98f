//! The rows of a resource that the shard has, of all of its versions, wherever they lie.

use crate::domain::event::ResourceKind;
use crate::domain::time::Timestamp;
use crate::twin::twins::Twins;
use crate::twin::versions::Rank;

/// Where a row of a resource version lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Tail(u32),
    Sealed(usize, u32),
    Statement(u32),
}

/// A row of some version of a resource, as far as the choice between versions needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Where it lies.
    pub place: Place,
    /// The version it belongs to.
    pub rank: Rank,
    /// Whether it counts now.
    pub is_current: bool,
}

impl Twins {
    /// Every row of every version of a resource of this kind.
    pub(super) fn known_versions(&self, patient: u32, key: u64, kind: ResourceKind) -> Vec<Known> {
        let mut known = self.known_samples(patient, key);
        if self.statement_index.holds(kind) {
            self.known_statements(patient, key, &mut known);
        }
        known
    }

    /// The same of whatever kind it is.
    pub(super) fn known_rows(&self, patient: u32, key: u64) -> Vec<Known> {
        let mut known = self.known_samples(patient, key);
        self.known_statements(patient, key, &mut known);
        known
    }

    fn known_samples(&self, patient: u32, key: u64) -> Vec<Known> {
        let mut known = Vec::new();
        for number in self.tail.with_key(patient, key) {
            let row = self.tail.rows.row(number);
            let version_id = self.tail.rare.version_id(number);
            let is_current = self.tail.marks.known_to(number) == Timestamp::FOREVER;
            let rank = Rank::of_row(&row, version_id);
            known.push(Known { place: Place::Tail(number), rank, is_current });
        }
        for (index, segment) in self.segments.iter().enumerate() {
            for number in segment.with_key(patient, key) {
                let row = segment.row(number);
                let version_id = segment.version_id(number);
                let is_current = segment.marks.known_to(number) == Timestamp::FOREVER;
                let rank = Rank::of_row(&row, version_id);
                known.push(Known { place: Place::Sealed(index, number), rank, is_current });
            }
        }
        known
    }

    fn known_statements(&self, patient: u32, key: u64, known: &mut Vec<Known>) {
        for number in self.statement_index.with_key(&self.statements, patient, key) {
            let row = self.statements.row(number);
            let is_current = self.statements.known_to(number) == Timestamp::FOREVER;
            let rank = Rank::of(&row.version, row.content);
            known.push(Known { place: Place::Statement(number), rank, is_current });
        }
    }
}
