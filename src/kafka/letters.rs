//! Dead letters on `twin.dlq.v1`: the record as it came, and in its headers what was wrong with it.

use rdkafka::message::{Header, OwnedHeaders};

use crate::ingest::letter::{Letter, LetterLine};
use crate::ingest::source::SourceRecord;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::producer::{CountingProducer, ToWrite};
use crate::kafka::settings::KafkaSettings;

/// Writes dead letters.
pub struct KafkaLetters {
    producer: CountingProducer,
    topic: String,
    n_waiting: usize,
}

impl KafkaLetters {
    /// A writer of dead letters.
    ///
    /// # Errors
    /// If the configuration is refused.
    pub fn new(settings: &KafkaSettings) -> Result<KafkaLetters, KafkaFailure> {
        let producer = CountingProducer::new(&settings.producer())?;
        Ok(KafkaLetters { producer, topic: settings.dead_letters_topic(), n_waiting: 0 })
    }

    /// Hands over a letter: key, headers and bytes as they came, and `twin_…` headers beside them.
    ///
    /// # Errors
    /// If it cannot be taken.
    pub fn send(
        &mut self,
        source: &str,
        record: &SourceRecord<'_>,
        letter: &Letter,
    ) -> Result<(), KafkaFailure> {
        let line = LetterLine::new(source, record, letter);
        let reason = line.problems.first().map_or("", |problem| problem.reason.as_str());
        let problems = serde_json::to_string(&line.problems).unwrap_or_default();
        let (partition, offset) = (line.partition.to_string(), line.offset.to_string());
        let ours = [
            ("twin_reason", reason),
            ("twin_problems", problems.as_str()),
            ("twin_source", source),
            ("twin_source_topic", line.topic.as_str()),
            ("twin_source_partition", partition.as_str()),
            ("twin_source_offset", offset.as_str()),
        ];
        let theirs = record.headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
        let headers = theirs.chain(ours).fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value) })
        });
        let key = record.key.map(str::as_bytes);
        let record = ToWrite { topic: &self.topic, partition: None, key, payload: record.payload };
        self.producer.send(record, Some(headers))?;
        self.n_waiting += 1;
        Ok(())
    }

    /// Waits until every letter is written.
    ///
    /// # Errors
    /// If any was not.
    pub fn flush(&mut self) -> Result<(), KafkaFailure> {
        if 0 < std::mem::take(&mut self.n_waiting) { self.producer.flush() } else { Ok(()) }
    }
}
