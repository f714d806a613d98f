//! Every value a shard was ever told, with the three times it has: the tail of the twin state.
//!
//! A row is never changed. Rows of one resource version share `key`, `content` and `revised_at`;
//! which of them is current is decided by `twins`.

use crate::domain::event::{ResourceKind, Status};
use crate::domain::fact::{Comparator, Origin, Statistic};
use crate::domain::refusal::Unusable;
use crate::domain::signal::Signal;
use crate::domain::time::Timestamp;
use crate::twin::pages::Pages;
use crate::twin::series::{Order, Rows};
use crate::twin::table::{CHUNK_ROWS, table};
use crate::twin::values::ValueRow;

table! {
    /// One value of one signal of one patient, as one version of a resource gave it.
    SampleTable, SampleChunk, SampleRow {
        /// The patient's number in the shard.
        patient: u32,
        /// Signal and origin: `series_of`.
        series: u16,
        /// Status, statistic, comparator and why it cannot be used: `Flags`.
        flags: u16,
        /// The time for which it counts, in microseconds.
        at: i64,
        /// Since when it is current, in microseconds.
        known: i64,
        /// The value in units of the signal's resolution; 0 where it cannot be used.
        value: i32,
        /// The event it came with, by its number where the row lies: in the tail, or in its block.
        event: u32,
        /// The version's place among the versions of its resource.
        revised_at: i64,
        /// Hash of the resource's identity.
        key: u64,
        /// Hash of what the resource version says.
        content: u64,
        /// The code it came under, as an interned `system|code`.
        code: u32,
        /// The device, interned.
        device: u32,
        /// The resource's id, by its number where the row lies.
        resource: u32,
        /// The offset of its local time, and who says so: `Local`.
        local: u16,
    }
}

/// The series of a resource version that says nothing: it only takes back what others said.
pub const VOID_SERIES: u16 = u16::MAX;

/// The series of a signal measured by an origin.
pub fn series_of(signal: Signal, origin: Origin) -> u16 {
    signal.number() * 4 + origin_number(origin)
}

const fn origin_number(origin: Origin) -> u16 {
    match origin {
        Origin::Clinical => 0,
        Origin::ClearedDevice => 1,
        Origin::ConsumerDevice => 2,
        Origin::SelfReported => 3,
    }
}

/// The signal and the origin of a series; `None` for `VOID_SERIES`.
pub fn parts_of(series: u16) -> Option<(Signal, Origin)> {
    let origin = Origin::ALL.get(usize::from(series % 4))?;
    Some((Signal::from_number(series / 4)?, *origin))
}

/// What a row says besides its value, in 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    /// The status of the resource version.
    pub status: Status,
    /// What the value says of its period.
    pub statistic: Statistic,
    /// Set when the true value is only bounded.
    pub comparator: Option<Comparator>,
    /// Why the value cannot be used.
    pub unusable: Option<Unusable>,
}

const COMPARATORS: [Option<Comparator>; 5] = [
    None,
    Some(Comparator::Less),
    Some(Comparator::LessOrEqual),
    Some(Comparator::GreaterOrEqual),
    Some(Comparator::Greater),
];

impl Flags {
    /// Three bits each, from the lowest: status, statistic, comparator, unusable.
    pub fn pack(self) -> u16 {
        let place = |index: Option<usize>| index.and_then(|i| u16::try_from(i).ok()).unwrap_or(0);
        let status = place(Status::ALL.iter().position(|status| *status == self.status));
        let statistic = place(Statistic::ALL.iter().position(|one| *one == self.statistic));
        let comparator = place(COMPARATORS.iter().position(|one| *one == self.comparator));
        let unusable = self
            .unusable
            .map_or(0, |reason| place(Unusable::ALL.iter().position(|one| *one == reason)) + 1);
        status | statistic << 3 | comparator << 6 | unusable << 9
    }

    /// Reads what `pack` wrote.
    pub fn unpack(bits: u16) -> Flags {
        let at = |shift: u16| usize::from(bits >> shift & 7);
        Flags {
            status: *Status::ALL.get(at(0)).expect("packed from a status"),
            statistic: *Statistic::ALL.get(at(3)).expect("packed from a statistic"),
            comparator: *COMPARATORS.get(at(6)).expect("packed from a comparator"),
            unusable: at(9).checked_sub(1).and_then(|index| Unusable::ALL.get(index)).copied(),
        }
    }
}

impl SampleTable {
    /// What rules and windows read of a row.
    #[inline]
    pub fn value_row(&self, number: u32) -> ValueRow {
        ValueRow {
            series: self.series(number),
            flags: self.flags(number),
            at: self.at(number),
            value: self.value(number),
        }
    }

    /// The numbers of the rows of patients between `least` and `greatest`, and of those without a patient
    /// (`u32::MAX`). A chunk that holds none costs a look at its patients, side by side.
    pub fn rows_between(&self, least: u32, greatest: u32) -> Vec<u32> {
        let is_meant =
            |patient: &u32| least <= *patient && *patient <= greatest || *patient == u32::MAX;
        let chunks = self.frozen.iter().map(|chunk| &*chunk.patient);
        let mut numbers = Vec::new();
        for (chunk, patients) in chunks.chain([self.patient.as_slice()]).enumerate() {
            if patients.iter().fold(false, |any, patient| any | is_meant(patient)) {
                let first = u32::try_from(chunk * CHUNK_ROWS).unwrap_or(u32::MAX);
                let numbered = (first..).zip(patients).filter(|(_, patient)| is_meant(patient));
                numbers.extend(numbered.map(|(number, _)| number));
            }
        }
        numbers
    }
}

impl Rows for SampleTable {
    fn list_of(&self, row: u32) -> (u32, u16) {
        (self.patient(row), self.series(row))
    }

    fn order_of(&self, row: u32) -> Order {
        let at = Timestamp::from_micros(self.at(row));
        (at, self.revised_at(row), self.key(row), i64::from(self.value(row)))
    }
}

/// What few rows have: kept beside the table by row number.
/// Rows get their parts in the order of their numbers, so the lists are sorted; cloning them is cheap.
#[derive(Clone, Debug, Default)]
pub struct Rare {
    /// Parts without their version ids.
    parts: Pages<(u32, RareParts)>,
    /// Version ids alone: a sender that has them has them in every row, and has nothing else.
    version_ids: Pages<(u32, u64)>,
}

/// What few rows have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RareParts {
    /// The first instant of a measured period, or of a day.
    pub start: Option<Timestamp>,
    /// The first instant after a day.
    pub end: Option<Timestamp>,
    /// Value and unit as they came, where the unit was another or the value unusable.
    pub raw: Option<(Box<str>, Box<str>)>,
    /// The version id, where it is an integer.
    pub version_id: Option<u64>,
    /// The kind of resource, where it is neither an Observation nor a wearable's sample.
    pub kind: Option<ResourceKind>,
    /// When the source wrote it down, where that is not `revised_at`.
    pub recorded_at: Option<Timestamp>,
    /// What else tells which result it is, ascending (`links`).
    pub links: Box<[u64]>,
}

impl RareParts {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        let RareParts { start, end, raw, version_id, kind, recorded_at, links } = self;
        let has_time = start.is_some() || end.is_some() || recorded_at.is_some();
        let has_name = raw.is_some() || version_id.is_some() || kind.is_some();
        !has_time && !has_name && links.is_empty()
    }
}

impl Rare {
    /// What row `number` has besides its version id.
    pub fn get(&self, number: u32) -> Option<&RareParts> {
        find(&self.parts, number)
    }

    /// The version ids by row number, ascending.
    pub fn version_ids(&self) -> impl Iterator<Item = (u32, u64)> + Clone {
        self.version_ids.iter().copied()
    }

    /// What rows have besides version ids, by row number, ascending.
    pub fn parts(&self) -> impl Iterator<Item = &(u32, RareParts)> {
        self.parts.iter()
    }

    /// How many rows have something besides a version id.
    pub fn n_parts(&self) -> usize {
        self.parts.n_items()
    }

    /// What every row has that has anything. A row that has a version id and something else comes once with
    /// each.
    pub fn iter(&self) -> impl Iterator<Item = (u32, RareParts)> {
        let version_ids = self.version_ids.iter().map(|(number, version_id)| {
            (*number, RareParts { version_id: Some(*version_id), ..RareParts::default() })
        });
        self.parts.iter().cloned().chain(version_ids)
    }

    /// A copy of what row `number` has.
    pub fn of(&self, number: u32) -> RareParts {
        let parts = self.get(number).cloned().unwrap_or_default();
        RareParts { version_id: self.version_id(number), ..parts }
    }

    /// Gives back room that it does not need, because it does not grow any more.
    pub fn shrink_to_fit(&mut self) {
        self.parts.shrink_to_fit();
        self.version_ids.shrink_to_fit();
    }

    /// Bytes of memory it takes, without its texts.
    pub fn size_bytes(&self) -> usize {
        self.parts.size_bytes() + self.version_ids.size_bytes()
    }

    /// Says what row `number` has; the rows before it have been said.
    pub fn put(&mut self, number: u32, mut parts: RareParts) {
        if let Some(version_id) = parts.version_id.take() {
            self.version_ids.push((number, version_id));
        }
        if !parts.is_empty() {
            self.parts.push((number, parts));
        }
    }

    /// The version id of row `number`.
    pub fn version_id(&self, number: u32) -> Option<u64> {
        find(&self.version_ids, number).copied()
    }
}

/// What a list that is sorted by row number has of row `number`.
fn find<T: Clone>(list: &Pages<(u32, T)>, number: u32) -> Option<&T> {
    let (mut low, mut high) = (0, u32::try_from(list.n_items()).unwrap_or(u32::MAX));
    while low < high {
        let middle = low + (high - low) / 2;
        match list.get(middle)?.0.cmp(&number) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return list.get(middle).map(|(_, found)| found),
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_what_was_said_of_it_whatever_that_is() {
        let has = |version_id, start: Option<i64>| RareParts {
            version_id,
            start: start.map(Timestamp::from_micros),
            ..RareParts::default()
        };
        let said = [(3, has(Some(0), None)), (4, has(None, Some(7))), (9, has(Some(2), Some(8)))];
        let mut rare = Rare::default();
        said.iter().for_each(|(number, parts)| rare.put(*number, parts.clone()));
        rare.put(10, RareParts::default());
        let mut moved = Rare::default();
        let mut parts: Vec<(u32, RareParts)> = rare.iter().collect();
        parts.sort_by_key(|(number, _)| *number);
        parts.into_iter().for_each(|(number, parts)| moved.put(number, parts));
        for rare in [rare, moved] {
            assert_eq!(said.clone().map(|(number, _)| rare.of(number)), said.clone().map(|s| s.1));
            assert!([0, 5, 10].iter().all(|number| rare.of(*number) == RareParts::default()));
        }
    }
}
