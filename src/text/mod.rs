//! What the free text of a report says: sentences and sections, how each finding is meant, and measures.
//!
//! Pure functions over text, each with its source, as `rules` are over values. Nothing here is consumed by a
//! pipeline until a site has evaluated it on reports of its own.

pub mod sentence;
pub mod measurement;
pub mod assertion_trigger;
pub mod assertion;
pub mod appendix_report;
pub mod nodule_report;
pub mod chexpert;
pub mod chexpert_report;
