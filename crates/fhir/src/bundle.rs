//! One revision of an effect as one Bundle.

use fhir_sdk::r4b::codes::BundleType;
use fhir_sdk::r4b::resources::{Bundle, BundleEntry, Resource, ResourceType};
use fhir_sdk::r4b::types::{Coding, Meta};

use crate::alert;
use crate::element::{self, coding, identifier, listed};
use crate::error::FhirError;
use crate::follow_up;
use crate::provenance;
use crate::said::{Said, SaidKind};
use crate::suggestion;
use crate::vocabulary::{self, CHANGE, EFFECT, KIND, SEVERITY};

/// Digits of an effect id.
const EFFECT_ID_DIGITS: usize = 32;

/// Returns the FHIR R4 Bundle of one revision of an effect, as JSON on one line.
///
/// The Bundle is a `collection`: the resources of the effect's kind (see the table at the top of this
/// crate), then their Provenance. Its tags say kind, change and severity. The same `said` gives the
/// same bytes.
///
/// # Errors
///
/// Refuses what FHIR cannot hold or what would mislead a reader: a malformed effect id, a blank name,
/// text or patient identifier, an instant outside the years 1 to 9999, a period that ends before it
/// starts, a score that is no number. Nothing is written then.
pub fn bundle_json(said: &Said) -> Result<String, FhirError> {
    check(said)?;
    let mut resources = match said.kind {
        SaidKind::Alert => alert::resources(said)?,
        SaidKind::FollowUp => follow_up::resources(said)?,
        SaidKind::Suggestion => suggestion::resources(said)?,
        SaidKind::Risk => alert::assessed(said)?,
    };
    resources.push(provenance::provenance(said, &resources)?);
    let entries = resources.into_iter().map(|resource| entry(said, resource));
    let entries = entries.collect::<Result<Vec<BundleEntry>, FhirError>>()?;
    let mut tagged = meta(said)?;
    tagged.tag = listed(tags(said)?);
    let mut bundle = Bundle::builder().r#type(BundleType::Collection).build()?;
    bundle.id = Some(said.id.clone());
    bundle.meta = Some(tagged);
    bundle.identifier = Some(identifier(EFFECT, &format!("{}/{}", said.id, said.revision))?);
    bundle.timestamp = Some(element::instant("known", said.known)?);
    bundle.entry = listed(entries);
    Ok(serde_json::to_string(&bundle)?)
}

/// Refuses what no resource could say without misleading.
fn check(said: &Said) -> Result<(), FhirError> {
    let is_id = said.id.len() == EFFECT_ID_DIGITS && said.id.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_id {
        return Err(FhirError::Id { length_bytes: said.id.len() });
    }
    let needed = [
        ("pipeline", &said.pipeline),
        ("edition", &said.edition),
        ("title", &said.title),
        ("band", &said.band),
        ("text", &said.text),
        ("patient_namespace", &said.patient_namespace),
        ("patient_id", &said.patient_id),
    ];
    match needed.into_iter().find(|(_, text)| text.trim().is_empty()) {
        Some((field, _)) => Err(FhirError::Blank { field }),
        None => Ok(()),
    }
}

/// A resource with what all of them have: an id, the revision as its version.
fn entry(said: &Said, mut resource: Resource) -> Result<BundleEntry, FhirError> {
    let kind = resource.resource_type();
    let id = resource_id(said, kind);
    let url = format!("{EFFECT}:{id}:{kind}");
    let base = resource.as_base_resource_mut();
    base.set_id(Some(id));
    base.set_meta(Some(meta(said)?));
    Ok(BundleEntry::builder().full_url(url).resource(resource).build()?)
}

/// The effect's id: a new revision is a new version of the same resource. A Provenance is about one
/// revision and never changes, so each revision has its own.
fn resource_id(said: &Said, kind: ResourceType) -> String {
    if kind == ResourceType::Provenance {
        return format!("{}-{}", said.id, said.revision);
    }
    said.id.clone()
}

fn meta(said: &Said) -> Result<Meta, FhirError> {
    let mut meta = Meta::builder()
        .version_id(said.revision.to_string())
        .last_updated(element::instant("known", said.known)?)
        .build()?;
    if said.is_model {
        let system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
        let asserted = coding(system, "AIAST", "Artificial Intelligence asserted")?;
        meta.security = vec![Some(asserted)];
    }
    Ok(meta)
}

/// What a subscriber can filter by. On the Bundle alone: many servers add the tags of a new version
/// to those of the old, and an effect's severity would pile up.
fn tags(said: &Said) -> Result<Vec<Coding>, FhirError> {
    let tags = [
        (KIND, vocabulary::kind_code(said.kind)),
        (CHANGE, vocabulary::change_code(said.change)),
        (SEVERITY, vocabulary::severity_code(said.severity)),
    ];
    tags.into_iter().map(|(system, code)| coding(system, code, "")).collect()
}
