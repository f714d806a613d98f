//! Reads every partition of the log beside whoever owns it: no group is joined and nothing is committed.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::failure::KafkaFailure;
use crate::kafka::log::{ReadFrame, log_consumer, made_anew, number, read_frame, watermarks};
use crate::kafka::settings::KafkaSettings;
use crate::kafka::source::poll_batch;

/// A reader of the whole log.
pub struct Follower {
    consumer: BaseConsumer,
    ends: Vec<u64>,
}

impl Follower {
    /// A reader from the offset in each partition that `starts` says.
    ///
    /// # Errors
    /// If the configuration is refused, the brokers do not answer, or frames that are to be read are gone.
    pub fn open(settings: &KafkaSettings, starts: &[u64]) -> Result<Follower, KafkaFailure> {
        let (consumer, topic) = (log_consumer(settings)?, settings.events_topic());
        let (mut list, mut ends) = (TopicPartitionList::new(), Vec::with_capacity(starts.len()));
        for (partition, start) in (0..).zip(starts) {
            let (low, high) = watermarks(&consumer, &topic, partition)?;
            let message = match (*start < low, high < *start) {
                (true, _) => format!(
                    "partition {partition} begins at offset {low}, and offset {start} is to be read next: \
                     frames were deleted, expected retention.ms=-1 or checkpoints"
                ),
                (_, true) => made_anew(partition, high, *start),
                (false, false) => String::new(),
            };
            if !message.is_empty() {
                return Err(KafkaFailure::Topic { topic, message });
            }
            ends.push(high);
            let start = Offset::Offset(i64::try_from(*start).unwrap_or(i64::MAX));
            list.add_partition_offset(&topic, number(partition), start)
                .map_err(KafkaFailure::of("assign the log"))?;
        }
        // Assigned, not subscribed: that is what leaves the group alone.
        consumer.assign(&list).map_err(KafkaFailure::of("assign the log"))?;
        Ok(Follower { consumer, ends })
    }

    /// Where each partition ended when this was opened.
    pub fn ends(&self) -> &[u64] {
        &self.ends
    }

    /// The frames that are there, in the order of each partition, after at most `wait` for the first.
    ///
    /// # Errors
    /// If the brokers refuse us.
    pub fn poll(&self, wait: Duration) -> Result<Vec<ReadFrame>, KafkaFailure> {
        Ok(poll_batch(&self.consumer, wait)?.iter().map(read_frame).collect())
    }
}
