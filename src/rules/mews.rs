//! MEWS: the modified early warning score of Subbe. Several scores bear the name; this is that of 2001.
//!
//! Source: Subbe CP et al., QJM 2001;94:521-6, table 1. The printed table leaves a systolic pressure of
//! 70 and a heart rate of 40 between two rows: the worse one counts. It is refused while an input is
//! missing.

use crate::rules::partial_sum::{Item, PartialSum};
use crate::rules::steps::{Steps, points};

/// What is scored. Whole numbers, but for the temperature.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation {
    /// Systolic blood pressure in `mm[Hg]`.
    pub systolic: Option<i64>,
    /// Beats a minute.
    pub heart_rate: Option<i64>,
    /// Breaths a minute.
    pub respiratory_rate: Option<i64>,
    /// Tenths of a degree Celsius.
    pub temperature: Option<i64>,
    /// Alert 0, to voice 1, to pain 2, unresponsive 3: its points.
    pub avpu: Option<i64>,
}

/// High from so many points (Subbe 2001: associated with death and intensive care).
pub const HIGH: i64 = 5;

// Subbe 2001, table 1, from each cut-off on.
const SYSTOLIC: &Steps = &[(0, 3), (71, 2), (81, 1), (101, 0), (200, 2)];
const HEART_RATE: &Steps = &[(0, 2), (41, 1), (51, 0), (101, 1), (111, 2), (130, 3)];
const RESPIRATORY_RATE: &Steps = &[(0, 2), (9, 0), (15, 1), (21, 2), (30, 3)];
const TEMPERATURE: &Steps = &[(0, 2), (350, 0), (385, 2)];

/// Scores it.
pub fn score(situation: &Situation) -> PartialSum {
    let scored = |steps, value: Option<i64>| value.map(|value| points(steps, value));
    PartialSum::of(&[
        Item::new("sbp", scored(SYSTOLIC, situation.systolic), 3),
        Item::new("hr", scored(HEART_RATE, situation.heart_rate), 3),
        Item::new("rr", scored(RESPIRATORY_RATE, situation.respiratory_rate), 3),
        Item::new("temp", scored(TEMPERATURE, situation.temperature), 2),
        Item::new("avpu", situation.avpu, 3),
    ])
}
