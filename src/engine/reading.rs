//! A data folder as it is, for readers: its log is read again, nothing is written, nothing is owned, so
//! that it can be asked while an instance runs on it.

use std::path::{Path, PathBuf};

use crate::engine::shard::{LogFrame, Shard, StepError};
use crate::log::local::{LocalLog, LocalLogError, StoredFrame, read_frames};
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
    /// The log.
    #[error(transparent)]
    Log(#[from] LocalLogError),
    /// A step.
    #[error(transparent)]
    Step(#[from] StepError),
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
    let Some((n_partitions, _)) = LocalLog::shape(&log)? else {
        return Err(ReadingError::NoLog { folder: folder.to_owned() });
    };
    (0..n_partitions).map(|partition| shard_of(&log, partition)).collect()
}

fn shard_of(log: &Path, partition: u32) -> Result<Shard, ReadingError> {
    let mut shard = Shard::new(partition);
    let mut stepped = Ok(());
    let mut each = |StoredFrame { offset, appended_at, bytes }: StoredFrame| {
        if stepped.is_ok() {
            let frame = LogFrame { offset, appended_at, bytes };
            // What was said was said: it leaves nowhere from here.
            stepped = shard.step(&[frame]).map(|_said| ());
        }
    };
    read_frames(log, partition, &mut each)?;
    stepped?;
    Ok(shard)
}
