//! Sealed blocks that need not be in memory, because they are in storage (TW-4).

use std::sync::Arc;

use crate::twin::segment::{Index, Shelf};
use crate::twin::twins::Twins;

impl Twins {
    /// Forgets the blocks in memory that are chosen, by their segment and their number in it, where
    /// `shelf_of` knows their segment's place in storage. Says how many.
    pub fn forget_blocks(
        &mut self,
        shelf_of: impl Fn(&Arc<Index>) -> Option<Arc<dyn Shelf>>,
        mut choose: impl FnMut(usize, usize) -> bool,
    ) -> usize {
        let mut n_forgotten = 0;
        for (number, segment) in self.segments.iter_mut().enumerate() {
            let Some(shelf) = shelf_of(segment.index()) else { continue };
            for block in 0..segment.n_blocks() {
                if segment.shelf(block).is_none() && choose(number, block) {
                    segment.forget(block, &shelf);
                    n_forgotten += 1;
                }
            }
        }
        n_forgotten
    }
}
