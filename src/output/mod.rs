//! What leaves: alert records and FHIR, as bytes for a topic.

pub mod alert;
pub mod fhir;
pub mod folder;
pub mod record;
pub mod what_if;
