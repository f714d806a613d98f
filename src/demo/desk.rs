//! The desk at which records are written: it knows the time and keeps what was written until the
//! hospital takes it.

use crate::demo::agenda::AHEAD_MAX;
use crate::demo::json::{Json, Layout};
use crate::demo::record::{DICOM, EHR, HOME_DEVICES, SimulatedRecord, WEARABLES};
use crate::domain::time::{Span, Timestamp};

/// Where records are written.
#[derive(Debug)]
pub struct Desk {
    /// The hospital's time.
    pub now: Timestamp,
    written: Vec<SimulatedRecord>,
}

/// Whether a device was cleared by a regulator for its measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceClass {
    /// A medical device.
    Cleared,
    /// A watch somebody bought.
    Consumer,
}

impl Desk {
    /// An empty desk at `now`.
    pub const fn at(now: Timestamp) -> Desk {
        Desk { now, written: Vec::new() }
    }

    /// `seconds` after now.
    pub const fn after(&self, seconds: i64) -> Timestamp {
        self.now.plus(Span::from_seconds(seconds))
    }

    /// Writes a FHIR resource of the record system, which sends no key.
    pub fn ehr(&mut self, at: Timestamp, resource: &Json) {
        self.fhir(EHR, at, None, resource.written(Layout::Compact));
    }

    /// Writes a FHIR resource that is keyed by the patient, if one is named.
    pub fn fhir(
        &mut self,
        topic: &'static str,
        at: Timestamp,
        patient: Option<&str>,
        payload: String,
    ) {
        let headers = vec![("content-type".to_owned(), "application/fhir+json".to_owned())];
        let key = patient.map(str::to_owned);
        self.send(SimulatedRecord { at, topic, key, headers, payload });
    }

    /// Writes what a wearable or a device at home uploads.
    pub fn upload(&mut self, at: Timestamp, patient: &str, class: DeviceClass, payload: String) {
        let (topic, class) = match class {
            DeviceClass::Cleared => (HOME_DEVICES, "cleared"),
            DeviceClass::Consumer => (WEARABLES, "consumer"),
        };
        let headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("device-class".to_owned(), class.to_owned()),
        ];
        self.send(SimulatedRecord { at, topic, key: Some(patient.to_owned()), headers, payload });
    }

    /// Writes DICOM JSON.
    pub fn dicom(&mut self, at: Timestamp, payload: String) {
        let headers = vec![("content-type".to_owned(), "application/dicom+json".to_owned())];
        self.send(SimulatedRecord { at, topic: DICOM, key: None, headers, payload });
    }

    fn send(&mut self, record: SimulatedRecord) {
        assert!(self.now <= record.at, "a record cannot become available in the past");
        assert!(record.at.since(self.now) <= AHEAD_MAX, "a record is planned too far ahead");
        self.written.push(record);
    }

    /// Everything written, in the order of writing.
    pub fn into_records(self) -> Vec<SimulatedRecord> {
        self.written
    }
}
