//! Blocks of sealed segments and runs of scores in the storage of checkpoints.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::engine::checkpoint::blocks;
use crate::engine::checkpoint::bytes::{In, Torn};
use crate::engine::checkpoint::recent::Recent;
use crate::engine::checkpoint::tables::read_score_chunk;
use crate::storage::error::StorageError;
use crate::storage::object::Storage;
use crate::storage::part::{Fault, PartRef, ROWS};
use crate::twin::block::Block;
use crate::twin::score_table::{PackedScores, ScoreShelf};
use crate::twin::segment::Shelf;
use crate::twin::segment_file::{BlockPlace, SegmentFileError, read_block, read_values};
use crate::twin::segment_footer::Footer;
use crate::twin::values::Values;

/// How often a block is asked for before its reader gives up: a network comes back within this many.
const TRIES_MAX: u32 = 5;

/// The file of a segment in storage.
#[derive(Debug)]
pub struct StoredSegment {
    storage: Storage,
    object: String,
    part: PartRef,
    blocks: Vec<BlockPlace>,
    /// Of a Parquet file, once it was read.
    footer: OnceLock<Footer>,
    recent: RecentBlocks,
}

/// The blocks of a partition that were read last, by the hash of their part and their number in it.
pub type RecentBlocks = Arc<Recent<(u128, usize), BlockHeld>>;

/// A block that was read, or what rules and windows read of it.
#[derive(Clone, Debug)]
pub enum BlockHeld {
    /// The block.
    Whole(Arc<Block>),
    /// Its values.
    Values(Arc<Values>),
}

/// Why a block cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The storage.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file.
    #[error(transparent)]
    File(#[from] SegmentFileError),
    /// A run of scores.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A run of scores ends too early.
    #[error(transparent)]
    Torn(#[from] Torn),
}

impl StoredSegment {
    /// The file that is called `object` and is this part, with its blocks.
    pub fn new(
        storage: Storage,
        object: String,
        part: PartRef,
        blocks: Vec<BlockPlace>,
        recent: RecentBlocks,
    ) -> StoredSegment {
        StoredSegment { storage, object, part, blocks, footer: OnceLock::new(), recent }
    }

    /// Where its blocks lie in it.
    pub fn blocks(&self) -> &[BlockPlace] {
        &self.blocks
    }

    /// Reads a block.
    ///
    /// # Errors
    /// If the storage cannot, or what it gives is not what was written.
    pub fn try_read(&self, block: usize) -> Result<Block, ShelfError> {
        let (place, bytes) = self.bytes_of(block)?;
        if self.part.kind == ROWS {
            return Ok(blocks::read(block, place, &bytes)?);
        }
        Ok(read_block(self.footer()?, block, place, bytes)?)
    }

    fn try_read_values(&self, block: usize) -> Result<Values, ShelfError> {
        let (place, bytes) = self.bytes_of(block)?;
        if self.part.kind == ROWS {
            return Ok(blocks::read_values(block, place, &bytes)?);
        }
        Ok(read_values(self.footer()?, block, place, bytes)?)
    }

    fn bytes_of(&self, block: usize) -> Result<(&BlockPlace, Bytes), ShelfError> {
        let place = self.blocks.get(block).ok_or(SegmentFileError::Missing("such block"))?;
        Ok((place, self.storage.get_range(&self.object, place.range())?))
    }

    fn footer(&self) -> Result<&Footer, ShelfError> {
        if let Some(footer) = self.footer.get() {
            return Ok(footer);
        }
        let range: Range<u64> =
            self.blocks.last().map_or(0, |place| place.end)..self.part.size_bytes;
        let bytes: Bytes = self.storage.get_range(&self.object, range.clone())?;
        let footer = Footer::read(range.start, bytes)?;
        Ok(self.footer.get_or_init(|| footer))
    }
}

impl Shelf for StoredSegment {
    fn read(&self, block: usize) -> Arc<Block> {
        let key = (self.part.hash, block);
        if let Some(BlockHeld::Whole(held)) = self.recent.get(&key) {
            return held;
        }
        let held = Arc::new(insist(&self.storage, &self.object, || self.try_read(block)));
        self.recent.put(key, BlockHeld::Whole(held.clone()), held.size_bytes());
        held
    }

    fn read_values(&self, block: usize) -> Arc<Values> {
        let key = (self.part.hash, block);
        match self.recent.get(&key) {
            Some(BlockHeld::Whole(held)) => return held.values().clone(),
            Some(BlockHeld::Values(held)) => return held,
            None => {}
        }
        let held = Arc::new(insist(&self.storage, &self.object, || self.try_read_values(block)));
        self.recent.put(key, BlockHeld::Values(held.clone()), held.size_bytes());
        held
    }

    fn recent_bytes(&self) -> usize {
        self.recent.size_bytes()
    }

    fn forget_recent(&self) -> usize {
        self.recent.clear()
    }
}

/// Reads what was made durable, however often that takes.
fn insist<T>(storage: &Storage, object: &str, read: impl Fn() -> Result<T, ShelfError>) -> T {
    let mut last = read();
    for _ in 1..TRIES_MAX {
        match &last {
            // What came damaged over a network may come whole the next time.
            Err(ShelfError::File(_) | ShelfError::Torn(_) | ShelfError::Fault(_)) => {}
            Err(ShelfError::Storage(error)) if error.is_retryable() => {}
            Ok(_) | Err(ShelfError::Storage(_)) => break,
        }
        last = read();
    }
    if let Err(ShelfError::File(_) | ShelfError::Torn(_) | ShelfError::Fault(_)) = &last {
        // Damaged where it lies, and named by a content that it has no more. Without it the checkpoints
        // that rest on it are passed over, instead of ending every start at this object.
        let _gone = storage.delete(object);
    }
    // What is known cannot be answered without it: to stop loses nothing, to go on would.
    last.expect("CK-1: what was made durable can be read")
}

/// The runs of scores of a partition that were read last.
#[derive(Debug, Default)]
pub struct RecentScores {
    /// The bytes of runs, by the hash of their part: who reads all scores reads each run once.
    runs: Recent<u128, Bytes>,
    /// Chunks, by the hash of their part and their number in it: who asks for single scores asks for those of
    /// open episodes again and again, wherever they lie.
    chunks: Recent<(u128, usize), Arc<PackedScores>>,
}

/// A run of scores in storage.
#[derive(Debug)]
pub struct StoredScores {
    storage: Storage,
    object: String,
    part: PartRef,
    recent: Arc<RecentScores>,
}

impl StoredScores {
    /// The run that is called `object` and is this part.
    pub fn new(
        storage: Storage,
        object: String,
        part: PartRef,
        recent: Arc<RecentScores>,
    ) -> StoredScores {
        StoredScores { storage, object, part, recent }
    }

    fn try_read(&self, chunk: usize) -> Result<Arc<PackedScores>, ShelfError> {
        let run = match self.recent.runs.get(&self.part.hash) {
            Some(run) => run,
            None => {
                let run = self.storage.get(&self.object)?;
                if let Some(fault) = self.part.fault_of(&run) {
                    return Err(fault.into());
                }
                self.recent.runs.put(self.part.hash, run.clone(), run.len());
                run
            }
        };
        Ok(read_score_chunk(&mut In::of(&run), chunk)?)
    }
}

impl ScoreShelf for StoredScores {
    fn read(&self, chunk: usize) -> Arc<PackedScores> {
        let key = (self.part.hash, chunk);
        self.recent.chunks.get(&key).unwrap_or_else(|| {
            let held = insist(&self.storage, &self.object, || self.try_read(chunk));
            self.recent.chunks.put(key, held.clone(), held.size_bytes());
            held
        })
    }

    fn recent_bytes(&self) -> usize {
        self.recent.runs.size_bytes() + self.recent.chunks.size_bytes()
    }

    fn forget_recent(&self) -> usize {
        self.recent.runs.clear() + self.recent.chunks.clear()
    }
}
