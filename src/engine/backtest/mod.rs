//! What a pipeline would have done on a past: how often it would have alerted, what it would have found, how early.
//!
//! ```text
//! rehearsal ─► of each patient: alerts, scores, time   ┐
//! labels    ─► of each patient: outcomes               ├─► measures, with intervals ─► report
//!                                                      ┘
//! ```
//! An alert counts for an outcome that comes after it, within the horizon; one at the outcome or after it counts for
//! nothing. The same input gives the same report, to the byte.

pub mod observed;
pub mod chance;
pub mod curve;
pub mod measures;
pub mod report;
