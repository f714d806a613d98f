//! Clinical rules: pure functions, one file each, with their source and edition.

pub mod applicability;
pub mod assessment;
pub mod ckd_monitoring;
pub mod egfr;
pub mod kdigo_aki;
pub mod kdigo_ckd;
pub mod kidney_history;
pub mod metformin;
pub mod metformin_egfr;
pub mod mews;
pub mod partial_sum;
pub mod qsofa;
pub mod registry;
pub mod score_table;
pub mod sepsis3;
pub mod shock_index;
pub mod sirs;
pub mod sofa;
pub mod steps;
