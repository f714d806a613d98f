//! Oxygen saturation by a wearable: whether a clinician looks at it.
//!
//! Source: FDA safety communication 2021 and draft guidance of January 2025; Sjoding MW et al., NEJM
//! 2020;383:2477-8 (hidden hypoxaemia in 11.7 % of Black and 3.6 % of White patients). The gate is this
//! project's policy: decisions from cleared oximeters only, and never a value of these in NEWS2.

/// One reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Per cent.
    pub saturation: i64,
    /// Whether the wearer moved.
    pub is_moving: bool,
    /// Signal quality in hundredths, where the device says it.
    pub quality: Option<i64>,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Too few good readings.
    Insufficient,
    /// Nothing.
    None,
    /// To be confirmed with a cleared oximeter.
    Confirm,
    /// A clinician looks at it.
    Review,
}

impl Action {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Action::Insufficient => "insufficient",
            Action::None => "none",
            Action::Confirm => "confirm-with-cleared-oximeter",
            Action::Review => "clinician-review",
        }
    }
}

// All this project's: three good readings, all low; quality from 0.8; no wearable reads below 70 %.
const READINGS_MIN: usize = 3;
const QUALITY_MIN: i64 = 80;
const PLAUSIBLE: (i64, i64) = (70, 100);
const LOW: i64 = 90;

/// What follows from readings in order of time: low counts when the last three good ones are.
pub fn action(readings: &[Reading], is_cleared: bool) -> Action {
    let (low, high) = PLAUSIBLE;
    let good = readings.iter().rev().filter(|reading| {
        !reading.is_moving
            && reading.quality.is_none_or(|quality| QUALITY_MIN <= quality)
            && low <= reading.saturation
            && reading.saturation <= high
    });
    let newest: Vec<&Reading> = good.take(READINGS_MIN).collect();
    if newest.len() < READINGS_MIN {
        return Action::Insufficient;
    }
    if newest.iter().any(|reading| LOW < reading.saturation) {
        return Action::None;
    }
    if is_cleared { Action::Review } else { Action::Confirm }
}
