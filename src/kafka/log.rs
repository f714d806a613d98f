//! The log as a Kafka topic: appended frame by frame, read back partition by partition.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use crate::domain::time::Timestamp;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::producer::{CountingProducer, ToWrite};
use crate::kafka::settings::KafkaSettings;
use crate::kafka::source::poll_batch;

/// Brokers have this long to say where a partition ends and what was committed.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Appends frames.
pub struct KafkaLogWriter {
    producer: CountingProducer,
    topic: String,
}

impl KafkaLogWriter {
    /// A writer to the log.
    ///
    /// # Errors
    /// If the configuration is refused.
    pub fn new(settings: &KafkaSettings) -> Result<KafkaLogWriter, KafkaFailure> {
        let producer = CountingProducer::new(&settings.producer())?;
        Ok(KafkaLogWriter { producer, topic: settings.events_topic() })
    }

    /// Appends frames, each to its partition, and waits until they are written.
    ///
    /// # Errors
    /// If any was not.
    pub fn append(&self, frames: &[(u32, Vec<u8>)]) -> Result<(), KafkaFailure> {
        for (partition, bytes) in frames {
            let partition = i32::try_from(*partition).ok();
            let payload = Some(bytes.as_slice());
            let record = ToWrite { topic: &self.topic, partition, key: None, payload };
            self.producer.send(record, None)?;
        }
        if frames.is_empty() { Ok(()) } else { self.producer.flush() }
    }
}

/// A frame as it was read.
#[derive(Clone, Debug)]
pub struct ReadFrame {
    /// The partition.
    pub partition: u32,
    /// Its offset.
    pub offset: u64,
    /// When the broker appended it.
    pub appended_at: Timestamp,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Reads the log of every partition.
pub struct KafkaLogReader {
    consumer: BaseConsumer,
    topic: String,
    starts: Vec<u64>,
}

impl KafkaLogReader {
    /// A reader of a log, from the offset in each partition that `starts` says.
    ///
    /// # Errors
    /// If the configuration is refused, or a partition cannot be assigned.
    pub fn open(settings: &KafkaSettings, starts: &[u64]) -> Result<KafkaLogReader, KafkaFailure> {
        let consumer = log_consumer(settings)?;
        let topic = settings.events_topic();
        let mut list = TopicPartitionList::new();
        for (partition, start) in (0..).zip(starts) {
            let start = Offset::Offset(i64::try_from(*start).unwrap_or(i64::MAX));
            list.add_partition_offset(&topic, partition, start)
                .map_err(KafkaFailure::of("assign the log"))?;
        }
        consumer.assign(&list).map_err(KafkaFailure::of("assign the log"))?;
        Ok(KafkaLogReader { consumer, topic, starts: starts.to_vec() })
    }

    /// The offsets at which the partitions end.
    ///
    /// # Errors
    /// If the brokers do not say, or frames that are still to be read are gone.
    pub fn ends(&self) -> Result<Vec<u64>, KafkaFailure> {
        let mut ends = Vec::new();
        for (partition, start) in (0..).zip(&self.starts) {
            let found = self.consumer.fetch_watermarks(&self.topic, partition, ANSWER_MAX);
            let (low, high) =
                found.map_err(KafkaFailure::of(format!("find the end of {}", self.topic)))?;
            let (low, high) = (u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(0));
            let message = match (*start < low, high < *start) {
                (true, _) => format!(
                    "partition {partition} begins at offset {low}, and offset {start} is to be read next: \
                     frames were deleted, expected retention.ms=-1 or checkpoints"
                ),
                (_, true) => made_anew(u32::try_from(partition).unwrap_or(u32::MAX), high, *start),
                (false, false) => {
                    ends.push(high);
                    continue;
                }
            };
            return Err(KafkaFailure::Topic { topic: self.topic.clone(), message });
        }
        Ok(ends)
    }

    /// The offsets before which everything that follows was said.
    ///
    /// # Errors
    /// If the brokers do not say.
    pub fn committed(&self) -> Result<Vec<u64>, KafkaFailure> {
        let found = self.consumer.committed(ANSWER_MAX);
        let found = found.map_err(KafkaFailure::of("find the committed position"))?;
        let offset = |partition| match found.find_partition(&self.topic, partition)?.offset() {
            Offset::Offset(offset) => u64::try_from(offset).ok(),
            _ => None,
        };
        let partitions = 0..i32::try_from(self.starts.len()).unwrap_or(i32::MAX);
        Ok(partitions.map(|partition| offset(partition).unwrap_or(0)).collect())
    }

    /// The frames that are there, in the order of each partition, after at most `wait` for the first.
    ///
    /// # Errors
    /// If the brokers refuse us.
    pub fn poll(&self, wait: Duration) -> Result<Vec<ReadFrame>, KafkaFailure> {
        let messages = poll_batch(&self.consumer, wait)?;
        Ok(messages.iter().map(read_frame).collect())
    }

    /// What fences an older owner of the group.
    pub fn group(&self) -> Option<ConsumerGroupMetadata> {
        self.consumer.group_metadata()
    }

    /// The log's topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }
}

/// A consumer of the log, to which partitions are assigned.
pub(super) fn log_consumer(settings: &KafkaSettings) -> Result<BaseConsumer, KafkaFailure> {
    let mut config = settings.consumer(&format!("{}-twins", settings.group));
    // A position that is no longer there must stop us: silence would lose events.
    config.set("auto.offset.reset", "error");
    config.set("check.crcs", "true");
    config.create().map_err(KafkaFailure::of("make a consumer"))
}

/// What to say of a log that ends before its checkpoint.
pub(super) fn made_anew(partition: u32, end: u64, position: u64) -> String {
    format!(
        "partition {partition} ends at offset {end}, and its checkpoint at {position}: the log was \
         made anew; expected the log that the checkpoints are of, or another place for checkpoints"
    )
}

pub(super) fn read_frame(message: &impl Message) -> ReadFrame {
    let millis = message.timestamp().to_millis().unwrap_or(0);
    ReadFrame {
        partition: u32::try_from(message.partition()).unwrap_or(u32::MAX),
        offset: u64::try_from(message.offset()).unwrap_or(u64::MAX),
        appended_at: Timestamp::from_micros(millis.saturating_mul(1_000)),
        bytes: message.payload().unwrap_or_default().to_vec(),
    }
}
