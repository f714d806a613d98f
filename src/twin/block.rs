//! A run of sealed rows with all that belongs to them: what is read from storage, or forgotten, in one
//! piece.
//!
//! ```text
//! values  series, at, value, flags        stay in memory longest
//! origin  key, content, times, …  event ─┐  resource ─┐     4,096 rows at most
//! events  source record, place in the log ◄┘          │
//! ids     resource ids                    ◄───────────┘
//! rare    what few rows have, by their place here
//! ```
//! A block refers to nothing of the tail or of other blocks, so each lives as long as it is wanted.

use std::sync::Arc;

use arrow::array::{Array, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};

use crate::domain::time::Timestamp;
use crate::twin::events::EventRow;
use crate::twin::packed::Packed;
use crate::twin::packed_rows::packed;
use crate::twin::samples::{Rare, RareParts, SampleRow};
use crate::twin::values::Values;

/// Rows of a block: a patient's history is read from storage in a few, each in a fraction of a
/// millisecond.
pub const BLOCK_ROWS: usize = 4_096;

packed! {
    /// Whose each row is, which version of what, and where it came from.
    Origins of SampleRow {
        patient: u32,
        known: i64,
        event: u32,
        revised_at: i64,
        key: u64,
        content: u64,
        code: u32,
        device: u32,
        resource: u32,
        local: u16,
    }
}

packed! {
    /// Where the events of the rows came from.
    Sources of EventRow {
        source: u32,
        index: u32,
        offset: i64,
        frame: u64,
    }
}

/// Some sealed rows.
#[derive(Clone, Debug)]
pub struct Block {
    values: Arc<Values>,
    /// Their `event` and `resource` are places in `events` and `ids`.
    origins: Origins,
    events: Sources,
    ids: StringArray,
    /// What few of them have, by their place in the block.
    pub rare: Rare,
}

/// The packed columns of a block that is being read.
#[derive(Debug)]
pub struct BlockColumns {
    values: Values,
    origins: Origins,
    events: Sources,
}

impl BlockColumns {
    /// The block, with what is not packed of it.
    pub fn block(self, ids: StringArray, mut rare: Rare) -> Block {
        let BlockColumns { values, origins, events } = self;
        rare.shrink_to_fit();
        Block { values: Arc::new(values), origins, events, ids, rare }
    }
}

/// A sample with all that is kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The row; its `event` and `resource` mean nothing outside of where it lies.
    pub row: SampleRow,
    /// What few rows have.
    pub rare: RareParts,
    /// Where it came from.
    pub event: EventRow,
    /// The id of its resource; empty for a wearable's sample.
    pub resource: String,
}

impl Block {
    /// The block of these rows, whose `event` and `resource` are places in `events` and `ids`.
    pub fn of(rows: &[SampleRow], events: &[EventRow], ids: StringArray, mut rare: Rare) -> Block {
        let (values, origins) = (Arc::new(Values::of(rows)), Origins::of(rows));
        rare.shrink_to_fit();
        Block { values, origins, events: Sources::of(events), ids, rare }
    }

    /// Every packed column, in an order that never changes.
    pub fn columns(&self, each: &mut impl FnMut(&Packed)) {
        self.values.columns(each);
        self.origins.columns(each);
        self.events.columns(each);
    }

    /// The columns as [`Block::columns`] gave them; `None` if they are none.
    pub fn read_columns(next: &mut impl FnMut() -> Option<Packed>) -> Option<BlockColumns> {
        let (values, origins) = (Values::of_columns(next)?, Origins::of_columns(next)?);
        let events = Sources::of_columns(next)?;
        let is_even = values.n_rows() == origins.n_rows();
        is_even.then_some(BlockColumns { values, origins, events })
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.values.n_rows()
    }

    /// What rules and windows read of the rows.
    pub fn values(&self) -> &Arc<Values> {
        &self.values
    }

    /// The row at `index`.
    pub fn row(&self, index: usize) -> Option<SampleRow> {
        let Block { values, origins, .. } = self;
        Some(SampleRow {
            patient: origins.patient(index)?,
            series: values.series(index)?,
            flags: values.flags(index)?,
            at: values.at(index)?,
            known: origins.known(index)?,
            value: values.value(index)?,
            event: origins.event(index)?,
            revised_at: origins.revised_at(index)?,
            key: origins.key(index)?,
            content: origins.content(index)?,
            code: origins.code(index)?,
            device: origins.device(index)?,
            resource: origins.resource(index)?,
            local: origins.local(index)?,
        })
    }

    /// Every row in order.
    pub fn rows(&self) -> impl Iterator<Item = SampleRow> {
        (0..self.n_rows()).filter_map(|index| self.row(index))
    }

    /// The key of the resource of the row at `index`.
    #[inline]
    pub fn key(&self, index: usize) -> Option<u64> {
        self.origins.key(index)
    }

    /// The event at `index` among those of the block.
    fn source(&self, index: usize) -> Option<EventRow> {
        let events = &self.events;
        Some(EventRow {
            source: events.source(index)?,
            index: events.index(index)?,
            offset: events.offset(index)?,
            frame: events.frame(index)?,
        })
    }

    /// Every event of the block.
    pub fn events(&self) -> impl Iterator<Item = EventRow> {
        (0..self.events.n_rows()).filter_map(|index| self.source(index))
    }

    /// The ids of the resources of the block.
    pub fn ids(&self) -> &StringArray {
        &self.ids
    }

    /// The event of a row.
    pub fn event(&self, row: &SampleRow) -> Option<EventRow> {
        self.source(usize::try_from(row.event).ok()?)
    }

    /// The id of a row's resource; empty for a wearable's sample.
    pub fn id(&self, row: &SampleRow) -> &str {
        match usize::try_from(row.resource) {
            Ok(index) if index < self.ids.len() => self.ids.value(index),
            _ => "",
        }
    }

    /// The sample at `index`, with all that is kept of it.
    pub fn kept(&self, index: u32) -> Option<Kept> {
        let row = self.row(usize::try_from(index).ok()?)?;
        Some(Kept {
            row,
            rare: self.rare.of(index),
            event: self.event(&row)?,
            resource: self.id(&row).to_owned(),
        })
    }

    /// The first and the last time of its rows.
    pub fn bounds(&self) -> (Timestamp, Timestamp) {
        let times = || (0..self.n_rows()).filter_map(|index| self.values.at(index));
        let [first, last] = [times().min(), times().max()];
        let time = |at: Option<i64>, none| at.map_or(none, Timestamp::from_micros);
        (time(first, Timestamp::FOREVER), time(last, Timestamp::MIN))
    }

    /// Bytes of memory of what is not among its values, within a few percent.
    pub fn rest_bytes(&self) -> usize {
        let (ids, rare) = (self.ids.get_array_memory_size(), self.rare.size_bytes());
        self.origins.size_bytes() + self.events.size_bytes() + ids + rare
    }

    /// Bytes of memory it takes, within a few percent.
    pub fn size_bytes(&self) -> usize {
        self.values.size_bytes() + self.rest_bytes()
    }
}

/// The Arrow array of texts that stand one after the other, each until its end.
pub fn texts_array(mut texts: String, ends: &[i32]) -> StringArray {
    texts.shrink_to_fit();
    let offsets: Vec<i32> = std::iter::once(0).chain(ends.iter().copied()).collect();
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    StringArray::new(offsets, Buffer::from_vec(texts.into_bytes()), None)
}
