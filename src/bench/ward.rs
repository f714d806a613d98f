//! The patients of a bench: in hospital all of them, observed round after round, and now and then one
//! of them deteriorates.

use crate::bench::senders::{Vital, VitalCode, observation};
use crate::domain::fact::Origin;
use crate::domain::time::Timestamp;
use crate::domain::zone::Zone;
use crate::ingest::source::{Format, PatientFrom, SourceSpec};

const fn code(loinc: &'static str, display: &'static str, unit: &'static str) -> VitalCode {
    VitalCode { loinc, display, unit }
}

/// Each vital sign with its value when all is well.
const VITALS: [(VitalCode, &str); 5] = [
    (code("9279-1", "Respiratory rate", "/min"), "16"),
    (code("59408-5", "Oxygen saturation", "%"), "97"),
    (code("8480-6", "Systolic blood pressure", "mm[Hg]"), "124"),
    (code("8867-4", "Heart rate", "/min"), "76"),
    (code("8310-5", "Body temperature", "Cel"), "36.8"),
];
/// The respiratory rate that alone is red in NEWS2 (3 points at 25 and more), and one that is well.
const RED: &str = "29";

/// A ward of `n_patients`.
#[derive(Clone, Copy, Debug)]
pub struct Ward {
    /// Patients.
    pub n_patients: u64,
    /// One in this many respiratory rates is red.
    pub red_every: u64,
}

/// A record, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WardRecord {
    /// The key: the patient.
    pub key: String,
    /// The bytes.
    pub payload: String,
}

impl Ward {
    /// One record per patient before everything: who it is, and the stay.
    pub fn admissions(&self, at: Timestamp) -> impl Iterator<Item = WardRecord> {
        (0..self.n_patients).map(move |number| {
            let key = patient(number);
            let payload = format!(
                r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{{"resourceType":"Patient","id":"{key}","gender":"female","birthDate":"1951-03-04"}}}},{{"resource":{{"resourceType":"Encounter","id":"stay-{key}","status":"in-progress","class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"}},"subject":{{"reference":"Patient/{key}"}},"period":{{"start":"{at}"}}}}}}]}}"#
            );
            WardRecord { key, payload }
        })
    }

    /// Record `number` of the stream: patient by patient, one vital sign a round, sender by sender.
    pub fn vital(&self, number: u64, at: Timestamp) -> WardRecord {
        let (who, round) = (number % self.n_patients, number / self.n_patients);
        let n_vitals = u64::try_from(VITALS.len()).unwrap_or(u64::MAX);
        let which = usize::try_from((round + who) % n_vitals).unwrap_or(0);
        let (code, well) = *VITALS.get(which).unwrap_or(VITALS.first().expect("five of them"));
        let key = patient(who);
        // Mixed by a multiplication with an odd number, so that the red ones are spread.
        let chance = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let is_red = code.loinc == "9279-1" && chance.is_multiple_of(self.red_every);
        let value = if is_red { RED } else { well };
        let vital = Vital { id: number, patient: &key, code, value, at };
        let payload = observation(who, &vital);
        WardRecord { key, payload }
    }
}

/// The source that the records of a bench come from.
pub fn source() -> SourceSpec {
    SourceSpec {
        name: "bench".to_owned(),
        format: Format::Fhir,
        namespace: "bench".to_owned(),
        patient_from: PatientFrom::Subject,
        origin: Origin::Clinical,
        zone: Zone::UTC,
        schemas: None,
    }
}

fn patient(number: u64) -> String {
    format!("bench-{number:06}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::identity::SourcePosition;
    use crate::ingest::decoder::Decoder;
    use crate::ingest::site::Site;
    use crate::ingest::source::SourceRecord;

    #[test]
    fn every_layout_is_read_and_is_about_a_kilobyte() {
        let ward = Ward { n_patients: 6, red_every: 10 };
        let spec = source();
        let mut decoder = Decoder::new(Arc::new(Site::plain()));
        let at = Timestamp::from_micros(1_700_000_000_123_456);
        let mut size_bytes = 0;
        for number in 0..60 {
            let record = ward.vital(number, at);
            size_bytes += record.payload.len();
            let record = SourceRecord {
                position: SourcePosition::new("bench", 0, 0),
                key: None,
                headers: Vec::new(),
                payload: record.payload.as_bytes(),
                timestamp: at,
                raw_key: None,
            };
            let decoded = decoder.decode(&spec, &record, at);
            assert_eq!(decoded.letter, None);
            assert_eq!(decoded.events.len(), 1);
        }
        assert_eq!(decoder.tally().n_facts, 60);
        assert!((900..1_200).contains(&(size_bytes / 60)), "{}", size_bytes / 60);
    }
}
