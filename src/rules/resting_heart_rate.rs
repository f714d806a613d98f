//! A notice of the heart rate at rest, as consumer watches give it: no clinical alarm.
//!
//! Source: what vendors document (above or below a threshold for 10 minutes without activity; 120 and 40
//! unless the user set others).

/// One sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Hundredths of a minute since any one moment.
    pub at: i64,
    /// Tenths of a beat a minute.
    pub rate: i64,
    /// Whether the wearer is inactive.
    pub is_inactive: bool,
}

/// The thresholds in tenths of a beat a minute; both are strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Above it is high.
    pub high: i64,
    /// Below it is low.
    pub low: i64,
}

/// What the vendors ship.
pub const DEFAULT: Thresholds = Thresholds { high: 1_200, low: 400 };
/// So long in hundredths of a minute it must last.
const LASTS: i64 = 1_000;
/// Longer between two samples nobody knows what the heart did: this project's, half of what is asked.
const APART_MAX: i64 = 500;

/// What is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Above the high threshold.
    High,
    /// Below the low one.
    Low,
}

impl Notice {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Notice::High => "high",
            Notice::Low => "low",
        }
    }
}

/// The first notice. A sample that is within the thresholds or active ends a run, and so does silence.
pub fn notice(samples: &[Sample], thresholds: Thresholds) -> Option<Notice> {
    let mut order: Vec<&Sample> = samples.iter().collect();
    order.sort_by_key(|sample| sample.at);
    // What the run shows, when it began, and its newest sample.
    let mut run: Option<(Notice, i64, i64)> = None;
    for sample in order {
        let shown = match sample.rate {
            _ if !sample.is_inactive => None,
            rate if thresholds.high < rate => Some(Notice::High),
            rate if rate < thresholds.low => Some(Notice::Low),
            _ => None,
        };
        run = shown.map(|shown| match run {
            Some((notice, since, newest)) if notice == shown && sample.at - newest <= APART_MAX => {
                (notice, since, sample.at)
            }
            _ => (shown, sample.at, sample.at),
        });
        if let Some((notice, since, newest)) = run
            && LASTS <= newest - since
        {
            return Some(notice);
        }
    }
    None
}
