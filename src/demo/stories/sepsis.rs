//! Septic deterioration on 5 West: what the ward does about it. The vitals stand in `cast`.
//!
//! ```text
//! minute   10     40     62        70     75           100     165       400       900
//!          NEWS2 3  5    lactate 2.9  7   antibiotic   12      lactate 3.4  1.4     0
//! ```

use crate::demo::cast::SEPSIS;
use crate::demo::codes;
use crate::demo::desk::Desk;
use crate::demo::laboratory::{Analyte, CREATININE, LACTATE, LEUKOCYTES, Laboratory, POTASSIUM};
use crate::demo::laboratory::{HEMOGLOBIN, SODIUM, Sample};
use crate::demo::orders::{Occurrence, Prescription, flag, service_request};
use crate::demo::stay::Stay;
use crate::demo::stories::scene::{Scene, days, hours};
use crate::domain::time::{Span, Timestamp};

/// The minute at which the screen is started.
const SCREEN_MINUTE: i64 = 45;
/// The number of the antibiotic among the patient's medicines.
const ANTIBIOTIC_NUMBER: i64 = 60;

/// The scenes.
pub fn scenes(start: Timestamp) -> Vec<Scene> {
    vec![
        Scene::at_minute(start, -hours(28), |desk| {
            result(
                desk,
                90,
                &[
                    (&CREATININE, 96),
                    (&POTASSIUM, 42),
                    (&SODIUM, 138),
                    (&HEMOGLOBIN, 131),
                    (&LEUKOCYTES, 98),
                ],
            )
        }),
        Scene::at_minute(start, SCREEN_MINUTE, start_screen),
        Scene::at_minute(start, 62, |desk| result(desk, 16, &[(&LACTATE, 29)])),
        Scene::at_minute(start, 75, give_antibiotic),
        Scene::at_minute(start, 88, |desk| {
            result(desk, 42, &[(&LEUKOCYTES, 174), (&CREATININE, 112), (&POTASSIUM, 46)])
        }),
        Scene::at_minute(start, 165, |desk| result(desk, 15, &[(&LACTATE, 34)])),
        Scene::at_minute(start, 400, |desk| result(desk, 20, &[(&LACTATE, 14)])),
        Scene::at_minute(start, days(1), |desk| {
            result(desk, 60, &[(&LEUKOCYTES, 121), (&CREATININE, 104), (&POTASSIUM, 41)])
        }),
    ]
}

fn start_screen(desk: &mut Desk) {
    let encounter = Stay::encounter_id(SEPSIS);
    let whose = (SEPSIS, encounter.as_str());
    let now = desk.now;
    let once = Occurrence::Once(now);
    desk.ehr(now, &flag(whose, "infection", &codes::SUSPECTED_INFECTION_FLAG, now));
    desk.ehr(now, &service_request(whose, "screen", &codes::SEPSIS_SCREEN_ORDER, once, now));
    desk.ehr(now, &service_request(whose, "cultures", &codes::BLOOD_CULTURE, once, now));
    desk.ehr(now, &service_request(whose, "lactate", &codes::LACTATE, once, now));
}

fn give_antibiotic(desk: &mut Desk) {
    let order = Prescription {
        patient: SEPSIS,
        number: ANTIBIOTIC_NUMBER,
        medicine: &codes::CEFTRIAXONE,
        ordered: desk.now,
        category: "inpatient",
    };
    desk.ehr(desk.now, &order.active(desk.now));
}

/// Final results, collected some minutes ago.
fn result(desk: &mut Desk, minutes_ago: i64, results: &[(&'static Analyte, i64)]) {
    let encounter = Stay::encounter_id(SEPSIS);
    let collected = desk.now.minus(Span::from_minutes(minutes_ago));
    let sample = Sample { patient: SEPSIS, encounter: Some(&encounter), collected };
    for one in results {
        Laboratory::Central.send_final(desk, &sample, *one, desk.now);
    }
}
