//! What no source should send: it never stops the stream, is never lost, and never enters a twin as
//! something it is not.
//!
//! Each case goes through `Decoder::decode` and on through the shard, followed by a good record.

use serde_json::{Value, json};

use twinstream::domain::refusal::{Refusal, Unusable};
use twinstream::domain::time::{Span, Timestamp};
use twinstream::ingest::decoder::{Decoder, RECORD_BYTES_MAX};
use twinstream::ingest::letter::LetterLine;
use twinstream::ingest::source::{Format, PatientFrom, SourceSpec};

use crate::support::{Ward, at, record, site, source};

mod cloud_event;
mod learned;
mod parts;

fn now() -> Timestamp {
    at("2026-11-08T12:00:00Z")
}

/// A heart rate that nothing is wrong with.
fn good() -> Value {
    json!({
        "resourceType": "Observation", "id": "good", "status": "final",
        "subject": { "reference": "Patient/P1" },
        "code": { "coding": [{ "system": "http://loinc.org", "code": "8867-4" }] },
        "effectiveDateTime": "2026-11-08T11:59:00Z",
        "valueQuantity": { "value": 70, "unit": "/min" },
    })
}

/// The good record with some fields others; `null` leaves one out.
fn with(fields: Value) -> Vec<u8> {
    let mut record = good();
    record["id"] = json!("bad");
    for (name, value) in fields.as_object().unwrap() {
        record[name] = value.clone();
        if value.is_null() {
            record.as_object_mut().unwrap().remove(name);
        }
    }
    record.to_string().into_bytes()
}

/// The record must be one dead letter with this reason at this place, its bytes kept; no twin may hold
/// anything of it, and the stream goes on.
fn assert_refused(what: &str, spec: &SourceSpec, payload: &[u8], reason: Refusal, pointer: &str) {
    let mut ward = Ward::open();
    let (letter, leaving) = ward.receive(spec, payload, now());
    let letter = letter.unwrap_or_else(|| panic!("{what}: nothing was refused"));
    let found: Vec<_> = letter.problems.iter().map(|p| (p.reason, p.pointer.as_str())).collect();
    assert_eq!(found, [(reason, pointer)], "{what}: {letter:?}");
    assert!(leaving.is_empty(), "{what}");
    assert_eq!(ward.shard.twins().n_patients(), 0, "{what}: a twin came of it");
    let tally = ward.decoder.tally();
    let resources = tally.resources();
    assert_eq!(
        (resources.read, resources.dead_letters, tally.n_facts),
        (1, 1, 0),
        "{what}: {tally:?}"
    );
    assert_eq!(tally.refused.get(&reason), Some(&1), "{what}");
    // The record travels with its letter, byte for byte.
    let line = LetterLine::new("test", &record(payload, 7, now()), &letter, now());
    let kept = match (line.text, line.hex) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(hex)) => bytes_of(&hex),
        both => panic!("{what}: {:?}", (both.0.is_some(), both.1.is_some())),
    };
    assert!(kept == payload, "{what}: the bytes are not what arrived");
    assert_eq!((line.offset, line.problems[0].reason.as_str()), (7, reason.name()), "{what}");
    goes_on(what, &mut ward);
}

fn goes_on(what: &str, ward: &mut Ward) {
    let (letter, _) = ward.receive(&source(Format::Fhir), good().to_string().as_bytes(), now());
    assert_eq!(letter, None, "{what}");
    assert_eq!(ward.newest("P1", "heart_rate").map(|found| found.value), Some(70), "{what}");
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The record is readable but its value is not usable: an unusable result of its patient hides the older
/// value (TW-3), and the stream goes on.
fn assert_unusable(what: &str, payload: &[u8], name: &str, reason: Unusable) {
    let mut ward = Ward::open();
    let (letter, _) = ward.receive(&source(Format::Fhir), payload, now());
    assert_eq!(letter, None, "{what}");
    let found = ward.newest("P1", name).unwrap_or_else(|| panic!("{what}: no trace of it"));
    assert_eq!((found.unusable, found.value), (Some(reason), 0), "{what}");
    assert_eq!(ward.n_samples("P1"), 1, "{what}");
    assert_eq!(ward.decoder.tally().unusable.get(&reason), Some(&1), "{what}");
    goes_on(what, &mut ward);
}

#[test]
fn every_cut_of_a_record_is_refused_whole() {
    let whole = good().to_string();
    let spec = source(Format::Fhir);
    let mut decoder = Decoder::new(site());
    for end in 0..whole.len() {
        let decoded = decoder.decode(&spec, &record(&whole.as_bytes()[..end], 0, now()), now());
        assert!(decoded.events.is_empty(), "cut after {end} bytes");
        let problems = decoded.letter.unwrap().problems;
        assert_eq!(problems.len(), 1, "cut after {end} bytes");
        assert_eq!(problems[0].reason, Refusal::Undecodable, "cut after {end} bytes");
    }
    assert_refused("half a record", &spec, &whole.as_bytes()[..120], Refusal::Undecodable, "");
    let bundle =
        json!({ "resourceType": "Bundle", "type": "batch", "entry": [{ "resource": good() }] });
    let bundle = bundle.to_string();
    let half = &bundle.as_bytes()[..bundle.len() - 3];
    assert_refused("half a Bundle", &spec, half, Refusal::Undecodable, "");
    // A type that is not used must be whole as well: the rest of a cut record is not "not used".
    assert_refused(
        "half a Claim",
        &spec,
        br#"{"resourceType":"Claim","id":"#,
        Refusal::Undecodable,
        "",
    );
}

/// The good record, filled up with spaces.
fn of_size(bytes: usize) -> Vec<u8> {
    let mut payload = good().to_string().into_bytes();
    payload.resize(bytes, b' ');
    payload
}

#[test]
fn a_record_may_have_twenty_megabytes_and_not_one_byte_more() {
    let mut ward = Ward::open();
    let (letter, _) = ward.receive(&source(Format::Fhir), &of_size(RECORD_BYTES_MAX), now());
    assert_eq!(letter, None);
    assert_eq!(ward.n_samples("P1"), 1);
    let over = of_size(RECORD_BYTES_MAX + 1);
    assert_refused("20 MiB and a byte", &source(Format::Fhir), &over, Refusal::TooLarge, "");
}

#[test]
fn depth_breaks_no_stack() {
    let depth = 10_000;
    let nested = ["[".repeat(depth), "]".repeat(depth)].concat();
    let objects = [r#"{"a":"#.repeat(depth), "1".to_owned(), "}".repeat(depth)].concat();
    for format in Format::ALL {
        let mut decoder = Decoder::new(site());
        let spec = source(format);
        for payload in [&nested, &objects] {
            let decoded = decoder.decode(&spec, &record(payload.as_bytes(), 0, now()), now());
            assert!(decoded.events.is_empty(), "{}", format.name());
            assert_eq!(decoded.letter.unwrap().problems[0].reason, Refusal::Undecodable);
        }
    }
    let spec = source(Format::Fhir);
    let deep = |field: &str| {
        let record = String::from_utf8(with(json!({ field: null }))).unwrap();
        format!("{},\"{field}\":{nested}}}", record.strip_suffix('}').unwrap()).into_bytes()
    };
    assert_refused("a deep subject", &spec, &deep("subject"), Refusal::Undecodable, "");
    assert_refused("a deep time", &spec, &deep("effectiveDateTime"), Refusal::Undecodable, "");
    assert_unusable(
        "a deep value",
        &deep("valueQuantity"),
        "heart_rate",
        Unusable::ValueUnreadable,
    );
    // What is not read may be as deep as it likes: it is neither kept nor a reason to lose the rest.
    let mut ward = Ward::open();
    assert_eq!(ward.receive(&spec, &deep("note"), now()).0, None);
    let claim = format!(r#"{{"resourceType":"Claim","id":"c","item":{nested}}}"#);
    assert_eq!(ward.receive(&spec, claim.as_bytes(), now()).0, None);
    assert_eq!((ward.n_samples("P1"), ward.decoder.tally().resources().not_used), (1, 1));
    // A deep component is refused alone; a panel without a good one says nothing.
    let (letter, _) = ward.receive(&spec, &deep("component"), now());
    let problems = letter.unwrap().problems;
    assert_eq!((problems.len(), problems[0].pointer.as_str()), (1, "/component/0"));
}

#[test]
fn what_is_not_utf_8_is_kept_as_bytes() {
    let mut payload = with(json!({ "note": [{ "text": "?" }] }));
    let place = payload.iter().position(|byte| *byte == b'?').unwrap();
    payload[place] = 0xff;
    assert_refused("0xff in a note", &source(Format::Fhir), &payload, Refusal::Undecodable, "");
    let utf_16: Vec<u8> = good().to_string().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_refused("UTF-16", &source(Format::Fhir), &utf_16, Refusal::Undecodable, "");
}

#[test]
fn numbers_that_are_none_are_never_values() {
    let number =
        |text: &str| good().to_string().replace("\"value\":70", &format!("\"value\":{text}"));
    let spec = source(Format::Fhir);
    // Not JSON at all.
    for text in ["NaN", "Infinity", "-Infinity", "01", "+70", "7_0", "0x46", ".5", "70."] {
        assert_refused(text, &spec, number(text).as_bytes(), Refusal::Undecodable, "");
    }
    // JSON, and no heart rate.
    for text in ["1e400", "-1e400", "1e-400", "99999999999999999999", "1e17", "-70", "401"] {
        let payload = number(text).replace("\"good\"", "\"bad\"");
        assert_unusable(text, payload.as_bytes(), "heart_rate", Unusable::ValueImplausible);
    }
    for text in ["\"70\"", "true", "{}", "[70]"] {
        let payload = number(text).replace("\"good\"", "\"bad\"");
        assert_unusable(text, payload.as_bytes(), "heart_rate", Unusable::ValueUnreadable);
    }
}

#[test]
fn wrong_types_are_refused_and_unused_types_counted() {
    let spec = source(Format::Fhir);
    for (what, payload) in [
        ("no type", json!({ "id": "x" })),
        ("a number for a type", json!({ "resourceType": 7 })),
        ("no type of FHIR", json!({ "resourceType": "observation" })),
        ("a list", json!([good()])),
        ("a word", json!("Observation")),
        ("nothing", json!(null)),
        (
            "an Observation without a status",
            serde_json::from_slice(&with(json!({ "status": null }))).unwrap(),
        ),
        ("an unknown status", serde_json::from_slice(&with(json!({ "status": "done" }))).unwrap()),
        ("no code", serde_json::from_slice(&with(json!({ "code": null }))).unwrap()),
        ("a text for a code", serde_json::from_slice(&with(json!({ "code": "8867-4" }))).unwrap()),
        ("a Bundle of no kind", json!({ "resourceType": "Bundle", "entry": [] })),
        (
            "entries that are none",
            json!({ "resourceType": "Bundle", "type": "batch", "entry": {} }),
        ),
    ] {
        assert_refused(what, &spec, payload.to_string().as_bytes(), Refusal::Undecodable, "");
    }
    let mut ward = Ward::open();
    let claim =
        json!({ "resourceType": "Claim", "id": "c", "patient": { "reference": "Patient/P1" } });
    assert_eq!(ward.receive(&spec, claim.to_string().as_bytes(), now()).0, None);
    let counts = ward.decoder.tally().resources();
    assert_eq!((counts.read, counts.not_used, ward.shard.twins().n_patients()), (1, 1, 0));
}

#[test]
fn a_record_is_of_one_patient_or_of_nobody() {
    let spec = source(Format::Fhir);
    for (what, subject) in [
        ("no subject", Value::Null),
        ("an empty subject", json!({})),
        ("a group", json!({ "reference": "Group/g1" })),
        ("a device", json!({ "reference": "Device/d1" })),
        ("no reference", json!({ "reference": "P1" })),
        ("an empty id", json!({ "reference": "Patient/" })),
        ("a search by name", json!({ "reference": "Patient?name=Smith" })),
        (
            "nobody in the Bundle",
            json!({ "reference": "urn:uuid:5c1e0b6e-0000-4000-8000-000000000000" }),
        ),
        ("only a name", json!({ "display": "Jane Doe" })),
        ("a control character", json!({ "reference": "Patient/a\u{0}b" })),
        ("an endless id", json!({ "reference": format!("Patient/{}", "x".repeat(300)) })),
    ] {
        let payload = with(json!({ "subject": subject }));
        assert_refused(what, &spec, &payload, Refusal::NoPatient, "");
    }
    let two = json!([{ "reference": "Patient/P1" }, { "reference": "Patient/P2" }]);
    assert_refused(
        "two subjects",
        &spec,
        &with(json!({ "subject": two })),
        Refusal::Undecodable,
        "",
    );
    let twice = good().to_string().replacen('{', r#"{"subject":{"reference":"Patient/P2"},"#, 1);
    assert_refused("a subject twice", &spec, twice.as_bytes(), Refusal::Undecodable, "");
    // One study of two people.
    let object = |patient: &str| {
        json!({
            "0020000D": { "vr": "UI", "Value": ["1.2.3"] }, "00080020": { "vr": "DA", "Value": ["20261108"] },
            "00100020": { "vr": "LO", "Value": [patient] },
        })
    };
    let study = json!([object("P1"), object("P2")]).to_string();
    assert_refused(
        "a study of two",
        &source(Format::DicomJson),
        study.as_bytes(),
        Refusal::NoPatient,
        "",
    );
    let study = json!([{ "0020000D": { "vr": "UI", "Value": ["1.2.3"] } }]).to_string();
    assert_refused(
        "a study of nobody",
        &source(Format::DicomJson),
        study.as_bytes(),
        Refusal::NoPatient,
        "",
    );
    // A source configured to name the patient elsewhere, and nothing is there.
    for patient_from in [
        PatientFrom::Key,
        PatientFrom::Header("patient".to_owned()),
        PatientFrom::Pointer("/who".to_owned()),
    ] {
        let spec = SourceSpec { patient_from, ..source(Format::Fhir) };
        assert_refused(
            "nobody named",
            &spec,
            good().to_string().as_bytes(),
            Refusal::NoPatient,
            "",
        );
    }
}

#[test]
fn times_are_exact_or_refused() {
    let spec = source(Format::Fhir);
    let bad = [
        "2024",
        "2024-05",
        "0001-01-01",
        "0001-01-01T00:00:00Z",
        "1899-12-31T23:59:59Z",
        "2026-11-08T11:59:00",
        "2026-03-08T02:30:00",
        "2026-11-08T11:59:00+0100",
        "2026-13-01",
        "2026-02-30",
        "2026-11-08T25:00:00Z",
        "2026-11-08T11:59:00+15:00",
        "yesterday",
        "",
        "1762603140",
    ];
    for time in bad {
        let payload = with(json!({ "effectiveDateTime": time }));
        assert_refused(time, &spec, &payload, Refusal::BadTime, "");
    }
    assert_refused(
        "no time",
        &spec,
        &with(json!({ "effectiveDateTime": null })),
        Refusal::BadTime,
        "",
    );
    for time in
        ["9999-12-31", "9999-12-31T23:59:59Z", "2026-11-08T12:05:01Z", "2026-11-09T00:00:00-08:00"]
    {
        let payload = with(json!({ "effectiveDateTime": time }));
        assert_refused(time, &spec, &payload, Refusal::FutureTime, "");
    }
    for field in ["issued", "meta"] {
        for (time, reason) in [
            ("9999-12-31T23:59:59Z", Refusal::FutureTime),
            ("2026-11-08T11:59:00", Refusal::BadTime),
        ] {
            let value = if field == "meta" { json!({ "lastUpdated": time }) } else { json!(time) };
            assert_refused(field, &spec, &with(json!({ field: value })), reason, "");
        }
    }
    // Five minutes ahead are forgiven: clocks differ.
    let mut ward = Ward::open();
    let ahead = now().plus(Span::from_minutes(5)).to_string();
    assert_eq!(ward.receive(&spec, &with(json!({ "effectiveDateTime": ahead })), now()).0, None);
    // The hour that a clock skips exists with its offset.
    let payload = with(json!({ "id": "spring", "effectiveDateTime": "2026-03-08T03:30:00-07:00" }));
    assert_eq!(ward.receive(&spec, &payload, now()).0, None);
    assert_eq!(ward.n_samples("P1"), 2);
}

#[test]
fn year_9999_is_no_past_of_anything_that_was_done() {
    let spec = source(Format::Fhir);
    let subject = json!({ "reference": "Patient/P1" });
    let far = "9999-12-31T00:00:00Z";
    for resource in [
        json!({ "resourceType": "Condition", "id": "c", "subject": subject, "onsetDateTime": far }),
        json!({ "resourceType": "Condition", "id": "c", "subject": subject, "recordedDate": far }),
        json!({ "resourceType": "Patient", "id": "P1", "deceasedDateTime": far }),
        json!({ "resourceType": "DiagnosticReport", "id": "r", "status": "final", "subject": subject, "effectiveDateTime": far }),
        json!({ "resourceType": "ImagingStudy", "id": "s", "status": "available", "subject": subject, "started": far }),
        json!({ "resourceType": "MedicationAdministration", "id": "a", "status": "completed", "subject": subject, "effectiveDateTime": far }),
        json!({ "resourceType": "Procedure", "id": "p", "status": "completed", "subject": subject, "performedDateTime": far }),
        json!({ "resourceType": "Encounter", "id": "e", "status": "in-progress", "subject": subject, "period": { "start": far } }),
        json!({ "resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order", "subject": subject, "authoredOn": far }),
        json!({ "resourceType": "Immunization", "id": "i", "status": "completed", "patient": subject, "occurrenceDateTime": far }),
    ] {
        let what = resource.to_string();
        assert_refused(&what, &spec, what.as_bytes(), Refusal::FutureTime, "");
    }
}

#[test]
fn units_are_known_or_the_value_is_not_used() {
    let result = |code: &str, value: f64, unit: Value| {
        with(json!({
            "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
            "valueQuantity": { "value": value, "unit": unit },
        }))
    };
    let cases = [
        // UCUM reads `C` as coulomb, `F` as farad and `K/uL` as kelvin per microlitre.
        ("8310-5", 38.0, json!("C"), "temperature", Unusable::UnitDimension),
        ("8310-5", 98.6, json!("F"), "temperature", Unusable::UnitDimension),
        ("6690-2", 17.0, json!("K/uL"), "leukocytes", Unusable::UnitDimension),
        ("2160-0", 1.2, json!("furlong"), "creatinine", Unusable::UnitUnknown),
        ("2160-0", 88.0, json!("mg/dL"), "creatinine", Unusable::ValueImplausible),
        ("2160-0", 88.0, json!(""), "creatinine", Unusable::UnitUnknown),
        ("2160-0", 88.0, json!(null), "creatinine", Unusable::UnitUnknown),
        ("59408-5", 0.97, json!("1"), "spo2", Unusable::UnitDimension),
    ];
    for (code, value, unit, name, reason) in cases {
        assert_unusable(
            &format!("{code} {value} {unit}"),
            &result(code, value, unit),
            name,
            reason,
        );
    }
}

#[test]
fn an_unusable_result_hides_the_older_one_until_a_newer_one_comes() {
    let mut ward = Ward::open();
    let spec = source(Format::Fhir);
    ward.receive(&spec, good().to_string().as_bytes(), now());
    let coulombs = with(json!({
        "effectiveDateTime": "2026-11-08T11:59:30Z", "valueQuantity": { "value": 80, "unit": "C" },
    }));
    ward.receive(&spec, &coulombs, now());
    assert_eq!(ward.newest("P1", "heart_rate").unwrap().unusable, Some(Unusable::UnitDimension));
    let again = with(json!({ "id": "newer", "effectiveDateTime": "2026-11-08T11:59:45Z" }));
    ward.receive(&spec, &again, now());
    assert_eq!(ward.newest("P1", "heart_rate").unwrap().value, 70);
}

#[test]
fn entered_in_error_takes_the_value_back() {
    let mut ward = Ward::open();
    let spec = source(Format::Fhir);
    ward.receive(&spec, good().to_string().as_bytes(), at("2026-11-08T12:00:00Z"));
    assert_eq!(ward.n_samples("P1"), 1);
    let mut wrong = good();
    wrong["status"] = json!("entered-in-error");
    // Such a resource need not say anything else, not even when.
    for field in ["effectiveDateTime", "code", "valueQuantity"] {
        wrong.as_object_mut().unwrap().remove(field);
    }
    let (letter, _) = ward.receive(&spec, wrong.to_string().as_bytes(), at("2026-11-08T12:01:00Z"));
    assert_eq!(letter, None);
    assert_eq!(ward.n_samples("P1"), 0);
    // What comes late of the old version changes nothing.
    ward.receive(&spec, good().to_string().as_bytes(), at("2026-11-08T12:00:00Z"));
    assert_eq!(ward.n_samples("P1"), 0);
}
