//! A watch that was out of reach all day uploads everything at once: a heart rate each minute of
//! yesterday and of this morning, the steps hour by hour, and the night. All of it is old when it
//! comes, so that none of it may page anybody.

use crate::demo::cast::LATE_UPLOAD;
use crate::demo::chance::Chance;
use crate::demo::desk::{Desk, DeviceClass};
use crate::demo::fhir::local_day;
use crate::demo::home::PULSEBAND;
use crate::demo::stories::scene::Scene;
use crate::demo::wearable;
use crate::domain::time::{Span, Timestamp};

/// How many heart rates the series holds, a minute apart.
pub const N_HEART_RATES: i64 = 1_500;

/// The scenes.
pub fn scenes(seed: u64, start: Timestamp) -> Vec<Scene> {
    vec![Scene::at_minute(start, 15, move |desk| upload(desk, seed))]
}

fn upload(desk: &mut Desk, seed: u64) {
    let mut chance = Chance::labelled(seed, "late upload");
    let chance = &mut chance;
    let (today, _) = local_day(desk.now);
    let first = desk.now.minus(Span::from_minutes(N_HEART_RATES + 60));
    let mut heart_rates = Vec::new();
    for minute in 0..N_HEART_RATES {
        let at = first.plus(Span::from_minutes(minute));
        let (_, hour) = local_day(at);
        heart_rates.push(wearable::heart_rate(wearable::pulse_at(hour, 66, chance), at));
    }
    let yesterday = today.minus(Span::from_days(1));
    let steps = wearable::daily_steps(yesterday, chance);
    // The last night that has ended for certain, whatever the hour is.
    let asleep = yesterday.minus(Span::from_minutes(50));
    let night = wearable::sleep_episode(401, asleep, yesterday.plus(Span::from_minutes(385)));
    for (schema, bodies) in [
        (wearable::HEART_RATE, heart_rates),
        (wearable::STEP_COUNT, steps),
        (wearable::SLEEP_EPISODE, vec![night]),
    ] {
        let series = wearable::data_series(schema, PULSEBAND, desk.now, bodies, chance);
        desk.upload(desk.now, LATE_UPLOAD, DeviceClass::Consumer, series);
    }
}
