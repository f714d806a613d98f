//! PREVENT: the risk of cardiovascular disease over 10 and 30 years.
//!
//! Source: Khan SS et al., Circulation 2024;149:430-49 (American Heart Association PREVENT equations).
//! Not for people with known cardiovascular disease, and never beyond the ranges that it was made from.
//! The coefficients stand in `prevent_table`.
//!
//! ```text
//! inputs ─► terms (centred, scaled) ─► sum of coefficient x term ─► 1 / (1 + e^-sum)
//! ```
//! A guideline names the outcome its categories are for: total CVD and ASCVD are different equations.

use crate::domain::person::Sex;
use crate::rules::prevent_table::{Term, lines};

/// Which equations: the base ones, or with more that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Base.
    Base,
    /// With urine albumin-to-creatinine ratio.
    Albuminuria,
    /// With HbA1c.
    Hba1c,
    /// With the social deprivation index.
    Deprivation,
    /// With all three, each of which may be missing.
    Full,
}

/// Whom the risk is of.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// Female or male.
    pub sex: Sex,
    /// Age in years.
    pub age: f64,
    /// Total cholesterol in mg/dL.
    pub total_cholesterol: f64,
    /// HDL cholesterol in mg/dL.
    pub hdl_cholesterol: f64,
    /// Systolic blood pressure in `mm[Hg]`.
    pub systolic: f64,
    /// Body mass index in kg/m².
    pub bmi: f64,
    /// CKD-EPI 2021 in mL/min/1.73 m².
    pub egfr: f64,
    /// Diabetes.
    pub has_diabetes: bool,
    /// A smoker.
    pub is_smoker: bool,
    /// On treatment for blood pressure.
    pub is_treated: bool,
    /// On a statin.
    pub on_statin: bool,
    /// Urine albumin-to-creatinine ratio in mg/g.
    pub albuminuria: Option<f64>,
    /// HbA1c in per cent.
    pub hba1c: Option<f64>,
    /// Decile of the social deprivation index, 1 to 10.
    pub deprivation: Option<f64>,
}

/// The risk of each outcome, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Risks {
    /// Atherosclerotic disease or heart failure.
    pub cvd: f64,
    /// Coronary disease or stroke.
    pub ascvd: f64,
    /// Heart failure.
    pub heart_failure: f64,
    /// Coronary disease.
    pub coronary: f64,
    /// Stroke.
    pub stroke: f64,
}

/// Over how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Horizon {
    /// 10 years.
    Years10,
    /// 30 years.
    Years30,
}

// The ranges the equations are for, both ends included (Khan 2024; systolic until 180: one
// implementation takes 200).
const AGE_10: (f64, f64) = (30.0, 79.0);
const AGE_30: (f64, f64) = (30.0, 59.0);
const TOTAL_CHOLESTEROL: (f64, f64) = (130.0, 320.0);
const HDL_CHOLESTEROL: (f64, f64) = (20.0, 100.0);
const SYSTOLIC: (f64, f64) = (90.0, 180.0);
const BMI: (f64, f64) = (18.5, 39.9);
const EGFR: (f64, f64) = (15.0, 140.0);
const DEPRIVATION: (f64, f64) = (1.0, 10.0);
// What calculators take (preventr): 0.1 to 25,000 mg/g, 4.5 to 15 %.
const ALBUMINURIA: (f64, f64) = (0.1, 25_000.0);
const HBA1C: (f64, f64) = (4.5, 15.0);

/// What lies outside of the ranges that the equations are for, by name.
pub fn out_of_range(situation: &Situation, horizon: Horizon) -> Vec<&'static str> {
    let age = match horizon {
        Horizon::Years10 => AGE_10,
        Horizon::Years30 => AGE_30,
    };
    let ranges = [
        ("age", Some(situation.age), age),
        ("bmi", Some(situation.bmi), BMI),
        ("egfr", Some(situation.egfr), EGFR),
        ("hba1c", situation.hba1c, HBA1C),
        ("hdl", Some(situation.hdl_cholesterol), HDL_CHOLESTEROL),
        ("sbp", Some(situation.systolic), SYSTOLIC),
        ("sdi", situation.deprivation, DEPRIVATION),
        ("tc", Some(situation.total_cholesterol), TOTAL_CHOLESTEROL),
        ("uacr", situation.albuminuria, ALBUMINURIA),
    ];
    let is_outside = |value: f64, (low, high): (f64, f64)| !(low <= value && value <= high);
    let outside = ranges
        .into_iter()
        .filter(|(_, value, range)| value.is_some_and(|value| is_outside(value, *range)));
    outside.map(|(name, _, _)| name).collect()
}

/// The model that uses everything that is known.
pub fn model_for(situation: &Situation) -> Model {
    let known = [situation.albuminuria, situation.hba1c, situation.deprivation];
    match known.map(|value| value.is_some()) {
        [false, false, false] => Model::Base,
        [true, false, false] => Model::Albuminuria,
        [false, true, false] => Model::Hba1c,
        [false, false, true] => Model::Deprivation,
        _ => Model::Full,
    }
}

/// The risks of someone within the ranges.
pub fn risks(situation: &Situation, model: Model, horizon: Horizon) -> Risks {
    let mut sums = [0.0; 5];
    for (term, coefficients) in lines(model, horizon == Horizon::Years30) {
        let value = value(*term, situation);
        for (sum, pair) in sums.iter_mut().zip(coefficients.chunks_exact(2)) {
            let coefficient = match situation.sex {
                Sex::Female => pair.first(),
                Sex::Male => pair.last(),
            };
            *sum += coefficient.copied().unwrap_or_default() * value;
        }
    }
    let [cvd, ascvd, heart_failure, coronary, stroke] =
        sums.map(|sum: f64| 1.0 / (1.0 + (-sum).exp()));
    Risks { cvd, ascvd, heart_failure, coronary, stroke }
}

/// mg/dL of cholesterol to mmol/L, as the authors do it.
const CHOLESTEROL_MMOL: f64 = 0.02586;

/// A term of the equations.
fn value(term: Term, s: &Situation) -> f64 {
    let flag = |holds: bool| if holds { 1.0 } else { 0.0 };
    let age = (s.age - 55.0) / 10.0;
    let non_hdl = (s.total_cholesterol - s.hdl_cholesterol) * CHOLESTEROL_MMOL - 3.5;
    let hdl = (s.hdl_cholesterol * CHOLESTEROL_MMOL - 1.3) / 0.3;
    let systolic = (s.systolic.max(110.0) - 130.0) / 20.0;
    let bmi = (s.bmi.max(30.0) - 30.0) / 5.0;
    let egfr = (s.egfr.min(60.0) - 60.0) / -15.0;
    let is_decile = |low: f64, high: f64| s.deprivation.is_some_and(|d| low <= d && d <= high);
    let hba1c = |counts: bool| s.hba1c.filter(|_| counts).map_or(0.0, |value| value - 5.3);
    match term {
        Term::Age => age,
        Term::AgeSquared => age * age,
        Term::NonHdl => non_hdl,
        Term::Hdl => hdl,
        Term::SystolicBelow110 => (s.systolic.min(110.0) - 110.0) / 20.0,
        Term::SystolicFrom110 => systolic,
        Term::Diabetes => flag(s.has_diabetes),
        Term::Smoking => flag(s.is_smoker),
        Term::BmiBelow30 => (s.bmi.min(30.0) - 25.0) / 5.0,
        Term::BmiFrom30 => bmi,
        Term::EgfrBelow60 => egfr,
        Term::EgfrFrom60 => (s.egfr.max(60.0) - 90.0) / -15.0,
        Term::Treated => flag(s.is_treated),
        Term::Statin => flag(s.on_statin),
        Term::TreatedSystolicFrom110 => flag(s.is_treated) * systolic,
        Term::StatinNonHdl => flag(s.on_statin) * non_hdl,
        Term::AgeNonHdl => age * non_hdl,
        Term::AgeHdl => age * hdl,
        Term::AgeSystolicFrom110 => age * systolic,
        Term::AgeDiabetes => age * flag(s.has_diabetes),
        Term::AgeSmoking => age * flag(s.is_smoker),
        Term::AgeBmiFrom30 => age * bmi,
        Term::AgeEgfrBelow60 => age * egfr,
        Term::Deprivation4To6 => flag(is_decile(4.0, 6.0)),
        Term::Deprivation7To10 => flag(is_decile(7.0, 10.0)),
        Term::DeprivationMissing => flag(s.deprivation.is_none()),
        Term::LnAlbuminuria => s.albuminuria.map_or(0.0, f64::ln),
        Term::AlbuminuriaMissing => flag(s.albuminuria.is_none()),
        Term::Hba1cWithDiabetes => hba1c(s.has_diabetes),
        Term::Hba1cWithoutDiabetes => hba1c(!s.has_diabetes),
        Term::Hba1cMissing => flag(s.hba1c.is_none()),
        Term::Constant => 1.0,
    }
}
