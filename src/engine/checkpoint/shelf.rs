//! The blocks of a sealed segment in the storage of checkpoints.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;

use crate::storage::error::StorageError;
use crate::storage::object::Storage;
use crate::twin::block::Block;
use crate::twin::segment::Shelf;
use crate::twin::segment_file::{BlockPlace, Footer, SegmentFileError, read_block, read_footer};

/// How often a block is asked for before its reader gives up: a network comes back within this many.
const TRIES_MAX: u32 = 5;

/// The file of a segment in storage.
#[derive(Debug)]
pub struct StoredSegment {
    storage: Storage,
    object: String,
    size_bytes: u64,
    blocks: Vec<BlockPlace>,
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
}

impl StoredSegment {
    /// The file of `size_bytes` that is called `object`, with its blocks.
    pub fn new(
        storage: Storage,
        object: String,
        size_bytes: u64,
        blocks: Vec<BlockPlace>,
    ) -> StoredSegment {
        StoredSegment {
            storage,
            object,
            size_bytes,
            blocks,
            footer: OnceLock::new(),
            recent: Mutex::default(),
        }
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
        let footer = self.footer()?;
        let bytes = self.storage.get_range(&self.object, place.range())?;
        Ok(read_block(footer, block, place, bytes)?)
    }

    fn footer(&self) -> Result<&Footer, ShelfError> {
        if let Some(footer) = self.footer.get() {
            return Ok(footer);
        }
        let range: Range<u64> = self.blocks.last().map_or(0, |place| place.end)..self.size_bytes;
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
        let mut read = self.try_read(block);
        for _ in 1..TRIES_MAX {
            match &read {
                // What came damaged over a network may come whole the next time.
                Err(ShelfError::File(_)) => {}
                Err(ShelfError::Storage(error)) if error.is_retryable() => {}
                _ => break,
            }
            read = self.try_read(block);
        }
        if let Err(ShelfError::File(_)) = &read {
            // Damaged where it lies, and named by a content that it has no more. Without it the checkpoints
            // that rest on it are passed over, instead of ending every start at this block.
            let _gone = self.storage.delete(&self.object);
        }
        // What is known cannot be answered without it: to stop loses nothing, to go on would.
        let held = Arc::new(read.expect("CK-1: a sealed block that was made durable can be read"));
        recent.truncate(RECENT_MAX - 1);
        recent.push_front((block, held.clone()));
        held
    }
}
