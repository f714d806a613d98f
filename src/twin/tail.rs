//! The newest samples of a shard in order of arrival, until they are sealed into a segment.

use hashbrown::HashTable;

use crate::domain::time::Timestamp;
use crate::twin::hash;
use crate::twin::marks::Marks;
use crate::twin::samples::{Flags, Rare, SampleRow, SampleTable, VOID_SERIES};
use crate::twin::sealing::Sealing;
use crate::twin::segment::Segment;
use crate::twin::series::Lists;

/// Rows of the tail beyond which it is sealed: sorting them takes some tens of milliseconds.
pub const TAIL_ROWS_MAX: usize = 256 * 1_024;

/// Samples in order of arrival, with their lists by valid time and their index by identity.
#[derive(Debug, Default)]
pub struct Tail {
    /// The rows.
    pub rows: SampleTable,
    /// What few rows have.
    pub rare: Rare,
    /// Rows that ceased to be current.
    pub marks: Marks,
    /// The rows that count, by patient and series.
    pub lists: Lists,
    keys: HashTable<u32>,
}

impl Tail {
    /// Appends a row that is current.
    pub fn push_current(&mut self, row: SampleRow) -> u32 {
        let number = self.push(row);
        if row.series != VOID_SERIES && Flags::unpack(row.flags).status.counts() {
            self.lists.insert(&self.rows, number);
        }
        number
    }

    /// Appends a row that was superseded before it came: kept, never current.
    pub fn push_superseded(&mut self, row: SampleRow) -> u32 {
        let number = self.push(row);
        self.marks.supersede(number, Timestamp::from_micros(row.known));
        number
    }

    fn push(&mut self, row: SampleRow) -> u32 {
        let number = self.rows.push(row);
        let rows = &self.rows;
        let hash_of = |number: &u32| hash::of_key(rows.patient(*number), rows.key(*number));
        self.keys.insert_unique(hash::of_key(row.patient, row.key), number, hash_of);
        number
    }

    /// Says that a row is no longer current from `known_to` on.
    pub fn supersede(&mut self, number: u32, known_to: Timestamp) {
        self.lists.remove(&self.rows, number);
        self.marks.supersede(number, known_to);
    }

    /// The rows whose resource has this key.
    pub fn with_key(&self, patient: u32, key: u64) -> impl Iterator<Item = u32> {
        let same = move |number: &u32| {
            self.rows.key(*number) == key && self.rows.patient(*number) == patient
        };
        self.keys.iter_hash(hash::of_key(patient, key)).copied().filter(same)
    }

    /// Whether it is time to seal.
    pub fn is_full(&self) -> bool {
        TAIL_ROWS_MAX <= self.rows.n_rows()
    }

    /// Sorts all rows into a segment and starts anew.
    pub fn seal(&mut self) -> Segment {
        let n_rows = u32::try_from(self.rows.n_rows()).expect("the tail is far below 2^32 rows");
        let mut rows = Sealing::of(self.rows.n_rows());
        rows.add((0..n_rows).map(|number| self.rows.row(number)), &self.marks, &self.rare);
        let segment = Segment::seal(rows);
        *self = Tail::default();
        segment
    }
}
