//! A member of the group that shares out the partitions of the log.
//!
//! ```text
//! poll ─► frames of the partitions that are seated
//!    └──► changes: given ─ (restore, elsewhere) ─► seat        taken ─ (finish, checkpoint) ─► leave
//! ```
//! Sharing is cooperative: what stays is read on while something else moves. A change is answered when its work is
//! done, and not within the client's callback; until then the group waits with the next one, and the member is alive
//! all the same, because heartbeats are not sent by the thread that polls.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use crate::clock::Stopwatch;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::log::{
    ANSWER_MAX, ReadFrame, log_config, made_anew, number, read_frame, watermarks,
};
use crate::kafka::settings::KafkaSettings;
use crate::kafka::source::{heals, poll_batch};
use crate::kafka::word;

/// What a killed owner left open is undone by the brokers within this time; until then nobody says what it committed.
const UNDONE_MAX: Duration = Duration::from_secs(60);
/// How often to ask whether it is.
const UNDONE_WAIT: Duration = Duration::from_millis(200);

/// What the group wants of its member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These partitions are to be read: answered by [`LogMember::seat`].
    Given(Vec<u32>),
    /// These are to be given back in good order: answered by [`LogMember::leave`].
    Taken(Vec<u32>),
    /// These belong to another member already: answered by [`LogMember::leave`].
    Lost(Vec<u32>),
}

/// How far a partition goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Everything that follows from frames before this offset was said.
    pub committed: u64,
    /// The offset after its last frame.
    pub end: u64,
}

/// Keeps changes until the member comes to them.
#[derive(Debug, Default)]
struct Changes {
    waiting: Mutex<Vec<Change>>,
    is_closing: AtomicBool,
}

impl ClientContext for Changes {
    fn log(&self, level: RDKafkaLogLevel, sort: &str, message: &str) {
        word::log(level, sort, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        word::error(&error, reason);
    }
}

impl ConsumerContext for Changes {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        error: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let is_given = error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.is_closing.load(Ordering::Acquire) {
            // Nobody would answer any more, and the client waits for an answer.
            let answered = match is_given {
                true => consumer.unassign(),
                false => consumer.incremental_unassign(list),
            };
            if let Err(error) = answered {
                tracing::warn!(%error, "kafka: a partition was not given back");
            }
            return;
        }
        let elements = list.elements();
        let partitions = elements.iter().filter_map(|one| u32::try_from(one.partition()).ok());
        let partitions = partitions.collect();
        let change = match (is_given, consumer.assignment_lost()) {
            (true, _) => Change::Given(partitions),
            (false, false) => Change::Taken(partitions),
            (false, true) => Change::Lost(partitions),
        };
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(change);
    }
}

/// Reads the partitions of the log that the group gives it.
pub struct LogMember {
    consumer: BaseConsumer<Changes>,
    topic: String,
}

impl LogMember {
    /// Joins the group.
    ///
    /// # Errors
    /// If the configuration is refused.
    pub fn join(settings: &KafkaSettings) -> Result<LogMember, KafkaFailure> {
        let mut config = log_config(settings);
        config.set("partition.assignment.strategy", "cooperative-sticky");
        let consumer: BaseConsumer<Changes> = config
            .create_with_context(Changes::default())
            .map_err(KafkaFailure::of("make a consumer"))?;
        let topic = settings.events_topic();
        consumer.subscribe(&[&topic]).map_err(KafkaFailure::of("join the group of the log"))?;
        Ok(LogMember { consumer, topic })
    }

    /// The frames that are there, in the order of each partition, after at most `wait` for the first.
    ///
    /// # Errors
    /// If the brokers refuse us.
    pub fn poll(&self, wait: Duration) -> Result<Vec<ReadFrame>, KafkaFailure> {
        let messages = poll_batch(&self.consumer, wait)?;
        Ok(messages.iter().map(read_frame).collect())
    }

    /// What the group wants since this was last asked, in its order.
    pub fn changes(&self) -> Vec<Change> {
        let waiting = &self.consumer.context().waiting;
        std::mem::take(&mut *waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Reads partitions from these offsets on.
    ///
    /// # Errors
    /// If the client refuses it.
    pub fn seat(&self, starts: &[(u32, u64)]) -> Result<(), KafkaFailure> {
        let list = self.list(starts)?;
        let seated = self.consumer.incremental_assign(&list);
        seated.map_err(KafkaFailure::of("read partitions of the log"))
    }

    /// Reads partitions no longer; another member may.
    ///
    /// # Errors
    /// If the client refuses it.
    pub fn leave(&self, partitions: &[u32]) -> Result<(), KafkaFailure> {
        let left = self.consumer.incremental_unassign(&self.names(partitions));
        left.map_err(KafkaFailure::of("give back partitions of the log"))
    }

    /// Stops and starts reading without giving anything back.
    ///
    /// # Errors
    /// If the client refuses it.
    pub fn hold(&self, partitions: &[u32], is_held: bool) -> Result<(), KafkaFailure> {
        let list = self.names(partitions);
        let result = match is_held {
            true => self.consumer.pause(&list),
            false => self.consumer.resume(&list),
        };
        result.map_err(KafkaFailure::of("pause partitions of the log"))
    }

    /// How far partitions go that are to be read from these offsets on.
    ///
    /// # Errors
    /// If the brokers do not say, or frames that are still to be read are gone.
    pub fn places(&self, starts: &[(u32, u64)]) -> Result<Vec<Place>, KafkaFailure> {
        let committed = self.committed(starts)?;
        let places = starts.iter().map(|(partition, start)| {
            let committed = committed.find_partition(&self.topic, number(*partition));
            let committed = match committed.map(|one| one.offset()) {
                Some(Offset::Offset(offset)) => u64::try_from(offset).unwrap_or(0),
                _ => 0,
            };
            Ok(Place { committed, end: self.end(*partition, *start)? })
        });
        places.collect()
    }

    fn committed(&self, starts: &[(u32, u64)]) -> Result<TopicPartitionList, KafkaFailure> {
        let partitions: Vec<u32> = starts.iter().map(|(partition, _)| *partition).collect();
        let watch = Stopwatch::start();
        loop {
            let found = self.consumer.committed_offsets(self.names(&partitions), ANSWER_MAX);
            let found = found.and_then(|list| {
                list.elements().iter().try_for_each(|one| one.error())?;
                Ok(list)
            });
            match found {
                Err(error)
                    if (is_open(&error) || heals(&error)) && watch.elapsed() < UNDONE_MAX =>
                {
                    std::thread::park_timeout(UNDONE_WAIT);
                }
                found => return found.map_err(KafkaFailure::of("find the committed position")),
            }
        }
    }

    fn end(&self, partition: u32, start: u64) -> Result<u64, KafkaFailure> {
        let (low, high) = watermarks(&self.consumer, &self.topic, partition)?;
        let message = match (start < low, high < start) {
            (true, _) => format!(
                "partition {partition} begins at offset {low}, and offset {start} is to be read next: \
                 frames were deleted, expected retention.ms=-1 or checkpoints"
            ),
            (_, true) => made_anew(partition, high, start),
            (false, false) => return Ok(high),
        };
        Err(KafkaFailure::Topic { topic: self.topic.clone(), message })
    }

    /// What fences an older owner of a partition.
    pub fn group(&self) -> Option<ConsumerGroupMetadata> {
        self.consumer.group_metadata()
    }

    fn names(&self, partitions: &[u32]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            list.add_partition(&self.topic, number(*partition));
        }
        list
    }

    fn list(&self, starts: &[(u32, u64)]) -> Result<TopicPartitionList, KafkaFailure> {
        let mut list = TopicPartitionList::with_capacity(starts.len());
        for (partition, start) in starts {
            let start = Offset::Offset(i64::try_from(*start).unwrap_or(i64::MAX));
            list.add_partition_offset(&self.topic, number(*partition), start)
                .map_err(KafkaFailure::of("read partitions of the log"))?;
        }
        Ok(list)
    }
}

impl Drop for LogMember {
    fn drop(&mut self) {
        self.consumer.context().is_closing.store(true, Ordering::Release);
        // A change that nobody came to: the client would wait for its answer for ever.
        for change in self.changes() {
            let answered = match change {
                Change::Given(_) => self.consumer.unassign(),
                Change::Taken(partitions) | Change::Lost(partitions) => {
                    self.consumer.incremental_unassign(&self.names(&partitions))
                }
            };
            if let Err(error) = answered {
                tracing::warn!(%error, "kafka: a partition was not given back");
            }
        }
    }
}

fn is_open(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnstableOffsetCommit)
}
