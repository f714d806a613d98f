//! Rules as functions of a row: which features of a patient each takes, and what it says of them.
//!
//! The rule itself, its cut-offs and its source stand in the file of its name one level up; here is what it is
//! asked of a twin.

pub mod ages;
pub mod formula;
pub mod ingredient_names;
pub mod stays;
pub mod sums;

pub mod af_anticoagulation;
pub mod anion_gap;
pub mod apixaban_dose;
pub mod bp_stage;
pub mod cha2ds2_vasc;
pub mod corrected_calcium;
pub mod drug_allergy;
pub mod drug_interaction;
pub mod fib4;
pub mod glucose_profile;
pub mod has_bled;
pub mod hba1c;
pub mod hba1c_followup;
pub mod hf_weight;
pub mod home_blood_pressure;
pub mod hospital_score;
pub mod lace;
pub mod meld3;
pub mod mews;
pub mod nsaid_combination;
pub mod prevent;
pub mod qsofa;
pub mod qt_risk;
pub mod raas_potassium;
pub mod resting_heart_rate;
pub mod sepsis_bundle;
pub mod shock_index;
pub mod sirs;
pub mod sleep_duration;
pub mod sofa;
pub mod statin;
pub mod wearable_oximetry;
