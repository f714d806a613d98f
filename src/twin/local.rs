//! The local time of a sample: the offset of its place, and who says so.
//!
//! ```text
//! bits  12 date   11 sample's own   10..0 minutes east of UTC + 1,024
//! ```
//! An instant has no day; a person has. The day of a sample is that of its own offset. Where the source wrote
//! none, it is that of the patient's zone, which whoever asks for a day looks for; else the source's zone,
//! which is kept here.

use crate::domain::fact::{Precision, Valid};

/// The local time of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Minutes east of UTC.
    pub offset_minutes: i16,
    /// Whether the source wrote the offset; else its zone has it.
    pub is_own: bool,
    /// Whether the source gave a day instead of an instant.
    pub is_date: bool,
}

/// More than any zone ever had.
const MINUTES_MAX: i16 = 1_023;
const ZERO: u16 = 1_024;
const MINUTES: u16 = 2 * ZERO - 1;
const OWN: u16 = 1 << 11;
const DATE: u16 = 1 << 12;

impl Local {
    /// What the time of a fact says.
    pub fn of(valid: &Valid) -> Local {
        Local {
            offset_minutes: valid.offset_minutes.unwrap_or(valid.zone_minutes),
            is_own: valid.offset_minutes.is_some(),
            is_date: valid.precision == Precision::Date,
        }
    }

    /// In 16 bits.
    pub fn pack(self) -> u16 {
        let minutes = self.offset_minutes.clamp(-MINUTES_MAX, MINUTES_MAX);
        let minutes = ZERO.saturating_add_signed(minutes);
        minutes | if self.is_own { OWN } else { 0 } | if self.is_date { DATE } else { 0 }
    }

    /// Reads what `pack` wrote.
    pub fn unpack(bits: u16) -> Local {
        Local {
            offset_minutes: (bits & MINUTES).cast_signed() - ZERO.cast_signed(),
            is_own: bits & OWN != 0,
            is_date: bits & DATE != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_comes_back() {
        for offset_minutes in -MINUTES_MAX..=MINUTES_MAX {
            for (is_own, is_date) in [(false, false), (true, false), (false, true), (true, true)] {
                let local = Local { offset_minutes, is_own, is_date };
                assert_eq!(Local::unpack(local.pack()), local);
            }
        }
    }
}
