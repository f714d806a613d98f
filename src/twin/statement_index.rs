//! Finds statements: those of a patient on a topic, and those of a resource.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::twin::series::Lists;
use crate::twin::statements::Statements;

/// The lists of current statements, and the index by identity of all.
#[derive(Debug, Default)]
pub struct StatementIndex {
    lists: Lists,
    keys: HashTable<u32>,
}

fn hash(patient: u32, key: u64) -> u64 {
    key ^ xxh3_64(&patient.to_le_bytes())
}

impl StatementIndex {
    /// Adds a statement, current or not, to the index by identity.
    pub fn add(&mut self, rows: &Statements, number: u32) {
        let hash_of = |number: u32| {
            let row = rows.row(number);
            hash(row.patient, row.key)
        };
        self.keys.insert_unique(hash_of(number), number, |number| hash_of(*number));
    }

    /// The statements of a resource, current or not.
    pub fn with_key(&self, rows: &Statements, patient: u32, key: u64) -> impl Iterator<Item = u32> {
        let same = move |number: &u32| {
            let row = rows.row(*number);
            row.key == key && row.patient == patient
        };
        self.keys.iter_hash(hash(patient, key)).copied().filter(same)
    }

    /// Puts a current statement into the list of its patient and topic.
    pub fn insert(&mut self, rows: &Statements, number: u32) {
        self.lists.insert(rows, number);
    }

    /// Takes a statement that ceased to be current out of its list.
    pub fn remove(&mut self, rows: &Statements, number: u32) {
        self.lists.remove(rows, number);
    }

    /// The current statements of a list, the latest start first.
    pub fn walk(&self, list: (u32, u16)) -> impl Iterator<Item = u32> {
        self.lists.walk(list)
    }
}
