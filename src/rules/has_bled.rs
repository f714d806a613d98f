//! HAS-BLED: the risk of bleeding under anticoagulation.
//!
//! Source: Pisters R et al., Chest 2010;138:1093-100. From 3 on: correct what can be corrected and
//! follow closely; it is never a reason to withhold an anticoagulant. What nobody documented or measured
//! does not count, as in the paper.

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
    pub labile_inr: bool,
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
const AGE_YEARS: i64 = 65;
const DRINKS: i64 = 8;

/// Scores it: 0 to 9.
pub fn score(situation: &Situation) -> i64 {
    let criteria = [
        situation.systolic.is_some_and(|pressure| SYSTOLIC < pressure),
        situation.kidney_disease || situation.creatinine.is_some_and(|value| CREATININE <= value),
        situation.liver_disease,
        situation.stroke,
        situation.bleeding,
        situation.labile_inr && situation.on_vitamin_k_antagonist,
        situation.age_years.is_some_and(|age| AGE_YEARS < age),
        situation.drugs,
        situation.drinks_a_week.is_some_and(|drinks| DRINKS <= drinks),
    ];
    criteria.into_iter().map(i64::from).sum()
}
