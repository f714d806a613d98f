//! All partitions of the log in one process that owns none and says nothing: a door for questions about all patients
//! where several instances share them.
//!
//! It starts from the checkpoints of the owners, reads what came since, and goes on reading. Whatever a step decides
//! is dropped: its owner says it. Nothing is forgotten from memory, because the objects that owners no longer need
//! are deleted.

use std::time::Duration;

use crate::engine::checkpoint::reader::{RestoreError, restore_found};
use crate::engine::checkpoint::shelf::ShelfError;
use crate::engine::checkpointer::CheckpointSpec;
use crate::engine::shard::{Shard, StepError};
use crate::engine::twin_stage::by_partition;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::follower::Follower;
use crate::kafka::settings::KafkaSettings;
use crate::storage::checkpoints::{CheckpointError, Checkpoints};
use crate::storage::error::StorageError;
use crate::storage::inventory::Number;
use crate::storage::object::Storage;
use crate::storage::search::Depth;
use crate::twin::snapshot::ShardSnapshot;

/// A checkpoint that its owner replaced while it was read is looked for anew so often.
const LOOKS_MAX: u32 = 5;

/// Why a replica ends.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// A step.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The storage of checkpoints.
    #[error("checkpoints: {0}")]
    Storage(#[from] StorageError),
    /// The checkpoints.
    #[error("checkpoints: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint cannot be read.
    #[error("checkpoints: {0}")]
    Restore(#[from] RestoreError),
    /// A segment cannot be read.
    #[error("checkpoints: {0}")]
    Shelf(#[from] ShelfError),
    /// The owner is faster than we are.
    #[error(
        "checkpoints: partition {partition}: its instance replaced {LOOKS_MAX} checkpoints while they were read: \
         set checkpoints.interval_seconds higher"
    )]
    Overtaken {
        /// The partition.
        partition: u32,
    },
}

/// Every shard, fed from the log.
pub struct Replica {
    follower: Follower,
    shards: Vec<Shard>,
}

impl Replica {
    /// Restores every partition and finds out how far the log goes.
    ///
    /// # Errors
    /// If Kafka or the checkpoints cannot be read.
    pub fn open(
        settings: &KafkaSettings,
        n_partitions: u32,
        checkpoints: Option<&CheckpointSpec>,
    ) -> Result<Replica, ReplicaError> {
        let storage = match checkpoints {
            Some(spec) => Some((Storage::open(&spec.storage)?, spec.log.as_str())),
            None => None,
        };
        let mut shards = Vec::new();
        for partition in 0..n_partitions {
            shards.push(match &storage {
                Some((storage, log)) => restored(storage, log, partition)?,
                None => Shard::new(partition),
            });
        }
        let starts: Vec<u64> = shards.iter().map(Shard::next_offset).collect();
        Ok(Replica { follower: Follower::open(settings, &starts)?, shards })
    }

    /// One round: the frames that are there happen, after at most `wait` for the first.
    ///
    /// # Errors
    /// If Kafka or a step fails.
    pub fn round(&mut self, wait: Duration) -> Result<(), ReplicaError> {
        for (partition, frames) in by_partition(self.follower.poll(wait)?) {
            let index = usize::try_from(partition).unwrap_or(usize::MAX);
            if let Some(shard) = self.shards.get_mut(index) {
                shard.step(&frames)?;
            }
        }
        Ok(())
    }

    /// Frames still to be read before every partition is where it ended when this was opened.
    pub fn n_behind(&self) -> u64 {
        let behind = self.shards.iter().zip(self.follower.ends());
        behind.map(|(shard, end)| end.saturating_sub(shard.next_offset())).sum()
    }

    /// The shards.
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// The shards as they are, for readers.
    pub fn snapshots(&mut self) -> Vec<ShardSnapshot> {
        self.shards.iter_mut().map(Shard::snapshot).collect()
    }
}

/// A shard as its newest checkpoint has it, all of it in memory.
fn restored(storage: &Storage, log: &str, partition: u32) -> Result<Shard, ReplicaError> {
    for _ in 0..LOOKS_MAX {
        let mut checkpoints = Checkpoints::open(storage.clone(), log, partition);
        let search = checkpoints.newest_valid(Depth::Quick)?;
        let Some(mut restored) = restore_found(storage, &checkpoints, search)? else {
            return Ok(Shard::new(partition));
        };
        let (epoch, sequence) = (restored.manifest.epoch, restored.manifest.sequence);
        match restored.load() {
            Ok(()) => return Ok(restored.shard),
            Err(_) if !checkpoints.has(Number { epoch, sequence })? => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ReplicaError::Overtaken { partition })
}
