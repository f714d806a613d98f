//! The log as a Kafka topic: appended frame by frame, read back partition by partition.

use std::thread;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::message::Message;

use crate::clock::Stopwatch;
use crate::domain::time::Timestamp;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::producer::{CountingProducer, ToWrite};
use crate::kafka::settings::KafkaSettings;
use crate::kafka::source::heals;

/// Brokers have this long to say where a partition ends and what was committed.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A question that fails for the moment is asked again after this time.
const AGAIN_WAIT: Duration = Duration::from_millis(200);

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

/// How the log is consumed.
pub(super) fn log_config(settings: &KafkaSettings) -> ClientConfig {
    let mut config = settings.consumer(&format!("{}-twins", settings.group));
    // A position that is no longer there must stop us: silence would lose events.
    config.set("auto.offset.reset", "error");
    config.set("check.crcs", "true");
    config
}

/// A consumer of the log, to which partitions are assigned.
pub(super) fn log_consumer(settings: &KafkaSettings) -> Result<BaseConsumer, KafkaFailure> {
    log_config(settings).create().map_err(KafkaFailure::of("make a consumer"))
}

/// The first offset of a partition, and the one after its last.
pub(super) fn watermarks<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partition: u32,
) -> Result<(u64, u64), KafkaFailure> {
    let watch = Stopwatch::start();
    loop {
        match consumer.fetch_watermarks(topic, number(partition), ANSWER_MAX) {
            Ok((low, high)) => {
                return Ok((u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(0)));
            }
            // Of a topic that was just made, or whose leader moves.
            Err(error) if heals(&error) && watch.elapsed() < ANSWER_MAX => {
                thread::park_timeout(AGAIN_WAIT);
            }
            Err(error) => {
                return Err(KafkaFailure::of(format!("find the end of {topic}"))(error));
            }
        }
    }
}

/// A partition as the client counts them.
pub(super) fn number(partition: u32) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
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
