//! What people do about an alert, as receivers see it: taken, silenced, dealt with, opened again, and kept.

use twinstream::domain::effect::{Effect, EffectChange, EffectStatus};
use twinstream::domain::event::{Event, EventBody};
use twinstream::domain::identity::{LogPosition, SourcePosition, TwinId};
use twinstream::domain::response::{Action, NoEffect, Response, check};
use twinstream::domain::time::{Span, Timestamp};
use twinstream::engine::digest::digest;
use twinstream::engine::library::Library;
use twinstream::engine::shard::{Leaving, LogFrame, Shard};
use twinstream::engine::story_run;
use twinstream::ingest::source::Format;
use twinstream::log::decode::decode_frame;
use twinstream::output::fhir::fhir_record;
use twinstream::output::record::alert_record;

use crate::support::{NAMESPACE, Ward, at, source};

fn assert_story(story: &str) {
    if let Err(error) = story_run::run(story, &Library::shipped().unwrap()) {
        panic!("{error}\n{story}");
    }
}

const RED: &str = "08:00 P1  baseline adult_normal
    09:00 P1  respiratory_rate 25 /min  spo2 97 %  systolic_blood_pressure 120 mm[Hg]  heart_rate 70 /min  consciousness alert  temperature 37.0 Cel
          P1  expect alert news2 band low-medium unanswered\n";

#[test]
fn an_acknowledgement_stands_until_it_becomes_worse() {
    assert_story(&format!(
        "{RED}
    09:05 P1  acknowledge news2
          P1  expect alert news2 acknowledged revision 2   expect pages news2 0
    09:10 P1  respiratory_rate 26 /min
          P1  expect alert news2 acknowledged
    09:20 P1  respiratory_rate 26 /min  systolic_blood_pressure 95 mm[Hg]
          P1  expect alert news2 band medium unanswered   expect pages news2 1
    09:25 P1  acknowledge news2
          P1  expect alert news2 acknowledged
    09:30 P1  heart_rate 135 /min
          P1  expect alert news2 band high unanswered   expect pages news2 2"
    ));
}

#[test]
fn a_correction_that_raises_the_band_pages_again() {
    assert_story(&format!(
        "{RED}
    09:05 P1  acknowledge news2
    09:10 P1  correct systolic_blood_pressure@09:00 to 85 mm[Hg]
          P1  expect alert news2 band medium unanswered   expect pages news2 1"
    ));
}

#[test]
fn a_new_single_red_parameter_is_never_held_back() {
    // The band stays what it is; whoever answered did not know of this one.
    assert_story(
        "08:00 P1  baseline adult_normal
    09:00 P1  respiratory_rate 25 /min  spo2 93 %  systolic_blood_pressure 105 mm[Hg]  heart_rate 70 /min  consciousness alert  temperature 37.0 Cel
          P1  expect alert news2 band medium score 6   expect pages news2 1
    09:05 P1  snooze news2 2 h
          P1  expect alert news2 snoozed
    09:10 P1  respiratory_rate 20 /min  systolic_blood_pressure 90 mm[Hg]
          P1  expect alert news2 band medium score 5 unanswered   expect pages news2 2",
    );
}

#[test]
fn a_snooze_is_silent_and_shows_again_when_it_is_over() {
    assert_story(
        "08:00 P1  baseline adult_normal
    09:00 P1  respiratory_rate 25 /min  spo2 93 %  systolic_blood_pressure 120 mm[Hg]  heart_rate 70 /min  consciousness alert  temperature 37.0 Cel
          P1  expect alert news2 band medium   expect pages news2 1
    09:05 P1  snooze news2 30 min
    09:20 P1  respiratory_rate 25 /min
          P1  expect alert news2 snoozed   expect pages news2 1
    09:34 P1  tick
          P1  expect alert news2 snoozed   expect pages news2 1
    09:35 P1  tick
          P1  expect alert news2 active revision 3   expect pages news2 2
    09:50 P1  tick
          P1  expect pages news2 2",
    );
}

#[test]
fn a_snooze_outlasts_the_episode_and_its_lockout() {
    assert_story(&format!(
        "{RED}
    09:05 P1  snooze news2 6 h
    09:10 P1  respiratory_rate 16 /min
    09:40 P1  respiratory_rate 16 /min
          P1  expect alert news2 resolved
    11:00 P1  respiratory_rate 25 /min
          P1  expect no alert news2   expect silent news2 snoozed
    11:05 P1  respiratory_rate 25 /min  spo2 97 %  systolic_blood_pressure 90 mm[Hg]  heart_rate 70 /min  consciousness alert  temperature 37.0 Cel
          P1  expect alert news2 band medium score 6"
    ));
}

#[test]
fn what_a_person_resolved_stays_so_unless_it_becomes_worse() {
    assert_story(&format!(
        "{RED}
    09:05 P1  resolve news2
          P1  expect alert news2 resolved revision 2   expect no alert news2
    09:10 P1  respiratory_rate 25 /min
          P1  expect no alert news2   expect silent news2 resolved-by-person
    09:20 P1  systolic_blood_pressure 90 mm[Hg]
          P1  expect alert news2 band medium revision 3 unanswered"
    ));
}

/// A patient in a bed, with one red parameter.
fn red() -> (Ward, Leaving) {
    let observation = |id: &str, loinc: &str, value: f64, unit: &str| {
        format!(
            r#"{{"resource":{{"resourceType":"Observation","id":"{id}","status":"final","subject":{{"reference":"Patient/P1"}},
            "code":{{"coding":[{{"system":"http://loinc.org","code":"{loinc}"}}]}},"effectiveDateTime":"2026-01-01T09:00:00Z",
            "valueQuantity":{{"value":{value},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}}}}}"#
        )
    };
    let stay = r#"{"resource":{"resourceType":"Encounter","id":"e","status":"in-progress","subject":{"reference":"Patient/P1"},
        "class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"period":{"start":"2026-01-01T08:00:00Z"}}}"#;
    let entries = [
        stay.to_owned(),
        observation("rr", "9279-1", 25.0, "/min"),
        observation("hr", "8867-4", 135.0, "/min"),
        observation("bp", "8480-6", 90.0, "mm[Hg]"),
    ];
    let entries = entries.join(",");
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{entries}]}}"#);
    let mut ward = Ward::open();
    let now = at("2026-01-01T09:00:00Z");
    let (letter, leaving) = ward.receive(&source(Format::Fhir), bundle.as_bytes(), now);
    assert_eq!(letter, None);
    let alert = leaving.into_iter().find(|one| *one.effect.pipeline == *"news2");
    (ward, alert.expect("an alert"))
}

fn response(alert: &Effect, action: Action, at: Timestamp) -> Response<'static> {
    let (by, role, why) = ("Ada Byron".into(), "charge nurse".into(), "seen at the bed".into());
    Response { effect: alert.id, action, by, role, why, at }
}

fn event(response: Response<'static>) -> Event<'static> {
    let source = SourcePosition::new("twin", 0, 0);
    let twin = TwinId::new(NAMESPACE, "P1");
    Event { source, available_at: Some(response.at), body: EventBody::Response { twin, response } }
}

fn of(leaving: &[Leaving]) -> Vec<(u32, EffectChange)> {
    leaving.iter().map(|one| (one.effect.revision, one.effect.change)).collect()
}

#[test]
fn who_answered_leaves_with_the_alert_and_again_changes_nothing() {
    let (mut ward, alert) = red();
    let answered_at = at("2026-01-01T09:05:00Z");
    let acknowledge = event(response(&alert.effect, Action::Acknowledge, answered_at));
    let leaving = ward.happen(&acknowledge);
    assert_eq!(of(&leaving), [(2, EffectChange::Acknowledged)]);
    let cause = LogPosition { partition: 0, offset: 9, index: 0 };
    let Leaving { twin, number, effect, .. } = &leaving[0];
    let record: serde_json::Value =
        serde_json::from_str(&alert_record(twin, *number, effect, cause).unwrap().value).unwrap();
    assert_eq!(record["acknowledged"]["by"], "Ada Byron");
    assert_eq!(record["acknowledged"]["role"], "charge nurse");
    assert_eq!(record["acknowledged"]["why"], "seen at the bed");
    assert_eq!(record["acknowledged"]["at"], "2026-01-01T09:05:00Z");
    let bundle = fhir_record(twin, effect, cause).unwrap().value;
    let bundle: serde_json::Value = serde_json::from_str(&bundle).unwrap();
    let task = bundle["entry"].as_array().unwrap().iter().map(|entry| &entry["resource"]);
    let task = task.into_iter().find(|one| one["resourceType"] == "Task").unwrap();
    assert_eq!(task["status"], "accepted");
    assert_eq!(task["owner"]["display"], "Ada Byron (charge nurse)");
    assert_eq!(of(&ward.happen(&acknowledge)), [], "the same event again");
}

#[test]
fn what_has_no_effect_is_refused_and_stays_in_the_log_without_one() {
    let (mut ward, alert) = red();
    let now = at("2026-01-01T09:05:00Z");
    let days = |days| Action::Snooze { until: now.plus(Span::from_days(days)) };
    assert_eq!(
        check(&alert.effect, &response(&alert.effect, days(2), now), now),
        Err(NoEffect::BadSnooze)
    );
    assert_eq!(
        check(&alert.effect, &response(&alert.effect, days(0), now), now),
        Err(NoEffect::BadSnooze)
    );
    let nobody = Response { by: " ".into(), ..response(&alert.effect, Action::Acknowledge, now) };
    assert_eq!(check(&alert.effect, &nobody, now), Err(NoEffect::NotSaid));
    assert_eq!(of(&ward.happen(&event(nobody))), []);
    let mut other = (*alert.effect).clone();
    other.id.0 += 1;
    assert_eq!(of(&ward.happen(&event(response(&other, Action::Acknowledge, now)))), []);
    let withdrawn = Effect { status: EffectStatus::Withdrawn, ..other };
    assert_eq!(
        check(&withdrawn, &response(&withdrawn, Action::Acknowledge, now), now),
        Err(NoEffect::Withdrawn)
    );
    let resolve = response(&alert.effect, Action::Resolve, now);
    assert_eq!(of(&ward.happen(&event(resolve.clone()))), [(2, EffectChange::Resolved)]);
    let later = Response { at: now.plus(Span::from_minutes(1)), ..resolve };
    assert_eq!(of(&ward.happen(&event(later))), [], "it has ended");
}

#[test]
fn a_replay_comes_to_the_same_and_the_log_reads_what_it_wrote() {
    let (mut ward, alert) = red();
    let until = at("2026-01-01T10:00:00Z");
    let responses = [
        (Action::Acknowledge, "2026-01-01T09:05:00Z"),
        (Action::Snooze { until }, "2026-01-01T09:06:00Z"),
    ];
    for (action, when) in responses {
        let event = event(response(&alert.effect, action, at(when)));
        let bytes = crate::support::frame([&event]);
        assert_eq!(decode_frame(&bytes).unwrap(), std::slice::from_ref(&event));
        ward.happen(&event);
    }
    ward.tick(at("2026-01-01T10:00:00Z"));
    let mut again = Shard::new(0);
    for (offset, bytes) in (0..).zip(ward.frames()) {
        let appended_at = Timestamp::from_micros(0);
        again.step(&[LogFrame { offset, appended_at, bytes: bytes.clone() }]).unwrap();
    }
    let said = |shard: &Shard| -> Vec<String> {
        shard.effects().revisions().iter().map(|row| format!("{:?}", row.effect)).collect()
    };
    assert_eq!(said(&again), said(&ward.shard));
    assert_eq!(digest(&again.snapshot()), digest(&ward.shard.snapshot()));
    assert!(said(&again).iter().any(|text| text.contains("Reminded")), "{:?}", said(&again));
    let restored = crate::checkpoint::restored_of(&mut again);
    assert_eq!(said(&restored), said(&ward.shard));
}
