//! The days of a place as intervals: a date is not its midnight in UTC.

use chrono::{LocalResult, NaiveDate, TimeZone};
use chrono_tz::Tz;

use crate::domain::date::Date;
use crate::domain::time::Timestamp;

/// A time zone by its IANA name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// UTC.
    pub const UTC: Zone = Zone(Tz::UTC);

    /// The zone of an IANA name: `Europe/London`.
    pub fn named(name: &str) -> Option<Zone> {
        name.parse().ok().map(Zone)
    }

    /// The first instant of a day in this zone. Where the clock jumps over midnight, the day begins
    /// when the clock goes on.
    pub fn start_of(self, day: Date) -> Option<Timestamp> {
        let (month, date) = (u32::from(day.month()), u32::from(day.day()));
        let midnight = NaiveDate::from_ymd_opt(day.year(), month, date)?.and_hms_opt(0, 0, 0)?;
        let quarter = chrono::TimeDelta::minutes(15);
        let mut local = midnight;
        for _ in 0..=QUARTERS_OF_A_JUMP_MAX {
            let start = match self.0.from_local_datetime(&local) {
                LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at),
                LocalResult::None => None,
            };
            if let Some(at) = start {
                return Some(Timestamp::from_micros(at.timestamp_micros()));
            }
            local += quarter;
        }
        None
    }
}

/// No zone ever jumped over more than a day (Samoa, 2011).
const QUARTERS_OF_A_JUMP_MAX: u32 = 24 * 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn start(zone: &str, year: i32, month: u8, day: u8) -> String {
        let day = Date::new(year, month, day).unwrap();
        Zone::named(zone).unwrap().start_of(day).unwrap().to_string()
    }

    #[test]
    fn days_begin_at_local_midnight() {
        assert_eq!(start("Europe/Berlin", 2026, 7, 1), "2026-06-30T22:00:00Z");
        assert_eq!(start("America/New_York", 2026, 1, 1), "2026-01-01T05:00:00Z");
        assert_eq!(start("UTC", 2026, 1, 1), "2026-01-01T00:00:00Z");
        // Midnight of this day did not exist in São Paulo.
        assert_eq!(start("America/Sao_Paulo", 2018, 11, 4), "2018-11-04T03:00:00Z");
        assert_eq!(Zone::named("Mars/Olympus"), None);
    }
}
