//! SQL over snapshots: tables, limits, and results as text.

pub mod column;
pub mod scope;
pub mod table;
pub mod patients;
pub mod pipelines;
pub mod local_day;
pub mod observations;
pub mod statements;
pub mod void;
pub mod scores;
pub mod newest_scores;
pub mod patient_history;
pub mod effects;
pub mod evidence;
pub mod identities;
pub mod responses;
pub mod suppressions;
pub mod catalog;
pub mod session;
pub mod as_of;
pub mod yielding;
pub mod query;
pub mod questions;
pub mod unmapped;
pub mod format;
