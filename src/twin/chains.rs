//! The rows of each patient through a table that only grows, current or not, for readers: a question
//! about one patient reads that patient's rows and no other.
//!
//! ```text
//! newest[patient] ─► row ─before─► row ─before─► row      the last to come first
//! ```
//! Unlike the lists of `series` nothing here is ever changed but the beginning, so that snapshots share it.

use crate::twin::pages::Pages;
use crate::twin::statements::DIRECTORY;

/// No row.
const NONE: u32 = u32::MAX;

/// The chains through one table. Cloning them is cheap.
#[derive(Clone, Debug)]
pub struct Chains {
    newest: Pages<u32>,
    before: Pages<u32>,
    /// The newest row of what is about no patient.
    directory: u32,
}

impl Default for Chains {
    fn default() -> Chains {
        Chains { newest: Pages::default(), before: Pages::default(), directory: NONE }
    }
}

impl Chains {
    /// Puts the table's next row, which is of `patient`, at the beginning of that patient's chain.
    pub fn push(&mut self, patient: u32) {
        let row = u32::try_from(self.before.n_items()).expect("a table has fewer than 2^32 rows");
        let newest = if patient == DIRECTORY {
            Some(&mut self.directory)
        } else {
            let index = usize::try_from(patient).unwrap_or(usize::MAX);
            while self.newest.n_items() <= index {
                self.newest.push(NONE);
            }
            self.newest.get_mut(patient)
        };
        let before = newest.map_or(NONE, |newest| std::mem::replace(newest, row));
        self.before.push(before);
    }

    /// Bytes of memory they take.
    pub fn size_bytes(&self) -> usize {
        self.newest.size_bytes() + self.before.size_bytes()
    }

    /// The rows of a patient, the last to come first.
    pub fn walk(&self, patient: u32) -> impl Iterator<Item = u32> {
        let newest = match patient {
            DIRECTORY => Some(self.directory),
            patient => self.newest.get(patient).copied(),
        };
        let is_row = |row: &u32| *row != NONE;
        let before = move |row: &u32| self.before.get(*row).copied().filter(is_row);
        std::iter::successors(newest.filter(is_row), before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_patient_has_a_chain_and_a_clone_keeps_what_it_saw() {
        let mut chains = Chains::default();
        [7, 2_000, 7, DIRECTORY, 2_000, 7].into_iter().for_each(|patient| chains.push(patient));
        let seen = chains.clone();
        chains.push(7);
        let rows = |chains: &Chains, patient| chains.walk(patient).collect::<Vec<_>>();
        assert_eq!(rows(&chains, 7), [6, 5, 2, 0]);
        assert_eq!(rows(&seen, 7), [5, 2, 0]);
        assert_eq!(rows(&seen, 2_000), [4, 1]);
        assert_eq!(rows(&seen, DIRECTORY), [3]);
        assert_eq!([rows(&seen, 8), rows(&seen, 9_000)], [[0; 0]; 2]);
    }
}
