//! A shard that was restored is the shard that was: what it says from then on, and what is true, are the same.

use std::collections::BTreeSet;

use twinstream::domain::time::{Span, Timestamp};
use twinstream::engine::budget::Budget;
use twinstream::engine::checkpoint::reader::{Restored, restore};
use twinstream::engine::checkpoint::writer::CheckpointWriter;
use twinstream::engine::checkpointer::{CheckpointSpec, Checkpointer};
use twinstream::engine::digest::digest;
use twinstream::engine::library::Library;
use twinstream::engine::shard::{LogFrame, Shard};
use twinstream::sim::ward;
use twinstream::storage::checkpoints::Checkpoints;
use twinstream::storage::object::{Storage, StorageSpec};
use twinstream::storage::part::{Fault, PartRef};
use twinstream::storage::scrub::{Damaged, Scrub};
use twinstream::storage::search::Depth;
use twinstream::twin::sums::count;

use crate::support::{log_frame, opening, opening_of, site};

/// What leaves a shard and what is true in it, to the letter.
fn said(shard: &mut Shard, frames: &[(usize, Vec<u8>)]) -> Vec<String> {
    let mut said = Vec::new();
    for (offset, bytes) in frames {
        let output = shard.step(&[log_frame(*offset, bytes.clone())]).expect("frames of our own");
        let leaving = output.leaving.iter();
        said.extend(leaving.map(|leaving| format!("{:?} {:?}", leaving.twin, leaving.effect)));
    }
    said
}

/// The frames of a history, from the opening of its log on, each with its offset.
fn history(seed: u64) -> Vec<(usize, Vec<u8>)> {
    opening().into_iter().chain(ward::history(&site(), seed)).enumerate().collect()
}

fn checkpointed(shard: &mut Shard, storage: &Storage) -> Restored {
    let open = || Checkpoints::open(storage.clone(), "log", 0);
    let before = restore(storage, &mut open()).unwrap();
    let mut writer = CheckpointWriter::claim(storage.clone(), &open(), 1, before.as_ref()).unwrap();
    let written = writer.write(&shard.state()).unwrap();
    let restored = restore(storage, &mut open()).unwrap().expect("it was just written");
    assert_eq!(restored.manifest, written.manifest);
    assert!(restored.passed_over.is_empty());
    restored
}

/// A shard as its checkpoint gives it back.
pub fn restored_of(shard: &mut Shard) -> Shard {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(&StorageSpec::Folder(folder.path().to_owned())).unwrap();
    checkpointed(shard, &storage).shard
}

/// TW-4: what is in memory changes nothing. Every sealed block is forgotten again and again; some are read
/// before the step that may touch them, the others when they are touched.
#[test]
fn what_is_forgotten_changes_nothing() {
    for seed in 0..8 {
        let frames = history(seed);
        let mut whole = Shard::new(0);
        let expected = said(&mut whole, &frames);
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(&StorageSpec::Folder(folder.path().to_owned())).unwrap();
        let checkpoints = Checkpoints::open(storage.clone(), "log", 0);
        let writer = CheckpointWriter::claim(storage, &checkpoints, 1, None).unwrap();
        // As Parquet, or as they lie in memory.
        let mut writer = writer.with_cold_rows(if seed % 2 == 0 { 0 } else { u32::MAX });
        let mut shard = Shard::new(0);
        let (mut found, mut n_needed, mut n_free) = (Vec::new(), 0, 0);
        for (index, part) in frames.chunks(9).enumerate() {
            if index % 2 == 0 {
                let batch: Vec<LogFrame> =
                    part.iter().map(|(offset, bytes)| log_frame(*offset, bytes.clone())).collect();
                let needed = shard.needs(&batch);
                n_needed += needed.blocks.len();
                shard.recall(&needed);
            }
            found.extend(said(&mut shard, part));
            shard.seal_now();
            let written = writer.write(&shard.state()).unwrap();
            shard.note_written(&written);
            n_free += match index % 3 {
                0 => shard.forget_origins(),
                _ => shard.forget(usize::MAX),
            };
        }
        assert_eq!(found, expected, "seed {seed}");
        assert_eq!(digest(&shard.snapshot()), digest(&whole.snapshot()), "seed {seed}");
        assert_eq!(count(&shard.snapshot()), shard.sums(), "seed {seed}: sums as they changed");
        assert_eq!(whole.sums(), shard.sums(), "seed {seed}");
        assert!(0 < n_free, "seed {seed}: something was in memory");
        assert!(0 < n_needed, "seed {seed}: a batch needs what was forgotten");
    }
}

/// A budget that holds next to nothing: what can be forgotten is, what is said stays the same, and the stage
/// that polls is told when to go on.
#[test]
fn memory_keeps_to_its_budget_and_goes_on() {
    // What few pipelines keep is less than what they read.
    let library = Library::shipped().unwrap().only(&["news2", "critical-values"]).unwrap();
    let frames: Vec<(usize, Vec<u8>)> = opening_of(&library)
        .into_iter()
        .chain((0..6).flat_map(|seed| ward::history(&site(), seed)))
        .enumerate()
        .collect();
    let mut whole = Shard::new(0);
    let expected = said(&mut whole, &frames);
    let folder = tempfile::tempdir().unwrap();
    // Statements and indexes stay; every sample must go.
    let mut sealed = Shard::new(0);
    said(&mut sealed, &frames);
    sealed.seal_now();
    let kept = sealed.size_bytes() - sealed.n_bytes_to_store() + 8_192;
    // What is on its way has room of its own.
    let budget = kept * 32 / 26 + 64;
    assert!(kept <= Budget::of(budget).resident_bytes_max);
    let spec = CheckpointSpec {
        storage: StorageSpec::Folder(folder.path().to_owned()),
        log: "log".to_owned(),
        interval: Span::from_days(1),
        memory_bytes_max: Some(budget),
    };
    let (mut checkpointer, start) = Checkpointer::open(&spec, 1).unwrap();
    let mut shards = start.shards;
    let (mut found, mut n_over, mut now) = (Vec::new(), 0, Timestamp::from_micros(0));
    for part in frames.chunks(5) {
        found.extend(said(&mut shards[0], part));
        for _ in 0..10_000 {
            now = now.plus(Span::from_days(1));
            checkpointer.round(&mut shards, now).unwrap();
            if !checkpointer.is_over_budget() {
                break;
            }
            n_over += 1;
            std::thread::park_timeout(std::time::Duration::from_millis(1));
        }
        assert!(shards[0].size_bytes() <= budget, "{} of {budget}", shards[0].size_bytes());
    }
    assert!(0 < n_over, "the budget was never too small");
    assert_eq!(found, expected);
    assert_eq!(digest(&shards[0].snapshot()), digest(&whole.snapshot()));
}

/// CK-1: whatever happens to the newest checkpoint, the one before it is used, and the log makes up for it.
#[test]
fn a_damaged_checkpoint_costs_nothing_but_time() {
    let frames = history(3);
    let mut whole = Shard::new(0);
    said(&mut whole, &frames);
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(&StorageSpec::Folder(folder.path().to_owned())).unwrap();
    let open = || Checkpoints::open(storage.clone(), "log", 0);
    let mut shard = Shard::new(0);
    let mut writer = CheckpointWriter::claim(storage.clone(), &open(), 1, None).unwrap();
    let half = frames.len() / 2;
    said(&mut shard, &frames[..half]);
    writer.write(&shard.state()).unwrap();
    said(&mut shard, &frames[half..]);
    let newest = writer.write(&shard.state()).unwrap().manifest;
    let core = open().object_of(&newest.checkpoint.parts[0]);
    let path = folder.path().join(&core);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let restored = restore(&storage, &mut open()).unwrap().unwrap();
    assert_eq!(restored.passed_over.len(), 1);
    let mut after = restored.shard;
    assert_eq!(after.next_offset(), u64::try_from(half).unwrap());
    said(&mut after, &frames[half..]);
    assert_eq!(digest(&after.snapshot()), digest(&whole.snapshot()));
}

/// CK-1: a block that was damaged where it lies ends the process that asks for it, and no other after it.
#[test]
fn a_damaged_block_ends_one_start_and_not_the_next() {
    let frames = history(5);
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(&StorageSpec::Folder(folder.path().to_owned())).unwrap();
    let open = || Checkpoints::open(storage.clone(), "log", 0);
    let mut shard = Shard::new(0);
    let mut writer = CheckpointWriter::claim(storage.clone(), &open(), 1, None).unwrap();
    said(&mut shard, &frames);
    shard.seal_now();
    let written = writer.write(&shard.state()).unwrap();
    let segment = open().object_of(&written.segments[0].part);
    let path = folder.path().join(&segment);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let restored = restore(&storage, &mut open()).unwrap().expect("its length is right");
    let mut after = restored.shard;
    let asked = std::panic::AssertUnwindSafe(|| digest(&after.snapshot()));
    assert!(
        std::panic::catch_unwind(asked).is_err(),
        "what is damaged is never read as if it were not"
    );
    let next = restore(&storage, &mut open()).unwrap();
    assert!(next.is_none(), "what rests on it is passed over, and the log is read");
}

/// A bit lost by the disk, in any part: it is found without any start, told once, and gone with the next
/// checkpoint. Time is told to it, a piece at a time.
#[test]
fn a_part_that_is_damaged_where_it_lies_is_found_and_written_anew() {
    let frames = history(7);
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(&StorageSpec::Folder(folder.path().to_owned())).unwrap();
    let open = || Checkpoints::open(storage.clone(), "log", 0);
    let mut shard = Shard::new(0);
    said(&mut shard, &frames);
    shard.seal_now();
    let mut writer = CheckpointWriter::claim(storage.clone(), &open(), 1, None).unwrap();
    let written = writer.write(&shard.state()).unwrap();
    shard.note_stored(&written.segments);
    let parts = written.manifest.checkpoint.parts;
    assert!(parts.iter().any(PartRef::is_segment));
    for part in &parts {
        let path = folder.path().join(open().object_of(part));
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();

        // A start finds it as the thread beside the shards does: by reading, slowly.
        let mut scrub = Scrub::new(storage.clone());
        let named = parts.iter().map(|part| (open().object_of(part), part.clone()));
        scrub.name(0, named, Timestamp::MIN);
        let found: Vec<Damaged> = (0..1_000)
            .filter_map(|n| scrub.step(Timestamp::from_micros(n * 250_000)).unwrap())
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((&found[0].part, &found[0].fault), (part, &Fault::Content));

        writer.heal(&found[0].part);
        let written = writer.write(&shard.state()).unwrap();
        assert_eq!((written.n_healed, written.lost), (1, vec![]), "{}", part.kind);
        let search = open().newest_valid(Depth::Whole).unwrap();
        assert!(search.passed_over.is_empty(), "{}: {:?}", part.kind, search.passed_over);
        assert_eq!(open().read_part(part).unwrap().len(), std::fs::read(&path).unwrap().len());
    }
    // What memory has forgotten cannot be written anew: that is said, and the instance goes on.
    let segment = parts.iter().find(|part| part.is_segment()).unwrap();
    assert!(0 < shard.forget(usize::MAX));
    writer.heal(segment);
    let written = writer.write(&shard.state()).unwrap();
    assert!(written.lost.contains(segment), "{:?}", written.lost);
    assert_eq!(written.n_healed, 0);
}

#[test]
fn a_restored_shard_goes_on_as_the_one_that_was() {
    for seed in 0..8 {
        let frames = history(seed);
        let mut whole = Shard::new(0);
        let expected = said(&mut whole, &frames);
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(&StorageSpec::Folder(folder.path().to_owned())).unwrap();
        let mut shard = Shard::new(0);
        let mut found = Vec::new();
        for (index, part) in frames.chunks(11).enumerate() {
            found.extend(said(&mut shard, part));
            if index % 2 == 0 {
                shard.seal_now();
            }
            let restored = checkpointed(&mut shard, &storage);
            let (before, mut after) = (shard.snapshot(), restored.shard);
            assert_eq!(digest(&before), digest(&after.snapshot()), "seed {seed}, part {index}");
            shard = after;
        }
        assert_eq!(found, expected, "seed {seed}");
        assert_eq!(digest(&shard.snapshot()), digest(&whole.snapshot()), "seed {seed}");
        let versions = |shard: &mut Shard| -> BTreeSet<String> {
            let snapshot = shard.snapshot();
            let rows = snapshot.statements.iter();
            rows.map(|(row, known_to)| format!("{row:?} {known_to:?}")).collect()
        };
        assert_eq!(versions(&mut shard), versions(&mut whole), "seed {seed}: every version");
    }
}
