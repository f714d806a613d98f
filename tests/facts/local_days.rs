//! The day of a result where it was measured.

use serde_json::{Value, json};

use crate::facts::{Format, SourceSpec, Zone, ask, receive, result};
use crate::support::{Ward, source};

const COLUMNS: &str =
    "local_day, utc_offset_minutes, tz_source, effective_from, effective_at, counts_at";

fn patient(zone: &str) -> Value {
    json!({ "resourceType": "Patient", "id": "P1", "extension": [
        { "url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": zone } ] })
}

fn heart_rate(fields: Value) -> Value {
    let mut one = result("hr", "8867-4", fields);
    one["valueQuantity"] = json!({ "value": 70, "unit": "/min" });
    one
}

/// A source in Berlin.
fn berlin() -> SourceSpec {
    SourceSpec { zone: Zone::named("Europe/Berlin").unwrap(), ..source(Format::Fhir) }
}

/// What SQL says of the only observation after a source in Berlin sent these.
fn day_after(resources: &[Value]) -> Value {
    let mut ward = Ward::open();
    resources.iter().for_each(|one| receive(&mut ward, &berlin(), one));
    ask(&mut ward, &format!("SELECT {COLUMNS} FROM observations")).remove(0)
}

#[test]
fn a_day_is_that_of_the_sample_else_of_the_patient_else_of_the_source() {
    let tokyo = patient("Asia/Tokyo");
    let cases = [
        // Before midnight in New York, whatever day it is elsewhere.
        ("2026-11-07T23:30:00-05:00", "2026-11-07", -300, "sample", "2026-11-07", -300, "sample"),
        ("2026-11-07T23:30:00+00:00", "2026-11-07", 0, "sample", "2026-11-07", 0, "sample"),
        // An instant in UTC names no local time.
        ("2026-11-07T23:30:00Z", "2026-11-08", 60, "source", "2026-11-08", 540, "patient"),
        ("2026-11-07T14:30:00Z", "2026-11-07", 60, "source", "2026-11-07", 540, "patient"),
        ("2026-07-01T22:30:00Z", "2026-07-02", 120, "source", "2026-07-02", 540, "patient"),
        // A day is that day.
        ("2026-11-07", "2026-11-07", 60, "source", "2026-11-07", 540, "patient"),
    ];
    for (text, day, offset, said_by, day_there, offset_there, said_there) in cases {
        let rate = heart_rate(json!({ "effectiveDateTime": text }));
        let said = |row: &Value| {
            (row["local_day"].clone(), row["utc_offset_minutes"].clone(), row["tz_source"].clone())
        };
        let expected = (json!(day), json!(offset), json!(said_by));
        assert_eq!(said(&day_after(std::slice::from_ref(&rate))), expected, "{text}");
        let expected = (json!(day_there), json!(offset_there), json!(said_there));
        for order in [[tokyo.clone(), rate.clone()], [rate.clone(), tokyo.clone()]] {
            assert_eq!(said(&day_after(&order)), expected, "{text}");
        }
        // A zone that does not exist says nothing.
        let expected = (json!(day), json!(offset), json!(said_by));
        assert_eq!(said(&day_after(&[patient("Mars/Olympus"), rate])), expected, "{text}");
    }
}

#[test]
fn a_date_is_an_interval_of_its_zone() {
    let times = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap_or("null").to_owned();
        [text("effective_from"), text("effective_at"), text("counts_at")]
    };
    // The day on which the clocks of Berlin went back has 25 hours.
    let rate = heart_rate(json!({ "effectiveDateTime": "2026-10-25" }));
    let expected = ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-10-25T22:59:59.999999Z"];
    assert_eq!(times(&day_after(std::slice::from_ref(&rate))), expected);
    // In Tokyo it was another interval; what rules take it for stays what the source said.
    let expected = ["2026-10-24T15:00:00Z", "2026-10-25T15:00:00Z", "2026-10-25T22:59:59.999999Z"];
    assert_eq!(times(&day_after(&[rate, patient("Asia/Tokyo")])), expected);
    // Recorded on its day, it counts from then on.
    let recorded = heart_rate(json!({
        "effectiveDateTime": "2026-11-08", "issued": "2026-11-08T09:00:00+01:00" }));
    let expected = ["2026-11-07T23:00:00Z", "2026-11-08T23:00:00Z", "2026-11-08T08:00:00Z"];
    assert_eq!(times(&day_after(&[recorded])), expected);
    // An instant is one.
    let instant = heart_rate(json!({}));
    let expected = ["null", "2026-11-08T10:00:00Z", "2026-11-08T10:00:00Z"];
    assert_eq!(times(&day_after(&[instant])), expected);
}

/// The hour that comes twice is told apart by its offset; without one it is refused, never guessed.
#[test]
fn the_hour_that_comes_twice_is_two_hours() {
    let at = |text: &str| heart_rate(json!({ "effectiveDateTime": text }));
    let first = day_after(&[at("2026-10-25T02:30:00+02:00")]);
    let second = day_after(&[at("2026-10-25T02:30:00+01:00")]);
    assert_eq!(
        (&first["effective_at"], &second["effective_at"]),
        (&json!("2026-10-25T00:30:00Z"), &json!("2026-10-25T01:30:00Z"))
    );
    assert_eq!(
        (&first["utc_offset_minutes"], &second["utc_offset_minutes"]),
        (&json!(120), &json!(60))
    );
    let mut ward = Ward::open();
    let text = at("2026-10-25T02:30:00").to_string();
    let now = crate::support::at("2026-10-26T00:00:00Z");
    let (letter, _) = ward.receive(&berlin(), text.as_bytes(), now);
    assert!(letter.unwrap().problems[0].message.contains("without an offset"));
}

/// A period is of the day on which it ended: a night of the day of waking, a day that ends at midnight of itself.
#[test]
fn a_period_is_of_its_last_day() {
    let period = |start: &str, end: &str| {
        let mut one = result(
            "steps",
            "55423-8",
            json!({ "effectivePeriod": { "start": start, "end": end } }),
        );
        one["effectiveDateTime"] = json!(null);
        one["valueQuantity"] = json!({ "value": 70, "unit": "{steps}" });
        one
    };
    let cases = [
        ("2026-11-06T22:00:00+01:00", "2026-11-07T06:00:00+01:00", "2026-11-07"),
        ("2026-11-06T00:00:00+01:00", "2026-11-07T00:00:00+01:00", "2026-11-06"),
    ];
    for (start, end, day) in cases {
        assert_eq!(day_after(&[period(start, end)])["local_day"], day, "{end}");
    }
}
