//! What became of everything that was read (IN-1): nothing is lost without being counted.

use std::collections::BTreeMap;

use crate::domain::refusal::{Refusal, Unusable};

/// Counts of one run, or of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records read.
    pub n_records: u64,
    /// Bytes of them.
    pub n_bytes: u64,
    /// Events appended to the log.
    pub n_events: u64,
    /// Facts in them.
    pub n_facts: u64,
    /// Resources by type.
    pub by_type: BTreeMap<String, TypeTally>,
    /// Whole records and entries that were refused, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// Parts of resources that were refused alone, by reason.
    pub refused_parts: BTreeMap<Refusal, u64>,
    /// Results that cannot be used, by reason.
    pub unusable: BTreeMap<Unusable, u64>,
}

/// Counts of one type of resource: read = facts + not used + dead letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypeTally {
    /// Resources read.
    pub read: u64,
    /// Resources that became facts.
    pub facts: u64,
    /// Resources of a type that is not used.
    pub not_used: u64,
    /// Resources that became dead letters.
    pub dead_letters: u64,
}

impl Tally {
    /// The counts of all types together.
    pub fn resources(&self) -> TypeTally {
        self.by_type.values().fold(TypeTally::default(), |sum, one| TypeTally {
            read: sum.read + one.read,
            facts: sum.facts + one.facts,
            not_used: sum.not_used + one.not_used,
            dead_letters: sum.dead_letters + one.dead_letters,
        })
    }

    /// The counts of a type.
    pub fn of_type(&mut self, name: &str) -> &mut TypeTally {
        let name = if name.is_empty() { UNREADABLE } else { name };
        if !self.by_type.contains_key(name) {
            self.by_type.insert(name.to_owned(), TypeTally::default());
        }
        self.by_type.get_mut(name).expect("it was just inserted")
    }
}

/// What a resource whose type could not be read is counted as.
pub const UNREADABLE: &str = "(unreadable)";
