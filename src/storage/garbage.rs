//! Deletes what no checkpoint needs any more.
//!
//! Kept: the newest checkpoints that are whole, as many as asked for, and everything they name; what was put
//! for the next one. A part that is younger than the newest manifest may belong to a publish in progress and
//! stays. Manifests go first, so that a crash half-way leaves parts without a manifest, never the reverse.

use std::collections::BTreeSet;

use crate::storage::checkpoints::{CheckpointError, Checkpoints};
use crate::storage::inventory::{self, Inventory, Number};

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Manifests.
    pub n_manifests: usize,
    /// Parts.
    pub n_parts: usize,
    /// The bytes of those parts.
    pub parts_bytes: u64,
}

/// What is to be kept.
struct Keep {
    /// The oldest manifest.
    oldest: Number,
    parts: BTreeSet<String>,
}

impl Checkpoints {
    /// Deletes all but the newest `keep_manifests` whole checkpoints, at least one, and parts that those do
    /// not name. Deletes nothing where there are not so many.
    ///
    /// # Errors
    /// `Fenced` if another owner has claimed the partition; otherwise if the storage cannot. What is not
    /// deleted then is deleted the next time.
    pub fn collect_garbage(&mut self, keep_manifests: usize) -> Result<Collected, CheckpointError> {
        let (epoch, inventory) = self.owned()?;
        let Some(keep) = self.to_keep(&inventory, keep_manifests.max(1))? else {
            return Ok(Collected::default());
        };
        let mut collected = Collected::default();
        for number in inventory.manifests.range(..keep.oldest).map(|(number, _)| *number) {
            self.storage.delete(&inventory::manifest_name(&self.root, number))?;
            collected.n_manifests += 1;
        }
        let newest = inventory.manifests.last_key_value().map(|(_, found)| found.created_at);
        for (name, found) in &inventory.parts {
            let is_needed = keep.parts.contains(name) || self.pending.contains(name);
            if is_needed || newest.is_none_or(|newest| newest <= found.created_at) {
                continue;
            }
            self.written.remove(name);
            self.storage.delete(&inventory::part_name(&self.root, name))?;
            collected.n_parts += 1;
            collected.parts_bytes += found.size_bytes;
        }
        // Claims below ours say nothing that ours does not.
        for claim in inventory.claims.range(..epoch) {
            self.storage.delete(&inventory::claim_name(&self.root, *claim))?;
        }
        Ok(collected)
    }

    /// What the newest `n` whole checkpoints need; `None` where there are not so many.
    fn to_keep(&self, inventory: &Inventory, n: usize) -> Result<Option<Keep>, CheckpointError> {
        let mut parts = BTreeSet::new();
        let mut n_kept = 0;
        for number in inventory.manifests.keys().rev() {
            let Ok(manifest) = self.manifest(*number)? else { continue };
            let mut named = manifest.checkpoint.parts.iter();
            if named.any(|part| self.fault_at_a_glance(part, inventory).is_some()) {
                continue;
            }
            parts.extend(manifest.checkpoint.parts.iter().map(|part| part.name()));
            n_kept += 1;
            if n_kept == n {
                return Ok(Some(Keep { oldest: *number, parts }));
            }
        }
        Ok(None)
    }
}
