//! Pipelines that speak, and those that do not: what is said to whom, what is kept, and what is true all the same.

use std::sync::Arc;

use serde_json::{Value, json};

use twinstream::clock::now;
use twinstream::domain::effect::{EffectChange, EffectStatus};
use twinstream::domain::event::{Clock, Control, Event};
use twinstream::domain::promotion::{PipelineState, Promotion};
use twinstream::domain::time::{Span, Timestamp};
use twinstream::engine::digest::digest;
use twinstream::engine::library::Library;
use twinstream::engine::local::{Durability, LocalEngine};
use twinstream::engine::promoting::{PromotionWish, event_of, judge};
use twinstream::engine::shard::{Leaving, Shard};
use twinstream::engine::story_run;
use twinstream::ingest::source::Format;
use twinstream::log::decode::decode_frame;
use twinstream::sim::ward;
use twinstream::sql::format;
use twinstream::sql::query::{QueryLimits, run};
use twinstream::sql::session::Session;
use twinstream::twin::snapshot::ShardSnapshot;

use crate::checkpoint::restored_of;
use crate::support::{Ward, at, control, frame, log_frame, opening_in_shadow, site, source};

fn promotion(pipeline: &str, to: PipelineState, at: Timestamp) -> Promotion<'static> {
    Promotion {
        pipeline: pipeline.to_owned().into(),
        to,
        by: "A. Adams".into(),
        role: "ward physician".into(),
        pharmacist: "".into(),
        why: "tried for six weeks".into(),
        hash: "".into(),
        at,
    }
}

impl Ward {
    fn promote(&mut self, to: PipelineState, now: Timestamp) -> Vec<Leaving> {
        self.order(Control::Promotion(promotion("news2", to, now)), now)
    }
}

fn rate(value: u32, time: &str) -> String {
    json!({
        "resourceType": "Observation", "id": format!("rr-{time}"), "status": "final",
        "subject": { "reference": "Patient/P1" },
        "code": { "coding": [{ "system": "http://loinc.org", "code": "9279-1" }] },
        "effectiveDateTime": time, "issued": time,
        "valueQuantity": { "value": value, "unit": "/min" },
    })
    .to_string()
}

/// A patient in a bed.
fn admit(ward: &mut Ward) {
    let stay = json!({
        "resourceType": "Encounter", "id": "e", "status": "in-progress",
        "subject": { "reference": "Patient/P1" },
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP" },
        "period": { "start": "2026-01-02T03:00:00Z" }, "meta": { "lastUpdated": "2026-01-02T03:00:00Z" },
    });
    measure(ward, &stay.to_string(), "2026-01-02T03:00:00Z");
}

fn measure(ward: &mut Ward, record: &str, now: &str) -> Vec<Leaving> {
    let (letter, leaving) = ward.receive(&source(Format::Fhir), record.as_bytes(), at(now));
    assert_eq!(letter, None, "{record}");
    leaving
}

fn breathes(ward: &mut Ward, value: u32, time: &str) -> Vec<Leaving> {
    measure(ward, &rate(value, time), time)
}

fn rows(shards: Vec<ShardSnapshot>, sql: &str) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut session, limits) = (Session::default(), QueryLimits::default());
    let result = runtime.block_on(run(Arc::new(shards), sql, &mut session, limits)).unwrap();
    serde_json::from_str(&format::json(&result).unwrap()).unwrap()
}

fn asked(ward: &mut Ward, sql: &str) -> Value {
    rows(vec![ward.shard.snapshot()], sql)
}

fn truth(ward: &mut Ward) -> String {
    digest(&ward.shard.snapshot()).to_string()
}

const EVERYWHERE: &str = "SELECT id FROM alerts UNION ALL SELECT id FROM follow_ups UNION ALL \
    SELECT id FROM suggestions UNION ALL SELECT id FROM revisions UNION ALL SELECT effect FROM evidence";

#[test]
fn in_shadow_nobody_is_told_and_everything_is_kept() {
    let (mut ward, mut other) = (Ward::open_in_shadow(), Ward::open());
    admit(&mut ward);
    admit(&mut other);
    assert!(breathes(&mut ward, 26, "2026-01-02T04:00:00Z").is_empty());
    let heard = breathes(&mut other, 26, "2026-01-02T04:00:00Z");
    assert!(!heard.is_empty());
    let said = |all: &[Leaving]| -> Vec<_> {
        all.iter().map(|one| (one.effect.id, one.effect.change, one.effect.text.clone())).collect()
    };
    assert_eq!(said(&ward.unheard), said(&heard), "it is what would have been said");
    assert_eq!(truth(&mut ward), truth(&mut other), "what is true is the same");
    assert_eq!(asked(&mut ward, EVERYWHERE), json!([]));
    let shadow =
        "SELECT kind, pipeline, status, not_alerting FROM shadow_effects WHERE pipeline = 'news2'";
    assert_eq!(
        asked(&mut ward, shadow),
        json!([{ "kind": "alert", "pipeline": "news2", "status": "active",
                 "not_alerting": "not alerting (the pipeline is in shadow: nobody has put it live)" }])
    );
    assert_eq!(asked(&mut other, "SELECT id FROM shadow_effects"), json!([]));
    let state = "SELECT state, since, decided_by, open FROM pipelines WHERE name = 'news2'";
    assert_eq!(asked(&mut ward, state), json!([{ "state": "shadow", "open": 0 }]));
    assert_eq!(asked(&mut ward, "SELECT not_alerting FROM patients"), json!([{}]));
}

#[test]
fn what_holds_when_a_pipeline_goes_live_is_heard_once() {
    let mut ward = Ward::open_in_shadow();
    admit(&mut ward);
    breathes(&mut ward, 26, "2026-01-02T04:00:00Z");
    let would_be =
        ward.unheard.iter().find(|one| *one.effect.pipeline == *"news2").unwrap().clone();
    let live = ward.promote(PipelineState::Live, at("2026-01-02T04:10:00Z"));
    let said: Vec<_> =
        live.iter().map(|one| (one.effect.id, one.effect.change, one.number)).collect();
    assert_eq!(said, [(would_be.effect.id, EffectChange::Raised, 1)]);
    let ended = ward.unheard.last().unwrap();
    assert_eq!(
        (ended.effect.id, ended.effect.status),
        (would_be.effect.id, EffectStatus::Resolved)
    );
    assert_eq!(ended.effect.notes.last().unwrap(), "ended in shadow: the pipeline is live");
    let again = ward.order(
        Control::Promotion(promotion("news2", PipelineState::Live, at("2026-01-02T04:10:00Z"))),
        at("2026-01-02T04:11:00Z"),
    );
    assert!(again.is_empty(), "the same promotion again changes nothing");
    assert!(
        breathes(&mut ward, 26, "2026-01-02T04:20:00Z")
            .iter()
            .all(|one| *one.effect.pipeline != *"news2")
    );
    let history = "SELECT state, decided_by, role, why FROM promotions";
    assert_eq!(
        asked(&mut ward, history),
        json!([{ "state": "live", "decided_by": "A. Adams", "role": "ward physician", "why": "tried for six weeks" }])
    );
}

#[test]
fn what_is_old_when_a_pipeline_goes_live_is_kept_and_said_to_nobody() {
    let mut ward = Ward::open_in_shadow();
    admit(&mut ward);
    breathes(&mut ward, 26, "2026-01-02T04:00:00Z");
    let live = ward.promote(PipelineState::Live, at("2026-01-04T04:00:00Z"));
    assert!(live.is_empty(), "{live:?}");
    let kept = asked(&mut ward, "SELECT audience FROM alerts WHERE pipeline = 'news2'");
    assert_eq!(kept, json!([{ "audience": "retrospective" }]));
}

#[test]
fn what_stands_of_a_paused_pipeline_says_so_and_can_be_answered() {
    let (mut ward, mut other) = (Ward::open(), Ward::open());
    admit(&mut ward);
    admit(&mut other);
    breathes(&mut ward, 26, "2026-01-02T04:00:00Z");
    breathes(&mut other, 26, "2026-01-02T04:00:00Z");
    assert!(ward.promote(PipelineState::Paused, at("2026-01-02T04:10:00Z")).is_empty());
    let scores = "SELECT at, value FROM risks WHERE pipeline = 'news2'";
    let before = asked(&mut ward, scores);
    assert!(
        breathes(&mut ward, 12, "2026-01-02T05:00:00Z")
            .iter()
            .all(|one| *one.effect.pipeline != *"news2")
    );
    assert_eq!(asked(&mut ward, scores), before, "nothing is assessed");
    let since = "not alerting since 2026-01-02T04:10:00Z (pipeline paused by A. Adams (ward physician): tried for six weeks)";
    let alerts = "SELECT status, not_alerting FROM alerts WHERE pipeline = 'news2'";
    assert_eq!(asked(&mut ward, alerts), json!([{ "status": "active", "not_alerting": since }]));
    let lists = asked(&mut ward, "SELECT not_alerting FROM patients");
    assert_eq!(lists, json!([{ "not_alerting": format!("news2 {since}") }]));
    let then = "SELECT state FROM as_of('pipelines', '2026-01-02T04:05:00Z') WHERE name = 'news2'";
    assert_eq!(asked(&mut ward, then), json!([{ "state": "live" }]));
    // Going back looks at what came meanwhile.
    breathes(&mut other, 12, "2026-01-02T05:00:00Z");
    ward.promote(PipelineState::Live, at("2026-01-02T05:10:00Z"));
    let stands = "SELECT status, change, band, ended_at FROM alerts WHERE pipeline = 'news2'";
    for time in ["2026-01-02T05:10:00Z", "2026-01-02T12:00:00Z"] {
        ward.tick(at(time));
        other.tick(at(time));
        assert_eq!(asked(&mut ward, stands), asked(&mut other, stands), "{time}");
    }
    assert_eq!(truth(&mut ward), truth(&mut other), "as if it had never been paused");
    assert_eq!(asked(&mut ward, "SELECT not_alerting FROM patients"), json!([{}]));
}

#[test]
fn a_story_can_put_a_pipeline_in_a_state() {
    let story = "08:00 P1  baseline adult_normal   promote news2 shadow
    09:00 P1  respiratory_rate 25 /min  spo2 93 %  systolic_blood_pressure 120 mm[Hg]  heart_rate 70 /min  consciousness alert  temperature 37.0 Cel
          P1  expect no alert news2   expect shadow alert news2 band medium   expect pages news2 0
    09:10 P1  promote news2 live
          P1  expect alert news2 band medium   expect pages news2 1   expect shadow alert news2 resolved
    09:20 P1  pause news2
    09:30 P1  acknowledge news2   systolic_blood_pressure 85 mm[Hg]
          P1  expect alert news2 band medium acknowledged   expect pages news2 1
    09:40 P1  promote news2 live
          P1  expect alert news2 band high revision 3 unanswered   expect pages news2 2";
    if let Err(error) = story_run::run(story, &Library::shipped().unwrap()) {
        panic!("{error}\n{story}");
    }
}

/// The frames of a history with decisions in between, as a seed has them; at the end everything speaks.
fn decided(seed: u64, history: &[Vec<u8>], states: &[PipelineState]) -> Vec<Vec<u8>> {
    let mut frames = opening_in_shadow();
    let pipelines: Vec<String> =
        Library::shipped().unwrap().in_force().map(|(name, _)| name.to_owned()).collect();
    let (mut random, mut known) = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, Timestamp::MIN);
    let mut dice = |n: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % u64::try_from(n).unwrap()).unwrap()
    };
    for (place, bytes) in history.iter().enumerate() {
        frames.push(bytes.clone());
        known = decode_frame(bytes)
            .unwrap()
            .iter()
            .filter_map(|e| e.available_at)
            .fold(known, Timestamp::max);
        if dice(3) == 0 {
            let at = Timestamp::from_micros(i64::try_from(place).unwrap());
            let body = promotion(&pipelines[dice(pipelines.len())], states[dice(states.len())], at);
            frames.push(frame([&control(Control::Promotion(body), Some(known))]));
        }
    }
    for pipeline in &pipelines {
        let body = promotion(pipeline, PipelineState::Live, Timestamp::from_micros(1 << 40));
        frames.push(frame([&control(Control::Promotion(body), Some(known))]));
    }
    let end = known.plus(Span::from_days(1));
    frames.push(frame([&control(Control::Tick { at: end }, Some(end))]));
    frames
}

fn stepped(frames: &[Vec<u8>]) -> Shard {
    let mut shard = Shard::new(0);
    for (offset, bytes) in frames.iter().enumerate() {
        shard.step(&[log_frame(offset, bytes.clone())]).unwrap();
    }
    shard
}

/// TW-2: who speaks changes nothing that is true, and neither does a pause once it is over.
#[test]
fn what_is_true_does_not_depend_on_who_speaks() {
    for seed in 0..12 {
        let history = ward::history(&site(), seed);
        let none = decided(seed, &history, &[PipelineState::Live]);
        let expected = digest(&stepped(&none).snapshot());
        for states in [&PipelineState::ALL[..2], &PipelineState::ALL[..]] {
            let frames = decided(seed, &history, states);
            let mut shard = stepped(&frames);
            assert_eq!(digest(&shard.snapshot()), expected, "seed {seed}, {states:?}");
            assert!(shard.states().all(|state| state == PipelineState::Live));
            let open = shard
                .shadow()
                .rows()
                .iter()
                .filter(|row| row.effect.status == EffectStatus::Active);
            assert_eq!(open.count(), 0, "seed {seed}: what speaks has nothing in shadow");
        }
    }
}

/// CK-1: a shard that was restored between any two decisions goes on as if it had not been.
#[test]
fn a_restart_keeps_who_speaks_and_what_was_missed() {
    for seed in 0..6 {
        let frames = decided(seed, &ward::history(&site(), seed), &PipelineState::ALL);
        let mut whole = Shard::new(0);
        let mut restored = Shard::new(0);
        for (offset, bytes) in frames.iter().enumerate() {
            let one = whole.step(&[log_frame(offset, bytes.clone())]).unwrap();
            let other = restored.step(&[log_frame(offset, bytes.clone())]).unwrap();
            let text = |all: &[Leaving]| format!("{all:?}");
            assert_eq!(text(&one.leaving), text(&other.leaving), "seed {seed} offset {offset}");
            assert_eq!(text(&one.shadow), text(&other.shadow), "seed {seed} offset {offset}");
            if offset % 40 == 7 {
                restored = restored_of(&mut restored);
                assert_eq!(restored.promotions(), whole.promotions());
            }
        }
        assert_eq!(digest(&restored.snapshot()), digest(&whole.snapshot()), "seed {seed}");
    }
}

fn states_of(engine: &mut LocalEngine) -> Vec<Value> {
    let snapshots = engine.snapshots();
    let of = |shard: ShardSnapshot| {
        rows(vec![shard], "SELECT state FROM pipelines WHERE name = 'news2'")
    };
    snapshots.into_iter().map(of).collect()
}

#[test]
fn every_partition_is_told_by_the_first_and_a_folder_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let mut engine =
            LocalEngine::open(folder.path(), 4, Clock::Recorded, Durability::EachFlush).unwrap();
        engine.define(&Library::shipped().unwrap(), now()).unwrap();
        engine
    };
    let mut engine = open();
    let events = ward::history(&site(), 3);
    let submit = |engine: &mut LocalEngine, events: &[Vec<u8>]| {
        for bytes in events {
            decode_frame(bytes).unwrap().iter().for_each(|event: &Event<'_>| engine.submit(event));
        }
        engine.flush(now()).unwrap();
    };
    submit(&mut engine, &events);
    assert_eq!(states_of(&mut engine), vec![json!([{ "state": "shadow" }]); 4]);
    let effects = std::fs::read_to_string(folder.path().join("effects.ndjson")).unwrap();
    assert!(effects.contains("twin.shadow.v1") && effects.contains("\"state\":\"shadow\""));
    assert!(!effects.contains("twin.alerts.v1") && !effects.contains("twin.fhir.v1"));
    let wish = PromotionWish {
        pipeline: "news2".to_owned(),
        to: PipelineState::Live,
        by: "A. Adams".to_owned(),
        role: "ward physician".to_owned(),
        pharmacist: String::new(),
        why: "tried for six weeks".to_owned(),
    };
    let promotion = judge(&engine.snapshots(), &wish, Timestamp::MIN).unwrap();
    let (event, at) = (event_of(promotion.clone(), Some(promotion.at)), promotion.at);
    engine.submit(&event);
    engine.flush(now()).unwrap();
    assert_eq!(states_of(&mut engine), vec![json!([{ "state": "live" }]); 4]);
    let n_frames =
        |engine: &LocalEngine| -> u64 { engine.shards().iter().map(Shard::next_offset).sum() };
    let before = n_frames(&engine);
    engine.submit(&event_of(promotion, Some(at)));
    engine.flush(now()).unwrap();
    assert_eq!(n_frames(&engine), before + 1, "the same again is told to nobody");
    let refused = judge(&engine.snapshots(), &wish, Timestamp::MIN).unwrap_err().to_string();
    assert_eq!(refused, "news2: it is live already");
    drop(engine);
    let mut engine = open();
    assert_eq!(states_of(&mut engine), vec![json!([{ "state": "live" }]); 4]);
    engine.put_live(&Library::shipped().unwrap(), ("the tests", "the rest"), now()).unwrap();
    let decided = rows(
        engine.snapshots(),
        "SELECT decided_by, hash FROM promotions WHERE pipeline = 'news2'",
    );
    assert_eq!(decided.as_array().unwrap().len(), 1, "what was decided stands: {decided}");
    assert_eq!(decided[0]["hash"].as_str().unwrap().len(), 64);
}

#[test]
fn what_nobody_answers_for_is_refused() {
    let mut ward = Ward::open_in_shadow();
    let shards = [ward.shard.snapshot()];
    let wish = |pipeline: &str, by: &str, pharmacist: &str, why: &str| PromotionWish {
        pipeline: pipeline.to_owned(),
        to: PipelineState::Live,
        by: by.to_owned(),
        role: "ward physician".to_owned(),
        pharmacist: pharmacist.to_owned(),
        why: why.to_owned(),
    };
    for (wish, expected) in [
        (wish("news3", "A. Adams", "", "x"), "no pipeline news3 is in force"),
        (wish("news2", " ", "", "x"), "who decides it and in which role"),
        (wish("news2", "A. Adams", "", " "), "expected a reason"),
        (wish("tx-nsaid", "A. Adams", "", "x"), "expected the name of a pharmacist"),
        (wish("tx-nsaid", "A. Adams", "A. Adams", "x"), "are one person"),
    ] {
        let error = judge(&shards, &wish, now()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(judge(&shards, &wish("tx-nsaid", "A. Adams", "P. Price", "x"), now()).is_ok());
    assert!(judge(&[], &wish("news2", "A. Adams", "", "x"), now()).is_err());
}
