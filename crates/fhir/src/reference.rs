//! References: to the patient, to this software, to our own resources, to the facts.
//!
//! A reference is *literal* where it names a FHIR resource (`Observation/x/_history/3`) and *logical*
//! where it names something by an identifier (`fhir.r4[3]@1042`). Text that is no valid literal
//! reference is never written as one.

use fhir_sdk::r4b::resources::ResourceType;
use fhir_sdk::r4b::types::Reference;
use fhir_sdk::time::format_description::well_known::Rfc3339;

use crate::element::{identifier, instant, unless_blank};
use crate::error::FhirError;
use crate::said::{Said, SaidEvidence};
use crate::vocabulary::{self, PIPELINE, SOURCE};

/// The longest id that FHIR allows.
const ID_BYTES_MAX: usize = 64;

/// The kind of a wearable's sample, which no FHIR resource holds.
const MEASUREMENT: &str = "Measurement";

/// What `reasonReference` may point to, in every resource that has one.
const REASONS: &[&str] =
    &["Condition", "Observation", "DiagnosticReport", "DocumentReference", MEASUREMENT];

/// What `Observation.derivedFrom` may point to.
const SOURCES: &[&str] = &[
    "DocumentReference",
    "ImagingStudy",
    "Media",
    "QuestionnaireResponse",
    "Observation",
    "MolecularSequence",
    MEASUREMENT,
];

/// The patient: `Patient/123` of two hospitals are two people, so the identifier always stands.
pub(crate) fn patient(said: &Said) -> Result<Reference, FhirError> {
    let system = vocabulary::patient_system(&said.patient_namespace);
    let mut patient = Reference::builder().r#type("Patient".to_owned()).build()?;
    patient.reference = literal("Patient", &said.patient);
    patient.identifier = Some(identifier(&system, &said.patient_id)?);
    Ok(patient)
}

/// The encounter, where there is one.
pub(crate) fn encounter(said: &Said) -> Result<Option<Reference>, FhirError> {
    let Some(text) = unless_blank(&said.encounter) else { return Ok(None) };
    let encounter = Reference::builder();
    Ok(Some(match literal("Encounter", &text) {
        Some(reference) => encounter.reference(reference).build()?,
        None => encounter.display(text).build()?,
    }))
}

/// The ward, by its name alone.
pub(crate) fn ward(said: &Said) -> Result<Option<Reference>, FhirError> {
    let ward = unless_blank(&said.ward);
    ward.map(|ward| Ok(Reference::builder().display(ward).build()?)).transpose()
}

/// This software, running one edition of one pipeline: a device.
pub(crate) fn software(said: &Said) -> Result<Reference, FhirError> {
    let edition = format!("{}|{}", said.pipeline, said.edition);
    let device = Reference::builder()
        .r#type("Device".to_owned())
        .identifier(identifier(PIPELINE, &edition)?)
        .display(format!("Twinstream: {}, {}", said.title, said.edition));
    Ok(device.build()?)
}

/// A resource of this effect, as it stands.
pub(crate) fn own(said: &Said, kind: ResourceType) -> Result<Reference, FhirError> {
    Ok(Reference::builder().reference(format!("{kind}/{}", said.id)).build()?)
}

/// A resource of this effect, in this revision.
pub(crate) fn own_revision(said: &Said, kind: ResourceType) -> Result<Reference, FhirError> {
    let reference = format!("{kind}/{}/_history/{}", said.id, said.revision);
    Ok(Reference::builder().reference(reference).build()?)
}

/// All that the effect rests on.
pub(crate) fn evidence(said: &Said) -> Result<Vec<Option<Reference>>, FhirError> {
    references(said, |_| true)
}

/// What the effect rests on, as far as a `reasonReference` may point to it.
pub(crate) fn reasons(said: &Said) -> Result<Vec<Option<Reference>>, FhirError> {
    references(said, |fact| REASONS.contains(&fact.resource_kind.as_str()))
}

/// What the effect rests on, as far as a `reasonReference` may not point to it.
pub(crate) fn other_than_reasons(said: &Said) -> Result<Vec<Option<Reference>>, FhirError> {
    references(said, |fact| !REASONS.contains(&fact.resource_kind.as_str()))
}

/// What the effect rests on, as far as an Observation may derive from it.
pub(crate) fn derived_from(said: &Said) -> Result<Vec<Option<Reference>>, FhirError> {
    references(said, |fact| SOURCES.contains(&fact.resource_kind.as_str()))
}

/// A fact: the version of the resource that held it, or the source record where there is no such
/// resource.
pub(crate) fn fact(fact: &SaidEvidence) -> Result<Reference, FhirError> {
    let kind = &fact.resource_kind;
    let version = fact.version_id.map_or(String::new(), |version| format!("/_history/{version}"));
    let text = format!("{kind}/{}{version}", fact.resource_id);
    let mut reference = Reference::builder().display(display(fact)?).build()?;
    match literal(kind, &text) {
        Some(text) if kind != MEASUREMENT => reference.reference = Some(text),
        Some(_) | None => {
            let (topic, partition) = (&fact.source_topic, fact.source_partition);
            let position = format!("{topic}[{partition}]@{}", fact.source_offset);
            reference.identifier = Some(identifier(SOURCE, &position)?);
        }
    }
    Ok(reference)
}

/// `Respiratory rate 25 /min at 2026-11-08T08:30:00Z`.
fn display(fact: &SaidEvidence) -> Result<String, FhirError> {
    let wrong = FhirError::Time { field: "evidence.at", micros: fact.at.0 };
    let at = instant("evidence.at", fact.at)?.0.format(&Rfc3339).map_err(|_| wrong)?;
    Ok(format!("{} {} at {at}", fact.label, fact.value))
}

fn references(
    said: &Said,
    is_taken: fn(&SaidEvidence) -> bool,
) -> Result<Vec<Option<Reference>>, FhirError> {
    let facts = said.evidence.iter().filter(|evidence| is_taken(evidence));
    facts.map(|evidence| Ok(Some(fact(evidence)?))).collect()
}

/// The text, if it is a literal reference to a resource of this kind: `Patient/123`, with or without
/// a version, or a URL.
fn literal(kind: &str, text: &str) -> Option<String> {
    let is_url = ["http://", "https://", "urn:"].iter().any(|scheme| text.starts_with(scheme));
    if is_url && !text.contains(char::is_whitespace) {
        return Some(text.to_owned());
    }
    let parts: Vec<&str> = text.split('/').collect();
    let is_relative = match parts.as_slice() {
        [first, id] => *first == kind && is_id(id),
        [first, id, "_history", version] => *first == kind && is_id(id) && is_id(version),
        _ => false,
    };
    (is_relative && !kind.is_empty()).then(|| text.to_owned())
}

fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_plain)
}
