//! What watches and home devices upload: Open mHealth data points and IEEE 1752.1 data series.
//!
//! ```text
//! Chronofit and the home kits   header of Open mHealth 1.2: id, user_id, acquisition_provenance
//! Pulseband                     header of IEEE 1752.1: uuid, no user; the record's key is the patient
//! ```
//! A data point has one body; a data series has one header and a list of bodies.

use crate::demo::chance::Chance;
use crate::demo::fhir::TimeStyle;
use crate::demo::json::{Json, Layout, object};
use crate::domain::time::{Span, Timestamp};

/// The schema of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    name: &'static str,
    version: &'static str,
}

/// `omh:heart-rate:2.0`
pub const HEART_RATE: Schema = Schema { name: "heart-rate", version: "2.0" };
/// `omh:respiratory-rate:2.0`
pub const RESPIRATORY_RATE: Schema = Schema { name: "respiratory-rate", version: "2.0" };
/// `omh:oxygen-saturation:2.0`
pub const OXYGEN_SATURATION: Schema = Schema { name: "oxygen-saturation", version: "2.0" };
/// `omh:blood-pressure:4.0`
pub const BLOOD_PRESSURE: Schema = Schema { name: "blood-pressure", version: "4.0" };
/// `omh:blood-glucose:4.0`
pub const BLOOD_GLUCOSE: Schema = Schema { name: "blood-glucose", version: "4.0" };
/// `omh:body-weight:3.0`
pub const BODY_WEIGHT: Schema = Schema { name: "body-weight", version: "3.0" };
/// `omh:step-count:3.0`
pub const STEP_COUNT: Schema = Schema { name: "step-count", version: "3.0" };
/// `omh:sleep-episode:1.1`
pub const SLEEP_EPISODE: Schema = Schema { name: "sleep-episode", version: "1.1" };

impl Schema {
    fn id(self) -> Json {
        object! { "namespace": "omh", "name": self.name, "version": self.version }
    }
}

/// An Open mHealth data point whose header names the user.
pub fn data_point(
    schema: Schema,
    (user, source): (&str, &str),
    created: Timestamp,
    body: Json,
    chance: &mut Chance,
) -> String {
    let created = TimeStyle::Local.written(created);
    let provenance = object! {
        "source_name": source,
        "source_creation_date_time": created.as_str(),
        "modality": "sensed",
    };
    let header = object! {
        "id": chance.uuid(),
        "creation_date_time": created.as_str(),
        "schema_id": schema.id(),
        "acquisition_provenance": provenance,
        "user_id": user,
    };
    object! { "header": header, "body": body }.written(Layout::Compact)
}

/// An IEEE 1752.1 data series: one header, many bodies, no user.
pub fn data_series(
    schema: Schema,
    source: &str,
    created: Timestamp,
    bodies: Vec<Json>,
    chance: &mut Chance,
) -> String {
    let datasheet = object! {
        "datasheet_type": "manufacturer",
        "datasheet_reference": source,
    };
    let header = object! {
        "uuid": chance.uuid(),
        "schema_id": schema.id(),
        "source_creation_date_time": TimeStyle::Utc.written(created),
        "modality": "sensed",
        "external_datasheets": [datasheet],
    };
    object! { "header": header, "body": bodies }.written(Layout::Compact)
}

/// A value in a unit.
pub fn unit_value(value: i64, decimals: u8, unit: &str) -> Json {
    object! { "value": Json::Number(value, decimals), "unit": unit }
}

/// The time frame of an instant.
pub fn instant(at: Timestamp) -> Json {
    object! { "date_time": TimeStyle::Local.written(at) }
}

/// The time frame of an interval.
pub fn interval(first: Timestamp, last: Timestamp) -> Json {
    object! {
        "time_interval": object! {
            "start_date_time": TimeStyle::Local.written(first),
            "end_date_time": TimeStyle::Local.written(last),
        },
    }
}

/// A heart rate.
pub fn heart_rate(per_minute: i64, at: Timestamp) -> Json {
    object! {
        "heart_rate": unit_value(per_minute, 0, "beats/min"),
        "effective_time_frame": instant(at),
    }
}

/// Steps of an interval.
pub fn step_count(steps: i64, first: Timestamp, last: Timestamp) -> Json {
    object! {
        "step_count": unit_value(steps, 0, "steps"),
        "effective_time_frame": interval(first, last),
    }
}

/// A night: the minutes asleep between falling asleep and waking.
pub fn sleep_episode(minutes_asleep: i64, first: Timestamp, last: Timestamp) -> Json {
    let minutes = last.since(first).whole_seconds() / 60;
    let efficiency_tenths = minutes_asleep * 1_000 / minutes.max(1);
    object! {
        "effective_time_frame": interval(first, last),
        "total_sleep_time": unit_value(minutes_asleep, 0, "min"),
        "wake_after_sleep_onset": unit_value(minutes - minutes_asleep, 0, "min"),
        "is_main_sleep": true,
        "sleep_maintenance_efficiency_percentage": unit_value(efficiency_tenths, 1, "%"),
    }
}

/// The heart rate at an hour of the day, of somebody whose pulse at rest is `resting`.
pub fn pulse_at(hour: i64, resting: i64, chance: &mut Chance) -> i64 {
    let awake = match hour {
        0..6 => chance.between(-10, -3),
        6..9 | 18..22 => chance.between(0, 14),
        9..18 => chance.between(2, 26),
        _ => chance.between(-6, 4),
    };
    resting + awake + chance.between(-3, 3)
}

/// Steps of one hour of the day.
pub fn steps_at(hour: i64, chance: &mut Chance) -> i64 {
    match hour {
        0..6 => 0,
        6..9 | 18..21 => chance.between(150, 900),
        9..18 => chance.between(80, 700),
        _ => chance.between(0, 120),
    }
}

/// The bodies of a day's steps, hour by hour from midnight on.
pub fn daily_steps(midnight: Timestamp, chance: &mut Chance) -> Vec<Json> {
    let hour = |hour: i64| {
        let first = midnight.plus(Span::from_hours(hour));
        step_count(steps_at(hour, chance), first, first.plus(Span::from_hours(1)))
    };
    (0..24).map(hour).collect()
}
