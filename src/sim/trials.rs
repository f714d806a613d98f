//! Trials without crashes: another order, other cuts, other places in memory. Each is held against the
//! uninterrupted run.

use crate::domain::time::Timestamp;
use crate::engine::checkpoint::writer::{CheckpointWriter, Stored};
use crate::engine::digest::{Digest, digest_as_of};
use crate::engine::shard::LogFrame;
use crate::sim::broken::{Broken, same};
use crate::sim::dice::Dice;
use crate::sim::frames::{self, Bytes};
use crate::sim::fuse::Fuse;
use crate::sim::model;
use crate::sim::objects::SimObjects;
use crate::sim::replay::{Replay, last_tick};
use crate::sim::scene::Scene;
use crate::sim::tried::Tried;
use crate::storage::checkpoints::Checkpoints;
use crate::twin::segment::Extent;

/// From how many rows on segments are written as Parquet: all of them, the larger ones, none.
pub const COLD_ROWS: [u32; 3] = [0, 60, u32::MAX];

/// Other orders of one history.
const PERMUTATIONS: u64 = 10;
/// An event is there so often at most.
const COPIES_MAX: u64 = 5;
/// Other cuts of one history.
const RECUTS: u64 = 10;

/// The history of a seed up to the time when all has happened that was going to.
fn ended(scene: &Scene, seed: u64) -> (Vec<Bytes>, Bytes) {
    let history = scene.history(seed);
    let tick = last_tick(&history);
    (history, tick)
}

/// A history, and a tick after it.
pub fn with_end(history: &[Bytes], tick: &Bytes) -> Vec<Bytes> {
    history.iter().chain([tick]).cloned().collect()
}

/// TW-1 and TW-2: the events again, and in other orders, come to the same truth, which is the one that the
/// rule for versions says.
///
/// # Errors
/// If they do not.
pub fn order(scene: &Scene, seed: u64) -> Result<Tried, Broken> {
    let (history, tick) = ended(scene, seed);
    let mut dice = Dice::of(seed ^ 0x0dde);
    let mut replay = Replay::of(scene, &with_end(&history, &tick))?;
    let truth = replay.truth();
    versions_count(&history, &mut replay, 0)?;
    for permutation in 0..PERMUTATIONS {
        let (invariant, other) = match permutation {
            0 => ("TW-1", again(&mut dice, &history)),
            _ => ("TW-2", shuffled(&mut dice, &history)),
        };
        let found = Replay::of(scene, &with_end(&other, &tick))?.truth();
        same((invariant, permutation), "what is true", &found, &truth)?;
    }
    let events = u64::try_from(history.len()).unwrap_or(0);
    Ok(Tried { permutations: PERMUTATIONS, events, ..Tried::default() })
}

/// TW-2: in a shard that was told a history, the versions count that ought to.
///
/// # Errors
/// If they do not.
pub fn versions_count(history: &[Bytes], replay: &mut Replay, step: u64) -> Result<(), Broken> {
    let linked = model::linked(history);
    let found = model::found(&replay.shard.snapshot(), &linked);
    let expected = model::expected(history, &linked);
    let lines = |lines: Vec<&String>| lines.iter().map(|line| format!("\n    {line}")).collect();
    let (too_many, missing): (String, String) = (
        lines(found.difference(&expected).collect()),
        lines(expected.difference(&found).collect()),
    );
    if too_many.is_empty() && missing.is_empty() {
        return Ok(());
    }
    let message = format!("versions that count and should not:{too_many}\n  should:{missing}");
    Err(Broken { invariant: "TW-2", step, message })
}

/// Each event, and earlier ones again between.
fn again(dice: &mut Dice, history: &[Bytes]) -> Vec<Bytes> {
    let mut twice = Vec::new();
    for (index, event) in history.iter().enumerate() {
        twice.push(event.clone());
        let earlier = history.get(..=index).unwrap_or_default();
        twice.extend((0..dice.below(COPIES_MAX)).map(|_| dice.pick(earlier).clone()));
    }
    twice
}

/// Each event one to five times, in any order.
fn shuffled(dice: &mut Dice, history: &[Bytes]) -> Vec<Bytes> {
    let mut shuffled: Vec<(u64, &Bytes)> = Vec::new();
    for event in history {
        let n_copies = 1 + dice.below(COPIES_MAX);
        shuffled.extend((0..n_copies).map(|_| (dice.below(1 << 31), event)));
    }
    shuffled.sort_by_key(|(place, _)| *place);
    shuffled.into_iter().map(|(_, event)| event.clone()).collect()
}

/// PL-2: other frames and other steps come to the same truth and say the same.
///
/// # Errors
/// If they do not.
pub fn cuts(scene: &Scene, seed: u64) -> Result<Tried, Broken> {
    let (history, tick) = ended(scene, seed);
    let history = with_end(&history, &tick);
    let mut dice = Dice::of(seed ^ 0xc075);
    let mut replay = Replay::of(scene, &history)?;
    let expected = (replay.truth(), replay.said());
    for recut in 0..RECUTS {
        let events_max = *dice.pick(&[1, 3, 10, 1_000]);
        let log = scene.log_of(&frames::recut(&mut dice, &history, events_max));
        let mut other = Replay::default();
        for frames in steps(&mut dice, &log) {
            other.step(frames)?;
        }
        same(("PL-2", recut), "what is true", &other.truth(), &expected.0)?;
        said_the_same(("PL-2", recut), &other.said(), &expected.1)?;
    }
    Ok(Tried { recuts: RECUTS, ..Tried::default() })
}

/// A log in steps of some frames each.
fn steps<'l>(dice: &mut Dice, mut log: &'l [LogFrame]) -> Vec<&'l [LogFrame]> {
    let mut steps = Vec::new();
    while !log.is_empty() {
        let n_frames = log.len().min(1 + dice.index(8));
        let (step, rest) = log.split_at(n_frames);
        steps.push(step);
        log = rest;
    }
    steps
}

fn said_the_same(
    at: (&'static str, u64),
    found: &[String],
    expected: &[String],
) -> Result<(), Broken> {
    let differs = found.iter().zip(expected).find(|(found, expected)| found != expected);
    let nothing = String::from("nothing");
    let longer = || match found.len().cmp(&expected.len()) {
        std::cmp::Ordering::Equal => None,
        _ => Some((
            found.get(expected.len()).unwrap_or(&nothing),
            expected.get(found.len()).unwrap_or(&nothing),
        )),
    };
    match differs.or_else(longer) {
        Some((found, expected)) => same(at, "what was said", found, expected),
        None => Ok(()),
    }
}

/// TW-4: what is sealed, and what of it is in memory, changes no truth and nothing that is said; and what was
/// true at a past instant stays what it was.
///
/// # Errors
/// If it does.
pub fn places(scene: &Scene, seed: u64) -> Result<Tried, Broken> {
    let (history, tick) = ended(scene, seed);
    let history = with_end(&history, &tick);
    let mut expected = Replay::of(scene, &history)?;
    let mut dice = Dice::of(seed ^ 0x91ac);
    let storage = SimObjects::new(Fuse::safe()).storage();
    let checkpoints = Checkpoints::open(storage.clone(), "sim", 0);
    let failed = |step, message: String| Broken { invariant: "CK-1", step, message };
    let mut writer = CheckpointWriter::claim(storage, &checkpoints, 1, None)
        .map_err(|error| failed(0, error.to_string()))?
        .with_cold_rows(*dice.pick(&COLD_ROWS));
    let (mut tried, mut found) = (Tried::default(), Replay::default());
    let (mut stored, mut past): (Vec<Stored>, Vec<(Timestamp, Digest)>) = (Vec::new(), Vec::new());
    for (step, frame) in (0..).zip(scene.log_of(&history)) {
        found.step(&[frame])?;
        if dice.happens(4) {
            found.shard.seal_now();
            tried.seals += 1;
        }
        if dice.happens(6) {
            let written = writer.write(&found.shard.state());
            stored = written.map_err(|error| failed(step, error.to_string()))?.segments;
            tried.checkpoints += 1;
        }
        if dice.happens(3) {
            let n_forgotten = found.shard.forget_blocks(&stored, |_, _| *dice.pick(&Extent::ALL));
            tried.evictions += u64::try_from(n_forgotten).unwrap_or(0);
        }
        if dice.happens(5) {
            past.push((found.shard.known(), found.truth()));
        }
    }
    let at = ("TW-4", u64::try_from(history.len()).unwrap_or(0));
    same(at, "what is true", &found.truth(), &expected.truth())?;
    said_the_same(at, &found.said(), &expected.said())?;
    remembered(&mut found, &past, at.1)?;
    tried.recollections += u64::try_from(past.len()).unwrap_or(0);
    Ok(tried)
}

/// What was true at past instants is what a shard remembers of them.
///
/// # Errors
/// If it is not.
pub fn remembered(
    replay: &mut Replay,
    past: &[(Timestamp, Digest)],
    step: u64,
) -> Result<(), Broken> {
    let snapshot = replay.shard.snapshot();
    past.iter().try_for_each(|(known, truth)| {
        let found = digest_as_of(&snapshot, *known);
        same(("AS-OF", step), &format!("what was true at {known}"), &found, truth)
    })
}
