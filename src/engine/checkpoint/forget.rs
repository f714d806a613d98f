//! What a checkpoint holds need not be in memory (TW-4).

use std::sync::Arc;

use crate::engine::checkpoint::writer::Stored;
use crate::engine::shard::Shard;
use crate::twin::segment::{Index, Shelf};

impl Shard {
    /// Forgets the blocks in memory that are chosen, by their segment and their number in it, where
    /// `stored` has their segment. Says how many.
    pub fn forget_blocks(
        &mut self,
        stored: &[Stored],
        choose: impl FnMut(usize, usize) -> bool,
    ) -> usize {
        let shelf_of = |index: &Arc<Index>| {
            let stored = stored.iter().find(|stored| Arc::ptr_eq(&stored.index, index))?;
            let shelf: Arc<dyn Shelf> = stored.file.clone();
            Some(shelf)
        };
        self.twins_mut().forget_blocks(shelf_of, choose)
    }
}
