//! The day of a result where it was measured, and who says which day that is.
//!
//! ```text
//! the sample's own offset ─► else the patient's zone ─► else the source's zone
//! ```
//! A day that came as a day stays that day; what its zone says is when it began and ended.

use crate::domain::date::Date;
use crate::domain::fact::{Precision, Valid};
use crate::domain::time::{Span, Timestamp};
use crate::domain::zone::Zone;
use crate::twin::local::Local;
use crate::twin::samples::{RareParts, SampleRow};

/// The time of a result as it was written.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    start: Timestamp,
    last: Timestamp,
    local: Local,
}

/// The local day of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalDay {
    /// The day; of a period, its last.
    pub day: Date,
    /// The offset from UTC then, in minutes.
    pub offset_minutes: i16,
    /// Who says so: `sample`, `patient` or `source`; `ambiguous` where the source's clocks showed the time twice.
    pub tz_source: &'static str,
    /// From when to when a result that came as a day, or as a time that was twice, may have been measured;
    /// `None` for any other.
    pub interval: Option<(Timestamp, Timestamp)>,
}

impl Written {
    /// The time of a sample.
    pub fn of_sample(row: &SampleRow, rare: Option<&RareParts>) -> Written {
        let at = Timestamp::from_micros(row.at);
        let (start, end) = rare.map_or((None, None), |rare| (rare.start, rare.end));
        let valid = Valid::between(start.unwrap_or(at), end.unwrap_or(at));
        let local = Local::unpack(row.local);
        Written { start: valid.start, last: valid.last_instant(), local }
    }

    /// The time of a statement.
    pub fn of_valid(valid: &Valid) -> Written {
        Written { start: valid.start, last: valid.last_instant(), local: Local::of(valid) }
    }

    /// The local day, for a patient whose zone is known or not.
    pub fn local_day(&self, patient: Option<Zone>) -> LocalDay {
        let Written { start, last, local } = *self;
        let by_source = local_date(last, local.offset_minutes);
        if local.precision == Precision::Between {
            let (offset_minutes, interval) = (local.offset_minutes, Some((start, after(last))));
            return LocalDay { day: by_source, offset_minutes, tz_source: "ambiguous", interval };
        }
        if local.precision == Precision::Date {
            let interval = (start, after(last));
            let there = patient.and_then(|zone| days_in(zone, by_source, interval));
            let day = by_source;
            return match (patient, there) {
                (Some(zone), Some(interval)) => {
                    let offset_minutes = zone.offset_minutes(interval.0);
                    let interval = Some(interval);
                    LocalDay { day, offset_minutes, tz_source: "patient", interval }
                }
                _ => {
                    let offset_minutes = local.offset_minutes;
                    let interval = Some(interval);
                    LocalDay { day, offset_minutes, tz_source: "source", interval }
                }
            };
        }
        let (offset_minutes, tz_source) = match patient {
            _ if local.is_own => (local.offset_minutes, "sample"),
            Some(zone) => (zone.offset_minutes(last), "patient"),
            None => (local.offset_minutes, "source"),
        };
        LocalDay {
            day: local_date(last, offset_minutes),
            offset_minutes,
            tz_source,
            interval: None,
        }
    }
}

/// The first instant after one.
fn after(last: Timestamp) -> Timestamp {
    last.plus(Span::from_micros(1))
}

fn local_date(at: Timestamp, offset_minutes: i16) -> Date {
    at.plus(Span::from_minutes(i64::from(offset_minutes))).date()
}

/// The same days in another zone, of which `last` is the last. A day may have 23 or 25 hours.
fn days_in(
    zone: Zone,
    last: Date,
    (start, end): (Timestamp, Timestamp),
) -> Option<(Timestamp, Timestamp)> {
    let n_days = end.plus(Span::from_hours(12)).since(start).whole_days().max(1);
    let day = |after: i64| Date::from_days_since_epoch(last.days_since_epoch() + after);
    Some((zone.start_of(day(1 - n_days))?, zone.start_of(day(1))?))
}
