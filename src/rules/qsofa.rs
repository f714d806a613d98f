//! qSOFA: the quick sepsis-related organ failure assessment.
//!
//! Source: Singer M et al., JAMA 2016;315:801-10 (Sepsis-3); Seymour CW et al., JAMA 2016;315:762-74.
//! It asks about outcome in suspected infection; the Surviving Sepsis Campaign (2021, 2026) advises
//! against it as the only screen, so it never raises anything by itself.

use crate::rules::partial_sum::{Item, PartialSum};

/// What is scored. Whole numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation {
    /// Breaths a minute.
    pub respiratory_rate: Option<i64>,
    /// Systolic blood pressure in `mm[Hg]`.
    pub systolic: Option<i64>,
    /// Glasgow coma score, 3 to 15.
    pub glasgow_coma_score: Option<i64>,
}

/// Positive from so many points (Singer 2016, box 4).
pub const POSITIVE: i64 = 2;
/// Breaths a minute, from (Singer 2016, box 4).
const RESPIRATORY_RATE: i64 = 22;
/// `mm[Hg]`, up to and including (Singer 2016, box 4).
const SYSTOLIC: i64 = 100;
/// Altered mentation is any score below (Seymour 2016: GCS < 15; ≤ 13 is an older variant).
const GLASGOW_COMA_SCORE: i64 = 15;

/// Scores it: a point for each criterion.
pub fn score(situation: &Situation) -> PartialSum {
    let Situation { respiratory_rate, systolic, glasgow_coma_score } = situation;
    PartialSum::of(&[
        Item::met("rr", respiratory_rate.map(|rate| RESPIRATORY_RATE <= rate), 1),
        Item::met("sbp", systolic.map(|pressure| pressure <= SYSTOLIC), 1),
        Item::met("gcs", glasgow_coma_score.map(|score| score < GLASGOW_COMA_SCORE), 1),
    ])
}
