//! A well inpatient wears a watch that shows a respiratory rate of 30 all day: a consumer device,
//! whose values may be shown but may move no score of the ward.

use crate::demo::cast::WARD_WATCH;
use crate::demo::chance::Chance;
use crate::demo::desk::DeviceClass;
use crate::demo::home::PULSEBAND;
use crate::demo::json::object;
use crate::demo::stories::scene::Scene;
use crate::demo::wearable;
use crate::domain::time::Timestamp;

/// The first upload's minute.
pub const FIRST_MINUTE: i64 = 22;
/// What the watch shows.
pub const RESPIRATORY_RATE: i64 = 30;

/// How many uploads there are, half an hour apart: as long as the stay.
const N_UPLOADS: i64 = 90;

/// The scenes.
pub fn scenes(seed: u64, start: Timestamp) -> Vec<Scene> {
    let scene = |number: i64| {
        Scene::at_minute(start, FIRST_MINUTE + 30 * number, move |desk| {
            let mut chance = Chance::labelled(seed, &format!("ward watch {number}"));
            let body = object! {
                "respiratory_rate": wearable::unit_value(RESPIRATORY_RATE, 0, "breaths/min"),
                "effective_time_frame": wearable::instant(desk.now),
            };
            let schema = wearable::RESPIRATORY_RATE;
            let series =
                wearable::data_series(schema, PULSEBAND, desk.now, vec![body], &mut chance);
            desk.upload(desk.now, WARD_WATCH, DeviceClass::Consumer, series);
        })
    };
    (0..N_UPLOADS).map(scene).collect()
}
