//! The headers of a dead letter on Kafka: those of its record first, in their order and to the byte, then ours.
//!
//! ```text
//! theirs  … as they came
//! Connect __connect.errors.topic, .partition, .offset, .connector.name, .task.id, .stage, .class.name,
//!         .exception.class.name, .exception.message      for tools that read dead letters of Kafka Connect
//! ours    twin_n_headers (how many are theirs), twin_id, twin_reason, twin_stage, twin_pointer, …
//! ```
//! A record that is itself a dead letter has such headers already: the last of a name counts.

use std::collections::BTreeMap;

use crate::domain::identity::SourcePosition;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::ingest::letter::{Letter, Problem, ProblemLine, content_of, letter_id};
use crate::ingest::shelved::{ShelvedLetter, ShelvedValue, identity_of, instant};

/// Headers as Kafka has them.
pub type Headers = Vec<(String, Option<Vec<u8>>)>;

/// Problems written out in a letter; how many there are is said too. A Bundle of ten thousand broken entries
/// would have headers of a megabyte.
const PROBLEMS_WRITTEN_MAX: usize = 100;
/// Bytes of a message; ours are short, a sender's odd field name may not be.
const MESSAGE_CHARS_MAX: usize = 500;

const N_HEADERS: &str = "twin_n_headers";
const ID: &str = "twin_id";
const CONTENT: &str = "twin_content";
const REASON: &str = "twin_reason";
const STAGE: &str = "twin_stage";
const POINTER: &str = "twin_pointer";
const PROBLEMS: &str = "twin_problems";
const N_PROBLEMS: &str = "twin_n_problems";
const SOURCE: &str = "twin_source";
const TOPIC: &str = "twin_source_topic";
const PARTITION: &str = "twin_source_partition";
const OFFSET: &str = "twin_source_offset";
const TIMESTAMP: &str = "twin_source_timestamp";
const REFUSED_AT: &str = "twin_refused_at";
const VALUE_BYTES: &str = "twin_value_bytes";
const VALUE_OBJECT: &str = "twin_value_object";
const VALUE_LEFT: &str = "twin_value_left";

/// Where the bytes of a letter are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// In the letter.
    Here,
    /// In the object storage, under this name.
    Stored(String),
    /// Where they came from, and why only there.
    LeftAtSource(String),
}

/// What a letter is written from.
pub struct ToSend<'l> {
    /// The source as configured.
    pub source: &'l str,
    /// The consumer group, for tools that ask for a connector's name.
    pub group: &'l str,
    /// Where the record lies.
    pub position: SourcePosition<'l>,
    /// The source's timestamp of it.
    pub timestamp: Timestamp,
    /// The time it is.
    pub now: Timestamp,
    /// Its key.
    pub key: Option<&'l [u8]>,
    /// Its headers.
    pub headers: Headers,
    /// Its bytes.
    pub value: Option<&'l [u8]>,
    /// Where they are.
    pub carried: Carried,
    /// What was refused.
    pub letter: &'l Letter,
}

impl ToSend<'_> {
    /// What tells the letter from every other.
    pub fn identity(&self) -> u64 {
        identity_of(&letter_id(&self.position), content_of(self.key, self.value))
    }

    /// The headers of the letter: the record's, Connect's, ours.
    pub fn headers(&self) -> Headers {
        let position = &self.position;
        let first = self.letter.problems.first();
        let reason = first.map_or(Refusal::Undecodable, |problem| problem.reason);
        let message = first.map_or("", |problem| problem.message.as_str());
        let problems = self.letter.problems.iter().take(PROBLEMS_WRITTEN_MAX).map(short);
        let problems = serde_json::to_string(&problems.collect::<Vec<_>>()).unwrap_or_default();
        let content = content_of(self.key, self.value);
        let texts = [
            ("__connect.errors.topic", position.topic.to_string()),
            ("__connect.errors.partition", position.partition.to_string()),
            ("__connect.errors.offset", position.offset.to_string()),
            ("__connect.errors.connector.name", self.group.to_owned()),
            ("__connect.errors.task.id", "0".to_owned()),
            ("__connect.errors.stage", connect_stage(reason).to_owned()),
            ("__connect.errors.class.name", "twinstream.ingest.Decoder".to_owned()),
            ("__connect.errors.exception.class.name", format!("twinstream.{}", reason.name())),
            ("__connect.errors.exception.message", cut(message)),
            (N_HEADERS, self.headers.len().to_string()),
            (ID, letter_id(position)),
            (CONTENT, format!("{content:016x}")),
            (REASON, reason.name().to_owned()),
            (STAGE, reason.stage().to_owned()),
            (POINTER, first.map_or_else(String::new, |problem| cut(&problem.pointer))),
            (PROBLEMS, problems),
            (N_PROBLEMS, self.letter.problems.len().to_string()),
            (SOURCE, self.source.to_owned()),
            (TOPIC, position.topic.to_string()),
            (PARTITION, position.partition.to_string()),
            (OFFSET, position.offset.to_string()),
            (REFUSED_AT, self.now.to_string()),
            (VALUE_BYTES, self.value.map_or(0, <[u8]>::len).to_string()),
        ];
        let dated = Some(self.timestamp).filter(|at| *at != Timestamp::MIN);
        let dated = dated.map(|at| (TIMESTAMP, at.to_string()));
        let value = match &self.carried {
            Carried::Here => None,
            Carried::Stored(name) => Some((VALUE_OBJECT, name.clone())),
            Carried::LeftAtSource(why) => Some((VALUE_LEFT, cut(why))),
        };
        let ours = texts.into_iter().chain(dated).chain(value);
        let ours = ours.map(|(name, text)| (name.to_owned(), Some(text.into_bytes())));
        self.headers.iter().cloned().chain(ours).collect()
    }
}

/// Connect's name of the stage: it converts a value, then transforms what it holds.
const fn connect_stage(reason: Refusal) -> &'static str {
    match reason {
        Refusal::Undecodable | Refusal::TooLarge => "VALUE_CONVERTER",
        Refusal::NoPatient | Refusal::BadTime | Refusal::FutureTime => "TRANSFORMATION",
    }
}

fn short(problem: &Problem) -> ProblemLine {
    let line = ProblemLine::of(problem);
    ProblemLine { pointer: cut(&line.pointer), message: cut(&line.message), ..line }
}

fn cut(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}

/// The letter of a record of the topic; `None` if it is none of ours.
pub fn letter_of(
    key: Option<&[u8]>,
    headers: Headers,
    value: Option<&[u8]>,
) -> Option<ShelvedLetter> {
    let texts = headers.iter().filter_map(|(name, value)| {
        Some((name.as_str(), std::str::from_utf8(value.as_deref()?).ok()?))
    });
    let ours: BTreeMap<&str, &str> = texts.collect();
    let text = |name: &str| ours.get(name).copied();
    let position = SourcePosition::new(
        text(TOPIC)?.to_owned(),
        text(PARTITION)?.parse().ok()?,
        text(OFFSET)?.parse().ok()?,
    );
    let problems: Vec<ProblemLine> = serde_json::from_str(text(PROBLEMS)?).ok()?;
    let size_bytes = text(VALUE_BYTES).and_then(|size| size.parse().ok()).unwrap_or(0);
    let shelved = match (text(VALUE_OBJECT), text(VALUE_LEFT), value) {
        (Some(name), ..) => ShelvedValue::Stored { name: name.to_owned(), size_bytes },
        (None, Some(why), _) => ShelvedValue::LeftAtSource { why: why.to_owned(), size_bytes },
        (None, None, Some(bytes)) => ShelvedValue::Bytes(bytes.to_vec()),
        (None, None, None) => ShelvedValue::Null,
    };
    let content = text(CONTENT).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let n_theirs = text(N_HEADERS).and_then(|n| n.parse().ok());
    let n_problems = text(N_PROBLEMS).and_then(|n| n.parse().ok()).unwrap_or(problems.len());
    let at = |name: &str| text(name).and_then(instant).unwrap_or(Timestamp::MIN);
    Some(ShelvedLetter {
        position,
        content: content.unwrap_or_else(|| content_of(key, value)),
        source: text(SOURCE).unwrap_or_default().to_owned(),
        refused_at: at(REFUSED_AT),
        timestamp: at(TIMESTAMP),
        problems,
        n_problems,
        key: key.map(<[u8]>::to_vec),
        // A letter of an older version does not say how many are its record's: those before the first of ours.
        headers: match n_theirs {
            Some(n) => headers.iter().take(n).cloned().collect(),
            None => headers.iter().take_while(|(name, _)| name != REASON).cloned().collect(),
        },
        value: shelved,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::refused::Refused;

    fn letter(n_problems: usize) -> Letter {
        let refused = || Refused::new(Refusal::BadTime, "issued: expected a time");
        let problem = || Problem::new("/entry/3".to_owned(), "Observation", refused());
        Letter {
            problems: (0..n_problems).map(|_| problem().about(Some("p".to_owned()))).collect(),
        }
    }

    fn to_send<'l>(letter: &'l Letter, headers: Headers, carried: Carried) -> ToSend<'l> {
        ToSend {
            source: "ehr",
            group: "ward",
            position: SourcePosition::new("hospital.fhir-r4", 3, 42),
            timestamp: Timestamp::from_micros(1_000_000),
            now: Timestamp::from_micros(2_000_000),
            key: Some(b"\xff\x00"),
            headers,
            value: Some(b"\xfe{"),
            carried,
            letter,
        }
    }

    #[test]
    fn a_letter_comes_back_byte_for_byte_whatever_its_record_carried() {
        let (one, theirs) = (
            letter(1),
            vec![
                ("trace".to_owned(), Some(vec![0, 255])),
                ("none".to_owned(), None),
                ("trace".to_owned(), Some(Vec::new())),
                // It is a dead letter of somebody else already.
                ("__connect.errors.topic".to_owned(), Some(b"elsewhere".to_vec())),
                ("twin_reason".to_owned(), Some(b"other".to_vec())),
            ],
        );
        let sent = to_send(&one, theirs.clone(), Carried::Here);
        let read = letter_of(sent.key, sent.headers(), sent.value).unwrap();
        assert_eq!((read.id().as_str(), read.reason()), ("hospital.fhir-r4-3-42", "bad_time"));
        assert_eq!((&read.headers, read.key.as_deref()), (&theirs, sent.key));
        assert_eq!(read.value, ShelvedValue::Bytes(b"\xfe{".to_vec()));
        assert_eq!(read.content, content_of(sent.key, sent.value));
        assert_eq!((read.timestamp, read.refused_at), (sent.timestamp, sent.now));
        assert_eq!(read.problems[0].patient.as_deref(), Some("p"));
        let named = |name: &str| {
            let headers = sent.headers();
            let found = headers.iter().rev().find(|(known, _)| known == name).unwrap();
            String::from_utf8(found.1.clone().unwrap()).unwrap()
        };
        assert_eq!(named("__connect.errors.topic"), "hospital.fhir-r4");
        assert_eq!(named("__connect.errors.partition"), "3");
        assert_eq!(named("__connect.errors.offset"), "42");
        assert_eq!(named("__connect.errors.stage"), "TRANSFORMATION");
        assert_eq!(named("__connect.errors.exception.class.name"), "twinstream.bad_time");
        assert_eq!(named("__connect.errors.exception.message"), "issued: expected a time");
    }

    #[test]
    fn bytes_that_lie_elsewhere_are_named_and_ten_thousand_problems_are_counted() {
        let many = letter(10_000);
        let sent = to_send(&many, Vec::new(), Carried::Stored("dead-letters/a".to_owned()));
        let headers = sent.headers();
        let size: usize = headers
            .iter()
            .map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len))
            .sum();
        assert!(size < 64 << 10, "{size}");
        let read = letter_of(sent.key, headers, None).unwrap();
        assert_eq!((read.n_problems, read.problems.len()), (10_000, PROBLEMS_WRITTEN_MAX));
        let stored = ShelvedValue::Stored { name: "dead-letters/a".to_owned(), size_bytes: 2 };
        assert_eq!(read.value, stored);
        assert_eq!(read.content, content_of(sent.key, sent.value));
    }

    #[test]
    fn what_somebody_else_wrote_is_no_letter() {
        let theirs = vec![("__connect.errors.topic".to_owned(), Some(b"a".to_vec()))];
        assert_eq!(letter_of(None, theirs, Some(b"x")), None);
    }
}
