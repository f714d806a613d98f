//! One result from two systems.

use serde_json::{Value, json};

use crate::facts::{NOW, after, ask, counting, creatinine, orders, receive, result};
use crate::support::{Ward, at, source};
use twinstream::ingest::source::Format;

fn specimen() -> Value {
    json!({ "specimen": { "reference": "Specimen/s1" } })
}

#[test]
fn one_result_through_two_sources_counts_once() {
    let order = json!({ "basedOn": [{ "reference": "ServiceRequest/r1" }] });
    let filler = json!({ "basedOn": [{ "identifier": { "system": "urn:lab", "value": "F-17" } }] });
    let both = json!({
        "basedOn": [{ "reference": "https://lab/fhir/ServiceRequest/r1/_history/2" }],
        "specimen": { "reference": "Specimen/s1", "identifier": { "value": "ACC-1" } },
    });
    let contained = json!({
        "contained": [{ "resourceType": "Specimen", "id": "x", "accessionIdentifier": { "value": "ACC-1" } }],
        "specimen": { "reference": "#x" },
    });
    let cases = [
        (specimen(), specimen()),
        (order.clone(), order.clone()),
        (filler.clone(), filler.clone()),
        (both.clone(), order),
        (both.clone(), specimen()),
        (both, contained),
    ];
    for (one, other) in cases {
        // The record system rounds what the laboratory measured.
        let (lab, chart) = (creatinine("lab", 1.23, 1, one), creatinine("chart", 1.2, 2, other));
        for order in orders(&[lab.clone(), chart.clone(), lab, chart]) {
            assert_eq!(counting(&mut after(&order)), ["Observation/chart 1.2"], "{order:?}");
        }
    }
}

#[test]
fn what_differs_in_anything_that_links_is_two_results() {
    let one = creatinine("a", 1.0, 1, specimen());
    let other = |id: &str, field: &str, value: Value| {
        let mut other = creatinine(id, 2.0, 2, specimen());
        other[field] = value;
        other
    };
    let cases = [
        other("b", "specimen", json!({ "reference": "Specimen/s2" })),
        other("b", "specimen", json!(null)),
        other("b", "basedOn", json!([{ "reference": "Specimen/s1" }])),
        other("b", "effectiveDateTime", json!("2026-11-08T10:01:00Z")),
        other(
            "b",
            "code",
            json!({ "coding": [{ "system": "http://loinc.org", "code": "2345-7" }] }),
        ),
        other("b", "subject", json!({ "reference": "Patient/P2" })),
    ];
    for case in cases {
        let mut case = case;
        if case["basedOn"].is_array() {
            case["specimen"] = json!(null);
        }
        let mut ward = after(&[one.clone(), case.clone()]);
        assert_eq!(counting(&mut ward).len(), 2, "{case}");
    }
}

/// Two devices that measure the same at the same time for the same order are two measurements (SPEC SR-06).
#[test]
fn devices_of_one_order_stay_apart() {
    let device = |id: &str| {
        let order = json!([{ "reference": "ServiceRequest/r1" }]);
        creatinine(
            id,
            1.0,
            1,
            json!({ "basedOn": order, "device": { "reference": format!("Device/{id}") } }),
        )
    };
    assert_eq!(counting(&mut after(&[device("a"), device("b")])).len(), 2);
}

/// A day does not tell two results of an order apart; a specimen does.
#[test]
fn an_order_of_a_day_may_have_several_results() {
    let day = |id: &str, link: Value| {
        let mut one = creatinine(id, 1.0, 1, link);
        one["effectiveDateTime"] = json!("2026-11-07");
        one
    };
    let order = json!({ "basedOn": [{ "reference": "ServiceRequest/r1" }] });
    assert_eq!(counting(&mut after(&[day("a", order.clone()), day("b", order)])).len(), 2);
    assert_eq!(counting(&mut after(&[day("a", specimen()), day("b", specimen())])).len(), 1);
}

#[test]
fn what_is_taken_back_makes_way_for_the_other() {
    let lab = creatinine("lab", 1.2, 1, specimen());
    let chart = creatinine("chart", 9.9, 2, specimen());
    let mut wrong = creatinine("chart", 9.9, 3, specimen());
    for status in ["entered-in-error", "cancelled"] {
        wrong["status"] = json!(status);
        for order in orders(&[lab.clone(), chart.clone(), wrong.clone()]) {
            assert_eq!(counting(&mut after(&order)), ["Observation/lab 1.2"], "{status}");
        }
    }
    // And is told again.
    let again = creatinine("chart", 1.3, 4, specimen());
    for order in orders(&[lab, chart, wrong, again]) {
        assert_eq!(counting(&mut after(&order)), ["Observation/chart 1.3"]);
    }
}

#[test]
fn a_third_that_knows_both_links_the_others() {
    let by_order = json!({ "basedOn": [{ "reference": "ServiceRequest/r1" }] });
    let mut both = specimen();
    both["basedOn"] = by_order["basedOn"].clone();
    let told = [
        creatinine("lab", 1.1, 3, specimen()),
        creatinine("engine", 1.2, 1, both.clone()),
        creatinine("chart", 1.3, 2, by_order),
    ];
    for order in orders(&told) {
        assert_eq!(counting(&mut after(&order)), ["Observation/lab 1.1"]);
    }
    // Without it nobody knows that they are one.
    let mut wrong = creatinine("engine", 1.2, 4, both);
    wrong["status"] = json!("entered-in-error");
    for order in orders(&[told.as_slice(), &[wrong]].concat()) {
        assert_eq!(counting(&mut after(&order)), ["Observation/lab 1.1", "Observation/chart 1.3"]);
    }
}

/// The components of a panel are linked each, with those of another panel or with results of their own.
#[test]
fn components_are_linked_each() {
    let coded = |code: &str, value: u32| {
        json!({ "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
            "valueQuantity": { "value": value, "code": "mm[Hg]" } })
    };
    let mut panel = result("panel", "85354-9", specimen());
    panel["component"] = json!([coded("8480-6", 120), coded("8462-4", 80), coded("8480-6", 118)]);
    panel["issued"] = json!("2026-11-08T10:05:00Z");
    let mut alone = result("alone", "8462-4", specimen());
    alone["valueQuantity"] = json!({ "value": 81, "code": "mm[Hg]" });
    alone["issued"] = json!("2026-11-08T10:06:00Z");
    for order in orders(&[panel, alone]) {
        let expected =
            ["Observation/alone 81.0", "Observation/panel 118.0", "Observation/panel 120.0"];
        assert_eq!(counting(&mut after(&order)), expected);
    }
}

/// A code without a signal feeds no rule, and counts once all the same.
#[test]
fn results_without_a_signal_are_linked_by_their_codes() {
    let one = |id: &str, value: &str| {
        let mut one = result(id, "72166-2", specimen());
        one["valueString"] = json!(value);
        one["issued"] = json!(format!("2026-11-08T10:0{}:00Z", value.len()));
        one
    };
    for order in orders(&[one("lab", "positive"), one("chart", "pos")]) {
        assert_eq!(counting(&mut after(&order)), ["Observation/lab \"positive\""]);
    }
}

/// A record that is cut by its layout is linked like one that is parsed, and where its rows lie is no matter.
#[test]
fn linked_results_are_found_in_sealed_segments() {
    let mut ward = Ward::open();
    for number in 0..40 {
        let link = json!({ "specimen": { "reference": format!("Specimen/{}", number / 2) } });
        let mut one = creatinine(&format!("o{number}"), 1.0, number, link);
        one["effectiveDateTime"] = json!(format!("2026-11-08T09:{:02}:00Z", number / 2));
        receive(&mut ward, &source(Format::Fhir), &one);
        ward.shard.seal_now();
    }
    let rows = ask(&mut ward, "SELECT resource FROM observations ORDER BY effective_at");
    assert_eq!(rows.len(), 20);
    assert_eq!(
        (&rows[0]["resource"], &rows[19]["resource"]),
        (&json!("Observation/o1"), &json!("Observation/o39"))
    );
    let newest = ward.newest("P1", "creatinine").unwrap();
    assert_eq!(newest.at, at("2026-11-08T09:19:00Z"));
    assert!(newest.at < at(NOW));
}
