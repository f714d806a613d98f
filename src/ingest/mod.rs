//! Source records in, events out: decoded, normalised, placed; what cannot be is a dead letter.

pub mod addressee;
pub mod availability;
pub mod context;
pub mod decoder;
pub mod dicom_json;
pub mod entry;
pub mod fhir;
pub mod files;
pub mod json;
pub mod layout;
pub mod layouts;
pub mod letter;
pub mod mark;
pub mod notice;
pub mod omh;
pub mod omh_time;
pub mod references;
pub mod refused;
pub mod samples;
pub mod shelved;
pub mod site;
pub mod source;
pub mod states;
mod table;
pub mod tally;
pub mod units;
pub mod value;
