//! What is true depends on the set of events; what is said depends on the log, and on nothing else.
//!
//! ```text
//! TW-1  an event again changes nothing         PL-2  nor does how the log is cut
//! TW-2  nor does the order of events           TW-4  nor where a row lies in memory
//! EF-1  a replay says the same ids             EF-3  a correction takes back what rested on it
//! ```
//! Histories come from the simulated hospital, and from a generator of little wards where everything that
//! can go wrong does. A failure names its seed and the fewest events that show it.

use std::collections::BTreeSet;

use twinstream::demo::hospital::{Hospital, HospitalConfig};
use twinstream::demo::record;
use twinstream::domain::effect::{EffectChange, EffectStatus};
use twinstream::domain::event::{Control, Event, EventBody, Resource};
use twinstream::domain::fact::Origin;
use twinstream::domain::identity::SourcePosition;
use twinstream::domain::time::{Span, Timestamp};
use twinstream::engine::digest::{Digest, digest};
use twinstream::engine::shard::{Leaving, Shard};
use twinstream::engine::ticks::Ticks;
use twinstream::ingest::decoder::Decoder;
use twinstream::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};
use twinstream::log::decode::decode_frame;
use twinstream::sim::dice::Dice;
use twinstream::sim::frames;
use twinstream::sim::ward;
use twinstream::twin::scores::ScoreRow;

use crate::support::{Ward, at, control, frame, log_frame, opening, site, source};

mod fork;

/// How many little wards are tried; more find rarer mistakes and take longer.
const N_WARDS: u64 = 120;

/// One event of a history, as a frame of its own.
type Bytes = Vec<u8>;

/// A little ward.
fn history(seed: u64) -> Vec<Bytes> {
    ward::history(&site(), seed)
}

/// What a shard came to.
struct Run {
    shard: Shard,
    left: Vec<Leaving>,
}

/// Steps a log that is opened first and then holds these frames.
fn run(frames: impl IntoIterator<Item = Bytes>) -> Run {
    let mut run = Run { shard: Shard::new(0), left: Vec::new() };
    for (offset, bytes) in opening().into_iter().chain(frames).enumerate() {
        let output = run.shard.step(&[log_frame(offset, bytes)]).expect("frames of our own");
        run.left.extend(output.leaving);
    }
    run
}

impl Run {
    fn truth(&mut self) -> Digest {
        digest(&self.shard.snapshot())
    }

    /// The current scores, a line each.
    fn scores(&mut self) -> BTreeSet<String> {
        let shard = self.shard.snapshot();
        let rows = shard
            .scores
            .iter()
            .flat_map(|chunk| (0..chunk.n_rows()).map(|i| chunk.row(i).unwrap()));
        let current =
            (0..).zip(rows).filter(|(n, _)| shard.score_marks.known_to(*n) == Timestamp::FOREVER);
        let text = |(_, row): (u32, ScoreRow)| {
            let track = &shard.tracks[usize::from(row.track)];
            let notes = shard.notes.get(row.notes).unwrap();
            let said =
                ScoreRow { patient: 0, track: 0, known: 0, points: 0, notes: 0, edition: 0, ..row };
            format!("  {} {}/{} {notes:?} {said:?}\n", row.at(), track.pipeline, track.subject)
        };
        current.map(text).collect()
    }

    /// Everything that was said, in order and to the letter.
    fn said(&self) -> Vec<String> {
        self.left.iter().map(|leaving| format!("{:?} {:?}", leaving.twin, leaving.effect)).collect()
    }

    /// What stands of it, whatever it was called on the way.
    fn n_effects(&self) -> usize {
        self.shard.effects().rows().n_items()
    }
}

/// A history, when all that was going to happen by its end has happened.
fn ended(events: &[Bytes]) -> Run {
    let times = events.iter().flat_map(|bytes| {
        let events = decode_frame(bytes).unwrap();
        events.into_iter().filter_map(|event| event.available_at).collect::<Vec<_>>()
    });
    let end = times.max().unwrap_or(Timestamp::from_micros(0)).plus(Span::from_days(1));
    let tick = frame([&control(Control::Tick { at: end }, Some(end))]);
    run(events.iter().cloned().chain([tick]))
}

fn truth(events: &[Bytes]) -> Digest {
    ended(events).truth()
}

type Reorder<'r> = &'r dyn Fn(&[Bytes]) -> Vec<Bytes>;

/// The same events in two orders must come to the same truth; else the fewest events that show it.
fn assert_same_truth(seed: u64, events: &[Bytes], reorder: Reorder<'_>) {
    let differ = |events: &[Bytes]| truth(events) != truth(&reorder(events));
    if !differ(events) {
        return;
    }
    let mut least = events.to_vec();
    for width in [16, 4, 1] {
        let mut start = 0;
        while start < least.len() {
            let without = [&least[..start], &least[(start + width).min(least.len())..]].concat();
            if differ(&without) { least = without } else { start += width }
        }
    }
    let other = reorder(&least);
    let (texts, other_texts): (String, String) =
        (least.iter().map(text).collect(), other.iter().map(text).collect());
    let (scores, other_scores) = (ended(&least).scores(), ended(&other).scores());
    let lost: String = scores.difference(&other_scores).cloned().collect();
    let gained: String = other_scores.difference(&scores).cloned().collect();
    panic!(
        "seed {seed}:\n{texts}only in this order:\n{lost}\nthe other order:\n{other_texts}only in that:\n{gained}"
    );
}

/// An event in a few words.
fn text(bytes: &Bytes) -> String {
    let mut text = String::new();
    for event in decode_frame(bytes).unwrap() {
        let available_at = event.available_at.map(|at| at.to_string()).unwrap_or_default();
        match &event.body {
            EventBody::Patient { twin, resources } => {
                for Resource { id, version, facts, .. } in resources {
                    let facts =
                        facts.iter().map(|fact| (fact.valid.start, fact.valid.end, &fact.body));
                    text += &format!("{available_at} {} {id} {version:?}", twin.patient);
                    facts.for_each(|(start, end, body)| {
                        text += &format!("\n    {start} {end} {body:?}")
                    });
                    text += "\n";
                }
            }
            other => text += &format!("{available_at} {other:?}\n"),
        }
    }
    text
}

#[test]
fn any_order_is_the_same_truth() {
    for seed in 0..N_WARDS {
        let shuffled = |events: &[Bytes]| {
            let mut events = events.to_vec();
            events.sort_by_cached_key(|bytes| Dice::of(seed).place(bytes));
            events
        };
        assert_same_truth(seed, &history(seed), &shuffled);
    }
}

#[test]
fn an_event_again_changes_nothing() {
    for seed in 0..N_WARDS {
        let again = |events: &[Bytes]| {
            let mut dice = Dice::of(seed);
            let mut twice: Vec<Bytes> = Vec::new();
            for (index, event) in events.iter().enumerate() {
                let n_before = u64::try_from(index).unwrap() + 1;
                twice.push(event.clone());
                twice.push(events[usize::try_from(dice.below(n_before)).unwrap()].clone());
            }
            twice
        };
        let events = history(seed);
        assert_same_truth(seed, &events, &again);
        assert_eq!(run(events.clone()).n_effects(), run(again(&events)).n_effects(), "seed {seed}");
    }
}

/// A few days of a small simulated hospital, as one partition of the log.
pub fn hospital() -> Vec<Bytes> {
    let start = at("2026-11-08T14:00:00Z");
    let config = HospitalConfig {
        n_ward_patients: 4,
        n_home_patients: 3,
        ..HospitalConfig::starting_at(start)
    };
    let (mut decoder, mut ticks) = (Decoder::new(site()), Ticks::default());
    let mut events = Vec::new();
    let end = start.plus(Span::from_hours(30));
    let records = Hospital::new(config).take_while(|record| record.at < end);
    for (offset, simulated) in (0..).zip(records) {
        for tick in ticks.before(simulated.at) {
            events.push(frame([&control(Control::Tick { at: tick }, Some(tick))]));
        }
        let (format, patient_from, origin) = match simulated.topic {
            record::WEARABLES => (Format::OpenMhealth, PatientFrom::Key, Origin::ConsumerDevice),
            record::HOME_DEVICES => {
                (Format::OpenMhealth, PatientFrom::Subject, Origin::ClearedDevice)
            }
            record::DICOM => (Format::DicomJson, PatientFrom::Subject, Origin::Clinical),
            _ => (Format::Fhir, PatientFrom::Subject, Origin::Clinical),
        };
        let spec = SourceSpec { patient_from, origin, ..source(format) };
        let record = SourceRecord {
            position: SourcePosition::new(simulated.topic, 0, offset),
            key: simulated.key.as_deref(),
            headers: Vec::new(),
            payload: simulated.payload.as_bytes(),
            timestamp: simulated.at,
            raw_key: None,
        };
        for event in decoder.decode(&spec, &record, simulated.at).events {
            events.push(frame([&Event { available_at: Some(simulated.at), ..event }]));
        }
    }
    events
}

/// What a run came to and all it said, without the places in the log that frames give.
fn whole(run: &mut Run) -> (Digest, Vec<String>) {
    let said = run.left.iter().map(|Leaving { twin, effect, .. }| {
        let mut effect = (**effect).clone();
        effect.evidence.iter_mut().for_each(|evidence| evidence.log = None);
        format!("{twin} {effect:?}")
    });
    let said = said.collect();
    (run.truth(), said)
}

#[test]
fn how_the_log_is_cut_changes_nothing() {
    let events = hospital();
    let mut one_by_one = run(events.iter().cloned());
    let expected = whole(&mut one_by_one);
    assert!(10 < expected.1.len(), "the hospital says too little to tell: {}", expected.1.len());
    for (seed, most) in [(1, 3), (2, 50), (3, 100_000)] {
        let found = whole(&mut run(frames::recut(&mut Dice::of(seed), &events, most)));
        assert_eq!(found.0, expected.0, "seed {seed}, up to {most} events a frame");
        assert!(found.1 == expected.1, "seed {seed}, up to {most} events a frame: said otherwise");
    }
    // One step of many frames is as many steps of one.
    let frames = opening().into_iter().chain(events).enumerate();
    let frames: Vec<_> = frames.map(|(offset, bytes)| log_frame(offset, bytes)).collect();
    let mut at_once = Run { shard: Shard::new(0), left: Vec::new() };
    at_once.left = at_once.shard.step(&frames).unwrap().leaving;
    assert!(whole(&mut at_once) == expected);
    // Frames that were stepped before are passed over.
    assert_eq!(at_once.shard.step(&frames).unwrap().n_events, 0);
    assert!(whole(&mut at_once) == expected);
}

#[test]
fn where_a_row_lies_changes_nothing() {
    for seed in 0..N_WARDS {
        let events = history(seed);
        let expected = whole(&mut run(events.iter().cloned()));
        let mut dice = Dice::of(seed);
        let mut sealed = Run { shard: Shard::new(0), left: Vec::new() };
        for (offset, bytes) in opening().into_iter().chain(events).enumerate() {
            sealed.left.extend(sealed.shard.step(&[log_frame(offset, bytes)]).unwrap().leaving);
            if dice.below(3) == 0 {
                sealed.shard.seal_now();
            }
        }
        assert!(whole(&mut sealed) == expected, "seed {seed}");
    }
}

#[test]
fn a_replay_says_the_same_ids() {
    let events = hospital();
    let (first, second) = (run(events.iter().cloned()), run(events));
    let ids = |run: &Run| -> Vec<String> {
        run.left.iter().map(|one| format!("{} {}", one.effect.id, one.effect.revision)).collect()
    };
    assert_eq!(ids(&first), ids(&second));
    assert_eq!(first.said(), second.said());
    let distinct: BTreeSet<String> = ids(&first).into_iter().collect();
    assert_eq!(distinct.len(), first.left.len(), "a revision was said twice");
}

#[test]
fn at_most_one_effect_is_live() {
    for events in (0..N_WARDS).map(history).chain([hospital()]) {
        let run = run(events);
        let mut live = BTreeSet::new();
        for row in run.shard.effects().rows().iter() {
            if row.effect.status == EffectStatus::Active {
                let twin = run.shard.twins().twin_id(row.patient).to_string();
                let place = (twin, row.effect.pipeline.clone(), row.effect.subject.clone());
                assert!(live.insert(place.clone()), "two are live: {place:?}");
            }
        }
    }
}

/// A stay and a respiratory rate whose resource can be corrected.
fn respiratory_rate(value: u32, status: &str, at: &str, revised: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"rr","status":"{status}","subject":{{"reference":"Patient/P1"}},
        "code":{{"coding":[{{"system":"http://loinc.org","code":"9279-1"}}]}},"effectiveDateTime":"{at}",
        "meta":{{"lastUpdated":"{revised}"}},"valueQuantity":{{"value":{value},"unit":"/min"}}}}"#
    )
}

#[test]
fn a_correction_takes_back_what_rested_on_it() {
    let stay = r#"{"resourceType":"Encounter","id":"e","status":"in-progress","class":{"code":"IMP"},
        "subject":{"reference":"Patient/P1"},"period":{"start":"2026-01-01T08:00:00Z"}}"#;
    for status in ["corrected", "entered-in-error"] {
        let mut ward = Ward::open();
        let fhir = source(Format::Fhir);
        ward.receive(&fhir, stay.as_bytes(), at("2026-01-01T08:00:00Z"));
        let high = respiratory_rate(30, "final", "2026-01-01T09:00:00Z", "2026-01-01T09:00:00Z");
        let (_, left) = ward.receive(&fhir, high.as_bytes(), at("2026-01-01T09:01:00Z"));
        let raised: Vec<_> = left.iter().map(|one| (one.effect.id, one.effect.change)).collect();
        let [(id, EffectChange::Raised)] = raised[..] else { panic!("{status}: {raised:?}") };
        let better = respiratory_rate(16, status, "2026-01-01T09:00:00Z", "2026-01-01T09:05:00Z");
        let (_, left) = ward.receive(&fhir, better.as_bytes(), at("2026-01-01T09:05:00Z"));
        let told: Vec<_> = left.iter().map(|one| (one.effect.id, one.effect.change)).collect();
        assert_eq!(told, [(id, EffectChange::Withdrawn)], "{status}");
        // The old version again is no news.
        let (_, left) = ward.receive(&fhir, high.as_bytes(), at("2026-01-01T09:06:00Z"));
        assert!(left.is_empty(), "{status}");
    }
}
