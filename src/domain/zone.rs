//! The days of a place: a date is an interval, not its midnight in UTC, and an instant is of one day here
//! and of another there.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::domain::date::Date;
use crate::domain::time::Timestamp;

/// When the clocks of a zone show a time of day of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Never: they were set forward over it.
    Never,
    /// Once.
    Once(Timestamp),
    /// Twice, because they were set back: nobody can tell which without the offset.
    Twice(Timestamp, Timestamp),
}

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

    /// The offset from UTC at an instant, in minutes. There is always one: only a time of day may be
    /// ambiguous, when the clock is set back (`shown`).
    pub fn offset_minutes(self, at: Timestamp) -> i16 {
        if self == Zone::UTC {
            return 0;
        }
        let utc = DateTime::from_timestamp_micros(at.micros()).unwrap_or_default().naive_utc();
        let seconds = self.0.offset_from_utc_datetime(&utc).fix().local_minus_utc();
        i16::try_from(seconds.div_euclid(60)).unwrap_or(0)
    }

    /// When the clocks of this zone show a time of a day, in microseconds after midnight. `None` for a day or
    /// a time that no calendar and no clock has.
    pub fn shown(self, day: Date, micros_of_day: i64) -> Option<Shown> {
        let (month, date) = (u32::from(day.month()), u32::from(day.day()));
        let (seconds, micros) = (micros_of_day.div_euclid(1_000_000), micros_of_day % 1_000_000);
        let (seconds, nanos) = (u32::try_from(seconds).ok()?, u32::try_from(micros * 1_000).ok()?);
        let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)?;
        let local = NaiveDate::from_ymd_opt(day.year(), month, date)?.and_time(time);
        let at = |at: DateTime<Tz>| Timestamp::from_micros(at.timestamp_micros());
        Some(match self.0.from_local_datetime(&local) {
            LocalResult::None => Shown::Never,
            LocalResult::Single(one) => Shown::Once(at(one)),
            LocalResult::Ambiguous(first, second) => Shown::Twice(at(first), at(second)),
        })
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

    #[test]
    fn a_time_of_day_is_shown_once_twice_or_never() {
        let shown = |zone: &str, (year, month, day), minutes: i64| {
            let day = Date::new(year, month, day).unwrap();
            Zone::named(zone).unwrap().shown(day, minutes * 60_000_000).unwrap()
        };
        let at = |text: &str| match crate::domain::moment::Moment::parse(text).unwrap() {
            crate::domain::moment::Moment::Instant { at, .. } => at,
            other => panic!("{other:?}"),
        };
        let once = Shown::Once(at("2026-07-01T08:00:00Z"));
        assert_eq!(shown("Europe/Berlin", (2026, 7, 1), 600), once);
        let twice = Shown::Twice(at("2026-11-01T06:30:00Z"), at("2026-11-01T07:30:00Z"));
        assert_eq!(shown("America/Chicago", (2026, 11, 1), 90), twice);
        assert_eq!(shown("America/Chicago", (2026, 3, 8), 150), Shown::Never);
        let day = Date::new(2026, 7, 1).unwrap();
        assert_eq!(Zone::UTC.shown(day, 86_400_000_000), None);
        assert_eq!(Zone::UTC.shown(day, -1), None);
    }

    #[test]
    fn offsets_follow_the_clock_of_the_place() {
        let offset = |zone: &str, year, month, day| {
            let at = Timestamp::from_date(Date::new(year, month, day).unwrap());
            Zone::named(zone).unwrap().offset_minutes(at)
        };
        assert_eq!(offset("Europe/Berlin", 2026, 7, 1), 120);
        assert_eq!(offset("Europe/Berlin", 2026, 1, 1), 60);
        assert_eq!(offset("Asia/Kathmandu", 2026, 1, 1), 345);
        assert_eq!(offset("America/St_Johns", 2026, 1, 1), -210);
        assert_eq!(Zone::UTC.offset_minutes(Timestamp::FOREVER), 0);
        assert_eq!(Zone::named("Europe/Berlin").unwrap().offset_minutes(Timestamp::MIN), 60);
    }
}
