//! Deleted resources: entries of a Bundle with `request.method: DELETE`, and records without a value whose
//! key names a resource (tombstones).
//!
//! ```text
//! DELETE Observation/o1 ─► whose is it? ─► a version that takes back what the others said
//! ```
//! A deletion names no patient. Another version of the resource in the same Bundle does, or the record's
//! header or key; a deletion of which nobody says whose it is, is a dead letter.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::event::{Resource, ResourceKind, Status};
use crate::domain::refusal::Refusal;
use crate::ingest::context::Context;
use crate::ingest::entry::{Entry, Outcome, ReadResource};
use crate::ingest::fhir::reference::patient;
use crate::ingest::fhir::status::is_directory;
use crate::ingest::fhir::types::{MetaJson, ReferenceJson};
use crate::ingest::json::Text;
use crate::ingest::refused::Refused;

#[derive(Debug, Deserialize)]
struct WhoseJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    subject: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    patient: Option<ReferenceJson<'a>>,
}

/// Whose the resources of a Bundle are, as `Type/id`.
#[derive(Debug, Default)]
pub struct Whose(BTreeMap<String, String>);

impl Whose {
    /// Notes whose a resource is, if it says so.
    pub fn note(&mut self, kind: &str, json: &str, context: &Context<'_>) {
        let Ok(json) = serde_json::from_str::<WhoseJson<'_>>(json) else { return };
        let (Some(id), reference) = (json.id, json.subject.or(json.patient)) else { return };
        if let Ok(patient) = patient(reference, context) {
            self.0.insert(format!("{kind}/{}", &*id), patient.into_owned());
        }
    }
}

/// A resource that an address or a key names: `Type/id`, whatever stands around it.
struct Named<'u> {
    kind: &'u str,
    id: &'u str,
    /// The version in `Type/id/_history/version`.
    version: Option<&'u str>,
    /// The patient in `Patient/id/Type/id`.
    patient: Option<&'u str>,
}

impl<'u> Named<'u> {
    fn read(text: &'u str) -> Option<Named<'u>> {
        let (path, version) = match text.split_once("/_history/") {
            Some((path, version)) => (path, Some(version)),
            None => (text, None),
        };
        let mut parts = path.rsplit('/');
        let (id, kind) = (parts.next()?, parts.next()?);
        let patient = parts.next().filter(|_| parts.next() == Some("Patient"));
        (!id.is_empty() && !id.contains('?')).then_some(Named { kind, id, version, patient })
    }
}

/// Reads the deletion of what `url` names; `meta` dates it.
pub fn deletion<'a>(
    pointer: String,
    url: &str,
    meta: MetaJson<'_>,
    whose: &Whose,
    context: &Context<'_>,
) -> Entry<'a> {
    let Some(named) = Named::read(url) else {
        let message = "a deletion that names no resource: expected Type/id";
        let outcome = Outcome::Refused(Refused::new(Refusal::Undecodable, message));
        return Entry { pointer, resource_type: Cow::Borrowed(""), outcome };
    };
    let resource_type = Cow::Owned(named.kind.to_owned());
    let outcome = match ResourceKind::named(named.kind) {
        Some(kind) if kind != ResourceKind::Measurement => {
            let read = taken_back(kind, &named, meta, whose, context);
            read.map_or_else(Outcome::Refused, Outcome::Read)
        }
        Some(_) | None => Outcome::NotUsed,
    };
    Entry { pointer, resource_type, outcome }
}

fn taken_back<'a>(
    kind: ResourceKind,
    named: &Named<'_>,
    meta: MetaJson<'_>,
    whose: &Whose,
    context: &Context<'_>,
) -> Result<ReadResource<'a>, Refused> {
    let by_bundle = whose.0.get(&format!("{}/{}", named.kind, named.id)).map(String::as_str);
    let itself = Some(named.id).filter(|_| kind == ResourceKind::Patient);
    let patient = context.patient.or(named.patient).or(itself).or(by_bundle);
    if patient.is_none() && !is_directory(kind) {
        let message = "a deletion that does not say whose the resource was";
        return Err(Refused::new(Refusal::NoPatient, message));
    }
    let version_id = meta.version_id.or(named.version.map(|text| Text(Cow::Borrowed(text))));
    let meta = MetaJson { version_id, ..meta };
    let (version, recorded_at) = context.version(Some(&meta), None, Status::Deleted)?;
    // A Patient goes by the name under which its source's records know it.
    let id = context.patient.filter(|_| kind == ResourceKind::Patient).unwrap_or(named.id);
    let id = Cow::Owned(id.to_owned());
    let resource = Resource { kind, id, version, recorded_at, content: 0, facts: Vec::new() };
    let patient = patient.filter(|_| !is_directory(kind)).map(|one| Cow::Owned(one.to_owned()));
    Ok(ReadResource { patient, resource, refused_parts: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_named_in_every_address() {
        let named =
            |text| Named::read(text).map(|one| (one.kind, one.id, one.version, one.patient));
        assert_eq!(named("Observation/o1"), Some(("Observation", "o1", None, None)));
        let versioned = Some(("Observation", "o1", Some("3"), None));
        assert_eq!(named("https://host/fhir/Observation/o1/_history/3"), versioned);
        let of_patient = Some(("Observation", "o1", None, Some("p1")));
        assert_eq!(named("Patient/p1/Observation/o1"), of_patient);
        for text in ["", "o1", "Observation/", "Observation?code=1", "Observation/?x=y"] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
