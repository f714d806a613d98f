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
use twinstream::domain::effect::EffectStatus;
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
use twinstream::log::encode::FrameWriter;
use twinstream::twin::scores::ScoreRow;

use crate::support::{at, control, frame, log_frame, opening, site, source};

mod ward;

/// How many little wards are tried; more find rarer mistakes and take longer.
const N_WARDS: u64 = 4000;

/// Numbers by seed (xorshift64*): the same on every machine.
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Dice {
        Dice((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    /// One of `choices`.
    pub fn pick<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        let n = u64::try_from(choices.len()).unwrap();
        &choices[usize::try_from(self.below(n)).unwrap()]
    }

    /// A place for something, whatever else there is: leaving others out moves it past none.
    fn place(&self, bytes: &[u8]) -> u64 {
        let mut dice = Dice(self.0);
        bytes.iter().fold(0, |place, byte| place ^ dice.roll().wrapping_mul(u64::from(*byte) + 1))
    }
}

/// One event of a history, as a frame of its own.
type Bytes = Vec<u8>;

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
        let rows = shard.scores.iter().flat_map(|chunk| (0..chunk.n_rows()).map(|i| chunk.row(i).unwrap()));
        let current = (0..).zip(rows).filter(|(n, _)| shard.score_marks.known_to(*n) == Timestamp::FOREVER);
        let text = |(_, row): (u32, ScoreRow)| {
            let track = &shard.tracks[usize::from(row.track)];
            let notes = shard.notes.get(row.notes).unwrap();
            let said = ScoreRow { patient: 0, track: 0, known: 0, points: 0, notes: 0, edition: 0, ..row };
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
        assert_same_truth(seed, &ward::history(seed), &shuffled);
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
        let events = ward::history(seed);
        assert_same_truth(seed, &events, &again);
        assert_eq!(run(events.clone()).n_effects(), run(again(&events)).n_effects(), "seed {seed}");
    }
}
