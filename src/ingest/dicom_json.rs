//! DICOM JSON (PS3.18 annex F): the metadata of imaging studies, without a pixel.
//!
//! ```text
//! { "0020000D": { "vr": "UI", "Value": ["1.2.3"] }, "00100020": { "vr": "LO", "Value": ["123"] } }
//! ```
//! One object or a list of them, at the level of studies, series or instances: those of one study
//! become one statement.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value as Json;

use crate::domain::coding::Coding;
use crate::domain::date::Date;
use crate::domain::event::{Resource, ResourceKind, Status, Version};
use crate::domain::fact::{Body, Fact, Valid};
use crate::domain::refusal::Refusal;
use crate::domain::statement::{Attribute, Statement};
use crate::domain::time::{Span, Timestamp};
use crate::ingest::context::Context;
use crate::ingest::entry::{Entry, Outcome, ReadResource};
use crate::ingest::fhir::reference::check;
use crate::ingest::json::parse;
use crate::ingest::refused::Refused;

/// A data element as far as it is read.
#[derive(Debug, Deserialize)]
struct ElementJson {
    #[serde(rename = "Value", default)]
    value: Vec<Json>,
}

/// The attributes of one object, by their tag as eight hexadecimal digits.
type DataSet = BTreeMap<String, Json>;

/// Objects of one record beyond which it is refused: a whole-body CT has some thousand instances.
const OBJECTS_MAX: usize = 50_000;

/// Attributes that are used (PS3.6).
mod tag {
    pub const STUDY_DATE: &str = "00080020";
    pub const STUDY_TIME: &str = "00080030";
    pub const ACCESSION_NUMBER: &str = "00080050";
    pub const MODALITY: &str = "00080060";
    pub const MODALITIES_IN_STUDY: &str = "00080061";
    pub const TIMEZONE_OFFSET: &str = "00080201";
    pub const STUDY_DESCRIPTION: &str = "00081030";
    pub const PATIENT_ID: &str = "00100020";
    pub const BODY_PART: &str = "00180015";
    pub const STUDY_UID: &str = "0020000D";
    pub const SERIES_UID: &str = "0020000E";
    pub const SERIES_IN_STUDY: &str = "00201206";
    pub const INSTANCES_IN_STUDY: &str = "00201208";
}

/// One study, collected from its objects.
#[derive(Debug, Default)]
struct Study {
    patients: BTreeSet<String>,
    attributes: BTreeMap<&'static str, String>,
    modalities: BTreeSet<String>,
    body_parts: BTreeSet<String>,
    series: BTreeSet<String>,
}

/// Reads a record of DICOM JSON.
///
/// # Errors
/// Why the record as a whole was refused.
pub fn read_record<'a>(json: &'a str, context: &Context<'_>) -> Result<Vec<Entry<'a>>, Refused> {
    let objects: Vec<DataSet> = match json.trim_start().starts_with('[') {
        true => parse(json)?,
        false => vec![parse(json)?],
    };
    if OBJECTS_MAX < objects.len() {
        return Err(Refused::new(Refusal::TooLarge, format!("more than {OBJECTS_MAX} objects")));
    }
    let mut studies: BTreeMap<String, Study> = BTreeMap::new();
    let mut entries = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        match text(object, tag::STUDY_UID)? {
            Some(uid) => collect(studies.entry(uid).or_default(), object)?,
            None => {
                let refused =
                    Refused::new(Refusal::Undecodable, "StudyInstanceUID (0020,000D) is missing");
                let resource_type = Cow::Borrowed("");
                let pointer = format!("/{index}");
                entries.push(Entry { pointer, resource_type, outcome: Outcome::Refused(refused) });
            }
        }
    }
    for (uid, study) in studies {
        let read = read_study(uid, study, context);
        let resource_type = Cow::Borrowed("DICOM study");
        let outcome = read.map_or_else(Outcome::Refused, Outcome::Read);
        entries.push(Entry { pointer: String::new(), resource_type, outcome });
    }
    Ok(entries)
}

/// The values of an attribute as texts; numbers as they are written.
fn texts(object: &DataSet, tag: &str) -> Result<Vec<String>, Refused> {
    let Some(element) = object.get(tag) else { return Ok(Vec::new()) };
    let element = ElementJson::deserialize(element).map_err(|_| {
        Refused::new(Refusal::Undecodable, format!("attribute {tag} is no data element"))
    })?;
    let value = |json: Json| match json {
        Json::String(text) => Ok(text.trim().to_owned()),
        Json::Number(number) => Ok(number.to_string()),
        Json::Null => Ok(String::new()),
        Json::Bool(_) | Json::Array(_) | Json::Object(_) => Err(Refused::new(
            Refusal::Undecodable,
            format!("attribute {tag} has a value of the wrong type"),
        )),
    };
    let values = element.value.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
    Ok(values.into_iter().filter(|value| !value.is_empty()).collect())
}

fn text(object: &DataSet, tag: &str) -> Result<Option<String>, Refused> {
    Ok(texts(object, tag)?.into_iter().next())
}

fn collect(study: &mut Study, object: &DataSet) -> Result<(), Refused> {
    study.patients.extend(text(object, tag::PATIENT_ID)?);
    study.modalities.extend(texts(object, tag::MODALITY)?);
    study.modalities.extend(texts(object, tag::MODALITIES_IN_STUDY)?);
    study.body_parts.extend(texts(object, tag::BODY_PART)?);
    study.series.extend(text(object, tag::SERIES_UID)?);
    for tag in [
        tag::STUDY_DATE,
        tag::STUDY_TIME,
        tag::TIMEZONE_OFFSET,
        tag::ACCESSION_NUMBER,
        tag::STUDY_DESCRIPTION,
        tag::SERIES_IN_STUDY,
        tag::INSTANCES_IN_STUDY,
    ] {
        if let Some(value) = text(object, tag)? {
            study.attributes.entry(tag).or_insert(value);
        }
    }
    Ok(())
}

fn read_study<'a>(
    uid: String,
    study: Study,
    context: &Context<'_>,
) -> Result<ReadResource<'a>, Refused> {
    let patient = match (context.patient, study.patients.len()) {
        (Some(named), _) => named.to_owned(),
        (None, 1) => study.patients.iter().next().cloned().unwrap_or_default(),
        (None, 0) => {
            return Err(Refused::new(Refusal::NoPatient, "PatientID (0010,0020) is missing"));
        }
        (None, _) => {
            return Err(Refused::new(Refusal::NoPatient, "one study names several patients"));
        }
    };
    let patient = check(Cow::Owned(patient))?;
    let at = started(&study, context)?;
    let attribute = |tag: &str| study.attributes.get(tag).cloned().unwrap_or_default();
    let mut said =
        Statement { text: Cow::Owned(attribute(tag::STUDY_DESCRIPTION)), ..Statement::default() };
    said.status = Cow::Borrowed("available");
    said.codes = vec![Coding::new("urn:dicom:uid", uid.clone(), attribute(tag::STUDY_DESCRIPTION))];
    let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(",");
    said.set(Attribute::Modality, list(&study.modalities));
    said.set(Attribute::BodySite, list(&study.body_parts));
    said.set(Attribute::Accession, attribute(tag::ACCESSION_NUMBER));
    said.set(Attribute::StudyUid, uid.clone());
    let series = attribute(tag::SERIES_IN_STUDY);
    let counted = study.series.len();
    let series = if series.is_empty() && counted != 0 { counted.to_string() } else { series };
    said.set(Attribute::SeriesCount, series);
    said.set(Attribute::InstanceCount, attribute(tag::INSTANCES_IN_STUDY));
    let version =
        Version { revised_at: context.received_at, version_id: None, status: Status::Final };
    let valid = Valid::between(at, at);
    let resource = Resource {
        kind: ResourceKind::ImagingStudy,
        id: Cow::Owned(uid),
        version,
        recorded_at: None,
        content: 0,
        facts: vec![Fact { valid, links: Vec::new(), body: Body::Statement(Box::new(said)) }],
    };
    Ok(ReadResource { patient: Some(patient), resource, refused_parts: Vec::new() })
}

/// `StudyDate` and `StudyTime`, in the zone the object names, else the source's.
fn started(study: &Study, context: &Context<'_>) -> Result<Timestamp, Refused> {
    let bad = |what: &str| Refused::new(Refusal::BadTime, what.to_owned());
    let attribute = |tag: &str| study.attributes.get(tag).map(String::as_str);
    let date = attribute(tag::STUDY_DATE).ok_or_else(|| bad("StudyDate (0008,0020) is missing"))?;
    let day = day(date).ok_or_else(|| bad("StudyDate: expected YYYYMMDD"))?;
    let time = match attribute(tag::STUDY_TIME) {
        Some(time) => time_of_day(time).ok_or_else(|| bad("StudyTime: expected HHMMSS.F"))?,
        None => Span::ZERO,
    };
    let at = match attribute(tag::TIMEZONE_OFFSET) {
        Some(offset) => {
            let offset =
                offset_of(offset).ok_or_else(|| bad("TimezoneOffsetFromUTC: expected ±HHMM"))?;
            Timestamp::from_date(day).plus(time).minus(offset)
        }
        None => {
            let midnight = context.spec.zone.start_of(day);
            midnight.ok_or_else(|| bad("StudyDate: no such day in the source's zone"))?.plus(time)
        }
    };
    context.check_past(at, "StudyDate")?;
    Ok(at)
}

fn number(text: &str, from: usize, to: usize) -> Option<i64> {
    let digits = text.get(from..to)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| all)
}

fn day(text: &str) -> Option<Date> {
    let (year, month, day) = (number(text, 0, 4)?, number(text, 4, 6)?, number(text, 6, 8)?);
    let parts = (i32::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    Date::new(parts.0, parts.1, parts.2).filter(|_| text.len() == 8)
}

/// `HH`, `HHMM`, `HHMMSS` or `HHMMSS.FFFFFF`.
fn time_of_day(text: &str) -> Option<Span> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let hours = number(whole, 0, 2)?;
    let minutes = if whole.len() < 4 { 0 } else { number(whole, 2, 4)? };
    let seconds = if whole.len() < 6 { 0 } else { number(whole, 4, 6)? };
    let fits = hours < 24 && minutes < 60 && seconds <= 60 && matches!(whole.len(), 2 | 4 | 6);
    fits.then(|| Span::from_seconds(hours * 3_600 + minutes * 60 + seconds))
}

fn offset_of(text: &str) -> Option<Span> {
    let minutes = number(text, 1, 3)? * 60 + number(text, 3, 5)?;
    match text.as_bytes().first() {
        Some(b'+') => Some(Span::from_minutes(minutes)),
        Some(b'-') => Some(Span::from_minutes(-minutes)),
        _ => None,
    }
}
