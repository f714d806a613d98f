//! Whether checkpoints are what their log says: the newest one of each partition is read whole and counted,
//! and the log is replayed up to its position and counted again.
//!
//! ```text
//! newest checkpoint ─► every byte against its hash ─► rows ─► digest ─┐
//! manifest ───────────────────────────────────────────────► digest ─┼─ the same?
//! log, up to the checkpoint ─► a shard of its own ────────► digest ─┘
//! ```
//! Nothing is written, owned or fenced, so that it can be asked beside the instance whose checkpoints they are.

use std::path::Path;

use crate::engine::checkpoint::reader::{RestoreError, Restored, restore_found};
use crate::engine::checkpoint::shelf::ShelfError;
use crate::engine::checkpointer::CheckpointSpec;
use crate::engine::local::{CHECKPOINTS, LOG};
use crate::engine::past::{Past, PastError, Reach};
use crate::engine::reading::ReadingError;
use crate::engine::shard::Shard;
use crate::kafka::settings::KafkaSettings;
use crate::log::local::LocalLog;
use crate::storage::checkpoints::{CheckpointError, Checkpoints};
use crate::storage::error::StorageError;
use crate::storage::inventory::Number;
use crate::storage::object::{Storage, StorageSpec};
use crate::storage::search::Depth;
use crate::twin::sums::count;

/// The owner beside us deletes what it needs no more. What vanished while it was read is looked for anew so
/// often: each time three newer checkpoints have come, which takes the owner longer than reading takes us.
const LOOKS_MAX: u32 = 5;

/// Why checkpoints cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The data folder.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// The log.
    #[error(transparent)]
    Log(#[from] PastError),
    /// The storage of checkpoints.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The checkpoints.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint cannot be read.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// A segment cannot be read.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The owner is faster than we are.
    #[error(
        "partition {partition}: its instance replaced {LOOKS_MAX} checkpoints while they were read: stop it, \
         or set checkpoints.interval_seconds higher, and verify again"
    )]
    Overtaken {
        /// The partition.
        partition: u32,
    },
}

/// What was found of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The partition.
    pub partition: u32,
    /// The newest checkpoint that is whole; `None` where each of them is damaged.
    pub newest: Option<Compared>,
    /// Newer checkpoints that are damaged, and why.
    pub passed_over: Vec<String>,
}

/// A checkpoint and its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Which one.
    pub number: Number,
    /// The offset of the first frame that is not in it.
    pub next_offset: u64,
    /// The digest that its manifest says.
    pub said: String,
    /// The digest of the rows that are in it.
    pub counted: String,
    /// What a replay of the log up to its position gives.
    pub replayed: Replayed,
}

/// What a replay of the log gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// This digest.
    Digest(String),
    /// Nothing: the log begins at this offset, and what came before is gone.
    BeginsAt(u64),
}

/// What is to be thought of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The checkpoint, its rows and the log say the same, and nothing newer is damaged.
    Right,
    /// The checkpoint and its rows say the same; the log does not go back far enough to be asked.
    Counted,
    /// Something is damaged, or does not say the same.
    Wrong,
}

impl Verified {
    /// What is to be thought of it.
    pub fn verdict(&self) -> Verdict {
        let Some(Compared { said, counted, replayed, .. }) = &self.newest else {
            return Verdict::Wrong;
        };
        match replayed {
            _ if said != counted || !self.passed_over.is_empty() => Verdict::Wrong,
            Replayed::BeginsAt(_) => Verdict::Counted,
            Replayed::Digest(digest) if digest == said => Verdict::Right,
            Replayed::Digest(_) => Verdict::Wrong,
        }
    }
}

/// The checkpoints of a log, and the log.
struct Both<'b> {
    log: Past<'b>,
    storage: Storage,
    /// The log's name among checkpoints.
    name: &'b str,
}

/// Verifies every partition of a data folder that has checkpoints.
///
/// # Errors
/// If the folder cannot be read.
pub fn verify_folder(
    folder: &Path,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<Vec<Verified>, VerifyError> {
    let log = folder.join("log");
    let shape = LocalLog::shape(&log).map_err(ReadingError::from)?;
    let Some((n_partitions, _)) = shape else {
        return Err(ReadingError::NoLog { folder: folder.to_owned() }.into());
    };
    let spec = StorageSpec::Folder(folder.join(CHECKPOINTS));
    verify(Past::Folder(&log), (&spec, LOG), n_partitions, progress)
}

/// Verifies every partition of an instance on Kafka that has checkpoints, whether it runs or not.
///
/// # Errors
/// If Kafka or the storage cannot be read.
pub fn verify_instance(
    kafka: &KafkaSettings,
    spec: &CheckpointSpec,
    n_partitions: u32,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<Vec<Verified>, VerifyError> {
    verify(Past::Kafka(kafka), (&spec.storage, &spec.log), n_partitions, progress)
}

fn verify(
    log: Past<'_>,
    (spec, name): (&StorageSpec, &str),
    n_partitions: u32,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<Vec<Verified>, VerifyError> {
    // To open a storage makes its folder, and who verifies makes nothing.
    if let StorageSpec::Folder(folder) = spec
        && !folder.is_dir()
    {
        return Ok(Vec::new());
    }
    let both = Both { log, storage: Storage::open(spec)?, name };
    let mut verified = Vec::new();
    for partition in 0..n_partitions {
        progress(partition, n_partitions);
        verified.extend(both.verify(partition)?);
    }
    Ok(verified)
}

/// The newest whole checkpoint, in memory, and what is damaged of newer ones.
type Newest = (Option<Restored>, Vec<String>);

impl Both<'_> {
    fn verify(&self, partition: u32) -> Result<Option<Verified>, VerifyError> {
        let (restored, passed_over) = self.newest(partition)?;
        let Some(mut restored) = restored else {
            let damaged = Verified { partition, newest: None, passed_over };
            return Ok((!damaged.passed_over.is_empty()).then_some(damaged));
        };
        let counted = count(&restored.shard.snapshot()).to_string();
        let manifest = restored.manifest;
        // Two shards in memory at once would take twice as much.
        drop(restored.shard);
        let next_offset = manifest.checkpoint.next_offset;
        let mut shard = Shard::new(partition);
        let replayed = match self.log.replay(&mut shard, partition, next_offset)? {
            Reach::Enough => Replayed::Digest(shard.sums().to_string()),
            Reach::From(offset) => Replayed::BeginsAt(offset),
        };
        let newest = Compared {
            number: Number { epoch: manifest.epoch, sequence: manifest.sequence },
            next_offset,
            said: manifest.checkpoint.digest,
            counted,
            replayed,
        };
        Ok(Some(Verified { partition, newest: Some(newest), passed_over }))
    }

    fn newest(&self, partition: u32) -> Result<Newest, VerifyError> {
        for _ in 0..LOOKS_MAX {
            if let Some(newest) = self.look(partition)? {
                return Ok(newest);
            }
        }
        Err(VerifyError::Overtaken { partition })
    }

    /// `None` where the owner deleted something while it was read.
    fn look(&self, partition: u32) -> Result<Option<Newest>, VerifyError> {
        let mut checkpoints = Checkpoints::open(self.storage.clone(), self.name, partition);
        let search = checkpoints.newest_valid(Depth::Whole)?;
        for passed_over in &search.passed_over {
            if !checkpoints.has(passed_over.number)? {
                return Ok(None);
            }
        }
        let passed_over = search.passed_over.iter().map(ToString::to_string).collect();
        let Some(mut restored) = restore_found(&self.storage, &checkpoints, search)? else {
            return Ok(Some((None, passed_over)));
        };
        let (epoch, sequence) = (restored.manifest.epoch, restored.manifest.sequence);
        match restored.load() {
            Ok(()) => Ok(Some((Some(restored), passed_over))),
            Err(_) if !checkpoints.has(Number { epoch, sequence })? => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
