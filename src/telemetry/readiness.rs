//! Whether an instance may be asked: what must hold, how it stands, and since when that is known.
//!
//! ```text
//! [+] kafka: the brokers answer
//! [-] caught-up: 1200 frames of the log are still to be read
//! [!] checkpoints: partition 3 was written 95 s ago, …      told, and no reason not to ask
//! ```

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use crate::domain::time::{Span, Timestamp};
use crate::telemetry::metrics::age;

/// A thread that tells how it is again and again counts as hanging when it has said nothing for this long.
const TOLD_AGE_MAX: Span = Span::from_seconds(15);

/// What must hold, in the order in which a start reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// The doors are open.
    Doors,
    /// The brokers answer.
    Kafka,
    /// The checkpoints are restored.
    Restored,
    /// The log was read up to where it ended at the start.
    CaughtUp,
    /// The definitions of pipelines are in force.
    Definitions,
    /// Records of sources are taken.
    Ingest,
    /// Events are applied.
    Twins,
    /// The models of pipelines can be run. Where one cannot, its own pipeline says nothing and all others are as right
    /// as ever: it is told and no more.
    Models,
    /// The checkpoints are young. Where they are not, answers are as right as ever: it is told and no more.
    Checkpoints,
}

impl Condition {
    /// What `twin run` waits for.
    pub const OF_A_RUN: [Condition; 7] = [
        Condition::Doors,
        Condition::Kafka,
        Condition::Restored,
        Condition::CaughtUp,
        Condition::Definitions,
        Condition::Ingest,
        Condition::Twins,
    ];

    /// The name in a probe.
    pub const fn name(self) -> &'static str {
        match self {
            Condition::Doors => "doors",
            Condition::Kafka => "kafka",
            Condition::Restored => "restored",
            Condition::CaughtUp => "caught-up",
            Condition::Definitions => "definitions",
            Condition::Ingest => "ingest",
            Condition::Twins => "twins",
            Condition::Models => "models",
            Condition::Checkpoints => "checkpoints",
        }
    }

    /// Whether a thread tells it again and again, so that silence says that it hangs.
    const fn is_told_again(self) -> bool {
        match self {
            Condition::Kafka | Condition::Ingest | Condition::Twins => true,
            Condition::Doors
            | Condition::Restored
            | Condition::CaughtUp
            | Condition::Definitions
            | Condition::Models
            | Condition::Checkpoints => false,
        }
    }

    /// Whether an instance is not to be asked while it does not hold.
    const fn is_required(self) -> bool {
        !matches!(self, Condition::Models | Condition::Checkpoints)
    }
}

#[derive(Clone, Debug)]
struct Told {
    is_well: bool,
    detail: String,
    told_at: Timestamp,
}

/// What is known of each condition.
#[derive(Debug, Default)]
pub struct Readiness {
    told: Mutex<BTreeMap<Condition, Told>>,
}

/// How it all stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether an instance may be asked.
    pub is_ready: bool,
    /// A line for each condition.
    pub lines: String,
    /// The first thing that is missing.
    pub first_missing: Option<String>,
}

impl Readiness {
    /// These must hold, and nothing is known of them yet.
    pub fn expect(&self, conditions: &[Condition], now: Timestamp) {
        for condition in conditions {
            self.ill(*condition, "not yet", now);
        }
    }

    /// A condition holds.
    pub fn well(&self, condition: Condition, detail: impl Into<String>, now: Timestamp) {
        self.tell(condition, Told { is_well: true, detail: detail.into(), told_at: now });
    }

    /// A condition does not hold.
    pub fn ill(&self, condition: Condition, detail: impl Into<String>, now: Timestamp) {
        self.tell(condition, Told { is_well: false, detail: detail.into(), told_at: now });
    }

    fn tell(&self, condition: Condition, told: Told) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(condition, told);
    }

    /// How it stands at this time.
    pub fn read(&self, now: Timestamp) -> Standing {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut standing = Standing { is_ready: true, lines: String::new(), first_missing: None };
        for (condition, Told { mut is_well, mut detail, told_at }) in told {
            if is_well && condition.is_told_again() && TOLD_AGE_MAX < now.since(told_at) {
                is_well = false;
                detail = format!("nothing was heard for {} s", age(now, told_at).as_secs());
            }
            let mark = match (is_well, condition.is_required()) {
                (true, _) => '+',
                (false, true) => '-',
                (false, false) => '!',
            };
            let line = format!("{}: {detail}", condition.name());
            // Writing to a String cannot fail.
            let _ = writeln!(standing.lines, "[{mark}] {line}");
            if mark == '-' {
                standing.is_ready = false;
                standing.first_missing.get_or_insert(line);
            }
        }
        standing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_has_a_line_and_a_thread_that_hangs_is_not_ready() {
        let readiness = Readiness::default();
        let at = Timestamp::from_micros(0);
        readiness.expect(&[Condition::Kafka, Condition::Restored], at);
        assert_eq!(readiness.read(at).lines, "[-] kafka: not yet\n[-] restored: not yet\n");
        readiness.well(Condition::Kafka, "the brokers answer", at);
        readiness.well(Condition::Restored, "4 shards", at);
        let read = |seconds| readiness.read(at.plus(Span::from_seconds(seconds)));
        assert!(read(15).is_ready);
        assert!(!read(16).is_ready);
        let missing = read(16).first_missing;
        assert_eq!(missing.as_deref(), Some("kafka: nothing was heard for 16 s"));
    }

    #[test]
    fn an_old_checkpoint_is_told_and_keeps_nobody_from_asking() {
        let readiness = Readiness::default();
        let at = Timestamp::from_micros(0);
        readiness.ill(Condition::Checkpoints, "old", at);
        let standing = readiness.read(at);
        assert_eq!((standing.is_ready, standing.lines.as_str()), (true, "[!] checkpoints: old\n"));
    }
}
