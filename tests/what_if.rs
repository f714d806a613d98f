//! What if: hypothetical facts change an answer, and nothing else.

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use twinstream::domain::identity::TwinId;
use twinstream::engine::digest::digest;
use twinstream::engine::what_if::what_if;
use twinstream::ingest::source::Format;
use twinstream::output::what_if::WhatIfRecord;

use crate::support::{NAMESPACE, Ward, at, source};

const TWIN: &str = env!("CARGO_BIN_EXE_twin");

fn observation(id: &str, code: &str, value: f64, unit: &str, at: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "effectiveDateTime": at,
        "subject": { "reference": "Patient/P1" },
        "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
        "valueQuantity": { "value": value, "unit": unit },
    })
}

/// A respiratory rate without a time, a patient or an id: as a person writes a question.
fn rate(value: f64) -> Value {
    json!({
        "resourceType": "Observation", "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": "9279-1" }] },
        "valueQuantity": { "value": value, "unit": "/min" },
    })
}

/// Someone in a bed, on air, with every vital sign as it should be but this respiratory rate; under
/// metformin, with a creatinine of last year.
fn records(respiratory_rate: f64) -> Vec<(&'static str, Value)> {
    let now = "2026-01-01T08:00:00Z";
    let subject = json!({ "reference": "Patient/P1" });
    let vitals = [
        ("rr", "9279-1", respiratory_rate, "/min"),
        ("spo2", "59408-5", 97.0, "%"),
        ("o2", "3151-8", 0.0, "L/min"),
        ("sys", "8480-6", 120.0, "mmHg"),
        ("hr", "8867-4", 70.0, "/min"),
        ("t", "8310-5", 37.0, "Cel"),
    ];
    let mut all = vec![
        json!({ "resourceType": "Patient", "id": "P1", "gender": "female", "birthDate": "1950-06-15" }),
        json!({ "resourceType": "Encounter", "id": "stay", "status": "in-progress", "subject": subject,
            "class": { "code": "IMP" }, "period": { "start": now } }),
        json!({ "resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order",
            "subject": subject, "authoredOn": "2024-01-01T08:00:00Z", "medicationCodeableConcept": {
            "coding": [{ "system": "http://www.whocc.no/atc", "code": "A10BA02" }] } }),
        observation("c", "2160-0", 0.8, "mg/dL", "2025-06-01T08:00:00Z"),
        json!({ "resourceType": "Observation", "id": "acvpu", "status": "final", "subject": subject,
            "code": { "coding": [{ "system": "http://loinc.org", "code": "80288-4" }] },
            "effectiveDateTime": now, "valueCodeableConcept": { "coding": [
            { "system": "http://snomed.info/sct", "code": "248234008" }] } }),
    ];
    all.extend(vitals.map(|(id, code, value, unit)| observation(id, code, value, unit, now)));
    all.into_iter().map(|resource| (now, resource)).collect()
}

fn ward(respiratory_rate: f64) -> Ward {
    let mut ward = Ward::open();
    for (now, resource) in records(respiratory_rate) {
        let text = resource.to_string();
        let (letter, _) = ward.receive(&source(Format::Fhir), text.as_bytes(), at(now));
        assert_eq!(letter, None, "{text}");
    }
    ward
}

/// Asks, and sees that asking changed nothing.
fn ask(ward: &mut Ward, facts: &str) -> Result<WhatIfRecord, String> {
    let before = digest(&ward.shard.snapshot());
    let patient = ward.shard.twins().patient(&TwinId::new(NAMESPACE, "P1")).unwrap();
    let mut answers = (0..2).map(|_| what_if(ward.shard.fork(&[patient]), facts));
    let (first, second) = (answers.next().unwrap(), answers.next().unwrap());
    drop(answers);
    let text = |answer: Result<WhatIfRecord, _>| {
        answer.map_err(|error: twinstream::engine::what_if::WhatIfError| error.to_string())
    };
    let (first, second) = (text(first), text(second));
    assert_eq!(first, second, "the same question has the same answer");
    assert_eq!(digest(&ward.shard.snapshot()), before, "a question changes nothing");
    first
}

#[test]
fn a_high_rate_would_raise_news2_and_say_what_it_rests_on() {
    let answer = ask(&mut ward(16.0), &rate(30.0).to_string()).unwrap();
    assert_eq!((answer.n_facts, answer.as_of.as_str()), (1, "2026-01-01T08:00:01Z"));
    // Other scores read the rate, too, and nothing is said of them.
    let score = answer.scores.iter().find(|score| score.pipeline == "news2");
    let Some(score) = score else { panic!("{answer:#?}") };
    let (before, after) = (score.before.as_ref().unwrap(), score.after.as_ref().unwrap());
    assert_eq!((score.pipeline.as_str(), before.value.as_deref()), ("news2", Some("0")));
    assert_eq!((after.value.as_deref(), after.band.as_deref()), (Some("3"), Some("low-medium")));
    let [moved] = score.moved.as_slice() else { panic!("{:#?}", score.moved) };
    let texts = (moved.input.as_str(), moved.before.as_str(), moved.after.as_str());
    assert_eq!(texts, ("respiratory_rate", "16 /min", "30 /min"));
    assert_eq!((moved.points_before, moved.points_after), (Some(0), Some(3)));
    let [effect] = answer.effects.as_slice() else { panic!("{:#?}", answer.effects) };
    assert_eq!((effect.kind.as_str(), effect.change.as_str()), ("alert", "raised"));
    let hypothetical: Vec<&str> = effect
        .evidence
        .iter()
        .filter(|one| one.hypothetical)
        .map(|one| one.value.as_str())
        .collect();
    assert_eq!(hypothetical, ["30 /min"]);
    assert!(
        effect.evidence.iter().any(|one| !one.hypothetical && one.source.starts_with("test[0]@"))
    );
}

#[test]
fn what_time_alone_does_is_not_laid_at_the_facts_door() {
    let mut ward = ward(16.0);
    ward.tick(at("2026-01-01T10:00:00Z"));
    let answer = ask(&mut ward, &rate(30.0).to_string()).unwrap();
    let score = answer.scores.iter().find(|score| score.pipeline == "news2").unwrap();
    let by_facts = score.moved.iter().filter(|input| !input.by_time_alone);
    let by_facts: Vec<&str> = by_facts.map(|input| input.input.as_str()).collect();
    assert_eq!(by_facts, ["respiratory_rate"], "{score:#?}");
    let pulse = score.moved.iter().find(|input| input.input == "pulse").unwrap();
    assert_eq!((pulse.before.as_str(), pulse.after.as_str()), ("70 /min", "none in its window"));
}

#[test]
fn a_bad_kidney_would_suggest_to_hold_metformin() {
    let creatinine = json!({
        "resourceType": "Observation", "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": "2160-0" }] },
        "valueQuantity": { "value": 300, "unit": "umol/L" },
    });
    let answer = ask(&mut ward(16.0), &creatinine.to_string()).unwrap();
    let effect = answer.effects.iter().find(|effect| effect.pipeline == "metformin-egfr").unwrap();
    assert_eq!((effect.kind.as_str(), effect.change.as_str()), ("suggestion", "raised"));
    assert!(effect.text.starts_with("Consider"), "{}", effect.text);
    let score = answer.scores.iter().find(|score| score.pipeline == "metformin-egfr").unwrap();
    assert!(score.moved.iter().any(|input| input.input == "creatinine"), "{score:#?}");
}

#[test]
fn a_value_that_never_was_would_withdraw_what_rests_on_it() {
    let wrong = json!({ "resourceType": "Observation", "id": "rr", "status": "entered-in-error" });
    let answer = ask(&mut ward(30.0), &wrong.to_string()).unwrap();
    let [effect] = answer.effects.as_slice() else { panic!("{answer:#?}") };
    assert_eq!((effect.pipeline.as_str(), effect.change.as_str()), ("news2", "withdrawn"));
    assert_eq!(effect.band_before.as_deref(), Some("low-medium"));
    let score = answer.scores.iter().find(|score| score.pipeline == "news2").unwrap();
    assert_eq!(score.after.as_ref().unwrap().status, "incomplete");
}

#[test]
fn what_changes_nothing_is_said_to_change_nothing() {
    let answer = ask(&mut ward(16.0), &rate(17.0).to_string()).unwrap();
    assert!(answer.nothing_changes, "{answer:#?}");
}

#[test]
fn facts_are_of_the_patient_that_was_asked_about_in_whatever_form_they_come() {
    let other = observation("x", "9279-1", 30.0, "/min", "2026-01-01T08:00:01Z");
    let other = other.to_string().replace("Patient/P1", "Patient/someone");
    let (high, fast) =
        (rate(30.0), observation("y", "8867-4", 135.0, "/min", "2026-01-01T08:00:01Z"));
    let bundle = json!({ "resourceType": "Bundle", "type": "collection", "entry": [
        { "fullUrl": "urn:uuid:1", "resource": high }, { "resource": fast }] });
    let lines = format!("{high}\n{fast}\n");
    for facts in [json!([high, fast]).to_string(), bundle.to_string(), lines, format!("{bundle:#}")]
    {
        let answer = ask(&mut ward(16.0), &facts).unwrap();
        assert_eq!((answer.n_facts, answer.notes.len()), (2, 0), "{facts}\n{answer:#?}");
        let score = answer.scores.iter().find(|score| score.pipeline == "news2").unwrap();
        let after = score.after.clone().unwrap();
        assert_eq!(after.value.as_deref(), Some("6"), "both count together: {facts}");
        assert_eq!(answer.effects.len(), 1, "nothing between is said: {facts}");
    }
    let answer = ask(&mut ward(16.0), &other).unwrap();
    assert_eq!(
        answer.notes,
        ["the facts name Patient/someone: they are taken as facts about test/P1"]
    );
    assert_eq!(answer.effects.len(), 1);
}

#[test]
fn what_the_policy_keeps_back_is_told_as_kept_back() {
    let mut ward = ward(16.0);
    let over = json!({ "resourceType": "Encounter", "id": "stay", "status": "finished",
        "subject": { "reference": "Patient/P1" }, "class": { "code": "IMP" },
        "period": { "start": "2026-01-01T08:00:00Z", "end": "2026-01-01T08:30:00Z" } });
    let now = at("2026-01-01T08:30:00Z");
    ward.receive(&source(Format::Fhir), over.to_string().as_bytes(), now);
    let answer = ask(&mut ward, &rate(30.0).to_string()).unwrap();
    assert!(answer.effects.iter().all(|effect| effect.pipeline != "news2"), "{answer:#?}");
    let withheld = answer.withheld.iter().find(|one| one.pipeline == "news2").unwrap();
    assert_eq!(withheld.reason, "setting");
    assert!(!answer.nothing_changes);
}

#[test]
fn what_cannot_be_read_is_refused_whole_with_its_place() {
    let good = rate(30.0);
    let mut no_unit = rate(30.0);
    no_unit["effectiveDateTime"] = json!("2026-01-01T08:00:00");
    let ahead = observation("x", "9279-1", 30.0, "/min", "2026-01-02T08:00:00Z");
    for (facts, expected) in [
        ("", "facts: there are none; expected a FHIR resource"),
        ("{", "facts: not JSON at line 1 column 1"),
        ("[1]", "facts: record 1 is no JSON object"),
        (r#"{"resourceType":"Observation"}"#, "facts: record 1 Observation: undecodable: status is missing"),
        (r#"{"id":"x"}"#, "facts: record 1: undecodable: resourceType is missing"),
        (&format!("{good}\n{no_unit}"), "facts: record 2 Observation: bad_time: effectiveDateTime: a time of day without an offset"),
        (&format!("[{good},{ahead}]"), "facts: record 2 Observation: future_time: effectiveDateTime: 86399 s ahead"),
        (&json!({ "resourceType": "Bundle", "type": "collection", "entry": [{ "resource": good },
            { "resource": { "resourceType": "Encounter" } }] }).to_string(),
            "facts: record 1/entry/1 Encounter: undecodable: status: expected a code of Encounter"),
    ] {
        let error = ask(&mut ward(16.0), facts).unwrap_err();
        assert!(error.starts_with(expected), "{facts}\n{error}");
    }
}

fn twin(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(TWIN);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn the_command_asks_a_folder_and_refuses_with_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let lines: String = records(16.0).iter().map(|(_, one)| format!("{one}\n")).collect();
    let replayed =
        twin(&["replay", "-", "--data", data, "--until", "2026-01-01T08:00:00Z"], &lines);
    assert!(replayed.status.success(), "{replayed:?}");
    let what_if = |patient: &str, output: &str, facts: &str| {
        let said = twin(&["what-if", patient, "-f", "-", "--data", data, "-o", output], facts);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (said.status.code(), text(&said.stdout), text(&said.stderr))
    };
    let high = rate(30.0).to_string();
    let (code, table, _) = what_if("P1", "table", &high);
    assert_eq!(code, Some(0));
    assert!(table.contains("respiratory_rate 16 /min → 30 /min (points 0 → 3)"), "{table}");
    assert!(table.contains("raised") && table.contains("hypothetical"), "{table}");
    let (_, json, _) = what_if("local/P1", "json", &high);
    let record: WhatIfRecord = serde_json::from_str(&json).unwrap();
    assert!(record.hypothetical && !record.nothing_changes);
    let (_, csv, _) = what_if("P1", "csv", &high);
    assert!(csv.starts_with("what,pipeline,change,before,after,why\nscore,"), "{csv}");
    assert!(csv.contains("\nscore,news2,"), "{csv}");
    let (code, nothing, _) = what_if("P1", "table", &rate(17.0).to_string());
    assert!(code == Some(0) && nothing.contains("Nothing would change"), "{nothing}");
    for (patient, facts, word) in [
        ("P2", high.as_str(), "no patient P2"),
        ("P1", "nonsense", "not JSON at line 1"),
        ("P1", r#"{"resourceType":"Observation"}"#, "status is missing"),
    ] {
        let (code, out, error) = what_if(patient, "table", facts);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{error}");
        assert!(error.contains(word), "{error}");
    }
    let (_, after, _) = what_if("P1", "csv", &high);
    assert_eq!(after, csv, "the folder is as it was");
}
