//! A data folder as it is, for readers: its newest checkpoints and the log after them are read, nothing is
//! written, nothing is owned, so that it can be asked while an instance runs on it.

use std::path::{Path, PathBuf};

use crate::engine::checkpoint::reader::restore;
use crate::engine::local::{CHECKPOINTS, LOG};
use crate::engine::past::{Past, PastError};
use crate::engine::shard::Shard;
use crate::log::local::{LocalLog, LocalLogError};
use crate::storage::checkpoints::Checkpoints;
use crate::storage::object::{Storage, StorageSpec};
use crate::twin::snapshot::ShardSnapshot;

/// Why a data folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadingError {
    /// There is no log in it.
    #[error(
        "{folder}: no data folder of twin: expected one made by twin up, twin replay or twin run"
    )]
    NoLog {
        /// The folder.
        folder: PathBuf,
    },
    /// What the log says of itself.
    #[error(transparent)]
    Shape(#[from] LocalLogError),
    /// The log.
    #[error(transparent)]
    Log(#[from] PastError),
}

/// The shards of a data folder.
///
/// # Errors
/// If there is no log, or it cannot be read.
pub fn shards_of(folder: &Path) -> Result<Vec<ShardSnapshot>, ReadingError> {
    Ok(read(folder)?.iter_mut().map(Shard::snapshot).collect())
}

/// The shards of a data folder, to be forked.
///
/// # Errors
/// If there is no log, or it cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Shard>, ReadingError> {
    let log = folder.join("log");
    let checkpoints = folder.join(CHECKPOINTS);
    // To open a storage makes its folder, and a reader makes nothing.
    let is_there = checkpoints.is_dir();
    let storage = is_there.then(|| Storage::open(&StorageSpec::Folder(checkpoints)).ok()).flatten();
    let Some((n_partitions, _)) = LocalLog::shape(&log)? else {
        return Err(ReadingError::NoLog { folder: folder.to_owned() });
    };
    (0..n_partitions).map(|partition| shard_of(&log, storage.as_ref(), partition)).collect()
}

/// The shard of the newest checkpoint, with every sealed fact in memory: the instance that owns the folder
/// may delete what it has merged. `None` where the log is to be read from its beginning.
fn restored(storage: &Storage, partition: u32) -> Option<Shard> {
    let mut checkpoints = Checkpoints::open(storage.clone(), LOG, partition);
    let mut restored = restore(storage, &mut checkpoints).ok()??;
    restored.load().ok()?;
    Some(restored.shard)
}

fn shard_of(log: &Path, storage: Option<&Storage>, partition: u32) -> Result<Shard, ReadingError> {
    let shard = storage.and_then(|storage| restored(storage, partition));
    let mut shard = shard.unwrap_or_else(|| Shard::new(partition));
    Past::Folder(log).replay(&mut shard, partition, u64::MAX)?;
    Ok(shard)
}
