//! What is always in memory of a segment: where each patient's rows lie in it, how new they are, and which
//! resources they may be of.
//!
//! Every window asks every segment for its patient, so the answer costs a look or two.

use std::ops::Range;

use crate::domain::time::Timestamp;
use crate::twin::block::Block;
use crate::twin::filter::Filter;
use crate::twin::hash;
use crate::twin::packed::Packed;

/// What is always in memory of a segment.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// How many rows there are.
    pub n_rows: u32,
    /// The patients, ascending.
    pub patients: Packed,
    /// Where each patient's rows begin, and where the last one's end.
    pub starts: Packed,
    /// The newest time of each patient's rows, in microseconds.
    pub newest: Packed,
    /// The first and the last time of each block.
    pub bounds: Vec<(Timestamp, Timestamp)>,
    /// The keys of patients' resources.
    pub filter: Filter,
}

impl Index {
    /// The index of the rows of blocks, which are sorted.
    pub(super) fn of(blocks: &[Block]) -> Index {
        let (mut patients, mut starts, mut newest) = (Vec::new(), Vec::new(), Vec::new());
        let (mut keys, mut n_rows) = (Vec::new(), 0);
        for row in blocks.iter().flat_map(Block::rows) {
            if patients.last() != Some(&row.patient) {
                patients.push(row.patient);
                starts.push(n_rows);
                newest.push(row.at);
            }
            if let Some(newest) = newest.last_mut() {
                *newest = row.at.max(*newest);
            }
            keys.push(hash::of_key(row.patient, row.key));
            n_rows += 1;
        }
        starts.push(n_rows);
        Index {
            n_rows,
            patients: words(&patients),
            starts: words(&starts),
            newest: Packed::of(newest.iter().copied()),
            bounds: blocks.iter().map(Block::bounds).collect(),
            filter: Filter::of(keys.iter().copied()),
        }
    }

    /// The rows of a patient, and the newest time of them.
    #[inline]
    pub fn place_of(&self, patient: u32) -> Option<(Range<u32>, Timestamp)> {
        let place = self.find(patient)?;
        let start = |place: usize| self.starts.get(place).and_then(|start| start.try_into().ok());
        let newest = self.newest.get(place).map(Timestamp::from_micros)?;
        Some((start(place)?..start(place + 1)?, newest))
    }

    /// The place of a patient. Where most patients of a shard have rows, it is where their numbers say; every
    /// window asks this of every segment.
    #[inline]
    fn find(&self, patient: u32) -> Option<usize> {
        let patient = i64::from(patient);
        let n_patients = self.patients.n_values();
        let first = self.patients.get(0)?;
        let last = self.patients.get(n_patients - 1)?;
        if patient < first || last < patient {
            return None;
        }
        let n_places = i64::try_from(n_patients - 1).ok()?;
        let guess = (patient - first) * n_places / (last - first).max(1);
        let guess = usize::try_from(guess).ok()?;
        // As far again each time, until the patient is passed.
        let (mut low, mut high, mut step) = (guess, guess, 1);
        while patient < self.patients.get(low)? {
            (high, low) = (low, low.saturating_sub(step));
            step *= 2;
        }
        while self.patients.get(high).is_some_and(|known| known < patient) {
            (low, high) = (high, high + step);
            step *= 2;
        }
        high = high.min(n_patients - 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.patients.get(middle)? < patient {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (self.patients.get(low)? == patient).then_some(low)
    }

    /// Whether a patient's resource with this key may be among the rows; `false` is certain.
    pub fn may_hold(&self, patient: u32, key: u64) -> bool {
        self.filter.may_hold(hash::of_key(patient, key))
    }

    /// Bytes of memory it takes.
    pub(super) fn size_bytes(&self) -> usize {
        let places = [&self.patients, &self.starts, &self.newest].map(Packed::size_bytes);
        let bounds = self.bounds.len() * size_of::<(Timestamp, Timestamp)>();
        places.into_iter().sum::<usize>() + bounds + self.filter.size_bytes()
    }
}

/// Numbers as a packed column.
pub fn words(words: &[u32]) -> Packed {
    Packed::of(words.iter().map(|word| i64::from(*word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_is_found_however_the_numbers_lie() {
        let squares: Vec<u32> = (0..200).map(|n| n * n).collect();
        let clusters: Vec<u32> = (0..50).chain(1_000_000..1_000_050).chain([u32::MAX]).collect();
        for patients in [vec![], vec![7], (3..90).collect(), squares, clusters] {
            let starts: Vec<u32> = (0..=u32::try_from(patients.len()).unwrap()).collect();
            let newest = Packed::of(patients.iter().map(|_| 0));
            let (starts, packed) = (words(&starts), words(&patients));
            let index = Index { patients: packed, starts, newest, ..Index::default() };
            let near = patients.iter().flat_map(|one| [one.saturating_sub(1), *one, one ^ 1]);
            for patient in near.chain([0, 1, 500, 999_999, u32::MAX]) {
                let found = index.place_of(patient).map(|(rows, _)| rows.start);
                let place = patients.binary_search(&patient).ok();
                assert_eq!(found, place.map(|place| u32::try_from(place).unwrap()), "{patient}");
            }
        }
    }
}
