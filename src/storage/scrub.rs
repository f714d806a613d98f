//! Reads what checkpoints rest on again, slowly, so that damage is found while what was damaged is still in
//! memory, and not at the start that needs it.
//!
//! ```text
//! newest manifests ─► their parts, by name ─► a piece at a time, at most so many bytes a second ─► hash
//! ```
//! Each part has its own time: what was written is read an hour later, if it still counts then, and every
//! hour after. Time is an argument. A storage out of reach is no damage: the part is read again later.

use std::collections::BTreeMap;

use crate::domain::time::{Span, Timestamp};
use crate::storage::checkpoints::lost;
use crate::storage::error::StorageError;
use crate::storage::object::Storage;
use crate::storage::part::{Fault, Hasher, PartRef};

/// Read at once: small beside what a checkpoint writes, so that none waits for it.
pub const PIECE_BYTES: u64 = 1 << 20;
/// From one piece to the next. 4 MiB/s is a few percent of what a disk or a bucket gives and next to nothing
/// of a core; a terabyte takes three days at that.
pub const PIECE_INTERVAL: Span = Span::from_micros(250_000);
/// From one reading of a part to the next: a start reads what lies there at once, and what is replaced within
/// seconds is not read at all.
pub const AGAIN_INTERVAL: Span = Span::from_seconds(3_600);
/// A storage out of reach is left alone for so long.
pub const RETRY_INTERVAL: Span = Span::from_seconds(60);

/// A part that is damaged where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Whose part it is.
    pub partition: u32,
    /// The part.
    pub part: PartRef,
    /// Its object.
    pub object: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Reads parts again.
pub struct Scrub {
    storage: Storage,
    /// The parts to be read, by their objects.
    named: BTreeMap<String, Named>,
    /// The part in hand: how far it was read, and its hash so far.
    hand: Option<(String, u64, Hasher)>,
    /// When the next piece may be read.
    due_at: Timestamp,
}

/// A part that counts.
#[derive(Clone)]
struct Named {
    partition: u32,
    part: PartRef,
    /// When it is to be read.
    due_at: Timestamp,
}

impl Scrub {
    /// One that has nothing to read yet.
    pub fn new(storage: Storage) -> Scrub {
        Scrub { storage, named: BTreeMap::new(), hand: None, due_at: Timestamp::MIN }
    }

    /// These are the parts of a partition that count, with their objects, in place of those before. Those that
    /// are new are to be read at `due_at`.
    pub fn name(
        &mut self,
        partition: u32,
        parts: impl Iterator<Item = (String, PartRef)>,
        due_at: Timestamp,
    ) {
        let is_ours = |_: &String, named: &mut Named| named.partition == partition;
        let known: BTreeMap<String, Named> = self.named.extract_if(.., is_ours).collect();
        self.named.extend(parts.map(|(object, part)| {
            let due_at = known.get(&object).map_or(due_at, |known| known.due_at);
            (object, Named { partition, part, due_at })
        }));
    }

    /// Reads the next piece, if it is time, and says whether it completes a part that is damaged.
    ///
    /// # Errors
    /// If the storage cannot be read: nothing follows from that.
    pub fn step(&mut self, now: Timestamp) -> Result<Option<Damaged>, StorageError> {
        if now < self.due_at {
            return Ok(None);
        }
        let Some((object, at, mut hasher)) = self.hand.take().or_else(|| self.begin(now)) else {
            return Ok(None);
        };
        self.due_at = now.plus(PIECE_INTERVAL);
        // One that no checkpoint names any more may be gone by now.
        let Some(Named { partition, part, .. }) = self.named.get(&object).cloned() else {
            return Ok(None);
        };
        let fault = match self.read(&object, &part, at, &mut hasher) {
            Ok(Read::Piece(at)) => {
                self.hand = Some((object, at, hasher));
                return Ok(None);
            }
            Ok(Read::Whole) => None,
            Ok(Read::Damaged(fault)) => Some(fault),
            Err(error) => {
                self.due_at = now.plus(RETRY_INTERVAL);
                return Err(error);
            }
        };
        if let Some(named) = self.named.get_mut(&object) {
            named.due_at = now.plus(AGAIN_INTERVAL);
        }
        Ok(fault.map(|fault| Damaged { partition, part, object, fault }))
    }

    /// The part that has waited longest of those whose time has come.
    fn begin(&self, now: Timestamp) -> Option<(String, u64, Hasher)> {
        let due = self.named.iter().filter(|(_, named)| named.due_at <= now);
        let (object, _) = due.min_by_key(|(_, named)| named.due_at)?;
        Some((object.clone(), 0, Hasher::default()))
    }

    fn read(
        &self,
        object: &str,
        part: &PartRef,
        at: u64,
        hasher: &mut Hasher,
    ) -> Result<Read, StorageError> {
        let end = part.size_bytes.min(at + PIECE_BYTES);
        let bytes = match self.storage.get_range(object, at..end) {
            Err(error) if !error.is_loss() => return self.sized(object, part, error),
            read => match lost(read)? {
                Ok(bytes) => bytes,
                Err(fault) => return Ok(Read::Damaged(fault)),
            },
        };
        let n_read = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if n_read < end - at {
            return Ok(Read::Damaged(Fault::size(part, at + n_read)));
        }
        hasher.update(&bytes);
        if end < part.size_bytes {
            return Ok(Read::Piece(end));
        }
        match hasher.hash() == part.hash {
            true => Ok(Read::Whole),
            false => Ok(Read::Damaged(Fault::Content)),
        }
    }

    /// A part that ends before the piece cannot be read either, and only a list tells that from a storage out
    /// of reach.
    fn sized(
        &self,
        object: &str,
        part: &PartRef,
        error: StorageError,
    ) -> Result<Read, StorageError> {
        let folder = object.rsplit_once('/').map_or(object, |(folder, _)| folder);
        let listed = self.storage.list(folder)?;
        match listed.iter().find(|listed| listed.name == object) {
            None => Ok(Read::Damaged(Fault::Missing)),
            Some(found) if found.size_bytes != part.size_bytes => {
                Ok(Read::Damaged(Fault::size(part, found.size_bytes)))
            }
            Some(_) => Err(error),
        }
    }
}

/// What became of a piece.
enum Read {
    /// It was read, up to here.
    Piece(u64),
    /// It was the last one, and the part is whole.
    Whole,
    /// The part is damaged.
    Damaged(Fault),
}

#[cfg(test)]
mod tests {
    use std::fs;

    use bytes::Bytes;

    use super::*;
    use crate::storage::object::StorageSpec;

    /// Three pieces and a bit.
    const LARGE_BYTES: usize = (3 << 20) + 100;

    struct Place {
        folder: tempfile::TempDir,
        scrub: Scrub,
        objects: Vec<String>,
        now: Timestamp,
    }

    impl Place {
        /// A large part and a small one, of one partition.
        fn new() -> Place {
            let folder = tempfile::tempdir().unwrap();
            let storage = Storage::open(&StorageSpec::Folder(folder.path().to_owned())).unwrap();
            let mut parts = Vec::new();
            for (name, size_bytes) in [("large", LARGE_BYTES), ("small", 7)] {
                let bytes = Bytes::from(vec![5; size_bytes]);
                let object = format!("log/00002/parts/{name}");
                storage.put_new(&object, bytes.clone()).unwrap();
                parts.push((object, PartRef::of("segment", &bytes)));
            }
            let mut scrub = Scrub::new(storage);
            scrub.name(2, parts.iter().cloned(), Timestamp::MIN);
            let objects = parts.into_iter().map(|(object, _)| object).collect();
            Place { folder, scrub, objects, now: Timestamp::from_micros(0) }
        }

        fn overwrite(&self, index: usize, bytes: &[u8]) {
            fs::write(self.folder.path().join(&self.objects[index]), bytes).unwrap();
        }

        /// What `seconds` find.
        fn pass(&mut self, seconds: i64) -> Vec<(String, Fault)> {
            let mut found = Vec::new();
            let end = self.now.plus(Span::from_seconds(seconds));
            while self.now < end {
                let damaged = self.scrub.step(self.now).unwrap();
                found.extend(damaged.map(|damaged| (damaged.object, damaged.fault)));
                self.now = self.now.plus(Span::from_micros(10_000));
            }
            found
        }
    }

    #[test]
    fn a_flipped_bit_is_found_when_its_part_is_read_again_and_once_each_time() {
        let mut place = Place::new();
        assert_eq!(place.pass(60), [], "all is whole");
        let mut bytes = vec![5; LARGE_BYTES];
        bytes[LARGE_BYTES - 1] ^= 1;
        place.overwrite(0, &bytes);
        assert_eq!(place.pass(60), [], "it was read a moment ago");
        let expected = [(place.objects[0].clone(), Fault::Content)];
        assert_eq!(place.pass(3_600), expected);
        assert_eq!(place.pass(3_600), expected, "nobody mended it");
    }

    #[test]
    fn no_more_is_read_than_a_piece_in_its_time() {
        let mut place = Place::new();
        place.overwrite(0, &vec![6; LARGE_BYTES]);
        // Four pieces: the last one is read after three intervals, and no sooner.
        place.now = Timestamp::from_micros(0);
        let mut n_steps = 0;
        while place.scrub.step(place.now).unwrap().is_none() {
            place.now = place.now.plus(Span::from_micros(1_000));
            n_steps += 1;
        }
        assert_eq!(n_steps, 750);
    }

    #[test]
    fn what_was_cut_or_is_gone_is_damaged_wherever_it_ends() {
        for size_bytes in [0, 1, 1 << 20, (2 << 20) + 5] {
            let mut place = Place::new();
            place.overwrite(0, &vec![5; size_bytes]);
            let found = u64::try_from(size_bytes).unwrap();
            let expected = u64::try_from(LARGE_BYTES).unwrap();
            let expected = [(place.objects[0].clone(), Fault::Size { found, expected })];
            assert_eq!(place.pass(10), expected, "{size_bytes} bytes are left");
        }
        let mut place = Place::new();
        fs::remove_file(place.folder.path().join(&place.objects[1])).unwrap();
        assert_eq!(place.pass(10), [(place.objects[1].clone(), Fault::Missing)]);
    }

    #[test]
    fn what_no_checkpoint_names_any_more_is_not_missed() {
        let mut place = Place::new();
        let named = place.scrub.named.clone();
        place.scrub.step(place.now).unwrap();
        fs::remove_dir_all(place.folder.path().join("log")).unwrap();
        place.scrub.name(2, std::iter::empty(), place.now);
        assert_eq!(place.pass(60), []);
        // Other partitions keep theirs, and what is new is read in its time.
        let parts = named.iter().map(|(object, named)| (object.clone(), named.part.clone()));
        place.scrub.name(3, parts, place.now.plus(AGAIN_INTERVAL));
        place.scrub.name(2, std::iter::empty(), place.now);
        assert_eq!(place.pass(3_600), []);
        assert_eq!(place.pass(60).len(), 2);
    }
}
