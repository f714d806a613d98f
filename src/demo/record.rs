//! A record as a feed of the hospital sends it, and the topics they come on.

use crate::domain::time::Timestamp;

/// The record system: patients, stays, places, orders, conditions, plans. FHIR R4.
pub const EHR: &str = "demo.fhir";
/// Vital signs as charted. FHIR R4 Observations, single or in `collection` Bundles.
pub const VITALS: &str = "demo.vitals";
/// Two laboratories. FHIR R4 Observations and DiagnosticReports.
pub const LAB: &str = "demo.lab";
/// Consumer watches. Open mHealth and IEEE 1752.1; the key is the patient.
pub const WEARABLES: &str = "demo.wearables";
/// Cleared devices lent to patients at home. Open mHealth; the header's `user_id` is the patient.
pub const HOME_DEVICES: &str = "demo.home";
/// The imaging desk. FHIR R4 ImagingStudy, DiagnosticReport and findings.
pub const IMAGING: &str = "demo.imaging";
/// The picture archive. DICOM JSON, study by study; Patient ID is the patient.
pub const DICOM: &str = "demo.dicom";

/// Every topic.
pub const TOPICS: [&str; 7] = [EHR, VITALS, LAB, WEARABLES, HOME_DEVICES, IMAGING, DICOM];

/// A source record: bytes as they would arrive, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedRecord {
    /// When it becomes available.
    pub at: Timestamp,
    /// The topic it comes on, one of `TOPICS`.
    pub topic: &'static str,
    /// The record's key: the patient's id where the sender sets one.
    pub key: Option<String>,
    /// The record's headers, name and value.
    pub headers: Vec<(String, String)>,
    /// The payload: JSON, unless it is one of the deliberately broken ones.
    pub payload: String,
}
