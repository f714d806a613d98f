//! Little wards by seed: two patients, a few days or a few years, and everything that can go wrong with
//! records: late, twice, corrected, taken back, preliminary, unreadable, two at one instant, one result from
//! two systems.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::event::{Control, Event};
use crate::domain::fact::Origin;
use crate::domain::identity::SourcePosition;
use crate::domain::time::{Span, Timestamp};
use crate::domain::zone::Zone;
use crate::engine::ticks::Ticks;
use crate::ingest::decoder::Decoder;
use crate::ingest::site::Site;
use crate::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};
use crate::sim::dice::Dice;
use crate::sim::frames::{Bytes, control, frame};

/// When every history begins: 2025-03-01T08:00:00Z.
pub const START: Timestamp = Timestamp::from_micros(1_740_816_000_000_000);

/// A message on its way: when it becomes available, and what it says.
struct Message {
    available_at: Timestamp,
    resources: Vec<Value>,
}

/// The reference site.
pub fn site() -> Arc<Site> {
    let text = include_str!("../../deploy/site.yaml");
    Arc::new(Site::read(text).expect("the site file that ships is right"))
}

/// What is said of a ward, in the order in which it became available, with ticks between: frames of one
/// event each.
pub fn history(site: &Arc<Site>, seed: u64) -> Vec<Bytes> {
    let mut dice = Dice::of(seed);
    let is_acute = seed.is_multiple_of(2);
    let mut messages: Vec<Message> = Vec::new();
    for patient in ["P1", "P2"] {
        for resource in [person(&mut dice, patient, START), stay(&mut dice, patient, START)] {
            messages.push(Message { available_at: START, resources: vec![resource] });
        }
    }
    let n_messages = 8 + dice.below(16);
    for _ in 0..n_messages {
        let patient = *dice.pick(&["P1", "P1", "P2"]);
        let moment = match is_acute {
            true => START.plus(Span::from_minutes(5 * whole(dice.below(72)))),
            false => START.plus(Span::from_hours(12 * whole(dice.below(1_400)))),
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
    encoded(site, &messages)
}

/// The messages as ingest puts them into the log, with the ticks of a recorded clock.
fn encoded(site: &Arc<Site>, messages: &[Message]) -> Vec<Bytes> {
    let (mut decoder, mut ticks) = (Decoder::new(site.clone()), Ticks::default());
    let spec = SourceSpec {
        name: "test".to_owned(),
        format: Format::Fhir,
        namespace: "test".to_owned(),
        patient_from: PatientFrom::Subject,
        origin: Origin::Clinical,
        zone: Zone::UTC,
        schemas: None,
    };
    let mut events = Vec::new();
    for (offset, Message { available_at, resources }) in (0..).zip(messages) {
        for tick in ticks.before(*available_at) {
            events.push(frame([&control(Control::Tick { at: tick }, Some(tick))]));
        }
        let entry: Vec<Value> = resources.iter().map(|one| json!({ "resource": one })).collect();
        let bundle = json!({ "resourceType": "Bundle", "type": "collection", "entry": entry });
        let text = bundle.to_string();
        let record = SourceRecord {
            position: SourcePosition::new("test", 0, offset),
            key: None,
            headers: Vec::new(),
            payload: text.as_bytes(),
            timestamp: *available_at,
            raw_key: None,
        };
        let decoded = decoder.decode(&spec, &record, *available_at);
        assert_eq!(decoded.letter, None, "IN-1: what the simulator writes can be read: {text}");
        for event in decoded.events {
            events.push(frame([&Event { available_at: Some(*available_at), ..event }]));
        }
    }
    events
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).expect("rolls are below 2^31")
}

/// Says another thing of a resource than it said.
fn put(resource: &mut Value, name: &str, value: Value) {
    if let Some(fields) = resource.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

fn revised(resource: &mut Value, at: Timestamp) {
    put(resource, "meta", json!({ "lastUpdated": at.to_string() }));
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
        put(&mut person, "deceasedDateTime", json!(at.minus(Span::from_hours(1)).to_string()));
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
    let code = what.pointer("/code/coding/0/code").and_then(Value::as_str);
    let code = code.unwrap_or_default().to_owned();
    // Now and then two observations of one instant.
    let other = if dice.below(8) == 0 { "-b" } else { "" };
    let id = format!("{patient}-{code}-{}{other}", at.micros());
    let updated = at.plus(Span::from_minutes(whole(dice.below(3))));
    put(&mut what, "resourceType", json!("Observation"));
    put(&mut what, "id", json!(id));
    let status = *dice.pick(&["final", "final", "final", "preliminary"]);
    put(&mut what, "status", json!(status));
    put(&mut what, "subject", subject(patient));
    put(&mut what, "effectiveDateTime", json!(at.to_string()));
    link(dice, &mut what, &id);
    revised(&mut what, updated);
    what
}

/// Names the order or the specimen of a result, or both.
fn link(dice: &mut Dice, what: &mut Value, id: &str) {
    let which = dice.below(6);
    if which == 0 || which == 2 {
        let order = json!([{ "reference": format!("ServiceRequest/order-{id}") }]);
        put(what, "basedOn", order);
    }
    if which == 1 || which == 2 {
        let specimen = json!({ "identifier": { "value": format!("specimen-{id}") } });
        put(what, "specimen", specimen);
    }
}

/// The same results from other systems: under ids of their own, now and then as they rounded them, and some
/// name less of what links them.
fn told_again(dice: &mut Dice, resources: &[Value], at: Timestamp) -> Vec<Message> {
    let has = |one: &Value, name: &str| one.get(name).is_some_and(|part| !part.is_null());
    let is_linked = |one: &&Value| has(one, "basedOn") || has(one, "specimen");
    let mut told = Vec::new();
    for resource in resources.iter().filter(is_linked) {
        for system in ["chart", "engine"] {
            if dice.below(3) == 0 {
                continue;
            }
            let later = Span::from_minutes(whole(dice.below(5)));
            let mut copy = resource.clone();
            let id = resource.get("id").and_then(Value::as_str).unwrap_or_default();
            put(&mut copy, "id", json!(format!("{system}-{id}")));
            put(&mut copy, "meta", json!({ "lastUpdated": at.plus(later).to_string() }));
            let status = *dice.pick(&["final", "preliminary", "entered-in-error", "final"]);
            put(&mut copy, "status", json!(status));
            if has(&copy, "valueQuantity") && dice.below(2) == 0 {
                let value = *dice.pick(&[1.0, 21.0, 93.0, 111.0]);
                if let Some(quantity) = copy.get_mut("valueQuantity") {
                    put(quantity, "value", json!(value));
                }
            }
            if has(&copy, "basedOn") && has(&copy, "specimen") {
                let left_out = *dice.pick(&["basedOn", "specimen", "note"]);
                put(&mut copy, left_out, Value::Null);
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
        all.swap_remove(dice.index(7));
        all.truncate(1 + dice.index(6));
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
            let status = if which == 2 { "revoked" } else { "active" };
            put(&mut state, "status", json!(status));
            put(&mut state, "intent", json!("order"));
            let period = json!({ "start": at.to_string(), "end": end.to_string() });
            put(&mut state, "occurrencePeriod", period);
        }
        ("Flag", 0) => {
            put(&mut state, "status", json!("active"));
            put(&mut state, "period", json!({ "start": at.to_string() }));
        }
        ("Flag", _) => {
            put(&mut state, "status", json!("inactive"));
            let period = json!({ "start": at.to_string(), "end": end.to_string() });
            put(&mut state, "period", period);
        }
        ("Condition", which) => {
            put(&mut state, "onsetDateTime", json!(at.to_string()));
            if which == 0 {
                put(&mut state, "abatementDateTime", json!(end.to_string()));
            }
        }
        _ => {
            put(&mut state, "status", json!("completed"));
            put(&mut state, "performedDateTime", json!(at.to_string()));
        }
    }
    state
}

/// Another version of something said before: the same again, corrected, taken back, only dated anew, or
/// told apart by nothing but what it says.
fn again(dice: &mut Dice, messages: &[Message], now: Timestamp) -> Vec<Value> {
    let earlier: Vec<&Message> = messages.iter().filter(|one| one.available_at <= now).collect();
    let message = *dice.pick(&earlier);
    let mut resource = dice.pick(&message.resources).clone();
    let is_observation = resource.get("resourceType") == Some(&json!("Observation"));
    match dice.below(6) {
        0 => return vec![resource],
        1 if is_observation => put(&mut resource, "status", json!("entered-in-error")),
        2 if is_observation => {
            put(&mut resource, "status", json!("corrected"));
            measured_anew(dice, &mut resource);
        }
        // The same content under another date: identical content keeps its earliest.
        3 => {
            let earlier = now.minus(Span::from_hours(*dice.pick(&[0, 6, 3_000])));
            revised(&mut resource, earlier);
            return vec![resource];
        }
        // Senders that number no versions and date none: the content alone decides.
        4 if is_observation => {
            measured_anew(dice, &mut resource);
            return vec![resource];
        }
        _ => {}
    }
    revised(&mut resource, now);
    vec![resource]
}

fn measured_anew(dice: &mut Dice, resource: &mut Value) {
    let value = *dice.pick(&[1.0, 16.0, 70.0, 97.0, 120.0]);
    if let Some(measured) = resource.get_mut("valueQuantity") {
        put(measured, "value", json!(value));
    }
}
