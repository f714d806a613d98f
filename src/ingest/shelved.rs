//! A dead letter as it lies on its shelf, a topic or a file, read back whole.

use std::borrow::Cow;

use xxhash_rust::xxh3::Xxh3;

use crate::domain::identity::SourcePosition;
use crate::domain::moment::Moment;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::ingest::letter::{LetterLine, ProblemLine, content_of, letter_id, unhex};
use crate::ingest::mark::Mark;
use crate::ingest::source::SourceRecord;

/// What lies on a shelf.
#[derive(Clone, Debug)]
pub enum Shelved {
    /// A letter.
    Letter(Box<ShelvedLetter>),
    /// What became of one.
    Mark(Mark),
    /// Neither: somebody else wrote it.
    Foreign,
}

/// A letter, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShelvedLetter {
    /// Where its record came from.
    pub position: SourcePosition<'static>,
    /// The hash of its key and bytes.
    pub content: u64,
    /// The source as configured then.
    pub source: String,
    /// When it was refused.
    pub refused_at: Timestamp,
    /// The source's timestamp of the record; `Timestamp::MIN` where it has none.
    pub timestamp: Timestamp,
    /// What was refused: the first of them.
    pub problems: Vec<ProblemLine>,
    /// How many things were refused.
    pub n_problems: usize,
    /// The key of the record.
    pub key: Option<Vec<u8>>,
    /// Its headers, in their order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Its bytes.
    pub value: ShelvedValue,
}

/// The bytes of a letter's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShelvedValue {
    /// It had none: a deletion.
    Null,
    /// Here they are.
    Bytes(Vec<u8>),
    /// In the object storage, under this name.
    Stored {
        /// The object.
        name: String,
        /// How many.
        size_bytes: u64,
    },
    /// Only where the record came from.
    LeftAtSource {
        /// Why they are not kept.
        why: String,
        /// How many.
        size_bytes: u64,
    },
}

impl ShelvedLetter {
    /// Its name.
    pub fn id(&self) -> String {
        letter_id(&self.position)
    }

    /// What tells it from every other letter: two of one identity are one letter, written twice.
    pub fn identity(&self) -> u64 {
        identity_of(&self.id(), self.content)
    }

    /// The reason of its first problem.
    pub fn reason(&self) -> &str {
        self.problems.first().map_or("", |problem| problem.reason.as_str())
    }

    /// Where reading ended.
    pub fn stage(&self) -> &'static str {
        Refusal::named(self.reason()).map_or("", Refusal::stage)
    }

    /// The record, with these bytes, as it arrived.
    pub fn record<'r>(&'r self, payload: &'r [u8]) -> SourceRecord<'r> {
        let headers = self.headers.iter().filter_map(|(name, value)| {
            let value = std::str::from_utf8(value.as_deref()?).ok()?;
            Some((Cow::Borrowed(name.as_str()), Cow::Borrowed(value)))
        });
        let SourcePosition { topic, partition, offset } = &self.position;
        SourceRecord {
            position: SourcePosition::new(topic.as_ref(), *partition, *offset),
            key: self.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()),
            headers: headers.collect(),
            payload,
            timestamp: self.timestamp,
            raw_key: self.key.as_deref(),
        }
    }

    /// The letter of a line; `None` if its bytes are no hexadecimal digits.
    pub fn of_line(line: LetterLine) -> Option<ShelvedLetter> {
        let bytes = match (line.text, line.hex) {
            (Some(text), _) => text.into_bytes(),
            (None, Some(hex)) => unhex(&hex)?,
            (None, None) => Vec::new(),
        };
        let headers = line.headers.into_iter();
        let key = line.key.map(String::into_bytes);
        let instant = |text: Option<String>| text.as_deref().and_then(instant);
        Some(ShelvedLetter {
            position: SourcePosition::new(line.topic, line.partition, line.offset),
            content: content_of(key.as_deref(), Some(&bytes)),
            source: line.source,
            refused_at: instant(line.refused_at).unwrap_or(Timestamp::MIN),
            timestamp: instant(line.timestamp).unwrap_or(Timestamp::MIN),
            n_problems: line.problems.len(),
            problems: line.problems,
            key,
            headers: headers.map(|(name, value)| (name, Some(value.into_bytes()))).collect(),
            value: ShelvedValue::Bytes(bytes),
        })
    }
}

/// The identity of a letter of this name and content.
pub fn identity_of(id: &str, content: u64) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&content.to_le_bytes());
    hash.update(id.as_bytes());
    hash.digest()
}

/// An instant as we write it.
pub fn instant(text: &str) -> Option<Timestamp> {
    match Moment::parse(text) {
        Ok(Moment::Instant { at, .. }) => Some(at),
        _ => None,
    }
}
