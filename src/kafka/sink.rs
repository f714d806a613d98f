//! Effects and the position they follow from, in one transaction: both are there, or neither is.

use std::time::Duration;

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::Producer;
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::failure::KafkaFailure;
use crate::kafka::producer::{CountingProducer, ToWrite};
use crate::kafka::settings::KafkaSettings;
use crate::output::record::OutRecord;

/// A transaction has this long; the broker ends it after 60 s by itself.
const TRANSACTION_MAX: Duration = Duration::from_secs(50);
/// Right after a broker's start its coordinators are still loading.
const INIT_ATTEMPTS_MAX: usize = 20;
const INIT_ATTEMPT_MAX: Duration = Duration::from_secs(5);

/// The transactional producer of one instance. A newer one of the same group fences it.
pub struct KafkaSink {
    producer: CountingProducer,
    topic_prefix: String,
    log_topic: String,
}

impl KafkaSink {
    /// Opens the sink, and fences whoever had it.
    ///
    /// # Errors
    /// If the brokers do not answer or refuse it.
    pub fn open(settings: &KafkaSettings) -> Result<KafkaSink, KafkaFailure> {
        let mut config = settings.producer();
        config.set("transactional.id", format!("{}-twins", settings.group));
        config.set("transaction.timeout.ms", "60000");
        let producer = CountingProducer::new(&config)?;
        let mut n_attempts = 0;
        loop {
            n_attempts += 1;
            match producer.client().init_transactions(INIT_ATTEMPT_MAX) {
                Ok(()) => break,
                Err(error) if n_attempts < INIT_ATTEMPTS_MAX && is_retriable(&error) => {
                    tracing::info!(%error, "kafka: transactions are not ready yet");
                }
                Err(error) => {
                    return Err(KafkaFailure::Call {
                        what: "begin transactions".to_owned(),
                        error,
                    });
                }
            }
        }
        let log_topic = settings.events_topic();
        Ok(KafkaSink { producer, topic_prefix: settings.topic_prefix.clone(), log_topic })
    }

    /// Writes records and positions together. `positions` are the offsets of the next frames.
    ///
    /// # Errors
    /// If the transaction failed: then nothing of it stands.
    pub fn commit(
        &self,
        positions: &[(u32, u64)],
        records: &[OutRecord],
        group: &ConsumerGroupMetadata,
    ) -> Result<(), KafkaFailure> {
        let client = self.producer.client();
        client.begin_transaction().map_err(KafkaFailure::of("begin a transaction"))?;
        let written = self.write(positions, records, group);
        if written.is_err() {
            // The next start reads the log from the committed position again.
            client.abort_transaction(TRANSACTION_MAX).map_err(KafkaFailure::of("abort"))?;
        }
        written
    }

    fn write(
        &self,
        positions: &[(u32, u64)],
        records: &[OutRecord],
        group: &ConsumerGroupMetadata,
    ) -> Result<(), KafkaFailure> {
        let client = self.producer.client();
        for record in records {
            let topic = format!("{}{}", self.topic_prefix, record.topic);
            let headers = OwnedHeaders::new_with_capacity(record.headers.len());
            let headers = record.headers.iter().fold(headers, |headers, (key, value)| {
                headers.insert(Header { key, value: Some(value) })
            });
            let (key, payload) = (Some(record.key.as_bytes()), record.value.as_bytes());
            self.producer
                .send(ToWrite { topic: &topic, partition: None, key, payload }, Some(headers))?;
        }
        // Before the commit, which would otherwise wait for them in steps of 100 ms.
        self.producer.flush()?;
        let mut list = TopicPartitionList::with_capacity(positions.len());
        for (partition, next) in positions {
            let (partition, next) = (i32::try_from(*partition), i64::try_from(*next));
            let (Ok(partition), Ok(next)) = (partition, next) else { continue };
            list.add_partition_offset(&self.log_topic, partition, Offset::Offset(next))
                .map_err(KafkaFailure::of("commit the position"))?;
        }
        client
            .send_offsets_to_transaction(&list, group, TRANSACTION_MAX)
            .map_err(KafkaFailure::of("commit the position"))?;
        loop {
            match client.commit_transaction(TRANSACTION_MAX) {
                Ok(()) => return Ok(()),
                Err(error) if is_retriable(&error) => tracing::warn!(%error, "kafka: commit"),
                Err(error) => {
                    return Err(KafkaFailure::Call { what: "commit".to_owned(), error });
                }
            }
        }
    }
}

fn is_retriable(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => error.is_retriable(),
        error => matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::CoordinatorLoadInProgress
                    | RDKafkaErrorCode::CoordinatorNotAvailable
                    | RDKafkaErrorCode::NotCoordinator
                    | RDKafkaErrorCode::OperationTimedOut
            )
        ),
    }
}
