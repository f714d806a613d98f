//! A record as its resources: one, or the entries of a Bundle, each read or refused on its own.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::event::ResourceKind;
use crate::domain::refusal::Refusal;
use crate::ingest::context::Context;
use crate::ingest::entry::{Entry, Outcome};
use crate::ingest::fhir::deleted::{Whose, deletion};
use crate::ingest::fhir::identity::{read_device_use, read_linkage};
use crate::ingest::fhir::types::MetaJson;
use crate::ingest::fhir::{care, observation, orders, person, problems, studies};
use crate::ingest::json::{Text, parse};
use crate::ingest::references::References;
use crate::ingest::refused::Refused;
use crate::ingest::samples::Samples;

/// Entries of a Bundle beyond which it is refused: a whole life is some ten thousand.
pub const ENTRIES_MAX: usize = 200_000;

#[derive(Debug, Deserialize)]
struct TypeJson<'a> {
    #[serde(borrow, rename = "resourceType")]
    resource_type: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct BundleJson<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    entry: Vec<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct EntryJson<'a> {
    #[serde(borrow, rename = "fullUrl")]
    full_url: Option<Text<'a>>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(borrow)]
    request: Option<RequestJson<'a>>,
    #[serde(borrow)]
    response: Option<ResponseJson<'a>>,
}

#[derive(Debug, Deserialize)]
struct RequestJson<'a> {
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    url: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct ResponseJson<'a> {
    #[serde(borrow)]
    etag: Option<Text<'a>>,
    #[serde(borrow, rename = "lastModified")]
    last_modified: Option<Text<'a>>,
}

impl EntryJson<'_> {
    /// Whether it says that a resource was deleted. Some servers repeat the resource as it was.
    fn is_deletion(&self) -> bool {
        let request = self.request.as_ref();
        request.and_then(|request| request.method.as_deref()) == Some("DELETE")
    }
}

/// Reads a record of FHIR JSON.
///
/// # Errors
/// Why the record as a whole was refused.
pub fn read_record<'a>(
    json: &'a str,
    context: &Context<'_>,
    samples: &mut Samples,
) -> Result<Vec<Entry<'a>>, Refused> {
    let kind = resource_type(json)?;
    if kind != "Bundle" {
        return Ok(vec![read_one(json, kind, String::new(), context, samples)]);
    }
    let bundle: BundleJson<'a> = parse(json)?;
    match bundle.kind.as_deref() {
        Some(
            "transaction" | "batch" | "collection" | "history" | "searchset" | "message"
            | "document",
        ) => {}
        _ => {
            return Err(Refused::new(
                Refusal::Undecodable,
                "Bundle.type: not one that holds records",
            ));
        }
    }
    if ENTRIES_MAX < bundle.entry.len() {
        return Err(Refused::new(Refusal::TooLarge, format!("more than {ENTRIES_MAX} entries")));
    }
    read_bundle(bundle, context, samples)
}

/// The type of a resource, which nearly always stands first.
fn resource_type(json: &str) -> Result<Cow<'_, str>, Refused> {
    let inside = json.trim_start().strip_prefix('{').map(str::trim_start);
    let named = inside.and_then(|inside| inside.strip_prefix("\"resourceType\""));
    let value = named.and_then(|rest| rest.trim_start().strip_prefix(':')).map(str::trim_start);
    let quoted = value.and_then(|value| value.strip_prefix('"')?.split_once('"'));
    if let Some((kind, _)) =
        quoted.filter(|(kind, _)| kind.bytes().all(|b| b.is_ascii_alphabetic()))
    {
        return Ok(Cow::Borrowed(kind));
    }
    let kind = parse::<TypeJson<'_>>(json)?.resource_type;
    kind.map(|kind| kind.0)
        .ok_or_else(|| Refused::new(Refusal::Undecodable, "resourceType is missing"))
}

fn read_bundle<'a>(
    bundle: BundleJson<'a>,
    outer: &Context<'_>,
    samples: &mut Samples,
) -> Result<Vec<Entry<'a>>, Refused> {
    let mut parsed = Vec::with_capacity(bundle.entry.len());
    let mut references = References::default();
    for (index, entry) in bundle.entry.into_iter().enumerate() {
        let pointer = format!("/entry/{index}");
        match parse::<EntryJson<'a>>(entry.get()) {
            Ok(entry) => {
                note_reference(&entry, &mut references);
                parsed.push((pointer, Ok(entry)));
            }
            Err(refused) => parsed.push((pointer, Err(refused))),
        }
    }
    let whose = whose(&parsed, &Context { references: &references, ..*outer });
    let mut entries = Vec::with_capacity(parsed.len());
    for (pointer, entry) in parsed {
        let entry = match entry {
            Ok(entry) => entry,
            Err(refused) => {
                let resource_type = Cow::Borrowed("");
                entries.push(Entry { pointer, resource_type, outcome: Outcome::Refused(refused) });
                continue;
            }
        };
        let fallback_id = entry.full_url.as_deref().map(id_of_url).unwrap_or_default().to_owned();
        let context = Context { references: &references, fallback_id: &fallback_id, ..*outer };
        if entry.is_deletion() {
            entries.push(deleted(pointer, entry, &whose, &context));
            continue;
        }
        let Some(resource) = entry.resource else { continue };
        let json = resource.get();
        entries.push(match resource_type(json) {
            Ok(kind) => read_one(json, kind, pointer, &context, samples),
            Err(refused) => {
                let resource_type = Cow::Borrowed("");
                Entry { pointer, resource_type, outcome: Outcome::Refused(refused) }
            }
        });
    }
    Ok(entries)
}

/// Whose the resources are, where something was deleted.
fn whose(parsed: &[(String, Result<EntryJson<'_>, Refused>)], context: &Context<'_>) -> Whose {
    let mut whose = Whose::default();
    let entries = || parsed.iter().filter_map(|(_, entry)| entry.as_ref().ok());
    if entries().any(EntryJson::is_deletion) {
        for json in entries().filter_map(|entry| entry.resource) {
            if let Ok(kind) = resource_type(json.get()) {
                whose.note(&kind, json.get(), context);
            }
        }
    }
    whose
}

/// An entry that says that a resource was deleted, and when.
fn deleted<'a>(
    pointer: String,
    entry: EntryJson<'a>,
    whose: &Whose,
    context: &Context<'_>,
) -> Entry<'a> {
    let url = entry.request.and_then(|request| request.url).or(entry.full_url);
    let (version_id, last_updated) =
        entry.response.map_or((None, None), |response| (response.etag, response.last_modified));
    let meta = MetaJson { version_id, last_updated };
    deletion(pointer, url.as_deref().unwrap_or_default(), meta, whose, context)
}

#[derive(Debug, Deserialize)]
struct IdJson<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
}

/// Notes what an entry is called inside the Bundle: `urn:uuid:…` is `Patient/123`.
fn note_reference<'a>(entry: &EntryJson<'a>, references: &mut References<'a>) {
    let (Some(url), Some(resource)) = (&entry.full_url, entry.resource) else { return };
    let Ok(kind) = resource_type(resource.get()) else { return };
    let id = serde_json::from_str::<IdJson<'a>>(resource.get()).ok().and_then(|json| json.id);
    let id = id.as_deref().unwrap_or_else(|| id_of_url(url));
    references.insert(url.0.clone(), format!("{kind}/{id}"));
}

/// The last part of a full URL: `urn:uuid:X` and `https://host/Observation/X` are `X`.
fn id_of_url(url: &str) -> &str {
    url.rsplit([':', '/']).next().unwrap_or(url)
}

/// Reads one resource of a known type.
pub fn read_one<'a>(
    json: &'a str,
    resource_type: Cow<'a, str>,
    pointer: String,
    context: &Context<'_>,
    samples: &mut Samples,
) -> Entry<'a> {
    let Some(kind) =
        ResourceKind::named(&resource_type).filter(|k| *k != ResourceKind::Measurement)
    else {
        // Other types are not read, but they must be JSON: the rest of a cut record is not "unused".
        let outcome = match serde_json::from_str::<serde::de::IgnoredAny>(json) {
            Ok(_) if is_resource_name(&resource_type) => Outcome::NotUsed,
            Ok(_) => Outcome::Refused(Refused::new(
                Refusal::Undecodable,
                "resourceType: no type of FHIR",
            )),
            Err(_) => Outcome::Refused(Refused::new(Refusal::Undecodable, "not JSON")),
        };
        return Entry { pointer, resource_type, outcome };
    };
    let read = match kind {
        ResourceKind::Observation => observation::read(json, context, samples),
        ResourceKind::Patient => person::read_patient(json, context),
        ResourceKind::Encounter => person::read_encounter(json, context),
        ResourceKind::Linkage => read_linkage(json, context),
        ResourceKind::DeviceUseStatement => read_device_use(json, context),
        ResourceKind::Condition | ResourceKind::AllergyIntolerance => {
            problems::read_problem(kind, json, context)
        }
        ResourceKind::Procedure | ResourceKind::Immunization => {
            problems::read_deed(kind, json, context)
        }
        ResourceKind::MedicationRequest
        | ResourceKind::MedicationStatement
        | ResourceKind::MedicationAdministration
        | ResourceKind::ServiceRequest => orders::read_order(kind, json, context),
        ResourceKind::DiagnosticReport => studies::read_report(json, context),
        ResourceKind::ImagingStudy => studies::read_study(json, context),
        ResourceKind::Device
        | ResourceKind::Location
        | ResourceKind::PractitionerRole
        | ResourceKind::CareTeam
        | ResourceKind::Flag
        | ResourceKind::Consent
        | ResourceKind::CarePlan
        | ResourceKind::Measurement => care::read_care(kind, json, context),
    };
    let outcome = read.map_or_else(Outcome::Refused, Outcome::Read);
    Entry { pointer, resource_type, outcome }
}

/// FHIR resource types are capitalised words; anything else in their place is a mistake.
fn is_resource_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
