//! The topic of dead letters, read from its beginning to its present end by whoever asks: no group is joined.
//!
//! ```text
//! letter a │ letter b │ mark: a was retried │ letter c │ …
//! ```
//! What became of a letter lies behind it in the same partition, so the topic can forget the letter before its
//! mark and never the mark before its letter: a letter that was closed is not opened again by age.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers as _, Message, OwnedHeaders};
use rdkafka::{Offset, TopicPartitionList};

use crate::clock::Stopwatch;
use crate::ingest::mark::Mark;
use crate::ingest::shelved::Shelved;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::letter_headers::{Headers, letter_of};
use crate::kafka::log::ANSWER_MAX;
use crate::kafka::producer::{CountingProducer, ToWrite};
use crate::kafka::settings::KafkaSettings;

/// The header that tells a mark from a letter; its value is what became of it.
const MARK: &str = "twin_mark";
/// One wait for records.
const WAIT: Duration = Duration::from_millis(500);

/// The topic of dead letters.
#[derive(Clone, Debug)]
pub struct KafkaShelf {
    settings: KafkaSettings,
}

impl KafkaShelf {
    /// The shelf of an instance.
    pub fn new(settings: KafkaSettings) -> KafkaShelf {
        KafkaShelf { settings }
    }

    /// Hands on everything that lies there now, in the order of each partition.
    ///
    /// # Errors
    /// If there is no such topic, or the brokers stop giving.
    pub fn read(&self, each: &mut dyn FnMut(Shelved)) -> Result<(), KafkaFailure> {
        let topic = self.settings.dead_letters_topic();
        let mut config = self.settings.consumer(&format!("{}-dlq", self.settings.group));
        config.set("enable.partition.eof", "true");
        let consumer: BaseConsumer =
            config.create().map_err(KafkaFailure::of("make a consumer"))?;
        let metadata = consumer.fetch_metadata(Some(&topic), ANSWER_MAX);
        let metadata = metadata.map_err(KafkaFailure::of(format!("describe {topic}")))?;
        let known = metadata.topics().iter().flat_map(|topic| topic.partitions());
        let mut open: BTreeSet<i32> = known.map(|partition| partition.id()).collect();
        if open.is_empty() {
            let message = "there is no such topic: expected one that `twin run` made".to_owned();
            return Err(KafkaFailure::Topic { topic, message });
        }
        let mut list = TopicPartitionList::new();
        for partition in &open {
            list.add_partition_offset(&topic, *partition, Offset::Beginning)
                .map_err(KafkaFailure::of(format!("assign {topic}")))?;
        }
        consumer.assign(&list).map_err(KafkaFailure::of(format!("assign {topic}")))?;
        let mut quiet = Stopwatch::start();
        while !open.is_empty() {
            match consumer.poll(WAIT) {
                Some(Ok(message)) => {
                    quiet = Stopwatch::start();
                    each(shelved(&message));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    open.remove(&partition);
                }
                Some(Err(error)) => {
                    return Err(KafkaFailure::Call { what: format!("read {topic}"), error });
                }
                None if ANSWER_MAX < quiet.elapsed() => {
                    let seconds = ANSWER_MAX.as_secs();
                    let message = format!("it gives nothing for {seconds} s");
                    return Err(KafkaFailure::Topic { topic, message });
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Appends marks, and waits until they are written.
    ///
    /// # Errors
    /// If any was not.
    pub fn mark(&self, marks: &[Mark]) -> Result<(), KafkaFailure> {
        let producer = CountingProducer::new(&self.settings.producer())?;
        let topic = self.settings.dead_letters_topic();
        for mark in marks {
            let text = serde_json::to_string(mark).unwrap_or_default();
            let header = Header { key: MARK, value: Some(mark.outcome.name()) };
            let record = ToWrite {
                topic: &topic,
                partition: Some(0),
                key: Some(mark.letter.as_bytes()),
                payload: Some(text.as_bytes()),
            };
            producer.send(record, Some(OwnedHeaders::new().insert(header)))?;
        }
        producer.flush()
    }
}

fn shelved(message: &impl Message) -> Shelved {
    let headers: Headers = message.headers().map_or_else(Vec::new, |headers| {
        let headers = headers.iter();
        headers.map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
    });
    // A mark has this header alone; a record that was marked elsewhere and refused here has ours behind it.
    if let [(name, _)] = headers.as_slice()
        && name == MARK
    {
        let mark = message.payload().and_then(|bytes| serde_json::from_slice(bytes).ok());
        return mark.map_or(Shelved::Foreign, Shelved::Mark);
    }
    let letter = letter_of(message.key(), headers, message.payload());
    letter.map_or(Shelved::Foreign, |letter| Shelved::Letter(Box::new(letter)))
}
