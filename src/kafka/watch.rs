//! Asks the brokers, beside the stages, whether they answer and how far topics and groups have come. It joins no
//! group and commits nothing.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::failure::KafkaFailure;
use crate::kafka::offsets::{Offsets, offsets};
use crate::kafka::settings::KafkaSettings;

/// Brokers have this long to answer: one that needs longer is of no use to a patient either.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Asks the brokers.
pub struct KafkaWatch {
    consumer: BaseConsumer,
}

impl KafkaWatch {
    /// Asks about the group of a stage: `ingest` or `twins`.
    ///
    /// # Errors
    /// If the configuration is refused.
    pub fn open(settings: &KafkaSettings, stage: &str) -> Result<KafkaWatch, KafkaFailure> {
        let config = settings.consumer(&format!("{}-{stage}", settings.group));
        let consumer = config.create().map_err(KafkaFailure::of("make a consumer"))?;
        Ok(KafkaWatch { consumer })
    }

    /// The partitions of every topic; what the client has to say meanwhile is passed over, because the stages say it.
    ///
    /// # Errors
    /// If the brokers do not answer.
    pub fn partitions(&self) -> Result<Vec<(String, i32)>, KafkaFailure> {
        while self.consumer.poll(Duration::ZERO).is_some() {}
        let found = self.consumer.fetch_metadata(None, ANSWER_MAX);
        let found = found.map_err(KafkaFailure::of("reach the brokers"))?;
        let topics = found.topics().iter().flat_map(|topic| {
            let partitions = topic.partitions().iter();
            partitions.map(|partition| (topic.name().to_owned(), partition.id()))
        });
        Ok(topics.collect())
    }

    /// The offsets at which partitions end.
    ///
    /// # Errors
    /// If the brokers do not say.
    pub fn ends(&self, partitions: &[(String, i32)]) -> Result<Offsets, KafkaFailure> {
        self.edges(partitions, Offset::End)
    }

    /// The offsets at which partitions begin.
    ///
    /// # Errors
    /// If the brokers do not say.
    pub fn beginnings(&self, partitions: &[(String, i32)]) -> Result<Offsets, KafkaFailure> {
        self.edges(partitions, Offset::Beginning)
    }

    fn edges(&self, partitions: &[(String, i32)], edge: Offset) -> Result<Offsets, KafkaFailure> {
        if partitions.is_empty() {
            return Ok(Offsets::new());
        }
        // An edge stands in the place of a time: the brokers understand both.
        let asked = list(partitions, edge)?;
        let found = self.consumer.offsets_for_times(asked, ANSWER_MAX);
        Ok(offsets(&found.map_err(KafkaFailure::of("find the ends of topics"))?))
    }

    /// The offsets that the group committed, of partitions where it did.
    ///
    /// # Errors
    /// If the brokers do not say.
    pub fn committed(&self, partitions: &[(String, i32)]) -> Result<Offsets, KafkaFailure> {
        if partitions.is_empty() {
            return Ok(Offsets::new());
        }
        let asked = list(partitions, Offset::Invalid)?;
        let found = self.consumer.committed_offsets(asked, ANSWER_MAX);
        Ok(offsets(&found.map_err(KafkaFailure::of("find the committed positions"))?))
    }
}

fn list(partitions: &[(String, i32)], offset: Offset) -> Result<TopicPartitionList, KafkaFailure> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        list.add_partition_offset(topic, *partition, offset)
            .map_err(KafkaFailure::of("ask about a partition"))?;
    }
    Ok(list)
}
