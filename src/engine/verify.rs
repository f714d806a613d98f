//! Whether the checkpoints of a data folder are what its log says: the newest one is read whole and counted,
//! and the log is replayed up to its position and counted again.

use std::path::Path;

use crate::engine::checkpoint::reader::{RestoreError, restore};
use crate::engine::checkpoint::shelf::ShelfError;
use crate::engine::local::{CHECKPOINTS, LOG};
use crate::engine::reading::ReadingError;
use crate::engine::shard::{LogFrame, Shard};
use crate::log::local::{LocalLog, StoredFrame, read_frames};
use crate::storage::checkpoints::{CheckpointError, Checkpoints};
use crate::storage::error::StorageError;
use crate::storage::object::{Storage, StorageSpec};
use crate::storage::search::Depth;
use crate::twin::sums::count;

/// Why a folder cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The log.
    #[error(transparent)]
    Reading(#[from] ReadingError),
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
}

/// What was found of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The partition.
    pub partition: u32,
    /// The checkpoint as `epoch-sequence`; empty where there is none.
    pub checkpoint: String,
    /// The offset of the first frame that is not in it.
    pub next_offset: u64,
    /// The digest that its manifest says.
    pub said: String,
    /// The digest of the rows that are in it.
    pub counted: String,
    /// The digest of a replay of the log up to its position.
    pub replayed: String,
    /// Newer checkpoints that are damaged, and why.
    pub passed_over: Vec<String>,
}

impl Verified {
    /// Whether the checkpoint, its rows and the log say the same, and nothing newer is damaged.
    pub fn is_right(&self) -> bool {
        self.said == self.counted && self.said == self.replayed && self.passed_over.is_empty()
    }
}

/// Verifies every partition of a data folder. Nothing is written.
///
/// # Errors
/// If the folder cannot be read.
pub fn verify(
    folder: &Path,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<Vec<Verified>, VerifyError> {
    let log = folder.join("log");
    let shape = LocalLog::shape(&log).map_err(ReadingError::from)?;
    let Some((n_partitions, _)) = shape else {
        return Err(ReadingError::NoLog { folder: folder.to_owned() }.into());
    };
    let checkpoints = folder.join(CHECKPOINTS);
    if !checkpoints.is_dir() {
        return Ok(Vec::new());
    }
    let storage = Storage::open(&StorageSpec::Folder(checkpoints))?;
    let mut verified = Vec::new();
    for partition in 0..n_partitions {
        progress(partition, n_partitions);
        verified.extend(verify_partition(&log, &storage, partition)?);
    }
    Ok(verified)
}

fn verify_partition(
    log: &Path,
    storage: &Storage,
    partition: u32,
) -> Result<Option<Verified>, VerifyError> {
    let mut checkpoints = Checkpoints::open(storage.clone(), LOG, partition);
    let whole = checkpoints.newest_valid(Depth::Whole)?;
    let passed_over = whole.passed_over.iter().map(ToString::to_string).collect();
    let Some(mut restored) = restore(storage, &mut checkpoints)? else { return Ok(None) };
    restored.load()?;
    let (epoch, sequence) = (restored.manifest.epoch, restored.manifest.sequence);
    let checkpoint = &restored.manifest.checkpoint;
    let next_offset = checkpoint.next_offset;
    let mut replayed = Shard::new(partition);
    let mut stepped = Ok(());
    let mut each = |StoredFrame { offset, appended_at, bytes }: StoredFrame| {
        if stepped.is_ok() && offset < next_offset {
            // What was said was said: it leaves nowhere from here.
            let frame = LogFrame { offset, appended_at, bytes };
            stepped = replayed.step(&[frame]).map(|_said| ());
        }
    };
    read_frames(log, partition, &mut each).map_err(ReadingError::from)?;
    stepped.map_err(ReadingError::from)?;
    Ok(Some(Verified {
        partition,
        checkpoint: format!("{epoch}-{sequence}"),
        next_offset,
        said: checkpoint.digest.clone(),
        counted: count(&restored.shard.snapshot()).to_string(),
        replayed: replayed.sums().to_string(),
        passed_over,
    }))
}
