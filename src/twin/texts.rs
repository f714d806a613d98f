//! Texts that hardly ever repeat, such as resource ids: kept as they come, in Arrow string arrays.

use std::sync::Arc;

use arrow::array::{Array, StringArray};

use crate::twin::block::texts_array;
use crate::twin::table::{CHUNK_ROWS, place};

/// A growing list of texts; each keeps its number.
#[derive(Debug, Default)]
pub struct Texts {
    frozen: Vec<Arc<StringArray>>,
    /// The open texts, one after the other.
    open: String,
    /// Where each of them ends.
    ends: Vec<i32>,
}

impl Texts {
    /// The texts of chunks as a view gave them.
    pub fn of_chunks(chunks: &[Arc<StringArray>]) -> Texts {
        let mut texts = Texts::default();
        for text in chunks.iter().flat_map(|chunk| chunk.iter()) {
            texts.append(text.unwrap_or_default());
        }
        texts
    }

    /// Appends a text and gives its number; the text that was appended last keeps its number.
    pub fn push(&mut self, text: &str) -> u32 {
        let n_texts = self.n_texts();
        if n_texts.checked_sub(1).and_then(|last| self.get(last)) == Some(text) {
            return n_texts - 1;
        }
        self.append(text);
        n_texts
    }

    fn append(&mut self, text: &str) {
        self.open.push_str(text);
        self.ends.push(i32::try_from(self.open.len()).expect("1,024 texts of a record each fit"));
        if self.ends.len() == CHUNK_ROWS {
            let (open, ends) = (std::mem::take(&mut self.open), std::mem::take(&mut self.ends));
            self.frozen.push(Arc::new(texts_array(open, &ends)));
        }
    }

    /// The text of this number.
    pub fn get(&self, number: u32) -> Option<&str> {
        let (chunk, index) = place(number);
        match self.frozen.get(chunk) {
            Some(array) => (index < array.len()).then(|| array.value(index)),
            None if chunk == self.frozen.len() => {
                let start = index.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before));
                let place = |end: &i32| usize::try_from(*end).unwrap_or(usize::MAX);
                self.open.get(place(start?)..place(self.ends.get(index)?))
            }
            None => None,
        }
    }

    /// Every text in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.n_texts()).filter_map(|number| self.get(number))
    }

    /// Every text so far, for readers, in chunks of 1,024.
    pub fn view(&self) -> Vec<Arc<StringArray>> {
        let mut chunks = self.frozen.clone();
        if !self.ends.is_empty() {
            chunks.push(Arc::new(texts_array(self.open.clone(), &self.ends)));
        }
        chunks
    }

    fn n_texts(&self) -> u32 {
        let n_texts = self.frozen.len() * CHUNK_ROWS + self.ends.len();
        u32::try_from(n_texts).expect("a table is sealed long before 2^32 rows")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_numbers_across_chunks() {
        let mut texts = Texts::default();
        for number in 0..2_100_u32 {
            let text = number.to_string();
            assert_eq!(texts.push(&text), number);
            assert_eq!(texts.push(&text), number);
        }
        assert_eq!((texts.get(7), texts.get(2_099)), (Some("7"), Some("2099")));
        assert_eq!(texts.get(2_100), None);
        assert_eq!(texts.view().iter().map(|chunk| chunk.len()).sum::<usize>(), 2_100);
    }
}
