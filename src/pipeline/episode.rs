//! When a condition begins and ends in valid time: a function of the scores, whatever was said.
//!
//! ```text
//!            band >= raise_from              below for clears_after
//!  at rest ───────────────────────► open ──────────────────────────► at rest
//!                                    │ another cause: one ends, another begins
//! ```

use crate::domain::time::{Span, Timestamp};

/// Where a track stands after a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Episode {
    /// The condition does not hold.
    Rest,
    /// The condition holds, or held a moment ago.
    Open {
        /// When it began.
        start: Timestamp,
        /// The band it has.
        band: u8,
        /// The fact it counts from; 0 for none.
        cause: u64,
        /// Since when the condition is gone although the episode goes on.
        below_since: Option<Timestamp>,
    },
}

/// What a point says of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Nothing can be said.
    Unknown,
    /// No finding.
    Nothing,
    /// A band between two, both included: equal unless inputs are missing.
    Band {
        /// The least it can be.
        least: u8,
        /// The greatest it can be.
        most: u8,
        /// The fact it counts from; 0 for none.
        cause: u64,
    },
}

/// When an episode opens and how long it takes to end.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// The least band that opens one.
    pub raise_from: u8,
    /// How long the condition must be gone.
    pub clears_after: Span,
}

impl Episode {
    /// The state after a point at `at` that observed `observed`.
    pub fn next(self, at: Timestamp, observed: Observed, thresholds: Thresholds) -> Episode {
        let (least, most, cause) = match observed {
            Observed::Unknown => return self,
            Observed::Nothing => return self.below(at, thresholds),
            Observed::Band { least, most, cause } => (least, most, cause),
        };
        let open = match self {
            Episode::Open { start, band, cause: known, .. } if cause == 0 || cause == known => {
                Some((start, band))
            }
            Episode::Rest | Episode::Open { .. } => None,
        };
        // Between the bounds the band that was reached stands: missing values calm nobody.
        let band = open.map_or(least, |(_, band)| band.clamp(least, most));
        if band < thresholds.raise_from {
            return self.below(at, thresholds);
        }
        let start = open.map_or(at, |(start, _)| start);
        Episode::Open { start, band, cause, below_since: None }
    }

    fn below(self, at: Timestamp, thresholds: Thresholds) -> Episode {
        let Episode::Open { start, band, cause, below_since } = self else {
            return Episode::Rest;
        };
        let since = below_since.unwrap_or(at);
        if thresholds.clears_after <= at.since(since) {
            return Episode::Rest;
        }
        Episode::Open { start, band, cause, below_since: Some(since) }
    }

    /// When it ends if nothing else comes.
    pub fn clears_at(self, thresholds: Thresholds) -> Option<Timestamp> {
        match self {
            Episode::Rest => None,
            Episode::Open { below_since, .. } => {
                below_since.map(|since| since.plus(thresholds.clears_after))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Thresholds = Thresholds { raise_from: 1, clears_after: Span::from_minutes(30) };

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_micros(minute * 60_000_000)
    }

    fn exactly(band: u8) -> Observed {
        Observed::Band { least: band, most: band, cause: 0 }
    }

    fn run(points: &[(i64, Observed)]) -> Episode {
        points.iter().fold(Episode::Rest, |state, (at, seen)| state.next(minute(*at), *seen, RULE))
    }

    fn open(start: i64, band: u8, below_since: Option<i64>) -> Episode {
        let below_since = below_since.map(minute);
        Episode::Open { start: minute(start), band, cause: 0, below_since }
    }

    #[test]
    fn a_dip_shorter_than_the_hysteresis_is_one_episode() {
        assert_eq!(run(&[(0, exactly(1)), (10, exactly(0)), (30, exactly(2))]), open(0, 2, None));
        assert_eq!(run(&[(0, exactly(1)), (10, exactly(0)), (40, exactly(0))]), Episode::Rest);
        assert_eq!(run(&[(0, exactly(1)), (10, exactly(0))]).clears_at(RULE), Some(minute(40)));
    }

    #[test]
    fn missing_values_calm_nobody() {
        let partial = Observed::Band { least: 0, most: 3, cause: 0 };
        assert_eq!(run(&[(0, partial)]), Episode::Rest);
        assert_eq!(run(&[(0, exactly(2)), (10, partial)]), open(0, 2, None));
        assert_eq!(run(&[(0, exactly(2)), (10, Observed::Unknown)]), open(0, 2, None));
        let at_most_1 = Observed::Band { least: 0, most: 1, cause: 0 };
        assert_eq!(run(&[(0, exactly(2)), (10, at_most_1)]), open(0, 1, None));
    }

    #[test]
    fn another_cause_is_another_episode() {
        let from = |cause| Observed::Band { least: 1, most: 1, cause };
        let Episode::Open { start, cause, .. } = run(&[(0, from(7)), (5, from(7)), (9, from(8))])
        else {
            panic!("the condition holds");
        };
        assert_eq!((start, cause), (minute(9), 8));
    }
}
