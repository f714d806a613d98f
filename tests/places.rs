//! Where a patient lies, when the stay says it by a reference: found by the directory of places, whichever
//! of both came first, and as it is named now.

use serde_json::{Value, json};

use twinstream::ingest::source::Format;
use twinstream::sql::format;
use twinstream::sql::query::{QueryLimits, run};
use twinstream::sql::session::Session;

use crate::support::{Ward, at, source};

const NOW: &str = "2026-11-08T12:00:00Z";

fn location(id: &str, name: &str, kind: &str, part_of: &str) -> Value {
    let mut location = json!({ "resourceType": "Location", "id": id, "name": name,
        "status": "active", "meta": { "lastUpdated": "2026-11-01T00:00:00Z" } });
    if !kind.is_empty() {
        location["physicalType"] = json!({ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": kind }] });
    }
    if !part_of.is_empty() {
        location["partOf"] = json!({ "reference": format!("Location/{part_of}") });
    }
    location
}

fn stay(place: &str) -> Value {
    json!({ "resourceType": "Encounter", "id": "e1", "status": "in-progress",
        "subject": { "reference": "Patient/P1" }, "class": { "code": "IMP" },
        "period": { "start": "2026-11-08T08:00:00Z" },
        "location": [{ "location": { "reference": format!("Location/{place}") } }] })
}

/// The ward of the only patient, as SQL gives it.
fn ward_after(resources: &[Value]) -> String {
    let mut ward = Ward::open();
    for resource in resources {
        let text = resource.to_string();
        let (letter, _) = ward.receive(&source(Format::Fhir), text.as_bytes(), at(NOW));
        assert_eq!(letter, None, "{text}");
    }
    let shards = std::sync::Arc::new(vec![ward.shard.snapshot()]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let sql = "SELECT coalesce(p.ward, '') AS ward, coalesce(e.ward, '') AS stay FROM patients p \
               JOIN encounters e ON e.patient = p.patient";
    let (mut session, limits) = (Session::default(), QueryLimits::default());
    let answer = runtime.block_on(run(shards, sql, &mut session, limits)).unwrap();
    let rows: Value = serde_json::from_str(&format::json(&answer).unwrap()).unwrap();
    assert_eq!(rows[0]["ward"], rows[0]["stay"], "{rows}");
    rows[0]["ward"].as_str().unwrap().to_owned()
}

#[test]
fn a_bed_is_in_the_ward_that_its_room_is_in() {
    let ward = location("w", "5 West", "wa", "site");
    let room = location("r", "Room 12", "ro", "w");
    let bed = location("b", "Bed 12-2", "bd", "r");
    let site = location("site", "General Hospital", "si", "");
    let all = [ward, room, bed, site, stay("b")];
    assert_eq!(ward_after(&all), "5 West");
    let backwards: Vec<Value> = all.iter().rev().cloned().collect();
    assert_eq!(ward_after(&backwards), "5 West", "the directory may come after the stay");
}

#[test]
fn a_place_without_a_kind_is_named_itself_and_a_lone_bed_is_no_ward() {
    assert_eq!(ward_after(&[location("w", "Stroke unit", "", ""), stay("w")]), "Stroke unit");
    assert_eq!(ward_after(&[location("b", "Bed 7", "bd", ""), stay("b")]), "");
    assert_eq!(ward_after(&[stay("unknown")]), "");
}

#[test]
fn a_ward_is_called_as_it_is_called_now_and_a_circle_of_places_ends() {
    let mut renamed = location("w", "6 East", "wa", "");
    renamed["meta"]["lastUpdated"] = json!("2026-11-02T00:00:00Z");
    assert_eq!(
        ward_after(&[renamed.clone(), location("w", "5 West", "wa", ""), stay("w")]),
        "6 East"
    );
    let circle = [location("a", "A", "ro", "b"), location("b", "B", "ro", "a"), stay("a")];
    assert_eq!(ward_after(&circle), "");
    let mut void = renamed;
    void["meta"]["lastUpdated"] = json!("2026-11-03T00:00:00Z");
    void["status"] = json!("entered-in-error");
    assert_eq!(ward_after(&[location("w", "5 West", "wa", ""), void, stay("w")]), "");
}
