//! FHIR R4 as JSON: only the fields that are used are read, each exactly.

pub mod bundle;
pub mod care;
pub mod deleted;
pub mod finish;
pub mod observation;
pub mod identity;
pub mod learned;
pub mod links;
pub mod orders;
pub mod person;
pub mod problems;
pub mod reference;
pub mod status;
pub mod studies;
pub mod types;
pub mod value;
