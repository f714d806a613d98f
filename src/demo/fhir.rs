//! The parts that FHIR resources share: references, times, quantities, periods, metadata.

use crate::demo::json::{Json, object};
use crate::domain::time::{Span, Timestamp};

/// How a sender writes an instant. All three are legal, and all three are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeStyle {
    /// `2026-11-08T08:10:00Z`
    Utc,
    /// `2026-11-08T03:10:00-05:00`, the hospital's winter time all year round.
    Local,
    /// `2026-11-08T08:10:00.000Z`
    Milliseconds,
}

/// The hospital's offset from UTC in hours.
const OFFSET_HOURS: i64 = -5;

impl TimeStyle {
    /// The text of `at`.
    pub fn written(self, at: Timestamp) -> String {
        match self {
            TimeStyle::Utc => at.to_string(),
            TimeStyle::Local => {
                let local = at.plus(Span::from_hours(OFFSET_HOURS)).to_string();
                format!("{}-05:00", local.trim_end_matches('Z'))
            }
            TimeStyle::Milliseconds => format!("{}.000Z", at.to_string().trim_end_matches('Z')),
        }
    }
}

/// The start of the hospital's day that holds `at`, and the hour of that day.
pub fn local_day(at: Timestamp) -> (Timestamp, i64) {
    let local = at.plus(Span::from_hours(OFFSET_HOURS));
    let midnight = Timestamp::from_date(local.date());
    let hour = local.since(midnight).whole_seconds() / 3_600;
    (midnight.minus(Span::from_hours(OFFSET_HOURS)), hour)
}

/// The first time of day `hour`:`minute` in the hospital that is after `at`.
pub fn next_local(at: Timestamp, hour: i64, minute: i64) -> Timestamp {
    let (midnight, _) = local_day(at);
    let today = midnight.plus(Span::from_minutes(hour * 60 + minute));
    if at < today { today } else { today.plus(Span::from_days(1)) }
}

/// `at` as an id can hold it: `20261108T031000Z`.
pub fn compact(at: Timestamp) -> String {
    at.to_string().replace(['-', ':'], "")
}

/// A Reference to a resource.
pub fn reference(kind: &str, id: &str) -> Json {
    object! { "reference": format!("{kind}/{id}") }
}

/// A Reference with the text that a person reads.
pub fn named_reference(kind: &str, id: &str, display: &str) -> Json {
    object! { "reference": format!("{kind}/{id}"), "display": display }
}

/// A Period; without an end it goes on.
pub fn period(start: Timestamp, end: Option<Timestamp>) -> Json {
    object! { "start": start.to_string(), "end": end.map(|end| Json::from(end.to_string())) }
}

/// A Quantity in a unit of UCUM.
pub fn quantity(value: i64, decimals: u8, unit: &str, ucum: &str) -> Json {
    object! {
        "value": Json::Number(value, decimals),
        "unit": unit,
        "system": "http://unitsofmeasure.org",
        "code": ucum,
    }
}

/// `meta` of the version `version`, marked as test data as HL7 provides.
pub fn meta(version: i64, last_updated: Timestamp) -> Json {
    let test_data = object! {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
        "code": "HTEST",
        "display": "test health data",
    };
    object! {
        "versionId": version.to_string(),
        "lastUpdated": TimeStyle::Milliseconds.written(last_updated),
        "security": [test_data],
    }
}

/// A CodeableConcept of one of HL7's own code systems.
pub fn hl7_concept(system: &str, code: &str) -> Json {
    let system = format!("http://terminology.hl7.org/CodeSystem/{system}");
    object! { "coding": [object! { "system": system, "code": code }] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::date::Date;

    #[test]
    fn one_instant_is_written_in_three_ways() {
        let day = Timestamp::from_date(Date::new(2026, 11, 8).unwrap());
        let at = day.plus(Span::from_minutes(190));
        assert_eq!(TimeStyle::Utc.written(at), "2026-11-08T03:10:00Z");
        assert_eq!(TimeStyle::Local.written(at), "2026-11-07T22:10:00-05:00");
        assert_eq!(TimeStyle::Milliseconds.written(at), "2026-11-08T03:10:00.000Z");
        assert_eq!(compact(at), "20261108T031000Z");
        assert_eq!(local_day(at).1, 22);
        assert_eq!(next_local(at, 6, 30), day.plus(Span::from_minutes(11 * 60 + 30)));
        assert_eq!(next_local(at, 22, 10), at.plus(Span::from_days(1)));
    }
}
