//! Acute kidney injury after surgery, in somebody who takes metformin.
//!
//! ```text
//! creatinine   0.90 for two years ─► 0.90 on arrival ─► 1.40 (minute 25) ─► 2.10 (minute 360) ─► recovery
//! ```
//! 1.40 is 1.56 times the lowest of seven days (KDIGO stage 1) and 0.50 mg/dL more within 48 hours;
//! 2.10 is 2.3 times (stage 2). It comes from the satellite laboratory, in umol/L. Metformin is
//! stopped an hour later.

use crate::demo::cast::{KIDNEY_INJURY, KNOWN_BEFORE};
use crate::demo::clinic::TAKEN_BEFORE;
use crate::demo::codes;
use crate::demo::desk::Desk;
use crate::demo::laboratory::{CREATININE, Laboratory, POTASSIUM, Sample, UACR};
use crate::demo::orders::Prescription;
use crate::demo::stay::Stay;
use crate::demo::stories::scene::{Scene, days, hours, version};
use crate::domain::time::{Span, Timestamp};

/// The stable years: days before the start, and creatinine in hundredths of mg/dL.
const STABLE: &[(i64, i64)] = &[(730, 88), (540, 92), (365, 90), (190, 91), (40, 89)];

/// The scenes.
pub fn scenes(start: Timestamp) -> Vec<Scene> {
    let stable = STABLE.iter().map(|(days_before, creatinine)| {
        Scene::at_minute(start, -days(*days_before), |desk| clinic(desk, *creatinine))
    });
    let mut scenes: Vec<Scene> = stable.collect();
    scenes.extend([
        Scene::at_minute(start, -hours(21), |desk| {
            ward(desk, Laboratory::Central, 70, (90, 41), "final");
        }),
        Scene::at_minute(start, 14, |desk| {
            ward(desk, Laboratory::Central, 45, (140, 49), "preliminary");
        }),
        Scene::at_minute(start, 25, |desk| {
            ward(desk, Laboratory::Central, 56, (140, 49), "final");
        }),
        Scene::at_minute(start, 360, |desk| {
            ward(desk, Laboratory::Satellite, 40, (210, 56), "final");
        }),
        Scene::at_minute(start, 430, move |desk| stop_metformin(desk, start)),
        Scene::at_minute(start, hours(20), |desk| {
            ward(desk, Laboratory::Central, 60, (186, 51), "final");
        }),
        Scene::at_minute(start, hours(44), |desk| {
            ward(desk, Laboratory::Central, 60, (132, 46), "final");
        }),
        Scene::at_minute(start, hours(92), |desk| {
            ward(desk, Laboratory::Central, 60, (96, 43), "final");
        }),
    ]);
    scenes
}

fn clinic(desk: &mut Desk, creatinine: i64) {
    let collected = desk.now.minus(Span::from_hours(4));
    let sample = Sample { patient: KIDNEY_INJURY, encounter: None, collected };
    Laboratory::Central.send_final(desk, &sample, (&CREATININE, creatinine), desk.now);
    Laboratory::Central.send_final(desk, &sample, (&UACR, 92), desk.now);
}

/// Creatinine and potassium of the ward, collected some minutes ago.
fn ward(
    desk: &mut Desk,
    laboratory: Laboratory,
    minutes_ago: i64,
    (creatinine, potassium): (i64, i64),
    status: &'static str,
) {
    let encounter = Stay::encounter_id(KIDNEY_INJURY);
    let collected = desk.now.minus(Span::from_minutes(minutes_ago));
    let sample = Sample { patient: KIDNEY_INJURY, encounter: Some(&encounter), collected };
    let number = if status == "preliminary" { 1 } else { 2 };
    let version = version(desk, number, status);
    laboratory.send(desk, &sample, (&CREATININE, creatinine), version);
    laboratory.send(desk, &sample, (&POTASSIUM, potassium), version);
}

/// The first of the medicines the patient took at home.
fn stop_metformin(desk: &mut Desk, start: Timestamp) {
    let order = Prescription {
        patient: KIDNEY_INJURY,
        number: 1,
        medicine: &codes::METFORMIN,
        ordered: start.minus(KNOWN_BEFORE).minus(TAKEN_BEFORE),
        category: "community",
    };
    desk.ehr(desk.now, &order.stopped(desk.now));
}
