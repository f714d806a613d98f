//! Models in pipelines: what they read, what they say and why, and that a broken one breaks nothing else.
//!
//! The models of `tests/data/models` are so small that what they answer can be worked out by hand.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use twinstream::domain::effect::Effect;
use twinstream::domain::identity::TwinId;
use twinstream::engine::history::{History, record_of};
use twinstream::engine::library::{Library, LibraryError};
use twinstream::engine::rehearsal::Rehearsal;
use twinstream::engine::story_run;
use twinstream::ingest::decoder::Decoder;
use twinstream::ingest::files::FileRecord;
use twinstream::ingest::source::Format;
use twinstream::model::shelf::hash_of;
use twinstream::pipeline::model_card::KEYS;
use twinstream::pipeline::view::Scratch;
use twinstream::rules::assessment::Outcome;

use crate::support::{at, site, source};

const NEWS2: &str = include_str!("../pipelines/news2.yaml");
const RISK: &[u8] = include_bytes!("data/models/risk.onnx");
const WIDE: &[u8] = include_bytes!("data/models/wide.onnx");
const NAN: &[u8] = include_bytes!("data/models/nan.onnx");

const PIPELINE: &str = "
name: test-risk
title: Risk for a test
kind: alert
edition: '1'
source: made up for a test
model: test
score: risk
features:
  age: age
applies_when:
  - age is at least 16 years
bands:
  - band: high
    when: risk is at least 0.5
    severity: interruptive
    says: 'Risk {risk}, because: {drivers}.'
  - band: low
    severity: log
    says: 'Risk {risk}.'
policy:
  raise_from: high
  clears_after: 0 min
  lockout: 0 min
  evidence_age_max: 24 h
";

const FEATURES: &str = "
  rate       | latest heart_rate within 4 h                | 80
  breaths    | mean respiratory_rate within 4 h            | 16
  pressure   | lowest systolic_blood_pressure within 4 h   | 120
";

/// A folder with NEWS2, the model and its pipeline.
fn folder(weights: &[u8], hash: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("models/test");
    fs::create_dir_all(&model).unwrap();
    let yaml = format!(
        "name: test\nedition: '1'\nweights: model.onnx\nsha256: '{hash}'\nfeatures: |{FEATURES}"
    );
    fs::write(model.join("model.yaml"), yaml).unwrap();
    fs::write(model.join("model.onnx"), weights).unwrap();
    let card = KEYS.iter().map(|(key, _)| format!("{key}: made up for a test\n"));
    fs::write(model.join("card.yaml"), card.collect::<String>()).unwrap();
    fs::write(folder.path().join("test-risk.yaml"), PIPELINE).unwrap();
    fs::write(folder.path().join("news2.yaml"), NEWS2).unwrap();
    folder
}

fn library(weights: &[u8]) -> Library {
    let folder = folder(weights, &hash_of(weights));
    Library::of_folder(folder.path()).expect("a model and its pipeline")
}

fn observation(name: &str, code: &str, unit: &str, value: f64, time: &str) -> serde_json::Value {
    json!({ "resource": {
        "resourceType": "Observation", "id": format!("{name}-{time}").replace(':', "-"), "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
        "subject": { "reference": "Patient/p1" }, "effectiveDateTime": time, "issued": time,
        "valueQuantity": { "value": value, "system": "http://unitsofmeasure.org", "code": unit, "unit": unit }
    }})
}

/// An hour of a patient: heart rate, respiratory rate, systolic pressure.
fn hour(time: &str, [rate, breaths, pressure]: [f64; 3]) -> String {
    let entries = [
        observation("hr", "8867-4", "/min", rate, time),
        observation("rr", "9279-1", "/min", breaths, time),
        observation("sbp", "8480-6", "mm[Hg]", pressure, time),
    ];
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries }).to_string()
}

fn rehearse(library: &Library, records: &[String]) -> Rehearsal {
    let spec = source(Format::Fhir);
    let mut decoder = Decoder::new(site());
    let mut history = History::new(&spec, at("2026-01-01T00:00:00Z")).unwrap();
    for (offset, payload) in (0..).zip(records) {
        let payload = payload.clone().into_bytes();
        let record = FileRecord { topic: "test".to_owned(), offset, key: None, payload };
        assert!(
            history.add(&mut decoder, &record_of(&record)).unwrap().is_none(),
            "a record was refused"
        );
    }
    let mut rehearsal = Rehearsal::open(library).unwrap();
    rehearsal.run(&history.sort().unwrap()).unwrap();
    rehearsal
}

fn records() -> Vec<String> {
    let stay = json!({
        "resourceType": "Encounter", "id": "e1", "status": "in-progress",
        "meta": { "lastUpdated": "2025-01-10T07:00:00Z" },
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP" },
        "subject": { "reference": "Patient/p1" }, "period": { "start": "2025-01-10T07:00:00Z" }
    });
    vec![
        stay.to_string(),
        hour("2025-01-10T08:00:00Z", [80.0, 16.0, 120.0]),
        hour("2025-01-10T09:00:00Z", [100.0, 20.0, 110.0]),
        hour("2025-01-10T10:00:00Z", [140.0, 54.0, 85.0]),
    ]
}

fn outcome(rehearsal: &Rehearsal, pipeline: &str, time: &str) -> Outcome {
    let pipeline = rehearsal.pipeline(pipeline).unwrap();
    let twin = TwinId::new(source(Format::Fhir).namespace, "p1");
    let assessment = rehearsal.assess(pipeline, &twin, at(time), &mut Scratch::default());
    assessment.unwrap().outcome
}

fn effects(rehearsal: &Rehearsal, pipeline: &str) -> Vec<Effect> {
    let left = rehearsal.left().iter().filter(|one| *one.effect.pipeline == *pipeline);
    left.map(|one| (*one.effect).clone()).collect()
}

#[test]
fn a_model_says_its_risk_and_what_moved_it() {
    let rehearsal = rehearse(&library(RISK), &records());
    // z = 0.05 * 80 + 0.1 * 16 - 0.03 * 120 - 5 = -3.
    assert_eq!(
        outcome(&rehearsal, "test-risk", "2025-01-10T08:00:00Z"),
        Outcome::Final { value: 474 }
    );
    // The mean of 16, 20 and 54 is 30; z = 7 + 3 - 2.55 - 5 = 2.45.
    assert_eq!(
        outcome(&rehearsal, "test-risk", "2025-01-10T10:00:00Z"),
        Outcome::Final { value: 9206 }
    );
    let said = effects(&rehearsal, "test-risk");
    assert_eq!(said.len(), 1, "{said:?}");
    // Without the heart rate z is -0.55, without the breaths 1.05, without the pressure 1.4.
    assert_eq!(
        said[0].text,
        "Risk 92.1 %, because: Heart rate 140 /min raises it by 55.5 %, Respiratory rate (breaths 30) raises it by \
         18.0 %, Systolic blood pressure (pressure 85) raises it by 11.8 %."
    );
    let at_ten = said[0].evidence.iter().filter(|one| one.at == at("2025-01-10T10:00:00Z"));
    assert_eq!(at_ten.count(), 3, "each series is evidence by its newest value");
}

#[test]
fn a_missing_input_is_missing_and_not_zero() {
    let library = library(RISK);
    let story = "
        2025-01-10 08:00 P1  patient 1950-06-15 female   heart_rate 140 /min
                         P1  expect score test-risk 5000 band high status final
        2025-01-10 12:01 P1  respiratory_rate 16 /min
                         P1  expect score test-risk 474 band low status final";
    story_run::run(story, &library).unwrap();
}

#[test]
fn a_newest_value_that_cannot_be_used_makes_the_risk_not_computable() {
    let library = library(RISK);
    let story = "
        2025-01-10 08:00 P1  patient 1950-06-15 female   heart_rate 140 /min   temperature 37.0 Cel
                         P1  expect score test-risk 5000 status final
        2025-01-10 09:00 P1  heart_rate 140 mm[Hg]
                         P1  expect score test-risk status not-computable
        2025-01-10 10:00 P1  heart_rate 80 /min
                         P1  expect score test-risk 474 status final";
    story_run::run(story, &library).unwrap();
}

#[test]
fn a_gate_closes_a_model_as_any_pipeline() {
    let library = library(RISK);
    let story = "
        2025-01-10 08:00 P1  patient 2015-06-15 female   heart_rate 140 /min
                         P1  expect score test-risk status not-applicable   expect no alert test-risk";
    story_run::run(story, &library).unwrap();
}

#[test]
fn what_comes_later_changes_nothing_that_was_read_before() {
    let library = library(RISK);
    let all = rehearse(&library, &records());
    for (length, time) in [(2, "2025-01-10T08:30:00Z"), (3, "2025-01-10T09:30:00Z")] {
        let then = rehearse(&library, &records()[..length]);
        let twin = TwinId::new(source(Format::Fhir).namespace, "p1");
        let numbers = |one: &Rehearsal| {
            let pipeline = one.pipeline("test-risk").unwrap();
            let numbers = one.numbers(pipeline, &twin, at(time), &mut Scratch::default()).unwrap();
            numbers.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
        };
        assert_eq!(numbers(&all), numbers(&then), "as of {time}");
    }
}

/// NEWS2 as it is said beside a model.
fn news2_beside(library: &Library) -> Vec<Effect> {
    let said = effects(&rehearse(library, &records()), "news2");
    assert!(!said.is_empty(), "NEWS2 says something");
    said
}

#[test]
fn a_broken_model_says_why_and_changes_no_other_pipeline() {
    let sound = news2_beside(&library(RISK));
    let truncated = &RISK[..RISK.len() / 2];
    let cases: [(&[u8], &str); 3] = [
        (truncated, "model `test`: "),
        (WIDE, "expected rows of 3 numbers"),
        (NAN, "it gave what is no number"),
    ];
    for (weights, expected) in cases {
        let library = library(weights);
        let rehearsal = rehearse(&library, &records());
        match outcome(&rehearsal, "test-risk", "2025-01-10T10:00:00Z") {
            Outcome::NotComputable { reason } => assert!(reason.contains(expected), "{reason}"),
            other => panic!("{expected}: {other:?}"),
        }
        assert!(effects(&rehearsal, "test-risk").is_empty());
        assert_eq!(news2_beside(&library), sound, "{expected}");
    }
}

#[test]
fn weights_that_are_not_those_of_the_file_are_refused() {
    let folder = folder(WIDE, &hash_of(RISK));
    match Library::of_folder(folder.path()) {
        Err(LibraryError::Weights { path, found, expected }) => {
            assert_eq!((found, expected), (hash_of(WIDE), hash_of(RISK)));
            assert!(path.ends_with(Path::new("models/test/model.onnx")), "{}", path.display());
        }
        other => panic!("{other:?}"),
    }
}

/// What is said of a folder in which one line of one file is another.
fn refusal(file: &str, line: &str, other: &str) -> String {
    let folder = folder(RISK, &hash_of(RISK));
    let path: PathBuf = folder.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(line), "{line}");
    fs::write(&path, text.replace(line, other)).unwrap();
    Library::of_folder(folder.path()).unwrap_err().to_string()
}

#[test]
fn mistakes_in_a_model_file_are_named_by_line() {
    let model = "models/test/model.yaml";
    let said =
        refusal(model, "mean respiratory_rate within 4 h", "mean respiratory_rat within 4 h");
    assert!(said.contains("line 7") && said.contains("unknown signal `respiratory_rat`"), "{said}");
    let said =
        refusal(model, "mean respiratory_rate within 4 h", "all respiratory_rate within 4 h");
    assert!(said.contains("is no number"), "{said}");
    let said = refusal(model, "| 80", "| eighty");
    assert!(said.contains("`eighty` is no usual value"), "{said}");
    let said = refusal(model, "breaths ", "rate ");
    assert!(said.contains("two inputs `rate`"), "{said}");
    let card = "models/test/card.yaml";
    let said = refusal(card, "intended_use: made up for a test\n", "");
    assert!(said.contains("does not answer `intended_use`"), "{said}");
    let said = refusal(card, "intended_use: made up for a test", "intended_use: ''");
    assert!(said.contains("`intended_use` has no answer"), "{said}");
    let said = refusal("test-risk.yaml", "model: test", "model: tset");
    assert!(said.contains("no such model, expected one of sepsis, test"), "{said}");
    let said = refusal("test-risk.yaml", "risk is at least 0.5", "risk is at least 50");
    assert!(said.contains("expected `risk is at least P`"), "{said}");
}
