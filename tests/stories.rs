//! The worked examples: those in the pipeline files, and those that the issue of this product names.

use twinstream::domain::effect::EffectChange;
use twinstream::engine::library::Library;
use twinstream::engine::shard::Leaving;
use twinstream::engine::story_run;
use twinstream::ingest::source::Format;

use crate::support::{Ward, at, source};

fn library() -> Library {
    Library::shipped().expect("the pipelines that ship")
}

fn assert_story(story: &str) {
    if let Err(error) = story_run::run(story, &library()) {
        panic!("{error}\n{story}");
    }
}

#[test]
fn every_pipeline_tells_stories_and_they_are_true() {
    let library = library();
    for pipeline in library.pipelines().unwrap() {
        let name = &pipeline.name;
        assert!(!pipeline.stories.is_empty(), "{name} tells no story");
        for story in &pipeline.stories {
            if let Err(error) = story_run::run(&story.story, &library) {
                panic!("{name} › {}: {error}", story.name);
            }
        }
    }
}

#[test]
fn a_false_story_is_found_out() {
    let story = "08:00 P1  baseline adult_normal\n08:01 P1  expect alert news2 band high\n";
    let error = story_run::run(story, &library()).unwrap_err();
    assert_eq!(error.line, 2, "{error}");
}

#[test]
fn a_watch_changes_no_score() {
    assert_story(
        "08:00 P1  baseline adult_normal
         08:10 P1  watch respiratory_rate 40 /min   watch heart_rate 200 /min   watch spo2 70 %   watch temperature 41.0 Cel
               P1  expect score news2 0 band low status final   expect no alert news2   expect pages news2 0
         08:20 P1  respiratory_rate 40 /min
               P1  expect alert news2 band low-medium score 3",
    );
}

#[test]
fn metformin_in_acute_injury_is_never_silence() {
    // Below 30 and stable: stop. The same value after a rise: hold, because it is no steady state.
    assert_story(
        "2025-01-10 08:00 P1  patient 1950-06-15 female   takes metformin since 2023-01-01   creatinine 0.90 mg/dL
                          P1  expect no suggestion metformin-egfr
         2025-01-11 08:00 P1  creatinine 2.60 mg/dL
                          P1  expect suggestion metformin-egfr band hold-unstable severity interruptive
         2025-01-12 08:00 P1  correct creatinine@2025-01-11T08:00 to 0.92 mg/dL
                          P1  expect suggestion metformin-egfr withdrawn",
    );
}

#[test]
fn contrast_within_a_week_is_said_today_and_resolved_after_it() {
    // The site file lets the order stand for seven days: its end is known from the first, and must
    // neither hide what is so until then nor be forgotten.
    let order = |kind: &str, id: &str, code: &str, more: &str| {
        format!(
            r#"{{"resource":{{"resourceType":"{kind}","id":"{id}","subject":{{"reference":"Patient/P1"}},
            {code}{more}}}}}"#
        )
    };
    let coded = |field: &str, system: &str, code: &str| {
        format!(r#""{field}":{{"coding":[{{"system":"{system}","code":"{code}"}}]}},"#)
    };
    let entries = [
        r#"{"resource":{"resourceType":"Patient","id":"P1","birthDate":"1950-06-15","gender":"female"}}"#.to_owned(),
        order("MedicationRequest", "m", &coded("medicationCodeableConcept", "http://www.whocc.no/atc", "A10BA02"),
            r#""status":"active","intent":"order","authoredOn":"2023-01-01T08:00:00Z""#),
        order("Observation", "c", &coded("code", "http://loinc.org", "2160-0"),
            r#""status":"final","effectiveDateTime":"2025-01-10T08:00:00Z","valueQuantity":{"value":1.1,"unit":"mg/dL"}"#),
        order("ServiceRequest", "ct", &coded("code", "urn:demo:orders", "ct-iodinated-contrast"),
            r#""status":"active","intent":"order","authoredOn":"2025-01-10T09:00:00Z""#),
    ];
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#,
        entries.join(",")
    );
    let mut ward = Ward::open();
    let now = at("2025-01-10T09:00:00Z");
    let told = |leaving: &[Leaving]| -> Vec<(String, EffectChange)> {
        let of_metformin = leaving.iter().filter(|one| *one.effect.pipeline == *"metformin-egfr");
        of_metformin.map(|one| (one.effect.band.to_string(), one.effect.change)).collect()
    };
    let (letter, leaving) = ward.receive(&source(Format::Fhir), bundle.as_bytes(), now);
    assert_eq!(letter, None);
    let hold = || "hold-at-contrast-recheck-48h".to_owned();
    assert_eq!(told(&leaving), [(hold(), EffectChange::Raised)]);
    assert_eq!(told(&ward.tick(at("2025-01-17T08:00:00Z"))), []);
    assert_eq!(told(&ward.tick(at("2025-01-17T10:00:00Z"))), [(hold(), EffectChange::Resolved)]);
}

#[test]
fn chronic_disease_takes_ninety_days() {
    let until = |day: &str| {
        format!(
            "2024-01-10 08:05 P1  patient 1950-06-15 female   creatinine 1.50 mg/dL
             2024-02-20 08:05 P1  creatinine 1.50 mg/dL
             {day} P1  creatinine 1.50 mg/dL"
        )
    };
    let none = "P1  expect no follow-up ckd-monitoring";
    let due = "P1  expect follow-up ckd-monitoring subject egfr band scheduled\n\
               P1  expect follow-up ckd-monitoring subject uacr band due";
    assert_story(&format!("{}\n{none}", until("2024-04-09 08:04")));
    assert_story(&format!("{}\n{due}", until("2024-04-09 08:05")));
}

#[test]
fn a_normal_value_between_breaks_the_ninety_days() {
    assert_story(
        "2024-01-10 08:05 P1  patient 1950-06-15 female   creatinine 1.50 mg/dL
         2024-03-01 08:05 P1  creatinine 0.80 mg/dL
         2024-05-20 08:05 P1  creatinine 1.15 mg/dL
                          P1  expect no follow-up ckd-monitoring",
    );
}

#[test]
fn comfort_care_ends_monitoring() {
    assert_story(
        "2024-01-10 08:00 P1  patient 1950-06-15 female   creatinine 3.50 mg/dL
         2024-05-10 08:00 P1  creatinine 3.60 mg/dL
                          P1  expect follow-up ckd-monitoring subject egfr band scheduled
         2024-06-01 08:00 P1  state comfort_care
                          P1  expect follow-up ckd-monitoring subject egfr resolved
                          P1  expect follow-up ckd-monitoring subject uacr resolved",
    );
}
