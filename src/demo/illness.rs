//! How ill an ordinary patient is: mostly getting better, now and then getting worse.
//!
//! ```text
//! steady ──one round in 140──► worsening ──peak──► improving ──► steady
//! ```
//! Severity is per cent of a severe infection (`Vitals::ill`). Nurses come back sooner the worse it
//! is, as NEWS2 asks of them.

use crate::demo::chance::Chance;
use crate::domain::time::Span;

/// The course of one ordinary patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Illness {
    severity: i64,
    trend: Trend,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trend {
    Steady,
    Worsening { peak: i64 },
    Improving,
}

/// From here on a nurse comes every hour.
const SEVERITY_HOURLY: i64 = 35;
/// From here on a nurse comes every half hour.
const SEVERITY_CLOSE: i64 = 65;
/// Below it a patient may go home.
const SEVERITY_FIT_TO_LEAVE: i64 = 25;

impl Illness {
    /// Somebody who arrives this ill and is treated.
    pub const fn arriving(severity: i64) -> Illness {
        Illness { severity, trend: Trend::Improving }
    }

    /// Per cent of a severe infection.
    pub const fn severity(&self) -> i64 {
        self.severity
    }

    /// Whether the patient may leave.
    pub const fn is_fit_to_leave(&self) -> bool {
        self.severity < SEVERITY_FIT_TO_LEAVE
    }

    /// When the next round is due, where an untroubled one is due after `usual`.
    pub fn interval(&self, usual: Span) -> Span {
        match self.severity {
            SEVERITY_CLOSE.. => Span::from_minutes(30),
            SEVERITY_HOURLY..SEVERITY_CLOSE => usual.min(Span::from_hours(1)),
            _ => usual,
        }
    }

    /// Lets `elapsed` pass.
    pub fn pass(&mut self, elapsed: Span, chance: &mut Chance) {
        let minutes = elapsed.whole_seconds() / 60;
        match self.trend {
            Trend::Steady if chance.happens(140) => {
                self.trend = Trend::Worsening { peak: chance.between(35, 95) };
            }
            Trend::Steady => {}
            Trend::Worsening { peak } => {
                self.severity += chance.between(10, 16) * minutes / 60;
                if peak <= self.severity {
                    self.severity = peak;
                    self.trend = Trend::Improving;
                }
            }
            Trend::Improving => {
                self.severity -= chance.between(2, 6) * minutes / 60;
                if self.severity <= 0 {
                    self.severity = 0;
                    self.trend = Trend::Steady;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_get_worse_and_all_recover() {
        let mut chance = Chance::new(3);
        let mut illness = Illness::arriving(30);
        let mut highest = 0;
        let mut n_well = 0;
        for _ in 0..20_000 {
            illness.pass(Span::from_hours(1), &mut chance);
            highest = highest.max(illness.severity());
            n_well += i64::from(illness.is_fit_to_leave());
            assert!((0..=95).contains(&illness.severity()));
        }
        assert!(80 < highest && 15_000 < n_well, "highest {highest}, well {n_well} of 20000");
    }

    #[test]
    fn the_worse_the_sooner_the_next_round() {
        let usual = Span::from_hours(4);
        let intervals = [0, 40, 70].map(|s| Illness::arriving(s).interval(usual).to_string());
        assert_eq!(intervals, ["4 h", "1 h", "30 min"]);
    }
}
