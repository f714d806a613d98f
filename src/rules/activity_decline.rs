//! A decline of daily steps against the wearer's own baseline.
//!
//! Source: this project's policy, for no alarm is validated for everyone. Which days count: Troiano RP et
//! al., Med Sci Sports Exerc 2008;40:181-8 (10 hours of wear, 4 days). A watch that was not worn must never
//! look like a patient who did not move.

/// One day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Steps.
    pub steps: i64,
    /// Hundredths of an hour that the device was worn.
    pub worn: i64,
}

// Troiano 2008: a valid day has 10 hours of wear, and 4 are needed; this project: 14 of the baseline.
const WORN_MIN: i64 = 1_000;
const RECENT_DAYS_MIN: usize = 4;
const BASELINE_DAYS_MIN: usize = 14;
// This project: a drop of 30 % or more.
const DROP_PER_CENT: i64 = 30;

/// The change of the mean of valid days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The recent mean times the days of both.
    recent: i64,
    /// The baseline's, the same way.
    baseline: i64,
}

impl Change {
    /// The change as a share of the baseline, in ten-thousandths.
    pub const fn ten_thousandths(self) -> i64 {
        (20_000 * (self.recent - self.baseline) + self.baseline).div_euclid(2 * self.baseline)
    }

    /// Whether it is a drop that is told.
    pub const fn is_drop(self) -> bool {
        100 * self.recent <= (100 - DROP_PER_CENT) * self.baseline
    }
}

/// The change; `None` where too few days are valid, or nobody walked in the baseline.
pub fn change(baseline: &[Day], recent: &[Day]) -> Option<Change> {
    let valid = |days: &[Day]| -> (i64, i64) {
        let valid = days.iter().filter(|day| WORN_MIN <= day.worn);
        valid.fold((0, 0), |(steps, n_days), day| (steps + day.steps, n_days + 1))
    };
    let ((before, n_before), (after, n_after)) = (valid(baseline), valid(recent));
    let is_enough = |n_days, min: usize| usize::try_from(n_days).is_ok_and(|n_days| min <= n_days);
    let is_known =
        is_enough(n_before, BASELINE_DAYS_MIN) && is_enough(n_after, RECENT_DAYS_MIN) && 0 < before;
    Some(Change { recent: after * n_before, baseline: before * n_after }).filter(|_| is_known)
}
