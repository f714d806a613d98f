//! Names that occur again and again, as numbers: patients, codes, devices, topics.

use std::sync::Arc;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::twin::pages::Pages;

/// Texts and their numbers, from 0 in the order of their first appearance.
#[derive(Debug, Default)]
pub struct Interner {
    texts: Pages<Arc<str>>,
    /// The hash of each text, by its number.
    hashes: Vec<u64>,
    numbers: HashTable<Known>,
    n_text_bytes: usize,
}

/// A text that was seen. It stands here too, so that finding it touches nothing else.
#[derive(Debug)]
struct Known {
    hash: u64,
    text: Arc<str>,
    number: u32,
}

impl Interner {
    /// The texts with the numbers that their order gives.
    pub fn of_texts<'t>(texts: impl Iterator<Item = &'t str>) -> Interner {
        let mut interner = Interner::default();
        texts.for_each(|text| _ = interner.intern(text));
        interner
    }

    /// The number of `text`, which is remembered.
    pub fn intern(&mut self, text: &str) -> u32 {
        let hash = xxh3_64(text.as_bytes());
        if let Some(number) = self.find(hash, text) {
            return number;
        }
        let text: Arc<str> = Arc::from(text);
        let number = self.texts.push(text.clone());
        self.n_text_bytes += text.len();
        self.hashes.push(hash);
        self.numbers.insert_unique(hash, Known { hash, text, number }, |known| known.hash);
        number
    }

    /// The number of `text`, if it was seen.
    pub fn number(&self, text: &str) -> Option<u32> {
        self.find(xxh3_64(text.as_bytes()), text)
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &str {
        self.texts.get(number).expect("the number was given by intern")
    }

    /// The XXH3 of the text of a number.
    #[inline]
    pub fn hash(&self, number: u32) -> u64 {
        let hash = usize::try_from(number).ok().and_then(|index| self.hashes.get(index));
        *hash.expect("the number was given by intern")
    }

    /// Every text in the order of its number; cloning it is cheap.
    pub fn texts(&self) -> &Pages<Arc<str>> {
        &self.texts
    }

    /// Bytes of memory they take, within a few percent: each text stands once, behind two pointers with its hash.
    pub fn size_bytes(&self) -> usize {
        let counts = 2 * size_of::<usize>();
        let texts = self.n_text_bytes + self.hashes.len() * counts;
        let table = self.numbers.capacity() * (size_of::<Known>() + 1);
        texts + self.texts.size_bytes() + self.hashes.capacity() * size_of::<u64>() + table
    }

    fn find(&self, hash: u64, text: &str) -> Option<u32> {
        // To compare no bytes at all is what some machines are slowest at.
        let is_alike =
            |known: &str| known.len() == text.len() && (text.is_empty() || known == text);
        let same = |known: &Known| known.hash == hash && is_alike(&known.text);
        self.numbers.find(hash, same).map(|known| known.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_number() {
        let mut names = Interner::default();
        assert_eq!([names.intern("a"), names.intern("b"), names.intern("a")], [0, 1, 0]);
        assert_eq!((names.text(1), names.number("c")), ("b", None));
        assert_eq!(names.hash(1), xxh3_64(b"b"));
    }
}
