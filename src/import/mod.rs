//! Published data sets as the records a hospital would have sent.

mod fhir;
pub mod challenge_2019;
