//! Partitions of source topics whose next record cannot be read yet: they wait, and all others go on.
//!
//! ```text
//! record ─► its schema is out of reach ─► partition paused ── some seconds ──► from that record again
//! ```
//! Nothing of a partition that waits is taken, so its committed position stands before that record.

use crate::domain::time::{Span, Timestamp};
use crate::kafka::failure::KafkaFailure;
use crate::kafka::source::KafkaSource;

/// For so long nothing of a partition is asked for: whoever is away is not back within a moment.
const WAIT: Span = Span::from_micros(10_000_000);

/// The partitions that wait.
#[derive(Debug, Default)]
pub struct Waiting(Vec<Paused>);

#[derive(Debug)]
struct Paused {
    topic: String,
    partition: i32,
    /// The record that could not be read.
    offset: i64,
    until: Timestamp,
}

impl Waiting {
    /// Whether a partition waits.
    pub fn has(&self, topic: &str, partition: i32) -> bool {
        self.0.iter().any(|one| one.partition == partition && one.topic == topic)
    }

    /// A partition waits from this record on.
    ///
    /// # Errors
    /// If the client refuses it.
    pub fn pause(
        &mut self,
        source: &KafkaSource,
        (topic, partition, offset): (&str, i32, i64),
        now: Timestamp,
    ) -> Result<(), KafkaFailure> {
        source.pause(topic, partition)?;
        let (topic, until) = (topic.to_owned(), now.plus(WAIT));
        self.0.push(Paused { topic, partition, offset, until });
        Ok(())
    }

    /// Whoever has waited long enough goes on.
    ///
    /// # Errors
    /// If the client refuses it.
    pub fn resume(&mut self, source: &KafkaSource, now: Timestamp) -> Result<(), KafkaFailure> {
        for one in self.0.iter().filter(|one| one.until <= now) {
            source.resume_at(&one.topic, one.partition, one.offset)?;
        }
        self.0.retain(|one| now < one.until);
        Ok(())
    }

    /// A partition went to another member, or the group was joined anew: it begins where it was committed.
    pub fn forget(&mut self, topic: &str, partition: i32) {
        self.0.retain(|one| one.partition != partition || one.topic != topic);
    }
}
