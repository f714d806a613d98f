//! The rules a pipeline file can name.

use crate::rules::assessment::Rule;
use crate::rules::ckd_monitoring::CKD_MONITORING;
use crate::rules::critical_values::CRITICAL_VALUES;
use crate::rules::kdigo_aki_history::KDIGO_AKI;
use crate::rules::metformin::METFORMIN;
use crate::rules::potassium_history::POTASSIUM;
use crate::rules::rows::af_anticoagulation::AF_ANTICOAGULATION;
use crate::rules::rows::apixaban_dose::APIXABAN_DOSE;
use crate::rules::rows::bp_stage::BP_STAGE;
use crate::rules::rows::cha2ds2_vasc::CHA2DS2_VASC;
use crate::rules::rows::has_bled::HAS_BLED;
use crate::rules::rows::hba1c::HBA1C;
use crate::rules::rows::hba1c_followup::HBA1C_FOLLOWUP;
use crate::rules::rows::hospital_score::HOSPITAL;
use crate::rules::rows::lace::LACE;
use crate::rules::rows::mews::MEWS;
use crate::rules::rows::prevent::PREVENT;
use crate::rules::rows::qsofa::QSOFA;
use crate::rules::rows::shock_index::SHOCK_INDEX;
use crate::rules::rows::sirs::SIRS;
use crate::rules::rows::statin::STATIN_BY_PREVENT;

/// Every rule.
pub static RULES: &[&Rule] = &[
    &AF_ANTICOAGULATION,
    &APIXABAN_DOSE,
    &BP_STAGE,
    &CHA2DS2_VASC,
    &CKD_MONITORING,
    &CRITICAL_VALUES,
    &HAS_BLED,
    &HBA1C,
    &HBA1C_FOLLOWUP,
    &HOSPITAL,
    &KDIGO_AKI,
    &LACE,
    &METFORMIN,
    &MEWS,
    &POTASSIUM,
    &PREVENT,
    &QSOFA,
    &SHOCK_INDEX,
    &SIRS,
    &STATIN_BY_PREVENT,
];

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.name == name)
}
