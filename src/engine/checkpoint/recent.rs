//! What was read last from storage, up to so many bytes: who reads a patient's rows asks for the same blocks
//! many times.
//!
//! All segments of a partition share one, so that what it takes does not grow with them. Nothing is read while
//! it is locked.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes that are kept of each kind, unless a single one takes more.
const RECENT_BYTES_MAX: usize = 2 << 20;

/// What was read last, each under its key, with the bytes it takes.
#[derive(Debug)]
pub struct Recent<K, T> {
    held: Mutex<Held<K, T>>,
}

#[derive(Debug)]
struct Held<K, T> {
    /// The newest first.
    items: VecDeque<(K, T, usize)>,
    size_bytes: usize,
}

impl<K, T> Default for Recent<K, T> {
    fn default() -> Recent<K, T> {
        Recent { held: Mutex::new(Held { items: VecDeque::new(), size_bytes: 0 }) }
    }
}

impl<K: PartialEq, T: Clone> Recent<K, T> {
    fn lock(&self) -> MutexGuard<'_, Held<K, T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept under a key.
    pub fn get(&self, key: &K) -> Option<T> {
        let held = self.lock();
        let found = held.items.iter().find(|(known, ..)| known == key);
        found.map(|(_, item, _)| item.clone())
    }

    /// Keeps what was read, instead of what was kept under its key and of what was read first.
    pub fn put(&self, key: K, item: T, size_bytes: usize) {
        let mut held = self.lock();
        if let Some(place) = held.items.iter().position(|(known, ..)| *known == key) {
            let before = held.items.remove(place);
            held.size_bytes -= before.map_or(0, |(.., size_bytes)| size_bytes);
        }
        held.items.push_front((key, item, size_bytes));
        held.size_bytes += size_bytes;
        while RECENT_BYTES_MAX < held.size_bytes && 1 < held.items.len() {
            let first = held.items.pop_back();
            held.size_bytes -= first.map_or(0, |(.., size_bytes)| size_bytes);
        }
    }

    /// Keeps nothing of it. Gives how many bytes became free.
    pub fn clear(&self) -> usize {
        let mut held = self.lock();
        held.items.clear();
        std::mem::take(&mut held.size_bytes)
    }

    /// Bytes of memory it takes.
    pub fn size_bytes(&self) -> usize {
        self.lock().size_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_first_goes_first_and_one_is_always_kept() {
        let recent = Recent::default();
        let third = RECENT_BYTES_MAX / 3;
        (1..=4).for_each(|key| recent.put(key, key * 10, third));
        assert_eq!([1, 2, 3, 4].map(|key| recent.get(&key)), [None, Some(20), Some(30), Some(40)]);
        recent.put(2, 21, third);
        assert_eq!((recent.get(&2), recent.size_bytes()), (Some(21), 3 * third));
        recent.put(5, 50, 2 * RECENT_BYTES_MAX);
        assert_eq!((recent.get(&5), recent.size_bytes()), (Some(50), 2 * RECENT_BYTES_MAX));
        assert_eq!(recent.get(&2), None);
        assert_eq!((recent.clear(), recent.get(&5)), (2 * RECENT_BYTES_MAX, None));
    }
}
