//! Hypothetical facts as a person writes them, turned into one event about one patient.
//!
//! ```text
//! resource | Bundle | array | NDJSON ─► records ─► completed ─► decoded by ingest ─► one event
//!                                       id, time               nothing may be refused
//! ```
//! The patient is the one that was asked about, whatever the facts name. A fact without a time counts as of
//! the question. All facts come together, so that only what they change as a whole is told.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::event::{Event, EventBody};
use crate::domain::fact::Origin;
use crate::domain::identity::{SourcePosition, TwinId};
use crate::domain::time::Timestamp;
use crate::ingest::decoder::Decoder;
use crate::ingest::site::Site;
use crate::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};
use crate::log::encode::FrameWriter;

/// Facts beyond this are no question but a feed: a few resources are a few kilobytes.
pub const FACTS_BYTES_MAX: usize = 512 << 10;
/// The topic that hypothetical facts are said to come from.
pub const TOPIC: &str = "what-if";

/// What is wrong with hypothetical facts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HypothesisError {
    /// There are too many.
    #[error("facts: {0} bytes, expected at most {FACTS_BYTES_MAX}")]
    TooLarge(usize),
    /// They are not JSON.
    #[error("facts: not JSON at line {line} column {column}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// There are none, or they are no FHIR.
    #[error("facts: {0}; expected a FHIR resource, a Bundle, an array of them, or one a line")]
    NotFhir(String),
    /// Some cannot be read.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
}

/// Hypothetical facts, ready for a fork.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hypothesis {
    /// A frame of the log with one event about the patient, and one about places where there are such.
    pub frame: Vec<u8>,
    /// What a reader must know of how they were read.
    pub notes: Vec<String>,
}

/// The records of a text: each is a resource or a Bundle.
///
/// # Errors
/// If it is too long, not JSON, or something in it is no JSON object.
pub fn records(facts: &str) -> Result<Vec<&RawValue>, HypothesisError> {
    if FACTS_BYTES_MAX < facts.len() {
        return Err(HypothesisError::TooLarge(facts.len()));
    }
    let failed = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        HypothesisError::NotJson { line, column }
    };
    let mut records = Vec::new();
    for value in serde_json::Deserializer::from_str(facts).into_iter::<&RawValue>() {
        let value = value.map_err(failed)?;
        match value.get().starts_with('[') {
            true => {
                records.extend(serde_json::from_str::<Vec<&RawValue>>(value.get()).map_err(failed)?)
            }
            false => records.push(value),
        }
    }
    if records.is_empty() {
        return Err(HypothesisError::NotFhir("there are none".to_owned()));
    }
    let other = records.iter().position(|record| !record.get().starts_with('{'));
    match other {
        Some(index) => {
            Err(HypothesisError::NotFhir(format!("record {} is no JSON object", index + 1)))
        }
        None => Ok(records),
    }
}

/// Reads hypothetical facts about `twin` as of `at`, with the codes of `site`.
///
/// # Errors
/// What is wrong, where, and what was expected. Nothing is applied in part.
pub fn read(
    facts: &str,
    twin: &TwinId<'_>,
    at: Timestamp,
    site: Arc<Site>,
) -> Result<Hypothesis, HypothesisError> {
    let mut completing = Completing { twin, at, n_resources: 0, others: Vec::new() };
    let records: Vec<String> =
        records(facts)?.into_iter().map(|record| completing.record(record.get())).collect();
    let spec = SourceSpec {
        name: TOPIC.to_owned(),
        format: Format::Fhir,
        namespace: twin.namespace.to_string(),
        patient_from: PatientFrom::Key,
        origin: Origin::Clinical,
        zone: site.zone,
        schemas: None,
    };
    let mut decoder = Decoder::new(site);
    let (mut events, mut refused): (Vec<Event<'_>>, Vec<String>) = Default::default();
    for (number, record) in (1..).zip(&records) {
        let record = SourceRecord {
            position: SourcePosition::new(TOPIC, 0, number),
            key: Some(&twin.patient),
            headers: Vec::new(),
            payload: record.as_bytes(),
            timestamp: at,
            raw_key: None,
        };
        let decoded = decoder.decode(&spec, &record, at);
        for problem in decoded.letter.into_iter().flat_map(|letter| letter.problems) {
            let place = format!("facts: record {number}{}", problem.pointer);
            let of = Some(problem.resource_type).filter(|name| !name.is_empty());
            let of = of.map_or(String::new(), |name| format!(" {name}"));
            refused.push(format!("{place}{of}: {}: {}", problem.reason, problem.message));
        }
        decoded.events.into_iter().for_each(|event| join(&mut events, event));
    }
    if !refused.is_empty() {
        return Err(HypothesisError::Refused(refused));
    }
    let mut writer = FrameWriter::default();
    for event in &events {
        writer.push(&Event { available_at: Some(at), ..event.clone() });
    }
    Ok(Hypothesis { frame: writer.finish(), notes: notes(&completing, &decoder) })
}

/// Adds what an event says to the one that speaks of the same.
fn join<'e>(events: &mut Vec<Event<'e>>, event: Event<'e>) {
    for known in events.iter_mut() {
        match (&mut known.body, &event.body) {
            (
                EventBody::Patient { resources, .. },
                EventBody::Patient { resources: others, .. },
            )
            | (
                EventBody::Directory { resources, .. },
                EventBody::Directory { resources: others, .. },
            ) => return resources.extend(others.iter().cloned()),
            _ => {}
        }
    }
    events.push(event);
}

fn notes(completing: &Completing<'_>, decoder: &Decoder) -> Vec<String> {
    let (mut notes, tally) = (Vec::new(), decoder.tally());
    if !completing.others.is_empty() {
        let (others, twin) = (completing.others.join(", "), completing.twin);
        notes.push(format!("the facts name {others}: they are taken as facts about {twin}"));
    }
    for (name, counts) in tally.by_type.iter().filter(|(_, counts)| 0 < counts.not_used) {
        notes.push(format!("{} {name}: a type that is not used", counts.not_used));
    }
    for (reason, count) in &tally.unusable {
        notes.push(format!("{count} of the values cannot be used: {reason}"));
    }
    notes
}

/// Fills in what a person leaves out. What cannot be read is left as it is, for the decoder to refuse.
struct Completing<'t> {
    twin: &'t TwinId<'t>,
    at: Timestamp,
    n_resources: u32,
    /// Other patients that were named.
    others: Vec<String>,
}

type Fields<'j> = BTreeMap<String, &'j RawValue>;

impl Completing<'_> {
    fn record(&mut self, json: &str) -> String {
        let Ok(mut fields) = serde_json::from_str::<Fields<'_>>(json) else {
            return json.to_owned();
        };
        let entries =
            fields.remove("entry").filter(|_| text_of(&fields, "resourceType") == "Bundle");
        let Some(entries) = entries else { return self.resource(json) };
        let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(entries.get()) else {
            return json.to_owned();
        };
        let entries: Vec<String> =
            entries.into_iter().map(|entry| self.entry(entry.get())).collect();
        let entries = format!("[{}]", entries.join(","));
        object(fields.iter().map(|(name, value)| (name.as_str(), value.get())), ("entry", &entries))
    }

    fn entry(&mut self, json: &str) -> String {
        let Ok(mut fields) = serde_json::from_str::<Fields<'_>>(json) else {
            return json.to_owned();
        };
        let Some(resource) = fields.remove("resource") else { return json.to_owned() };
        let resource = self.resource(resource.get());
        let others = fields.iter().map(|(name, value)| (name.as_str(), value.get()));
        object(others, ("resource", &resource))
    }

    /// A resource with an id and a time, its own text untouched.
    fn resource(&mut self, json: &str) -> String {
        let Ok(fields) = serde_json::from_str::<Fields<'_>>(json) else { return json.to_owned() };
        self.n_resources += 1;
        let kind = text_of(&fields, "resourceType");
        self.note_other(&kind, &fields);
        let mut added = Vec::new();
        if !fields.contains_key("id") {
            let id = match kind.as_ref() {
                "Patient" => self.twin.patient.to_string(),
                _ => format!("{TOPIC}-{}", self.n_resources),
            };
            added.push(format!("\"id\":{}", serde_json::Value::from(id)));
        }
        let is_told = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
        let at = self.at;
        match time_fields(&kind) {
            ["period"] if !is_told(&["period"]) => {
                added.push(format!("\"period\":{{\"start\":\"{at}\"}}"));
            }
            [field, ..] if !is_told(time_fields(&kind)) => {
                added.push(format!("\"{field}\":\"{at}\""));
            }
            _ => {}
        }
        let inside = json.trim_start().strip_prefix('{').unwrap_or_default();
        match (added.is_empty(), fields.is_empty()) {
            (true, _) => json.to_owned(),
            (false, true) => format!("{{{}}}", added.join(",")),
            (false, false) => format!("{{{},{inside}", added.join(",")),
        }
    }

    /// Notes whom a resource names, where it is another patient.
    fn note_other(&mut self, kind: &str, fields: &Fields<'_>) {
        #[derive(Deserialize)]
        struct Reference {
            reference: Option<String>,
        }
        let reference = fields.get("subject").or(fields.get("patient"));
        let reference = reference.and_then(|json| serde_json::from_str(json.get()).ok());
        let named = reference.and_then(|Reference { reference }| reference);
        let own =
            || fields.contains_key("id").then(|| format!("Patient/{}", text_of(fields, "id")));
        let named = if kind == "Patient" { own() } else { named };
        let is_other = |name: &String| *name != format!("Patient/{}", self.twin.patient);
        let other = named.filter(|name| is_other(name) && !self.others.contains(name));
        self.others.extend(other);
    }
}

/// The fields in which a type says when it was, the one to fill in first; none where it may be silent.
fn time_fields(kind: &str) -> &'static [&'static str] {
    match kind {
        "Observation" => {
            &["effectiveDateTime", "effectivePeriod", "effectiveInstant", "effectiveTiming"]
        }
        "DiagnosticReport" => &["effectiveDateTime", "effectivePeriod", "issued"],
        "MedicationRequest" | "ServiceRequest" => {
            &["authoredOn", "occurrenceDateTime", "occurrencePeriod"]
        }
        "MedicationStatement" => &["dateAsserted", "effectiveDateTime", "effectivePeriod"],
        "MedicationAdministration" => &["effectiveDateTime", "effectivePeriod"],
        "Encounter" => &["period"],
        _ => &[],
    }
}

/// The text of a field; empty where it is none.
fn text_of<'j>(fields: &Fields<'j>, name: &str) -> Cow<'j, str> {
    let text = fields.get(name).and_then(|json| serde_json::from_str::<String>(json.get()).ok());
    Cow::Owned(text.unwrap_or_default())
}

/// A JSON object of fields and one more.
fn object<'f>(
    fields: impl Iterator<Item = (&'f str, &'f str)>,
    last: (&'f str, &'f str),
) -> String {
    let fields = fields.chain([last]);
    let fields = fields.map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}
