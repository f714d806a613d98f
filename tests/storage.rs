//! Checkpoints outlive what happens to them: every cut, every flipped bit, every crash, every second owner.
//!
//! Each promise is kept in a folder, and in a bucket where `./check` started a server that speaks S3 and
//! named it in `TWIN_TEST_S3`.

mod crash;
mod damage;

use std::fs;

use bytes::Bytes;

use twinstream::domain::time::Timestamp;
use twinstream::storage::checkpoints::{CheckpointError, Checkpoints};
use twinstream::storage::error::StorageError;
use twinstream::storage::manifest::{Checkpoint, Manifest};
use twinstream::storage::object::{BucketSpec, Put, Storage, StorageSpec};
use twinstream::storage::part::{PartRef, SEGMENT};
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
    let mut places = vec![Place::folder()];
    match bucket(&format!("{test}-{}", std::process::id())) {
        Some(spec) => {
            let storage = Storage::open(&StorageSpec::Bucket(spec)).unwrap();
            places.push(Place { storage, folder: None });
        }
        None => {
            eprintln!("SKIPPED: no S3; ./check starts one, sets TWIN_TEST_S3 and builds with `s3`")
        }
    }
    places
}

/// The bucket that `./check` made; the credentials are in the environment.
fn bucket(prefix: &str) -> Option<BucketSpec> {
    cfg!(feature = "s3").then_some(())?;
    Some(BucketSpec {
        bucket: "twin".to_owned(),
        prefix: prefix.to_owned(),
        endpoint: Some(std::env::var("TWIN_TEST_S3").ok()?),
        region: Some("us-east-1".to_owned()),
    })
}

impl Place {
    fn folder() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let spec = StorageSpec::Folder(folder.path().join("made/here"));
        Place { storage: Storage::open(&spec).unwrap(), folder: Some(folder) }
    }

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
