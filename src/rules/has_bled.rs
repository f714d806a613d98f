//! HAS-BLED: the risk of bleeding under anticoagulation.
//!
//! Source: Pisters R et al., Chest 2010;138:1093-100. From 3 on: correct what can be corrected and
//! follow closely; it is never a reason to withhold an anticoagulant. What nobody documented or measured
//! does not count, as in the paper; what was not measured makes it a range.

use crate::rules::partial_sum::{Item, PartialSum};

/// What is scored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation {
    /// Systolic blood pressure in `mm[Hg]`.
    pub systolic: Option<i64>,
    /// Dialysis or a transplanted kidney.
    pub kidney_disease: bool,
    /// Creatinine in tenths of µmol/L.
    pub creatinine: Option<i64>,
    /// Cirrhosis, or bilirubin above twice normal with enzymes above three times.
    pub liver_disease: bool,
    /// Stroke.
    pub stroke: bool,
    /// A history of bleeding, or a disposition.
    pub bleeding: bool,
    /// Less than 60 % of the time in the therapeutic range.
    pub labile_inr: Option<bool>,
    /// On a vitamin K antagonist: only then is the INR labile.
    pub on_vitamin_k_antagonist: bool,
    /// Age in whole years.
    pub age_years: Option<i64>,
    /// Antiplatelets or NSAIDs.
    pub drugs: bool,
    /// Drinks a week.
    pub drinks_a_week: Option<i64>,
}

/// High from so many points (Pisters 2010).
pub const HIGH: i64 = 3;
// Pisters 2010: > 160 mm[Hg]; ≥ 200 µmol/L; > 65 years; ≥ 8 drinks a week.
const SYSTOLIC: i64 = 160;
const CREATININE: i64 = 2_000;
/// Older than this counts (Pisters 2010).
pub const AGE_YEARS: i64 = 65;
/// Drinks a week from which they count (Pisters 2010).
pub const DRINKS: i64 = 8;

/// Scores it: 0 to 9, by what is known.
pub fn score(situation: &Situation) -> i64 {
    sum(situation).lower
}

/// Scores it, with what was not measured.
pub fn sum(situation: &Situation) -> PartialSum {
    let creatinine = situation.creatinine.map(|value| CREATININE <= value);
    let renal = if situation.kidney_disease { Some(true) } else { creatinine };
    let labile = if situation.on_vitamin_k_antagonist { situation.labile_inr } else { Some(false) };
    PartialSum::of(&[
        Item::met("sbp", situation.systolic.map(|pressure| SYSTOLIC < pressure), 1),
        Item::met("renal", renal, 1),
        Item::met("liver", Some(situation.liver_disease), 1),
        Item::met("stroke", Some(situation.stroke), 1),
        Item::met("bleed", Some(situation.bleeding), 1),
        Item::met("labile_inr", labile, 1),
        Item::met("age", situation.age_years.map(|age| AGE_YEARS < age), 1),
        Item::met("drugs", Some(situation.drugs), 1),
        Item::met("drinks_week", situation.drinks_a_week.map(|drinks| DRINKS <= drinks), 1),
    ])
}
