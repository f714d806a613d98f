//! Checkpoints outlive what happens to them: every cut, every flipped bit, every crash, every second owner.
//!
//! Each promise is kept in a folder, and in a bucket where `./check` started a server that speaks S3 and
//! named it in `TWIN_TEST_S3`.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;

use twinstream::domain::time::Timestamp;
use twinstream::storage::checkpoints::{CheckpointError, Checkpoints};
use twinstream::storage::error::StorageError;
use twinstream::storage::inventory::Number;
use twinstream::storage::manifest::{Checkpoint, Manifest};
use twinstream::storage::object::{BucketSpec, Listed, Objects, Put, Storage, StorageSpec};
use twinstream::storage::part::{Fault, PartRef, SEGMENT};
use twinstream::storage::search::Depth;

const LOG: &str = "twin.events.v1";
const PARTITION: u32 = 3;

/// A storage for a test, and the folder that it is kept in, if one is.
struct Place {
    storage: Storage,
    folder: Option<tempfile::TempDir>,
}

/// The kinds of storage that there are: a folder, and a bucket of this test's own prefix.
fn places(test: &str) -> Vec<Place> {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(&StorageSpec::Folder(folder.path().join("made/here"))).unwrap();
    let mut places = vec![Place { storage, folder: Some(folder) }];
    match bucket(&format!("{test}-{}", std::process::id())) {
        Some(spec) => {
            let storage = Storage::open(&StorageSpec::Bucket(spec)).unwrap();
            places.push(Place { storage, folder: None });
        }
        None => eprintln!("SKIPPED: no S3; ./check starts one and sets TWIN_TEST_S3"),
    }
    places
}

/// The bucket that `./check` made; the credentials are in the environment.
fn bucket(prefix: &str) -> Option<BucketSpec> {
    Some(BucketSpec {
        bucket: "twin".to_owned(),
        prefix: prefix.to_owned(),
        endpoint: Some(std::env::var("TWIN_TEST_S3").ok()?),
        region: Some("us-east-1".to_owned()),
    })
}

impl Place {
    fn checkpoints(&self) -> Checkpoints {
        Checkpoints::open(self.storage.clone(), LOG, PARTITION)
    }

    fn owner(&self) -> Checkpoints {
        let mut owner = self.checkpoints();
        owner.claim().unwrap();
        owner
    }

    /// What a start would use, as its next offset, and what it would pass over.
    fn found(&self) -> (Option<u64>, Vec<String>) {
        self.found_at(Depth::Whole)
    }

    fn found_at(&self, depth: Depth) -> (Option<u64>, Vec<String>) {
        let search = self.checkpoints().newest_valid(depth).unwrap();
        let offset = search.valid.map(|valid| valid.manifest.checkpoint.next_offset);
        (offset, search.passed_over.iter().map(ToString::to_string).collect())
    }

    /// Puts bytes in the place of an object: damage, which no caller can do.
    fn overwrite(&self, name: &str, bytes: &[u8]) {
        match &self.folder {
            Some(folder) => fs::write(folder.path().join("made/here").join(name), bytes).unwrap(),
            None => {
                self.storage.delete(name).unwrap();
                self.storage.put_new(name, Bytes::copy_from_slice(bytes)).unwrap();
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let listed = self.storage.list(LOG).unwrap();
        listed.into_iter().map(|object| object.name).collect()
    }
}

/// Bytes that look like nothing, the same for a seed.
fn noise(seed: u64, size: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let bytes = (0..size).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    });
    bytes.collect()
}

/// A checkpoint at an offset: a state of its own, and a segment that it shares with its neighbours.
fn put(owner: &mut Checkpoints, offset: u64) -> Result<Checkpoint, CheckpointError> {
    let parts = vec![
        owner.put_part("state", noise(offset, 10_000))?,
        owner.put_part(SEGMENT, noise(1_000 + offset / 2, 30_000))?,
        owner.put_part("said", Bytes::new())?,
    ];
    Ok(Checkpoint {
        next_offset: offset,
        known: Timestamp::from_micros(1_700_000_000_000_000),
        digest: format!("{offset:032x}"),
        build: "test".to_owned(),
        parts,
    })
}

fn publish(owner: &mut Checkpoints, offset: u64) -> Result<Manifest, CheckpointError> {
    let checkpoint = put(owner, offset)?;
    owner.publish(8, checkpoint)
}

fn manifest_name(manifest: &Manifest) -> String {
    let Manifest { epoch, sequence, .. } = manifest;
    format!("{LOG}/00003/manifests/{epoch:010}-{sequence:010}.json")
}

#[test]
fn objects_are_created_once_and_read_back() {
    for Place { storage, folder } in places("objects") {
        assert_eq!(storage.list("a").unwrap(), []);
        let large = noise(1, 300_000);
        assert_eq!(storage.put_new("a/b/large", large.clone()).unwrap(), Put::Created);
        assert_eq!(storage.put_new("a/b.c", Bytes::from_static(b"small")).unwrap(), Put::Created);
        let existed = Put::Existed { size_bytes: 5 };
        assert_eq!(storage.put_new("a/b.c", Bytes::from_static(b"another")).unwrap(), existed);
        let existed = Put::Existed { size_bytes: 300_000 };
        assert_eq!(storage.put_new("a/b/large", noise(2, 200_000)).unwrap(), existed);
        assert_eq!(storage.get("a/b.c").unwrap(), "small");
        assert_eq!(storage.get("a/b/large").unwrap(), large);
        assert_eq!(storage.get_range("a/b/large", 7..100_007).unwrap(), large.slice(7..100_007));
        assert_eq!(storage.get_range("a/b.c", 3..9).unwrap(), "ll");
        assert_eq!(storage.get_range("a/b.c", 3..3).unwrap(), "");
        assert!(storage.get_range("a/b.c", 5..9).is_err());

        let names = |below| {
            let listed = storage.list(below).unwrap().into_iter();
            listed.map(|object| (object.name, object.size_bytes)).collect::<Vec<_>>()
        };
        let large = ("a/b/large".to_owned(), 300_000);
        assert_eq!(names("a"), [("a/b.c".to_owned(), 5), large.clone()]);
        assert_eq!(names("a/b"), [large], "a/b.c does not lie below a/b");
        storage.delete("a/b.c").unwrap();
        storage.delete("a/b.c").unwrap();
        let error = storage.get("a/b.c").unwrap_err();
        assert!(matches!(error, StorageError::Missing { .. }), "{error}");
        assert_eq!(names("a").len(), 1);
        if let Some(folder) = folder {
            let drafts = fs::read_dir(folder.path().join("made/here/.drafts")).unwrap();
            assert_eq!(drafts.count(), 0);
        }
    }
}

#[test]
fn of_many_who_create_an_object_one_does() {
    for Place { storage, .. } in places("many") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let puts: Vec<Put> = std::thread::scope(|scope| {
            let put = |n| {
                let (storage, runtime) = (storage.clone(), runtime.handle().clone());
                // Some of them from inside an async runtime, which must not mind.
                scope.spawn(move || {
                    let _inside = (n % 2 == 0).then(|| runtime.enter());
                    storage.put_new("one", noise(n, 1_000)).unwrap()
                })
            };
            let puts: Vec<_> = (0..8).map(put).collect();
            puts.into_iter().map(|put| put.join().unwrap()).collect()
        });
        assert_eq!(puts.iter().filter(|put| **put == Put::Created).count(), 1, "{puts:?}");
        let whole = storage.get("one").unwrap();
        assert!((0..8).any(|n| whole == noise(n, 1_000)));
    }
}

#[test]
fn a_checkpoint_is_read_as_it_was_written() {
    for place in places("round-trip") {
        assert_eq!(place.found(), (None, vec![]));
        let mut owner = place.owner();
        publish(&mut owner, 10).unwrap();
        let published = publish(&mut owner, 12).unwrap();
        assert_eq!((published.epoch, published.sequence, published.partition), (1, 2, PARTITION));

        let mut next = place.checkpoints();
        assert_eq!(next.claim().unwrap(), 2);
        let valid = next.newest_valid(Depth::Quick).unwrap().valid.unwrap();
        assert_eq!(valid.manifest, published);
        let sizes = valid.parts.iter().map(|part| part.as_ref().map(Bytes::len));
        assert_eq!(sizes.collect::<Vec<_>>(), [Some(10_000), None, Some(0)]);
        for part in &published.checkpoint.parts {
            assert_eq!(PartRef::of(&part.kind, &next.read_part(part).unwrap()), *part);
        }
        let other = Checkpoints::open(place.storage.clone(), LOG, 4).newest_valid(Depth::Quick);
        assert_eq!(other.unwrap().valid, None, "partitions have their own");
    }
}

#[test]
fn what_did_not_change_is_not_written_again() {
    for place in places("incremental") {
        let mut owner = place.owner();
        publish(&mut owner, 10).unwrap();
        let before = place.storage.list(LOG).unwrap();
        publish(&mut place.owner(), 11).unwrap();
        let after = place.storage.list(LOG).unwrap();
        let n_written = after.iter().filter(|object| !before.contains(object)).count();
        assert_eq!(n_written, 3, "a claim, a state and a manifest; the segment is there");
    }
}

#[test]
fn an_owner_whose_partition_was_claimed_writes_no_more() {
    for place in places("fencing") {
        let mut first = place.checkpoints();
        let unclaimed = publish(&mut first, 1).unwrap_err();
        assert!(matches!(unclaimed, CheckpointError::NotClaimed { .. }), "{unclaimed}");
        first.claim().unwrap();
        publish(&mut first, 10).unwrap();
        let checkpoint = put(&mut first, 12).unwrap();
        let mut second = place.owner();
        let error = first.publish(8, checkpoint).unwrap_err();
        let is_fenced = matches!(error, CheckpointError::Fenced { ours: 1, theirs: 2, .. });
        assert!(is_fenced && !error.is_retryable(), "{error}");
        assert!(first.collect_garbage(1).is_err());
        assert_eq!(place.found().0, Some(10), "the second begins with what the first published");
        publish(&mut second, 11).unwrap();
        assert_eq!(place.found().0, Some(11));
        // The first asked whether it is still the owner just before the second claimed.
        let mut late = publish(&mut place.owner(), 99).unwrap();
        place.storage.delete(&manifest_name(&late)).unwrap();
        (late.epoch, late.sequence) = (1, 2);
        place.overwrite(&manifest_name(&late), &late.encode());
        assert_eq!(place.found().0, Some(11), "the higher epoch counts");
    }
}

#[test]
fn of_owners_that_claim_at_once_each_has_its_own_epoch() {
    for place in places("claims") {
        let mut epochs: Vec<u64> = std::thread::scope(|scope| {
            let claims: Vec<_> =
                (0..8).map(|_| scope.spawn(|| place.checkpoints().claim().unwrap())).collect();
            claims.into_iter().map(|claim| claim.join().unwrap()).collect()
        });
        epochs.sort_unstable();
        assert_eq!(epochs, (1..=8).collect::<Vec<u64>>());
    }
}

#[test]
fn a_cut_is_detected_wherever_it_is() {
    for place in places("cuts") {
        let mut owner = place.owner();
        publish(&mut owner, 10).unwrap();
        let manifest = publish(&mut owner, 12).unwrap();
        let mut objects = vec![(manifest_name(&manifest), 1)];
        let parts = manifest.checkpoint.parts.iter().filter(|part| 0 < part.size_bytes);
        objects.extend(parts.map(|part| (owner.object_of(part), 4_096)));
        for (name, step) in objects {
            let whole = place.storage.get(&name).unwrap();
            // Over the network each is a few requests, and the bytes are compared by the same code.
            let step = if place.folder.is_none() { step * 16 } else { step };
            for size in (0..whole.len()).step_by(step) {
                place.overwrite(&name, &whole[..size]);
                let (offset, passed_over) = place.found();
                assert_eq!(offset, Some(10), "{name} of {size} bytes was served");
                assert_eq!(passed_over.len(), 1);
                assert!(passed_over[0].contains(&name), "{passed_over:?}");
            }
            place.storage.delete(&name).unwrap();
            let (offset, passed_over) = place.found();
            assert_eq!(offset, Some(10), "served without {name}");
            let is_known = passed_over.is_empty() || passed_over[0].ends_with("it is not there");
            assert!(is_known, "{passed_over:?}");
            place.overwrite(&name, &whole);
            assert_eq!(place.found(), (Some(12), vec![]));
        }
    }
}

#[test]
fn a_flipped_bit_is_detected_wherever_it_is() {
    const SEED: u64 = 20_261_126;
    for place in places("flips") {
        let mut owner = place.owner();
        publish(&mut owner, 10).unwrap();
        let manifest = publish(&mut owner, 12).unwrap();
        let mut names = vec![manifest_name(&manifest)];
        names.extend(manifest.checkpoint.parts.iter().map(|part| owner.object_of(part)));
        let objects: BTreeMap<&String, Bytes> =
            names.iter().map(|name| (name, place.storage.get(name).unwrap())).collect();
        let n_flips: u64 = if place.folder.is_some() { 10_000 } else { 200 };
        let random = noise(SEED, usize::try_from(n_flips * 8).unwrap());
        for random in random.chunks_exact(8) {
            let random = usize::from_le_bytes(random.try_into().unwrap());
            // The empty part has no bit to flip.
            let name = &names[random % (names.len() - 1)];
            let mut bytes = objects[name].to_vec();
            let bit = random / 7 % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            place.overwrite(name, &bytes);
            let (offset, passed_over) = place.found();
            assert_eq!(offset, Some(10), "bit {bit} of {name}, seed {SEED}");
            assert!(passed_over[0].ends_with("not those that were written"), "{passed_over:?}");
            if let Some(part) = manifest.checkpoint.parts.iter().find(|p| name.ends_with(&p.name()))
            {
                let error = owner.read_part(part).unwrap_err();
                assert!(matches!(error, CheckpointError::Damaged { fault: Fault::Content, .. }));
            }
            place.overwrite(name, &objects[name]);
        }
        assert_eq!(place.found(), (Some(12), vec![]));
    }
}

#[test]
fn damage_in_a_segment_is_met_when_it_is_looked_for_and_then_healed() {
    for place in places("segment") {
        let mut owner = place.owner();
        publish(&mut owner, 9).unwrap();
        let manifest = publish(&mut owner, 10).unwrap();
        let segment = &manifest.checkpoint.parts[1];
        let name = owner.object_of(segment);
        let mut bytes = place.storage.get(&name).unwrap().to_vec();
        bytes[20_000] ^= 1;
        place.overwrite(&name, &bytes);
        assert_eq!(place.found_at(Depth::Quick).0, Some(10), "its length is right");
        assert_eq!(place.found_at(Depth::Whole).0, Some(9));
        // Replaying the log makes the same segment again; it must not be taken for written.
        let mut next = place.owner();
        next.newest_valid(Depth::Whole).unwrap();
        publish(&mut next, 10).unwrap();
        assert_eq!(place.found(), (Some(10), vec![]));
        // One that was cut needs no search to be replaced.
        place.overwrite(&name, &bytes[..100]);
        publish(&mut place.owner(), 11).unwrap();
        assert_eq!(place.found(), (Some(11), vec![]));
    }
}

#[test]
fn a_manifest_that_names_what_is_not_there_is_not_published() {
    for place in places("unnamed") {
        let mut owner = place.owner();
        let checkpoint = put(&mut owner, 10).unwrap();
        let lost = checkpoint.parts[0].clone();
        place.storage.delete(&owner.object_of(&lost)).unwrap();
        let error = owner.publish(8, checkpoint).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: it is not there", lost.name()));
        publish(&mut owner, 10).unwrap();
        assert_eq!(place.found(), (Some(10), vec![]));
    }
}

#[test]
fn a_manifest_under_another_name_is_passed_over() {
    for place in places("misplaced") {
        let mut owner = place.owner();
        publish(&mut owner, 10).unwrap();
        let mut manifest = publish(&mut owner, 12).unwrap();
        let name = manifest_name(&manifest);
        manifest.partition = 4;
        place.overwrite(&name, &manifest.encode());
        let (offset, passed_over) = place.found();
        assert_eq!(offset, Some(10));
        assert!(passed_over[0].ends_with("it is checkpoint 1-2 of partition 4"), "{passed_over:?}");
        let search = place.checkpoints().newest_valid(Depth::Quick).unwrap();
        assert_eq!(search.passed_over[0].number, Number { epoch: 1, sequence: 2 });
    }
}

#[test]
fn garbage_is_what_no_kept_checkpoint_names() {
    for place in places("garbage") {
        let mut owner = place.owner();
        owner.claim().unwrap();
        assert_eq!(owner.collect_garbage(2).unwrap().n_manifests, 0, "there is nothing yet");
        for offset in 10..20 {
            publish(&mut owner, offset).unwrap();
        }
        let newest = publish(&mut owner, 20).unwrap();
        let abandoned = owner.put_part("state", noise(500, 10)).unwrap();
        // The newest is damaged: it does not count among those that are kept.
        place.storage.delete(&owner.object_of(&newest.checkpoint.parts[0])).unwrap();
        let collected = owner.collect_garbage(3).unwrap();
        assert_eq!(collected.n_manifests, 7);
        let names = place.names();
        let count = |infix| names.iter().filter(|name| name.contains(infix)).count();
        assert_eq!((count("/claims/"), count("/manifests/")), (1, 4));
        assert!(names.contains(&owner.object_of(&abandoned)), "it may be for the next one");
        assert_eq!(place.found().0, Some(19));
        for offset in [18, 17] {
            let search = place.checkpoints().newest_valid(Depth::Whole).unwrap();
            let number = search.valid.unwrap().manifest;
            place.storage.delete(&manifest_name(&number)).unwrap();
            assert_eq!(place.found().0, Some(offset), "kept whole");
        }
        // What was collected is written again when it is needed again.
        publish(&mut owner, 10).unwrap();
        assert_eq!(place.found().0, Some(10));
    }
}

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
        let place = places("kill").remove(0);
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
    command.args(["storage::publishes_until_it_is_killed", "--exact", "--nocapture"]);
    command.env("TWIN_TEST_STORAGE_FOLDER", folder);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_killed_process_leaves_a_checkpoint() {
    use std::io::{BufRead, BufReader};
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

#[test]
fn a_storage_out_of_reach_is_no_reason_to_pass_a_checkpoint_over() {
    let Some(mut spec) = bucket("reach") else { return };
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let missing = BucketSpec { bucket: "nobody-s".to_owned(), ..spec.clone() };
    let storage = Storage::open(&StorageSpec::Bucket(missing)).unwrap();
    let error = storage.put_new("a", Bytes::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "s3://nobody-s/reach: there is no such bucket: make it, or name another"
    );
    spec.endpoint = Some(format!("http://{closed}"));
    let storage = Storage::open(&StorageSpec::Bucket(spec)).unwrap();
    let error = Checkpoints::open(storage, LOG, PARTITION).newest_valid(Depth::Quick).unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(
        error.to_string().starts_with("s3://twin/reach: cannot list twin.events.v1/00003"),
        "{error}"
    );
}
