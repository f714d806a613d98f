//! Sealed samples: sorted by patient, series and time, with an index; never changed.
//!
//! ```text
//! patients  [ 3 | 7 | 9 ]          one entry per patient
//! starts    [ 0 | 4 | 9 | 12 ]     where the patient's rows begin
//! newest    [ t | t | t ]          the newest time of each
//! filter    is a resource among the sealed ones?
//! blocks    rows of up to 4,096, each in memory, its values in memory, or in storage only
//! ```
//! The index is always in memory, the rows are where the budget lets them be: what is resident changes
//! no answer (TW-4). What rules and windows read is asked for as values, which are in memory longest.

use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::domain::time::Timestamp;
use crate::twin::block::{BLOCK_ROWS, Block, Kept};
use crate::twin::marks::Marks;
use crate::twin::merging::merge;
use crate::twin::samples::SampleRow;
use crate::twin::sealing::{Sealing, Sorted};
use crate::twin::segment_index::Index;
use crate::twin::values::{ValueRow, Values};

/// Rows of one sealed segment.
#[derive(Clone, Debug)]
pub struct Segment {
    index: Arc<Index>,
    blocks: Vec<Place>,
    /// Where the blocks are stored, once they are.
    stored: Option<Arc<dyn Shelf>>,
    /// How many blocks are not whole in memory.
    n_forgotten: usize,
    /// Bytes of memory that the blocks take.
    held_bytes: usize,
    /// Bytes of them that are values.
    values_bytes: usize,
    /// Rows that ceased to be current.
    pub marks: Marks,
}

/// Where a block is. Unless it is in memory, it is in storage.
#[derive(Clone, Debug)]
enum Place {
    Memory(Arc<Block>),
    Values(Arc<Values>),
    Storage,
}

impl Place {
    fn size_bytes(&self) -> usize {
        match self {
            Place::Memory(block) => block.size_bytes(),
            Place::Values(values) => values.size_bytes(),
            Place::Storage => 0,
        }
    }

    fn values_bytes(&self) -> usize {
        match self {
            Place::Memory(block) => block.values().size_bytes(),
            Place::Values(values) => values.size_bytes(),
            Place::Storage => 0,
        }
    }
}

/// How much of a block is in memory, or wanted there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// Nothing.
    Nothing,
    /// What rules and windows read.
    Values,
    /// Everything.
    Whole,
}

impl Extent {
    /// From nothing to everything.
    pub const ALL: [Extent; 3] = [Extent::Nothing, Extent::Values, Extent::Whole];
}

/// Where the blocks of one segment are when they are not in memory.
pub trait Shelf: std::fmt::Debug + Send + Sync {
    /// Reads a block. It was written before it was forgotten, so a block that cannot be read any more
    /// ends the reader rather than leave a gap in what is known.
    fn read(&self, block: usize) -> Arc<Block>;

    /// Reads what rules and windows read of a block.
    fn read_values(&self, block: usize) -> Arc<Values>;

    /// Bytes of memory of what was read last and is kept, of this segment and others that lie beside it.
    fn recent_bytes(&self) -> usize;

    /// Keeps nothing of that. Gives how many bytes became free.
    fn forget_recent(&self) -> usize;
}

/// A block, for as long as it is looked at.
#[derive(Clone, Debug)]
pub enum BlockRef<'s> {
    /// It is in memory.
    Memory(&'s Block),
    /// It was read from storage.
    Read(Arc<Block>),
}

impl Deref for BlockRef<'_> {
    type Target = Block;

    #[inline]
    fn deref(&self) -> &Block {
        match self {
            BlockRef::Memory(block) => block,
            BlockRef::Read(block) => block,
        }
    }
}

/// The values of a block, for as long as they are looked at.
#[derive(Clone, Debug)]
pub enum ValuesRef<'s> {
    /// They are in memory.
    Memory(&'s Values),
    /// They were read from storage.
    Read(Arc<Values>),
}

impl Deref for ValuesRef<'_> {
    type Target = Values;

    #[inline]
    fn deref(&self) -> &Values {
        match self {
            ValuesRef::Memory(values) => values,
            ValuesRef::Read(values) => values,
        }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The block of a row, and its place in it.
#[inline]
fn place(number: u32) -> (usize, usize) {
    (index(number) / BLOCK_ROWS, index(number) % BLOCK_ROWS)
}

impl Segment {
    /// Sorts rows into a segment. The same rows give the same segment, in whatever order they come.
    pub fn seal(rows: Sealing) -> Segment {
        Segment::of(rows.sort())
    }

    fn of(Sorted { blocks, marks }: Sorted) -> Segment {
        let index = Arc::new(Index::of(&blocks));
        let held_bytes = blocks.iter().map(Block::size_bytes).sum();
        let values_bytes = blocks.iter().map(|block| block.values().size_bytes()).sum();
        let blocks = blocks.into_iter().map(|block| Place::Memory(Arc::new(block))).collect();
        Segment { index, blocks, stored: None, n_forgotten: 0, held_bytes, values_bytes, marks }
    }

    /// A segment all of whose blocks are in storage.
    pub fn of_storage(index: Arc<Index>, marks: Marks, shelf: &Arc<dyn Shelf>) -> Segment {
        let blocks: Vec<Place> = index.bounds.iter().map(|_| Place::Storage).collect();
        let (stored, n_forgotten) = (Some(shelf.clone()), blocks.len());
        let (held_bytes, values_bytes) = (0, 0);
        Segment { index, blocks, stored, n_forgotten, held_bytes, values_bytes, marks }
    }

    /// Notes where it is stored.
    pub fn note_stored(&mut self, shelf: &Arc<dyn Shelf>) {
        self.stored.get_or_insert_with(|| shelf.clone());
    }

    /// Whether it is known where it is stored.
    pub fn is_stored(&self) -> bool {
        self.stored.is_some()
    }

    /// How much of a block is in memory.
    pub fn extent(&self, block: usize) -> Extent {
        match self.blocks.get(block) {
            Some(Place::Memory(_)) => Extent::Whole,
            Some(Place::Values(_)) => Extent::Values,
            Some(Place::Storage) | None => Extent::Nothing,
        }
    }

    /// Forgets what a stored block holds beyond `kept`. Gives the bytes that became free.
    pub fn forget(&mut self, block: usize, kept: Extent) -> usize {
        if self.stored.is_none() || self.extent(block) <= kept {
            return 0;
        }
        let Some(place) = self.blocks.get_mut(block) else { return 0 };
        let less = match (&*place, kept) {
            (Place::Memory(block), Extent::Values) => Place::Values(block.values().clone()),
            (Place::Memory(_) | Place::Values(_) | Place::Storage, _) => Place::Storage,
        };
        self.n_forgotten += usize::from(matches!(place, Place::Memory(_)));
        let n_free = place.size_bytes() - less.size_bytes();
        self.held_bytes -= n_free;
        self.values_bytes -= place.values_bytes() - less.values_bytes();
        *place = less;
        n_free
    }

    /// Reads a block into memory, as much of it as is `wanted`.
    pub fn recall(&mut self, block: usize, wanted: Extent) {
        if wanted <= self.extent(block) {
            return;
        }
        let Some(shelf) = self.stored.clone() else { return };
        match wanted {
            Extent::Whole => self.hold(block, shelf.read(block)),
            Extent::Values => self.put(block, Place::Values(shelf.read_values(block))),
            Extent::Nothing => {}
        }
    }

    /// Keeps a block in memory that was read elsewhere.
    pub fn hold(&mut self, block: usize, held: Arc<Block>) {
        if self.extent(block) < Extent::Whole {
            self.n_forgotten = self.n_forgotten.saturating_sub(1);
        }
        self.put(block, Place::Memory(held));
    }

    fn put(&mut self, block: usize, place: Place) {
        if let Some(slot) = self.blocks.get_mut(block) {
            self.held_bytes = self.held_bytes + place.size_bytes() - slot.size_bytes();
            self.values_bytes = self.values_bytes + place.values_bytes() - slot.values_bytes();
            *slot = place;
        }
    }

    /// How many blocks are not whole in memory.
    pub fn n_forgotten(&self) -> usize {
        self.n_forgotten
    }

    /// The blocks that hold a range of rows.
    pub fn blocks_of(&self, rows: &Range<u32>) -> Range<usize> {
        match rows.end.checked_sub(1) {
            Some(last) if rows.start <= last => place(rows.start).0..place(last).0 + 1,
            _ => 0..0,
        }
    }

    /// One segment of the rows of several.
    pub fn merge(segments: &[Segment]) -> Segment {
        Segment::of(merge(segments))
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> u32 {
        self.index.n_rows
    }

    /// What is always in memory of it.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// How many blocks there are.
    pub fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// A block.
    #[inline]
    pub fn block(&self, number: usize) -> BlockRef<'_> {
        match self.blocks.get(number).expect("the number is of this segment") {
            Place::Memory(block) => BlockRef::Memory(block),
            Place::Values(_) | Place::Storage => BlockRef::Read(self.read(number)),
        }
    }

    /// What rules and windows read of a block.
    #[inline]
    pub fn values(&self, number: usize) -> ValuesRef<'_> {
        match self.blocks.get(number).expect("the number is of this segment") {
            Place::Memory(block) => ValuesRef::Memory(block.values()),
            Place::Values(values) => ValuesRef::Memory(values),
            Place::Storage => ValuesRef::Read(self.shelf().read_values(number)),
        }
    }

    fn read(&self, block: usize) -> Arc<Block> {
        self.shelf().read(block)
    }

    fn shelf(&self) -> &Arc<dyn Shelf> {
        self.stored.as_ref().expect("what is not in memory is stored")
    }

    /// Bytes of memory of what was read last and is kept, of the segments that are stored beside it too; `None`
    /// where it is not stored.
    pub fn recent_bytes(&self) -> Option<usize> {
        self.stored.as_ref().map(|shelf| shelf.recent_bytes())
    }

    /// Keeps nothing of that. Gives how many bytes became free.
    pub fn forget_recent(&self) -> Option<usize> {
        self.stored.as_ref().map(|shelf| shelf.forget_recent())
    }

    /// The row at `number`.
    pub fn row(&self, number: u32) -> SampleRow {
        let (block, index) = place(number);
        self.block(block).row(index).expect("the number is of this segment")
    }

    /// What rules and windows read of the row at `number`.
    #[inline]
    pub fn value(&self, number: u32) -> ValueRow {
        let (block, index) = place(number);
        self.values(block).row(index).expect("the number is of this segment")
    }

    /// The key of the resource of the row at `number`.
    pub fn key(&self, number: u32) -> Option<u64> {
        let (block, index) = place(number);
        self.block(block).key(index)
    }

    /// The row at `number`, with all that is kept of it.
    pub fn kept(&self, number: u32) -> Option<Kept> {
        let (block, index) = place(number);
        self.block(block).kept(u32::try_from(index).ok()?)
    }

    /// The version id of the row at `number`.
    pub fn version_id(&self, number: u32) -> Option<u64> {
        let (block, index) = place(number);
        self.block(block).rare.version_id(u32::try_from(index).ok()?)
    }

    /// What else tells which result the row at `number` is.
    pub fn links(&self, number: u32) -> Vec<u64> {
        let (block, index) = place(number);
        let block = self.block(block);
        let parts = u32::try_from(index).ok().and_then(|index| block.rare.get(index));
        parts.map(|parts| parts.links.to_vec()).unwrap_or_default()
    }

    /// Whether a row that was read counts: the winning version of its resource, and not taken back.
    pub fn is_current(&self, number: u32, row: &ValueRow) -> bool {
        row.counts() && self.marks.known_to(number) == Timestamp::FOREVER
    }

    /// The rows of a patient.
    pub fn of_patient(&self, patient: u32) -> Range<u32> {
        self.index.place_of(patient).map_or(0..0, |(rows, _)| rows)
    }

    /// The rows of a patient's series from `from` to `to`, both included, ascending by time.
    pub fn of_series(
        &self,
        (patient, series): (u32, u16),
        from: Timestamp,
        to: Timestamp,
    ) -> Range<u32> {
        let Some((range, newest)) = self.index.place_of(patient) else { return 0..0 };
        // Rows in storage are not looked at where none of them can be new enough.
        if newest < from {
            return 0..0;
        }
        let place = |number: u32| {
            let (block, index) = place(number);
            let values = self.values(block);
            values.series(index).zip(values.at(index))
        };
        let first = partition(range.clone(), |n| place(n) < Some((series, from.micros())));
        let last = partition(first..range.end, |n| place(n) <= Some((series, to.micros())));
        first..last
    }

    /// The rows whose resource has this key.
    pub fn with_key(&self, patient: u32, key: u64) -> impl Iterator<Item = u32> {
        let may_be = self.index.may_hold(patient, key);
        let rows = if may_be { self.of_patient(patient) } else { 0..0 };
        rows.filter(move |number| {
            let (block, index) = place(*number);
            self.block(block).key(index) == Some(key)
        })
    }

    /// Bytes of memory it takes: its index, and the blocks that are in memory.
    pub fn size_bytes(&self) -> usize {
        self.index_bytes() + self.held_bytes
    }

    /// Bytes of memory of what is always there.
    pub fn index_bytes(&self) -> usize {
        let places = self.blocks.capacity() * size_of::<Place>();
        self.index.size_bytes() + places + self.marks.size_bytes()
    }

    /// Bytes of memory of the values that are there.
    pub fn values_bytes(&self) -> usize {
        self.values_bytes
    }
}

/// The first number of `range` for which `before` does not hold.
fn partition(range: Range<u32>, before: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
