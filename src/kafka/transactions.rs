//! Records and the position they follow from, in one transaction: both are there, or neither is.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer;

use crate::kafka::failure::KafkaFailure;
use crate::kafka::producer::CountingProducer;
use crate::kafka::settings::KafkaSettings;

/// A transaction has this long to be ended.
const TRANSACTION_MAX: Duration = Duration::from_secs(50);
/// The brokers undo a transaction that is open for longer: nobody is told what a killed instance committed before.
/// Ours are open for milliseconds.
const OPEN_MAX_MS: &str = "20000";
/// Right after a broker's start its coordinators are still loading.
const INIT_ATTEMPTS_MAX: usize = 20;
const INIT_ATTEMPT_MAX: Duration = Duration::from_secs(5);

/// A transactional producer. A newer one of the same group, instance and name fences it, and what it left open is undone.
pub struct Transactions {
    producer: CountingProducer,
}

impl Transactions {
    /// Opens the producer `name` of the instance, and fences whoever had it.
    ///
    /// # Errors
    /// If the brokers do not answer or refuse it.
    pub fn open(settings: &KafkaSettings, name: &str) -> Result<Transactions, KafkaFailure> {
        let mut config = settings.producer();
        config.set("transactional.id", format!("{}-{name}-{}", settings.group, settings.instance));
        config.set("transaction.timeout.ms", OPEN_MAX_MS);
        let producer = CountingProducer::new(&config)?;
        let mut n_attempts = 0;
        loop {
            n_attempts += 1;
            match producer.client().init_transactions(INIT_ATTEMPT_MAX) {
                Ok(()) => return Ok(Transactions { producer }),
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
    }

    /// What `write` hands its records to.
    pub fn producer(&self) -> &CountingProducer {
        &self.producer
    }

    /// Commits what `write` writes and positions of `group` together.
    ///
    /// # Errors
    /// If the transaction failed: then nothing of it stands.
    pub fn commit(
        &self,
        positions: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
        write: impl FnOnce() -> Result<(), KafkaFailure>,
    ) -> Result<(), KafkaFailure> {
        let client = self.producer.client();
        client.begin_transaction().map_err(KafkaFailure::of("begin a transaction"))?;
        let committed = write().and_then(|()| self.end(positions, group));
        if committed.is_err() {
            client.abort_transaction(TRANSACTION_MAX).map_err(KafkaFailure::of("abort"))?;
        }
        committed
    }

    fn end(
        &self,
        positions: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
    ) -> Result<(), KafkaFailure> {
        let client = self.producer.client();
        // Before the commit, which would otherwise wait for them in steps of 100 ms.
        self.producer.flush()?;
        client
            .send_offsets_to_transaction(positions, group, TRANSACTION_MAX)
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
