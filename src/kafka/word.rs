//! What the Kafka client says of itself, so that an outage is a few lines of the log and not thousands.
//!
//! Whoever waits for brokers says so at growing intervals (`patience.rs`); the client has something to say about each
//! connection that it tries. Of each sort one line is told, and within a minute no other.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;

use crate::clock::Stopwatch;

/// Of one sort a line is told this often at most.
const TOLD_INTERVAL: Duration = Duration::from_secs(60);
/// Sorts that are kept apart; there are a dozen.
const SORTS_MAX: usize = 64;

/// A sort of line: when one was last told, and how many were not since.
static TOLD: Mutex<BTreeMap<String, (Stopwatch, u64)>> = Mutex::new(BTreeMap::new());

/// Says a line of the client's log.
pub(super) fn log(level: RDKafkaLogLevel, sort: &str, message: &str) {
    // A setting of consumers that the producers of the same configuration pass over.
    if sort == "CONFWARN" {
        return tracing::debug!(target: "kafka", "{message}");
    }
    let is_grave = matches!(
        level,
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical
    );
    let Some(n_untold) = is_due(sort, is_grave) else { return };
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning => tracing::warn!(target: "kafka", sort, n_untold, "{message}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "kafka", sort, n_untold, "{message}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "kafka", sort, n_untold, "{message}"),
    }
}

/// Says an error that the client came upon by itself.
pub(super) fn error(error: &KafkaError, reason: &str) {
    let sort =
        error.rdkafka_error_code().map_or_else(|| "error".to_owned(), |code| format!("{code:?}"));
    if let Some(n_untold) = is_due(&sort, false) {
        tracing::warn!(target: "kafka", sort, n_untold, "{reason}");
    }
}

/// Whether a line of a sort is told; if so, how many were not since the last.
fn is_due(sort: &str, always: bool) -> Option<u64> {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    match told.get_mut(sort) {
        Some((since, n_untold)) if !always && since.elapsed() < TOLD_INTERVAL => {
            *n_untold += 1;
            None
        }
        Some((since, n_untold)) => {
            *since = Stopwatch::start();
            Some(std::mem::take(n_untold))
        }
        None => {
            if told.len() < SORTS_MAX {
                told.insert(sort.to_owned(), (Stopwatch::start(), 0));
            }
            Some(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_thousand_lines_of_a_sort_one_is_told() {
        let told = (0..1_000).filter(|_| is_due("a test of words", false).is_some()).count();
        assert_eq!(told, 1);
        assert_eq!(
            is_due("a test of words", true),
            Some(999),
            "what is grave is told, with how many were not"
        );
    }
}
