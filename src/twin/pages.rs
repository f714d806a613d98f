//! A list that a writer changes in place and readers see as it was: pages copied on write.

use std::sync::Arc;

use crate::twin::table::{CHUNK_ROWS, place};

/// A growing list of `T` in pages of 1,024. Cloning it shares every page.
#[derive(Clone, Debug)]
pub struct Pages<T> {
    pages: Vec<Arc<Vec<T>>>,
}

impl<T> Default for Pages<T> {
    fn default() -> Pages<T> {
        Pages { pages: Vec::new() }
    }
}

impl<T: Clone> Pages<T> {
    /// Appends an item and gives its number.
    pub fn push(&mut self, item: T) -> u32 {
        let number = u32::try_from(self.n_items()).expect("fewer than 2^32 items");
        match self.pages.last_mut().filter(|page| page.len() < CHUNK_ROWS) {
            Some(page) => Arc::make_mut(page).push(item),
            None => {
                let mut page = Vec::with_capacity(CHUNK_ROWS);
                page.push(item);
                self.pages.push(Arc::new(page));
            }
        }
        number
    }

    /// The list of these items.
    pub fn of(items: impl IntoIterator<Item = T>) -> Pages<T> {
        let mut pages = Pages::default();
        items.into_iter().for_each(|item| _ = pages.push(item));
        pages
    }

    /// How many items it holds.
    pub fn n_items(&self) -> usize {
        let full = self.pages.len().saturating_sub(1) * CHUNK_ROWS;
        full + self.pages.last().map_or(0, |page| page.len())
    }

    /// Gives back the room of a page that is not full and that nobody shares: the list does not grow any more.
    pub fn shrink_to_fit(&mut self) {
        if let Some(page) = self.pages.last_mut().and_then(Arc::get_mut) {
            page.shrink_to_fit();
        }
        self.pages.shrink_to_fit();
    }

    /// Bytes of memory its items take, without what they point to.
    pub fn size_bytes(&self) -> usize {
        let last = self.pages.last().map_or(0, |page| page.capacity());
        let n_items = self.pages.len().saturating_sub(1) * CHUNK_ROWS + last;
        n_items * size_of::<T>() + self.pages.capacity() * size_of::<Arc<Vec<T>>>()
    }

    /// The item of this number.
    #[inline]
    pub fn get(&self, number: u32) -> Option<&T> {
        let (page, index) = place(number);
        self.pages.get(page)?.get(index)
    }

    /// The item of this number, to change it; the page is copied if a reader shares it.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let (page, index) = place(number);
        Arc::make_mut(self.pages.get_mut(page)?).get_mut(index)
    }

    /// Every item in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.pages.iter().flat_map(|page| page.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let mut list = Pages::default();
        (0..3_000).for_each(|item| assert_eq!(list.push(item), item));
        let seen = list.clone();
        *list.get_mut(1_500).unwrap() = 0;
        list.push(9);
        assert_eq!((seen.get(1_500), seen.n_items()), (Some(&1_500), 3_000));
        assert_eq!((list.get(1_500), list.get(3_000)), (Some(&0), Some(&9)));
        assert_eq!(list.iter().count(), 3_001);
    }
}
