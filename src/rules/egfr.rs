//! Estimated glomerular filtration rate from creatinine: CKD-EPI 2021.
//!
//! Source: Inker LA et al., N Engl J Med 2021;385:1737-49, equation without race. Adults in steady
//! state only: during acute kidney injury the result means nothing.

use crate::domain::person::Sex;

/// The youngest age the equation was made for.
pub const AGE_YEARS_MIN: u32 = 18;

/// eGFR in mL/min/1.73 m² from creatinine in mg/dL and age in whole years, not rounded.
///
/// 142 × min(Scr/κ, 1)^α × max(Scr/κ, 1)^−1.200 × 0.9938^age × 1.012 if female;
/// κ 0.7 female, 0.9 male; α −0.241 female, −0.302 male.
pub fn ckd_epi_2021(creatinine_mg_dl: f64, age_years: u32, sex: Sex) -> f64 {
    let (kappa, alpha, factor) = match sex {
        Sex::Female => (0.7, -0.241, 1.012),
        Sex::Male => (0.9, -0.302, 1.0),
    };
    let ratio = creatinine_mg_dl / kappa;
    let low = ratio.min(1.0).powf(alpha);
    let high = ratio.max(1.0).powf(-1.200);
    142.0 * low * high * 0.9938_f64.powf(f64::from(age_years)) * factor
}

/// eGFR as it is reported and staged: rounded half up to a whole number.
pub fn rounded(egfr: f64) -> i64 {
    // The result of the equation is positive and far below 2^53.
    #[expect(clippy::as_conversions, reason = "a float between 0 and some hundreds")]
    let whole = (egfr + 0.5).floor() as i64;
    whole
}
