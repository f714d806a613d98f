//! What rules and windows read of sealed rows: a few bytes each, in memory long after the rest of a block
//! is in storage only.

use crate::domain::time::Timestamp;
use crate::twin::packed::Packed;
use crate::twin::packed_rows::{Word, packed};
use crate::twin::samples::{Flags, SampleRow};

packed! {
    /// What was measured, when, and what it says, of each row of a block.
    Values of SampleRow {
        series: u16,
        flags: u16,
        at: i64,
        value: i32,
    }
}

/// What rules and windows read of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueRow {
    /// Signal and origin.
    pub series: u16,
    /// Status, statistic, comparator and why it cannot be used.
    pub flags: u16,
    /// The time for which it counts, in microseconds.
    pub at: i64,
    /// The value in units of the signal's resolution.
    pub value: i32,
}

impl ValueRow {
    /// What rules and windows read of a row.
    pub const fn of(row: &SampleRow) -> ValueRow {
        ValueRow { series: row.series, flags: row.flags, at: row.at, value: row.value }
    }

    /// The time for which it counts.
    pub const fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.at)
    }

    /// Whether its status lets it count.
    pub fn counts(&self) -> bool {
        Flags::unpack(self.flags).status.counts()
    }
}

impl Values {
    /// The values of columns, each as long as the others.
    pub fn of_slices(series: &[u16], flags: &[u16], at: &[i64], value: &[i32]) -> Values {
        Values {
            series: Packed::of(series.iter().map(|word| word.word())),
            flags: Packed::of(flags.iter().map(|word| word.word())),
            at: Packed::of(at.iter().copied()),
            value: Packed::of(value.iter().map(|word| word.word())),
        }
    }

    /// The row at `index`.
    #[inline]
    pub fn row(&self, index: usize) -> Option<ValueRow> {
        Some(ValueRow {
            series: self.series(index)?,
            flags: self.flags(index)?,
            at: self.at(index)?,
            value: self.value(index)?,
        })
    }
}
