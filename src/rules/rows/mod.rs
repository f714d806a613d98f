//! Rules as functions of a row: which features of a patient each takes, and what it says of them.
//!
//! The rule itself, its cut-offs and its source stand in the file of its name one level up; here is what it is
//! asked of a twin.

pub mod formula;
pub mod ingredient_names;
pub mod sums;

pub mod anion_gap;
pub mod corrected_calcium;
pub mod drug_allergy;
pub mod drug_interaction;
pub mod fib4;
pub mod meld3;
pub mod mews;
pub mod nsaid_combination;
pub mod qsofa;
pub mod qt_risk;
pub mod raas_potassium;
pub mod sepsis_bundle;
pub mod shock_index;
pub mod sirs;
pub mod sofa;
