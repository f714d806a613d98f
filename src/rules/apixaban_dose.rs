//! Apixaban in atrial fibrillation: whether the dose is halved (TX-09).
//!
//! Source: US label: 2.5 mg twice a day with two or more of age ≥ 80 years, weight ≤ 60 kg, creatinine
//! ≥ 1.5 mg/dL. Kidney function alone never halves it.

use crate::rules::partial_sum::{Item, PartialSum};

/// The youngest age that is a criterion (US label).
pub const AGE_YEARS_MIN: u32 = 80;
// US label; weight in tenths of a kilogram, creatinine in hundredths of mg/dL.
const WEIGHT_MAX: i64 = 600;
const CREATININE_MIN: i64 = 150;

/// Criteria from which the dose is halved (US label).
pub const HALVED_FROM: i64 = 2;

/// The criteria that are met: age in years, weight in tenths of a kilogram, creatinine in hundredths of
/// mg/dL.
pub fn criteria(
    age_years: Option<u32>,
    weight: Option<i64>,
    creatinine: Option<i64>,
) -> PartialSum {
    PartialSum::of(&[
        Item::met("age", age_years.map(|age| AGE_YEARS_MIN <= age), 1),
        Item::met("weight", weight.map(|weight| weight <= WEIGHT_MAX), 1),
        Item::met("cr_mg", creatinine.map(|creatinine| CREATININE_MIN <= creatinine), 1),
    ])
}
