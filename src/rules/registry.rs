//! The rules a pipeline file can name.

use crate::rules::assessment::Rule;
use crate::rules::ckd_monitoring::CKD_MONITORING;
use crate::rules::critical_values::CRITICAL_VALUES;
use crate::rules::kdigo_aki_history::KDIGO_AKI;
use crate::rules::metformin::METFORMIN;
use crate::rules::potassium_history::POTASSIUM;

/// Every rule.
pub static RULES: [&Rule; 5] =
    [&CKD_MONITORING, &CRITICAL_VALUES, &KDIGO_AKI, &METFORMIN, &POTASSIUM];

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.into_iter().find(|rule| rule.name == name)
}
