//! A record as a message, by its type: what it says of persons and stays (ADT), or results (ORU).

use std::borrow::Cow;

use crate::ingest::context::Context;
use crate::ingest::entry::{Entry, Outcome, ReadResource};
use crate::ingest::hl7::fault::Fault;
use crate::ingest::hl7::merge::Said;
use crate::ingest::hl7::message::{Message, Segment};
use crate::ingest::hl7::order::Order;
use crate::ingest::hl7::result::{self, Told};
use crate::ingest::hl7::stay::Trigger;
use crate::ingest::hl7::{charset, identifier, merge, person, report, stamp, stay, value, version};
use crate::ingest::samples::Samples;
use crate::ingest::source::PatientFrom;

/// Reads a record; what is wrong with it as a whole is one refused entry.
pub fn read_record(
    bytes: &[u8],
    context: &Context<'_>,
    samples: &mut Samples,
) -> Vec<Entry<'static>> {
    let refused = |fault: Fault| vec![fault.into_entry("")];
    let text = match charset::decode(bytes) {
        Ok(text) => text,
        Err(fault) => return refused(fault),
    };
    let message = match Message::parse(&text) {
        Ok(message) => message,
        Err(fault) => return refused(fault),
    };
    let [kind, trigger] = [1, 2].map(|component| message.text("MSH", 9, component));
    let kind_of = if trigger.is_empty() { kind.clone() } else { format!("{kind}^{trigger}") };
    let entries = match (kind.as_str(), trigger.as_str()) {
        ("", _) => Err(Fault::unreadable("MSH-9.1", "the type of the message is missing")),
        ("ADT", "A40") => merges(&message, context),
        ("ADT", "A37") => parts(&message, context),
        ("ADT", "") => Err(Fault::unreadable("MSH-9.2", "the event of the message is missing")),
        ("ADT", code) => match Trigger::named(code) {
            Some(trigger) => movement(trigger, &message, context),
            None => Ok(Vec::new()),
        },
        ("ORU", "R01" | "") => results(&message, context, samples),
        _ => Ok(Vec::new()),
    };
    match entries {
        Err(fault) => vec![fault.into_entry(kind_of)],
        Ok(entries) if entries.is_empty() => vec![not_used(kind_of)],
        Ok(entries) => entries,
    }
}

/// The patient that a record names, if it plainly names one; for whoever must know whose a dead letter is.
pub fn patient_of(bytes: &[u8], from: &PatientFrom) -> Option<String> {
    let text = charset::decode(bytes).ok()?;
    let message = Message::parse(&text).ok()?;
    let mut persons = message.segments.iter().filter(|segment| segment.name == "PID");
    let one = persons.next()?;
    let is_alone = persons.next().is_none();
    identifier::patient(one, 3, from).ok().filter(|_| is_alone)
}

fn not_used(resource_type: String) -> Entry<'static> {
    let (pointer, outcome) = (String::new(), Outcome::NotUsed);
    Entry { pointer, resource_type: Cow::Owned(resource_type), outcome }
}

fn entry(read: ReadResource<'static>) -> Entry<'static> {
    let resource_type = Cow::Borrowed(read.resource.kind.name());
    Entry { pointer: String::new(), resource_type, outcome: Outcome::Read(read) }
}

/// What the record names, else what its PID does.
fn patient(pid: &Segment<'_>, context: &Context<'_>) -> Result<String, Fault> {
    match context.patient {
        Some(patient) => Ok(patient.to_owned()),
        None => identifier::patient(pid, 3, &context.spec.patient_from),
    }
}

fn movement(
    trigger: Trigger,
    message: &Message<'_>,
    context: &Context<'_>,
) -> Result<Vec<Entry<'static>>, Fault> {
    let recorded_at = version::recorded_at(message, context)?;
    let pid = message.first("PID");
    let pid = pid.ok_or_else(|| Fault::unreadable("PID", "expected the patient"))?;
    let patient = patient(pid, context)?;
    let mut entries = Vec::new();
    match person::read(pid, &patient, recorded_at, context) {
        Ok(read) => entries.extend(read.map(entry)),
        Err(fault) => entries.push(fault.into_entry("Patient")),
    }
    match stay::read(trigger, message, &patient, recorded_at, context) {
        Ok(read) => entries.extend(read.map(entry)),
        Err(fault) => entries.push(fault.into_entry("Encounter")),
    }
    Ok(entries)
}

/// The merges of a message: each person, followed by whom was merged into it.
fn merges(message: &Message<'_>, context: &Context<'_>) -> Result<Vec<Entry<'static>>, Fault> {
    let recorded_at = version::recorded_at(message, context)?;
    let mut entries = Vec::new();
    let mut survivor: Option<&Segment<'_>> = None;
    for segment in &message.segments {
        match (segment.name, survivor) {
            ("PID", _) => survivor = Some(segment),
            ("MRG", None) => return Err(Fault::unreadable("PID", "expected the patient")),
            ("MRG", Some(pid)) => {
                let from = &context.spec.patient_from;
                let read = identifier::patient(pid, 3, from).and_then(|survivor| {
                    let merged = identifier::patient(segment, 1, from)?;
                    let (both, pointer) =
                        ((survivor.as_str(), merged.as_str()), segment.pointer("1"));
                    merge::read(Said::One, both, &pointer, recorded_at, context)
                });
                match read {
                    Ok(read) => entries.push(entry(read)),
                    Err(fault) => entries.push(fault.into_entry("ADT^A40")),
                }
            }
            _ => {}
        }
    }
    if entries.is_empty() {
        return Err(Fault::unreadable("MRG", "expected whom was merged"));
    }
    Ok(entries)
}

/// The two persons of a message who were taken for one.
fn parts(message: &Message<'_>, context: &Context<'_>) -> Result<Vec<Entry<'static>>, Fault> {
    let recorded_at = version::recorded_at(message, context)?;
    let persons = message.segments.iter().filter(|segment| segment.name == "PID");
    let persons: Vec<&Segment<'_>> = persons.collect();
    let [one, other] = persons.as_slice() else {
        return Err(Fault::unreadable("PID", "expected the two patients who were taken for one"));
    };
    let from = &context.spec.patient_from;
    let (one, other) = (identifier::patient(one, 3, from)?, identifier::patient(other, 3, from)?);
    // Which of them was merged into the other is not said.
    let both = [(one.as_str(), other.as_str()), (other.as_str(), one.as_str())];
    let read = both.map(|both| merge::read(Said::Two, both, "PID-3", recorded_at, context));
    read.into_iter().map(|read| read.map(entry)).collect()
}

/// The results of a message, order by order.
fn results(
    message: &Message<'_>,
    context: &Context<'_>,
    samples: &mut Samples,
) -> Result<Vec<Entry<'static>>, Fault> {
    let sent_at = version::sent_at(message, context)?;
    let mut entries = Vec::new();
    let mut person: Option<&Segment<'_>> = None;
    let mut told: Option<Told> = None;
    let mut common: Option<&Segment<'_>> = None;
    let mut order: Option<Order<'_, '_>> = None;
    for segment in &message.segments {
        match segment.name {
            "PID" => {
                finish(order.take(), told.as_ref(), context, samples, &mut entries);
                let (patient, encounter) = (patient(segment, context)?, String::new());
                told = Some(Told { patient, encounter, sent_at, issued_at: None });
                person = Some(segment);
            }
            "PV1" => {
                let stay = stay::stay_id(segment, person);
                if let Some(told) = told.as_mut().filter(|_| !stay.is_empty()) {
                    told.encounter = format!("Encounter/{stay}");
                }
            }
            "ORC" => common = Some(segment),
            "OBR" => {
                finish(order.take(), told.as_ref(), context, samples, &mut entries);
                order = Some(Order::new(segment, common.take()));
            }
            "OBX" => match &mut order {
                Some(order) => order.results.push(segment),
                None => {
                    let fault = Fault::unreadable(segment.pointer("3"), "a result without an OBR");
                    entries.push(fault.into_entry("Observation"));
                }
            },
            _ => {}
        }
    }
    if told.is_none() {
        return Err(Fault::unreadable("PID", "expected the patient"));
    }
    finish(order.take(), told.as_ref(), context, samples, &mut entries);
    Ok(entries)
}

/// Reads an order with its results.
fn finish(
    order: Option<Order<'_, '_>>,
    told: Option<&Told>,
    context: &Context<'_>,
    samples: &mut Samples,
    entries: &mut Vec<Entry<'static>>,
) {
    let Some(order) = order else { return };
    let Some(told) = told else {
        let fault = Fault::unreadable("PID", "expected the patient before the order");
        return entries.push(fault.into_entry("DiagnosticReport"));
    };
    let pointer = order.obr.pointer("22");
    let issued_at = match stamp::written(order.obr.part(22), &pointer, context) {
        Ok(issued_at) => issued_at,
        Err(fault) => return entries.push(fault.into_entry("DiagnosticReport")),
    };
    let told = Told { issued_at, ..told.clone() };
    let lines = result::lines_of(&order, &told.patient);
    for one in &lines {
        let kind = one.all.first().map(|obx| obx.part(2).text()).unwrap_or_default();
        if value::is_document(&kind) {
            entries.push(not_used(format!("OBX:{kind}")));
            continue;
        }
        match result::read(one, &order, &told, context, samples) {
            Ok(read) => entries.push(entry(read)),
            Err(fault) => entries.push(fault.into_entry("Observation")),
        }
    }
    match report::read(&order, &lines, &told, context) {
        Ok(read) => entries.extend(read.map(entry)),
        Err(fault) => entries.push(fault.into_entry("DiagnosticReport")),
    }
}
