//! The utility of early warnings of sepsis, as the PhysioNet/CinC Challenge of 2019 scored it.
//!
//! Source: Reyna MA et al., Crit Care Med 2020;48:210-7. Every hour of a stay is scored. The label turns 1
//! six hours before onset, so onset is the first labelled hour and six. It rewards warnings from twelve
//! hours before to three after, and is a benchmark: nothing of it reaches a patient.

// Reyna 2020: rewards in the window of 12 h before to 3 h after, best at 6 h before.
const EARLIEST: i64 = -12;
const BEST: i64 = -6;
const LATEST: i64 = 3;
/// A warning without sepsis, or too early (Reyna 2020).
const FALSE_ALARM: f64 = -0.05;
/// The most that silence costs in an hour (Reyna 2020).
const MISSED: f64 = -2.0;

/// One stay, by the hour.
#[derive(Clone, Copy, Debug)]
pub struct Stay<'s> {
    /// Whether sepsis begins within six hours, or began.
    pub labels: &'s [bool],
    /// Whether there was a warning.
    pub warnings: &'s [bool],
}

impl Stay<'_> {
    /// Hours from each of the stay's to onset, below 0 before it; `None` without sepsis.
    fn onset(&self) -> Option<i64> {
        let first = self.labels.iter().position(|label| *label)?;
        Some(i64::try_from(first).ok()? - BEST)
    }

    /// The utility of the warnings.
    pub fn utility(&self) -> f64 {
        self.sum(|hour| self.warnings.get(hour).copied().unwrap_or(false))
    }

    /// That of no warning at all.
    pub fn utility_of_silence(&self) -> f64 {
        self.sum(|_| false)
    }

    /// The best there is: warnings in the whole window of reward.
    pub fn utility_best(&self) -> f64 {
        let onset = self.onset();
        self.sum(|hour| {
            let from_onset = i64::try_from(hour).ok().zip(onset).map(|(hour, onset)| hour - onset);
            from_onset.is_some_and(|hours| (EARLIEST..=LATEST).contains(&hours))
        })
    }

    fn sum(&self, is_warned: impl Fn(usize) -> bool) -> f64 {
        let onset = self.onset();
        let of_hour = |hour: usize| {
            let from_onset = i64::try_from(hour).ok().zip(onset).map(|(hour, onset)| hour - onset);
            hourly(from_onset, is_warned(hour))
        };
        (0..self.labels.len()).map(of_hour).sum()
    }
}

/// The utility of an hour, by how far it is from onset.
fn hourly(from_onset: Option<i64>, is_warned: bool) -> f64 {
    let hours = |count: i64| f64::from(i32::try_from(count).unwrap_or(i32::MAX));
    let rise = hours(BEST - EARLIEST);
    let fall = hours(LATEST - BEST);
    match (from_onset, is_warned) {
        (None, true) => FALSE_ALARM,
        (None, false) => 0.0,
        (Some(from), true) if from <= BEST => (hours(from - EARLIEST) / rise).max(FALSE_ALARM),
        (Some(from), true) if from <= LATEST => hours(LATEST - from) / fall,
        (Some(from), false) if BEST < from && from <= LATEST => MISSED * hours(from - BEST) / fall,
        (Some(_), _) => 0.0,
    }
}

/// The utility of a cohort between silence, 0, and the best, 1; `None` where they are the same.
pub fn normalized(cohort: &[Stay<'_>]) -> Option<f64> {
    let silence: f64 = cohort.iter().map(Stay::utility_of_silence).sum();
    let best: f64 = cohort.iter().map(Stay::utility_best).sum();
    let utility: f64 = cohort.iter().map(Stay::utility).sum();
    let range = best - silence;
    Some((utility - silence) / range).filter(|_| 0.0 < range)
}
