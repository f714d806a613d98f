//! `OBX` as an Observation: what was measured, when, its value and how sure the laboratory is of it.
//!
//! A correction (`C`) is a new version of the result that has the same order number, code and sub-id; one that
//! was posted as wrong (`W`) or deleted (`D`) is taken back, and one that cannot be had (`X`) says nothing.

use std::borrow::Cow;

use crate::domain::event::{Resource, ResourceKind, Status, Version};
use crate::domain::fact::Valid;
use crate::domain::refusal::Refusal;
use crate::domain::statement::{Attribute, Statement};
use crate::domain::time::Timestamp;
use crate::ingest::availability::taken_back_at;
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::links::Links;
use crate::ingest::fhir::observation::{Shared, read_value};
use crate::ingest::hl7::fault::Fault;
use crate::ingest::hl7::message::Segment;
use crate::ingest::hl7::order::Order;
use crate::ingest::hl7::{coded, stamp, value};
use crate::ingest::samples::Samples;

/// Whose results are read, and when they were told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Whose they are.
    pub patient: String,
    /// The stay, as a reference; empty where none is named.
    pub encounter: String,
    /// When the message was sent.
    pub sent_at: Option<Timestamp>,
    /// When the results of the order were reported or changed.
    pub issued_at: Option<Timestamp>,
}

impl Told {
    /// The version of what was told.
    pub fn version(&self, status: Status, context: &Context<'_>) -> Version {
        let revised_at = self.sent_at.or(self.issued_at).unwrap_or(context.received_at);
        Version { revised_at, version_id: None, status }
    }
}

/// A result: the lines of one value, and what it is called.
#[derive(Debug)]
pub struct Lines<'s, 'm> {
    /// The segments; more than one only of text.
    pub all: Vec<&'s Segment<'m>>,
    /// Its id.
    pub id: String,
}

/// Cuts the results of an order into values: text of one code comes in many lines.
pub fn lines_of<'s, 'm>(order: &Order<'s, 'm>, patient: &str) -> Vec<Lines<'s, 'm>> {
    let name = order.name(patient);
    let mut found: Vec<Lines<'s, 'm>> = Vec::new();
    for obx in &order.results {
        let (code, sub) = (obx.part(3).component(1).text(), obx.part(4).text());
        let sub = if sub.is_empty() { sub } else { format!(".{sub}") };
        let id = format!("{name}.{code}{sub}");
        let is_text = value::is_text(&obx.part(2).text());
        let before = found.iter().filter(|lines| lines.id == id || is_again(&lines.id, &id));
        let n_before = before.count();
        match found
            .last_mut()
            .filter(|lines| is_text && (lines.id == id || is_again(&lines.id, &id)))
        {
            Some(lines) => lines.all.push(obx),
            None if n_before == 0 => found.push(Lines { all: vec![obx], id }),
            None => found.push(Lines { all: vec![obx], id: format!("{id}#{}", n_before + 1) }),
        }
    }
    found
}

/// Whether an id is that of a result that has the same names as another before it.
fn is_again(id: &str, first: &str) -> bool {
    id.strip_prefix(first).is_some_and(|rest| rest.starts_with('#'))
}

/// The status of a result (HL7 table 0085); where it has none, that of its order (0123).
///
/// # Errors
/// `Undecodable` for none, or one that is not in the table.
pub fn status(obx: &Segment<'_>, order: &Order<'_, '_>) -> Result<(Status, &'static str), Fault> {
    let own = obx.part(11).text();
    let code = if own.is_empty() { order.obr.part(25).text() } else { own };
    Ok(match code.as_str() {
        "F" | "V" => (Status::Final, "final"),
        "U" if obx.parts(5).next().is_some() => (Status::Final, "final"),
        "C" => (Status::Amended, "corrected"),
        "A" if !obx.part(11).text().is_empty() => (Status::Amended, "amended"),
        "B" => (Status::Amended, "appended"),
        "P" | "R" | "S" | "A" | "M" => (Status::Preliminary, "preliminary"),
        "D" => (Status::Deleted, "entered-in-error"),
        "W" => (Status::EnteredInError, "entered-in-error"),
        "X" | "N" => (Status::Silent, "cancelled"),
        "I" | "O" => (Status::Silent, "registered"),
        "U" => {
            let message = "a status that makes an earlier value final: expected the value too";
            return Err(Fault::unreadable(obx.pointer("11"), message));
        }
        _ => {
            let message = "the status of the result: expected a code of HL7 table 0085";
            return Err(Fault::unreadable(obx.pointer("11"), message));
        }
    })
}

/// Reads a result.
///
/// # Errors
/// Why it was refused.
pub fn read(
    lines: &Lines<'_, '_>,
    order: &Order<'_, '_>,
    told: &Told,
    context: &Context<'_>,
    samples: &mut Samples,
) -> Result<ReadResource<'static>, Fault> {
    let obx = lines.all.first().ok_or_else(|| Fault::unreadable("OBX", "expected a result"))?;
    let (status, _) = status(obx, order)?;
    let codes = coded::codings(obx.part(3));
    if codes.is_empty() {
        return Err(Fault::unreadable(obx.pointer("3.1"), "the code of the result is missing"));
    }
    let mut version = told.version(status, context);
    let is_dated = version.revised_at != Timestamp::MIN;
    let mut facts = Vec::new();
    if status.counts() {
        let valid = observed(obx, order, context)?;
        let value = value::read(&lines.all)?;
        let shared = shared(obx, order, told, valid, context);
        read_value(codes, value, &shared, context, samples, &mut facts);
    } else if !is_dated {
        let valid = observed(obx, order, context).ok();
        version.revised_at = valid.map_or(Timestamp::MIN, taken_back_at);
    }
    let resource = Resource {
        kind: ResourceKind::Observation,
        id: Cow::Owned(lines.id.clone()),
        version,
        recorded_at: told.issued_at.or(told.sent_at),
        content: 0,
        facts,
    };
    let patient = Some(Cow::Owned(told.patient.clone()));
    Ok(ReadResource { patient, resource, refused_parts: Vec::new() })
}

/// When a result was true: its own time, else that of its order.
fn observed(
    obx: &Segment<'_>,
    order: &Order<'_, '_>,
    context: &Context<'_>,
) -> Result<Valid, Fault> {
    if !obx.part(14).text().is_empty() {
        return stamp::measured(obx.part(14), &obx.pointer("14"), context);
    }
    if !order.obr.part(7).text().is_empty() {
        return stamp::measured(order.obr.part(7), &order.obr.pointer("7"), context);
    }
    let message = "neither OBX-14 nor OBR-7 says when this was";
    Err(Fault::new(Refusal::BadTime, obx.pointer("14"), message))
}

fn shared(
    obx: &Segment<'_>,
    order: &Order<'_, '_>,
    told: &Told,
    valid: Valid,
    context: &Context<'_>,
) -> Shared<'static> {
    let mut statement = Statement::default();
    statement.set(Attribute::Encounter, told.encounter.clone());
    statement.set(Attribute::Order, order.reference());
    statement.set(Attribute::Category, order.obr.part(24).text());
    let links = Links::of(&order.identities(), None, &[], context);
    let device = Cow::Owned(obx.part(18).component(1).text());
    Shared { valid, device, attributes: statement.attributes, links }
}
