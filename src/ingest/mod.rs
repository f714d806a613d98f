//! Source records in, events out: decoded, normalised, placed; what cannot be is a dead letter.

mod table;
pub mod zone;
pub mod source;
pub mod refused;
pub mod entry;
pub mod json;
pub mod references;
pub mod site;
pub mod context;
pub mod units;
pub mod states;
pub mod value;
pub mod samples;
pub mod fhir;
pub mod omh_time;
pub mod omh;
pub mod availability;
pub mod tally;
pub mod dicom_json;
pub mod letter;
pub mod decoder;
pub mod files;
