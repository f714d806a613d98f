//! A dead letter: a record that could not be read or placed, in whole or in part, with why.

use serde::{Deserialize, Serialize};

use crate::domain::refusal::Refusal;
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
    /// What was wrong and what was expected.
    pub message: String,
}

impl Problem {
    /// A refused entry, or a refused part of one.
    pub fn new(pointer: String, resource_type: &str, refused: Refused) -> Problem {
        let resource_type = resource_type.to_owned();
        Problem { reason: refused.reason, pointer, resource_type, message: refused.message }
    }
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
#[derive(Debug, Deserialize, Serialize)]
pub struct ProblemLine {
    /// The reason.
    pub reason: String,
    /// Where it stands.
    pub pointer: String,
    /// Its type.
    pub resource_type: String,
    /// What was wrong.
    pub message: String,
}

impl LetterLine {
    /// The line of a letter about a record of a source.
    pub fn new(source: &str, record: &SourceRecord<'_>, letter: &Letter) -> LetterLine {
        let text = std::str::from_utf8(record.payload).ok().map(str::to_owned);
        let hex = text.is_none().then(|| hex(record.payload));
        let headers = record.headers.iter();
        LetterLine {
            topic: record.position.topic.to_string(),
            partition: record.position.partition,
            offset: record.position.offset,
            source: source.to_owned(),
            problems: letter.problems.iter().map(problem_line).collect(),
            key: record.key.map(str::to_owned),
            headers: headers.map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            text,
            hex,
        }
    }
}

fn problem_line(problem: &Problem) -> ProblemLine {
    ProblemLine {
        reason: problem.reason.name().to_owned(),
        pointer: problem.pointer.clone(),
        resource_type: problem.resource_type.clone(),
        message: problem.message.clone(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}
