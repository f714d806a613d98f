//! SIRS: the systemic inflammatory response syndrome.
//!
//! Source: Bone RC et al., Chest 1992;101:1644-55 (ACCP/SCCM). Every cut-off is strict. Respiratory
//! rate and carbon dioxide give one point together, and so do leukocytes and bands: a criterion with
//! alternatives is judged by those that were measured, and missing when none was.

use crate::rules::partial_sum::{Item, PartialSum, any_of};

/// What is scored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation {
    /// Tenths of a degree Celsius.
    pub temperature: Option<i64>,
    /// Beats a minute.
    pub heart_rate: Option<i64>,
    /// Breaths a minute.
    pub respiratory_rate: Option<i64>,
    /// Arterial carbon dioxide in tenths of `mm[Hg]`.
    pub paco2: Option<i64>,
    /// Leukocytes in hundredths of 10³/µL.
    pub leukocytes: Option<i64>,
    /// Immature forms in tenths of a per cent.
    pub bands: Option<i64>,
}

/// Positive from so many criteria (Bone 1992).
pub const POSITIVE: i64 = 2;
// Bone 1992: > 38 °C or < 36 °C; > 90/min; > 20/min or < 32 mm[Hg]; > 12 or < 4 x 10³/µL, or
// > 10 % bands.
const TEMPERATURE: (i64, i64) = (360, 380);
const HEART_RATE: i64 = 90;
const RESPIRATORY_RATE: i64 = 20;
const PACO2: i64 = 320;
const LEUKOCYTES: (i64, i64) = (400, 1_200);
const BANDS: i64 = 100;

/// Scores it: a point for each criterion.
pub fn score(situation: &Situation) -> PartialSum {
    let outside = |(low, high): (i64, i64)| move |value: i64| value < low || high < value;
    let breathing = any_of(&[
        situation.respiratory_rate.map(|rate| RESPIRATORY_RATE < rate),
        situation.paco2.map(|pressure| pressure < PACO2),
    ]);
    let blood = any_of(&[
        situation.leukocytes.map(outside(LEUKOCYTES)),
        situation.bands.map(|bands| BANDS < bands),
    ]);
    PartialSum::of(&[
        Item::met("temp", situation.temperature.map(outside(TEMPERATURE)), 1),
        Item::met("hr", situation.heart_rate.map(|rate| HEART_RATE < rate), 1),
        Item::met("rr", breathing, 1),
        Item::met("wbc", blood, 1),
    ])
}
