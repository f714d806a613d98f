//! Who else a patient is: `Patient.link`, `Patient.identifier`, `Linkage`, `DeviceUseStatement`.
//!
//! An identifier names another identity where the site file says what its system stands for. Nothing else does: not
//! a name, not a birth date.

use serde::Deserialize;

use crate::domain::event::ResourceKind;
use crate::domain::fact::Valid;
use crate::domain::identity::TwinId;
use crate::domain::linkage::{Period, write_claims};
use crate::domain::refusal::Refusal;
use crate::domain::statement::{Activity, Attribute};
use crate::domain::time::Timestamp;
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::finish::{Head, finish, statement};
use crate::ingest::fhir::reference::{other, patient};
use crate::ingest::fhir::status::statement_status;
use crate::ingest::fhir::types::{IdentifierJson, MetaJson, PeriodJson, ReferenceJson};
use crate::ingest::json::{Text, parse};
use crate::ingest::refused::Refused;

/// `Patient.link`
#[derive(Debug, Deserialize)]
pub struct LinkJson<'a> {
    #[serde(borrow)]
    other: Option<ReferenceJson<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
}

/// What a record says of who else a patient is.
#[derive(Debug, Default)]
pub struct Identity {
    /// Other identities, as the attribute has them.
    pub also_known_as: String,
    /// The identity that goes on instead.
    pub replaced_by: String,
    /// What could not be read, with where it stands.
    pub refused: Vec<(String, Refused)>,
}

/// Reads who else a Patient is. `seealso` and `refer` say that two records know of each other, and move nothing.
pub fn of_patient(
    identifiers: &[IdentifierJson<'_>],
    links: Vec<LinkJson<'_>>,
    context: &Context<'_>,
) -> Identity {
    let mut identity = Identity::default();
    let mut claims = Vec::new();
    for (index, identifier) in identifiers.iter().enumerate() {
        match claim(identifier, context) {
            Ok(claim) => claims.extend(claim),
            Err(refused) => identity.refused.push((format!("/identifier/{index}/period"), refused)),
        }
    }
    for (index, LinkJson { other: reference, kind }) in links.into_iter().enumerate() {
        let kind = kind.as_deref().unwrap_or_default();
        if !matches!(kind, "replaced-by" | "replaces") {
            continue;
        }
        let is_person = |reference: &ReferenceJson<'_>| {
            reference.reference.as_ref().is_some_and(|text| text.0.starts_with("RelatedPerson/"))
        };
        if reference.as_ref().is_some_and(is_person) {
            continue;
        }
        match other(reference, context) {
            Ok(id) => {
                let twin = TwinId::new(context.spec.namespace.clone(), id.into_owned());
                match kind {
                    "replaces" => claims.push((twin, Period::ALWAYS)),
                    _ => identity.replaced_by = twin.to_string(),
                }
            }
            Err(refused) => identity.refused.push((format!("/link/{index}/other"), refused)),
        }
    }
    identity.also_known_as = write_claims(claims.iter().map(|(twin, period)| (twin, *period)));
    identity
}

/// The identity that an identifier names, if the site file says so.
fn claim(
    identifier: &IdentifierJson<'_>,
    context: &Context<'_>,
) -> Result<Option<(TwinId<'static>, Period)>, Refused> {
    let system = identifier.system.as_deref().unwrap_or_default();
    let value = identifier.value.as_deref().filter(|value| !value.trim().is_empty());
    let (Some(namespace), Some(value)) = (context.site.namespace_of(system), value) else {
        return Ok(None);
    };
    let twin = TwinId::new(namespace.to_owned(), value.to_owned());
    Ok(Some((twin, period(identifier.period.as_ref(), context)?)))
}

/// A period that may be open on either side.
fn period(period: Option<&PeriodJson<'_>>, context: &Context<'_>) -> Result<Period, Refused> {
    let Some(period) = period.filter(|one| one.start.is_some() || one.end.is_some()) else {
        return Ok(Period::ALWAYS);
    };
    let Valid { start, end, .. } = context.period(period, "period")?;
    let start = if period.start.is_some() { start } else { Timestamp::MIN };
    Ok(Period { start, end })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkageJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    meta: Option<MetaJson<'a>>,
    active: Option<bool>,
    #[serde(borrow, default)]
    item: Vec<ItemJson<'a>>,
}

#[derive(Debug, Deserialize)]
struct ItemJson<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    resource: Option<ReferenceJson<'a>>,
}

/// Reads a Linkage: its source goes on with the facts of its alternates.
///
/// # Errors
/// Why it was refused.
pub fn read_linkage<'a>(json: &'a str, context: &Context<'_>) -> Result<ReadResource<'a>, Refused> {
    let linkage: LinkageJson<'a> = parse(json)?;
    let (mut source, mut alternates) = (None, Vec::new());
    for ItemJson { kind, resource } in linkage.item {
        let id = other(resource, context)?;
        match kind.as_deref() {
            Some("source") if source.is_none() => source = Some(id),
            Some("alternate" | "historical") => {
                alternates.push(TwinId::new(context.spec.namespace.clone(), id.into_owned()));
            }
            _ => {
                let message = "item.type: expected one source, and alternates";
                return Err(Refused::new(Refusal::Undecodable, message));
            }
        }
    }
    let no_source = || Refused::new(Refusal::NoPatient, "item: expected a source");
    let source = source.ok_or_else(no_source)?;
    let activity = if linkage.active == Some(false) { Activity::Ended } else { Activity::Active };
    let mut said = statement(activity, None);
    if activity == Activity::Active {
        let claims = alternates.iter().map(|twin| (twin, Period::ALWAYS));
        said.set(Attribute::AlsoKnownAs, write_claims(claims));
    }
    let head = Head {
        kind: ResourceKind::Linkage,
        id: linkage.id,
        meta: linkage.meta,
        patient: Some(source),
        recorded: None,
        status: statement_status(None),
    };
    finish(head, context, Valid::since(Timestamp::MIN), said, &[])
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UseJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    meta: Option<MetaJson<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    subject: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    timing_period: Option<PeriodJson<'a>>,
    #[serde(borrow)]
    device: Option<ReferenceJson<'a>>,
}

/// Reads a DeviceUseStatement: what the device measures in its period is of its subject, where the device is named
/// by an identifier whose system the site file knows.
///
/// # Errors
/// Why it was refused.
pub fn read_device_use<'a>(
    json: &'a str,
    context: &Context<'_>,
) -> Result<ReadResource<'a>, Refused> {
    let used: UseJson<'a> = parse(json)?;
    let status = statement_status(used.status.as_deref());
    let period = period(used.timing_period.as_ref(), context)?;
    let mut said = statement(Activity::Active, used.status);
    let identifier = used.device.and_then(|device| device.identifier);
    let claim = match &identifier {
        Some(identifier) => claim(identifier, context)?,
        None => None,
    };
    let claims = claim.iter().map(|(twin, _)| (twin, period));
    said.set(Attribute::AlsoKnownAs, write_claims(claims));
    let head = Head {
        kind: ResourceKind::DeviceUseStatement,
        id: used.id,
        meta: used.meta,
        patient: Some(patient(used.subject, context)?),
        recorded: None,
        status,
    };
    finish(head, context, Valid::between(period.start, period.end), said, &[])
}
