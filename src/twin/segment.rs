//! Sealed samples: sorted by patient, series and time, with an index; never changed.
//!
//! ```text
//! patients  [ 3 | 7 | 9 ]          one entry per patient
//! starts    [ 0 | 4 | 9 | 12 ]     where the patient's rows begin
//! rows      series, at, known, ... sorted by (patient, series, at, known)
//! keys      (key, row) sorted, with a filter in front: is a resource among the sealed ones?
//! ```

use std::sync::Arc;

use crate::domain::time::Timestamp;
use crate::twin::filter::Filter;
use crate::twin::marks::Marks;
use crate::twin::samples::{Flags, Rare, SampleChunk, SampleRow};
use crate::twin::sealing::{Sealing, Sorted};

/// Rows of one sealed segment.
#[derive(Clone, Debug)]
pub struct Segment {
    sealed: Arc<Sealed>,
    /// What few rows have, by their place in the segment.
    pub rare: Arc<Rare>,
    /// Rows that ceased to be current.
    pub marks: Marks,
}

#[derive(Debug)]
struct Sealed {
    rows: Arc<SampleChunk>,
    patients: Vec<u32>,
    starts: Vec<u32>,
    keys: Vec<(u64, u32)>,
    filter: Filter,
}

impl Segment {
    /// Sorts rows into a segment. The same rows give the same segment, in whatever order they come.
    pub fn seal(rows: Sealing) -> Segment {
        let Sorted { rows, marks, rare } = rows.sort();
        let (mut patients, mut starts) = (Vec::new(), Vec::new());
        let mut keys = Vec::with_capacity(rows.len());
        for (number, row) in (0_u32..).zip(&rows) {
            if patients.last() != Some(&row.patient) {
                patients.push(row.patient);
                starts.push(number);
            }
            keys.push((row.key, number));
        }
        starts.push(u32::try_from(rows.len()).expect("a segment is far below 2^32 rows"));
        keys.sort_unstable();
        let filter = Filter::of(keys.iter().map(|(key, _)| *key));
        let rows = Arc::new(SampleChunk::from_rows(rows.iter().copied()));
        let sealed = Sealed { rows, patients, starts, keys, filter };
        Segment { sealed: Arc::new(sealed), rare: Arc::new(rare), marks }
    }

    /// One segment of the rows of several.
    pub fn merge(segments: &[Segment]) -> Segment {
        let n_rows = segments.iter().map(|segment| segment.rows().n_rows()).sum();
        let mut rows = Sealing::of(n_rows);
        for segment in segments {
            let chunk = segment.rows();
            let of_segment = (0..chunk.n_rows()).filter_map(|index| chunk.row(index));
            rows.add(of_segment, &segment.marks, &segment.rare);
        }
        Segment::seal(rows)
    }

    /// All rows, sorted.
    pub fn rows(&self) -> &Arc<SampleChunk> {
        &self.sealed.rows
    }

    /// The row at `number`.
    pub fn row(&self, number: u32) -> SampleRow {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.sealed.rows.row(index).expect("the number is of this segment")
    }

    /// Whether a row counts: the winning version of its resource, and not taken back.
    pub fn is_current(&self, number: u32) -> bool {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let flags = self.sealed.rows.flags.get(index).copied();
        flags.is_some_and(|flags| Flags::unpack(flags).status.counts())
            && self.marks.known_to(number) == Timestamp::FOREVER
    }

    /// The rows of a patient.
    pub fn of_patient(&self, patient: u32) -> std::ops::Range<u32> {
        let Sealed { patients, starts, .. } = &*self.sealed;
        let Ok(index) = patients.binary_search(&patient) else { return 0..0 };
        match (starts.get(index), starts.get(index + 1)) {
            (Some(start), Some(end)) => *start..*end,
            _ => 0..0,
        }
    }

    /// The rows of a patient's series from `from` to `to`, both included, ascending by time.
    pub fn of_series(
        &self,
        (patient, series): (u32, u16),
        from: Timestamp,
        to: Timestamp,
    ) -> std::ops::Range<u32> {
        let range = self.of_patient(patient);
        let place = |number: u32| {
            let index = usize::try_from(number).unwrap_or(usize::MAX);
            let rows = &self.sealed.rows;
            rows.series.get(index).copied().zip(rows.at.get(index).copied())
        };
        let first = partition(range.clone(), |n| place(n) < Some((series, from.micros())));
        let last = partition(first..range.end, |n| place(n) <= Some((series, to.micros())));
        first..last
    }

    /// The rows whose resource has this key.
    pub fn with_key(&self, patient: u32, key: u64) -> impl Iterator<Item = u32> {
        let Sealed { keys, filter, rows, .. } = &*self.sealed;
        let found = if filter.may_hold(key) {
            let start = keys.partition_point(|(known, _)| *known < key);
            keys.get(start..).unwrap_or_default()
        } else {
            &[]
        };
        let same = found.iter().take_while(move |(known, _)| *known == key);
        let row_of = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        same.map(|(_, number)| *number)
            .filter(move |number| rows.patient.get(row_of(*number)) == Some(&patient))
    }
}

/// The first number of `range` for which `before` does not hold.
fn partition(range: std::ops::Range<u32>, before: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
