//! FHIR R4 as JSON: only the fields that are used are read, each exactly.

pub mod types;
pub mod status;
pub mod reference;
pub mod value;
pub mod finish;
pub mod observation;
pub mod person;
pub mod problems;
pub mod orders;
pub mod studies;
pub mod care;
pub mod bundle;
