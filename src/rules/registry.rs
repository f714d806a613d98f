//! The rules a pipeline file can name.

use crate::rules::assessment::Rule;
use crate::rules::ckd_monitoring::CKD_MONITORING;
use crate::rules::critical_values::CRITICAL_VALUES;
use crate::rules::kdigo_aki_history::KDIGO_AKI;
use crate::rules::metformin::METFORMIN;
use crate::rules::potassium_history::POTASSIUM;
use crate::rules::rows::af_anticoagulation::AF_ANTICOAGULATION;
use crate::rules::rows::anion_gap::ANION_GAP;
use crate::rules::rows::apixaban_dose::APIXABAN_DOSE;
use crate::rules::rows::bp_stage::BP_STAGE;
use crate::rules::rows::cha2ds2_vasc::CHA2DS2_VASC;
use crate::rules::rows::corrected_calcium::CORRECTED_CALCIUM;
use crate::rules::rows::drug_allergy::DRUG_ALLERGY;
use crate::rules::rows::drug_interaction::DRUG_INTERACTION;
use crate::rules::rows::fib4::FIB4;
use crate::rules::rows::glucose_profile::GLUCOSE_PROFILE;
use crate::rules::rows::has_bled::HAS_BLED;
use crate::rules::rows::hba1c::HBA1C;
use crate::rules::rows::hba1c_followup::HBA1C_FOLLOWUP;
use crate::rules::rows::hf_weight::HF_WEIGHT;
use crate::rules::rows::home_blood_pressure::HOME_BLOOD_PRESSURE;
use crate::rules::rows::hospital_score::HOSPITAL;
use crate::rules::rows::lace::LACE;
use crate::rules::rows::meld3::MELD3;
use crate::rules::rows::mews::MEWS;
use crate::rules::rows::nsaid_combination::NSAID_COMBINATION;
use crate::rules::rows::prevent::PREVENT;
use crate::rules::rows::qsofa::QSOFA;
use crate::rules::rows::qt_risk::QT_RISK;
use crate::rules::rows::raas_potassium::RAAS_POTASSIUM;
use crate::rules::rows::resting_heart_rate::RESTING_HEART_RATE;
use crate::rules::rows::sepsis_bundle::SEPSIS_BUNDLE;
use crate::rules::rows::shock_index::SHOCK_INDEX;
use crate::rules::rows::sirs::SIRS;
use crate::rules::rows::sleep_duration::SLEEP_DURATION;
use crate::rules::rows::sofa::SOFA;
use crate::rules::rows::statin::STATIN_BY_PREVENT;
use crate::rules::rows::wearable_oximetry::WEARABLE_OXIMETRY;

/// Every rule.
pub static RULES: &[&Rule] = &[
    &AF_ANTICOAGULATION,
    &ANION_GAP,
    &APIXABAN_DOSE,
    &BP_STAGE,
    &CHA2DS2_VASC,
    &CKD_MONITORING,
    &CORRECTED_CALCIUM,
    &CRITICAL_VALUES,
    &DRUG_ALLERGY,
    &DRUG_INTERACTION,
    &FIB4,
    &GLUCOSE_PROFILE,
    &HAS_BLED,
    &HBA1C,
    &HBA1C_FOLLOWUP,
    &HF_WEIGHT,
    &HOME_BLOOD_PRESSURE,
    &HOSPITAL,
    &KDIGO_AKI,
    &LACE,
    &MELD3,
    &METFORMIN,
    &MEWS,
    &NSAID_COMBINATION,
    &POTASSIUM,
    &PREVENT,
    &QSOFA,
    &QT_RISK,
    &RAAS_POTASSIUM,
    &RESTING_HEART_RATE,
    &SEPSIS_BUNDLE,
    &SHOCK_INDEX,
    &SIRS,
    &SLEEP_DURATION,
    &SOFA,
    &STATIN_BY_PREVENT,
    &WEARABLE_OXIMETRY,
];

/// The rule of this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.name == name)
}
