//! What did not get in: the letters on a shelf, each counted once, and what became of them.
//!
//! A letter may lie there twice (a file that was replayed twice, an instance of an older version that was killed):
//! two of one identity are one letter. A mark closes its letter, however often either is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::time::Timestamp;
use crate::engine::letters::{FolderShelf, LetterFileError};
use crate::ingest::mark::{Mark, Outcome};
use crate::ingest::shelved::{Shelved, ShelvedLetter, identity_of};
use crate::kafka::failure::KafkaFailure;
use crate::kafka::letter_shelf::KafkaShelf;

/// Where letters lie.
#[derive(Clone, Debug)]
pub enum Shelf {
    /// The topic of an instance.
    Kafka(KafkaShelf),
    /// The files of a data folder.
    Folder(FolderShelf),
}

/// Why letters cannot be read or marked.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// A data folder.
    #[error(transparent)]
    File(#[from] LetterFileError),
}

impl Shelf {
    /// Hands on everything that lies there, letters before their marks.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&self, each: &mut dyn FnMut(Shelved)) -> Result<(), ShelfError> {
        match self {
            Shelf::Kafka(shelf) => Ok(shelf.read(each)?),
            Shelf::Folder(shelf) => Ok(shelf.read(each)?),
        }
    }

    /// Closes letters.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn mark(&self, marks: &[Mark]) -> Result<(), ShelfError> {
        match self {
            _ if marks.is_empty() => Ok(()),
            Shelf::Kafka(shelf) => Ok(shelf.mark(marks)?),
            Shelf::Folder(shelf) => Ok(shelf.mark(marks)?),
        }
    }

    /// What became of letters, by their identity.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn closed(&self) -> Result<BTreeMap<u64, Mark>, ShelfError> {
        let mut closed = BTreeMap::new();
        self.read(&mut |one| {
            if let Shelved::Mark(mark) = one {
                closed.insert(identity_of_mark(&mark), mark);
            }
        })?;
        Ok(closed)
    }

    /// The letters of a name, the oldest first: several where a topic was made anew.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn find(&self, id: &str) -> Result<Vec<(ShelvedLetter, Option<Mark>)>, ShelfError> {
        let mut found: Vec<(ShelvedLetter, Option<Mark>)> = Vec::new();
        self.read(&mut |one| match one {
            Shelved::Letter(letter) if letter.id() == id => {
                if found.iter().all(|(known, _)| known.content != letter.content) {
                    found.push((*letter, None));
                }
            }
            Shelved::Mark(mark) if mark.letter == id => {
                for (letter, closed) in &mut found {
                    if letter.identity() == identity_of_mark(&mark) {
                        *closed = Some(mark.clone());
                    }
                }
            }
            Shelved::Letter(_) | Shelved::Mark(_) | Shelved::Foreign => {}
        })?;
        Ok(found)
    }

    /// Counts letters by reason, stage and topic, the most open ones first.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn count(&self) -> Result<Counts, ShelfError> {
        let mut counting = Counting { closed: self.closed()?, ..Counting::default() };
        self.read(&mut |one| match one {
            Shelved::Letter(letter) => counting.add(&letter),
            Shelved::Mark(_) => {}
            Shelved::Foreign => counting.n_foreign += 1,
        })?;
        let Counting { mut groups, n_foreign, .. } = counting;
        groups.sort_by(|a, b| b.n_open.cmp(&a.n_open).then_with(|| a.reason.cmp(&b.reason)));
        Ok(Counts { groups, n_foreign })
    }
}

/// The identity of the letter that a mark closes.
pub fn identity_of_mark(mark: &Mark) -> u64 {
    identity_of(&mark.letter, u64::from_str_radix(&mark.content, 16).unwrap_or(0))
}

/// Letters, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By reason, stage and topic.
    pub groups: Vec<Group>,
    /// Records of the topic that nobody here wrote.
    pub n_foreign: u64,
}

/// Letters of one reason, stage and topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The reason of their first problem.
    pub reason: String,
    /// Where reading ended.
    pub stage: String,
    /// The topic or file they came from.
    pub topic: String,
    /// How many wait.
    pub n_open: u64,
    /// How many were read since.
    pub n_retried: u64,
    /// How many need not be read.
    pub n_dropped: u64,
    /// When the first of them was refused.
    pub first_at: Timestamp,
    /// When the last was.
    pub last_at: Timestamp,
    /// The name of the newest that waits; of the newest at all, where none does.
    pub example: String,
    /// What was wrong with it.
    pub message: String,
}

/// Letters on their way into counts: of each only its identity is kept, because a topic may hold a million.
#[derive(Default)]
struct Counting {
    closed: BTreeMap<u64, Mark>,
    seen: BTreeSet<u64>,
    groups: Vec<Group>,
    n_foreign: u64,
}

impl Counting {
    fn add(&mut self, letter: &ShelvedLetter) {
        let identity = letter.identity();
        if !self.seen.insert(identity) {
            return;
        }
        let outcome = self.closed.get(&identity).map(|mark| mark.outcome);
        let (reason, topic) = (letter.reason(), letter.position.topic.as_ref());
        let is_it = |group: &&mut Group| group.reason == reason && group.topic == topic;
        let group = match self.groups.iter_mut().find(is_it) {
            Some(group) => group,
            None => {
                self.groups.push(Group::of(letter));
                self.groups.last_mut().expect("it was just pushed")
            }
        };
        group.first_at = group.first_at.min(letter.refused_at);
        group.last_at = group.last_at.max(letter.refused_at);
        match outcome {
            None => group.n_open += 1,
            Some(Outcome::Retried) => group.n_retried += 1,
            Some(Outcome::Dropped) => group.n_dropped += 1,
        }
        if outcome.is_none() || group.n_open == 0 {
            let message = letter.problems.first().map_or("", |problem| problem.message.as_str());
            (group.example, group.message) = (letter.id(), message.to_owned());
        }
    }
}

impl Group {
    /// The group of a letter, before anything is counted.
    fn of(letter: &ShelvedLetter) -> Group {
        Group {
            reason: letter.reason().to_owned(),
            stage: letter.stage().to_owned(),
            topic: letter.position.topic.to_string(),
            n_open: 0,
            n_retried: 0,
            n_dropped: 0,
            first_at: letter.refused_at,
            last_at: letter.refused_at,
            example: String::new(),
            message: String::new(),
        }
    }
}
