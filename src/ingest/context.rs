//! What reading one record needs besides its text, and how its times are read.

use crate::domain::event::{Status, Version};
use crate::domain::fact::{Precision, Valid};
use crate::domain::moment::{Moment, MomentError};
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};
use crate::domain::zone::Zone;
use crate::ingest::fhir::types::{MetaJson, PeriodJson};
use crate::ingest::references::References;
use crate::ingest::refused::Refused;
use crate::ingest::site::Site;
use crate::ingest::source::SourceSpec;

/// What reading a resource needs besides its text.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// The source.
    pub spec: &'c SourceSpec,
    /// What its codes mean.
    pub site: &'c Site,
    /// The source's timestamp of the record.
    pub received_at: Timestamp,
    /// The time it is: nothing a patient had can lie more than five minutes ahead of it.
    pub now: Timestamp,
    /// The patient that the record's key, header or pointer names, instead of the resource.
    pub patient: Option<&'c str>,
    /// The references inside the Bundle.
    pub references: &'c References<'c>,
    /// The id to use for a resource that has none.
    pub fallback_id: &'c str,
}

/// Clocks differ; five minutes are forgiven (SPEC SR-08).
pub const AHEAD_MAX: Span = Span::from_minutes(5);
/// 1900-01-01: nobody alive was observed before.
const EARLIEST: Timestamp = Timestamp::from_micros(-2_208_988_800_000_000);

impl Context<'_> {
    /// The version of a resource: its time of revision, its id, its status.
    ///
    /// # Errors
    /// If a time cannot be read.
    pub fn version(
        &self,
        meta: Option<&MetaJson<'_>>,
        issued: Option<&str>,
        status: Status,
    ) -> Result<(Version, Option<Timestamp>), Refused> {
        let updated = meta.and_then(|meta| meta.last_updated.as_deref());
        let updated = updated.map(|text| self.past(text, "meta.lastUpdated")).transpose()?;
        let issued = issued.map(|text| self.past(text, "issued")).transpose()?;
        let version_id = meta.and_then(|meta| meta.version_id.as_deref());
        let version = Version {
            revised_at: updated.or(issued).unwrap_or(self.received_at),
            version_id: version_id.and_then(version_number),
            status,
        };
        Ok((version, issued.or(updated)))
    }

    /// When a value was true: an instant, or a day as an interval.
    ///
    /// # Errors
    /// `BadTime` or `FutureTime`. A month or a year says too little of a measured value.
    pub fn measured_at(&self, text: &str, field: &str) -> Result<Valid, Refused> {
        match moment(text, field)? {
            Moment::Instant { at, offset_minutes } => {
                self.check_past(at, field)?;
                Ok(self.zoned(Valid::instant(at, offset_minutes)))
            }
            day @ Moment::Day(_) => {
                let (start, end) = self.interval(day, field)?;
                self.check_past(start, field)?;
                Ok(self.zoned(Valid { precision: Precision::Date, ..Valid::between(start, end) }))
            }
            Moment::Month(_) | Moment::Year(_) => {
                Err(Refused::new(Refusal::BadTime, format!("{field}: expected at least a day")))
            }
        }
    }

    /// The period for which a value was measured.
    ///
    /// # Errors
    /// `BadTime` or `FutureTime`.
    pub fn measured_period(&self, period: &PeriodJson<'_>, field: &str) -> Result<Valid, Refused> {
        match (period.start.as_deref(), period.end.as_deref()) {
            (Some(start), Some(end)) => {
                let (start, end) = (self.measured_at(start, field)?, self.measured_at(end, field)?);
                if end.end < start.start {
                    return Err(Refused::new(
                        Refusal::BadTime,
                        format!("{field}: it ends before it begins"),
                    ));
                }
                Ok(self.zoned(Valid { start: start.start, ..end }))
            }
            (Some(one), None) | (None, Some(one)) => self.measured_at(one, field),
            (None, None) => Err(Refused::new(Refusal::BadTime, format!("{field} is empty"))),
        }
    }

    /// Notes what the source's zone says of the local time, where the text says nothing.
    pub fn zoned(&self, valid: Valid) -> Valid {
        let zone_minutes = match valid.offset_minutes {
            Some(_) => 0,
            None => self.spec.zone.offset_minutes(valid.last_instant()),
        };
        Valid { zone_minutes, ..valid }
    }

    /// When something began, however precisely the source says so: the first instant it names.
    ///
    /// # Errors
    /// `BadTime` or `FutureTime`.
    pub fn past(&self, text: &str, field: &str) -> Result<Timestamp, Refused> {
        let at = self.any(text, field)?;
        self.check_past(at, field)?;
        Ok(at)
    }

    /// When something begins that may be intended for later.
    ///
    /// # Errors
    /// `BadTime`.
    pub fn any(&self, text: &str, field: &str) -> Result<Timestamp, Refused> {
        let moment = moment(text, field)?;
        let at = match moment {
            Moment::Instant { at, .. } => at,
            Moment::Day(_) | Moment::Month(_) | Moment::Year(_) => self.interval(moment, field)?.0,
        };
        if at < EARLIEST {
            return Err(Refused::new(Refusal::BadTime, format!("{field}: before 1900")));
        }
        Ok(at)
    }

    /// When something ends: the instant, or the end of the day it names.
    ///
    /// # Errors
    /// `BadTime`.
    pub fn end(&self, text: &str, field: &str) -> Result<Timestamp, Refused> {
        match moment(text, field)? {
            Moment::Instant { at, .. } => Ok(at),
            day => Ok(self.interval(day, field)?.1),
        }
    }

    /// The period of a statement; without an end it goes on.
    ///
    /// # Errors
    /// `BadTime` or `FutureTime`.
    pub fn period(&self, period: &PeriodJson<'_>, field: &str) -> Result<Valid, Refused> {
        let start = period.start.as_deref().map(|text| self.any(text, field)).transpose()?;
        let end = period.end.as_deref().map(|text| self.end(text, field)).transpose()?;
        let (Some(start), end) = (start.or(end), end.unwrap_or(Timestamp::FOREVER)) else {
            return Err(Refused::new(Refusal::BadTime, format!("{field} is empty")));
        };
        if end < start {
            return Err(Refused::new(
                Refusal::BadTime,
                format!("{field}: it ends before it begins"),
            ));
        }
        Ok(Valid::between(start, end))
    }

    fn interval(&self, moment: Moment, field: &str) -> Result<(Timestamp, Timestamp), Refused> {
        let zone: Zone = self.spec.zone;
        let days = moment.days();
        let start = days.and_then(|(first, _)| zone.start_of(first));
        let end = days.and_then(|(_, after)| zone.start_of(after));
        let bounds = start.zip(end);
        bounds.ok_or_else(|| Refused::new(Refusal::BadTime, format!("{field}: no such day")))
    }

    /// Refuses what lies before 1900, and what lies more than five minutes ahead.
    ///
    /// # Errors
    /// `BadTime` or `FutureTime`.
    pub fn check_past(&self, at: Timestamp, field: &str) -> Result<(), Refused> {
        if at < EARLIEST {
            return Err(Refused::new(Refusal::BadTime, format!("{field}: before 1900")));
        }
        if self.now.plus(AHEAD_MAX) < at {
            let ahead = at.since(self.now).whole_seconds();
            let message = format!("{field}: {ahead} s ahead of its arrival");
            return Err(Refused::new(Refusal::FutureTime, message));
        }
        Ok(())
    }
}

/// The number of a version id that is an integer, bare or as an entity tag (`W/"3"`). Any other id, and a
/// number of more digits than any counter has, says nothing of order.
fn version_number(text: &str) -> Option<u64> {
    let tag = text.strip_prefix("W/").unwrap_or(text);
    let inside = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let is_number = !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit());
    let number = inside.parse().ok().filter(|_| is_number);
    number.filter(|number| *number < u64::MAX)
}

fn moment(text: &str, field: &str) -> Result<Moment, Refused> {
    Moment::parse(text).map_err(|error| {
        let message = match error {
            MomentError::NoOffset => format!("{field}: a time of day without an offset"),
            MomentError::Malformed => format!("{field}: expected YYYY-MM-DDThh:mm:ss±hh:mm"),
        };
        Refused::new(Refusal::BadTime, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_integers_have_an_order() {
        for (text, number) in [("10", 10), ("9", 9), ("007", 7), ("W/\"3\"", 3), ("\"4\"", 4)] {
            assert_eq!(version_number(text), Some(number), "{text}");
        }
        let opaque =
            ["", "a3f", "1.2", "+5", "-1", " 1", "W/3", "W/\"\"", "\"", "18446744073709551615"];
        for text in opaque.into_iter().chain(["123456789012345678901234567890"]) {
            assert_eq!(version_number(text), None, "{text}");
        }
    }
}
