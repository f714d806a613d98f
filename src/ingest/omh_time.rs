//! The time frames of Open mHealth and IEEE 1752.1.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::decimal::Decimal;
use crate::domain::fact::Valid;
use crate::domain::moment::Moment;
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};
use crate::ingest::context::Context;
use crate::ingest::json::Text;
use crate::ingest::refused::Refused;

/// `effective_time_frame`: a point in time, or an interval.
#[derive(Debug, Deserialize)]
pub struct TimeFrameJson<'a> {
    #[serde(borrow)]
    date_time: Option<Text<'a>>,
    #[serde(borrow)]
    time_interval: Option<IntervalJson<'a>>,
}

#[derive(Debug, Deserialize)]
struct IntervalJson<'a> {
    #[serde(borrow)]
    start_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    end_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    duration: Option<DurationJson<'a>>,
    #[serde(borrow)]
    date: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct DurationJson<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(borrow)]
    unit: Text<'a>,
}

impl TimeFrameJson<'_> {
    /// The time it names.
    ///
    /// # Errors
    /// `BadTime` or `FutureTime`.
    pub fn read(&self, context: &Context<'_>) -> Result<Valid, Refused> {
        if let Some(at) = &self.date_time {
            let (at, offset_minutes) = moment(at, "date_time")?;
            context.check_past(at, "date_time")?;
            return Ok(context.zoned(Valid::instant(at, offset_minutes)));
        }
        let interval = self.time_interval.as_ref();
        let interval = interval.ok_or_else(|| bad("expected date_time or time_interval"))?;
        if let Some(date) = &interval.date {
            // A day and a part of it: what is sure is the day.
            return context.measured_at(date, "time_interval.date");
        }
        let read = |text: &Option<Text<'_>>, field: &str| {
            text.as_ref().map(|text| moment(text, field)).transpose()
        };
        let start = read(&interval.start_date_time, "start_date_time")?;
        let end = read(&interval.end_date_time, "end_date_time")?;
        let duration = interval.duration.as_ref().map(span).transpose()?;
        let (start, end, offset_minutes) = match (start, end, duration) {
            (Some((start, _)), Some((end, offset)), _) => (start, end, offset),
            (Some((start, offset)), None, Some(span)) => (start, start.plus(span), offset),
            (None, Some((end, offset)), Some(span)) => (end.minus(span), end, offset),
            _ => return Err(bad("an interval needs two of start, end and duration")),
        };
        if end < start {
            return Err(bad("time_interval: it ends before it begins"));
        }
        context.check_past(end, "time_interval")?;
        context.check_past(start, "time_interval")?;
        Ok(context.zoned(Valid { offset_minutes, ..Valid::between(start, end) }))
    }
}

/// Reads an instant; without a zone it is UTC, as the schemas say.
///
/// # Errors
/// `BadTime` or `FutureTime`.
pub fn instant(text: &str, field: &str, context: &Context<'_>) -> Result<Timestamp, Refused> {
    let (at, _) = moment(text, field)?;
    context.check_past(at, field)?;
    Ok(at)
}

fn moment(text: &str, field: &str) -> Result<(Timestamp, Option<i16>), Refused> {
    match Moment::parse_utc_by_default(text) {
        Ok(Moment::Instant { at, offset_minutes }) => Ok((at, offset_minutes)),
        _ => Err(bad(&format!("{field}: expected a date and a time of day"))),
    }
}

fn bad(message: &str) -> Refused {
    Refused::new(Refusal::BadTime, message)
}

/// A duration in the units of the schema; months and years have no fixed length and are refused.
fn span(duration: &DurationJson<'_>) -> Result<Span, Refused> {
    let micros: i64 = match &*duration.unit {
        "us" => 1,
        "ms" => 1_000,
        "sec" | "s" => 1_000_000,
        "min" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        "wk" => 604_800_000_000,
        _ => return Err(bad("duration: expected us, ms, sec, min, h, d or wk")),
    };
    let value = Decimal::parse(duration.value.get()).map_err(|_| bad("duration: not a number"))?;
    let billionths = value.rounded(9).filter(|value| 0 <= *value);
    let billionths = billionths.ok_or_else(|| bad("duration: out of range"))?;
    let total = i128::from(billionths) * i128::from(micros) / 1_000_000_000;
    let total = i64::try_from(total).map_err(|_| bad("duration: out of range"))?;
    Ok(Span::from_micros(total))
}
