//! `twin produce`: files onto a Kafka topic, as the recorded history they are or as if they came now.
//!
//! ```text
//! recorded   files ─► order of availability ─► partition 0, each with when it became available
//! live       files ─► partitions by key     ─► dated by the broker
//! ```

use std::io;

use rdkafka::message::{Header, OwnedHeaders};

use crate::domain::identity::SourcePosition;
use crate::domain::time::Timestamp;
use crate::engine::spool::Spool;
use crate::ingest::decoder::Decoder;
use crate::ingest::files::{self, FileError, FileRecord};
use crate::ingest::source::{AVAILABLE_AT_HEADER, SourceRecord, SourceSpec};
use crate::kafka::failure::KafkaFailure;
use crate::kafka::producer::{CountingProducer, ToWrite};

/// What is produced.
#[derive(Clone, Debug)]
pub struct ProduceSpec {
    /// Files, folders, archives, `-`.
    pub inputs: Vec<String>,
    /// The topic.
    pub topic: String,
    /// How its records are read, to find out when they became available.
    pub source: SourceSpec,
    /// Time goes on until then after the last record of a recorded history.
    pub until: Option<Timestamp>,
    /// The time it is: nothing in the history can lie ahead of it.
    pub now: Timestamp,
}

/// Why records cannot be produced.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// An input cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// The temporary file that orders the history cannot be used.
    #[error("the temporary file that orders the history: {0}")]
    Spool(#[from] io::Error),
}

/// Produces records as if they came now. Returns how many.
///
/// # Errors
/// If an input cannot be read, or a record was not written.
pub fn produce_live(
    spec: &ProduceSpec,
    producer: &CountingProducer,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, ProduceError> {
    let mut n_records = 0;
    for input in &spec.inputs {
        let mut each = |record: FileRecord| -> Result<(), ProduceError> {
            let key = record.key.as_deref().map(str::as_bytes);
            let payload = Some(record.payload.as_slice());
            producer.send(ToWrite { topic: &spec.topic, partition: None, key, payload }, None)?;
            n_records += 1;
            progress(n_records);
            Ok(())
        };
        files::read(input, &mut each)?;
    }
    producer.flush()?;
    Ok(n_records)
}

/// Produces a recorded history: in the order in which its records became available, into one partition,
/// because partitions know no order among each other. Returns how many records.
///
/// # Errors
/// If an input cannot be read, or a record was not written.
pub fn produce_recorded(
    spec: &ProduceSpec,
    producer: &CountingProducer,
    decoder: &mut Decoder,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, ProduceError> {
    let mut spool = Spool::new()?;
    let mut n_records = 0;
    for input in &spec.inputs {
        let mut each = |record: FileRecord| -> Result<(), ProduceError> {
            let read = SourceRecord {
                position: SourcePosition::new(record.topic.as_str(), 0, record.offset),
                key: record.key.as_deref(),
                headers: Vec::new(),
                payload: &record.payload,
                timestamp: Timestamp::MIN,
                raw_key: None,
            };
            let available_at = decoder.decode(&spec.source, &read, spec.now).available_at;
            spool.push(&pack(record.key.as_deref(), &record.payload), available_at)?;
            n_records += 1;
            progress(n_records);
            Ok(())
        };
        files::read(input, &mut each)?;
    }
    let sorted = spool.sort()?;
    let mut bytes = Vec::new();
    for index in 0..sorted.n_items() {
        let Some(at) = sorted.read(index, &mut bytes)? else { break };
        let (key, payload) = unpack(&bytes);
        let payload = Some(payload);
        let record = ToWrite { topic: &spec.topic, partition: Some(0), key, payload };
        producer.send(record, Some(available(at)))?;
    }
    if let Some(until) = spec.until {
        let payload = Some([].as_slice());
        let record = ToWrite { topic: &spec.topic, partition: Some(0), key: None, payload };
        producer.send(record, Some(available(until)))?;
    }
    producer.flush()?;
    Ok(n_records)
}

fn available(at: Timestamp) -> OwnedHeaders {
    let text = at.to_string();
    OwnedHeaders::new().insert(Header { key: AVAILABLE_AT_HEADER, value: Some(&text) })
}

/// A record as one item of the spool: the length of its key plus one, or 0 without a key; key; bytes.
fn pack(key: Option<&str>, payload: &[u8]) -> Vec<u8> {
    let key_bytes = key.map(str::as_bytes).unwrap_or_default();
    let length = key.map_or(0, |key| u32::try_from(key.len()).unwrap_or(u32::MAX - 1) + 1);
    [&length.to_le_bytes(), key_bytes, payload].concat()
}

fn unpack(item: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let (length, rest) = item.split_first_chunk().unwrap_or((&[0; 4], &[]));
    let length = u32::from_le_bytes(*length).checked_sub(1);
    let Some(length) = length.and_then(|length| usize::try_from(length).ok()) else {
        return (None, rest);
    };
    match rest.split_at_checked(length) {
        Some((key, payload)) => (Some(key), payload),
        None => (None, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_bytes_come_back_as_they_were() {
        for (key, payload) in [(None, "{}"), (Some(""), "{}"), (Some("Patient/1"), ""), (None, "")]
        {
            let item = pack(key, payload.as_bytes());
            assert_eq!(unpack(&item), (key.map(str::as_bytes), payload.as_bytes()));
        }
    }
}
