//! What is bad in a part of a record: it is refused alone, and the rest is read.

use serde_json::{Value, json};

use twinstream::domain::refusal::{Refusal, Unusable};
use twinstream::ingest::source::Format;

use crate::bad_input::{assert_refused, good, now, with};
use crate::support::{Ward, source};

#[test]
fn a_bad_entry_is_refused_alone() {
    let mut entries = vec![json!({ "resource": good() })];
    for (name, value) in
        [("subject", json!(null)), ("effectiveDateTime", json!("2024")), ("status", json!("done"))]
    {
        let bad: Value = serde_json::from_slice(&with(json!({ name: value }))).unwrap();
        entries.push(json!({ "resource": bad }));
    }
    entries.push(json!({ "resource": { "resourceType": "Claim" } }));
    entries.push(json!(7));
    let bundle = json!({ "resourceType": "Bundle", "type": "collection", "entry": entries });
    let mut ward = Ward::open();
    let (letter, _) = ward.receive(&source(Format::Fhir), bundle.to_string().as_bytes(), now());
    let found: Vec<_> =
        letter.unwrap().problems.iter().map(|p| (p.pointer.clone(), p.reason)).collect();
    let place = |index: u32, reason| (format!("/entry/{index}"), reason);
    // Entries that are no JSON objects are found first, when the names inside the Bundle are collected.
    let mut expected = vec![
        place(1, Refusal::NoPatient),
        place(2, Refusal::BadTime),
        place(3, Refusal::Undecodable),
        place(5, Refusal::Undecodable),
    ];
    expected.sort();
    let mut sorted = found;
    sorted.sort();
    assert_eq!(sorted, expected);
    let counts = ward.decoder.tally().resources();
    assert_eq!((counts.read, counts.facts, counts.not_used, counts.dead_letters), (6, 1, 1, 4));
    assert_eq!(ward.n_samples("P1"), 1);
}

#[test]
fn a_bad_component_is_refused_alone() {
    let coded = |code: &str| json!({ "coding": [{ "system": "http://loinc.org", "code": code }] });
    let payload = with(json!({
        "valueQuantity": null,
        "code": coded("85354-9"),
        "component": [
            { "code": coded("8480-6"), "valueQuantity": { "value": 120, "unit": "mmHg" } },
            { "valueQuantity": { "value": 80, "unit": "mmHg" } },
            { "code": coded("8462-4"), "valueQuantity": { "value": 80, "unit": "C" } },
        ],
    }));
    let mut ward = Ward::open();
    let (letter, _) = ward.receive(&source(Format::Fhir), &payload, now());
    let problems = letter.unwrap().problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(
        (problems[0].pointer.as_str(), problems[0].reason),
        ("/component/1", Refusal::Undecodable)
    );
    assert_eq!(ward.newest("P1", "systolic_blood_pressure").unwrap().value, 120);
    assert_eq!(
        ward.newest("P1", "diastolic_blood_pressure").unwrap().unusable,
        Some(Unusable::UnitDimension)
    );
    let parts = ward.decoder.tally().refused_parts;
    assert_eq!(parts.get(&Refusal::Undecodable), Some(&1));
}

#[test]
fn samples_are_neither_cut_off_nor_of_the_future() {
    // One value an hour from the start: the third would be of a time to come.
    let series = |data: String, period_ms: i64| {
        with(json!({
            "valueQuantity": null, "effectiveDateTime": "2026-11-08T10:30:00Z",
            "valueSampledData": {
                "origin": { "value": 0, "unit": "/min" }, "period": period_ms, "dimensions": 1, "data": data,
            },
        }))
    };
    let hour = 3_600_000;
    let mut ward = Ward::open();
    let (letter, _) = ward.receive(&source(Format::Fhir), &series("70 71".to_owned(), hour), now());
    assert_eq!(letter, None);
    assert_eq!(ward.n_samples("P1"), 2);
    let payload = series("70 71 72".to_owned(), hour);
    assert_refused("the future", &source(Format::Fhir), &payload, Refusal::FutureTime, "");
    let payload = series(vec!["70"; 100_001].join(" "), 10);
    assert_refused("too many", &source(Format::Fhir), &payload, Refusal::TooLarge, "");
}
