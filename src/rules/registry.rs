//! The rules a pipeline file can name.

use crate::rules::assessment::Rule;
use crate::rules::ckd_monitoring::CKD_MONITORING;
use crate::rules::critical_values::CRITICAL_VALUES;
use crate::rules::kdigo_aki_history::KDIGO_AKI;
use crate::rules::metformin::METFORMIN;
use crate::rules::potassium_history::POTASSIUM;
use crate::rules::rows::anion_gap::ANION_GAP;
use crate::rules::rows::corrected_calcium::CORRECTED_CALCIUM;
use crate::rules::rows::drug_allergy::DRUG_ALLERGY;
use crate::rules::rows::drug_interaction::DRUG_INTERACTION;
use crate::rules::rows::fib4::FIB4;
use crate::rules::rows::meld3::MELD3;
use crate::rules::rows::mews::MEWS;
use crate::rules::rows::nsaid_combination::NSAID_COMBINATION;
use crate::rules::rows::qsofa::QSOFA;
use crate::rules::rows::qt_risk::QT_RISK;
use crate::rules::rows::raas_potassium::RAAS_POTASSIUM;
use crate::rules::rows::sepsis_bundle::SEPSIS_BUNDLE;
use crate::rules::rows::shock_index::SHOCK_INDEX;
use crate::rules::rows::sirs::SIRS;
use crate::rules::rows::sofa::SOFA;

/// Every rule.
pub static RULES: &[&Rule] = &[
    &ANION_GAP,
    &CKD_MONITORING,
    &CORRECTED_CALCIUM,
    &CRITICAL_VALUES,
    &DRUG_ALLERGY,
    &DRUG_INTERACTION,
    &FIB4,
    &KDIGO_AKI,
    &MELD3,
    &METFORMIN,
    &MEWS,
    &NSAID_COMBINATION,
    &POTASSIUM,
    &QSOFA,
    &QT_RISK,
    &RAAS_POTASSIUM,
    &SEPSIS_BUNDLE,
    &SHOCK_INDEX,
    &SIRS,
    &SOFA,
];

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.name == name)
}
