//! The newest value per patient of every tracked series, and the newest score of every pipeline:
//! what nearly all questions ask.
//!
//! ```text
//! page of 1,024 patients ─► column per tracked series: at, value, flags
//! ```
//! A column is written in place while nobody shares it, and copied once per snapshot otherwise.

use std::sync::Arc;

use arrow::buffer::ScalarBuffer;
use arrow::datatypes::ArrowNativeType;

use crate::domain::time::Timestamp;
use crate::twin::table::{CHUNK_ROWS, place};

/// A column page: owned by the writer, or shared with readers.
#[derive(Debug)]
enum Column<T: ArrowNativeType> {
    Owned(Vec<T>),
    Shared(ScalarBuffer<T>),
}

impl<T: ArrowNativeType> Column<T> {
    fn filled(value: T, n_rows: usize) -> Column<T> {
        Column::Owned(vec![value; n_rows])
    }

    fn get(&self, index: usize) -> Option<T> {
        match self {
            Column::Owned(values) => values.get(index).copied(),
            Column::Shared(values) => values.get(index).copied(),
        }
    }

    fn set(&mut self, index: usize, value: T) {
        if let Column::Shared(shared) = self {
            // Takes the memory back where no reader holds it any more, copies it otherwise.
            let buffer = std::mem::replace(shared, ScalarBuffer::from(Vec::new())).into_inner();
            let values = buffer.into_vec().unwrap_or_else(|buffer| buffer.typed_data().to_vec());
            *self = Column::Owned(values);
        }
        if let Column::Owned(values) = self
            && let Some(slot) = values.get_mut(index)
        {
            *slot = value;
        }
    }

    fn share(&mut self) -> ScalarBuffer<T> {
        match self {
            Column::Shared(values) => values.clone(),
            Column::Owned(values) => {
                let values = ScalarBuffer::from(std::mem::take(values));
                *self = Column::Shared(values.clone());
                values
            }
        }
    }
}

/// The newest of one tracked series or track, for 1,024 patients.
#[derive(Debug)]
struct Cells {
    at: Column<i64>,
    value: Column<i32>,
    flags: Column<u16>,
}

/// The newest value or score of one patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The time for which it counts.
    pub at: Timestamp,
    /// The value: of a sample, or of a score.
    pub value: i32,
    /// `samples::Flags` of a sample; band and status of a score.
    pub flags: u16,
}

/// The newest of every tracked column, for all patients of a shard.
#[derive(Debug, Default)]
pub struct Head {
    n_columns: usize,
    /// The patients of a page: fewer than 1,024 where there will never be more.
    page_rows: usize,
    pages: Vec<Page>,
}

#[derive(Debug)]
struct Page {
    columns: Vec<Cells>,
    /// What readers got last, until something here changes.
    shared: Option<Arc<HeadPage>>,
}

/// One page as readers see it: per column the times, values and flags of 1,024 patients.
#[derive(Debug)]
pub struct HeadPage {
    /// (at in microseconds, `i64::MIN` where there is nothing; value; flags) per column.
    pub columns: Vec<(ScalarBuffer<i64>, ScalarBuffer<i32>, ScalarBuffer<u16>)>,
}

const NOTHING: i64 = i64::MIN;

impl Head {
    /// An empty head of `n_columns` tracked columns.
    pub fn of_columns(n_columns: usize) -> Head {
        Head { n_columns, page_rows: CHUNK_ROWS, pages: Vec::new() }
    }

    /// An empty head of `n_columns` tracked columns for so many patients and no more: its page is no larger than
    /// they need.
    pub fn of_patients(n_columns: usize, n_patients: usize) -> Head {
        Head { page_rows: n_patients.min(CHUNK_ROWS), ..Head::of_columns(n_columns) }
    }

    /// How many columns are tracked.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// Bytes of memory it takes.
    pub fn size_bytes(&self) -> usize {
        let cell = size_of::<i64>() + size_of::<i32>() + size_of::<u16>();
        self.pages.len() * self.page_rows * self.n_columns * cell
    }

    /// The newest of `column` for `patient`.
    #[inline]
    pub fn get(&self, patient: u32, column: usize) -> Option<Cell> {
        let (page, index) = place(patient);
        let cells = self.pages.get(page)?.columns.get(column)?;
        let at = cells.at.get(index).filter(|at| *at != NOTHING)?;
        let (value, flags) = (cells.value.get(index)?, cells.flags.get(index)?);
        Some(Cell { at: Timestamp::from_micros(at), value, flags })
    }

    /// The time of the newest of `column` for `patient`.
    #[inline]
    pub fn at(&self, patient: u32, column: usize) -> Option<Timestamp> {
        let (page, index) = place(patient);
        let at = self.pages.get(page)?.columns.get(column)?.at.get(index)?;
        Some(at).filter(|at| *at != NOTHING).map(Timestamp::from_micros)
    }

    /// Sets the newest of `column` for `patient`; `None` when there is nothing any more.
    pub fn set(&mut self, patient: u32, column: usize, cell: Option<Cell>) {
        let (number, index) = place(patient);
        while self.pages.len() <= number {
            let columns = (0..self.n_columns).map(|_| Cells {
                at: Column::filled(NOTHING, self.page_rows),
                value: Column::filled(0, self.page_rows),
                flags: Column::filled(0, self.page_rows),
            });
            self.pages.push(Page { columns: columns.collect(), shared: None });
        }
        let Some(page) = self.pages.get_mut(number) else { return };
        page.shared = None;
        let Some(cells) = page.columns.get_mut(column) else { return };
        cells.at.set(index, cell.map_or(NOTHING, |cell| cell.at.micros()));
        cells.value.set(index, cell.map_or(0, |cell| cell.value));
        cells.flags.set(index, cell.map_or(0, |cell| cell.flags));
    }

    /// Everything as it is, for readers: pages that did not change since the last view are shared.
    pub fn view(&mut self) -> Vec<Arc<HeadPage>> {
        let share = |page: &mut Page| {
            let columns = &mut page.columns;
            let view = page.shared.get_or_insert_with(|| {
                let shared = columns
                    .iter_mut()
                    .map(|cells| (cells.at.share(), cells.value.share(), cells.flags.share()));
                Arc::new(HeadPage { columns: shared.collect() })
            });
            view.clone()
        };
        self.pages.iter_mut().map(share).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(micros: i64) -> Option<Cell> {
        Some(Cell { at: Timestamp::from_micros(micros), value: 7, flags: 1 })
    }

    #[test]
    fn a_view_keeps_what_it_saw() {
        let mut head = Head::of_columns(2);
        head.set(5_000, 1, cell(10));
        let view = head.view();
        head.set(5_000, 1, cell(20));
        let (page, index) = place(5_000);
        assert_eq!(view[page].columns[1].0[index], 10);
        assert_eq!(view[page].columns[0].0[index], i64::MIN);
        assert_eq!(head.get(5_000, 1), cell(20));
        assert_eq!(head.get(5_000, 0), None);
        assert_eq!(head.get(4, 1), None);
    }

    #[test]
    fn a_head_of_few_patients_keeps_what_one_of_many_does() {
        let mut head = Head::of_patients(2, 3);
        (0..3).for_each(|patient| head.set(patient, 1, cell(i64::from(patient))));
        assert_eq!(
            [0, 1, 2, 3].map(|patient| head.get(patient, 1)),
            [cell(0), cell(1), cell(2), None]
        );
        assert_eq!(head.view()[0].columns[0].0.len(), 3);
        assert!(head.size_bytes() < 100);
    }

    #[test]
    fn an_unchanged_page_is_shared_and_a_free_column_is_written_in_place() {
        let mut head = Head::of_columns(1);
        head.set(0, 0, cell(1));
        head.set(2_000, 0, cell(1));
        let first = head.view();
        head.set(2_000, 0, cell(2));
        let second = head.view();
        assert!(Arc::ptr_eq(&first[0], &second[0]));
        assert!(!Arc::ptr_eq(&first[1], &second[1]));
        drop(first);
        let memory = second[1].columns[0].0.as_ptr();
        drop(second);
        head.set(2_000, 0, cell(3));
        assert_eq!(head.view()[1].columns[0].0.as_ptr(), memory);
    }
}
