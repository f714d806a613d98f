//! Times (TS, DTM): `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ]`, as precise as they are written.
//!
//! Without an offset a time is of the source's zone. There, where clocks are set back, an hour comes twice: such
//! a time is kept as lying between the two, unless the second had not come when the message arrived. A time
//! that clocks jumped over is refused.

use crate::domain::date::Date;
use crate::domain::fact::{Precision, Valid};
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};
use crate::domain::zone::Shown;
use crate::ingest::context::{AHEAD_MAX, Context};
use crate::ingest::hl7::fault::Fault;
use crate::ingest::hl7::message::Part;
use crate::ingest::refused::Refused;

/// A time as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    day: Date,
    written: Written,
    micros_of_day: i64,
    offset_minutes: Option<i16>,
}

/// How much of it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Year,
    Month,
    Day,
    Hour,
    Minute,
}

/// When a value was true.
///
/// # Errors
/// `BadTime` or `FutureTime`; a month says too little of a measured value.
pub fn measured(part: Part<'_>, pointer: &str, context: &Context<'_>) -> Result<Valid, Fault> {
    let stamp = stamp(part, pointer)?;
    match stamp.written {
        Written::Year | Written::Month => Err(bad(pointer, "expected at least a day")),
        Written::Day => {
            let day = stamp.day.to_string();
            context.measured_at(&day, "day").map_err(Fault::at(pointer))
        }
        Written::Hour | Written::Minute => {
            let (first, last) = stamp.possible(context).map_err(Fault::at(pointer))?;
            context.check_past(first, "time").map_err(Fault::at(pointer))?;
            if first == last {
                return Ok(context.zoned(Valid::instant(first, stamp.offset_minutes)));
            }
            let between = Valid::between(first, last.plus(Span::from_micros(1)));
            let offset_minutes = stamp.offset_minutes;
            Ok(context.zoned(Valid { precision: Precision::Between, offset_minutes, ..between }))
        }
    }
}

/// When something began: the first instant that is possible.
///
/// # Errors
/// `BadTime`
pub fn begins(part: Part<'_>, pointer: &str, context: &Context<'_>) -> Result<Timestamp, Fault> {
    Ok(bounds(part, pointer, context)?.0)
}

/// When something ended: the last instant that is possible.
///
/// # Errors
/// `BadTime`
pub fn ends(part: Part<'_>, pointer: &str, context: &Context<'_>) -> Result<Timestamp, Fault> {
    Ok(bounds(part, pointer, context)?.1)
}

fn bounds(
    part: Part<'_>,
    pointer: &str,
    context: &Context<'_>,
) -> Result<(Timestamp, Timestamp), Fault> {
    let stamp = stamp(part, pointer)?;
    match stamp.written {
        Written::Year | Written::Month => Err(bad(pointer, "expected at least a day")),
        Written::Day => {
            let day = stamp.day.to_string();
            let at = |read: Result<Timestamp, Refused>| read.map_err(Fault::at(pointer));
            Ok((at(context.any(&day, "day"))?, at(context.end(&day, "day"))?))
        }
        Written::Hour | Written::Minute => stamp.possible(context).map_err(Fault::at(pointer)),
    }
}

/// When a message or an event was written down: an instant, which orders versions. `None` where nothing or only
/// a day stands there. Of an hour that came twice it is the second, where that had come.
///
/// # Errors
/// `BadTime` or `FutureTime`
pub fn written(
    part: Part<'_>,
    pointer: &str,
    context: &Context<'_>,
) -> Result<Option<Timestamp>, Fault> {
    if part.text().is_empty() {
        return Ok(None);
    }
    let stamp = stamp(part, pointer)?;
    if stamp.written != Written::Minute {
        return Ok(None);
    }
    let (_, last) = stamp.possible(context).map_err(Fault::at(pointer))?;
    context.check_past(last, "time").map_err(Fault::at(pointer))?;
    Ok(Some(last))
}

/// A date as FHIR writes it, as precise as it came; the time of a birth is not kept.
///
/// # Errors
/// `BadTime`
pub fn date(part: Part<'_>, pointer: &str) -> Result<String, Fault> {
    let stamp = stamp(part, pointer)?;
    let day = stamp.day.to_string();
    let n_bytes = match stamp.written {
        Written::Year => 4,
        Written::Month => 7,
        Written::Day | Written::Hour | Written::Minute => 10,
    };
    Ok(day.get(..n_bytes).unwrap_or(&day).to_owned())
}

/// A time as FHIR writes it, as precise as it came.
///
/// # Errors
/// `BadTime`
pub fn date_time(part: Part<'_>, pointer: &str, context: &Context<'_>) -> Result<String, Fault> {
    let stamp = stamp(part, pointer)?;
    match stamp.written {
        Written::Year | Written::Month | Written::Day => date(part, pointer),
        Written::Hour | Written::Minute => {
            let (first, _) = stamp.possible(context).map_err(Fault::at(pointer))?;
            Ok(first.to_string())
        }
    }
}

fn stamp(part: Part<'_>, pointer: &str) -> Result<Stamp, Fault> {
    // The second component of old messages is its precision, in letters.
    let text = part.component(1).text();
    if text.is_empty() {
        return Err(bad(pointer, "the time is missing"));
    }
    Stamp::read(&text).ok_or_else(|| bad(pointer, "expected YYYYMMDD[HHMM[SS[.S]]][±HHMM]"))
}

fn bad(pointer: &str, message: &str) -> Fault {
    Fault::new(Refusal::BadTime, pointer, message)
}

impl Stamp {
    fn read(text: &str) -> Option<Stamp> {
        let (local, offset_minutes) = match text.find(['+', '-']) {
            Some(at) => {
                let (local, offset) = text.split_at_checked(at)?;
                (local, Some(offset_of(offset)?))
            }
            None => (text, None),
        };
        let (local, fraction) = match local.split_once('.') {
            Some((local, fraction)) if local.len() == 14 => (local, micros_of(fraction)?),
            Some(_) => return None,
            None => (local, 0),
        };
        if !local.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let two = |from: usize| local.get(from..from + 2)?.parse::<i64>().ok();
        let part = |from: usize, least: i64| two(from).unwrap_or(least);
        let written = match local.len() {
            4 => Written::Year,
            6 => Written::Month,
            8 => Written::Day,
            10 => Written::Hour,
            12 | 14 => Written::Minute,
            _ => return None,
        };
        let year: i32 = local.get(..4)?.parse().ok()?;
        let (month, day) = (u8::try_from(part(4, 1)).ok()?, u8::try_from(part(6, 1)).ok()?);
        let day = Date::new(year, month, day).filter(|_| 1 <= year)?;
        let (hour, minute, second) = (part(8, 0), part(10, 0), part(12, 0));
        if 23 < hour || 59 < minute || 59 < second {
            return None;
        }
        let seconds = hour * 3_600 + minute * 60 + second;
        let micros_of_day = seconds * 1_000_000 + fraction;
        Some(Stamp { day, written, micros_of_day, offset_minutes })
    }

    /// The first and the last instant that it may be; one, where it names an offset and the minute.
    fn possible(self, context: &Context<'_>) -> Result<(Timestamp, Timestamp), Refused> {
        let length = match self.written {
            Written::Hour => Span::from_micros(3_600_000_000 - 1),
            Written::Year | Written::Month | Written::Day | Written::Minute => Span::ZERO,
        };
        if let Some(minutes) = self.offset_minutes {
            let east = Span::from_minutes(i64::from(minutes));
            let local = Timestamp::from_date(self.day).plus(Span::from_micros(self.micros_of_day));
            return Ok((local.minus(east), local.minus(east).plus(length)));
        }
        match context.spec.zone.shown(self.day, self.micros_of_day) {
            Some(Shown::Once(at)) => Ok((at, at.plus(length))),
            Some(Shown::Twice(first, second)) => {
                let received_at = context.received_at;
                // Nothing is told before it happened, so this was the first.
                let is_ahead =
                    received_at != Timestamp::MIN && received_at.plus(AHEAD_MAX) < second;
                let last = if is_ahead { first } else { second };
                Ok((first, last.plus(length)))
            }
            Some(Shown::Never) => {
                let message = "the clocks of the source's zone jumped over this time";
                Err(Refused::new(Refusal::BadTime, message))
            }
            None => Err(Refused::new(Refusal::BadTime, "no such day")),
        }
    }
}

/// `-0600`, in minutes. No zone is further east than +14:00.
fn offset_of(text: &str) -> Option<i16> {
    let (sign, digits) = text.split_at_checked(1)?;
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes): (i16, i16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    if 59 < minutes || 14 * 60 < total {
        return None;
    }
    Some(if sign == "-" { -total } else { total })
}

/// A fraction of a second; further digits than six are cut off.
fn micros_of(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<6}").get(..6)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_as_precise_as_it_is_written() {
        let read = |text: &str| Stamp::read(text).map(|stamp| (stamp.written, stamp.micros_of_day));
        assert_eq!(read("1952"), Some((Written::Year, 0)));
        assert_eq!(read("195203"), Some((Written::Month, 0)));
        assert_eq!(read("19520309"), Some((Written::Day, 0)));
        assert_eq!(read("1952030914"), Some((Written::Hour, 50_400_000_000)));
        assert_eq!(read("195203091405"), Some((Written::Minute, 50_700_000_000)));
        assert_eq!(read("19520309140506.25"), Some((Written::Minute, 50_706_250_000)));
        let offset = |text: &str| Stamp::read(text).and_then(|stamp| stamp.offset_minutes);
        assert_eq!(offset("202601011200-0600"), Some(-360));
        assert_eq!(offset("202601011200.5+0530"), None);
        assert_eq!(offset("20260101120000.5+0530"), Some(330));
        for text in [
            "",
            "26",
            "20261301",
            "20260230",
            "202601012400",
            "202601011260",
            "2026-01-01",
            "20260101T1200",
            "202601011200+1",
            "202601011200+1500",
            "20260101120000.",
            "0000",
            "２０２６",
            "202601011200Z",
        ] {
            assert_eq!(Stamp::read(text), None, "{text}");
        }
    }
}
