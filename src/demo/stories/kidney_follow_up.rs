//! Outpatients whose kidneys are followed: checks that fall due, are overdue, and are closed soon
//! after the start.
//!
//! KDIGO asks for two checks a year of G3a A2 and of G3b A1, so each item is due six months after its
//! own last result, and overdue 30 days later. The last result is placed six calendar months before
//! the wanted time; where the month is too short for that (31 August), the item falls due up to three
//! days early.

use crate::demo::cast::{KIDNEY_CLOSED, KIDNEY_DUE, KIDNEY_NO_RATIO, KIDNEY_OVERDUE};
use crate::demo::cast::{KNOWN_BEFORE, METFORMIN_UNCHECKED};
use crate::demo::clinic::TAKEN_BEFORE;
use crate::demo::codes;
use crate::demo::codes::Code;
use crate::demo::desk::Desk;
use crate::demo::laboratory::{Analyte, CREATININE, Laboratory, Sample, UACR};
use crate::demo::orders::{Prescription, condition};
use crate::demo::person::{Person, born};
use crate::demo::stories::scene::{Scene, days};
use crate::domain::person::Sex;
use crate::domain::time::{Span, Timestamp};

/// The minute at which `KIDNEY_DUE` is due.
pub const DUE_MINUTE: i64 = 20;
/// The minute at which `KIDNEY_CLOSED` is measured.
pub const CLOSED_MINUTE: i64 = 30;
/// The minute at which `KIDNEY_OVERDUE` is overdue.
pub const OVERDUE_MINUTE: i64 = 45;

struct Outpatient {
    id: &'static str,
    name: (&'static str, &'static str),
    sex: Sex,
    age: i64,
    medicine: Option<&'static Code>,
}

const fn outpatient(
    (id, family, given): (&'static str, &'static str, &'static str),
    (sex, age): (Sex, i64),
    medicine: Option<&'static Code>,
) -> Outpatient {
    Outpatient { id, name: (family, given), sex, age, medicine }
}

/// eGFR of the creatinines below (CKD-EPI 2021): 47-51, 38-41, 51-54, 41-43, 81-88.
const OUTPATIENTS: [Outpatient; 5] = [
    outpatient((KIDNEY_DUE, "Pretendham", "Mercy"), (Sex::Female, 66), None),
    outpatient((KIDNEY_OVERDUE, "Fictley", "Goran"), (Sex::Male, 77), Some(&codes::METFORMIN)),
    outpatient((KIDNEY_CLOSED, "Exemplar", "Luis"), (Sex::Male, 73), None),
    outpatient((KIDNEY_NO_RATIO, "Ipsumby", "Hanako"), (Sex::Female, 68), None),
    outpatient((METFORMIN_UNCHECKED, "Notreal", "Jamal"), (Sex::Male, 62), Some(&codes::METFORMIN)),
];

/// The grace after which an item that is due is overdue, as `pipelines/ckd-monitoring.yaml` has it.
const GRACE: Span = Span::from_days(30);

/// The scenes.
pub fn scenes(start: Timestamp) -> Vec<Scene> {
    let mut scenes = Vec::new();
    for patient in OUTPATIENTS {
        scenes.push(Scene {
            at: start.minus(KNOWN_BEFORE),
            play: Box::new(move |desk| introduce(desk, &patient, start)),
        });
    }
    let minute = |minutes| start.plus(Span::from_minutes(minutes));
    let six_months_before = |at: Timestamp| at.plus_months(-6);

    // G3a A2, then due at a minute of our choice.
    let last = six_months_before(minute(DUE_MINUTE));
    scenes.extend(series(KIDNEY_DUE, last, &[(540, 121), (360, 124), (180, 119), (0, 126)]));
    scenes.extend(ratios(KIDNEY_DUE, minute(-days(62)), &[(300, 840), (0, 910)]));

    // G3b A1, then overdue at a minute of our choice.
    let last = six_months_before(minute(OVERDUE_MINUTE).minus(GRACE));
    scenes.extend(series(KIDNEY_OVERDUE, last, &[(500, 171), (330, 176), (160, 172), (0, 178)]));
    scenes.extend(ratios(KIDNEY_OVERDUE, minute(-days(40)), &[(365, 180), (0, 210)]));

    // G3a A2, overdue for twelve days, then both measured.
    let last = six_months_before(minute(-days(42)));
    scenes.extend(series(KIDNEY_CLOSED, last, &[(420, 141), (210, 144), (0, 139)]));
    scenes.extend(ratios(KIDNEY_CLOSED, last, &[(420, 1_150), (0, 1_240)]));
    scenes.push(result(KIDNEY_CLOSED, minute(CLOSED_MINUTE), (&CREATININE, 142)));
    scenes.push(result(KIDNEY_CLOSED, minute(CLOSED_MINUTE), (&UACR, 1_190)));

    // G3b, urine never measured.
    let last = minute(-days(25));
    scenes.extend(series(KIDNEY_NO_RATIO, last, &[(480, 136), (300, 139), (120, 137), (0, 138)]));

    // Normal kidneys, but nobody has looked for 400 days.
    scenes.extend(series(METFORMIN_UNCHECKED, minute(-days(400)), &[(365, 98), (0, 104)]));
    scenes.push(Scene::at_minute(start, 55, |desk| {
        let order = metformin(METFORMIN_UNCHECKED, 2, desk.now);
        desk.ehr(desk.now, &order.active(desk.now));
    }));
    scenes
}

fn introduce(desk: &mut Desk, patient: &Outpatient, start: Timestamp) {
    let (family, given) = patient.name;
    let (id, sex) = (patient.id.to_owned(), patient.sex);
    let person = Person { id, family, given, sex, birth: born(start, patient.age, 100) };
    desk.ehr(desk.now, &person.patient(desk.now));
    let onset = desk.now.minus(Span::from_days(400));
    let diagnosis =
        if patient.id == METFORMIN_UNCHECKED { &codes::DIABETES } else { &codes::KIDNEY_DISEASE };
    desk.ehr(desk.after(5), &condition(patient.id, 1, diagnosis, onset, desk.after(5)));
    if patient.medicine.is_some() {
        let order = metformin(patient.id, 1, desk.now.minus(TAKEN_BEFORE));
        desk.ehr(desk.after(6), &order.active(desk.after(6)));
    }
}

const fn metformin(patient: &str, number: i64, ordered: Timestamp) -> Prescription<'_> {
    let medicine = &codes::METFORMIN;
    Prescription { patient, number, medicine, ordered, category: "community" }
}

/// Creatinines in hundredths of mg/dL, some days before the last one.
fn series(
    patient: &'static str,
    last: Timestamp,
    values: &'static [(i64, i64)],
) -> impl Iterator<Item = Scene> {
    let at = move |days_before: i64| last.minus(Span::from_days(days_before));
    values.iter().map(move |(before, value)| result(patient, at(*before), (&CREATININE, *value)))
}

/// Urine albumin-to-creatinine ratios in tenths of mg/g, some days before the last one.
fn ratios(
    patient: &'static str,
    last: Timestamp,
    values: &'static [(i64, i64)],
) -> impl Iterator<Item = Scene> {
    let at = move |days_before: i64| last.minus(Span::from_days(days_before));
    values.iter().map(move |(before, value)| result(patient, at(*before), (&UACR, *value)))
}

/// A final result of a sample that was collected at `collected` and is reported at once.
fn result(patient: &'static str, collected: Timestamp, value: (&'static Analyte, i64)) -> Scene {
    let play = move |desk: &mut Desk| {
        let sample = Sample { patient, encounter: None, collected };
        Laboratory::Central.send_final(desk, &sample, value, desk.now);
    };
    Scene { at: collected, play: Box::new(play) }
}
