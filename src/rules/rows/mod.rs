//! Rules as functions of a row: which features of a patient each takes, and what it says of them.
//!
//! The rule itself, its cut-offs and its source stand in the file of its name one level up; here is what it is
//! asked of a twin.

pub mod sums;

pub mod mews;
pub mod qsofa;
pub mod shock_index;
pub mod sirs;
