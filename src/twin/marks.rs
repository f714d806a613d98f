//! When a row ceased to be current: the one thing about a row that changes after it was written.
//!
//! Pages of 1,024 marks exist only where something was superseded; a page is copied once when a
//! view still shares it.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::time::Timestamp;
use crate::twin::table::{CHUNK_ROWS, place};

/// The known time from which each row of a table is no longer current.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    pages: Vec<Option<Arc<Vec<Timestamp>>>>,
    /// How many of the pages exist.
    n_pages: usize,
}

impl Marks {
    /// Says that row `number` is no longer current from `known_to` on.
    pub fn supersede(&mut self, number: u32, known_to: Timestamp) {
        let (page, index) = place(number);
        if self.pages.len() <= page {
            self.pages.resize(page + 1, None);
        }
        let Some(slot) = self.pages.get_mut(page) else { return };
        self.n_pages += usize::from(slot.is_none());
        let fresh = || Arc::new(vec![Timestamp::FOREVER; CHUNK_ROWS]);
        let marks = Arc::make_mut(slot.get_or_insert_with(fresh));
        if let Some(mark) = marks.get_mut(index) {
            *mark = known_to;
        }
    }

    /// When row `number` ceased to be current; `FOREVER` while it is.
    pub fn known_to(&self, number: u32) -> Timestamp {
        let (page, index) = place(number);
        let marks = self.pages.get(page).and_then(Option::as_ref);
        marks.and_then(|marks| marks.get(index)).copied().unwrap_or(Timestamp::FOREVER)
    }

    /// Every row that is no longer current, with when it ceased to be.
    pub fn superseded(&self) -> impl Iterator<Item = (u32, Timestamp)> {
        let pages = self.pages.iter().enumerate();
        let pages = pages.filter_map(|(page, marks)| Some((page, marks.as_ref()?)));
        pages.flat_map(|(page, marks)| {
            let numbered = marks.iter().enumerate();
            let superseded = numbered.filter(|(_, known_to)| **known_to != Timestamp::FOREVER);
            superseded.filter_map(move |(index, known_to)| {
                Some((u32::try_from(page * CHUNK_ROWS + index).ok()?, *known_to))
            })
        })
    }

    /// The rows of `range` that are no longer current, with when they ceased to be.
    pub fn superseded_in(&self, range: Range<u32>) -> impl Iterator<Item = (u32, Timestamp)> {
        let page = move |number: u32| place(number).0;
        let is_marked = move |number: &u32| self.of_chunk(page(*number)).is_some();
        let numbers = range.filter(is_marked).map(|number| (number, self.known_to(number)));
        numbers.filter(|(_, known_to)| *known_to != Timestamp::FOREVER)
    }

    /// Bytes of memory they take.
    pub fn size_bytes(&self) -> usize {
        let slots = self.pages.capacity() * size_of::<Option<Arc<Vec<Timestamp>>>>();
        slots + self.n_pages * CHUNK_ROWS * size_of::<Timestamp>()
    }

    /// The marks of one chunk of rows, `None` where all are current.
    pub fn of_chunk(&self, chunk: usize) -> Option<&Arc<Vec<Timestamp>>> {
        self.pages.get(chunk).and_then(Option::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_page_is_copied_once() {
        let mut marks = Marks::default();
        marks.supersede(5_000, Timestamp::from_micros(1));
        let view = marks.clone();
        marks.supersede(5_001, Timestamp::from_micros(2));
        assert_eq!(view.known_to(5_001), Timestamp::FOREVER);
        assert_eq!(marks.known_to(5_001).micros(), 2);
        assert_eq!(marks.known_to(5_000).micros(), 1);
        assert_eq!(marks.known_to(0), Timestamp::FOREVER);
    }
}
