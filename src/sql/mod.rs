//! SQL over snapshots: tables, limits, and results as text.

pub mod column;
pub mod table;
pub mod patients;
pub mod observations;
pub mod statements;
pub mod scores;
pub mod effects;
pub mod evidence;
pub mod catalog;
pub mod yielding;
pub mod query;
pub mod questions;
pub mod format;
