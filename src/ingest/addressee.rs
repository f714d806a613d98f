//! Whose a refused record is, where it still says so: so that it is missed at the bedside, and not only by
//! whoever reads dead letters. A guess is never made: an identifier that is not plainly there is none.

use std::cell::OnceCell;

use serde_json::Value;

use crate::ingest::decoder::RECORD_BYTES_MAX;
use crate::ingest::fhir::reference::check;
use crate::ingest::hl7;
use crate::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};

/// The patients that a record names, whatever else is wrong with it.
pub struct Addressee<'r> {
    spec: &'r SourceSpec,
    record: &'r SourceRecord<'r>,
    /// Read when it is first asked for: nearly no record is.
    json: OnceCell<Option<Value>>,
}

impl<'r> Addressee<'r> {
    /// Of a record of a source.
    pub fn of(spec: &'r SourceSpec, record: &'r SourceRecord<'r>) -> Addressee<'r> {
        Addressee { spec, record, json: OnceCell::new() }
    }

    /// The identifier of the patient of what stands at a JSON pointer.
    pub fn patient(&self, pointer: &str) -> Option<String> {
        let named = match &self.spec.patient_from {
            PatientFrom::Key => self.record.key.map(str::to_owned),
            PatientFrom::Header(name) => self.record.header(name).map(str::to_owned),
            PatientFrom::Pointer(pointer) => text(self.json()?.pointer(pointer)?),
            PatientFrom::Subject | PatientFrom::Authority(_)
                if self.spec.format == Format::Hl7v2 =>
            {
                let payload = Some(self.record.payload);
                let payload = payload.filter(|bytes| bytes.len() <= RECORD_BYTES_MAX)?;
                hl7::record::patient_of(payload, &self.spec.patient_from)
            }
            PatientFrom::Subject => self.subject(pointer),
            PatientFrom::Authority(_) => None,
        }?;
        let id = named.strip_prefix("Patient/").unwrap_or(&named);
        check(id.into()).ok().map(std::borrow::Cow::into_owned)
    }

    fn json(&self) -> Option<&Value> {
        let read = || {
            let payload = Some(self.record.payload).filter(|bytes| bytes.len() <= RECORD_BYTES_MAX);
            serde_json::from_slice(payload?).ok()
        };
        self.json.get_or_init(read).as_ref()
    }

    fn subject(&self, pointer: &str) -> Option<String> {
        let json = self.json()?;
        let found = json.pointer(pointer)?;
        match self.spec.format {
            Format::Fhir => self.of_resource(found.get("resource").unwrap_or(found)),
            Format::OpenMhealth => {
                let user = |value: &Value| text(value.pointer("/header/user_id")?);
                user(found).or_else(|| user(json))
            }
            Format::DicomJson => {
                let study = found.get(0).unwrap_or(found);
                text(study.pointer("/00100020/Value/0")?)
            }
            Format::Hl7v2 | Format::RadarAvro => None,
        }
    }

    /// `subject` or `patient` of a FHIR resource, where it is a plain reference or one inside its Bundle.
    fn of_resource(&self, resource: &Value) -> Option<String> {
        if resource.get("resourceType").and_then(Value::as_str) == Some("Patient") {
            return text(resource.get("id")?);
        }
        let subject = resource.get("subject").or_else(|| resource.get("patient"))?;
        let reference = subject.get("reference").and_then(Value::as_str)?;
        if let Some(id) = reference.strip_prefix("Patient/") {
            return Some(id).filter(|id| !id.contains('/')).map(str::to_owned);
        }
        let entries = self.json()?.get("entry")?.as_array()?;
        let is_it =
            |entry: &&Value| entry.get("fullUrl").and_then(Value::as_str) == Some(reference);
        let patient = entries.iter().find(is_it)?.get("resource")?;
        let is_patient = patient.get("resourceType").and_then(Value::as_str) == Some("Patient");
        text(patient.get("id").filter(|_| is_patient)?)
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fact::Origin;
    use crate::domain::identity::SourcePosition;
    use crate::domain::time::Timestamp;
    use crate::domain::zone::Zone;

    fn addressee(
        format: Format,
        patient_from: PatientFrom,
        text: &str,
        pointer: &str,
    ) -> Option<String> {
        let spec = SourceSpec {
            name: "a".to_owned(),
            format,
            namespace: "a".to_owned(),
            patient_from,
            origin: Origin::Clinical,
            zone: Zone::UTC,
            schemas: None,
        };
        let record = SourceRecord {
            position: SourcePosition::new("t", 0, 0),
            key: Some("Patient/k"),
            headers: Vec::new(),
            payload: text.as_bytes(),
            timestamp: Timestamp::MIN,
            raw_key: None,
        };
        Addressee::of(&spec, &record).patient(pointer)
    }

    #[test]
    fn a_patient_is_named_where_the_record_plainly_says_so() {
        let bundle = r#"{"entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"p"}},
            {"resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:1"}}},
            {"resource":{"resourceType":"Observation","subject":{"reference":"Patient/q"}}},
            {"resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:2"}}}]}"#;
        let subject = || PatientFrom::Subject;
        let named = [0, 1, 2, 3]
            .map(|index| addressee(Format::Fhir, subject(), bundle, &format!("/entry/{index}")));
        assert_eq!(named.map(|name| name.unwrap_or_default()), ["p", "p", "q", ""]);
        let omh = r#"{"header":{"user_id":"u"},"body":{}}"#;
        assert_eq!(addressee(Format::OpenMhealth, subject(), omh, ""), Some("u".to_owned()));
        let dicom = r#"[{"00100020":{"vr":"LO","Value":["d"]}}]"#;
        assert_eq!(addressee(Format::DicomJson, subject(), dicom, ""), Some("d".to_owned()));
        assert_eq!(addressee(Format::Fhir, PatientFrom::Key, "{cut", ""), Some("k".to_owned()));
        assert_eq!(addressee(Format::Fhir, subject(), "{cut", ""), None);
    }
}
