//! Finds the checkpoint to start from: the newest that is whole.
//!
//! Of the highest epoch the highest sequence, and from there back. A manifest or part that is missing, cut,
//! or changed by one bit is passed over and said. A storage out of reach is an error, and says nothing about
//! the checkpoints in it.

use bytes::Bytes;

use crate::storage::checkpoints::{CheckpointError, Checkpoints, lost};
use crate::storage::inventory::{self, Inventory, Number};
use crate::storage::manifest::Manifest;
use crate::storage::part::{Fault, Hasher, PartRef};

/// A large part is read in pieces of this size where it is only checked.
const CHECK_BYTES: u64 = 8 << 20;

/// How closely a checkpoint is looked at before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Parts are read and checked; of segments, which carry checksums of their own, the length is.
    Quick,
    /// Every byte of every part.
    Whole,
}

/// The newest checkpoint that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valid {
    /// Its manifest.
    pub manifest: Manifest,
    /// The bytes of its parts, in their order, so that nothing is read twice; `None` for a segment.
    pub parts: Vec<Option<Bytes>>,
}

/// What there is to start from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The checkpoint to start from; `None` where there is none, or none that is whole.
    pub valid: Option<Valid>,
    /// Newer ones that are damaged, the newest first.
    pub passed_over: Vec<PassedOver>,
}

/// A checkpoint that is damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("checkpoint {}-{} is passed over: {object}: {fault}", number.epoch, number.sequence)]
pub struct PassedOver {
    /// Which one.
    pub number: Number,
    /// The object that is damaged.
    pub object: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl Checkpoints {
    /// Finds the newest checkpoint that is whole: of the highest epoch the highest sequence, and from
    /// there back. Damaged parts that it met are remembered, and replaced when they are put again.
    ///
    /// # Errors
    /// If the storage cannot be read. That says nothing about the checkpoints, so none is passed over.
    pub fn newest_valid(&mut self, depth: Depth) -> Result<Search, CheckpointError> {
        let inventory = self.inventory()?;
        let mut search = Search::default();
        for number in inventory.manifests.keys().rev() {
            match self.look_at(*number, &inventory, depth)? {
                Ok(valid) => {
                    search.valid = Some(valid);
                    break;
                }
                Err((object, fault)) => {
                    search.passed_over.push(PassedOver { number: *number, object, fault });
                }
            }
        }
        Ok(search)
    }

    /// The newest manifest that can be read; its parts are not looked at.
    ///
    /// # Errors
    /// If the storage cannot be read.
    pub fn newest_manifest(&self) -> Result<Option<Manifest>, CheckpointError> {
        let inventory = self.inventory()?;
        for number in inventory.manifests.keys().rev() {
            if let Ok(manifest) = self.manifest(*number)? {
                return Ok(Some(manifest));
            }
        }
        Ok(None)
    }

    /// A checkpoint, or the object that keeps it from being one.
    fn look_at(
        &mut self,
        number: Number,
        inventory: &Inventory,
        depth: Depth,
    ) -> Result<Result<Valid, (String, Fault)>, CheckpointError> {
        let manifest = match self.manifest(number)? {
            Ok(manifest) => manifest,
            Err(fault) => {
                return Ok(Err((inventory::manifest_name(&self.root, number), fault)));
            }
        };
        let mut parts = Vec::with_capacity(manifest.checkpoint.parts.len());
        // What a list says costs nothing, so nothing is read of a checkpoint that lacks a part.
        let mut glances = manifest.checkpoint.parts.iter();
        let glance =
            glances.find_map(|part| Some((part, self.fault_at_a_glance(part, inventory)?)));
        if let Some((part, fault)) = glance {
            return Ok(Err((self.object_of(part), fault)));
        }
        for part in &manifest.checkpoint.parts {
            match self.look_at_part(part, depth)? {
                Ok(bytes) => parts.push(bytes),
                Err(fault) => {
                    self.damaged.insert(part.name());
                    return Ok(Err((self.object_of(part), fault)));
                }
            }
        }
        Ok(Ok(Valid { manifest, parts }))
    }

    /// The bytes of a part that is whole; none of a segment.
    fn look_at_part(
        &self,
        part: &PartRef,
        depth: Depth,
    ) -> Result<Result<Option<Bytes>, Fault>, CheckpointError> {
        if !part.is_segment() {
            return match self.read_part(part) {
                Ok(bytes) => Ok(Ok(Some(bytes))),
                Err(CheckpointError::Damaged { fault, .. }) => Ok(Err(fault)),
                Err(error) => Err(error),
            };
        }
        match depth {
            Depth::Quick => Ok(Ok(None)),
            Depth::Whole => Ok(self.check_large(part)?.map_or(Ok(None), Err)),
        }
    }

    /// What is wrong with a part that is too large to hold.
    pub(crate) fn check_large(&self, part: &PartRef) -> Result<Option<Fault>, CheckpointError> {
        let object = self.object_of(part);
        let mut hasher = Hasher::default();
        let mut at = 0;
        while at < part.size_bytes {
            let end = part.size_bytes.min(at + CHECK_BYTES);
            match lost(self.storage.get_range(&object, at..end))? {
                Ok(bytes) => hasher.update(&bytes),
                Err(fault) => return Ok(Some(fault)),
            }
            at = end;
        }
        Ok((hasher.hash() != part.hash).then_some(Fault::Content))
    }
}
