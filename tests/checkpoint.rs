//! A shard that was restored is the shard that was: what it says from then on, and what is true, are the same.

use std::collections::BTreeSet;

use twinstream::engine::checkpoint::reader::{Restored, restore};
use twinstream::engine::checkpoint::writer::CheckpointWriter;
use twinstream::engine::digest::digest;
use twinstream::engine::shard::Shard;
use twinstream::storage::checkpoints::Checkpoints;
use twinstream::storage::object::{Storage, StorageSpec};

use crate::order::ward;
use crate::support::{log_frame, opening};

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

fn checkpointed(shard: &mut Shard, storage: &Storage) -> Restored {
    let open = || Checkpoints::open(storage.clone(), "log", 0);
    let before = restore(storage, &mut open()).unwrap();
    let mut writer = CheckpointWriter::claim(storage.clone(), open(), 1, before.as_ref()).unwrap();
    let written = writer.write(&shard.state()).unwrap();
    let restored = restore(storage, &mut open()).unwrap().expect("it was just written");
    assert_eq!(restored.manifest, written.manifest);
    assert!(restored.passed_over.is_empty());
    restored
}

#[test]
fn a_restored_shard_goes_on_as_the_one_that_was() {
    for seed in 0..8 {
        let frames: Vec<(usize, Vec<u8>)> =
            opening().into_iter().chain(ward::history(seed)).enumerate().collect();
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
