//! Completes a resource that makes one statement: its version, its period, the states it says.

use std::borrow::Cow;

use crate::domain::coding::Coding;
use crate::domain::event::{Resource, ResourceKind, Status, Version};
use crate::domain::fact::{Body, Fact, Valid};
use crate::domain::statement::{Activity, Attribute, Statement};
use crate::domain::time::Timestamp;
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::status::id_of;
use crate::ingest::fhir::types::{MetaJson, ReferenceJson};
use crate::ingest::json::{Text, text};
use crate::ingest::refused::Refused;
use crate::ingest::states::state_facts;

/// What every resource has.
pub struct Head<'a> {
    /// The kind.
    pub kind: ResourceKind,
    /// Its id.
    pub id: Option<Text<'a>>,
    /// Its metadata.
    pub meta: Option<MetaJson<'a>>,
    /// Whose it is; `None` for places and roles.
    pub patient: Option<Cow<'a, str>>,
    /// When the source wrote it down, where the resource says so besides `meta`.
    pub recorded: Option<Text<'a>>,
    /// The status of this version.
    pub status: Status,
}

/// A resource of one statement.
///
/// # Errors
/// If a time cannot be read.
pub fn finish<'a>(
    head: Head<'a>,
    context: &Context<'_>,
    valid: Valid,
    statement: Statement<'a>,
    categories: &[Coding<'a>],
) -> Result<ReadResource<'a>, Refused> {
    let recorded = head.recorded.as_deref();
    let (version, recorded_at) = context.version(head.meta.as_ref(), recorded, head.status)?;
    let id = id_of(head.id, context);
    let valid = ended(valid, statement.activity, head.meta.as_ref(), version, context);
    let mut facts = Vec::new();
    if head.status.counts() {
        if context.site.has_states(head.kind) {
            let codes: Vec<Coding<'a>> =
                statement.codes.iter().chain(categories).cloned().collect();
            facts = state_facts(context.site, head.kind, (&codes, &[]), valid, &statement);
        }
        let (links, body) = (Vec::new(), Body::Statement(Box::new(statement)));
        facts.push(Fact { valid, links, body });
    }
    let resource = Resource { kind: head.kind, id, version, recorded_at, content: 0, facts };
    Ok(ReadResource { patient: head.patient, resource, refused_parts: Vec::new() })
}

/// What ended at a time nobody says had ended when its source said so. A file that has no time of its
/// own says nothing of that: such a statement is in force at no time we could name.
fn ended(
    valid: Valid,
    activity: Activity,
    meta: Option<&MetaJson<'_>>,
    version: Version,
    context: &Context<'_>,
) -> Valid {
    let is_told = meta.is_some_and(|meta| meta.last_updated.is_some())
        || context.received_at != Timestamp::MIN;
    if activity != Activity::Ended || valid.end != Timestamp::FOREVER || !is_told {
        return valid;
    }
    Valid { end: version.revised_at.max(valid.start), ..valid }
}

/// A resource whose version takes back what earlier ones said.
///
/// # Errors
/// If a time cannot be read.
pub fn taken_back<'a>(head: Head<'a>, context: &Context<'_>) -> Result<ReadResource<'a>, Refused> {
    let (version, recorded_at) = context.version(head.meta.as_ref(), None, head.status)?;
    let id = id_of(head.id, context);
    let resource =
        Resource { kind: head.kind, id, version, recorded_at, content: 0, facts: Vec::new() };
    Ok(ReadResource { patient: head.patient, resource, refused_parts: Vec::new() })
}

/// A statement with a status and whether it is in force.
pub fn statement<'a>(activity: Activity, status: Option<Text<'a>>) -> Statement<'a> {
    Statement { activity, status: text(status), ..Statement::default() }
}

/// Notes the encounter a statement belongs to.
pub fn set_encounter<'a>(
    statement: &mut Statement<'a>,
    encounter: Option<ReferenceJson<'a>>,
    context: &Context<'_>,
) {
    let reference = text(encounter.and_then(|encounter| encounter.reference));
    let resolved = context.references.resolve(&reference);
    let resolved = match resolved == reference {
        true => reference,
        false => Cow::Owned(resolved.to_owned()),
    };
    statement.set(Attribute::Encounter, resolved);
}
