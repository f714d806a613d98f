//! Whether two results of a patient differ by more than a person and a method vary: verify the sample.
//!
//! Source: Fraser CG, reference change value, and CLSI EP33. The variation within a person (CVi) is to
//! come from a pinned release of the EFLM database. It says nothing of a diagnosis.

/// Results further apart are not compared (this project's policy): 72 h, in
/// ten-thousandths.
pub const WINDOW: i64 = 720_000;

/// The reference change value in per cent: √2 × 1.96 × √(CVi² + CVa²).
pub fn reference_change_percent(cv_within_person: f64, cv_analytical: f64) -> f64 {
    2.0_f64.sqrt() * 1.96 * cv_within_person.hypot(cv_analytical)
}

/// The change in per cent of the previous result; `None` where that is not above 0.
pub fn change_percent(previous: f64, current: f64) -> Option<f64> {
    Some((current - previous) / previous * 100.0).filter(|_| 0.0 < previous)
}

/// Whether results so many ten-thousandths of an hour apart are compared.
pub const fn is_compared(hours: i64) -> bool {
    0 < hours && hours <= WINDOW
}
