//! Who cares and how: `CareTeam`, `Flag`, `Consent`, `CarePlan`, `Device`, and the directory of places
//! and roles, `Location` and `PractitionerRole`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::event::ResourceKind;
use crate::domain::fact::Valid;
use crate::domain::statement::{Activity, Attribute};
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::finish::{Head, finish, set_encounter, statement};
use crate::ingest::fhir::problems::category_codes;
use crate::ingest::fhir::reference::patient;
use crate::ingest::fhir::status::{is_directory, statement_status};
use crate::ingest::fhir::types::{
    Concept, IdentifierJson, MetaJson, PeriodJson, ReferenceJson, codings,
};
use crate::ingest::json::{Text, parse, text};
use crate::ingest::refused::Refused;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CareJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    meta: Option<MetaJson<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    active: Option<bool>,
    #[serde(borrow)]
    intent: Option<Text<'a>>,
    #[serde(borrow, default)]
    identifier: Vec<IdentifierJson<'a>>,
    #[serde(borrow)]
    category: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    title: Option<Text<'a>>,
    #[serde(borrow)]
    subject: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    patient: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    encounter: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    period: Option<PeriodJson<'a>>,
    #[serde(borrow)]
    date_time: Option<Text<'a>>,
    #[serde(borrow, default)]
    participant: Vec<ParticipantJson<'a>>,
    #[serde(borrow)]
    practitioner: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    part_of: Option<&'a RawValue>,
    #[serde(borrow)]
    physical_type: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct ParticipantJson<'a> {
    #[serde(borrow)]
    member: Option<ReferenceJson<'a>>,
}

/// Reads a CareTeam, Flag, Consent, CarePlan, Device, Location or PractitionerRole.
///
/// # Errors
/// Why it was refused.
pub fn read_care<'a>(
    kind: ResourceKind,
    json: &'a str,
    context: &Context<'_>,
) -> Result<ReadResource<'a>, Refused> {
    let care: CareJson<'a> = parse(json)?;
    let subject = care.subject.or(care.patient);
    // A device of the house, like a place or a role, belongs to no patient.
    let is_directory = is_directory(kind) || kind == ResourceKind::Device && subject.is_none();
    let patient = match is_directory {
        true => None,
        false => Some(patient(subject, context)?),
    };
    let activity = match (care.status.as_deref(), care.intent.as_deref(), care.active) {
        (Some("entered-in-error" | "rejected" | "unknown"), ..) => Activity::Void,
        (Some("draft" | "proposed" | "suspended"), ..) => Activity::Planned,
        (Some("inactive" | "completed" | "revoked" | "on-hold"), ..) => Activity::Ended,
        (_, _, Some(false)) => Activity::Ended,
        (_, Some("proposal" | "option"), _) => Activity::Planned,
        _ => Activity::Active,
    };
    let version = statement_status(care.status.as_deref());
    let valid = match (&care.period, &care.date_time) {
        (Some(period), _) if period.start.is_some() || period.end.is_some() => {
            context.period(period, "period")?
        }
        (_, Some(at)) => Valid::since(context.any(at, "dateTime")?),
        _ => Valid::since(context.received_at),
    };
    let mut said = statement(activity, care.status);
    let (mut categories, mut code) = (Vec::new(), concepts(care.category)?);
    let (of_category, category) = category_codes(std::mem::take(&mut code));
    categories.extend(of_category);
    said.codes = concepts(care.code)?.into_iter().flat_map(|c| codings(Some(c))).collect();
    categories.extend(concepts(care.kind)?.into_iter().flat_map(|c| codings(Some(c))));
    said.set(Attribute::Intent, text(care.intent));
    set_encounter(&mut said, care.encounter, context);
    said.set(Attribute::Category, category);
    let members = care.participant.into_iter().filter_map(|participant| participant.member);
    let members = members.chain(care.practitioner).map(|one| text(one.display.or(one.reference)));
    said.set(Attribute::Participant, members.collect::<Vec<_>>().join(","));
    said.set(Attribute::Name, text(care.name.or(care.title)));
    let identifiers = care.identifier.iter().filter_map(|identifier| {
        let value = identifier.value.as_deref()?;
        Some(format!("{}|{value}", identifier.system.as_deref().unwrap_or_default()))
    });
    said.set(Attribute::Identifiers, identifiers.collect::<Vec<_>>().join(","));
    if let Some(part_of) = care.part_of.filter(|json| json.get().starts_with('{')) {
        let reference: ReferenceJson<'a> = parse(part_of.get())?;
        said.set(Attribute::Managed, text(reference.reference));
    }
    let place = concepts(care.physical_type)?.into_iter().flat_map(|c| codings(Some(c))).next();
    said.set(Attribute::PhysicalType, place.map(|coding| coding.code).unwrap_or_default());
    let (id, meta) = (care.id, care.meta);
    let head = Head { kind, id, meta, patient, recorded: None, status: version };
    finish(head, context, valid, said, &categories)
}

/// One concept or a list of them: FHIR has both under the same names.
fn concepts(json: Option<&serde_json::value::RawValue>) -> Result<Vec<Concept<'_>>, Refused> {
    match json {
        None => Ok(Vec::new()),
        Some(json) if json.get().starts_with('[') => parse(json.get()),
        Some(json) => parse(json.get()).map(|concept| vec![concept]),
    }
}
