//! The values of one signal of one patient, in the order of the times for which they hold.
//!
//! ```text
//! newest[(patient, series)] ─► row ─prev─► row ─prev─► row      by valid time, descending
//! ```
//! A list through the rows of a table, whatever the order in which they arrived: a window is a
//! short walk. Only rows that count are in it; a superseded row is taken out. TW-2: arrival order
//! is forgotten. The links belong to the writer; readers sort what they need.

#![cfg_attr(test, expect(clippy::as_conversions, reason = "numbers of a small test"))]

use hashbrown::HashTable;

use crate::domain::time::Timestamp;
use crate::twin::hash;
use crate::twin::pages::Pages;

/// What the lists need to know of a table's rows.
pub trait Rows {
    /// Which list a row is in: patient and series.
    fn list_of(&self, row: u32) -> (u32, u16);
    /// The order within the list: the time, then what breaks a tie.
    fn order_of(&self, row: u32) -> Order;
}

/// A row's place in its list: its time, when it was revised, its identity, its value. It depends on
/// what the row says only, so rows that share a place are interchangeable.
pub type Order = (Timestamp, i64, u64, i64);

/// The lists through one table.
#[derive(Debug, Default)]
pub struct Lists {
    newest: HashTable<Newest>,
    /// In pages: one list of everything would be copied whole each time it grows.
    previous: Pages<u32>,
}

/// The newest row of a series. The series and the time stand beside the row, so that neither finding it
/// nor asking whether something is newer touches the table.
#[derive(Clone, Copy, Debug)]
struct Newest {
    series: (u32, u16),
    row: u32,
    at: Timestamp,
}

/// No row.
const NONE: u32 = u32::MAX;

impl Lists {
    /// Bytes of memory they take.
    pub fn size_bytes(&self) -> usize {
        let newest = self.newest.capacity() * (size_of::<Newest>() + 1);
        newest + self.previous.size_bytes()
    }

    /// The newest row of a series.
    #[inline]
    pub fn newest(&self, series: (u32, u16)) -> Option<u32> {
        let found = self.newest.find(hash::of_place(series), |newest| newest.series == series);
        found.map(|newest| newest.row)
    }

    /// The row before `row` in its series.
    #[inline]
    pub fn previous(&self, row: u32) -> Option<u32> {
        self.previous.get(row).copied().filter(|row| *row != NONE)
    }

    /// The rows of a series, newest first.
    pub fn walk(&self, series: (u32, u16)) -> impl Iterator<Item = u32> {
        std::iter::successors(self.newest(series), |row| self.previous(*row))
    }

    /// Puts `row` into its series at its place. Says whether it is the newest there.
    pub fn insert(&mut self, rows: &impl Rows, row: u32) -> bool {
        let series = rows.list_of(row);
        let order = rows.order_of(row);
        let (at, ..) = order;
        let hash_value = hash::of_place(series);
        let Some(newest) = self.newest.find_mut(hash_value, |other| other.series == series) else {
            let newest = Newest { series, row, at };
            self.newest.insert_unique(hash_value, newest, |other| hash::of_place(other.series));
            self.link(row, NONE);
            return true;
        };
        if newest.at < at || newest.at == at && rows.order_of(newest.row) < order {
            let before = std::mem::replace(&mut newest.row, row);
            newest.at = at;
            self.link(row, before);
            return true;
        }
        let mut after = newest.row;
        while let Some(before) =
            self.previous(after).filter(|before| order < rows.order_of(*before))
        {
            after = before;
        }
        let before = self.previous(after).unwrap_or(NONE);
        self.link(row, before);
        self.link(after, row);
        false
    }

    /// Takes `row` out of its series.
    pub fn remove(&mut self, rows: &impl Rows, row: u32) {
        let series = rows.list_of(row);
        let before = self.previous(row).unwrap_or(NONE);
        let same = |other: &Newest| other.series == series;
        let Ok(mut entry) = self.newest.find_entry(hash::of_place(series), same) else { return };
        if entry.get().row == row {
            match before {
                NONE => _ = entry.remove(),
                before => {
                    let (at, ..) = rows.order_of(before);
                    *entry.get_mut() = Newest { series, row: before, at };
                }
            }
            return self.link(row, NONE);
        }
        let mut after = entry.get().row;
        while let Some(next) = self.previous(after).filter(|next| *next != row) {
            after = next;
        }
        if self.previous(after) == Some(row) {
            self.link(after, before);
            self.link(row, NONE);
        }
    }

    /// Forgets every list, when the table's rows have moved elsewhere.
    pub fn clear(&mut self) {
        self.newest.clear();
        self.previous = Pages::default();
    }

    fn link(&mut self, row: u32, before: u32) {
        let index = usize::try_from(row).expect("32 bits fit");
        while self.previous.n_items() <= index {
            self.previous.push(NONE);
        }
        if let Some(slot) = self.previous.get_mut(row) {
            *slot = before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows as (patient, series, time).
    struct Table(Vec<(u32, u16, i64)>);

    impl Rows for Table {
        fn list_of(&self, row: u32) -> (u32, u16) {
            let (patient, series, _) = self.0[row as usize];
            (patient, series)
        }
        fn order_of(&self, row: u32) -> Order {
            (Timestamp::from_micros(self.0[row as usize].2), 0, u64::from(row), 0)
        }
    }

    fn times(table: &Table, lists: &Lists) -> Vec<i64> {
        lists.walk((1, 2)).map(|row| table.0[row as usize].2).collect()
    }

    #[test]
    fn any_order_of_arrival_gives_the_order_of_time() {
        for arrival in [[10, 20, 30, 40], [40, 30, 20, 10], [20, 40, 10, 30], [30, 10, 40, 20]] {
            let table = Table(arrival.iter().map(|time| (1, 2, *time)).collect());
            let mut lists = Lists::default();
            (0..4).for_each(|row| _ = lists.insert(&table, row));
            assert_eq!(times(&table, &lists), [40, 30, 20, 10]);
            for row in 0..4 {
                let mut lists = Lists::default();
                (0..4).for_each(|row| _ = lists.insert(&table, row));
                lists.remove(&table, row);
                let rest: Vec<i64> =
                    [40, 30, 20, 10].into_iter().filter(|t| *t != arrival[row as usize]).collect();
                assert_eq!(times(&table, &lists), rest);
                lists.insert(&table, row);
                assert_eq!(times(&table, &lists), [40, 30, 20, 10]);
            }
        }
    }

    #[test]
    fn series_do_not_mix() {
        let table = Table(vec![(1, 2, 5), (1, 3, 6), (2, 2, 7)]);
        let mut lists = Lists::default();
        (0..3).for_each(|row| _ = lists.insert(&table, row));
        assert_eq!(times(&table, &lists), [5]);
        lists.remove(&table, 0);
        assert_eq!(times(&table, &lists), [] as [i64; 0]);
        assert_eq!(lists.newest((2, 2)), Some(2));
    }
}
