//! Checkpoints of every format that was ever written are opened: one of each is kept in
//! `tests/data/checkpoints`, with the sums that were true in it. `UPDATE=1` adds the one of this version where
//! it has a format of its own.

use std::fs;
use std::path::{Path, PathBuf};

use twinstream::engine::checkpoint::core::FORMAT;
use twinstream::engine::checkpoint::reader::restore;
use twinstream::engine::checkpoint::writer::CheckpointWriter;
use twinstream::engine::shard::Shard;
use twinstream::sim::ward;
use twinstream::storage::checkpoints::Checkpoints;
use twinstream::storage::object::{Storage, StorageSpec};
use twinstream::twin::sums::count;

use crate::support::{log_frame, opening, site};

/// Whose history the kept checkpoints are of, and how many of its frames are in them, after those that opened the
/// log with the pipelines of their time.
const SEED: u64 = 5;
const N_HISTORY: usize = 52;

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/checkpoints")
}

fn history() -> impl Iterator<Item = Vec<u8>> {
    ward::history(&site(), SEED).into_iter()
}

/// Writes the checkpoint of this version, with a sealed segment in it and rows in the tail.
fn write_kept(folder: &Path) {
    let storage = Storage::open(&StorageSpec::Folder(folder.join("objects"))).unwrap();
    let checkpoints = Checkpoints::open(storage.clone(), "log", 0);
    let mut writer = CheckpointWriter::claim(storage, &checkpoints, 1, None).unwrap();
    let mut shard = Shard::new(0);
    let frames: Vec<Vec<u8>> = opening().into_iter().chain(history().take(N_HISTORY)).collect();
    let middle = frames.len() - N_HISTORY / 2;
    for (offset, bytes) in frames.into_iter().enumerate() {
        shard.step(&[log_frame(offset, bytes)]).unwrap();
        if offset == middle {
            shard.seal_now();
        }
    }
    writer.write(&shard.state()).unwrap();
    fs::write(folder.join("sums.txt"), format!("{}\n", shard.sums())).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => _ = fs::copy(entry.path(), target).unwrap(),
        }
    }
}

#[test]
fn a_checkpoint_of_every_format_is_opened_and_goes_on() {
    let newest = kept().join(format!("format-{FORMAT}"));
    if std::env::var_os("UPDATE").is_some() && !newest.is_dir() {
        write_kept(&newest);
    }
    assert!(newest.is_dir(), "UPDATE=1 keeps a checkpoint of format {FORMAT}");
    let formats = fs::read_dir(kept()).unwrap().map(|entry| entry.unwrap().path());
    for format in formats {
        let folder = tempfile::tempdir().unwrap();
        copy(&format.join("objects"), folder.path());
        let storage = Storage::open(&StorageSpec::Folder(folder.path().to_owned())).unwrap();
        let open = || Checkpoints::open(storage.clone(), "log", 0);
        let name = format.display();
        let mut restored = restore(&storage, &mut open()).unwrap().unwrap_or_else(|| {
            panic!("{name} is passed over");
        });
        assert!(restored.passed_over.is_empty(), "{name}: {:?}", restored.passed_over);
        restored.load().unwrap();
        let said = fs::read_to_string(format.join("sums.txt")).unwrap();
        assert_eq!(format!("{}\n", restored.shard.sums()), said, "{name}");
        assert_eq!(count(&restored.shard.snapshot()), restored.shard.sums(), "{name}: its rows");
        let mut writer =
            CheckpointWriter::claim(storage.clone(), &open(), 1, Some(&restored)).unwrap();
        let mut shard = restored.shard;
        let first = usize::try_from(shard.next_offset()).unwrap();
        assert!(N_HISTORY < first, "{name}");
        for (offset, bytes) in (first..).zip(history().skip(N_HISTORY)) {
            shard.step(&[log_frame(offset, bytes)]).unwrap();
        }
        writer.write(&shard.state()).unwrap();
        let again = restore(&storage, &mut open()).unwrap().unwrap();
        assert_eq!(again.shard.sums(), shard.sums(), "{name}: written in this format");
    }
}
