//! The newest snapshot, handed from the one writer to every reader.
//!
//! ```text
//! engine ─ publish ─► [ newest snapshot ] ◄─ newest / fresh ─ SQL, HTTP, the console
//!    ▲                      wanted ───────────────┘
//!    └──── takes one only when a reader asked since the last, and every 50 ms at most
//! ```
//! Readers never block the writer, and a shard nobody reads pays for no snapshot.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::time::{Span, Timestamp};
use crate::engine::forks::{self, ForkDesk, Forks};
use crate::telemetry::Telemetry;
use crate::twin::snapshot::ShardSnapshot;

/// Snapshots are at least this far apart: a page costs one copy per snapshot while it changes.
pub const INTERVAL: Span = Span::from_micros(50_000);
/// A reader waits this long for a snapshot newer than its question, then takes the newest there is:
/// a writer that is busy for longer is behind anyway, and the snapshot says how far it had come.
pub const FRESH_WAIT_MAX: Duration = Duration::from_millis(500);

/// Doors are open before anything was read; who comes then waits this long.
pub const FIRST_WAIT_MAX: Duration = Duration::from_secs(10);

/// A reader waits this long for what is about to be known, then is told how far knowledge goes.
pub const KNOWING_WAIT_MAX: Duration = Duration::from_secs(2);

/// Every shard as it was, at known positions of the log.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Counts snapshots, from 1; 0 is the empty one before the first.
    pub number: u64,
    /// The shards that are here, by partition.
    shards: Arc<Vec<ShardSnapshot>>,
    /// The partitions of the log that are not here.
    missing: Vec<u32>,
    /// Whether the log was read up to where it ended at the start: before that, answers are of the past.
    pub is_caught_up: bool,
}

impl Snapshot {
    /// A snapshot of shards that nothing will change any more: a data folder that was read.
    pub fn of(shards: Vec<ShardSnapshot>) -> Snapshot {
        Snapshot { number: 1, shards: Arc::new(shards), missing: Vec::new(), is_caught_up: true }
    }

    /// The shards of every partition: an answer about a part of the patients that looks like one about all of them
    /// is wrong.
    ///
    /// # Errors
    /// Which partitions are missing.
    pub fn whole(&self) -> Result<Arc<Vec<ShardSnapshot>>, Missing> {
        match self.missing.is_empty() && 0 < self.number {
            true => Ok(self.shards.clone()),
            false => Err(Missing { partitions: self.missing.clone(), n_here: self.shards.len() }),
        }
    }

    /// The shards that are here, for who asks about one patient.
    pub fn here(&self) -> &Arc<Vec<ShardSnapshot>> {
        &self.shards
    }

    /// The known time up to which every shard is complete.
    pub fn known_through(&self) -> Timestamp {
        self.shards.iter().map(|shard| shard.known_through).min().unwrap_or(Timestamp::MIN)
    }

    /// How far the clock of the twins has come: the present of a recorded history.
    pub fn clock(&self) -> Timestamp {
        let of = |shard: &ShardSnapshot| shard.clock.max(shard.known_through);
        self.shards.iter().map(of).max().unwrap_or(Timestamp::MIN)
    }
}

/// Why an instance cannot answer for all patients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct Missing {
    /// The partitions that are not here; none where nothing was published yet.
    pub partitions: Vec<u32>,
    /// How many are.
    pub n_here: usize,
}

impl Missing {
    fn message(&self) -> String {
        match self.partitions.as_slice() {
            [] => "the log is still being read: ask again".to_owned(),
            missing => format!(
                "partitions {} of the log are not here ({} are): other instances have them, or they are being \
                 restored; ask again, or an instance that has all",
                ranges(missing),
                self.n_here
            ),
        }
    }
}

/// Numbers as people write them: `0-3, 7`.
fn ranges(numbers: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let texts = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// The writer's end.
#[derive(Debug)]
pub struct Publisher {
    /// Where forks are asked for.
    pub forks: ForkDesk,
    /// What operators are told.
    pub telemetry: Telemetry,
    newest: watch::Sender<Arc<Snapshot>>,
    wanted: Arc<AtomicBool>,
    published_at: Timestamp,
}

/// A reader's end; as many as there are readers.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Whom to ask for a fork.
    pub forks: Forks,
    /// What operators are told.
    pub telemetry: Telemetry,
    newest: watch::Receiver<Arc<Snapshot>>,
    wanted: Arc<AtomicBool>,
}

/// Both ends, with an empty snapshot between them.
pub fn channel() -> (Publisher, Reader) {
    let (shards, missing) = (Arc::default(), Vec::new());
    let empty = Snapshot { number: 0, shards, missing, is_caught_up: false };
    let (sender, receiver) = watch::channel(Arc::new(empty));
    let wanted = Arc::new(AtomicBool::new(true));
    let (desk, forks) = forks::channel();
    let (newest, published_at, telemetry) = (sender, Timestamp::MIN, Telemetry::default());
    let reader =
        Reader { forks, telemetry: telemetry.clone(), newest: receiver, wanted: wanted.clone() };
    (Publisher { forks: desk, telemetry, newest, wanted, published_at }, reader)
}

impl Publisher {
    /// Whether a reader waits for a snapshot and the last one is old enough.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.wanted.load(Ordering::Acquire) && self.published_at.plus(INTERVAL) <= now
    }

    /// Publishes the shards as they are, and which partitions of the log are not among them.
    pub fn publish(
        &mut self,
        shards: Vec<ShardSnapshot>,
        missing: Vec<u32>,
        is_caught_up: bool,
        now: Timestamp,
    ) {
        self.wanted.store(false, Ordering::Release);
        self.published_at = now;
        let number = self.newest.borrow().number.saturating_add(1);
        self.newest.send_replace(Arc::new(Snapshot {
            number,
            shards: Arc::new(shards),
            missing,
            is_caught_up,
        }));
    }
}

impl Reader {
    /// The end for readers of a snapshot that nothing will change any more.
    pub fn of(snapshot: Snapshot) -> Reader {
        let (sender, receiver) = watch::channel(Arc::new(snapshot));
        drop(sender);
        let (forks, telemetry) = (Forks::of_nobody(), Telemetry::default());
        Reader { forks, telemetry, newest: receiver, wanted: Arc::default() }
    }

    /// The newest snapshot there is.
    pub fn newest(&self) -> Arc<Snapshot> {
        self.newest.borrow().clone()
    }

    /// A snapshot in which everything is known up to `at`, if that is a matter of [`KNOWING_WAIT_MAX`]; else
    /// the newest there is. A history that is read may lie years behind, so nobody waits for more.
    pub async fn knowing(&self, at: Timestamp) -> Arc<Snapshot> {
        let snapshot = self.fresh().await;
        let wait_micros = i64::try_from(KNOWING_WAIT_MAX.as_micros()).unwrap_or(i64::MAX);
        let reach = snapshot.known_through().plus(Span::from_micros(wait_micros));
        if at <= snapshot.known_through() || reach < at {
            return snapshot;
        }
        let known = async {
            loop {
                let snapshot = self.fresh().await;
                if at <= snapshot.known_through() {
                    return snapshot;
                }
            }
        };
        tokio::time::timeout(KNOWING_WAIT_MAX, known).await.unwrap_or_else(|_late| self.newest())
    }

    /// A snapshot taken after the call, or the newest there is after [`FRESH_WAIT_MAX`]; the first one is waited for
    /// for [`FIRST_WAIT_MAX`].
    pub async fn fresh(&self) -> Arc<Snapshot> {
        let mut newest = self.newest.clone();
        newest.mark_unchanged();
        let is_first = newest.borrow().number == 0;
        let wait = if is_first { FIRST_WAIT_MAX } else { FRESH_WAIT_MAX };
        self.wanted.store(true, Ordering::Release);
        // A writer that has gone or is busy leaves the newest there is.
        let _late = tokio::time::timeout(wait, newest.changed()).await;
        newest.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_patients_is_no_answer() {
        let (mut publisher, reader) = channel();
        publisher.publish(Vec::new(), vec![0, 1, 2, 5, 7, 8], true, Timestamp::MIN);
        let missing = reader.newest().whole().unwrap_err();
        assert!(
            missing
                .to_string()
                .starts_with("partitions 0-2, 5, 7-8 of the log are not here (0 are)")
        );
        publisher.publish(Vec::new(), Vec::new(), true, Timestamp::MIN);
        assert!(reader.newest().whole().is_ok());
    }
}
