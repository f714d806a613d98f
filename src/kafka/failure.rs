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
        error: KafkaError,
    },
    /// While the brokers were away, another instance went on with what was ours.
    #[error("kafka: another instance of group {group} took over while the brokers were away")]
    Overtaken {
        /// The group.
        group: String,
    },
    /// The brokers do not let us in, or we do not believe them.
    #[error(
        "kafka: {brokers}: {reason}; expected kafka.tls and kafka.sasl as the brokers want them"
    )]
    Refused {
        /// The brokers.
        brokers: String,
        /// What the client says of it.
        reason: String,
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
    /// Whether the brokers were away: what was tried heals when they are back.
    pub fn is_outage(&self) -> bool {
        match self {
            KafkaFailure::Call { error, .. } | KafkaFailure::NotWritten { error, .. } => {
                error.rdkafka_error_code().is_some_and(is_outage)
            }
            KafkaFailure::Refused { .. }
            | KafkaFailure::Topic { .. }
            | KafkaFailure::Overtaken { .. } => false,
        }
    }

    /// For `map_err`: the error of a call, with what was tried.
    pub fn of(what: impl Into<String>) -> impl FnOnce(KafkaError) -> KafkaFailure {
        let what = what.into();
        move |error| KafkaFailure::Call { what, error }
    }

    /// Whether a member of our own name took our place in a group. After an outage that may be ourselves: the brokers
    /// answer what was asked before we came back.
    pub fn is_replaced(&self) -> bool {
        let KafkaFailure::Call { error, .. } = self else { return false };
        error.rdkafka_error_code() == Some(RDKafkaErrorCode::FencedInstanceId)
    }

    /// Whether the group has changed, so that what was tried may stand with the group as it is then.
    pub fn is_of_group(&self) -> bool {
        let error = match self {
            KafkaFailure::Call { error, .. } => error,
            KafkaFailure::Overtaken { .. } => return true,
            KafkaFailure::NotWritten { .. }
            | KafkaFailure::Refused { .. }
            | KafkaFailure::Topic { .. } => return false,
        };
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

fn is_outage(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::BrokerNotAvailable
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::CoordinatorLoadInProgress
            | RDKafkaErrorCode::CoordinatorNotAvailable
            | RDKafkaErrorCode::LeaderNotAvailable
            | RDKafkaErrorCode::MessageTimedOut
            | RDKafkaErrorCode::NotCoordinator
            | RDKafkaErrorCode::NotLeaderForPartition
            | RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::RequestTimedOut
            | RDKafkaErrorCode::Resolve
            | RDKafkaErrorCode::WaitingForCoordinator
    )
}
