//! The rules a pipeline file can name.

use crate::rules::assessment::Rule;
use crate::rules::ckd_monitoring::CKD_MONITORING;
use crate::rules::metformin::METFORMIN;

/// Every rule.
pub static RULES: [&Rule; 2] = [&CKD_MONITORING, &METFORMIN];

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.into_iter().find(|rule| rule.name == name)
}
