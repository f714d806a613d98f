//! The rules a pipeline file can name.

use crate::rules::assessment::Rule;
use crate::rules::ckd_monitoring::CKD_MONITORING;
use crate::rules::critical_values::CRITICAL_VALUES;
use crate::rules::kdigo_aki_history::KDIGO_AKI;
use crate::rules::metformin::METFORMIN;
use crate::rules::potassium_history::POTASSIUM;
use crate::rules::rows::mews::MEWS;
use crate::rules::rows::qsofa::QSOFA;
use crate::rules::rows::shock_index::SHOCK_INDEX;
use crate::rules::rows::sirs::SIRS;

/// Every rule.
pub static RULES: &[&Rule] = &[
    &CKD_MONITORING,
    &CRITICAL_VALUES,
    &KDIGO_AKI,
    &METFORMIN,
    &MEWS,
    &POTASSIUM,
    &QSOFA,
    &SHOCK_INDEX,
    &SIRS,
];

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.name == name)
}
