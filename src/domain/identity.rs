//! Whose twin it is, and where a record came from.

use std::borrow::Cow;
use std::fmt;

/// A twin's identity: the configured namespace of a source, and the patient identifier it uses.
///
/// `Patient/123` of two hospitals are two people, so the namespace is part of the identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TwinId<'a> {
    /// The source's configured namespace: `mercy`.
    pub namespace: Cow<'a, str>,
    /// The patient identifier within it: `123`.
    pub patient: Cow<'a, str>,
}

impl<'a> TwinId<'a> {
    /// The twin of `patient` in `namespace`.
    pub fn new(namespace: impl Into<Cow<'a, str>>, patient: impl Into<Cow<'a, str>>) -> TwinId<'a> {
        TwinId { namespace: namespace.into(), patient: patient.into() }
    }

    /// The same identity, owning its text.
    pub fn into_owned(self) -> TwinId<'static> {
        TwinId {
            namespace: Cow::Owned(self.namespace.into_owned()),
            patient: Cow::Owned(self.patient.into_owned()),
        }
    }

    /// The same identity, borrowing this one's text.
    pub fn as_ref(&self) -> TwinId<'_> {
        TwinId::new(self.namespace.as_ref(), self.patient.as_ref())
    }
}

/// `mercy/123`.
impl fmt::Display for TwinId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.patient)
    }
}

/// Where a source record lies: a Kafka topic, partition and offset, or a file and the record's
/// place in it (partition 0).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourcePosition<'a> {
    /// The topic, or the file's path as it was given.
    pub topic: Cow<'a, str>,
    /// The partition of the topic.
    pub partition: i32,
    /// The offset in the partition, or the record's number in the file, from 0.
    pub offset: i64,
}

impl<'a> SourcePosition<'a> {
    /// The record at `offset` of `topic`, `partition`.
    pub fn new(topic: impl Into<Cow<'a, str>>, partition: i32, offset: i64) -> SourcePosition<'a> {
        SourcePosition { topic: topic.into(), partition, offset }
    }

    /// The same position, owning its text.
    pub fn into_owned(self) -> SourcePosition<'static> {
        let SourcePosition { topic, partition, offset } = self;
        SourcePosition { topic: Cow::Owned(topic.into_owned()), partition, offset }
    }
}

/// `fhir.r4[3]@1042`.
impl fmt::Display for SourcePosition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]@{}", self.topic, self.partition, self.offset)
    }
}

/// Where an event lies in the log (DESIGN §9a): partition, offset of its frame, place in the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition {
    /// The partition, which is the shard.
    pub partition: u32,
    /// The offset of the frame in the partition.
    pub offset: u64,
    /// The event's place in the frame, from 0.
    pub index: u32,
}

/// `3:1042.7`.
impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}.{}", self.partition, self.offset, self.index)
    }
}
