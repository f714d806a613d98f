//! `PV1` as an Encounter: which stay, since when, in which ward and bed, and whether it is over.
//!
//! ```text
//! A01 A04 ─► in progress      A02 ─► elsewhere      A03 ─► finished      A08 ─► as it is now
//! A11 ─► cancelled            A12 ─► back there     A13 ─► in progress again
//! ```
//! Each message is the whole stay as it is then (the standard has PV1-3 of an A12 name the place before the
//! transfer), so the latest is what counts, and a cancel leaves nothing of what it cancels. Of two that were
//! recorded in one second the cancel counts.

use crate::domain::event::{ResourceKind, Status};
use crate::domain::fact::Valid;
use crate::domain::refusal::Refusal;
use crate::domain::statement::{Activity, Attribute, Statement};
use crate::domain::time::Timestamp;
use crate::ingest::context::Context;
use crate::ingest::entry::ReadResource;
use crate::ingest::fhir::finish::{Head, finish};
use crate::ingest::hl7::fault::Fault;
use crate::ingest::hl7::identifier::all_of;
use crate::ingest::hl7::message::{Message, Segment};
use crate::ingest::hl7::{stamp, version};
use crate::ingest::json::Text;

/// What happened to a stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A01: admitted.
    Admit,
    /// A02: moved.
    Transfer,
    /// A03: discharged, or the visit ended.
    Discharge,
    /// A04: registered as an outpatient or in an emergency department.
    Register,
    /// A08: something else about it changed.
    Update,
    /// A11: was not admitted.
    CancelAdmit,
    /// A12: was not moved.
    CancelTransfer,
    /// A13: was not discharged.
    CancelDischarge,
}

impl Trigger {
    /// The trigger of an event code.
    pub fn named(code: &str) -> Option<Trigger> {
        Some(match code {
            "A01" => Trigger::Admit,
            "A02" => Trigger::Transfer,
            "A03" => Trigger::Discharge,
            "A04" => Trigger::Register,
            "A08" => Trigger::Update,
            "A11" => Trigger::CancelAdmit,
            "A12" => Trigger::CancelTransfer,
            "A13" => Trigger::CancelDischarge,
            _ => return None,
        })
    }

    /// A cancel counts before what was recorded in the same second.
    fn status(self) -> Status {
        match self {
            Trigger::CancelAdmit | Trigger::CancelTransfer | Trigger::CancelDischarge => {
                Status::Amended
            }
            Trigger::Admit
            | Trigger::Transfer
            | Trigger::Discharge
            | Trigger::Register
            | Trigger::Update => Status::Final,
        }
    }
}

/// Reads the stay of a message; `None` where an update is about the person alone.
///
/// # Errors
/// Where it does not say which stay, since when, or where to.
pub fn read(
    trigger: Trigger,
    message: &Message<'_>,
    patient: &str,
    recorded_at: Option<Timestamp>,
    context: &Context<'_>,
) -> Result<Option<ReadResource<'static>>, Fault> {
    let visit = message.first("PV1").filter(|visit| visit.part(2).text() != "N");
    let id = visit.map(|visit| stay_id(visit, message.first("PID"))).unwrap_or_default();
    let (visit, id) = match (visit, id) {
        (Some(visit), id) if !id.is_empty() => (visit, id),
        _ if trigger == Trigger::Update => return Ok(None),
        (None, _) => return Err(Fault::unreadable("PV1", "expected the visit")),
        (Some(visit), _) => {
            let message = "neither PV1-19 nor PID-18 says which stay this is";
            return Err(Fault::unreadable(visit.pointer("19.1"), message));
        }
    };
    let class = visit.part(2).component(1).text();
    let (valid, activity) = period(trigger, &class, visit, message, context)?;
    let status = match activity {
        Activity::Active => "in-progress",
        Activity::Ended => "finished",
        Activity::Planned => "planned",
        Activity::Void => "cancelled",
    };
    let mut stay = Statement { activity, status: status.into(), ..Statement::default() };
    let by_site = context.site.setting(&class);
    let class = class_of(&class);
    let setting = if by_site.is_empty() { context.site.setting(class) } else { by_site };
    stay.set(Attribute::Setting, setting.to_owned());
    stay.set(Attribute::Class, class.to_owned());
    if trigger == Trigger::CancelTransfer && visit.part(3).is_empty() {
        let message = "a cancelled transfer: expected where the patient is again";
        return Err(Fault::unreadable(visit.pointer("3"), message));
    }
    set_place(&mut stay, visit, context);
    stay.set(Attribute::Identifiers, identifiers(visit, message, recorded_at));
    let head = Head {
        kind: ResourceKind::Encounter,
        id: Some(Text(id.into())),
        meta: version::meta(recorded_at),
        patient: Some(patient.to_owned().into()),
        recorded: None,
        status: trigger.status(),
    };
    finish(head, context, valid, stay, &[]).map(Some).map_err(Fault::at("PV1"))
}

/// What a stay goes by: the visit number, else the account number, which is one a stay where it is all there is.
pub fn stay_id(visit: &Segment<'_>, person: Option<&Segment<'_>>) -> String {
    let number = visit.part(19).component(1).text();
    if !number.is_empty() {
        return number;
    }
    person.map(|pid| pid.part(18).component(1).text()).unwrap_or_default()
}

/// What a message of a stay is known by besides its numbers.
const EVENT: &str = "urn:twinstream:hl7v2-event";

/// The visit's numbers, and the event that this version is of. A stay that is again as it was (transferred back,
/// not discharged after all) says the same as before, and identical content is an old version sent again: the
/// event tells them apart.
fn identifiers(
    visit: &Segment<'_>,
    message: &Message<'_>,
    recorded_at: Option<Timestamp>,
) -> String {
    let at = recorded_at.map(|at| at.to_string()).unwrap_or_default();
    let event = format!("{EVENT}|{}.{at}", message.text("MSH", 9, 2));
    let numbers = all_of(visit, 19);
    if numbers.is_empty() { event } else { format!("{numbers},{event}") }
}

/// From when to when, and whether it is in force.
fn period(
    trigger: Trigger,
    class: &str,
    visit: &Segment<'_>,
    message: &Message<'_>,
    context: &Context<'_>,
) -> Result<(Valid, Activity), Fault> {
    if trigger == Trigger::CancelAdmit {
        let start = begin(trigger, visit, message, context)?;
        return Ok((Valid::since(start.unwrap_or(context.received_at)), Activity::Void));
    }
    let start = begin(trigger, visit, message, context)?.ok_or_else(|| {
        let text = "when the stay began is missing";
        Fault::new(Refusal::BadTime, visit.pointer("44"), text)
    })?;
    let is_planned = class == "P" && trigger != Trigger::Discharge;
    if is_planned {
        return Ok((Valid::since(start), Activity::Planned));
    }
    context.check_past(start, "start of the stay").map_err(Fault::at(&visit.pointer("44")))?;
    let end = match trigger {
        Trigger::Discharge => Some(discharge(visit, message, context)?),
        // A snapshot that was made after the discharge says when that was.
        Trigger::Update if !visit.part(45).text().is_empty() => {
            Some(stamp::ends(visit.part(45), &visit.pointer("45"), context)?)
        }
        Trigger::Update
        | Trigger::Admit
        | Trigger::Transfer
        | Trigger::Register
        | Trigger::CancelAdmit
        | Trigger::CancelTransfer
        | Trigger::CancelDischarge => None,
    };
    match end {
        None => Ok((Valid::since(start), Activity::Active)),
        Some(end) if end < start => {
            let text = "it ends before it begins";
            Err(Fault::new(Refusal::BadTime, visit.pointer("45"), text))
        }
        Some(end) => Ok((Valid::between(start, end), Activity::Ended)),
    }
}

/// When the stay began. Of an admission that does not say, it is when it happened or was recorded; of anything
/// later it is not known.
fn begin(
    trigger: Trigger,
    visit: &Segment<'_>,
    message: &Message<'_>,
    context: &Context<'_>,
) -> Result<Option<Timestamp>, Fault> {
    if !visit.part(44).text().is_empty() {
        return stamp::begins(visit.part(44), &visit.pointer("44"), context).map(Some);
    }
    match trigger {
        Trigger::Admit | Trigger::Register => match event_time(message) {
            Some((event, field)) => {
                let pointer = event.pointer(&field.to_string());
                stamp::begins(event.part(field), &pointer, context).map(Some)
            }
            None => Ok(None),
        },
        Trigger::Transfer
        | Trigger::Discharge
        | Trigger::Update
        | Trigger::CancelAdmit
        | Trigger::CancelTransfer
        | Trigger::CancelDischarge => Ok(None),
    }
}

/// When the discharge was; where the visit does not say, when it happened or was recorded.
fn discharge(
    visit: &Segment<'_>,
    message: &Message<'_>,
    context: &Context<'_>,
) -> Result<Timestamp, Fault> {
    let at = visit.part(45);
    if !at.text().is_empty() {
        return stamp::ends(at, &visit.pointer("45"), context);
    }
    match event_time(message) {
        Some((event, field)) => {
            stamp::ends(event.part(field), &event.pointer(&field.to_string()), context)
        }
        None => {
            let text = "when the discharge was is missing";
            Err(Fault::new(Refusal::BadTime, visit.pointer("45"), text))
        }
    }
}

/// When an event happened (EVN-6), else when it was recorded (EVN-2).
fn event_time<'s, 'm>(message: &'s Message<'m>) -> Option<(&'s Segment<'m>, usize)> {
    let event = message.first("EVN")?;
    let field = [6, 2].into_iter().find(|field| !event.part(*field).text().is_empty())?;
    Some((event, field))
}

/// The class as FHIR writes it (v3 ActCode) for one of HL7 table 0004; any other as it came.
fn class_of(code: &str) -> &str {
    match code {
        "I" => "IMP",
        "E" => "EMER",
        "O" => "AMB",
        "P" => "PRENC",
        _ => code,
    }
}

/// Point of care, room and bed. A ward goes by the name that the site file gives its code, else by its code.
fn set_place(stay: &mut Statement<'static>, visit: &Segment<'_>, context: &Context<'_>) {
    let place = visit.part(3);
    let [ward, room, bed] = [1, 2, 3].map(|number| place.component(number).text());
    if !ward.is_empty() {
        stay.set(Attribute::Location, format!("Location/{ward}"));
    }
    let named = context.site.ward(&ward).to_owned();
    stay.set(Attribute::Ward, if named.is_empty() { ward } else { named });
    let parts = [room, bed].into_iter().filter(|part| !part.is_empty());
    stay.set(Attribute::Bed, parts.collect::<Vec<_>>().join("-"));
}
