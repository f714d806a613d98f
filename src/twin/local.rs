//! The local time of a sample: the offset of its place, and who says so.
//!
//! ```text
//! bits  13 between   12 date   11 sample's own   10..0 minutes east of UTC + 1,024
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
    /// How precise the source was.
    pub precision: Precision,
}

/// More than any zone ever had.
const MINUTES_MAX: i16 = 1_023;
const ZERO: u16 = 1_024;
const MINUTES: u16 = 2 * ZERO - 1;
const OWN: u16 = 1 << 11;
const DATE: u16 = 1 << 12;
const BETWEEN: u16 = 1 << 13;

impl Local {
    /// What the time of a fact says.
    pub fn of(valid: &Valid) -> Local {
        Local {
            offset_minutes: valid.offset_minutes.unwrap_or(valid.zone_minutes),
            is_own: valid.offset_minutes.is_some(),
            precision: valid.precision,
        }
    }

    /// In 16 bits.
    pub fn pack(self) -> u16 {
        let minutes = self.offset_minutes.clamp(-MINUTES_MAX, MINUTES_MAX);
        let minutes = ZERO.saturating_add_signed(minutes);
        let precision = match self.precision {
            Precision::Instant => 0,
            Precision::Date => DATE,
            Precision::Between => BETWEEN,
        };
        minutes | precision | if self.is_own { OWN } else { 0 }
    }

    /// Reads what `pack` wrote.
    pub fn unpack(bits: u16) -> Local {
        let precision = match (bits & DATE, bits & BETWEEN) {
            (0, 0) => Precision::Instant,
            (0, _) => Precision::Between,
            _ => Precision::Date,
        };
        Local {
            offset_minutes: (bits & MINUTES).cast_signed() - ZERO.cast_signed(),
            is_own: bits & OWN != 0,
            precision,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_comes_back() {
        for offset_minutes in -MINUTES_MAX..=MINUTES_MAX {
            for precision in [Precision::Instant, Precision::Date, Precision::Between] {
                for is_own in [false, true] {
                    let local = Local { offset_minutes, is_own, precision };
                    assert_eq!(Local::unpack(local.pack()), local);
                }
            }
        }
    }
}
