//! The checkpoints of one partition: written by one owner at a time, read by whoever comes next.
//!
//! ```text
//! owner:  claim ─► put_part … ─► publish ─► put_part … ─► publish ─► collect_garbage
//! next:   claim ─► newest_valid ─► read_part …
//! ```
//! CK-1: a manifest is published when all of its parts are durable, so that a crash at any point leaves the
//! checkpoint before it. What is damaged is passed over, with a reason, and never served. An owner whose
//! partition was claimed by another is told so (`Fenced`) when it publishes; should both do so at the same
//! moment, the higher epoch counts.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::storage::error::StorageError;
use crate::storage::inventory::{self, Inventory, Number};
use crate::storage::manifest::{Checkpoint, Manifest};
use crate::storage::object::{Put, Storage};
use crate::storage::part::{Fault, PartRef};

/// So many others may claim the partition between our look and our claim; more is a fault of the storage.
const CLAIMS_MAX: u64 = 64;
/// So many answers to a publish may be lost in one epoch before somebody should look at the network.
const UNANSWERED_MAX: u64 = 16;
/// Why a checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The storage did not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Another owner has the partition.
    #[error(
        "epoch {ours} is over: epoch {theirs} owns the checkpoints of {place}; this owner must stop"
    )]
    Fenced {
        /// The partition.
        place: String,
        /// The epoch of this owner.
        ours: u64,
        /// The epoch of the other.
        theirs: u64,
    },
    /// Checkpoints are written by an owner.
    #[error("the checkpoints of {place} must be claimed before they are written")]
    NotClaimed {
        /// The partition.
        place: String,
    },
    /// The storage says that what it has not got is there.
    #[error("{place}: {n_tries} objects from number {first} on are all there and none is listed")]
    Inconsistent {
        /// The partition.
        place: String,
        /// The first number that was tried.
        first: u64,
        /// How many were tried.
        n_tries: u64,
    },
    /// A part is not as its manifest says.
    #[error("{name}: {fault}")]
    Damaged {
        /// The part.
        name: String,
        /// What is wrong.
        fault: Fault,
    },
}

impl CheckpointError {
    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            CheckpointError::Storage(error) => error.is_retryable(),
            CheckpointError::Fenced { .. }
            | CheckpointError::NotClaimed { .. }
            | CheckpointError::Inconsistent { .. }
            | CheckpointError::Damaged { .. } => false,
        }
    }
}

/// The checkpoints of one partition.
#[derive(Debug)]
pub struct Checkpoints {
    pub(crate) storage: Storage,
    partition: u32,
    pub(crate) root: String,
    /// The epoch of this owner; `None` before it has claimed.
    epoch: Option<u64>,
    /// Of the last manifest it published.
    sequence: u64,
    /// Parts that a search found damaged. Whoever puts the same content again replaces them.
    pub(crate) damaged: BTreeSet<String>,
    /// Parts that this owner put and no manifest of its names yet.
    pub(crate) pending: BTreeSet<String>,
    /// Parts that this owner put, or found when it wanted to: they are there without asking again.
    pub(crate) written: BTreeSet<String>,
}

impl Checkpoints {
    /// The checkpoints of a partition of a log. Asks for nothing.
    pub fn open(storage: Storage, log_id: &str, partition: u32) -> Checkpoints {
        Checkpoints {
            storage,
            partition,
            root: format!("{log_id}/{partition:05}"),
            epoch: None,
            sequence: 0,
            damaged: BTreeSet::new(),
            pending: BTreeSet::new(),
            written: BTreeSet::new(),
        }
    }

    /// Makes this the owner of the partition and gives its epoch. Whoever was the owner is so no longer.
    ///
    /// # Errors
    /// If the storage cannot. Claiming again takes the next epoch.
    pub fn claim(&mut self) -> Result<u64, CheckpointError> {
        let first = self.inventory()?.epoch().saturating_add(1);
        for epoch in first..first.saturating_add(CLAIMS_MAX) {
            let name = inventory::claim_name(&self.root, epoch);
            let content = Bytes::from(format!("{{ \"epoch\": {epoch} }}\n"));
            if self.storage.put_new(&name, content)? == Put::Created {
                (self.epoch, self.sequence) = (Some(epoch), 0);
                return Ok(epoch);
            }
        }
        let place = self.root.clone();
        Err(CheckpointError::Inconsistent { place, first, n_tries: CLAIMS_MAX })
    }

    /// Makes a part durable. One that is there is not written again, if it has this content to the last bit.
    ///
    /// # Errors
    /// If the storage cannot.
    pub fn put_part(&mut self, kind: &str, bytes: Bytes) -> Result<PartRef, CheckpointError> {
        let part = PartRef::of(kind, &bytes);
        let name = part.name();
        self.pending.insert(name.clone());
        if self.written.contains(&name) && !self.damaged.contains(&name) {
            return Ok(part);
        }
        let object = inventory::part_name(&self.root, &name);
        if self.damaged.contains(&name) {
            self.storage.delete(&object)?;
        }
        let is_whole = match self.storage.put_new(&object, bytes.clone())? {
            Put::Created => true,
            // A disk that loses a bit keeps the length.
            Put::Existed { size_bytes } => {
                size_bytes == part.size_bytes && self.check_large(&part)?.is_none()
            }
        };
        if !is_whole {
            // It is no use to anybody: its name says what it should be.
            self.storage.delete(&object)?;
            self.storage.put_new(&object, bytes)?;
        }
        self.damaged.remove(&name);
        self.written.insert(name);
        Ok(part)
    }

    /// Forgets that a part is there: when it is put the next time, it is read and compared.
    pub fn doubt(&mut self, part: &PartRef) {
        self.written.remove(&part.name());
    }

    /// The same checkpoints, for an owner to come: it knows of the same damage and has claimed nothing, so
    /// that a claim that fails for now can be tried again.
    pub fn unclaimed(&self) -> Checkpoints {
        Checkpoints {
            storage: self.storage.clone(),
            partition: self.partition,
            root: self.root.clone(),
            epoch: None,
            sequence: 0,
            damaged: self.damaged.clone(),
            pending: BTreeSet::new(),
            written: BTreeSet::new(),
        }
    }

    /// Whether there is a manifest of this number, whole or not.
    ///
    /// # Errors
    /// If the storage cannot say.
    pub fn has(&self, number: Number) -> Result<bool, CheckpointError> {
        Ok(self.inventory()?.manifests.contains_key(&number))
    }

    /// Makes sure that this owner still is one.
    ///
    /// # Errors
    /// `Fenced` if another owner has claimed the partition; otherwise if the storage cannot say.
    pub fn ensure_owned(&self) -> Result<(), CheckpointError> {
        self.owned().map(|_| ())
    }

    /// Publishes a checkpoint. All of its parts must be there.
    ///
    /// # Errors
    /// `Fenced` if another owner has claimed the partition; `Damaged` if a part is not there, which is to
    /// be put again; otherwise if the storage cannot: the checkpoint may count all the same then.
    pub fn publish(
        &mut self,
        n_partitions: u32,
        checkpoint: Checkpoint,
    ) -> Result<Manifest, CheckpointError> {
        let (epoch, inventory) = self.owned()?;
        for part in &checkpoint.parts {
            if let Some(fault) = self.fault_at_a_glance(part, &inventory) {
                self.written.remove(&part.name());
                return Err(CheckpointError::Damaged { name: part.name(), fault });
            }
        }
        let partition = self.partition;
        let mut manifest =
            Manifest { n_partitions, partition, epoch, sequence: self.sequence, checkpoint };
        for _ in 0..UNANSWERED_MAX {
            manifest.sequence += 1;
            let number = Number { epoch, sequence: manifest.sequence };
            let name = inventory::manifest_name(&self.root, number);
            let bytes = Bytes::from(manifest.encode());
            let put = self.storage.put_new(&name, bytes.clone())?;
            self.sequence = manifest.sequence;
            // The epoch is ours alone, so what is there is ours too: its answer was lost.
            if put == Put::Created || self.storage.get(&name)? == bytes {
                for part in &manifest.checkpoint.parts {
                    self.pending.remove(&part.name());
                }
                return Ok(manifest);
            }
        }
        let (place, first) = (self.root.clone(), self.sequence);
        Err(CheckpointError::Inconsistent { place, first, n_tries: UNANSWERED_MAX })
    }

    /// Reads a part, and makes sure that it is what was written.
    ///
    /// # Errors
    /// `Damaged` if it is not; otherwise if the storage cannot.
    pub fn read_part(&self, part: &PartRef) -> Result<Bytes, CheckpointError> {
        let damaged = |fault| CheckpointError::Damaged { name: part.name(), fault };
        let bytes = lost(self.storage.get(&inventory::part_name(&self.root, &part.name())))?;
        let bytes = bytes.map_err(damaged)?;
        part.fault_of(&bytes).map_or(Ok(bytes), |fault| Err(damaged(fault)))
    }

    /// The object of a part, for whoever reads pieces of it and checks them.
    pub fn object_of(&self, part: &PartRef) -> String {
        inventory::part_name(&self.root, &part.name())
    }

    pub(crate) fn inventory(&self) -> Result<Inventory, CheckpointError> {
        Ok(Inventory::of(&self.root, self.storage.list(&self.root)?))
    }

    /// The epoch of this owner, if it still is one, and what there is.
    pub(crate) fn owned(&self) -> Result<(u64, Inventory), CheckpointError> {
        let place = self.root.clone();
        let Some(ours) = self.epoch else { return Err(CheckpointError::NotClaimed { place }) };
        let inventory = self.inventory()?;
        match inventory.epoch() {
            theirs if ours < theirs => Err(CheckpointError::Fenced { place, ours, theirs }),
            _ => Ok((ours, inventory)),
        }
    }

    /// A manifest, if it is whole and belongs where it lies.
    pub(crate) fn manifest(
        &self,
        number: Number,
    ) -> Result<Result<Manifest, Fault>, CheckpointError> {
        let bytes = match lost(self.storage.get(&inventory::manifest_name(&self.root, number)))? {
            Ok(bytes) => bytes,
            Err(fault) => return Ok(Err(fault)),
        };
        Ok(Manifest::decode(&bytes).and_then(|manifest| {
            let Manifest { partition, epoch, sequence, .. } = manifest;
            match (partition, epoch, sequence) == (self.partition, number.epoch, number.sequence) {
                true => Ok(manifest),
                false => Err(Fault::Misplaced {
                    message: format!(
                        "it is checkpoint {epoch}-{sequence} of partition {partition}"
                    ),
                }),
            }
        }))
    }

    /// What a list alone says against a part.
    pub(crate) fn fault_at_a_glance(&self, part: &PartRef, inventory: &Inventory) -> Option<Fault> {
        match inventory.size_of(part) {
            None => Some(Fault::Missing),
            Some(found) if found != part.size_bytes => Some(Fault::size(part, found)),
            Some(_) => self.damaged.contains(&part.name()).then_some(Fault::Content),
        }
    }
}

/// Tells an object that is lost from a storage that is out of reach.
pub(crate) fn lost(
    read: Result<Bytes, StorageError>,
) -> Result<Result<Bytes, Fault>, StorageError> {
    match read {
        Ok(bytes) => Ok(Ok(bytes)),
        Err(StorageError::Missing { .. }) => Ok(Err(Fault::Missing)),
        Err(StorageError::Unreadable { .. }) => Ok(Err(Fault::Unreadable)),
        Err(error) => Err(error),
    }
}
