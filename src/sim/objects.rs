//! A storage of checkpoints in memory that a crash can hurt: a write in which the machine stops is lost or
//! torn, others fail now and then, and what was written may be damaged later.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::domain::time::Timestamp;
use crate::sim::dice::Dice;
use crate::sim::fuse::{Fuse, Last};
use crate::storage::error::StorageError;
use crate::storage::manifest::Manifest;
use crate::storage::object::{Listed, Objects, Put, Storage};
use crate::storage::part::{ROWS, SEGMENT};

/// One write in so many fails although the machine goes on.
const FAILS_ONE_IN: u64 = 40;

/// The objects.
#[derive(Debug)]
pub struct SimObjects {
    disk: Mutex<Disk>,
    fuse: Fuse,
}

#[derive(Debug)]
struct Disk {
    present: BTreeMap<String, (Bytes, Timestamp)>,
    /// What every object ever put under a name should be.
    meant: BTreeMap<String, Bytes>,
    n_writes: i64,
    /// Decides which writes fail.
    trouble: Option<Dice>,
}

impl SimObjects {
    /// An empty storage in which no write fails but by a crash.
    pub fn new(fuse: Fuse) -> Arc<SimObjects> {
        let (present, meant) = (BTreeMap::new(), BTreeMap::new());
        let disk = Disk { present, meant, n_writes: 0, trouble: None };
        Arc::new(SimObjects { disk: Mutex::new(disk), fuse })
    }

    /// From now on writes fail now and then, as these dice have it.
    pub fn trouble(&self, dice: Dice) {
        self.with(|disk| disk.trouble = Some(dice));
    }

    /// This storage, as the program uses it.
    pub fn storage(self: &Arc<SimObjects>) -> Storage {
        Storage::of(self.clone())
    }

    /// Damages an object and gives its name, if there is any: one byte, its end, or all of it. Of a segment,
    /// whose blocks are held against their checksums when they are read, a byte is left alone.
    pub fn damage(&self, dice: &mut Dice) -> Option<String> {
        self.with(|disk| {
            let is_used = |name: &&String| !name.contains("/claims/");
            let names: Vec<String> = disk.present.keys().filter(is_used).cloned().collect();
            let object = names.get(dice.index(names.len()))?.clone();
            let (bytes, _) = disk.present.get_mut(&object)?;
            let of_kind = |kind: &str| object.contains(&format!("/parts/{kind}-"));
            let is_segment = of_kind(SEGMENT) || of_kind(ROWS);
            match dice.below(3) {
                0 if !is_segment => {
                    let mut changed = bytes.to_vec();
                    let place = dice.index(changed.len());
                    *changed.get_mut(place)? ^= 1 << dice.below(8);
                    *bytes = Bytes::from(changed);
                }
                1 => *bytes = bytes.slice(..dice.index(bytes.len())),
                _ => {
                    disk.present.remove(&object);
                }
            }
            Some(object)
        })
    }

    /// The newest manifest of which every piece is as it was written.
    pub fn newest_whole(&self) -> Option<Manifest> {
        self.with(|disk| {
            let manifests = disk.present.keys().rev().filter(|name| name.contains("/manifests/"));
            let mut whole = manifests.filter(|name| disk.is_whole(name)).filter_map(|name| {
                let (root, _) = name.split_once("/manifests/")?;
                let manifest = Manifest::decode(&disk.meant.get(name)?[..]).ok()?;
                let mut parts = manifest.checkpoint.parts.iter();
                let are_whole =
                    parts.all(|part| disk.is_whole(&format!("{root}/parts/{}", part.name())));
                are_whole.then_some(manifest)
            });
            whole.next()
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Disk) -> T) -> T {
        f(&mut self.disk.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A read: a machine that has stopped reads nothing.
    fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Disk) -> Option<T>,
    ) -> Result<T, StorageError> {
        if self.fuse.is_blown() {
            return Err(failed("read", name));
        }
        let missing =
            || StorageError::Missing { place: "memory".to_owned(), name: name.to_owned() };
        self.with(|disk| read(disk)).ok_or_else(missing)
    }
}

impl Disk {
    fn is_whole(&self, name: &str) -> bool {
        self.present.get(name).map(|(bytes, _)| bytes) == self.meant.get(name)
            && self.present.contains_key(name)
    }

    /// Whether the next write fails, and if so whether it is done all the same.
    fn fails(&mut self) -> Option<Last> {
        let dice = self.trouble.as_mut()?;
        let fails = dice.happens(FAILS_ONE_IN);
        fails.then(|| *dice.pick(&[Last::Undone, Last::Unanswered]))
    }

    fn write(&mut self, name: &str, bytes: Bytes) {
        self.n_writes += 1;
        let created_at = Timestamp::from_micros(self.n_writes);
        self.present.insert(name.to_owned(), (bytes, created_at));
    }
}

impl Objects for SimObjects {
    fn put_new(&self, name: &str, bytes: Bytes) -> Result<Put, StorageError> {
        let existing = self.with(|disk| disk.present.get(name).map(|(bytes, _)| bytes.len()));
        if let Some(size) = existing.filter(|_| !self.fuse.is_blown()) {
            return Ok(Put::Existed { size_bytes: u64::try_from(size).unwrap_or(u64::MAX) });
        }
        let burnt = self.fuse.burn();
        self.with(|disk| {
            let last = burnt.or_else(|| disk.fails());
            disk.meant.insert(name.to_owned(), bytes.clone());
            match last {
                None | Some(Last::Unanswered) => disk.write(name, bytes),
                Some(Last::Torn) => disk.write(name, bytes.slice(..bytes.len() / 2)),
                Some(Last::Undone) => {}
            }
            last.map_or(Ok(Put::Created), |_| Err(failed("write", name)))
        })
    }

    fn get(&self, name: &str) -> Result<Bytes, StorageError> {
        self.read(name, |disk| disk.present.get(name).map(|(bytes, _)| bytes.clone()))
    }

    fn get_range(&self, name: &str, range: Range<u64>) -> Result<Bytes, StorageError> {
        self.read(name, |disk| {
            let (bytes, _) = disk.present.get(name)?;
            let start = usize::try_from(range.start).ok().filter(|start| *start < bytes.len())?;
            let end = usize::try_from(range.end).map_or(bytes.len(), |end| end.min(bytes.len()));
            Some(bytes.slice(start..end))
        })
    }

    fn list(&self, below: &str) -> Result<Vec<Listed>, StorageError> {
        self.read(below, |disk| {
            let inside = |name: &str| name.strip_prefix(below).is_some_and(|n| n.starts_with('/'));
            let objects = disk.present.iter().filter(|(name, _)| inside(name));
            let listed = objects.map(|(name, (bytes, created_at))| Listed {
                name: name.clone(),
                size_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
                created_at: *created_at,
            });
            Some(listed.collect())
        })
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        let burnt = self.fuse.burn();
        self.with(|disk| {
            let last = burnt.or_else(|| disk.fails());
            if last != Some(Last::Undone) {
                disk.present.remove(name);
            }
            last.map_or(Ok(()), |_| Err(failed("delete", name)))
        })
    }
}

fn failed(action: &'static str, name: &str) -> StorageError {
    let message = "the simulator has it fail".to_owned();
    StorageError::Failed { place: "memory".to_owned(), action, name: name.to_owned(), message }
}
