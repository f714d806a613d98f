//! What goes wrong with Kafka: which call, on what, and what it answered.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Why Kafka cannot be used. All of them stop the stage: nothing is committed, so nothing is lost, and
/// the next start goes on from the committed position.
#[derive(Debug, thiserror::Error)]
pub enum KafkaFailure {
    /// A call failed.
    #[error("kafka: {what}: {error}")]
    Call {
        /// What was tried.
        what: String,
        /// What librdkafka answered.
        error: KafkaError,
    },
    /// Records were not written.
    #[error("kafka: {n_failed} records were not written to {topic}: {error}")]
    NotWritten {
        /// The topic.
        topic: String,
        /// How many.
        n_failed: usize,
        /// The first answer.
        error: String,
    },
    /// One of our topics is not as it must be.
    #[error("kafka: topic {topic}: {message}")]
    Topic {
        /// The topic.
        topic: String,
        /// What is wrong, and what to do.
        message: String,
    },
}

impl KafkaFailure {
    /// For `map_err`: the error of a call, with what was tried.
    pub fn of(what: impl Into<String>) -> impl FnOnce(KafkaError) -> KafkaFailure {
        let what = what.into();
        move |error| KafkaFailure::Call { what, error }
    }

    /// Whether the group has changed, so that what was tried may stand with the group as it is then.
    pub fn is_of_group(&self) -> bool {
        let KafkaFailure::Call { error, .. } = self else { return false };
        matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::IllegalGeneration
                    | RDKafkaErrorCode::UnknownMemberId
                    | RDKafkaErrorCode::RebalanceInProgress
            )
        )
    }
}
