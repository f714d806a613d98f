//! Finds statements: those of a patient on a topic, and those of a resource.

use hashbrown::{HashMap, HashTable};

use crate::domain::event::ResourceKind;
use crate::twin::hash::{self, Numbers};
use crate::twin::series::{Lists, Rows};
use crate::twin::statements::{DIRECTORY, Statements, Topic};

/// The lists of current statements, and the index by identity of all.
#[derive(Debug, Default)]
pub struct StatementIndex {
    lists: Lists,
    /// By patient, a bit for each list (modulo 64) that ever had a statement: most questions are about
    /// states that nobody ever spoke of.
    spoken_of: Vec<u64>,
    keys: HashTable<u32>,
    /// The newest statement of each patient, current or not, and of each the one before it.
    newest: HashMap<u32, u32, Numbers>,
    before: Vec<Option<u32>>,
    /// A bit for each kind of resource that ever made a statement: the values of a feed make none.
    kinds: u64,
}

/// The bit of a list.
fn bit(list: u16) -> u64 {
    1 << (list % 64)
}

impl StatementIndex {
    /// Adds a statement, current or not, to the index by identity.
    pub fn add(&mut self, rows: &Statements, number: u32) {
        let hash_of = |number: u32| {
            let row = rows.row(number);
            hash::of_key(row.patient, row.key)
        };
        self.kinds |= bit(Topic::Kind(rows.row(number).kind).list());
        self.keys.insert_unique(hash_of(number), number, |number| hash_of(*number));
        // Statements get their numbers one after the other, so each finds its own place here.
        self.before.push(self.newest.insert(rows.row(number).patient, number));
    }

    /// Every statement of a patient, current or not, the newest first.
    pub fn of_patient(&self, patient: u32) -> impl Iterator<Item = u32> {
        let before = |number: &u32| {
            let index = usize::try_from(*number).unwrap_or(usize::MAX);
            self.before.get(index).copied().flatten()
        };
        std::iter::successors(self.newest.get(&patient).copied(), before)
    }

    /// Whether a resource of this kind may have made a statement.
    pub fn holds(&self, kind: ResourceKind) -> bool {
        self.kinds & bit(Topic::Kind(kind).list()) != 0
    }

    /// The statements of a resource, current or not.
    pub fn with_key(&self, rows: &Statements, patient: u32, key: u64) -> impl Iterator<Item = u32> {
        let same = move |number: &u32| {
            let row = rows.row(*number);
            row.key == key && row.patient == patient
        };
        self.keys.iter_hash(hash::of_key(patient, key)).copied().filter(same)
    }

    /// Bytes of memory it takes.
    pub fn size_bytes(&self) -> usize {
        let places = size_of::<u64>() * self.spoken_of.capacity()
            + (size_of::<u32>() + 1) * self.keys.capacity()
            + (size_of::<(u32, u32)>() + 1) * self.newest.capacity()
            + size_of::<Option<u32>>() * self.before.capacity();
        places + self.lists.size_bytes()
    }

    /// Puts a current statement into the list of its patient and topic.
    pub fn insert(&mut self, rows: &Statements, number: u32) {
        let (patient, list) = rows.list_of(number);
        let index = usize::try_from(patient).unwrap_or(usize::MAX);
        // What is about no patient is not counted by patients.
        if patient != DIRECTORY {
            if self.spoken_of.len() <= index {
                self.spoken_of.resize(index + 1, 0);
            }
            if let Some(bits) = self.spoken_of.get_mut(index) {
                *bits |= bit(list);
            }
        }
        self.lists.insert(rows, number);
    }

    /// Takes a statement that ceased to be current out of its list.
    pub fn remove(&mut self, rows: &Statements, number: u32) {
        self.lists.remove(rows, number);
    }

    /// The current statements of a list, the latest start first.
    pub fn walk(&self, (patient, list): (u32, u16)) -> impl Iterator<Item = u32> {
        let index = usize::try_from(patient).unwrap_or(usize::MAX);
        let bits = self.spoken_of.get(index).copied().unwrap_or(0);
        let may_be = patient == DIRECTORY || bits & bit(list) != 0;
        may_be.then(|| self.lists.walk((patient, list))).into_iter().flatten()
    }
}
