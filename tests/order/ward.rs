//! Little wards by seed: two patients, a few days or a few years, and everything that can go wrong with
//! records: late, twice, corrected, taken back, preliminary, unreadable, two at one instant, one result from
//! two systems.

use serde_json::{Value, json};

use twinstream::domain::event::{Control, Event};
use twinstream::domain::time::{Span, Timestamp};
use twinstream::engine::ticks::Ticks;
use twinstream::ingest::decoder::Decoder;
use twinstream::ingest::source::Format;

use crate::order::{Bytes, Dice};
use crate::support::{at, control, frame, record, site, source};

/// A message on its way: when it becomes available, and what it says.
struct Message {
    available_at: Timestamp,
    resources: Vec<Value>,
}

/// What is said of a ward, in the order in which it became available, with ticks between.
pub fn history(seed: u64) -> Vec<Bytes> {
    let mut dice = Dice::of(seed);
    let start = at("2025-03-01T08:00:00Z");
    let is_acute = seed.is_multiple_of(2);
    let mut messages: Vec<Message> = Vec::new();
    for patient in ["P1", "P2"] {
        for resource in [person(&mut dice, patient, start), stay(&mut dice, patient, start)] {
            messages.push(Message { available_at: start, resources: vec![resource] });
        }
    }
    let n_messages = 8 + dice.below(16);
    for _ in 0..n_messages {
        let patient = *dice.pick(&["P1", "P1", "P2"]);
        let moment = match is_acute {
            true => start.plus(Span::from_minutes(i64::try_from(5 * dice.below(72)).unwrap())),
            false => start.plus(Span::from_hours(i64::try_from(12 * dice.below(1_400)).unwrap())),
        };
        let late = *dice.pick(&[0, 0, 0, 3, 40, 200]);
        let available_at = moment.plus(Span::from_minutes(late));
        let resources = match (dice.below(10), is_acute) {
            (0 | 1, _) => again(&mut dice, &messages, available_at),
            (2, true) => vec![state(&mut dice, patient, moment)],
            (3, false) => vec![medicine(&mut dice, patient, moment)],
            (4, false) => vec![state(&mut dice, patient, moment)],
            (_, true) => vitals(&mut dice, patient, moment),
            (_, false) => results(&mut dice, patient, moment),
        };
        let told_again = told_again(&mut dice, &resources, available_at);
        messages.push(Message { available_at, resources });
        messages.extend(told_again);
    }
    messages.sort_by_key(|message| message.available_at);
    encoded(&messages)
}

/// The messages as ingest puts them into the log, with the ticks of a recorded clock.
fn encoded(messages: &[Message]) -> Vec<Bytes> {
    let (mut decoder, mut ticks) = (Decoder::new(site()), Ticks::default());
    let mut events = Vec::new();
    for (offset, Message { available_at, resources }) in (0..).zip(messages) {
        for tick in ticks.before(*available_at) {
            events.push(frame([&control(Control::Tick { at: tick }, Some(tick))]));
        }
        let entry: Vec<Value> = resources.iter().map(|one| json!({ "resource": one })).collect();
        let bundle = json!({ "resourceType": "Bundle", "type": "collection", "entry": entry });
        let text = bundle.to_string();
        let record = record(text.as_bytes(), offset, *available_at);
        let spec = source(Format::Fhir);
        let decoded = decoder.decode(&spec, &record, *available_at);
        assert_eq!(decoded.letter, None, "{text}");
        for event in decoded.events {
            events.push(frame([&Event { available_at: Some(*available_at), ..event }]));
        }
    }
    events
}

fn subject(patient: &str) -> Value {
    json!({ "reference": format!("Patient/{patient}") })
}

fn person(dice: &mut Dice, patient: &str, at: Timestamp) -> Value {
    let mut person = json!({
        "resourceType": "Patient", "id": patient, "gender": *dice.pick(&["female", "male"]),
        "birthDate": *dice.pick(&["1950-06-15", "1950", "1980-02-29", "2009-03-01"]),
        "meta": { "lastUpdated": at.to_string() },
    });
    if dice.below(6) == 0 {
        person["deceasedDateTime"] = json!(at.minus(Span::from_hours(1)).to_string());
    }
    person
}

fn stay(dice: &mut Dice, patient: &str, at: Timestamp) -> Value {
    json!({
        "resourceType": "Encounter", "id": format!("stay-{patient}"), "subject": subject(patient),
        "status": "in-progress", "class": { "code": *dice.pick(&["IMP", "EMER", "AMB"]) },
        "period": { "start": at.to_string() }, "meta": { "lastUpdated": at.to_string() },
    })
}

fn quantity(dice: &mut Dice, (code, unit): (&str, &str), values: &[f64]) -> Value {
    let unit = if dice.below(25) == 0 { "furlong" } else { unit };
    json!({
        "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
        "valueQuantity": { "value": *dice.pick(values), "unit": unit },
    })
}

fn observation(dice: &mut Dice, patient: &str, at: Timestamp, mut what: Value) -> Value {
    let code = what["code"]["coding"][0]["code"].as_str().unwrap_or_default().to_owned();
    // Now and then two observations of one instant.
    let other = if dice.below(8) == 0 { "-b" } else { "" };
    let id = format!("{patient}-{code}-{}{other}", at.micros());
    let updated = at.plus(Span::from_minutes(i64::try_from(dice.below(3)).unwrap()));
    what["resourceType"] = json!("Observation");
    what["id"] = json!(id);
    what["status"] = json!(*dice.pick(&["final", "final", "final", "preliminary"]));
    what["subject"] = subject(patient);
    what["effectiveDateTime"] = json!(at.to_string());
    link(dice, &mut what, &id);
    what["meta"] = json!({ "lastUpdated": updated.to_string() });
    what
}

/// Names the order or the specimen of a result, or both.
fn link(dice: &mut Dice, what: &mut Value, id: &str) {
    let which = dice.below(6);
    if which == 0 || which == 2 {
        what["basedOn"] = json!([{ "reference": format!("ServiceRequest/order-{id}") }]);
    }
    if which == 1 || which == 2 {
        what["specimen"] = json!({ "identifier": { "value": format!("specimen-{id}") } });
    }
}

/// The same results from other systems: under ids of their own, now and then as they rounded them, and some
/// name less of what links them.
fn told_again(dice: &mut Dice, resources: &[Value], at: Timestamp) -> Vec<Message> {
    let is_linked = |one: &&Value| one["basedOn"].is_array() || one["specimen"].is_object();
    let mut told = Vec::new();
    for resource in resources.iter().filter(is_linked) {
        for system in ["chart", "engine"] {
            if dice.below(3) == 0 {
                continue;
            }
            let later = Span::from_minutes(i64::try_from(dice.below(5)).unwrap());
            let mut copy = resource.clone();
            copy["id"] = json!(format!("{system}-{}", resource["id"].as_str().unwrap()));
            copy["meta"] = json!({ "lastUpdated": at.plus(later).to_string() });
            copy["status"] =
                json!(*dice.pick(&["final", "preliminary", "entered-in-error", "final"]));
            if copy["valueQuantity"].is_object() && dice.below(2) == 0 {
                copy["valueQuantity"]["value"] = json!(*dice.pick(&[1.0, 21.0, 93.0, 111.0]));
            }
            if copy["basedOn"].is_array() && copy["specimen"].is_object() {
                copy[*dice.pick(&["basedOn", "specimen", "note"])] = json!(null);
            }
            told.push(Message { available_at: at.plus(later), resources: vec![copy] });
        }
    }
    told
}

fn vitals(dice: &mut Dice, patient: &str, at: Timestamp) -> Vec<Value> {
    let mut all = vec![
        quantity(dice, ("9279-1", "/min"), &[8.0, 16.0, 22.0, 26.0]),
        quantity(dice, ("59408-5", "%"), &[90.0, 93.0, 97.0]),
        quantity(dice, ("3151-8", "L/min"), &[0.0, 2.0]),
        quantity(dice, ("8480-6", "mmHg"), &[85.0, 105.0, 120.0]),
        quantity(dice, ("8867-4", "/min"), &[45.0, 70.0, 115.0, 135.0]),
        quantity(dice, ("8310-5", "Cel"), &[35.0, 37.0, 38.6]),
        json!({
            "code": { "coding": [{ "system": "http://loinc.org", "code": "80288-4" }] },
            "valueCodeableConcept": { "coding": [{
                "system": "http://snomed.info/sct", "code": *dice.pick(&["248234008", "130987000"]),
            }] },
        }),
    ];
    if dice.below(3) == 0 {
        let kept = dice.below(7);
        all.swap_remove(usize::try_from(kept).unwrap());
        all.truncate(1 + usize::try_from(dice.below(6)).unwrap());
    }
    all.into_iter().map(|what| observation(dice, patient, at, what)).collect()
}

fn results(dice: &mut Dice, patient: &str, at: Timestamp) -> Vec<Value> {
    let creatinine = quantity(dice, ("2160-0", "mg/dL"), &[0.8, 1.0, 1.4, 1.6, 2.5, 3.5]);
    let albumin = quantity(dice, ("9318-7", "mg/g"), &[10.0, 30.0, 300.0, 500.0]);
    match dice.below(3) {
        0 => vec![observation(dice, patient, at, albumin)],
        _ => vec![observation(dice, patient, at, creatinine)],
    }
}

fn medicine(dice: &mut Dice, patient: &str, at: Timestamp) -> Value {
    json!({
        "resourceType": "MedicationRequest", "id": format!("metformin-{patient}"), "intent": "order",
        "status": *dice.pick(&["active", "active", "stopped", "entered-in-error"]),
        "medicationCodeableConcept": { "coding": [{
            "system": "http://www.whocc.no/atc", "code": "A10BA02" }] },
        "subject": subject(patient), "authoredOn": at.to_string(),
        "meta": { "lastUpdated": at.to_string() },
    })
}

/// A state that stands for a while, or from now on, or stood.
fn state(dice: &mut Dice, patient: &str, at: Timestamp) -> Value {
    let sct = "http://snomed.info/sct";
    let (kind, system, code) = *dice.pick(&[
        ("ServiceRequest", "urn:demo:orders", "spo2-scale-2"),
        ("ServiceRequest", "urn:demo:orders", "ct-iodinated-contrast"),
        ("Flag", sct, "133918004"),
        ("Condition", sct, "77386006"),
        ("Condition", sct, "698306007"),
        ("Procedure", sct, "265764009"),
    ]);
    let end = at.plus(Span::from_hours(*dice.pick(&[1, 5, 90])));
    let mut state = json!({
        "resourceType": kind, "id": format!("{code}-{patient}"), "subject": subject(patient),
        "code": { "coding": [{ "system": system, "code": code }] },
        "meta": { "lastUpdated": at.to_string() },
    });
    match (kind, dice.below(3)) {
        ("ServiceRequest", which) => {
            state["status"] =
                json!(["active", "active", "revoked"][usize::try_from(which).unwrap()]);
            state["intent"] = json!("order");
            state["occurrencePeriod"] = json!({ "start": at.to_string(), "end": end.to_string() });
        }
        ("Flag", 0) => {
            state["status"] = json!("active");
            state["period"] = json!({ "start": at.to_string() });
        }
        ("Flag", _) => {
            state["status"] = json!("inactive");
            state["period"] = json!({ "start": at.to_string(), "end": end.to_string() });
        }
        ("Condition", which) => {
            state["onsetDateTime"] = json!(at.to_string());
            if which == 0 {
                state["abatementDateTime"] = json!(end.to_string());
            }
        }
        _ => {
            state["status"] = json!("completed");
            state["performedDateTime"] = json!(at.to_string());
        }
    }
    state
}

/// Another version of something said before: the same again, corrected, taken back, or only dated anew.
fn again(dice: &mut Dice, messages: &[Message], now: Timestamp) -> Vec<Value> {
    let earlier: Vec<&Message> = messages.iter().filter(|one| one.available_at <= now).collect();
    let message = *dice.pick(&earlier);
    let mut resource = dice.pick(&message.resources).clone();
    let is_observation = resource["resourceType"] == "Observation";
    match dice.below(5) {
        0 => return vec![resource],
        1 if is_observation => resource["status"] = json!("entered-in-error"),
        2 if is_observation && resource["valueQuantity"].is_object() => {
            resource["status"] = json!("corrected");
            resource["valueQuantity"]["value"] = json!(*dice.pick(&[1.0, 16.0, 70.0, 97.0, 120.0]));
        }
        // The same content under another date: identical content keeps its earliest.
        3 => {
            let earlier = now.minus(Span::from_hours(*dice.pick(&[0, 6, 3_000])));
            resource["meta"] = json!({ "lastUpdated": earlier.to_string() });
            return vec![resource];
        }
        _ => {}
    }
    resource["meta"] = json!({ "lastUpdated": now.to_string() });
    vec![resource]
}
