//! Waiting for brokers that are away: said at growing intervals, so that neither a minute is passed over nor a day
//! fills the log.

use std::time::Duration;

use crate::clock::Stopwatch;

/// A wait this long is said: a start says within seconds what it waits for.
const SAID_FIRST: Duration = Duration::from_secs(5);
/// It is said this often at least.
const SAID_INTERVAL_MAX: Duration = Duration::from_secs(600);

/// Who is replaced in a group more often than this within this time has a namesake, who joins again each time too, and
/// not an outage behind it.
const REPLACED_MAX: usize = 5;
const REPLACED_WITHIN: Duration = Duration::from_secs(600);

/// Whether a member that was replaced in its group joins it again.
#[derive(Clone, Debug, Default)]
pub struct Rejoins {
    times: Vec<Stopwatch>,
}

impl Rejoins {
    /// Whether it does now.
    pub fn may(&mut self) -> bool {
        self.times.retain(|time| time.elapsed() < REPLACED_WITHIN);
        self.times.push(Stopwatch::start());
        self.times.len() <= REPLACED_MAX
    }
}

/// A wait.
#[derive(Debug)]
pub struct Patience {
    since: Stopwatch,
    said_next: Duration,
}

impl Patience {
    /// A wait that begins.
    pub fn begin() -> Patience {
        Patience { since: Stopwatch::start(), said_next: SAID_FIRST }
    }

    /// Says what is waited for, when it is time to.
    pub fn say(&mut self, what: &str) {
        let waited = self.since.elapsed();
        if self.is_due(waited) {
            tracing::warn!(seconds = waited.as_secs(), "kafka: {what}: waiting for the brokers");
        }
    }

    /// Says that the wait is over, where it was said that there is one.
    pub fn end(&self, what: &str) {
        if SAID_FIRST < self.said_next {
            let seconds = self.since.elapsed().as_secs();
            tracing::info!(seconds, "kafka: {what}: the brokers are there again");
        }
    }

    fn is_due(&mut self, waited: Duration) -> bool {
        let is_due = self.said_next <= waited;
        if is_due {
            self.said_next = (waited * 2).min(waited + SAID_INTERVAL_MAX);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namesake_is_not_replaced_for_ever() {
        let mut rejoins = Rejoins::default();
        assert!((0..REPLACED_MAX).all(|_| rejoins.may()));
        assert!(!rejoins.may());
    }

    #[test]
    fn a_wait_is_said_after_seconds_and_then_less_and_less_often() {
        let mut patience = Patience::begin();
        let said = (0..3_600).filter(|seconds| patience.is_due(Duration::from_secs(*seconds)));
        let said: Vec<u64> = said.collect();
        assert_eq!(said, [5, 10, 20, 40, 80, 160, 320, 640, 1_240, 1_840, 2_440, 3_040]);
    }
}
