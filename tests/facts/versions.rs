//! Which version counts, and what is deleted.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::facts::{
    Format, NAMESPACE, NOW, PatientFrom, SourceRecord, SourceSpec, after, ask, counting,
    creatinine, orders, result,
};
use crate::support::{Ward, at, record, site, source};
use twinstream::domain::event::{EventBody, Status};
use twinstream::ingest::decoder::Decoder;

/// A version of one creatinine: all were updated in the same minute, as far as their source says.
fn version(id: &str, value: f64) -> Value {
    let mut one = creatinine("c", value, 0, json!({}));
    if !id.is_empty() {
        one["meta"]["versionId"] = json!(id);
    }
    one
}

#[test]
fn ten_comes_after_nine_and_what_is_no_integer_has_no_order() {
    let cases: [(&[(&str, f64)], &str); 5] = [
        (&[("9", 1.0), ("10", 2.0)], "2.0"),
        (&[("9", 2.0), ("10", 1.0)], "1.0"),
        (&[("8", 1.0), ("9", 2.0), ("10", 3.0)], "3.0"),
        // A version with a number comes after one without.
        (&[("", 2.0), ("1", 1.0)], "1.0"),
        (&[("W/\"9\"", 2.0), ("10", 1.0)], "1.0"),
    ];
    for (versions, expected) in cases {
        let versions: Vec<Value> = versions.iter().map(|(id, value)| version(id, *value)).collect();
        for order in orders(&versions) {
            let found = counting(&mut after(&order));
            assert_eq!(found, [format!("Observation/c {expected}")], "{order:?}");
        }
    }
    // Of opaque ids one counts, the same whatever came first.
    for ids in [["a3f", "b17"], ["1.2", "1.10"], ["", ""], ["9", "123456789012345678901234567890"]]
    {
        let versions = [version(ids[0], 1.0), version(ids[1], 2.0)];
        let found: Vec<_> =
            orders(&versions).iter().map(|order| counting(&mut after(order))).collect();
        assert_eq!(found[0], found[1], "{ids:?}");
    }
}

#[test]
fn a_later_date_beats_any_number() {
    let mut later = creatinine("c", 2.0, 5, json!({}));
    later["meta"]["versionId"] = json!("1");
    for order in orders(&[version("10", 1.0), later]) {
        assert_eq!(counting(&mut after(&order)), ["Observation/c 2.0"]);
    }
}

#[test]
fn the_same_delivered_twice_is_one_fact() {
    let one = creatinine("c", 1.0, 0, json!({}));
    let mut ward = after(&[one.clone(), one.clone(), one]);
    assert_eq!(counting(&mut ward).len(), 1);
}

#[test]
fn a_preliminary_result_is_kept_and_marked() {
    let mut one = creatinine("c", 1.0, 0, json!({}));
    one["status"] = json!("preliminary");
    let mut ward = after(&[one]);
    assert_eq!(ask(&mut ward, "SELECT status FROM observations")[0]["status"], "preliminary");
    assert!(ward.newest("P1", "creatinine").unwrap().is_preliminary);
}

fn history(entries: Value) -> Value {
    json!({ "resourceType": "Bundle", "type": "history", "entry": entries })
}

/// Every way in which a server says that a resource is gone.
#[test]
fn a_deletion_takes_back_what_was_said() {
    let one = creatinine("c", 1.0, 0, json!({}));
    let modified = "2026-11-08T11:30:00Z";
    let deleted = |url: &str| json!({ "request": { "method": "DELETE", "url": url }, "response": { "lastModified": modified } });
    let mut with_resource = deleted("Observation/c");
    with_resource["resource"] = one.clone();
    let mut by_full_url = deleted("");
    by_full_url["request"] = json!({ "method": "DELETE" });
    by_full_url["fullUrl"] = json!("https://host/fhir/Observation/c");
    let entries = [
        deleted("Observation/c"),
        deleted("https://host/fhir/Observation/c"),
        deleted("Observation/c/_history/2"),
        deleted("Patient/P1/Observation/c"),
        with_resource,
        by_full_url,
    ];
    for entry in entries {
        let bundle = history(json!([entry, { "resource": one }]));
        assert_eq!(counting(&mut after(std::slice::from_ref(&bundle))).len(), 0, "{bundle}");
        for order in orders(&[one.clone(), bundle]) {
            assert_eq!(counting(&mut after(&order)).len(), 0, "{order:?}");
        }
    }
    // The number of the version decides where the date does not.
    for (etag, expected) in [("W/\"11\"", 0), ("W/\"9\"", 1)] {
        let mut entry = deleted("Observation/c");
        entry["response"] = json!({ "lastModified": "2026-11-08T11:00:00Z", "etag": etag });
        let bundle = history(json!([entry, { "resource": version("10", 1.0) }]));
        assert_eq!(counting(&mut after(&[bundle])).len(), expected, "{etag}");
    }
}

#[test]
fn a_deletion_of_whom_nobody_says_is_a_dead_letter() {
    let entry = json!([{ "request": { "method": "DELETE", "url": "Observation/c" } }]);
    let text = history(entry).to_string();
    let mut ward = Ward::open();
    let (letter, _) = ward.receive(&source(Format::Fhir), text.as_bytes(), at(NOW));
    let message = &letter.unwrap().problems[0].message;
    assert!(message.contains("whose the resource was"), "{message}");
}

/// A record without a value, as a compacted topic has it: the key names the resource.
#[test]
fn a_tombstone_takes_back_the_resource_its_key_names() {
    let by_header = SourceSpec {
        patient_from: PatientFrom::Header("patient".to_owned()),
        ..source(Format::Fhir)
    };
    let header = vec![(Cow::Borrowed("patient"), Cow::Borrowed("P1"))];
    let cases = [
        (source(Format::Fhir), "Patient/P1/Observation/c", Vec::new(), Some("P1")),
        (by_header, "Observation/c", header, Some("P1")),
        (source(Format::Fhir), "Patient/P1", Vec::new(), Some("P1")),
        (source(Format::Fhir), "Location/c", Vec::new(), None),
    ];
    for (spec, key, headers, patient) in cases {
        let record = SourceRecord { key: Some(key), headers, ..record(b"", 0, at(NOW)) };
        let mut decoder = Decoder::new(site());
        let decoded = decoder.decode(&spec, &record, at(NOW));
        assert_eq!(decoded.letter, None, "{key}");
        let resources = match (&decoded.events[0].body, patient) {
            (EventBody::Patient { twin, resources }, Some(patient)) => {
                assert_eq!((twin.namespace.as_ref(), twin.patient.as_ref()), (NAMESPACE, patient));
                resources
            }
            (EventBody::Directory { resources, .. }, None) => resources,
            (body, _) => panic!("{key}: {body:?}"),
        };
        assert_eq!(resources[0].version.status, Status::Deleted, "{key}");
        assert_eq!(resources[0].version.revised_at, at(NOW), "{key}");
    }
    for key in [None, Some("P1"), Some("Observation/c")] {
        let record = SourceRecord { key, ..record(b"", 0, at(NOW)) };
        let spec = source(Format::Fhir);
        assert!(Decoder::new(site()).decode(&spec, &record, at(NOW)).letter.is_some(), "{key:?}");
    }
}

/// Equal content under another date is another version where the source dates its versions.
#[test]
fn what_is_said_again_after_a_correction_counts_again() {
    let versions = [
        creatinine("o", 1.1, 1, json!({})),
        creatinine("o", 1.9, 2, json!({ "status": "amended" })),
        creatinine("o", 1.1, 3, json!({})),
    ];
    for order in orders(&versions) {
        assert_eq!(counting(&mut after(&order)), ["Observation/o 1.1"], "{order:?}");
    }
    // Undated, the first one delivered again is old news, whenever that is.
    let undated = |value: f64, status: &str| {
        let fields =
            json!({ "valueQuantity": { "value": value, "unit": "mg/dL" }, "status": status });
        result("o", "2160-0", fields)
    };
    let versions = [undated(1.1, "final"), undated(1.9, "amended"), undated(1.1, "final")];
    assert_eq!(counting(&mut after(&versions)), ["Observation/o 1.9"]);
}
