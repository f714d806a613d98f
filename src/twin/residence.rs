//! Which blocks of sealed rows are in memory and which in storage.

use std::sync::Arc;

use crate::domain::event::Resource;
use crate::domain::person::Person;
use crate::domain::time::Timestamp;
use crate::twin::block::Block;
use crate::twin::intern::Interner;
use crate::twin::places::resource_key;
use crate::twin::samples::SampleRow;
use crate::twin::segment::{Extent, Segment, Shelf};
use crate::twin::segment_index::Index;
use crate::twin::tail::TAIL_ROWS_MAX;
use crate::twin::twins::{BlockPlace, Need, SEGMENT_ROWS_MAX, SEGMENTS_ALIKE_MAX, Twins};

impl Twins {
    /// Whether any block is not whole in memory.
    pub fn has_forgotten(&self) -> bool {
        self.segments.iter().any(|segment| 0 < segment.n_forgotten())
    }

    /// The keys of resources that have an id, and of those of the patient that tell of the same results.
    pub fn keys_of(&self, patient: u32, namespace: &str, resources: &[Resource<'_>]) -> Vec<u64> {
        let mut keys = Vec::new();
        for resource in resources {
            if !resource.id.is_empty() {
                keys.push(resource_key(namespace, resource.kind, &resource.id));
            }
            let links = resource.facts.iter().flat_map(|fact| fact.links.iter());
            keys.extend(links.flat_map(|link| self.links.keys(patient, *link)));
        }
        keys
    }

    /// Adds the blocks that hold values of a patient from `from` on, or rows of its resources, where these are
    /// in storage only.
    pub fn forgotten_of(
        &self,
        patient: u32,
        from: Timestamp,
        keys: &[u64],
        needed: &mut Vec<Need>,
    ) {
        for (number, segment) in self.segments.iter().enumerate() {
            if segment.n_forgotten() == 0 {
                continue;
            }
            let Some((rows, newest)) = segment.index().place_of(patient) else { continue };
            let may_be = |key: &u64| segment.index().may_hold(patient, *key);
            let extent = match keys.iter().any(may_be) {
                true => Extent::Whole,
                false if from <= newest => Extent::Values,
                false => continue,
            };
            let blocks = segment.blocks_of(&rows);
            let lacking = blocks.filter(|block| segment.extent(*block) < extent);
            let place = |block| BlockPlace { segment: number, block };
            needed.extend(lacking.map(|block| Need { place: place(block), extent }));
        }
    }

    /// Reads a block into memory.
    pub fn recall(&mut self, need: Need) {
        if let Some(segment) = self.segments.get_mut(need.place.segment) {
            segment.recall(need.place.block, need.extent);
        }
    }

    /// Keeps a block in memory that was read elsewhere.
    pub fn hold(&mut self, place: BlockPlace, block: Arc<Block>) {
        if let Some(segment) = self.segments.get_mut(place.segment) {
            segment.hold(place.block, block);
        }
    }

    /// Notes where the segment with this index is stored.
    pub fn note_stored(&mut self, index: &Arc<Index>, shelf: &Arc<dyn Shelf>) {
        let same = |segment: &&mut Segment| Arc::ptr_eq(segment.index(), index);
        if let Some(segment) = self.segments.iter_mut().find(same) {
            segment.note_stored(shelf);
        }
    }

    /// Forgets what stored blocks hold beyond `kept`, those of the oldest segments first, until so many
    /// bytes are free. Gives how many became free.
    pub fn forget(&mut self, size_bytes: usize, kept: Extent) -> usize {
        let mut n_free = 0;
        for segment in &mut self.segments {
            for block in 0..segment.n_blocks() {
                if size_bytes <= n_free {
                    return n_free;
                }
                n_free += segment.forget(block, kept);
            }
        }
        n_free
    }

    /// Keeps nothing of what was read last from storage. Gives how many bytes became free.
    pub fn forget_recent(&self) -> usize {
        self.segments.iter().find_map(Segment::forget_recent).unwrap_or(0)
    }

    /// Forgets of the stored blocks in memory what is chosen for each, by its segment and its number in it.
    /// Says how many were forgotten in part or whole.
    pub fn forget_blocks(&mut self, mut choose: impl FnMut(usize, usize) -> Extent) -> usize {
        let mut n_forgotten = 0;
        for (number, segment) in self.segments.iter_mut().enumerate() {
            for block in 0..segment.n_blocks() {
                if Extent::Nothing < segment.extent(block) {
                    let n_free = segment.forget(block, choose(number, block));
                    n_forgotten += usize::from(0 < n_free);
                }
            }
        }
        n_forgotten
    }

    /// Makes no segment of more rows out of others from now on: while one is made there is memory for it twice.
    /// The tail is sealed while it is small enough that such a segment is made of several, because sealing takes
    /// its rows twice too. It changes no twin, score or effect (TW-4).
    pub fn bound_segments(&mut self, rows_max: u32) {
        self.segment_rows_max = rows_max.min(SEGMENT_ROWS_MAX);
        let tail = self.segment_rows_max / SEGMENTS_ALIKE_MAX;
        self.tail_rows_max = usize::try_from(tail).unwrap_or(usize::MAX).min(TAIL_ROWS_MAX);
    }

    /// Bytes of facts that could be forgotten if they were sealed and stored.
    pub fn n_bytes_to_store(&self) -> usize {
        let sealed = self.segments.iter().filter(|segment| !segment.is_stored());
        let sealed = sealed.map(|segment| segment.size_bytes()).sum::<usize>();
        self.tail.rows.n_rows() * size_of::<SampleRow>() + sealed
    }

    /// How many rows are sealed.
    pub fn n_sealed(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.n_rows())).sum()
    }

    /// Bytes of memory that sealed facts take.
    pub fn sealed_bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.size_bytes()).sum()
    }

    /// Bytes of memory that the twins take, by what they hold, within a few percent.
    pub fn weights(&self) -> [(&'static str, usize); 8] {
        let names = [&self.patients, &self.codes, &self.devices].map(Interner::size_bytes);
        let persons = self.persons.capacity() * size_of::<Person>() + self.names.size_bytes();
        let index = self.segments.iter().map(Segment::index_bytes).sum();
        let values = self.segments.iter().map(Segment::values_bytes).sum::<usize>();
        [
            ("facts that are not sealed", self.tail.size_bytes()),
            ("indexes of sealed facts", index),
            ("values of sealed facts", values),
            ("origins of sealed facts", self.sealed_bytes() - index - values),
            ("facts read last", self.segments.iter().find_map(Segment::recent_bytes).unwrap_or(0)),
            ("newest values", self.newest.size_bytes()),
            ("patients and names", persons + names.into_iter().sum::<usize>()),
            (
                "statements",
                self.statements.size_bytes()
                    + self.statement_index.size_bytes()
                    + self.links.size_bytes(),
            ),
        ]
    }
}
