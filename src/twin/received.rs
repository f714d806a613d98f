//! What comes to a twin from another identity of the same person, and goes back.
//!
//! ```text
//! own resource               key
//! a linked identity's        hash of (origin, link, its key there)
//! ```
//! So nothing that came is mistaken for a version of the twin's own, a link that is made again brings everything
//! anew, and what goes back can be named. Where a resource is told of both, the twin's own record of it counts: the
//! source itself has said whose it is now.

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::identity::{LogPosition, TwinId};
use crate::domain::linkage::{Moved, Serial};
use crate::domain::time::Timestamp;
use crate::twin::apply::Arrival;
use crate::twin::twins::{Applied, Change, Twins};

/// What the keys of one link's resources are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Salt(u64);

impl Salt {
    /// Of a link that moves the facts of `origin`.
    pub fn of(origin: &TwinId<'_>, link: Serial) -> Salt {
        Salt(xxh3_64(format!("{origin}|{link}").as_bytes()))
    }

    /// The key here of a resource with this key there.
    pub fn key(self, key: u64) -> u64 {
        xxh3_64(&[self.0.to_le_bytes(), key.to_le_bytes()].concat())
    }
}

impl Twins {
    /// Says which links bring facts to a patient.
    pub fn bring(&mut self, patient: u32, salts: Vec<Salt>) {
        match salts.is_empty() {
            true => self.salts.remove(&patient),
            false => self.salts.insert(patient, salts),
        };
    }

    /// The number of a patient to whom something comes, who may be heard of for the first time.
    pub fn number_of(&mut self, twin: &TwinId<'_>, known: Timestamp) -> u32 {
        self.ahead.clear();
        self.patient_of(twin, known).0
    }

    /// Applies resource versions of another identity.
    pub fn receive(
        &mut self,
        patient: u32,
        salt: Salt,
        moved: &[Moved<'_>],
        (position, known): (LogPosition, Timestamp),
    ) -> Applied {
        let mut applied = Applied { patient: Some(patient), ..Applied::default() };
        let mark = self.mark();
        for moved in moved {
            let (number, event) = self.tail.events.push(&moved.source, position);
            let key = Some(salt.key(moved.key));
            let arrival = Arrival { patient, namespace: "", key, number, event, known };
            applied.n_facts += moved.resource.facts.len();
            self.apply_named(&arrival, &moved.resource, &mut applied.changes);
            if !self.known_rows(patient, moved.key).is_empty() {
                self.retire_key(patient, salt.key(moved.key), known, &mut applied.changes);
            }
        }
        self.finish(&mut applied, mark);
        applied
    }

    /// Takes back resources that came from another identity; gives their keys here.
    pub fn give_back(
        &mut self,
        patient: u32,
        salt: Salt,
        keys: &[u64],
        known: Timestamp,
    ) -> (Applied, Vec<u64>) {
        let mut applied = Applied { patient: Some(patient), ..Applied::default() };
        let here: Vec<u64> = keys.iter().map(|key| salt.key(*key)).collect();
        for key in &here {
            self.retire_key(patient, *key, known, &mut applied.changes);
        }
        let mark = self.mark();
        self.finish(&mut applied, mark);
        (applied, here)
    }

    /// Lets the twin's own record of a resource stand instead of what came of it from other identities.
    pub(super) fn own_stands(
        &mut self,
        arrival: &Arrival<'_>,
        key: u64,
        changes: &mut Vec<Change>,
    ) {
        let Some(salts) = self.salts.get(&arrival.patient) else { return };
        let keys: Vec<u64> = salts.iter().map(|salt| salt.key(key)).collect();
        for key in keys {
            if self.retire_key(arrival.patient, key, arrival.known, changes) {
                self.own_stand.push(key);
            }
        }
    }

    /// Ends what counts of a resource; `false` if nothing did.
    fn retire_key(
        &mut self,
        patient: u32,
        key: u64,
        known: Timestamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let rows = self.known_rows(patient, key);
        if rows.is_empty() {
            return false;
        }
        let links = self.links_of(&rows);
        self.retire(&rows, known, changes);
        self.untold((patient, known), (key, links), changes);
        rows.iter().any(|row| row.is_current)
    }
}
