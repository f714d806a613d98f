//! The time before a stay: who somebody is, what they have, and their visits to the clinic.

use crate::demo::chance::Chance;
use crate::demo::codes;
use crate::demo::desk::Desk;
use crate::demo::fhir::{compact, hl7_concept, meta, period, reference};
use crate::demo::json::{Json, object};
use crate::demo::laboratory::{
    CREATININE, HEMOGLOBIN, Laboratory, POTASSIUM, SODIUM, Sample, UACR,
};
use crate::demo::orders::{Prescription, allergy, condition};
use crate::demo::person::Person;
use crate::demo::profile::Profile;
use crate::domain::time::Span;

/// What somebody takes at home was ordered this long before the record system met them: none of it
/// is a new order.
pub const TAKEN_BEFORE: Span = Span::from_days(400);

/// Sends who somebody is: the Patient, what they had before, what they take, an allergy in one of six.
pub fn introduce(desk: &mut Desk, person: &Person, profile: &Profile, chance: &mut Chance) {
    let patient = person.id.as_str();
    desk.ehr(desk.now, &person.patient(desk.now));
    for (number, code) in (1..).zip(profile.chronic) {
        let onset = desk.now.minus(Span::from_days(chance.between(200, 3_000)));
        desk.ehr(desk.after(1), &condition(patient, number, code, onset, desk.after(1)));
    }
    for (number, medicine) in (1..).zip(profile.takes) {
        let ordered = desk.now.minus(TAKEN_BEFORE);
        let order = Prescription { patient, number, medicine, ordered, category: "community" };
        desk.ehr(desk.after(2), &order.active(desk.after(2)));
    }
    if chance.happens(6) {
        desk.ehr(desk.after(3), &allergy(patient, &codes::PENICILLIN_ALLERGY, desk.after(3)));
    }
}

/// Sends a visit to the clinic that has just ended, with the blood that was drawn.
pub fn visit(desk: &mut Desk, person: &Person, profile: &Profile, chance: &mut Chance) {
    let patient = person.id.as_str();
    let began = desk.now.minus(Span::from_minutes(chance.between(15, 40)));
    let id = format!("visit-{patient}-{}", compact(began));
    desk.ehr(
        desk.now,
        &object! {
            "resourceType": "Encounter",
            "id": id.as_str(),
            "meta": meta(1, desk.now),
            "status": "finished",
            "class": object! {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "AMB",
                "display": "ambulatory",
            },
            "type": [object! { "text": "Follow-up visit" }],
            "subject": reference("Patient", patient),
            "participant": [object! { "type": [hl7_concept("v3-ParticipationType", "ATND")] }],
            "period": period(began, Some(desk.now)),
        },
    );
    let sample = Sample { patient, encounter: Some(&id), collected: desk.now };
    let mut results = vec![
        (&CREATININE, creatinine(profile, chance)),
        (&POTASSIUM, chance.between(38, 47)),
        (&SODIUM, chance.between(137, 143)),
        (&HEMOGLOBIN, chance.between(115, 150)),
    ];
    if profile.has_urine_checks() {
        results.push((&UACR, chance.between(60, 280)));
    }
    Laboratory::Central.send_panel(desk, &sample, &results, chance);
}

/// Today's creatinine of somebody in a steady state: within 4 % and 0.10 mg/dL of their usual, so
/// that two of them never look like acute kidney injury.
pub fn creatinine(profile: &Profile, chance: &mut Chance) -> i64 {
    let margin = (profile.creatinine * 4 / 100).min(10);
    profile.creatinine + chance.between(-margin, margin)
}

/// The class of an Encounter at home, and what it is called.
pub fn home_stay(person: &Person, desk: &Desk) -> Json {
    object! {
        "resourceType": "Encounter",
        "id": format!("home-{}", person.id),
        "meta": meta(1, desk.now),
        "status": "in-progress",
        "class": object! {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "HH",
            "display": "home health",
        },
        "type": [object! { "text": "Remote monitoring at home" }],
        "subject": reference("Patient", &person.id),
        "period": period(desk.now, None),
    }
}
