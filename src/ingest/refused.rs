//! Why something was refused, said so that whoever reads the dead letter can act.

use crate::domain::refusal::Refusal;

/// Why a record, an entry of it or a part of a resource was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Refused {
    /// The reason, from the fixed list.
    pub reason: Refusal,
    /// What was wrong and what was expected; no text of the record.
    pub message: String,
}

impl Refused {
    /// A refusal.
    pub fn new(reason: Refusal, message: impl Into<String>) -> Refused {
        Refused { reason, message: message.into() }
    }
}
