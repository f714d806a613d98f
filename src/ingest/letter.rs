//! A dead letter: a record that could not be read or placed, in whole or in part, with why.
//!
//! It is named by where its record came from, `TOPIC-PARTITION-OFFSET`, and told from another of that name
//! (a topic that was made anew counts from zero again) by the hash of its key and bytes.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::domain::identity::SourcePosition;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::ingest::refused::Refused;
use crate::ingest::source::SourceRecord;

/// What was refused of one record; the record itself travels with it, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What was refused.
    pub problems: Vec<Problem>,
}

/// One thing that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The reason, from the fixed list.
    pub reason: Refusal,
    /// Where it stands in the record, as a JSON pointer; empty for the record itself.
    pub pointer: String,
    /// Its type, where it could be read.
    pub resource_type: String,
    /// The patient's identifier, where what was refused still says whose it is.
    pub patient: Option<String>,
    /// What was wrong and what was expected.
    pub message: String,
}

impl Problem {
    /// A refused entry, or a refused part of one.
    pub fn new(pointer: String, resource_type: &str, refused: Refused) -> Problem {
        Problem {
            reason: refused.reason,
            pointer,
            resource_type: resource_type.to_owned(),
            patient: None,
            message: refused.message,
        }
    }

    /// The same, about a patient; what was refused because it names none, or more than one, is about nobody.
    pub fn about(self, patient: Option<String>) -> Problem {
        let patient = patient.filter(|_| self.reason != Refusal::NoPatient);
        Problem { patient, ..self }
    }
}

/// The name of the letter about a record.
pub fn letter_id(position: &SourcePosition<'_>) -> String {
    format!("{}-{}-{}", position.topic, position.partition, position.offset)
}

/// The hash that tells two letters of one name apart: of key and bytes, where no key is not an empty one.
pub fn content_of(key: Option<&[u8]>, value: Option<&[u8]>) -> u64 {
    let mut hash = Xxh3::new();
    for part in [key, value] {
        let length = part.map_or(u64::MAX, |part| u64::try_from(part.len()).unwrap_or(u64::MAX));
        hash.update(&length.to_le_bytes());
        hash.update(part.unwrap_or_default());
    }
    hash.digest()
}

/// A dead letter as it is written into a file: one line of JSON.
#[derive(Debug, Deserialize, Serialize)]
pub struct LetterLine {
    /// The topic or file of the record.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The source as configured.
    pub source: String,
    /// When it was refused: what lay ahead of its arrival then does so for ever.
    #[serde(default)]
    pub refused_at: Option<String>,
    /// The source's timestamp of the record, where it has one.
    #[serde(default)]
    pub timestamp: Option<String>,
    /// What was refused.
    pub problems: Vec<ProblemLine>,
    /// The key, if it is text.
    pub key: Option<String>,
    /// The headers that are text.
    pub headers: Vec<(String, String)>,
    /// The bytes: as text where they are UTF-8.
    pub text: Option<String>,
    /// The bytes: as hexadecimal digits where they are not.
    pub hex: Option<String>,
}

/// One thing that was refused, as it is written.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct ProblemLine {
    /// The reason.
    pub reason: String,
    /// Where it stands.
    pub pointer: String,
    /// Its type.
    pub resource_type: String,
    /// The patient's identifier, where it says whose it is.
    #[serde(default)]
    pub patient: Option<String>,
    /// What was wrong.
    pub message: String,
}

impl LetterLine {
    /// The line of a letter about a record of a source, refused at `now`.
    pub fn new(
        source: &str,
        record: &SourceRecord<'_>,
        letter: &Letter,
        now: Timestamp,
    ) -> LetterLine {
        let text = std::str::from_utf8(record.payload).ok().map(str::to_owned);
        let hex = text.is_none().then(|| hex(record.payload));
        let headers = record.headers.iter();
        let timestamp = Some(record.timestamp).filter(|at| *at != Timestamp::MIN);
        LetterLine {
            topic: record.position.topic.to_string(),
            partition: record.position.partition,
            offset: record.position.offset,
            source: source.to_owned(),
            refused_at: Some(now.to_string()),
            timestamp: timestamp.map(|at| at.to_string()),
            problems: letter.problems.iter().map(ProblemLine::of).collect(),
            key: record.key.map(str::to_owned),
            headers: headers.map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            text,
            hex,
        }
    }
}

impl ProblemLine {
    /// A problem as it is written.
    pub fn of(problem: &Problem) -> ProblemLine {
        ProblemLine {
            reason: problem.reason.name().to_owned(),
            pointer: problem.pointer.clone(),
            resource_type: problem.resource_type.clone(),
            patient: problem.patient.clone(),
            message: problem.message.clone(),
        }
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}

/// The bytes of hexadecimal digits; `None` if they are none.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    let bytes = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_differ_by_key_and_bytes_and_no_bytes_are_not_empty_ones() {
        let all = [
            content_of(None, None),
            content_of(Some(b""), None),
            content_of(None, Some(b"")),
            content_of(Some(b"a"), Some(b"b")),
            content_of(Some(b"ab"), Some(b"")),
        ];
        let distinct: std::collections::BTreeSet<u64> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn hexadecimal_digits_come_back_as_bytes() {
        assert_eq!(unhex(&hex(&[0, 15, 255])), Some(vec![0, 15, 255]));
        assert_eq!((unhex("0"), unhex("0g")), (None, None));
    }
}
