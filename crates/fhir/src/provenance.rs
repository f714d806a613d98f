//! Where a revision comes from: which software, in which edition, from which versions of which facts.

use fhir_sdk::r4b::codes::ProvenanceEntityRole;
use fhir_sdk::r4b::resources::{
    Provenance, ProvenanceAgent, ProvenanceEntity, ProvenanceOccurred, Resource,
};
use fhir_sdk::r4b::types::{CodeableConcept, Extension, ExtensionValue};

use crate::element::{self, coding, extension, extension_of_parts, hl7_concept, listed};
use crate::error::FhirError;
use crate::reference;
use crate::said::{Said, SaidChange, SaidEvidence};
use crate::vocabulary;

/// The Provenance of this revision's resources.
pub(crate) fn provenance(said: &Said, targets: &[Resource]) -> Result<Resource, FhirError> {
    let targets =
        targets.iter().map(|target| reference::own_revision(said, target.resource_type()));
    let targets = targets.collect::<Result<Vec<_>, FhirError>>()?;
    let entities = said.evidence.iter().map(entity).collect::<Result<Vec<_>, FhirError>>()?;
    let assembler = hl7_concept("provenance-participant-type", "assembler", "Assembler")?;
    let agent = ProvenanceAgent::builder().r#type(assembler).who(reference::software(said)?);
    let builder = Provenance::builder()
        .target(listed(targets))
        .recorded(element::instant("known", said.known)?)
        .agent(vec![Some(agent.build()?)]);
    let mut provenance = builder.build()?;
    let at = element::date_time("at", said.at)?;
    provenance.occurred = Some(ProvenanceOccurred::DateTime(at));
    provenance.location = reference::ward(said)?;
    provenance.activity = Some(activity(said)?);
    provenance.entity = listed(entities);
    Ok(Resource::Provenance(provenance))
}

fn activity(said: &Said) -> Result<CodeableConcept, FhirError> {
    let (code, display) = match said.change {
        SaidChange::Raised => ("CREATE", "create"),
        SaidChange::Escalated
        | SaidChange::Lowered
        | SaidChange::Revised
        | SaidChange::Resolved
        | SaidChange::Acknowledged
        | SaidChange::Snoozed
        | SaidChange::Reminded => ("UPDATE", "revise"),
        SaidChange::Withdrawn => ("NULLIFY", "nullify"),
    };
    let mut activity = hl7_concept("v3-DataOperation", code, display)?;
    activity.text = Some(vocabulary::change_code(said.change).to_owned());
    Ok(activity)
}

/// One fact, with all that is needed to find it again.
fn entity(fact: &SaidEvidence) -> Result<ProvenanceEntity, FhirError> {
    let source = [
        ("topic", fact.source_topic.clone()),
        ("partition", fact.source_partition.to_string()),
        ("offset", fact.source_offset.to_string()),
    ];
    let mut extensions = vec![extension_of_parts("source-position", &source)?];
    if let Some(log) = fact.log {
        let log = [
            ("partition", log.partition.to_string()),
            ("offset", log.offset.to_string()),
            ("index", log.index.to_string()),
        ];
        extensions.push(extension_of_parts("log-position", &log)?);
    }
    extensions.extend(code(fact)?);
    let at = ExtensionValue::DateTime(element::date_time("evidence.at", fact.at)?);
    extensions.push(extension("effective-at", at)?);
    let known_at = ExtensionValue::Instant(element::instant("evidence.known_at", fact.known_at)?);
    extensions.push(extension("known-at", known_at)?);
    let entity = ProvenanceEntity::builder()
        .role(ProvenanceEntityRole::Source)
        .what(reference::fact(fact)?)
        .extension(extensions);
    Ok(entity.build()?)
}

/// The code under which a fact came, where there was one.
fn code(fact: &SaidEvidence) -> Result<Option<Extension>, FhirError> {
    if fact.code.trim().is_empty() {
        return Ok(None);
    }
    let coding = coding(&fact.code_system, &fact.code, "")?;
    extension("code", ExtensionValue::Coding(coding)).map(Some)
}
