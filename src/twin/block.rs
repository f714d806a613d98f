//! A run of sealed rows with all that belongs to them: what is read from storage, or forgotten, in one
//! piece.
//!
//! ```text
//! rows    patient, series, at, value, …   event ─┐  resource ─┐     4,096 at most
//! events  source record, place in the log ◄──────┘            │
//! ids     resource ids                    ◄───────────────────┘
//! rare    what few rows have, by their place here
//! ```
//! A block refers to nothing of the tail or of other blocks, so each lives as long as it is wanted.

use arrow::array::{Array, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};

use crate::domain::time::Timestamp;
use crate::twin::events::{EventChunk, EventRow};
use crate::twin::samples::{Rare, RareParts, SampleChunk, SampleRow};

/// Rows of a block: a patient's history is read from storage in a few, each in a fraction of a
/// millisecond.
pub const BLOCK_ROWS: usize = 4_096;

/// Some sealed rows.
#[derive(Clone, Debug)]
pub struct Block {
    /// The rows; their `event` and `resource` are places in `events` and `ids`.
    pub rows: SampleChunk,
    /// The events they came with.
    pub events: EventChunk,
    /// The ids of their resources.
    pub ids: StringArray,
    /// What few of them have, by their place in the block.
    pub rare: Rare,
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
    /// The event of a row.
    pub fn event(&self, row: &SampleRow) -> Option<EventRow> {
        self.events.row(usize::try_from(row.event).ok()?)
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
        let row = self.rows.row(usize::try_from(index).ok()?)?;
        Some(Kept {
            row,
            rare: self.rare.of(index),
            event: self.event(&row)?,
            resource: self.id(&row).to_owned(),
        })
    }

    /// The first and the last time of its rows.
    pub fn bounds(&self) -> (Timestamp, Timestamp) {
        let times = || self.rows.at.iter().copied().map(Timestamp::from_micros);
        (times().min().unwrap_or(Timestamp::FOREVER), times().max().unwrap_or(Timestamp::MIN))
    }

    /// Bytes of memory it takes, within a few percent.
    pub fn size_bytes(&self) -> usize {
        let row = size_of::<SampleRow>() * self.rows.n_rows();
        let event = size_of::<EventRow>() * self.events.n_rows();
        row + event + self.ids.get_array_memory_size() + self.rare.size_bytes()
    }
}

/// The Arrow array of texts that stand one after the other, each until its end.
pub fn texts_array(texts: String, ends: &[i32]) -> StringArray {
    let offsets: Vec<i32> = std::iter::once(0).chain(ends.iter().copied()).collect();
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    StringArray::new(offsets, Buffer::from_vec(texts.into_bytes()), None)
}
