//! Blocks of sealed segments and runs of scores in the storage of checkpoints.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;

use crate::engine::checkpoint::blocks;
use crate::engine::checkpoint::bytes::{In, Torn};
use crate::engine::checkpoint::tables::read_scores;
use crate::storage::error::StorageError;
use crate::storage::object::Storage;
use crate::storage::part::{Fault, PartRef, ROWS};
use crate::twin::block::Block;
use crate::twin::score_table::{PackedScores, ScoreChunk, ScoreShelf};
use crate::twin::segment::Shelf;
use crate::twin::segment_file::{BlockPlace, Footer, SegmentFileError, read_block, read_footer};

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
    /// The blocks that were read last: who reads a patient's rows asks for the same one many times.
    recent: Mutex<VecDeque<(usize, Arc<Block>)>>,
}

/// Blocks of a segment that are kept after they were read.
const RECENT_MAX: usize = 4;

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
    ) -> StoredSegment {
        let (footer, recent) = (OnceLock::new(), Mutex::default());
        StoredSegment { storage, object, part, blocks, footer, recent }
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
        let place = self.blocks.get(block).ok_or(SegmentFileError::Missing("such block"))?;
        let bytes = self.storage.get_range(&self.object, place.range())?;
        if self.part.kind == ROWS {
            return Ok(blocks::read(block, place, &bytes)?);
        }
        Ok(read_block(self.footer()?, block, place, bytes)?)
    }

    fn footer(&self) -> Result<&Footer, ShelfError> {
        if let Some(footer) = self.footer.get() {
            return Ok(footer);
        }
        let range: Range<u64> =
            self.blocks.last().map_or(0, |place| place.end)..self.part.size_bytes;
        let bytes: Bytes = self.storage.get_range(&self.object, range.clone())?;
        let footer = read_footer(range.start, bytes)?;
        Ok(self.footer.get_or_init(|| footer))
    }
}

impl Shelf for StoredSegment {
    fn read(&self, block: usize) -> Arc<Block> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, held)) = recent.iter().find(|(number, _)| *number == block) {
            return held.clone();
        }
        let held = Arc::new(insist(&self.storage, &self.object, || self.try_read(block)));
        recent.truncate(RECENT_MAX - 1);
        recent.push_front((block, held.clone()));
        held
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

/// The chunks of one run of scores.
type Run = Arc<Vec<Arc<PackedScores>>>;

/// The runs of a partition that were read last, by the hash of their part.
pub type RecentRuns = Arc<Mutex<VecDeque<(u128, Run)>>>;

/// Runs that are kept after they were read, about 2 MB each.
const RECENT_RUNS_MAX: usize = 4;

/// A run of scores in storage.
#[derive(Debug)]
pub struct StoredScores {
    storage: Storage,
    object: String,
    part: PartRef,
    recent: RecentRuns,
}

impl StoredScores {
    /// The run that is called `object` and is this part.
    pub fn new(
        storage: Storage,
        object: String,
        part: PartRef,
        recent: RecentRuns,
    ) -> StoredScores {
        StoredScores { storage, object, part, recent }
    }

    fn try_read(&self) -> Result<Run, ShelfError> {
        let bytes = self.storage.get(&self.object)?;
        if let Some(fault) = self.part.fault_of(&bytes) {
            return Err(fault.into());
        }
        let chunks = read_scores(&mut In::of(&bytes))?.into_iter().map(|chunk| match chunk {
            ScoreChunk::Packed(packed) => Ok(packed),
            ScoreChunk::Open(_) | ScoreChunk::Stored(..) => Err(Torn),
        });
        Ok(Arc::new(chunks.collect::<Result<_, _>>()?))
    }
}

impl ScoreShelf for StoredScores {
    fn read(&self, chunk: usize) -> Arc<PackedScores> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let held = recent.iter().find(|(hash, _)| *hash == self.part.hash);
        let run = match held {
            Some((_, run)) => run.clone(),
            None => {
                let run = insist(&self.storage, &self.object, || self.try_read());
                recent.truncate(RECENT_RUNS_MAX - 1);
                recent.push_front((self.part.hash, run.clone()));
                run
            }
        };
        run.get(chunk).expect("the number is of this run").clone()
    }
}
