//! Instants and spans in microseconds, and nothing that asks the machine what time it is.
//!
//! ```text
//! valid     true of the patient        (FHIR effective[x], onset, period)
//! recorded  written down by the source (issued, meta.lastUpdated)
//! known     we came to know it         (the log's time)
//! ```
//! One type serves all three axes; the name of the field says which one it is.

use std::fmt;

use crate::domain::date::Date;

/// An instant, in microseconds since 1970-01-01T00:00:00Z. Ordered; years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A signed length of time in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(i64);

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

impl Timestamp {
    /// Before every instant a source can state.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// The end of what has no end yet: an active order, a stay that goes on.
    pub const FOREVER: Timestamp = Timestamp(i64::MAX);

    /// The instant `micros` microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Timestamp {
        Timestamp(micros)
    }

    /// Microseconds after the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Midnight UTC at the start of `date`.
    pub const fn from_date(date: Date) -> Timestamp {
        Timestamp(date.days_since_epoch() * MICROS_PER_DAY)
    }

    /// The UTC day that holds this instant.
    pub const fn date(self) -> Date {
        Date::from_days_since_epoch(self.0.div_euclid(MICROS_PER_DAY))
    }

    /// Microseconds since midnight UTC.
    pub const fn micros_of_day(self) -> i64 {
        self.0.rem_euclid(MICROS_PER_DAY)
    }

    /// This instant moved by whole calendar months, at the same time of day (UTC); the day is
    /// clipped to the month's last, so 31 January plus one month is 28 or 29 February.
    pub const fn plus_months(self, n_months: i32) -> Timestamp {
        let moved = Timestamp::from_date(self.date().plus_months(n_months));
        Timestamp(moved.0 + self.micros_of_day())
    }

    /// This instant moved forward by `span`, stopping at the ends of the axis.
    pub const fn plus(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }

    /// This instant moved back by `span`, stopping at the ends of the axis.
    pub const fn minus(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }

    /// The time from `earlier` to this instant; negative when `earlier` is later.
    pub const fn since(self, earlier: Timestamp) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of `micros` microseconds.
    pub const fn from_micros(micros: i64) -> Span {
        Span(micros)
    }

    /// A span of `seconds` seconds.
    pub const fn from_seconds(seconds: i64) -> Span {
        Span(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// A span of `minutes` minutes.
    pub const fn from_minutes(minutes: i64) -> Span {
        Span::from_seconds(minutes.saturating_mul(60))
    }

    /// A span of `hours` hours.
    pub const fn from_hours(hours: i64) -> Span {
        Span::from_seconds(hours.saturating_mul(3_600))
    }

    /// A span of `days` days of 24 hours.
    pub const fn from_days(days: i64) -> Span {
        Span::from_seconds(days.saturating_mul(86_400))
    }

    /// Microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded towards negative infinity.
    pub const fn whole_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Whole days of 24 hours, rounded towards negative infinity.
    pub const fn whole_days(self) -> i64 {
        self.0.div_euclid(MICROS_PER_DAY)
    }

    /// Hours, with their fraction.
    #[expect(clippy::as_conversions, reason = "a float is wanted, to the microsecond or not")]
    pub fn hours(self) -> f64 {
        self.0 as f64 / (3_600.0 * MICROS_PER_SECOND as f64)
    }
}

/// RFC 3339 in UTC, with as much of the second's fraction as there is: `2026-11-08T03:10:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Timestamp::FOREVER {
            return f.write_str("forever");
        }
        let micros = self.micros_of_day();
        let seconds = micros / MICROS_PER_SECOND;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}", self.date())?;
        match micros % MICROS_PER_SECOND {
            0 => f.write_str("Z"),
            fraction if fraction % 1_000 == 0 => write!(f, ".{:03}Z", fraction / 1_000),
            fraction => write!(f, ".{fraction:06}Z"),
        }
    }
}

/// The largest unit that says it in a whole number: `90 min`, `4 h`, `365 d`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
        for (name, seconds) in units {
            let unit = seconds * MICROS_PER_SECOND;
            if self.0 != 0 && self.0 % unit == 0 {
                return write!(f, "{} {name}", self.0 / unit);
            }
        }
        match self.0 {
            0 => f.write_str("0 s"),
            micros => write!(f, "{} us", micros),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        match crate::domain::moment::Moment::parse(text).unwrap() {
            crate::domain::moment::Moment::Instant { at, .. } => at,
            other => panic!("{other:?} is not an instant"),
        }
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["1938-04-09T07:44:08Z", "2024-02-29T23:59:59.123456Z", "0001-01-01T00:00:00Z"]
        {
            assert_eq!(at(text).to_string(), text);
        }
        assert_eq!(at("2026-11-08T03:10:00.500Z").to_string(), "2026-11-08T03:10:00.500Z");
        assert_eq!(at("2026-11-08T03:10:00+01:00").to_string(), "2026-11-08T02:10:00Z");
    }

    #[test]
    fn months_are_calendar_months() {
        assert_eq!(at("2024-01-31T08:00:00Z").plus_months(1), at("2024-02-29T08:00:00Z"));
        assert_eq!(at("2023-11-30T08:00:00Z").plus_months(3), at("2024-02-29T08:00:00Z"));
        assert_eq!(at("2024-01-15T08:00:00Z").plus_months(-2), at("2023-11-15T08:00:00Z"));
    }

    #[test]
    fn spans_are_said_in_their_largest_whole_unit() {
        let spans = [Span::from_minutes(90), Span::from_hours(4), Span::from_days(365)];
        assert_eq!(spans.map(|s| s.to_string()), ["90 min", "4 h", "365 d"]);
    }
}
