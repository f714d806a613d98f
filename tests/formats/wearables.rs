//! Open mHealth and IEEE 1752.1: both header dialects, points, series and lists.

use serde_json::{Value, json};

use twinstream::domain::fact::{Body, Origin, Statistic};
use twinstream::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};

use crate::formats::{decode, now, patients};
use crate::support::{facts, record, samples, source};

/// The header of Open mHealth: `creation_date_time`, the user, the provenance.
fn omh(schema: &str, body: Value) -> Value {
    json!({
        "header": {
            "id": "1", "schema_id": { "namespace": "omh", "name": schema, "version": "2.0" },
            "creation_date_time": "2026-11-08T11:00:00Z", "user_id": "P1",
            "acquisition_provenance": { "source_name": "watch", "modality": "sensed" },
        },
        "body": body,
    })
}

/// The header of IEEE 1752.1: `uuid`, `source_creation_date_time`, the modality beside it.
fn ieee(schema: &str, body: Value) -> Value {
    json!({
        "header": {
            "uuid": "7b5c…", "schema_id": { "namespace": "ieee", "name": schema, "version": "1.0" },
            "source_creation_date_time": "2026-11-08T11:00:00+01:00", "modality": "self-reported",
        },
        "body": body,
    })
}

fn at_once() -> Value {
    json!({ "date_time": "2026-11-08T10:00:00Z" })
}

fn wearable() -> SourceSpec {
    SourceSpec { origin: Origin::ConsumerDevice, ..source(Format::OpenMhealth) }
}

/// A body of each schema, without its time, and the samples it holds.
fn measures() -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let value = |value: f64, unit: &str| json!({ "value": value, "unit": unit });
    vec![
        (
            "heart-rate",
            json!({ "heart_rate": value(72.0, "beats/min") }),
            vec!["heart_rate 72 /min"],
        ),
        (
            "respiratory-rate",
            json!({ "respiratory_rate": value(16.0, "breaths/min") }),
            vec!["respiratory_rate 16 /min"],
        ),
        ("oxygen-saturation", json!({ "oxygen_saturation": value(97.0, "%") }), vec!["spo2 97 %"]),
        ("step-count", json!({ "step_count": value(512.0, "steps") }), vec!["steps 512 {steps}"]),
        (
            "sleep-duration",
            json!({ "sleep_duration": value(450.0, "min") }),
            vec!["sleep_duration 7.50 h"],
        ),
        (
            "blood-glucose",
            json!({ "blood_glucose": value(5.5, "mmol/L") }),
            vec!["glucose_capillary 99.1 mg/dL"],
        ),
        (
            "blood-glucose",
            json!({ "blood_glucose": value(99.0, "mg/dL"), "specimen_source": "interstitial fluid" }),
            vec!["glucose_interstitial 99.0 mg/dL"],
        ),
        ("body-weight", json!({ "body_weight": value(150.0, "lb") }), vec!["body_weight 68.04 kg"]),
        // Here the schema says that C and F are degrees.
        (
            "body-temperature",
            json!({ "body_temperature": value(98.6, "F") }),
            vec!["temperature 37.0 Cel"],
        ),
        (
            "body-temperature",
            json!({ "body_temperature": value(37.0, "C") }),
            vec!["temperature 37.0 Cel"],
        ),
        (
            "body-temperature",
            json!({ "body_temperature": value(34.0, "C"), "measurement_location": "wrist" }),
            vec!["temperature_skin 34.0 Cel"],
        ),
        (
            "blood-pressure",
            json!({ "systolic_blood_pressure": value(120.0, "mmHg"), "diastolic_blood_pressure": value(80.0, "mmHg") }),
            vec!["systolic_blood_pressure 120 mm[Hg]", "diastolic_blood_pressure 80 mm[Hg]"],
        ),
    ]
}

#[test]
fn every_listed_measure_is_read() {
    let hour = json!({ "time_interval": { "start_date_time": "2026-11-08T09:00:00Z", "duration": { "value": 1, "unit": "h" } } });
    let frame = |mut body: Value, frame: &Value| {
        body["effective_time_frame"] = frame.clone();
        body
    };
    for (schema, body, expected) in measures() {
        let is_sum = schema == "step-count" || schema == "sleep-duration";
        let body = frame(body, &if is_sum { hour.clone() } else { at_once() });
        for point in [omh(schema, body.clone()), ieee(schema, body)] {
            let text = point.to_string();
            let record = SourceRecord { key: Some("P1"), ..record(text.as_bytes(), 0, now()) };
            let spec = SourceSpec { patient_from: PatientFrom::Key, ..wearable() };
            decode(&spec, &record, |decoded, _| {
                assert_eq!(samples(decoded), expected, "{text}");
                assert_eq!(patients(decoded), ["test/P1"]);
                let is_self_reported = text.contains("self-reported");
                let origin =
                    if is_self_reported { Origin::SelfReported } else { Origin::ConsumerDevice };
                let Body::Sample(sample) = &facts(decoded)[0].body else { panic!("a sample") };
                let statistic = if is_sum { Statistic::Sum } else { Statistic::Point };
                assert_eq!((sample.origin, sample.statistic), (origin, statistic), "{text}");
            });
        }
    }
}

#[test]
fn one_record_may_hold_thousands_of_samples() {
    let sample = |second: u32| {
        json!({
            "heart_rate": { "value": 60 + second % 40, "unit": "beats/min" },
            "effective_time_frame": { "date_time": format!("2026-11-08T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60) },
        })
    };
    let body: Vec<Value> = (0..5_000).map(sample).collect();
    let text = omh("heart-rate", json!(body)).to_string();
    decode(&wearable(), &record(text.as_bytes(), 0, now()), |decoded, tally| {
        assert_eq!(facts(decoded).len(), 5_000);
        // One upload is one event: a score never sees half of it.
        assert_eq!((decoded.events.len(), tally.n_facts, tally.resources().read), (1, 5_000, 1));
    });
    // The same as a list of points, each with its header.
    let points: Vec<Value> = (0..1_000).map(|second| omh("heart-rate", sample(second))).collect();
    let text = json!(points).to_string();
    decode(&wearable(), &record(text.as_bytes(), 0, now()), |decoded, tally| {
        assert_eq!((facts(decoded).len(), decoded.events.len()), (1_000, 1));
        assert_eq!(tally.by_type["omh:heart-rate"].facts, 1_000);
    });
}

#[test]
fn the_wearer_is_the_user_the_key_or_the_header() {
    let body = json!({ "heart_rate": { "value": 72, "unit": "beats/min" }, "effective_time_frame": at_once() });
    let text = omh("heart-rate", body).to_string();
    for (patient_from, expected) in [
        (PatientFrom::Subject, "test/P1"),
        (PatientFrom::Key, "test/P2"),
        (PatientFrom::Header("user".to_owned()), "test/P3"),
        (PatientFrom::Pointer("/header/id".to_owned()), "test/1"),
    ] {
        let record = SourceRecord {
            key: Some("P2"),
            headers: vec![("user".into(), "P3".into())],
            ..record(text.as_bytes(), 0, now())
        };
        decode(&SourceSpec { patient_from, ..wearable() }, &record, |decoded, _| {
            assert_eq!(patients(decoded), [expected]);
        });
    }
}

#[test]
fn schemas_that_are_not_used_are_counted() {
    let text = omh("body-posture", json!({ "body_posture": "sitting" })).to_string();
    decode(&wearable(), &record(text.as_bytes(), 0, now()), |decoded, tally| {
        assert!(decoded.events.is_empty());
        assert_eq!((tally.resources().not_used, tally.by_type.len()), (1, 1));
    });
}

#[test]
fn a_reversed_pressure_is_never_swapped() {
    let value = |value: u32| json!({ "value": value, "unit": "mmHg" });
    let body = json!({ "systolic_blood_pressure": value(80), "diastolic_blood_pressure": value(120), "effective_time_frame": at_once() });
    let text = omh("blood-pressure", body).to_string();
    decode(&wearable(), &record(text.as_bytes(), 0, now()), |decoded, _| {
        assert_eq!(
            samples(decoded),
            [
                "systolic_blood_pressure value_implausible \"80\" \"mmHg\"",
                "diastolic_blood_pressure value_implausible \"120\" \"mmHg\"",
            ]
        );
        assert!(facts(decoded).iter().all(|fact| matches!(fact.body, Body::Sample(_))));
    });
}
