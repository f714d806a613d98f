//! What became of a dead letter: it was read again, or somebody decided that it need not be.

use serde::{Deserialize, Serialize};

/// A mark that closes a letter.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Mark {
    /// The name of the letter.
    pub letter: String,
    /// The hash of its key and bytes, as hexadecimal digits.
    pub content: String,
    /// What became of it.
    pub outcome: Outcome,
    /// When (RFC 3339).
    pub at: String,
    /// Who closed it.
    pub by: String,
    /// Why.
    pub why: String,
}

/// What became of a letter.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was read, and what it says is in the log.
    Retried,
    /// It need not be read.
    Dropped,
}

impl Outcome {
    /// The name in marks and lists.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Retried => "retried",
            Outcome::Dropped => "dropped",
        }
    }
}
