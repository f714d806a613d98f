//! Which blocks of sealed rows are in memory and which in storage.

use std::sync::Arc;

use crate::domain::event::Resource;
use crate::domain::time::Timestamp;
use crate::twin::block::Block;
use crate::twin::places::resource_key;
use crate::twin::samples::SampleRow;
use crate::twin::segment::{Index, Shelf};
use crate::twin::statements::StatementRow;
use crate::twin::twins::{BlockPlace, Twins};

impl Twins {
    /// Whether any block is in storage only.
    pub fn has_forgotten(&self) -> bool {
        self.segments.iter().any(|segment| 0 < segment.n_forgotten())
    }

    /// The keys of resources that have an id.
    pub fn keys_of(&self, namespace: &str, resources: &[Resource<'_>]) -> Vec<u64> {
        let named = resources.iter().filter(|resource| !resource.id.is_empty());
        named.map(|resource| resource_key(namespace, resource.kind, &resource.id)).collect()
    }

    /// Adds the blocks in storage that hold rows of a patient from `from` on, or rows of its resources.
    pub fn forgotten_of(
        &self,
        patient: u32,
        from: Timestamp,
        keys: &[u64],
        needed: &mut Vec<BlockPlace>,
    ) {
        for (number, segment) in self.segments.iter().enumerate() {
            if segment.n_forgotten() == 0 {
                continue;
            }
            let Some((rows, newest)) = segment.index().place_of(patient) else { continue };
            let may_be = |key: &u64| segment.index().may_hold(patient, *key);
            if from <= newest || keys.iter().any(may_be) {
                let blocks = segment.blocks_of(&rows);
                let forgotten = blocks.filter(|block| segment.shelf(*block).is_some());
                needed.extend(forgotten.map(|block| BlockPlace { segment: number, block }));
            }
        }
    }

    /// Reads a block into memory.
    pub fn recall(&mut self, place: BlockPlace) {
        let Some(segment) = self.segments.get_mut(place.segment) else { return };
        if let Some(shelf) = segment.shelf(place.block).cloned() {
            segment.recall(place.block, shelf.read(place.block));
        }
    }

    /// Keeps a block in memory that was read elsewhere.
    pub fn hold(&mut self, place: BlockPlace, block: Arc<Block>) {
        if let Some(segment) = self.segments.get_mut(place.segment) {
            segment.recall(place.block, block);
        }
    }

    /// Notes where the segment with this index is stored.
    pub fn note_stored(&mut self, index: &Arc<Index>, shelf: &Arc<dyn Shelf>) {
        let same =
            |segment: &&mut crate::twin::segment::Segment| Arc::ptr_eq(segment.index(), index);
        if let Some(segment) = self.segments.iter_mut().find(same) {
            segment.note_stored(shelf);
        }
    }

    /// Forgets stored blocks, those of the oldest segments first, until so many bytes are free. Gives how
    /// many became free.
    pub fn forget(&mut self, size_bytes: usize) -> usize {
        let mut n_free = 0;
        for segment in &mut self.segments {
            for block in 0..segment.n_blocks() {
                if size_bytes <= n_free {
                    return n_free;
                }
                n_free += segment.forget(block);
            }
        }
        n_free
    }

    /// Forgets the stored blocks in memory that are chosen, by their segment and their number in it. Says how
    /// many.
    pub fn forget_blocks(&mut self, mut choose: impl FnMut(usize, usize) -> bool) -> usize {
        let mut n_forgotten = 0;
        for (number, segment) in self.segments.iter_mut().enumerate() {
            for block in 0..segment.n_blocks() {
                let is_chosen = segment.shelf(block).is_none() && choose(number, block);
                n_forgotten += usize::from(is_chosen && 0 < segment.forget(block));
            }
        }
        n_forgotten
    }

    /// Bytes of facts that could be forgotten if they were sealed and stored.
    pub fn n_bytes_to_store(&self) -> usize {
        let sealed = self.segments.iter().filter(|segment| !segment.is_stored());
        let sealed = sealed.map(|segment| segment.size_bytes()).sum::<usize>();
        self.tail.rows.n_rows() * size_of::<SampleRow>() + sealed
    }

    /// Bytes of memory that sealed facts take.
    pub fn sealed_bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.size_bytes()).sum()
    }

    /// Bytes of memory that facts take, within a few percent.
    pub fn size_bytes(&self) -> usize {
        let tail = self.tail.rows.n_rows() * (size_of::<SampleRow>() + TAIL_ROW_EXTRA);
        let statements = self.statements.n_rows() * (size_of::<StatementRow>() + STATEMENT_EXTRA);
        tail + self.sealed_bytes() + statements
    }
}

/// What a row of the tail costs beside its columns: its event, its resource's id, its places in the lists
/// and in the index by identity.
const TAIL_ROW_EXTRA: usize = 64;

/// What a statement costs beside its row: its texts and codes.
const STATEMENT_EXTRA: usize = 200;
