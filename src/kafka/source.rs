//! Records of source topics, in batches, and how far they were taken.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{
    BaseConsumer, CommitMode, Consumer, ConsumerContext, ConsumerGroupMetadata, Rebalance,
};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use crate::kafka::failure::KafkaFailure;
use crate::kafka::settings::KafkaSettings;
use crate::kafka::word;

/// Records of a batch beyond which it is closed: enough to fill frames of every partition.
pub const BATCH_RECORDS_MAX: usize = 8_192;
/// Bytes of a batch beyond which it is closed.
const BATCH_BYTES_MAX: usize = 32 << 20;

/// The client only has to tell a thread of its own.
const SEEK_MAX: Duration = Duration::from_secs(5);

/// The source topics of a group.
pub struct KafkaSource {
    consumer: BaseConsumer<Revoked>,
}

/// Keeps which partitions other members were given, until somebody asks.
#[derive(Debug, Default)]
struct Revoked {
    partitions: Mutex<Vec<(String, i32)>>,
}

impl ClientContext for Revoked {
    fn log(&self, level: RDKafkaLogLevel, sort: &str, message: &str) {
        word::log(level, sort, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        word::error(&error, reason);
    }
}

impl ConsumerContext for Revoked {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Revoke(list) = rebalance else { return };
        let mut partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        let all = list.elements();
        partitions.extend(all.iter().map(|one| (one.topic().to_owned(), one.partition())));
    }
}

/// How far records were taken, by topic and partition: the offset of the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    next: BTreeMap<(String, i32), i64>,
}

impl Taken {
    /// Records up to `offset` were taken.
    pub fn upto(&mut self, topic: &str, partition: i32, offset: i64) {
        let next = offset.saturating_add(1);
        // The name is only copied for the first record of a batch and partition.
        let known = self.next.iter_mut().find(|((t, p), _)| *p == partition && t == topic);
        match known {
            Some((_, known)) => *known = (*known).max(next),
            None => {
                self.next.insert((topic.to_owned(), partition), next);
            }
        }
    }

    /// Another member takes this partition's records again from what is committed.
    pub fn forget(&mut self, topic: &str, partition: i32) {
        self.next.retain(|(t, p), _| *p != partition || t != topic);
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.next.is_empty()
    }

    /// As the client takes it.
    ///
    /// # Errors
    /// If the client refuses an offset.
    pub(super) fn list(&self) -> Result<TopicPartitionList, KafkaFailure> {
        let mut list = TopicPartitionList::with_capacity(self.next.len());
        for ((topic, partition), next) in &self.next {
            list.add_partition_offset(topic, *partition, Offset::Offset(*next))
                .map_err(KafkaFailure::of("commit"))?;
        }
        Ok(list)
    }
}

impl KafkaSource {
    /// Joins the group and subscribes to topics; a name that begins with `^` is a pattern.
    ///
    /// # Errors
    /// If the configuration is refused.
    pub fn subscribe(
        settings: &KafkaSettings,
        topics: &[&str],
    ) -> Result<KafkaSource, KafkaFailure> {
        let mut config = settings.consumer(&format!("{}-ingest", settings.group));
        config.set("auto.offset.reset", "earliest");
        config.set("partition.assignment.strategy", "cooperative-sticky");
        // Topics that a pattern matches and that appear later are seen within this time.
        config.set("topic.metadata.refresh.interval.ms", "10000");
        let consumer = config.create_with_context(Revoked::default());
        let consumer: BaseConsumer<Revoked> =
            consumer.map_err(KafkaFailure::of("make a consumer"))?;
        consumer.subscribe(topics).map_err(KafkaFailure::of("subscribe"))?;
        Ok(KafkaSource { consumer })
    }

    /// The records that are there, after at most `wait` for the first.
    ///
    /// # Errors
    /// If the brokers refuse us; what heals by itself is waited for.
    pub fn poll(&self, wait: Duration) -> Result<Vec<BorrowedMessage<'_>>, KafkaFailure> {
        poll_batch(&self.consumer, wait)
    }

    /// The partitions that went to other members since this was last asked. Their records of the last batch are
    /// theirs too.
    pub fn revoked(&self) -> Vec<(String, i32)> {
        let revoked = &self.consumer.context().partitions;
        std::mem::take(&mut *revoked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets a partition wait: nothing of it is polled.
    ///
    /// # Errors
    /// If the client refuses it.
    pub fn pause(&self, topic: &str, partition: i32) -> Result<(), KafkaFailure> {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition(topic, partition);
        self.consumer.pause(&list).map_err(KafkaFailure::of("pause"))
    }

    /// Lets a partition go on, from a record that was polled before.
    ///
    /// # Errors
    /// If the client refuses it.
    pub fn resume_at(&self, topic: &str, partition: i32, offset: i64) -> Result<(), KafkaFailure> {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition(topic, partition);
        self.consumer.resume(&list).map_err(KafkaFailure::of("resume"))?;
        // What is fetched from elsewhere in between is dropped by this, before it is polled.
        let place = Offset::Offset(offset);
        self.consumer.seek(topic, partition, place, SEEK_MAX).map_err(KafkaFailure::of("seek"))
    }

    /// What fences an older member of the group.
    pub fn group(&self) -> Option<ConsumerGroupMetadata> {
        self.consumer.group_metadata()
    }

    /// Commits how far records were taken.
    ///
    /// # Errors
    /// If the commit cannot be sent.
    pub fn commit(&self, taken: &Taken, mode: CommitMode) -> Result<(), KafkaFailure> {
        if taken.is_empty() {
            return Ok(());
        }
        match self.consumer.commit(&taken.list()?, mode) {
            // The partition moved to another member, who takes the records again: harmless.
            Err(KafkaError::ConsumerCommit(
                RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::RebalanceInProgress
                | RDKafkaErrorCode::UnknownMemberId,
            )) => Ok(()),
            result => result.map_err(KafkaFailure::of("commit")),
        }
    }
}

/// Polls a consumer until nothing more is there, or the batch is full.
pub(super) fn poll_batch<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    wait: Duration,
) -> Result<Vec<BorrowedMessage<'_>>, KafkaFailure> {
    let (mut batch, mut size_bytes) = (Vec::new(), 0);
    let mut wait = wait;
    while batch.len() < BATCH_RECORDS_MAX && size_bytes < BATCH_BYTES_MAX {
        match consumer.poll(wait) {
            None => break,
            Some(Ok(message)) => {
                size_bytes += message.payload_len();
                batch.push(message);
            }
            Some(Err(error)) if heals(&error) => {
                tracing::warn!(%error, "kafka");
                break;
            }
            Some(Err(error)) => return Err(KafkaFailure::Call { what: "read".to_owned(), error }),
        }
        wait = Duration::ZERO;
    }
    Ok(batch)
}

/// What librdkafka goes on trying to repair: a broker that is away, a topic that is not there yet.
pub(super) fn heals(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::OperationTimedOut
                // While the log's brokers were away nothing was polled for minutes: the next poll joins again.
                | RDKafkaErrorCode::PollExceeded
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::Resolve
        )
    )
}
