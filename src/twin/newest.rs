//! The newest value of every tracked series of each patient, side by side: what one assessment reads
//! lies in a few cache lines.
//!
//! ```text
//! page of 1,024 patients ─► patient ─► [cell of column 0 | cell of column 1 | ...]   16 bytes each
//! ```
//! It belongs to the writer alone; readers get scores from `head` and values from the rows.

use std::sync::Arc;

use crate::domain::time::Timestamp;
use crate::twin::head::Cell;
use crate::twin::table::{CHUNK_ROWS, place};

/// The newest value of every tracked series, for all patients of a shard.
#[derive(Clone, Debug, Default)]
pub struct Newest {
    n_columns: usize,
    /// The patients of a page: fewer than 1,024 where there will never be more.
    page_rows: usize,
    /// Copied once where a checkpoint still holds one.
    pages: Vec<Arc<Vec<Cell>>>,
}

/// The cell of what was never measured.
pub const NOTHING: Cell = Cell { at: Timestamp::MIN, value: 0, flags: 0 };

impl Newest {
    /// Nothing yet, of `n_columns` tracked series.
    pub fn of_columns(n_columns: usize) -> Newest {
        Newest { n_columns, page_rows: CHUNK_ROWS, pages: Vec::new() }
    }

    /// The same of pages as [`Newest::pages`] gave them; `None` if they have another shape.
    pub fn of_pages(n_columns: usize, pages: Vec<Vec<Cell>>) -> Option<Newest> {
        let fits = pages.iter().all(|page| page.len() == CHUNK_ROWS * n_columns);
        let pages = pages.into_iter().map(Arc::new);
        fits.then(|| Newest { pages: pages.collect(), ..Newest::of_columns(n_columns) })
    }

    /// Bytes of memory it takes.
    pub fn size_bytes(&self) -> usize {
        self.pages.len() * self.page_rows * self.n_columns * size_of::<Cell>()
    }

    /// How many series are tracked.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// The cells of 1,024 patients each, by patient and column.
    pub fn pages(&self) -> impl ExactSizeIterator<Item = &[Cell]> {
        self.pages.iter().map(|page| page.as_slice())
    }

    /// The newest value of `column` for `patient`.
    #[inline]
    pub fn get(&self, patient: u32, column: usize) -> Option<Cell> {
        let (page, index) = place(patient);
        let cell = self.pages.get(page)?.get(index * self.n_columns + column)?;
        Some(*cell).filter(|cell| cell.at != Timestamp::MIN)
    }

    /// The cell of `column` for `patient`, to be set.
    #[inline]
    pub fn cell_mut(&mut self, patient: u32, column: usize) -> Option<&mut Cell> {
        let (page, index) = place(patient);
        let place = index * self.n_columns + column;
        Arc::make_mut(self.pages.get_mut(page)?).get_mut(place)
    }

    /// Only these patients, numbered anew in the order of `patients`.
    pub fn only(&self, patients: &[u32]) -> Newest {
        let page_rows = patients.len().min(CHUNK_ROWS);
        let mut copy = Newest { page_rows, ..Newest::of_columns(self.n_columns) };
        for (patient, known_as) in (0..).zip(patients) {
            for column in 0..self.n_columns {
                copy.set(patient, column, self.get(*known_as, column));
            }
        }
        copy
    }

    /// Sets the newest value of `column` for `patient`; `None` when there is nothing any more.
    pub fn set(&mut self, patient: u32, column: usize, cell: Option<Cell>) {
        let (page, index) = place(patient);
        while self.pages.len() <= page {
            self.pages.push(Arc::new(vec![NOTHING; self.page_rows * self.n_columns]));
        }
        let cells = self.pages.get_mut(page);
        let place = index * self.n_columns + column;
        if let Some(slot) = cells.and_then(|page| Arc::make_mut(page).get_mut(place)) {
            *slot = cell.unwrap_or(NOTHING);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_patient_and_column_keeps_its_own() {
        let mut newest = Newest::of_columns(3);
        let cell = |micros| Some(Cell { at: Timestamp::from_micros(micros), value: 7, flags: 1 });
        newest.set(2_000, 1, cell(10));
        newest.set(1_999, 2, cell(20));
        assert_eq!((newest.get(2_000, 1), newest.get(1_999, 2)), (cell(10), cell(20)));
        assert_eq!([newest.get(2_000, 0), newest.get(2_000, 2), newest.get(9_000, 1)], [None; 3]);
        newest.set(2_000, 1, None);
        assert_eq!(newest.get(2_000, 1), None);
    }
}
