//! Acute kidney injury by creatinine: KDIGO 2012.
//!
//! Source: KDIGO Clinical Practice Guideline for Acute Kidney Injury, Kidney Int Suppl 2012;2:1-138,
//! table 2. The order in which a baseline is looked for follows the NHS England algorithm
//! (NHS/PSA/D/2014/010): the lowest of the previous 7 days, else the median of 8 to 365 days.
//!
//! | stage | creatinine |
//! |---|---|
//! | 1 | 1.5-1.9 × baseline, or a rise of ≥ 0.3 mg/dL within 48 h |
//! | 2 | 2.0-2.9 × baseline |
//! | 3 | ≥ 3.0 × baseline, or ≥ 4.0 mg/dL once it is acute kidney injury at all |
//!
//! Values are hundredths of mg/dL, so that 1.4 − 1.1 is 0.3. The urine criteria stand in a rule of
//! their own.

use crate::domain::time::Span;

/// A creatinine measured before the one that is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prior {
    /// How long before.
    pub before: Span,
    /// Hundredths of mg/dL.
    pub value: i64,
}

/// What creatinine is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The lowest of the previous 7 days.
    LowestOfSevenDays,
    /// The median of the previous 8 to 365 days.
    MedianOfAYear,
    /// A baseline a clinician entered.
    Entered,
}

/// The verdict on one creatinine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injury {
    /// 0 (none by these data) to 3.
    pub stage: u8,
    /// What it was compared with, and its value in two-hundredths of mg/dL (a median of two may lie
    /// between hundredths); `None` without any baseline: then only the 48-hour rise was judged.
    pub baseline: Option<(Reference, i64)>,
}

/// A rise is counted from the lowest of this long before.
pub const WINDOW_RISE: Span = Span::from_hours(48);
/// The baseline is the lowest of this long before.
pub const WINDOW_BASELINE: Span = Span::from_hours(168);
/// Without one it is the median of those so old, both ends included.
pub const YEAR: (Span, Span) = (Span::from_days(8), Span::from_days(365));
/// A rise of 0.3 mg/dL, in hundredths.
const RISE: i64 = 30;
/// 4.0 mg/dL, in hundredths.
const SEVERE: i64 = 400;

/// Judges `current` (hundredths of mg/dL) by the values before it and an entered baseline.
pub fn assess(current: i64, priors: &[Prior], entered: Option<i64>) -> Injury {
    let lowest_within = |window: Span| {
        let within = priors.iter().filter(|prior| prior.before <= window);
        within.map(|prior| prior.value).min()
    };
    let baseline = lowest_within(WINDOW_BASELINE)
        .map(|value| (Reference::LowestOfSevenDays, 2 * value))
        .or_else(|| median_of_a_year(priors).map(|twice| (Reference::MedianOfAYear, twice)))
        .or_else(|| entered.map(|value| (Reference::Entered, 2 * value)));
    // Ratios are compared as products: current / (twice / 2) >= 1.5.
    let is_times = |tenths: i64| baseline.is_some_and(|(_, twice)| tenths * twice <= 20 * current);
    let rose = lowest_within(WINDOW_RISE).is_some_and(|lowest| RISE <= current - lowest);
    let is_injury = rose || is_times(15);
    let stage = if is_times(30) || is_injury && SEVERE <= current {
        3
    } else if is_times(20) {
        2
    } else {
        u8::from(is_injury)
    };
    Injury { stage, baseline }
}

/// Twice the median of the values 8 to 365 days old.
fn median_of_a_year(priors: &[Prior]) -> Option<i64> {
    let within = priors.iter().filter(|prior| YEAR.0 <= prior.before && prior.before <= YEAR.1);
    let mut values: Vec<i64> = within.map(|prior| prior.value).collect();
    values.sort_unstable();
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len() - 1) / 2)?;
    Some(lower + upper)
}
