//! Every format as it is sent: what is read out of it, and whose it is.

use serde_json::{Value, json};

use twinstream::domain::event::{EventBody, Status};
use twinstream::domain::fact::{Body, Origin, Precision, Statistic};
use twinstream::domain::statement::Attribute;
use twinstream::domain::time::Timestamp;
use twinstream::ingest::decoder::{Decoded, Decoder};
use twinstream::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};
use twinstream::ingest::tally::Tally;

use crate::support::{at, facts, record, samples, site, source};

mod bundles;
mod wearables;

fn now() -> Timestamp {
    at("2026-11-08T12:00:00Z")
}

/// Decodes one record of which nothing is refused, and hands on what it became.
fn decode(spec: &SourceSpec, record: &SourceRecord<'_>, check: impl FnOnce(&Decoded<'_>, &Tally)) {
    let mut decoder = Decoder::new(site());
    let decoded = decoder.decode(spec, record, now());
    let text = String::from_utf8_lossy(record.payload);
    assert_eq!(decoded.letter, None, "{text}");
    check(&decoded, &decoder.tally());
}

fn decode_fhir(resource: &Value, check: impl FnOnce(&Decoded<'_>, &Tally)) {
    let text = resource.to_string();
    decode(&source(Format::Fhir), &record(text.as_bytes(), 0, now()), check);
}

fn subject() -> Value {
    json!({ "reference": "Patient/P1" })
}

fn coded(system: &str, code: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}

/// An Observation with these fields besides what every one has.
fn observation(code: &str, fields: Value) -> Value {
    let mut observation = json!({
        "resourceType": "Observation", "id": "o1", "status": "final", "subject": subject(),
        "code": coded("http://loinc.org", code), "effectiveDateTime": "2026-11-08T10:00:00Z",
    });
    for (name, value) in fields.as_object().unwrap() {
        observation[name] = value.clone();
    }
    observation
}

/// The patients of the events.
fn patients(decoded: &Decoded<'_>) -> Vec<String> {
    let of = |event: &twinstream::domain::event::Event<'_>| match &event.body {
        EventBody::Patient { twin, .. } => twin.to_string(),
        EventBody::Directory { namespace, .. } => format!("{namespace} directory"),
        EventBody::Control(_) => "control".to_owned(),
        EventBody::Response { twin, .. } => format!("{twin} response"),
        EventBody::Claim { twin, .. } => format!("{twin} claim"),
        EventBody::Transfer { twin, .. } => format!("{twin} transfer"),
    };
    decoded.events.iter().map(of).collect()
}

#[test]
fn every_value_x_of_a_signal_is_read_or_kept_as_unusable() {
    let cases = [
        (
            json!({ "valueQuantity": { "value": 72.5, "unit": "beats/minute", "code": "/min" } }),
            "heart_rate 73 /min",
        ),
        (json!({ "valueQuantity": { "value": 72, "unit": "bpm" } }), "heart_rate 72 /min"),
        (
            json!({ "valueQuantity": { "value": 40, "comparator": "<", "unit": "/min" } }),
            "heart_rate <40 /min",
        ),
        (
            json!({ "valueQuantity": { "value": 200, "comparator": ">=", "unit": "/min" } }),
            "heart_rate >=200 /min",
        ),
        (
            json!({ "valueQuantity": { "value": 72, "comparator": "~", "unit": "/min" } }),
            "heart_rate value_unreadable",
        ),
        (
            json!({ "valueQuantity": { "unit": "/min" } }),
            "heart_rate data_absent \"no value\" \"\"",
        ),
        (json!({ "valueString": "72" }), "heart_rate value_unreadable \"72\" \"\""),
        (json!({ "valueBoolean": true }), "heart_rate value_unreadable \"true\" \"\""),
        (json!({ "valueInteger": 72 }), "heart_rate unit_unknown \"72\" \"\""),
        (
            json!({ "valueCodeableConcept": { "text": "fast" } }),
            "heart_rate value_unreadable \"fast\" \"\"",
        ),
        (json!({ "valueRange": { "low": { "value": 70 } } }), "heart_rate value_unreadable"),
        (json!({ "valueRatio": { "numerator": { "value": 70 } } }), "heart_rate value_unreadable"),
        (json!({ "valueTime": "10:00:00" }), "heart_rate value_unreadable \"10:00:00\" \"\""),
        (
            json!({ "valueDateTime": "2026-11-08" }),
            "heart_rate value_unreadable \"2026-11-08\" \"\"",
        ),
        (json!({ "valuePeriod": { "start": "2026-11-08" } }), "heart_rate value_unreadable"),
        (
            json!({ "dataAbsentReason": coded("http://terminology.hl7.org/CodeSystem/data-absent-reason", "error") }),
            "heart_rate data_absent \"error\" \"\"",
        ),
        (json!({}), "heart_rate data_absent \"no value\" \"\""),
    ];
    for (value, expected) in cases {
        decode_fhir(&observation("8867-4", value.clone()), |decoded, tally| {
            let found = samples(decoded);
            assert_eq!(found.len(), 1, "{value}");
            assert!(found[0].starts_with(expected), "{value}: {found:?}, expected {expected}");
            let counts = tally.resources();
            assert_eq!((counts.read, counts.facts), (1, 1), "{value}");
        });
    }
}

#[test]
fn sampled_data_is_as_many_samples() {
    let value = json!({ "valueSampledData": {
        "origin": { "value": 60, "unit": "/min" }, "period": 60_000, "factor": 2, "dimensions": 1, "data": "0 1.5 E 5",
    } });
    decode_fhir(&observation("8867-4", value), |decoded, _| {
        let expected = [
            "heart_rate 60 /min",
            "heart_rate 63 /min",
            "heart_rate data_absent \"E\" \"/min\"",
            "heart_rate 70 /min",
        ];
        assert_eq!(samples(decoded), expected);
        let times: Vec<String> =
            facts(decoded).iter().map(|fact| fact.valid.end.to_string()).collect();
        assert_eq!(times[0], "2026-11-08T10:00:00Z");
        assert_eq!(times[3], "2026-11-08T10:03:00Z");
    });
}

#[test]
fn a_code_without_a_signal_is_kept_as_it_came_and_feeds_no_rule() {
    let cases = [
        (
            json!({ "valueQuantity": { "value": 4.20, "comparator": "<", "unit": "furlong" } }),
            "<4.2",
            "furlong",
        ),
        (json!({ "valueString": "positive" }), "positive", ""),
        (
            json!({ "valueCodeableConcept": { "coding": [{ "code": "x", "display": "Smoker" }] } }),
            "Smoker",
            "",
        ),
        (json!({ "valueBoolean": false }), "false", ""),
        (json!({ "valueInteger": 7 }), "7", ""),
        (json!({ "valueTime": "10:00:00" }), "10:00:00", ""),
    ];
    for (value, text, unit) in cases {
        decode_fhir(&observation("72166-2", value.clone()), |decoded, _| {
            assert!(samples(decoded).is_empty(), "{value}");
            let kept = facts(decoded);
            let Body::Statement(kept) = &kept[0].body else { panic!("{value}") };
            assert_eq!(kept.attribute(Attribute::Value), Some(text), "{value}");
            assert_eq!(kept.attribute(Attribute::Unit).unwrap_or_default(), unit, "{value}");
        });
    }
}

#[test]
fn a_panel_is_its_components() {
    let component = |code: &str, value: Value| {
        let mut component = value;
        component["code"] = coded("http://loinc.org", code);
        component
    };
    let absent = coded("http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-performed");
    let panel = json!({ "component": [
        component("8480-6", json!({ "valueQuantity": { "value": 120, "code": "mm[Hg]" } })),
        component("8462-4", json!({ "dataAbsentReason": absent })),
        component("72166-2", json!({ "valueString": "left arm" })),
    ] });
    decode_fhir(&observation("85354-9", panel), |decoded, _| {
        assert_eq!(
            samples(decoded),
            [
                "systolic_blood_pressure 120 mm[Hg]",
                "diastolic_blood_pressure data_absent \"not-performed\" \"\""
            ]
        );
        assert_eq!(facts(decoded).len(), 3);
    });
}

#[test]
fn effective_x_is_read_as_precisely_as_it_is_said() {
    let value = || json!({ "value": 70, "unit": "/min" });
    let cases = [
        (
            json!({ "effectiveDateTime": "2026-11-08T11:00:00+01:00" }),
            "2026-11-08T10:00:00Z",
            "2026-11-08T10:00:00Z",
            Precision::Instant,
        ),
        (
            json!({ "effectiveDateTime": "2026-11-07" }),
            "2026-11-07T00:00:00Z",
            "2026-11-08T00:00:00Z",
            Precision::Date,
        ),
        (
            json!({ "effectiveInstant": "2026-11-08T10:00:00.250Z" }),
            "2026-11-08T10:00:00.250Z",
            "2026-11-08T10:00:00.250Z",
            Precision::Instant,
        ),
        (
            json!({ "effectiveTiming": { "event": ["2026-11-08T10:00:00Z"] } }),
            "2026-11-08T10:00:00Z",
            "2026-11-08T10:00:00Z",
            Precision::Instant,
        ),
        (
            json!({ "effectivePeriod": { "start": "2026-11-08T09:00:00Z", "end": "2026-11-08T10:00:00Z" } }),
            "2026-11-08T09:00:00Z",
            "2026-11-08T10:00:00Z",
            Precision::Instant,
        ),
        (
            json!({ "effectivePeriod": { "end": "2026-11-08T10:00:00Z" } }),
            "2026-11-08T10:00:00Z",
            "2026-11-08T10:00:00Z",
            Precision::Instant,
        ),
    ];
    for (effective, start, end, precision) in cases {
        let mut resource = observation("8867-4", json!({ "valueQuantity": value() }));
        resource.as_object_mut().unwrap().remove("effectiveDateTime");
        for (name, time) in effective.as_object().unwrap() {
            resource[name] = time.clone();
        }
        decode_fhir(&resource, |decoded, _| {
            let valid = facts(decoded)[0].valid;
            let found = (valid.start.to_string(), valid.end.to_string(), valid.precision);
            assert_eq!(found, (start.to_owned(), end.to_owned(), precision), "{effective}");
        });
    }
}

#[test]
fn oxygen_is_read_from_flow_and_concentration() {
    for (code, value, unit, expected) in [
        ("3151-8", 0.0, "L/min", "oxygen_therapy air"),
        ("3151-8", 0.5, "L/min", "oxygen_therapy oxygen"),
        ("3150-0", 21.0, "%", "oxygen_therapy air"),
        ("3150-0", 22.0, "%", "oxygen_therapy oxygen"),
    ] {
        let value = json!({ "valueQuantity": { "value": value, "unit": unit } });
        decode_fhir(&observation(code, value), |decoded, _| {
            assert_eq!(samples(decoded)[0], expected, "{code}");
        });
    }
}

#[test]
fn statuses_say_what_counts() {
    for (status, expected, n_facts) in [
        ("final", Status::Final, 1),
        ("amended", Status::Amended, 1),
        ("corrected", Status::Amended, 1),
        ("preliminary", Status::Preliminary, 1),
        ("registered", Status::Silent, 0),
        ("cancelled", Status::Silent, 0),
        ("unknown", Status::Silent, 0),
        ("entered-in-error", Status::EnteredInError, 0),
    ] {
        let value = json!({ "status": status, "valueQuantity": { "value": 70, "unit": "/min" } });
        decode_fhir(&observation("8867-4", value), |decoded, _| {
            let EventBody::Patient { resources, .. } = &decoded.events[0].body else {
                panic!("{status}")
            };
            let found = (resources[0].version.status, resources[0].facts.len());
            assert_eq!(found, (expected, n_facts), "{status}");
        });
    }
}

#[test]
fn dicom_objects_of_one_study_are_one_study() {
    let object = |series: &str, modality: &str| {
        json!({
            "0020000D": { "vr": "UI", "Value": ["1.2.840.1"] }, "0020000E": { "vr": "UI", "Value": [series] },
            "00080020": { "vr": "DA", "Value": ["20261107"] }, "00080030": { "vr": "TM", "Value": ["083015.5"] },
            "00080201": { "vr": "SH", "Value": ["+0100"] }, "00080060": { "vr": "CS", "Value": [modality] },
            "00100020": { "vr": "LO", "Value": ["P1"] }, "00080050": { "vr": "SH", "Value": ["A-17"] },
            "00180015": { "vr": "CS", "Value": ["CHEST"] }, "00081030": { "vr": "LO", "Value": ["CT chest"] },
        })
    };
    let objects = json!([object("1.1", "CT"), object("1.2", "SR"), object("1.1", "CT")]);
    let (one, many) = (object("1.1", "CT").to_string(), objects.to_string());
    for (text, modality, n_series) in [(one, "CT", "1"), (many, "CT,SR", "2")] {
        decode(&source(Format::DicomJson), &record(text.as_bytes(), 0, now()), |decoded, _| {
            assert_eq!(patients(decoded), ["test/P1"]);
            let found = facts(decoded);
            let Body::Statement(study) = &found[0].body else { panic!("a study") };
            let read = |name| study.attribute(name).unwrap_or_default();
            assert_eq!(found[0].valid.start, at("2026-11-07T07:30:15Z"));
            assert_eq!(
                [read(Attribute::Modality), read(Attribute::SeriesCount)],
                [modality, n_series]
            );
            assert_eq!([read(Attribute::Accession), read(Attribute::BodySite)], ["A-17", "CHEST"]);
            assert_eq!(read(Attribute::StudyUid), "1.2.840.1");
        });
    }
}

#[test]
fn the_patient_is_found_where_the_source_says() {
    let text = observation(
        "8867-4",
        json!({ "valueQuantity": { "value": 70, "unit": "/min" }, "who": "P4" }),
    )
    .to_string();
    let sources = [
        (PatientFrom::Subject, "test/P1"),
        (PatientFrom::Key, "test/P2"),
        (PatientFrom::Header("patient".to_owned()), "test/P3"),
        (PatientFrom::Pointer("/who".to_owned()), "test/P4"),
    ];
    for (patient_from, expected) in sources {
        let record = SourceRecord {
            // Keys are often references.
            key: Some("Patient/P2"),
            headers: vec![("patient".into(), "P3".into())],
            ..record(text.as_bytes(), 0, now())
        };
        decode(&SourceSpec { patient_from, ..source(Format::Fhir) }, &record, |decoded, _| {
            assert_eq!(patients(decoded), [expected]);
        });
    }
}

#[test]
fn the_origin_is_that_of_the_source() {
    let text = observation("8867-4", json!({ "valueQuantity": { "value": 70, "unit": "/min" } }))
        .to_string();
    for origin in Origin::ALL {
        let spec = SourceSpec { origin, ..source(Format::Fhir) };
        decode(&spec, &record(text.as_bytes(), 0, now()), |decoded, _| {
            let Body::Sample(sample) = &facts(decoded)[0].body else { panic!("a sample") };
            assert_eq!((sample.origin, sample.statistic), (origin, Statistic::Point));
        });
    }
}
