//! A source as it is configured, and a record as it arrives.

use std::borrow::Cow;

use crate::domain::fact::Origin;
use crate::domain::identity::SourcePosition;
use crate::domain::time::Timestamp;
use crate::domain::zone::Zone;
use crate::ingest::avro::schemas::SchemaPlace;

/// The header in which a record of a recorded history says when it became available (RFC 3339). A record
/// with this header and no bytes says only that time has come so far.
pub const AVAILABLE_AT_HEADER: &str = "twin_available_at";

/// What is configured about a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    /// Its name, for people.
    pub name: String,
    /// The format of its records.
    pub format: Format,
    /// The namespace of its patient identifiers.
    pub namespace: String,
    /// Where a record says whose it is.
    pub patient_from: PatientFrom,
    /// Who measured its values, where a record does not say so.
    pub origin: Origin,
    /// The zone of its dates, and of its times without an offset.
    pub zone: Zone,
    /// Where the schemas of its records are, for a format that needs them.
    pub schemas: Option<SchemaPlace>,
}

/// The format of a source's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// FHIR R4 as JSON: a resource or a Bundle.
    Fhir,
    /// Open mHealth and IEEE 1752.1: a data point or a data series.
    OpenMhealth,
    /// DICOM JSON (`application/dicom+json`): the metadata of a study.
    DicomJson,
    /// HL7 version 2 as ER7, the text with pipes: ADT and ORU messages.
    Hl7v2,
    /// What RADAR-base writes of wearables: Avro, framed by a schema registry.
    RadarAvro,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 5] =
        [Format::Fhir, Format::OpenMhealth, Format::DicomJson, Format::Hl7v2, Format::RadarAvro];

    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Fhir => "fhir",
            Format::OpenMhealth => "open-mhealth",
            Format::DicomJson => "dicom-json",
            Format::Hl7v2 => "hl7v2",
            Format::RadarAvro => "radar-avro",
        }
    }
}

/// Where a record says whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatientFrom {
    /// Where its format says so: FHIR `subject` or `patient`, the Open mHealth header's `user_id`,
    /// DICOM `PatientID`, HL7 `PID-3` where it names one patient, the `userId` of a RADAR-base key.
    Subject,
    /// The identifier in HL7 `PID-3` that this authority assigned.
    Authority(String),
    /// The record's key.
    Key,
    /// The header of this name.
    Header(String),
    /// The text at this JSON pointer (RFC 6901).
    Pointer(String),
}

impl PatientFrom {
    /// Reads `subject`, `key`, `header:NAME`, `authority:NAME` or a JSON pointer.
    pub fn read(text: &str) -> Option<PatientFrom> {
        match text.split_once(':') {
            Some(("header", name)) if !name.is_empty() => {
                Some(PatientFrom::Header(name.to_owned()))
            }
            Some(("authority", name)) if !name.is_empty() => {
                Some(PatientFrom::Authority(name.to_owned()))
            }
            _ if text == "subject" => Some(PatientFrom::Subject),
            _ if text == "key" => Some(PatientFrom::Key),
            _ if text.starts_with('/') => Some(PatientFrom::Pointer(text.to_owned())),
            _ => None,
        }
    }
}

impl Format {
    /// What is expected of `patient_from` for records of this format, where it cannot be `from`.
    pub const fn misfit(self, from: &PatientFrom) -> Option<&'static str> {
        match (self, from) {
            (Format::Hl7v2, PatientFrom::Pointer(_)) => {
                Some("subject, authority:NAME, key or header:NAME")
            }
            (Format::RadarAvro, PatientFrom::Authority(_) | PatientFrom::Pointer(_)) => {
                Some("subject, key or header:NAME")
            }
            (Format::Fhir | Format::OpenMhealth | Format::DicomJson, PatientFrom::Authority(_)) => {
                Some("subject, key, header:NAME or a JSON pointer such as /user")
            }
            _ => None,
        }
    }
}

/// A record as it arrived, borrowed from wherever it was read.
#[derive(Clone, Debug)]
pub struct SourceRecord<'a> {
    /// Where it lies.
    pub position: SourcePosition<'a>,
    /// Its key, if it has one that is text.
    pub key: Option<&'a str>,
    /// Its key as it came, where it is read as more than text.
    pub raw_key: Option<&'a [u8]>,
    /// Its headers that are text.
    pub headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Its bytes.
    pub payload: &'a [u8],
    /// The source's timestamp of it: on a live clock when it was produced, on a recorded one when it
    /// became available. `Timestamp::MIN` for a record of a file, which has none of its own.
    pub timestamp: Timestamp,
}

impl SourceRecord<'_> {
    /// The text of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_ref())
    }
}
