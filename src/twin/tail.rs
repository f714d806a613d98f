//! The newest samples of a shard in order of arrival, until they are sealed into a segment.

use hashbrown::HashTable;

use crate::domain::time::Timestamp;
use crate::twin::block::Kept;
use crate::twin::events::{EventRow, Events};
use crate::twin::hash;
use crate::twin::marks::Marks;
use crate::twin::samples::{Flags, Rare, SampleRow, SampleTable, VOID_SERIES};
use crate::twin::sealing::Sealing;
use crate::twin::segment::Segment;
use crate::twin::series::Lists;
use crate::twin::texts::Texts;

/// Rows of the tail beyond which it is sealed: sorting them takes some tens of milliseconds.
pub const TAIL_ROWS_MAX: usize = 256 * 1_024;

/// How many times what it holds the index of a full tail makes room for.
const GROWTH: usize = 3;

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
    /// The events of the rows.
    pub events: Events,
    /// The resource ids of the rows.
    pub ids: Texts,
    keys: HashTable<u32>,
}

impl Tail {
    /// An empty tail of the shard of `partition`.
    pub fn of_partition(partition: u32) -> Tail {
        Tail { events: Events::of_partition(partition), ..Tail::default() }
    }

    /// The tail of a shard that is restored.
    pub fn restore(
        rows: SampleTable,
        marks: Marks,
        rare: Rare,
        (events, ids): (Events, Texts),
    ) -> Tail {
        let n_rows = u32::try_from(rows.n_rows()).expect("the tail is far below 2^32 rows");
        let mut tail = Tail { rows, rare, marks, events, ids, ..Tail::default() };
        for number in 0..n_rows {
            tail.index(number);
            let is_current = tail.marks.known_to(number) == Timestamp::FOREVER;
            let row = tail.rows.row(number);
            if is_current && counts(&row) {
                tail.lists.insert(&tail.rows, number);
            }
        }
        tail
    }

    /// A row with all that is kept of it.
    pub fn kept(&self, number: u32) -> Kept {
        let row = self.rows.row(number);
        Kept {
            row,
            rare: self.rare.of(number),
            event: self.events.rows.row(row.event),
            resource: self.ids.get(row.resource).unwrap_or_default().to_owned(),
        }
    }

    /// Appends a row that is current.
    pub fn push_current(&mut self, row: SampleRow) -> u32 {
        let number = self.push(row);
        if counts(&row) {
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
        self.index(number);
        number
    }

    fn index(&mut self, number: u32) {
        let rows = &self.rows;
        let hash_of = |number: &u32| hash::of_key(rows.patient(*number), rows.key(*number));
        if self.keys.len() == self.keys.capacity() {
            // To grow it reads every row, so it grows seldom.
            self.keys.reserve(self.keys.len() * GROWTH, hash_of);
        }
        self.keys.insert_unique(hash_of(&number), number, hash_of);
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

    /// Bytes of memory it takes, within a few percent.
    pub fn size_bytes(&self) -> usize {
        let rows = self.rows.n_rows() * (size_of::<SampleRow>() + ROW_EXTRA);
        let keys = self.keys.capacity() * (size_of::<u32>() + 1);
        let rare = self.rare.size_bytes() + self.marks.size_bytes();
        rows + keys + rare + self.lists.size_bytes()
    }

    /// Sorts all rows into a segment and starts anew.
    pub fn seal(&mut self) -> Segment {
        let n_rows = u32::try_from(self.rows.n_rows()).expect("the tail is far below 2^32 rows");
        let mut sealing = Sealing::of(self.rows.n_rows());
        sealing.begin();
        let n_events = u32::try_from(self.events.rows.n_rows()).expect("fewer than rows");
        (0..n_events).for_each(|event| sealing.add_event(self.events.rows.row(event)));
        self.ids.iter().for_each(|id| sealing.add_id(id));
        (0..n_rows).for_each(|number| sealing.add_row(self.rows.row(number)));
        let superseded = self.marks.superseded();
        superseded.for_each(|(number, known_to)| sealing.supersede(number, known_to));
        self.rare.iter().for_each(|(number, parts)| sealing.put_rare(number, parts));
        let segment = Segment::seal(sealing);
        self.events.clear();
        let events = std::mem::take(&mut self.events);
        *self = Tail { events, ..Tail::default() };
        segment
    }
}

/// What a row costs beside its columns: its event, and its resource's id.
const ROW_EXTRA: usize = size_of::<EventRow>() + 32;

/// Whether a row counts while it is current.
fn counts(row: &SampleRow) -> bool {
    row.series != VOID_SERIES && Flags::unpack(row.flags).status.counts()
}
