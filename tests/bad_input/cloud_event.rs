//! CloudEvents 1.0: what they carry is read as a bare record is, and a broken envelope is a letter.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use twinstream::domain::refusal::Refusal;
use twinstream::ingest::decoder::{Decoded, Decoder};
use twinstream::ingest::source::{Format, PatientFrom, SourceSpec};

use crate::bad_input::{assert_refused, good, now, with};
use crate::support::{Ward, at, record, samples, site, source};

fn envelope(fields: Value) -> Vec<u8> {
    let mut event = json!({
        "specversion": "1.0", "id": "e-1", "source": "/ward", "type": "observation", "data": good(),
    });
    for (name, value) in fields.as_object().unwrap() {
        event[name] = value.clone();
        if value.is_null() {
            event.as_object_mut().unwrap().remove(name);
        }
    }
    event.to_string().into_bytes()
}

/// Decodes a record with headers.
fn decode<R>(
    spec: &SourceSpec,
    payload: &[u8],
    headers: &[(&'static str, &'static str)],
    see: impl FnOnce(&Decoded<'_>) -> R,
) -> R {
    let mut record = record(payload, 0, now());
    record.headers = headers.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
    see(&Decoder::new(site()).decode(spec, &record, now()))
}

fn patient_of(decoded: &Decoded<'_>) -> String {
    use twinstream::domain::event::EventBody;
    match &decoded.events.first().unwrap().body {
        EventBody::Patient { twin, .. } => twin.patient.to_string(),
        other => panic!("{other:?}"),
    }
}

fn revised_at(decoded: &Decoded<'_>) -> String {
    use twinstream::domain::event::EventBody;
    match &decoded.events.first().unwrap().body {
        EventBody::Patient { resources, .. } => resources[0].version.revised_at.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A heart rate whose resource does not say whose it is.
fn of_nobody() -> Value {
    let mut data = good();
    data.as_object_mut().unwrap().remove("subject");
    data
}

#[test]
fn the_data_of_an_envelope_is_read_like_a_bare_record() {
    let mut ward = Ward::open();
    let spec = source(Format::Fhir);
    for value in [70, 71] {
        let mut data = good();
        data["id"] = json!(format!("good-{value}"));
        data["effectiveDateTime"] = json!(format!("2026-11-08T11:{}:00Z", value - 20));
        data["valueQuantity"]["value"] = json!(value);
        let (letter, _) = ward.receive(&spec, &envelope(json!({ "data": data })), now());
        assert_eq!(letter, None);
        assert_eq!(ward.newest("P1", "heart_rate").map(|found| found.value), Some(value));
    }
}

#[test]
fn data_may_be_base64_or_a_text_of_another_media_type() {
    let spec = source(Format::Fhir);
    let base64 = STANDARD.encode(good().to_string());
    for fields in [
        json!({ "data": null, "data_base64": base64 }),
        json!({ "data": good().to_string(), "datacontenttype": "text/plain; charset=utf-8" }),
        json!({ "datacontenttype": "application/fhir+json" }),
    ] {
        decode(&spec, &envelope(fields.clone()), &[], |decoded| {
            assert_eq!(decoded.letter, None, "{fields}");
            assert_eq!(samples(decoded), ["heart_rate 70 /min"], "{fields}");
        });
    }
}

#[test]
fn binary_mode_is_a_bare_record_with_attributes_in_its_headers() {
    let spec = source(Format::Fhir);
    let payload = good().to_string().into_bytes();
    let headers = [
        ("content-type", "application/fhir+json"),
        ("ce_specversion", "1.0"),
        ("ce_id", "e-1"),
        ("ce_time", "2026-11-08T12:59:30+01:00"),
    ];
    decode(&spec, &payload, &headers, |decoded| {
        assert_eq!(samples(decoded), ["heart_rate 70 /min"]);
        assert_eq!(revised_at(decoded), "2026-11-08T11:59:30Z");
    });
    let refused = |headers: &[(&'static str, &'static str)]| {
        decode(&spec, &payload, headers, |decoded| {
            decoded.letter.as_ref().map(|letter| letter.problems[0].reason)
        })
    };
    assert_eq!(refused(&[("ce_specversion", "0.3")]), Some(Refusal::Undecodable));
    let at = |time| [("ce_specversion", "1.0"), ("ce_time", time)];
    assert_eq!(refused(&at("yesterday")), Some(Refusal::BadTime));
    assert_eq!(refused(&at("2026-11-08T12:06:00Z")), Some(Refusal::FutureTime));
    assert_eq!(
        refused(&[("content-type", "application/cloudevents-batch+json")]),
        refused(&[("ce_specversion", "2.0")])
    );
}

#[test]
fn the_subject_names_the_patient_in_both_modes() {
    let by_subject = PatientFrom::Header("ce_subject".to_owned());
    let spec = SourceSpec { patient_from: by_subject, ..source(Format::Fhir) };
    let structured = envelope(json!({ "data": of_nobody(), "subject": "Patient/P7" }));
    assert_eq!(decode(&spec, &structured, &[], patient_of), "P7");
    let declared = [("content-type", "application/cloudevents+json; charset=UTF-8")];
    assert_eq!(decode(&spec, &structured, &declared, patient_of), "P7");
    let binary = [("ce_specversion", "1.0"), ("ce_subject", "P7")];
    assert_eq!(decode(&spec, of_nobody().to_string().as_bytes(), &binary, patient_of), "P7");
    // Without one it is a letter, and nobody's.
    decode(&spec, &envelope(json!({ "data": of_nobody() })), &[], |decoded| {
        assert_eq!(decoded.letter.as_ref().unwrap().problems[0].reason, Refusal::NoPatient);
    });
}

#[test]
fn the_time_of_the_event_dates_what_has_no_date_of_its_own() {
    let spec = source(Format::Fhir);
    let time = "2026-11-08T11:59:40Z";
    let timed = envelope(json!({ "time": time }));
    let mut from_a_file = record(&timed, 0, now());
    from_a_file.timestamp = twinstream::domain::time::Timestamp::MIN;
    let mut decoder = Decoder::new(site());
    let decoded = decoder.decode(&spec, &from_a_file, now());
    assert_eq!((revised_at(&decoded).as_str(), decoded.available_at), (time, Some(at(time))));
    // What the resource says of itself goes first.
    let mut data = good();
    data["issued"] = json!("2026-11-08T11:59:20Z");
    let issued = envelope(json!({ "time": time, "data": data }));
    assert_eq!(decode(&spec, &issued, &[], revised_at), "2026-11-08T11:59:20Z");
}

#[test]
fn a_broken_envelope_is_refused() {
    let spec = source(Format::Fhir);
    let refused = |what: &str, fields: Value, reason: Refusal, pointer: &str| {
        assert_refused(what, &spec, &envelope(fields), reason, pointer);
    };
    let undecodable = Refusal::Undecodable;
    refused("no version", json!({ "specversion": null }), undecodable, "");
    refused("version 0.3", json!({ "specversion": "0.3" }), undecodable, "/specversion");
    refused(
        "a version that is no text",
        json!({ "specversion": 1.0 }),
        undecodable,
        "/specversion",
    );
    refused("no data", json!({ "data": null }), undecodable, "");
    refused("both", json!({ "data_base64": "e30=" }), undecodable, "");
    let broken = json!({ "data": null, "data_base64": "e30" });
    refused("half of base64", broken, undecodable, "/data_base64");
    let empty = json!({ "data": null, "data_base64": "e30=" });
    refused("nothing in base64", empty, undecodable, "/data_base64");
    refused("data that is no resource", json!({ "data": { "a": 1 } }), undecodable, "/data");
    refused("a time of day without a zone", json!({ "time": "12:00" }), Refusal::BadTime, "/time");
    let ahead = json!({ "time": "2026-11-08T13:00:00Z" });
    refused("a time that lies ahead", ahead, Refusal::FutureTime, "/time");
}

#[test]
fn a_field_of_that_name_elsewhere_makes_no_envelope() {
    let mut ward = Ward::open();
    let payload = with(json!({ "extension": [{ "url": "u", "specversion": "9" }] }));
    let (letter, _) = ward.receive(&source(Format::Fhir), &payload, now());
    assert_eq!(letter, None);
    assert_eq!(ward.newest("P1", "heart_rate").map(|found| found.value), Some(70));
}
