//! `Patient` and `Encounter`: who it is, and where they are.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::event::ResourceKind;
use crate::domain::fact::Valid;
use crate::domain::moment::Moment;
use crate::domain::refusal::Refusal;
use crate::domain::statement::{Activity, Attribute, Statement};
use crate::domain::time::Timestamp;
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::finish::{Head, finish, statement};
use crate::ingest::fhir::identity::{LinkJson, of_patient};
use crate::ingest::fhir::reference::{check, patient};
use crate::ingest::fhir::status::{id_of, statement_status};
use crate::ingest::fhir::types::{
    CodingJson, Concept, IdentifierJson, MetaJson, PeriodJson, ReferenceJson,
};
use crate::ingest::json::{Text, parse, text};
use crate::ingest::refused::Refused;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PatientJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    meta: Option<MetaJson<'a>>,
    #[serde(borrow, default)]
    identifier: Vec<IdentifierJson<'a>>,
    #[serde(borrow, default)]
    name: Vec<NameJson<'a>>,
    #[serde(borrow)]
    gender: Option<Text<'a>>,
    #[serde(borrow)]
    birth_date: Option<Text<'a>>,
    #[serde(borrow, default)]
    extension: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    address: Vec<AddressJson<'a>>,
    #[serde(borrow, default)]
    link: Vec<LinkJson<'a>>,
    deceased_boolean: Option<bool>,
    #[serde(borrow)]
    deceased_date_time: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct NameJson<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(borrow)]
    family: Option<Text<'a>>,
    #[serde(borrow, default)]
    given: Vec<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct AddressJson<'a> {
    #[serde(borrow, default)]
    extension: Vec<&'a RawValue>,
    #[serde(borrow)]
    state: Option<Text<'a>>,
    #[serde(borrow)]
    country: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExtensionJson<'a> {
    #[serde(borrow)]
    url: Option<Text<'a>>,
    #[serde(borrow)]
    value_code: Option<Text<'a>>,
}

/// The extension by which HL7 says the time zone of a person or an address.
const TIME_ZONE: &str = "http://hl7.org/fhir/StructureDefinition/timezone";

/// The time zone that extensions name, of the person or of an address; else the one the site file gives
/// the first address that it knows.
fn time_zone<'a>(patient: &PatientJson<'a>, context: &Context<'_>) -> Cow<'a, str> {
    let of_addresses = patient.address.iter().flat_map(|address| &address.extension);
    let extensions = patient.extension.iter().chain(of_addresses);
    let mut parsed = extensions.filter_map(|json| parse::<ExtensionJson<'a>>(json.get()).ok());
    let said = parsed.find(|one| one.url.as_deref() == Some(TIME_ZONE));
    if let Some(zone) = said.and_then(|zone| zone.value_code) {
        return zone.0;
    }
    let mut by_site = patient.address.iter().map(|address| {
        let part = |part: &Option<Text<'a>>| part.clone().map(|text| text.0).unwrap_or_default();
        context.site.zone_of(&part(&address.country), &part(&address.state))
    });
    Cow::Owned(by_site.find(|zone| !zone.is_empty()).unwrap_or_default().to_owned())
}

/// Reads a Patient.
///
/// # Errors
/// Why it was refused.
pub fn read_patient<'a>(json: &'a str, context: &Context<'_>) -> Result<ReadResource<'a>, Refused> {
    let mut patient: PatientJson<'a> = parse(json)?;
    let identity = match context.patient {
        Some(named) => Cow::Owned(named.to_owned()),
        None => check(id_of(patient.id.clone(), context))?,
    };
    let zone = time_zone(&patient, context);
    let mut person = Statement::default();
    if let Some(birth) = &patient.birth_date
        && Moment::parse(birth).ok().and_then(Moment::days).is_none()
    {
        return Err(Refused::new(Refusal::BadTime, "birthDate: expected YYYY[-MM[-DD]]"));
    }
    person.set(Attribute::BirthDate, text(patient.birth_date.take()));
    person.set(Attribute::Sex, text(patient.gender.take()));
    match (patient.deceased_date_time.take(), patient.deceased_boolean) {
        (Some(died), _) => {
            context.past(&died, "deceasedDateTime")?;
            person.set(Attribute::DeceasedAt, died.0);
        }
        (None, Some(true)) => person.set(Attribute::DeceasedAt, "true"),
        (None, Some(false) | None) => {}
    }
    person.set(
        Attribute::Name,
        patient.name.into_iter().next().map(display_name).unwrap_or_default(),
    );
    let identifiers = patient.identifier.iter().filter_map(|identifier| {
        let value = identifier.value.as_deref()?;
        Some(format!("{}|{value}", identifier.system.as_deref().unwrap_or_default()))
    });
    person.set(Attribute::Identifiers, identifiers.collect::<Vec<_>>().join(","));
    let others = of_patient(&patient.identifier, patient.link, context);
    person.set(Attribute::AlsoKnownAs, others.also_known_as);
    person.set(Attribute::ReplacedBy, others.replaced_by);
    person.set(Attribute::TimeZone, zone);
    let head = Head {
        kind: ResourceKind::Patient,
        id: Some(Text(identity.clone())),
        meta: patient.meta,
        patient: Some(identity),
        recorded: None,
        status: statement_status(None),
    };
    let mut read = finish(head, context, Valid::since(Timestamp::MIN), person, &[])?;
    read.refused_parts.extend(others.refused);
    Ok(read)
}

fn display_name(name: NameJson<'_>) -> Cow<'_, str> {
    if let Some(text) = name.text {
        return text.0;
    }
    let given = name.given.iter().map(|given| &**given);
    let parts: Vec<&str> = given.chain(name.family.as_deref()).collect();
    Cow::Owned(parts.join(" "))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EncounterJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    meta: Option<MetaJson<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    class: Option<CodingJson<'a>>,
    #[serde(borrow, rename = "type", default)]
    types: Vec<Concept<'a>>,
    #[serde(borrow)]
    subject: Option<ReferenceJson<'a>>,
    #[serde(borrow)]
    period: Option<PeriodJson<'a>>,
    #[serde(borrow, default)]
    location: Vec<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct StayJson<'a> {
    #[serde(borrow)]
    location: ReferenceJson<'a>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    period: Option<PeriodJson<'a>>,
    #[serde(borrow, rename = "physicalType")]
    physical_type: Option<Concept<'a>>,
}

/// Reads an Encounter.
///
/// # Errors
/// Why it was refused.
pub fn read_encounter<'a>(
    json: &'a str,
    context: &Context<'_>,
) -> Result<ReadResource<'a>, Refused> {
    let encounter: EncounterJson<'a> = parse(json)?;
    let status = encounter.status.as_deref();
    let activity = match status {
        Some("planned") => Activity::Planned,
        Some("arrived" | "triaged" | "in-progress" | "onleave") => Activity::Active,
        Some("finished") => Activity::Ended,
        Some("cancelled" | "entered-in-error" | "unknown") => Activity::Void,
        _ => {
            return Err(Refused::new(Refusal::Undecodable, "status: expected a code of Encounter"));
        }
    };
    let version = statement_status(status);
    let patient = patient(encounter.subject, context)?;
    let mut stay = statement(activity, encounter.status);
    stay.codes = encounter.types.into_iter().flat_map(Concept::into_codings).collect();
    let class = encounter.class.map(CodingJson::into_coding).unwrap_or_default();
    stay.set(Attribute::Setting, context.site.setting(&class.code).to_owned());
    stay.set(Attribute::Class, class.code);
    let mut refused_parts = Vec::new();
    for (index, location) in encounter.location.into_iter().enumerate() {
        match parse::<StayJson<'a>>(location.get()) {
            Ok(location) => set_location(&mut stay, location, context),
            Err(refused) => refused_parts.push((format!("/location/{index}"), refused)),
        }
    }
    let valid = match (&encounter.period, activity) {
        (Some(period), _) => context.period(period, "period")?,
        (None, Activity::Void | Activity::Planned) => Valid::since(context.received_at),
        (None, Activity::Active | Activity::Ended) => {
            return Err(Refused::new(Refusal::BadTime, "period is missing"));
        }
    };
    if matches!(activity, Activity::Active | Activity::Ended) {
        context.check_past(valid.start, "period.start")?;
    }
    let head = Head {
        kind: ResourceKind::Encounter,
        id: encounter.id,
        meta: encounter.meta,
        patient: Some(patient),
        recorded: None,
        status: version,
    };
    let mut read = finish(head, context, valid, stay, &[])?;
    read.refused_parts = refused_parts;
    Ok(read)
}

/// The last location that is not over is where the patient is: a ward and a bed where the source tells
/// them apart by `physicalType` (v3 location-physical-type), one place that is both where it does not.
fn set_location<'a>(stay: &mut Statement<'a>, location: StayJson<'a>, context: &Context<'_>) {
    let is_over = matches!(location.status.as_deref(), Some("completed" | "planned"))
        || location.period.is_some_and(|period| period.end.is_some());
    if is_over {
        return;
    }
    let ReferenceJson { reference, identifier, display } = location.location;
    let reference = text(reference);
    let resolved = context.references.resolve(&reference).to_owned();
    let display = text(display);
    let identifier = identifier.and_then(|identifier| identifier.value);
    let by_identifier = identifier.as_deref().map_or("", |value| context.site.ward(value));
    let ward = match context.site.ward(&resolved) {
        "" => by_identifier.to_owned(),
        ward => ward.to_owned(),
    };
    let types = location.physical_type.map(Concept::into_codings).unwrap_or_default();
    match types.first().map_or("", |coding| &*coding.code) {
        "bd" => put(stay, Attribute::Bed, display),
        "wa" => {
            put(stay, Attribute::Location, resolved);
            put(stay, Attribute::Ward, if ward.is_empty() { display.into_owned() } else { ward });
        }
        _ => {
            put(stay, Attribute::Location, resolved);
            put(stay, Attribute::Ward, ward);
            put(stay, Attribute::Bed, display);
        }
    }
}

/// Sets an attribute in place of what it was.
fn put<'a>(stay: &mut Statement<'a>, name: Attribute, text: impl Into<Cow<'a, str>>) {
    stay.attributes.retain(|(known, _)| *known != name);
    stay.set(name, text);
}
