//! Finds a patient by name in a snapshot, without a look at the others.
//!
//! ```text
//! hash of the name ─► bucket ─► bucket ─► bucket      patient numbers, until the name is found or nothing is
//! ```
//! The writer has a table of its own (`intern`); this one lies in pages that snapshots share, and is
//! written when a patient is new only.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::time::Timestamp;
use crate::twin::pages::Pages;

/// No patient.
const NONE: u32 = u32::MAX;
/// Of so many buckets one is in use at most, so that looks are short.
const BUCKETS_PER_NAME: usize = 2;
/// Buckets of the first table.
const BUCKETS_MIN: usize = 16;

/// The patients of a shard by name, and since when each is known. Cloning it is cheap.
#[derive(Clone, Debug, Default)]
pub struct Names {
    buckets: Pages<u32>,
    /// When each patient was first spoken of; patients are numbered in this order.
    since: Pages<Timestamp>,
}

impl Names {
    /// Adds the newest of `names`, which was first spoken of at `known`.
    pub fn push(&mut self, names: &Pages<Arc<str>>, known: Timestamp) {
        let number = self.since.push(known);
        if self.buckets.n_items() < self.since.n_items() * BUCKETS_PER_NAME {
            let n_buckets = (self.buckets.n_items() * 2).max(BUCKETS_MIN);
            self.buckets = Pages::default();
            (0..n_buckets).for_each(|_| _ = self.buckets.push(NONE));
            (0..number).for_each(|number| self.insert(names, number));
        }
        self.insert(names, number);
    }

    /// The names of a shard that is restored, and since when each is known.
    pub fn of(names: &Pages<Arc<str>>, since: impl Iterator<Item = Timestamp>) -> Names {
        let mut of = Names::default();
        since.for_each(|known| of.push(names, known));
        of
    }

    fn insert(&mut self, names: &Pages<Arc<str>>, number: u32) {
        let Some(name) = names.get(number) else { return };
        let free = self.walk(name).find(|bucket| self.buckets.get(*bucket) == Some(&NONE));
        if let Some(slot) = free.and_then(|bucket| self.buckets.get_mut(bucket)) {
            *slot = number;
        }
    }

    /// The buckets in which a name can be, in their order.
    fn walk(&self, name: &str) -> impl Iterator<Item = u32> + use<> {
        let n_buckets = u64::try_from(self.buckets.n_items()).unwrap_or(u64::MAX);
        let first = xxh3_64(name.as_bytes()).checked_rem(n_buckets).unwrap_or(0);
        let from_there = (first..n_buckets).chain(0..first);
        from_there.filter_map(|bucket| u32::try_from(bucket).ok())
    }

    /// The number of the patient of this name among `names`.
    pub fn find(&self, names: &Pages<Arc<str>>, name: &str) -> Option<u32> {
        let numbers = self.walk(name).map_while(|bucket| self.buckets.get(bucket).copied());
        let mut taken = numbers.take_while(|number| *number != NONE);
        taken.find(|number| names.get(*number).is_some_and(|known| **known == *name))
    }

    /// How many patients had been spoken of by `known`: those with the lowest numbers.
    pub fn n_known_by(&self, known: Timestamp) -> u32 {
        let (mut low, mut high) = (0, u32::try_from(self.since.n_items()).unwrap_or(u32::MAX));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.since.get(middle).is_some_and(|since| *since <= known) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Bytes of memory they take.
    pub fn size_bytes(&self) -> usize {
        self.buckets.size_bytes() + self.since.size_bytes()
    }

    /// When a patient was first spoken of.
    pub fn since(&self, number: u32) -> Option<Timestamp> {
        self.since.get(number).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_however_many_there_are() {
        let (mut texts, mut names) = (Pages::default(), Names::default());
        assert_eq!(names.find(&texts, "nobody"), None);
        for number in 0..5_000_i64 {
            texts.push(Arc::from(format!("a/{number}")));
            names.push(&texts, Timestamp::from_micros(number * 10));
        }
        for number in [0, 1, 511, 512, 4_999] {
            assert_eq!(names.find(&texts, &format!("a/{number}")), Some(number));
        }
        assert_eq!(names.find(&texts, "a/5000"), None);
        let by = |micros| names.n_known_by(Timestamp::from_micros(micros));
        assert_eq!([by(-1), by(0), by(9), by(10), by(1_000_000)], [0, 1, 1, 2, 5_000]);
    }
}
