//! The log in a folder and the engine over it: what a crash leaves behind is cut off, what is damaged is
//! refused with its place, and a restart loses nothing and says nothing twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use twinstream::domain::event::{Clock, Control, Event};
use twinstream::domain::time::Timestamp;
use twinstream::engine::digest::{Digest, digest};
use twinstream::engine::library::Library;
use twinstream::engine::local::{Durability, LocalEngine};
use twinstream::log::decode::decode_frame;
use twinstream::log::local::{LocalLog, LocalLogError};
use twinstream::sim::ward;

use crate::support::{at, control, frame, site};

fn now() -> Timestamp {
    at("2026-11-08T12:00:00Z")
}

/// A folder that vanishes with its handle.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("room for a folder")
}

/// A log of one partition with these frames.
fn log_with(folder: &Path, frames: &[&[u8]]) {
    let mut log = LocalLog::open(folder, 1, Clock::Live).unwrap();
    for (offset, bytes) in (0..).zip(frames) {
        assert_eq!(log.append(0, bytes, now()).unwrap(), offset);
    }
    log.sync().unwrap();
}

fn frames(log: &LocalLog) -> Vec<Vec<u8>> {
    let frames = log.read(0, 0, 1 << 20).unwrap();
    frames.into_iter().map(|frame| frame.bytes).collect()
}

const FRAMES: [&[u8]; 3] = [b"first", b"the second", b"third"];

#[test]
fn what_was_synced_is_read_back() {
    let folder = folder();
    log_with(folder.path(), &FRAMES);
    let log = LocalLog::open(folder.path(), 1, Clock::Live).unwrap();
    assert_eq!(frames(&log), FRAMES);
    assert_eq!(log.next_offset(0), 3);
    let one_byte_at_a_time: Vec<u64> =
        (0..3).map(|from| log.read(0, from, 1).unwrap()[0].offset).collect();
    assert_eq!(one_byte_at_a_time, [0, 1, 2]);
    assert!(log.read(0, 3, 1 << 20).unwrap().is_empty());
    assert_eq!(log.read(0, 0, 1 << 20).unwrap()[0].appended_at, now());
}

#[test]
fn a_torn_tail_is_cut_off_wherever_it_was_torn() {
    let whole = folder();
    log_with(whole.path(), &FRAMES);
    let bytes = fs::read(whole.path().join("00000.log")).unwrap();
    let n_last = 16 + FRAMES[2].len();
    for torn in 1..n_last {
        let folder = folder();
        log_with(folder.path(), &FRAMES);
        fs::write(folder.path().join("00000.log"), &bytes[..bytes.len() - torn]).unwrap();
        let mut log = LocalLog::open(folder.path(), 1, Clock::Live).unwrap();
        assert_eq!(frames(&log), FRAMES[..2], "{torn} bytes short");
        // It goes on where the torn frame began.
        assert_eq!(log.append(0, b"again", now()).unwrap(), 2);
        assert_eq!(frames(&log).len(), 3);
    }
}

#[test]
fn a_tail_of_zeros_or_rubbish_is_cut_off() {
    for rubbish in [vec![0; 4_096], vec![0xff; 100], b"half a frame".to_vec()] {
        let folder = folder();
        log_with(folder.path(), &FRAMES);
        let path = folder.path().join("00000.log");
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend(&rubbish);
        fs::write(&path, bytes).unwrap();
        let log = LocalLog::open(folder.path(), 1, Clock::Live).unwrap();
        assert_eq!(frames(&log), FRAMES, "{} bytes of {:?}", rubbish.len(), rubbish.first());
    }
}

#[test]
fn damage_in_the_middle_is_refused_with_its_place() {
    let whole = folder();
    log_with(whole.path(), &FRAMES);
    let bytes = fs::read(whole.path().join("00000.log")).unwrap();
    let first = 16 + FRAMES[0].len();
    let second = first + 16 + FRAMES[1].len();
    for place in 0..second {
        let folder = folder();
        log_with(folder.path(), &FRAMES);
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x40;
        fs::write(folder.path().join("00000.log"), &damaged).unwrap();
        let expected = if place < first { (0, 0) } else { (1, first) };
        match LocalLog::open(folder.path(), 1, Clock::Live) {
            Err(LocalLogError::Damaged { offset, position, .. }) => {
                let position = usize::try_from(position).unwrap();
                assert_eq!((offset, position), expected, "byte {place}");
            }
            other => panic!("byte {place}: {:?}", other.map(|log| frames(&log))),
        }
        // Nothing was cut off of what was refused.
        assert_eq!(fs::read(folder.path().join("00000.log")).unwrap(), damaged);
    }
}

#[test]
fn another_shape_is_refused_and_a_second_opener_too() {
    let folder = folder();
    let open = |n_partitions, clock| LocalLog::open(folder.path(), n_partitions, clock);
    assert_eq!(LocalLog::shape(folder.path()).unwrap(), None);
    let log = open(4, Clock::Recorded).unwrap();
    assert!(matches!(open(4, Clock::Recorded), Err(LocalLogError::InUse { .. })));
    drop(log);
    assert_eq!(LocalLog::shape(folder.path()).unwrap(), Some((4, Clock::Recorded)));
    for (n_partitions, clock, asked) in [
        (3, Clock::Recorded, "3 partitions on a recorded clock"),
        (4, Clock::Live, "4 partitions on a live clock"),
    ] {
        let error = open(n_partitions, clock).unwrap_err().to_string();
        assert!(
            error.contains("4 partitions on a recorded clock") && error.contains(asked),
            "{error}"
        );
    }
    fs::write(folder.path().join("manifest.json"), "{\"format\":1").unwrap();
    assert!(matches!(open(4, Clock::Recorded), Err(LocalLogError::Manifest { .. })));
}

fn engine(folder: &Path, n_partitions: u32) -> LocalEngine {
    let mut engine =
        LocalEngine::open(folder, n_partitions, Clock::Recorded, Durability::EachFlush).unwrap();
    let library = Library::shipped().unwrap();
    engine.define(&library, now()).unwrap();
    engine.put_live(&library, ("the tests", "what they say is what is tested"), now()).unwrap();
    engine
}

/// The events of several little wards, until all that was going to happen has happened: how far the time of a
/// partition has come otherwise depends on whose events are in it.
fn events() -> Vec<Vec<u8>> {
    let end = at("2025-03-20T00:00:00Z");
    let tick = frame([&control(Control::Tick { at: end }, Some(end))]);
    (0..6).flat_map(|seed| ward::history(&site(), 2 * seed)).chain([tick]).collect()
}

fn submit(engine: &mut LocalEngine, events: &[Vec<u8>]) {
    for chunk in events.chunks(7) {
        for bytes in chunk {
            decode_frame(bytes).unwrap().iter().for_each(|event: &Event<'_>| engine.submit(event));
        }
        engine.flush(now()).unwrap();
    }
}

fn truth(engine: &mut LocalEngine) -> Vec<Digest> {
    engine.snapshots().iter().map(digest).collect()
}

/// What was said, each as the id of its CloudEvent, in the order of the file.
fn said(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("effects.ndjson")).unwrap();
    let mut ids = Vec::new();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        for record in line["records"].as_array().unwrap() {
            ids.push(record["headers"]["ce_id"].as_str().unwrap().to_owned());
        }
    }
    ids
}

/// A run that nothing interrupts: what it came to, and what it said.
fn uninterrupted(n_partitions: u32) -> (Vec<Digest>, Vec<String>) {
    let folder = folder();
    let mut engine = engine(folder.path(), n_partitions);
    submit(&mut engine, &events());
    (truth(&mut engine), said(folder.path()))
}

#[test]
fn a_restart_anywhere_loses_nothing_and_says_nothing_twice() {
    let (expected, expected_said) = uninterrupted(1);
    assert!(4 < expected_said.len(), "too little is said to tell");
    let events = events();
    for stop in (0..events.len()).step_by(7) {
        let folder = folder();
        let mut first = engine(folder.path(), 1);
        submit(&mut first, &events[..stop]);
        // Killed: nothing is closed or synced.
        drop(first);
        let mut second = engine(folder.path(), 1);
        submit(&mut second, &events[stop..]);
        assert_eq!(truth(&mut second), expected, "stopped before event {stop}");
        assert_eq!(said(folder.path()), expected_said, "stopped before event {stop}");
    }
}

#[test]
fn effects_that_a_crash_cut_are_said_again_once() {
    let whole = folder();
    let mut first = engine(whole.path(), 1);
    submit(&mut first, &events());
    drop(first);
    let effects = fs::read(whole.path().join("effects.ndjson")).unwrap();
    let expected_said = said(whole.path());
    let log = fs::read(whole.path().join("log/00000.log")).unwrap();
    for kept in (0..=effects.len()).step_by(effects.len() / 40 + 1) {
        let folder = folder();
        drop(engine(folder.path(), 1));
        fs::write(folder.path().join("log/00000.log"), &log).unwrap();
        fs::write(folder.path().join("effects.ndjson"), &effects[..kept]).unwrap();
        let mut again = engine(folder.path(), 1);
        again.flush(now()).unwrap();
        let found = said(folder.path());
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!(distinct.len(), found.len(), "{kept} bytes kept: something was said twice");
        assert_eq!(found, expected_said, "{kept} bytes kept");
    }
}

#[test]
fn a_log_that_a_crash_cut_is_told_again_to_the_same_end() {
    // An import is durable at its end only: what it lost is submitted again.
    let (expected, expected_said) = uninterrupted(1);
    let whole = folder();
    let mut first = engine(whole.path(), 1);
    submit(&mut first, &events());
    drop(first);
    let log = fs::read(whole.path().join("log/00000.log")).unwrap();
    for kept in (0..=log.len()).step_by(log.len() / 20 + 1) {
        let folder = folder();
        drop(engine(folder.path(), 1));
        fs::write(folder.path().join("log/00000.log"), &log[..kept]).unwrap();
        // An import writes its checkpoints at its end.
        fs::remove_dir_all(folder.path().join("checkpoints")).unwrap();
        fs::copy(whole.path().join("effects.ndjson"), folder.path().join("effects.ndjson"))
            .unwrap();
        let mut again = engine(folder.path(), 1);
        submit(&mut again, &events());
        let facts = |digests: &[Digest]| -> Vec<_> {
            digests.iter().map(|d| (d.samples, d.statements, d.scores)).collect()
        };
        assert_eq!(facts(&truth(&mut again)), facts(&expected), "{kept} bytes kept");
        let distinct: BTreeSet<String> = said(folder.path()).into_iter().collect();
        for id in &expected_said {
            assert!(distinct.contains(id), "{kept} bytes kept: {id} was not said");
        }
    }
}

#[test]
fn partitions_share_the_patients_and_none_is_lost() {
    let total = |digests: &[Digest]| {
        digests.iter().fold((0, 0, 0_u128), |(n, scores, hash), one| {
            let hash = hash.wrapping_add(one.samples.hash).wrapping_add(one.scores.hash);
            (
                n + one.samples.count,
                scores + one.scores.count,
                hash.wrapping_add(one.statements.hash),
            )
        })
    };
    let (expected, mut expected_said) = uninterrupted(1);
    expected_said.sort();
    for n_partitions in [2, 5] {
        let (found, mut found_said) = uninterrupted(n_partitions);
        assert_eq!(total(&found), total(&expected), "{n_partitions} partitions");
        found_said.sort();
        assert_eq!(found_said, expected_said, "{n_partitions} partitions");
    }
}
