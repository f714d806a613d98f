//! Who has which partition of the log, how far it is, and how old its checkpoint: what `twin top` shows. It is asked of
//! the brokers and of the storage, so it answers when no instance does.

use crate::domain::time::Timestamp;
use crate::engine::checkpointer::CheckpointSpec;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::group::{Group, GroupMember, GroupReader, Progress};
use crate::kafka::settings::KafkaSettings;
use crate::storage::checkpoints::{CheckpointError, Checkpoints};
use crate::storage::error::StorageError;
use crate::storage::object::{Storage, StorageSpec};

/// Why it cannot be said.
#[derive(Debug, thiserror::Error)]
pub enum SharesError {
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// The storage of checkpoints.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The checkpoints.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// The newest checkpoint of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The offset of the first frame that is not in it.
    pub next_offset: u64,
    /// The latest known time in it.
    pub known: Timestamp,
}

/// A partition of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its number.
    pub partition: u32,
    /// Who has it; nobody while it moves, or where nobody runs.
    pub owner: Option<GroupMember>,
    /// How far it goes, and how far it was said.
    pub progress: Progress,
    /// Its newest checkpoint.
    pub stored: Option<Stored>,
}

/// Every partition, and who reads the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// The state of the group of the log.
    pub state: String,
    /// Its partitions.
    pub partitions: Vec<Share>,
    /// The group that reads the sources.
    pub ingest: Group,
}

/// Asks again and again.
pub struct SharesReader {
    groups: GroupReader,
    topic: String,
    n_partitions: u32,
    storage: Option<(Storage, String)>,
}

impl SharesReader {
    /// For an instance's configuration.
    ///
    /// # Errors
    /// If Kafka's configuration is refused, or the storage cannot be opened.
    pub fn new(
        kafka: &KafkaSettings,
        checkpoints: Option<&CheckpointSpec>,
        n_partitions: u32,
    ) -> Result<SharesReader, SharesError> {
        // To open a storage makes its folder, and who only looks makes nothing.
        let is_there = |spec: &&CheckpointSpec| match &spec.storage {
            StorageSpec::Folder(folder) => folder.is_dir(),
            StorageSpec::Bucket(_) => true,
        };
        let storage = match checkpoints.filter(is_there) {
            Some(spec) => Some((Storage::open(&spec.storage)?, spec.log.clone())),
            None => None,
        };
        let groups = GroupReader::new(kafka)?;
        Ok(SharesReader { groups, topic: kafka.events_topic(), n_partitions, storage })
    }

    /// How it is now.
    ///
    /// # Errors
    /// If the brokers or the storage do not say.
    pub fn read(&self) -> Result<Shares, SharesError> {
        let twins = self.groups.group("twins")?;
        let has = |member: &&GroupMember, partition: u32| {
            let partitions = member.partitions.get(&self.topic);
            partitions.is_some_and(|partitions| partitions.contains(&partition))
        };
        let progress = self.groups.progress(self.n_partitions)?;
        let shares = (0..self.n_partitions).zip(progress).map(|(partition, progress)| {
            let owner = twins.members.iter().find(|member| has(member, partition)).cloned();
            Ok(Share { partition, owner, progress, stored: self.stored(partition)? })
        });
        let partitions = shares.collect::<Result<Vec<Share>, SharesError>>()?;
        Ok(Shares { state: twins.state, partitions, ingest: self.groups.group("ingest")? })
    }

    fn stored(&self, partition: u32) -> Result<Option<Stored>, SharesError> {
        let Some((storage, log)) = &self.storage else { return Ok(None) };
        let checkpoints = Checkpoints::open(storage.clone(), log, partition);
        let newest = checkpoints.newest_manifest()?;
        Ok(newest.map(|manifest| Stored {
            next_offset: manifest.checkpoint.next_offset,
            known: manifest.checkpoint.known,
        }))
    }
}
