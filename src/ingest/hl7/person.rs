//! `PID` as a Patient: birth, sex, death, name, identifiers.
//!
//! Only messages about stays and persons say it: a laboratory copies what it needs to know, and what it leaves
//! out is not taken back. For the same reason a PID that says neither birth nor sex only says whose a message is.

use crate::domain::event::ResourceKind;
use crate::domain::event::Status;
use crate::domain::fact::Valid;
use crate::domain::statement::{Attribute, Statement};
use crate::domain::time::Timestamp;
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::finish::{Head, finish};
use crate::ingest::hl7::fault::Fault;
use crate::ingest::hl7::identifier::all_of;
use crate::ingest::hl7::message::{Part, Segment};
use crate::ingest::hl7::{stamp, version};
use crate::ingest::json::Text;

/// Reads the person of a message; `None` where it says too little.
///
/// # Errors
/// `BadTime` for a birth or a death that is no time.
pub fn read(
    pid: &Segment<'_>,
    patient: &str,
    recorded_at: Option<Timestamp>,
    context: &Context<'_>,
) -> Result<Option<ReadResource<'static>>, Fault> {
    let (birth, sex) = (pid.part(7), pid.part(8).component(1).text());
    if birth.text().is_empty() && sex.is_empty() {
        return Ok(None);
    }
    let mut person = Statement::default();
    let mut refused_parts = Vec::new();
    if !birth.text().is_empty() {
        person.set(Attribute::BirthDate, stamp::date(birth, &pid.pointer("7"))?);
    }
    match gender(&sex) {
        Some(gender) => person.set(Attribute::Sex, gender),
        None => {
            let message = "administrative sex: expected a code of HL7 table 0001";
            let Fault { pointer, refused } = Fault::unreadable(pid.pointer("8"), message);
            refused_parts.push((pointer, refused));
        }
    }
    person.set(Attribute::DeceasedAt, death(pid, context)?);
    person.set(Attribute::Name, name(pid));
    person.set(Attribute::Identifiers, all_of(pid, 3));
    let zones = pid.parts(11).map(|address| {
        let part = |number: usize| address.component(number).text();
        context.site.zone_of(&part(6), &part(4)).to_owned()
    });
    let zone = zones.into_iter().find(|zone| !zone.is_empty()).unwrap_or_default();
    person.set(Attribute::TimeZone, zone);
    let head = Head {
        kind: ResourceKind::Patient,
        id: Some(Text(patient.to_owned().into())),
        meta: version::meta(recorded_at),
        patient: Some(patient.to_owned().into()),
        recorded: None,
        status: Status::Final,
    };
    let read = finish(head, context, Valid::since(Timestamp::MIN), person, &[]);
    let read = read.map_err(Fault::at("PID"))?;
    Ok(Some(ReadResource { refused_parts, ..read }))
}

/// FHIR's code for one of table 0001; empty for none.
fn gender(code: &str) -> Option<&'static str> {
    match code {
        "" => Some(""),
        "F" => Some("female"),
        "M" => Some("male"),
        "A" | "N" | "O" | "X" => Some("other"),
        "U" => Some("unknown"),
        _ => None,
    }
}

/// When the patient died, or `true` where only that is said.
fn death(pid: &Segment<'_>, context: &Context<'_>) -> Result<String, Fault> {
    let at = pid.part(29);
    let is_dead = pid.part(30).text();
    if is_dead == "N" || at.text().is_empty() && is_dead != "Y" {
        return Ok(String::new());
    }
    if at.text().is_empty() {
        return Ok("true".to_owned());
    }
    let pointer = pid.pointer("29");
    let begins = stamp::begins(at, &pointer, context)?;
    context.check_past(begins, "death").map_err(Fault::at(&pointer))?;
    stamp::date_time(at, &pointer, context)
}

/// The legal name, else the first: given names, then the family's.
fn name(pid: &Segment<'_>) -> String {
    let legal = pid.parts(5).find(|name| name.component(7).text() == "L");
    let Some(name) = legal.or_else(|| pid.parts(5).next()) else { return String::new() };
    let family = |name: Part<'_>| name.component(1).subcomponent(1).text();
    let parts = [name.component(2).text(), name.component(3).text(), family(name)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
