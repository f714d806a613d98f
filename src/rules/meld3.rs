//! MELD 3.0: how urgently a liver is needed.
//!
//! Source: Kim WR et al., Gastroenterology 2021;161:1887-95; OPTN policy 9 (bounds, rounding, 6 to 40;
//! from 12 to 17 years the female term counts for everyone). Values are bounded before logarithms.

use crate::domain::person::Sex;

/// The youngest age it is made for (OPTN policy 9; younger: PELD).
pub const AGE_YEARS_MIN: u32 = 12;
const ADULT_YEARS: u32 = 18;

/// What is scored.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// Total bilirubin in mg/dL.
    pub bilirubin: f64,
    /// Sodium in mmol/L.
    pub sodium: f64,
    /// International normalised ratio.
    pub inr: f64,
    /// Creatinine in mg/dL.
    pub creatinine: f64,
    /// Albumin in g/dL.
    pub albumin: f64,
    /// Female or male.
    pub sex: Sex,
    /// Age, where it is known; an adult's otherwise.
    pub age_years: Option<u32>,
    /// Dialysed at least twice in a week, or 24 hours of CVVHD.
    pub is_dialysed: bool,
}

// Bounds (Kim 2021).
const LEAST: f64 = 1.0;
const CREATININE_MAX: f64 = 3.0;
const SODIUM: (f64, f64) = (125.0, 137.0);
const ALBUMIN: (f64, f64) = (1.5, 3.5);
// Allocation range (OPTN policy 9).
const SCORE: (i64, i64) = (6, 40);

/// The formula, neither rounded nor bounded.
pub fn raw(situation: &Situation) -> f64 {
    let ln_bilirubin = situation.bilirubin.max(LEAST).ln();
    let ln_inr = situation.inr.max(LEAST).ln();
    let creatinine = match situation.is_dialysed {
        true => CREATININE_MAX,
        false => situation.creatinine.clamp(LEAST, CREATININE_MAX),
    };
    let sodium = 137.0 - situation.sodium.clamp(SODIUM.0, SODIUM.1);
    let albumin = 3.5 - situation.albumin.clamp(ALBUMIN.0, ALBUMIN.1);
    let is_minor = situation.age_years.is_some_and(|age| age < ADULT_YEARS);
    let female = if situation.sex == Sex::Female || is_minor { 1.33 } else { 0.0 };
    // Kim 2021, the final model.
    female + 4.56 * ln_bilirubin + 0.82 * sodium - 0.24 * sodium * ln_bilirubin
        + 9.09 * ln_inr
        + 11.14 * creatinine.ln()
        + 1.85 * albumin
        - 1.83 * albumin * creatinine.ln()
        + 6.0
}

/// The score: rounded half up, 6 to 40.
pub fn score(raw: f64) -> i64 {
    #[expect(clippy::as_conversions, reason = "the formula gives between some and some dozens")]
    let whole = (raw + 0.5).floor() as i64;
    whole.clamp(SCORE.0, SCORE.1)
}
