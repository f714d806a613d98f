//! The alert of acute kidney injury that laboratories in England raise.
//!
//! Source: NHS England, patient safety alert NHS/PSA/D/2014/010, algorithm for detecting acute kidney
//! injury; Selby NM et al., Nephrol Dial Transplant 2016. Creatinine in tenths of µmol/L.
//!
//! ```text
//! reference: lowest of 0-7 d, else median of 8-365 d
//! ratio >= 3 or (>= 1.5 and > 354) ─► 3   >= 2 ─► 2   >= 1.5 ─► 1   else rise > 26 in 48 h ─► 1
//! ```

use crate::domain::time::Span;
use crate::rules::kdigo_aki::Prior;

/// What the newest value is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// RV1, the lowest of the previous 7 days.
    LowestOfSevenDays(i64),
    /// RV2, the median of 8 to 365 days, doubled: that of two values may lie between two tenths.
    MedianOfAYear(i64),
}

impl Reference {
    /// Its value, doubled.
    pub const fn doubled(self) -> i64 {
        match self {
            Reference::LowestOfSevenDays(value) => 2 * value,
            Reference::MedianOfAYear(doubled) => doubled,
        }
    }
}

const WINDOW_RISE: Span = Span::from_hours(48);
const WINDOW_LOWEST: Span = Span::from_days(7);
const YEAR: (Span, Span) = (Span::from_days(8), Span::from_days(365));
/// A rise above 26 µmol/L in 48 hours, in tenths.
const RISE: i64 = 260;
/// 354 µmol/L, in tenths: above it an injury is of stage 3.
const SEVERE: i64 = 3_540;

/// The alert, 0 to 3, and its reference; `None` where there is nothing to compare with.
pub fn alert(current: i64, priors: &[Prior]) -> Option<(u8, Reference)> {
    let reference = reference(priors)?;
    // Ratios are compared as products: current / (doubled / 2) >= 1.5.
    let is_times = |tenths: i64| tenths * reference.doubled() <= 20 * current;
    let rose = lowest_within(priors, WINDOW_RISE).is_some_and(|low| RISE < current - low);
    let alert = if is_times(30) || is_times(15) && SEVERE < current {
        3
    } else if is_times(20) {
        2
    } else {
        u8::from(is_times(15) || rose)
    };
    Some((alert, reference))
}

fn reference(priors: &[Prior]) -> Option<Reference> {
    if let Some(lowest) = lowest_within(priors, WINDOW_LOWEST) {
        return Some(Reference::LowestOfSevenDays(lowest));
    }
    let within = priors.iter().filter(|prior| YEAR.0 <= prior.before && prior.before <= YEAR.1);
    let mut values: Vec<i64> = within.map(|prior| prior.value).collect();
    values.sort_unstable();
    let upper = values.get(values.len() / 2)?;
    let lower = values.get(values.len().saturating_sub(1) / 2)?;
    Some(Reference::MedianOfAYear(lower + upper))
}

fn lowest_within(priors: &[Prior], window: Span) -> Option<i64> {
    let within = priors.iter().filter(|prior| prior.before <= window);
    within.map(|prior| prior.value).min()
}
