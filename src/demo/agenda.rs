//! What is going to happen, in order: by time, and at one time in the order in which it was planned.
//!
//! It never grows without bound, because what is planned is bounded: each bed and each patient at
//! home has a fixed number of open tasks, and a task plans a bounded number of records, at most
//! `AHEAD_MAX` ahead. Nothing that comes from outside is ever planned.

use std::collections::BTreeMap;

use crate::domain::time::{Span, Timestamp};

/// How far ahead of its task a record may be planned: a result that takes two hours in the
/// laboratory is the longest wait there is.
pub const AHEAD_MAX: Span = Span::from_hours(3);

/// Entries in order of their time.
#[derive(Debug)]
pub struct Agenda<T> {
    entries: BTreeMap<(Timestamp, u64), T>,
    n_planned: u64,
}

impl<T> Agenda<T> {
    /// An agenda without entries.
    pub const fn new() -> Agenda<T> {
        Agenda { entries: BTreeMap::new(), n_planned: 0 }
    }

    /// Plans `entry` for `at`.
    pub fn plan(&mut self, at: Timestamp, entry: T) {
        self.entries.insert((at, self.n_planned), entry);
        self.n_planned += 1;
    }

    /// Takes the next entry off the agenda.
    pub fn take_next(&mut self) -> Option<(Timestamp, T)> {
        self.entries.pop_first().map(|((at, _), entry)| (at, entry))
    }

    /// How many entries are open.
    pub fn n_open(&self) -> usize {
        self.entries.len()
    }
}

impl<T> Default for Agenda<T> {
    fn default() -> Agenda<T> {
        Agenda::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_by_time_then_as_planned() {
        let mut agenda = Agenda::new();
        for (micros, name) in [(2, "c"), (1, "a"), (2, "d"), (1, "b")] {
            agenda.plan(Timestamp::from_micros(micros), name);
        }
        assert_eq!(agenda.n_open(), 4);
        let taken: Vec<_> = std::iter::from_fn(|| agenda.take_next()).map(|(_, e)| e).collect();
        assert_eq!(taken, ["a", "b", "c", "d"]);
    }
}
