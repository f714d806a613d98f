//! Worked cases against the shipped rules: `twin rules check`, and the same in tests.
//!
//! ```text
//! FILE.csv ─► vector_file ─► case ─► check (by the file's name) ─► rule ─► compare ─► report
//! ```
//! A check is the thin layer between the words of a case and a rule of `crate::rules`: it decides
//! nothing clinical. Nothing passes unread: an input that the check did not look at fails the case,
//! and every expected key must be computed and equal.

pub mod report;
pub mod vector_file;
pub mod check;
pub mod inputs;
pub mod compare;
mod news2;
mod acute;
mod kidney;
mod laboratory;
mod cardiometabolic;
mod readmission;
mod imaging;
mod incidental;
mod report_text;
mod wearables;
mod treatment;
mod medication_safety;
mod benchmark;
