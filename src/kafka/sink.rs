//! Effects and the position they follow from, in one transaction: both are there, or neither is.

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::failure::KafkaFailure;
use crate::kafka::producer::{CountingProducer, ToWrite};
use crate::kafka::settings::KafkaSettings;
use crate::kafka::transactions::Transactions;
use crate::output::record::OutRecord;

/// The transactional producer of one instance. A newer one of the same name fences it, and the group fences whoever
/// commits for a partition that is no longer theirs.
pub struct KafkaSink {
    transactions: Transactions,
    topic_prefix: String,
    log_topic: String,
}

impl KafkaSink {
    /// Opens the sink, and fences whoever had it.
    ///
    /// # Errors
    /// If the brokers do not answer or refuse it.
    pub fn open(settings: &KafkaSettings) -> Result<KafkaSink, KafkaFailure> {
        let transactions = Transactions::open(settings, "twins")?;
        let log_topic = settings.events_topic();
        Ok(KafkaSink { transactions, topic_prefix: settings.topic_prefix.clone(), log_topic })
    }

    /// Writes records and positions together. `positions` are the offsets of the next frames.
    ///
    /// # Errors
    /// If the transaction failed: then nothing of it stands, and the next start reads the log from the
    /// committed position again.
    pub fn commit<'r>(
        &mut self,
        positions: &[(u32, u64)],
        records: impl Iterator<Item = &'r OutRecord> + Clone,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), KafkaFailure> {
        let mut list = TopicPartitionList::with_capacity(positions.len());
        for (partition, next) in positions {
            let (partition, next) = (i32::try_from(*partition), i64::try_from(*next));
            let (Ok(partition), Ok(next)) = (partition, next) else { continue };
            list.add_partition_offset(&self.log_topic, partition, Offset::Offset(next))
                .map_err(KafkaFailure::of("commit the position"))?;
        }
        let KafkaSink { transactions, topic_prefix, .. } = self;
        transactions.commit(&list, group, |producer| write(producer, topic_prefix, records.clone()))
    }
}

fn write<'r>(
    producer: &CountingProducer,
    topic_prefix: &str,
    records: impl Iterator<Item = &'r OutRecord>,
) -> Result<(), KafkaFailure> {
    for record in records {
        let topic = format!("{topic_prefix}{}", record.topic);
        let headers = OwnedHeaders::new_with_capacity(record.headers.len());
        let headers = record.headers.iter().fold(headers, |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value) })
        });
        let (key, payload) = (Some(record.key.as_bytes()), Some(record.value.as_bytes()));
        let record = ToWrite { topic: &topic, partition: None, key, payload };
        producer.send(record, Some(headers))?;
    }
    Ok(())
}
