//! One partition of the log from its beginning, read by whoever owns nothing: no group is joined, nothing is
//! committed and nobody is fenced, so that it can be read beside the instance that owns it.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use crate::clock::Stopwatch;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::log::{ANSWER_MAX, ReadFrame, log_consumer, made_anew, read_frame};
use crate::kafka::settings::KafkaSettings;
use crate::kafka::source::poll_batch;

/// One wait for frames; a broker that says nothing for `ANSWER_MAX` is given up.
const WAIT: Duration = Duration::from_millis(500);

/// A partition of the log, from its beginning.
pub struct KafkaPast {
    consumer: BaseConsumer,
    topic: String,
    partition: u32,
    begins_at: u64,
    ends_at: u64,
}

impl KafkaPast {
    /// Opens a partition and finds out which frames there are.
    ///
    /// # Errors
    /// If the configuration is refused, or the brokers do not answer.
    pub fn open(settings: &KafkaSettings, partition: u32) -> Result<KafkaPast, KafkaFailure> {
        let (consumer, topic) = (log_consumer(settings)?, settings.events_topic());
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        let found = consumer.fetch_watermarks(&topic, number, ANSWER_MAX);
        let (low, high) = found.map_err(KafkaFailure::of(format!("find the ends of {topic}")))?;
        let mut list = TopicPartitionList::new();
        // Assigned, not subscribed: that is what leaves the group alone.
        list.add_partition_offset(&topic, number, Offset::Offset(low))
            .map_err(KafkaFailure::of("assign the log"))?;
        consumer.assign(&list).map_err(KafkaFailure::of("assign the log"))?;
        let (begins_at, ends_at) = (u64::try_from(low).unwrap_or(0), u64::try_from(high));
        let ends_at = ends_at.unwrap_or(0);
        Ok(KafkaPast { consumer, topic, partition, begins_at, ends_at })
    }

    /// The offset of the first frame that Kafka still has.
    pub fn begins_at(&self) -> u64 {
        self.begins_at
    }

    /// Hands on the frames before the offset `until`, in their order.
    ///
    /// # Errors
    /// If the log ends before that, or the brokers stop giving.
    pub fn read(&self, until: u64, each: &mut dyn FnMut(ReadFrame)) -> Result<(), KafkaFailure> {
        let failed = |message| KafkaFailure::Topic { topic: self.topic.clone(), message };
        if self.ends_at < until {
            return Err(failed(made_anew(self.partition, self.ends_at, until)));
        }
        let (mut next, mut quiet) = (self.begins_at, Stopwatch::start());
        while next < until {
            for frame in poll_batch(&self.consumer, WAIT)?.iter().map(read_frame) {
                next = frame.offset.saturating_add(1);
                quiet = Stopwatch::start();
                if frame.offset < until {
                    each(frame);
                }
            }
            if ANSWER_MAX < quiet.elapsed() {
                let seconds = ANSWER_MAX.as_secs();
                return Err(failed(format!(
                    "partition {} gives no frame at offset {next} for {seconds} s",
                    self.partition
                )));
            }
        }
        Ok(())
    }
}
