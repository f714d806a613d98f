//! A process may die between any two writes, and in the middle of one: what was published is found.

use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;

use twinstream::storage::checkpoints::{CheckpointError, Checkpoints};
use twinstream::storage::error::StorageError;
use twinstream::storage::object::{Listed, Objects, Put, Storage, StorageSpec};
use twinstream::storage::search::Depth;

use crate::storage::{LOG, PARTITION, Place, publish};

/// A storage that does so many writes and then no more, like a process that was killed.
#[derive(Debug)]
struct Mortal {
    storage: Storage,
    n_writes_left: AtomicI64,
}

impl Mortal {
    fn write<T>(
        &self,
        name: &str,
        write: impl FnOnce() -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        if 0 < self.n_writes_left.fetch_sub(1, Ordering::Relaxed) {
            return write();
        }
        let (place, name) = ("here".to_owned(), name.to_owned());
        Err(StorageError::Failed { place, action: "write", name, message: "killed".to_owned() })
    }
}

impl Objects for Mortal {
    fn put_new(&self, name: &str, bytes: Bytes) -> Result<Put, StorageError> {
        self.write(name, || self.storage.put_new(name, bytes))
    }
    fn get(&self, name: &str) -> Result<Bytes, StorageError> {
        self.storage.get(name)
    }
    fn get_range(&self, name: &str, range: Range<u64>) -> Result<Bytes, StorageError> {
        self.storage.get_range(name, range)
    }
    fn list(&self, below: &str) -> Result<Vec<Listed>, StorageError> {
        self.storage.list(below)
    }
    fn delete(&self, name: &str) -> Result<(), StorageError> {
        self.write(name, || self.storage.delete(name))
    }
}

#[test]
fn a_kill_between_any_two_writes_leaves_a_checkpoint() {
    let mut n_writes = 0;
    loop {
        let place = Place::folder();
        let n_writes_left = AtomicI64::new(n_writes);
        let mortal = Mortal { storage: place.storage.clone(), n_writes_left };
        let mut owner = Checkpoints::open(Storage::of(Arc::new(mortal)), LOG, PARTITION);
        let mut published = None;
        let mut life = || -> Result<(), CheckpointError> {
            owner.claim()?;
            for offset in 10..20 {
                publish(&mut owner, offset)?;
                published = Some(offset);
                owner.collect_garbage(2)?;
            }
            Ok(())
        };
        let lived = life().is_ok();
        assert_eq!(place.found(), (published, vec![]), "after {n_writes} writes");
        // The next owner goes on from there.
        let mut next = place.owner();
        publish(&mut next, 30).unwrap();
        next.collect_garbage(1).unwrap();
        assert_eq!(place.found(), (Some(30), vec![]));
        if lived {
            break;
        }
        n_writes += 1;
    }
    assert!(40 < n_writes, "{n_writes} writes are no life");
}

/// What a search found damaged is not forgotten with a claim that the storage refused for now: a checkpoint that
/// names it is not published as it lies.
#[test]
fn a_claim_that_failed_is_tried_again_with_the_damage_that_is_known() {
    let place = Place::folder();
    publish(&mut place.owner(), 10).unwrap();
    let newest = publish(&mut place.owner(), 12).unwrap();
    let state = &newest.checkpoint.parts[0];
    let name = place.checkpoints().object_of(state);
    let mut bytes = place.storage.get(&name).unwrap().to_vec();
    bytes[7] ^= 1;
    place.overwrite(&name, &bytes);

    let n_writes_left = AtomicI64::new(0);
    let mortal = Arc::new(Mortal { storage: place.storage.clone(), n_writes_left });
    let mut found = Checkpoints::open(Storage::of(mortal.clone()), LOG, PARTITION);
    assert_eq!(found.newest_valid(Depth::Quick).unwrap().passed_over.len(), 1);
    let error = found.unclaimed().claim().unwrap_err();
    assert!(error.is_retryable(), "{error}");
    mortal.n_writes_left.store(i64::MAX, Ordering::Relaxed);
    let mut owner = found.unclaimed();
    owner.claim().unwrap();
    let error = owner.publish(8, newest.checkpoint.clone()).unwrap_err();
    assert!(error.to_string().ends_with("not those that were written"), "{error}");
    publish(&mut owner, 12).unwrap();
    assert_eq!(place.found(), (Some(12), vec![]));
}

/// Publishes until it is killed; `a_killed_process_leaves_a_checkpoint` runs this test in a process of its
/// own, which it is told by the folder.
#[test]
fn publishes_until_it_is_killed() {
    let Some(folder) = std::env::var_os("TWIN_TEST_STORAGE_FOLDER") else { return };
    let storage = Storage::open(&StorageSpec::Folder(PathBuf::from(folder))).unwrap();
    let mut owner = Checkpoints::open(storage, LOG, PARTITION);
    owner.claim().unwrap();
    let first = owner.newest_valid(Depth::Whole).unwrap().valid;
    let first = first.map_or(1, |valid| valid.manifest.checkpoint.next_offset + 1);
    for offset in first.. {
        publish(&mut owner, offset).unwrap();
        owner.collect_garbage(2).unwrap();
        // The parent reads this: what was published before it must be found after the kill.
        println!("published {offset}");
    }
}

fn start_publisher(folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["storage::crash::publishes_until_it_is_killed", "--exact", "--nocapture"]);
    command.env("TWIN_TEST_STORAGE_FOLDER", folder);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_killed_process_leaves_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let mut last = 0;
    for life in 0..20 {
        let mut child = start_publisher(folder.path());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let published = lines
            .map_while(Result::ok)
            .filter_map(|line| line.split_once("published ")?.1.parse::<u64>().ok());
        // Killed in the middle of what comes after a line, somewhere else in each life.
        let mut told = last;
        for offset in published.take(1 + life % 4) {
            assert_eq!(offset, told + 1, "it goes on from the newest");
            told = offset;
        }
        for _ in 0..life * 1_500 {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let storage = Storage::open(&StorageSpec::Folder(folder.path().to_owned())).unwrap();
        let search = Checkpoints::open(storage, LOG, PARTITION).newest_valid(Depth::Whole).unwrap();
        assert_eq!(search.passed_over, []);
        last = search.valid.unwrap().manifest.checkpoint.next_offset;
        assert!(told <= last, "{told} was published, and {last} is found");
    }
    let drafts = fs::read_dir(folder.path().join(".drafts")).unwrap().count();
    assert_eq!(drafts, 0, "the next start clears what the dead left");
}
