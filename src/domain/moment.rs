//! A time as a source wrote it: an instant with its offset, or only a day, a month or a year.
//!
//! The grammar is FHIR's `dateTime` and `instant` (R4, ISO 8601 with a mandatory offset once a time
//! is given). A time without an offset is refused: guessing a zone moves a result by hours.

use crate::domain::date::Date;
use crate::domain::time::{Span, Timestamp};

/// A parsed time, as precise as its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A point in time.
    Instant {
        /// When, in UTC.
        at: Timestamp,
        /// The offset the source wrote, in minutes; `None` for `Z`, which names no local time.
        offset_minutes: Option<i16>,
    },
    /// A day, in the zone of whoever wrote it.
    Day(Date),
    /// A month of a year.
    Month(Date),
    /// A year.
    Year(Date),
}

/// Why a text is not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentError {
    /// Not of the form `YYYY[-MM[-DD[Thh:mm:ss[.f](Z|±hh:mm)]]]`, or a day the calendar lacks.
    Malformed,
    /// A time of day without an offset.
    NoOffset,
}

/// The largest offset in use is +14:00 (Line Islands).
const OFFSET_MINUTES_MAX: i64 = 14 * 60;

impl Moment {
    /// Reads a FHIR `date`, `dateTime` or `instant`.
    ///
    /// # Errors
    /// `NoOffset` when a time of day stands without an offset, `Malformed` for everything else.
    pub fn parse(text: &str) -> Result<Moment, MomentError> {
        Moment::read(text, None)
    }

    /// Reads the same grammar, and takes a time of day without an offset as UTC, for formats whose
    /// specification says so (Open mHealth).
    ///
    /// # Errors
    /// `Malformed` when the text is no time.
    pub fn parse_utc_by_default(text: &str) -> Result<Moment, MomentError> {
        Moment::read(text, Some(0))
    }

    fn read(text: &str, default_offset: Option<i64>) -> Result<Moment, MomentError> {
        let bytes = text.as_bytes();
        let year = digits(bytes, 0, 4).ok_or(MomentError::Malformed)?;
        if bytes.len() == 4 {
            return date(year, 1, 1).map(Moment::Year);
        }
        let month = field(bytes, 4, b'-')?;
        if bytes.len() == 7 {
            return date(year, month, 1).map(Moment::Month);
        }
        let day = date(year, month, field(bytes, 7, b'-')?)?;
        if bytes.len() == 10 {
            return Ok(Moment::Day(day));
        }
        let hour = field(bytes, 10, b'T')?;
        let minute = field(bytes, 13, b':')?;
        // FHIR demands the seconds; Open mHealth, HL7 v2 bridges and forms leave them out.
        let has_seconds = bytes.get(16) == Some(&b':');
        let second = if has_seconds { field(bytes, 16, b':')? } else { 0 };
        let (fraction, zone) = fraction_micros(bytes, if has_seconds { 19 } else { 16 })?;
        // A leap second is the first instant of the next minute.
        if 23 < hour || 59 < minute || 60 < second {
            return Err(MomentError::Malformed);
        }
        let offset = match (bytes.get(zone), default_offset) {
            (None, Some(offset)) => Some(offset),
            (None, None) => return Err(MomentError::NoOffset),
            (Some(b'Z'), _) if bytes.len() == zone + 1 => None,
            (Some(sign), _) => Some(offset_minutes(bytes, zone, *sign)?),
        };
        let seconds = hour * 3_600 + minute * 60 + second - offset.unwrap_or(0) * 60;
        let span = Span::from_micros(seconds * 1_000_000 + fraction);
        let at = Timestamp::from_date(day).plus(span);
        let offset_minutes = match default_offset {
            Some(_) if bytes.get(zone).is_none() => None,
            _ => offset.and_then(|minutes| i16::try_from(minutes).ok()),
        };
        Ok(Moment::Instant { at, offset_minutes })
    }

    /// The first day it names and the day after the last, `None` for an instant.
    pub fn days(self) -> Option<(Date, Date)> {
        match self {
            Moment::Instant { .. } => None,
            Moment::Day(day) => {
                Some((day, Date::from_days_since_epoch(day.days_since_epoch() + 1)))
            }
            Moment::Month(day) => Some((day, day.plus_months(1))),
            Moment::Year(day) => Some((day, day.plus_months(12))),
        }
    }
}

fn date(year: i64, month: i64, day: i64) -> Result<Date, MomentError> {
    let parts = (i32::try_from(year), u8::try_from(month), u8::try_from(day));
    match parts {
        (Ok(year), Ok(month), Ok(day)) if 1 <= year => Date::new(year, month, day),
        _ => None,
    }
    .ok_or(MomentError::Malformed)
}

/// Two digits after `separator`, which stands at `index`.
fn field(bytes: &[u8], index: usize, separator: u8) -> Result<i64, MomentError> {
    if bytes.get(index) != Some(&separator) {
        return Err(MomentError::Malformed);
    }
    digits(bytes, index + 1, 2).ok_or(MomentError::Malformed)
}

fn digits(bytes: &[u8], start: usize, count: usize) -> Option<i64> {
    let mut value = 0;
    for byte in bytes.get(start..start + count)? {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    Some(value)
}

/// The fraction of a second at `start` in microseconds (further digits are cut off), and where
/// the zone begins.
fn fraction_micros(bytes: &[u8], start: usize) -> Result<(i64, usize), MomentError> {
    if bytes.get(start) != Some(&b'.') {
        return Ok((0, start));
    }
    let tail = bytes.get(start + 1..).unwrap_or_default();
    let n_digits = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if n_digits == 0 {
        return Err(MomentError::Malformed);
    }
    let micros = (0..6).fold(0, |value, index| {
        let digit = tail.get(index).filter(|_| index < n_digits).map_or(0, |byte| byte - b'0');
        value * 10 + i64::from(digit)
    });
    Ok((micros, start + 1 + n_digits))
}

fn offset_minutes(bytes: &[u8], zone: usize, sign: u8) -> Result<i64, MomentError> {
    let hours = digits(bytes, zone + 1, 2).ok_or(MomentError::Malformed)?;
    let minutes = field(bytes, zone + 3, b':')?;
    let total = hours * 60 + minutes;
    if bytes.len() != zone + 6 || 59 < minutes || OFFSET_MINUTES_MAX < total {
        return Err(MomentError::Malformed);
    }
    match sign {
        b'+' => Ok(total),
        b'-' => Ok(-total),
        _ => Err(MomentError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> (i64, Option<i16>) {
        match Moment::parse(text).unwrap() {
            Moment::Instant { at, offset_minutes } => (at.micros(), offset_minutes),
            other => panic!("{other:?} is not an instant"),
        }
    }

    #[test]
    fn reads_instants_with_their_offset() {
        assert_eq!(instant("1970-01-01T00:00:00Z"), (0, None));
        assert_eq!(instant("1970-01-01T01:00:00+01:00"), (0, Some(60)));
        assert_eq!(instant("1969-12-31T16:00:00.25-08:00"), (250_000, Some(-480)));
        assert_eq!(instant("1970-01-01T00:00:00.1234567Z"), (123_456, None));
        assert_eq!(instant("1970-01-01T00:01Z"), (60_000_000, None));
    }

    #[test]
    fn keeps_the_precision_of_the_text() {
        let day = Date::new(2024, 2, 1).unwrap();
        assert_eq!(Moment::parse("2024-02"), Ok(Moment::Month(day)));
        assert_eq!(Moment::parse("2024-02-01"), Ok(Moment::Day(day)));
        let days = Moment::parse("2024").unwrap().days().unwrap();
        assert_eq!(
            (days.0.to_string(), days.1.to_string()),
            ("2024-01-01".into(), "2025-01-01".into())
        );
    }

    #[test]
    fn refuses_what_it_would_have_to_guess() {
        assert_eq!(Moment::parse("2026-03-08T02:30:00"), Err(MomentError::NoOffset));
        for text in [
            "",
            "24",
            "2024-13",
            "2023-02-29",
            "2024-1-1",
            "2024-01-01T25:00:00Z",
            "0000-01-01",
            "2024-01-01T10:00:00+15:00",
            "2024-01-01T10:00:00Zx",
            "2024-01-01T10:00:00.Z",
            "２０２４",
            "2024-01-01 10:00:00Z",
            "-024-01-01",
            "2024-01-01T10:00:00+0100",
        ] {
            assert_eq!(Moment::parse(text), Err(MomentError::Malformed), "{text}");
        }
    }
}
