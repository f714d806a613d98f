//! HL7 version 2 as ER7 (the text with pipes): what changes of a stay and a person, and results.
//!
//! ```text
//! bytes ─► charset ─► message ─► ADT ─► Patient, Encounter      what FHIR resources of those names become,
//!                        │       A40 ─► a Linkage               so that nothing downstream knows the format
//!                        └─────► ORU ─► Observation, DiagnosticReport
//! ```
//! A message is a snapshot: what it says of a stay replaces what earlier ones said. So a cancel undoes exactly
//! what it cancels, in whatever order messages come: the later one, by when its event was recorded, counts.

pub mod fault;
pub mod charset;
pub mod delimiters;
pub mod message;
pub mod coded;
pub mod stamp;
pub mod identifier;
pub mod version;
pub mod person;
pub mod stay;
pub mod merge;
pub mod value;
pub mod order;
pub mod result;
pub mod report;
pub mod record;
