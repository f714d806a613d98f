//! What goes wrong in every hospital: at a low rate, records that cannot be read, cannot be placed, or
//! hold a result that cannot be used.
//!
//! | in turn | what should become of it |
//! |---|---|
//! | truncated JSON | dead letter, undecodable |
//! | temperature in unit `C`, which UCUM reads as coulomb | unusable result of the patient |
//! | an Observation without a subject | dead letter, no patient |
//! | a clinical time without an offset | dead letter, bad time |
//! | leukocytes in `K/uL`, which UCUM reads as kelvin | unusable result of the patient |

use crate::demo::codes;
use crate::demo::codes::Code;
use crate::demo::desk::Desk;
use crate::demo::fhir::{TimeStyle, compact, hl7_concept, meta, reference};
use crate::demo::json::{Json, Layout, object};
use crate::demo::record::{LAB, VITALS};

/// How many kinds of faults there are.
pub const N_KINDS: i64 = 5;

/// Sends the fault of this turn about a patient.
pub fn send_fault(desk: &mut Desk, turn: i64, patient: &str) {
    let now = desk.now.to_string();
    let subject = Some(reference("Patient", patient));
    let per_minute = object! { "value": 17, "unit": "breaths/min", "code": "/min" };
    let rate = |subject, at: &str| {
        observation(desk, &codes::RESPIRATORY_RATE, subject, at, per_minute.clone())
    };
    let (topic, key, payload) = match turn.rem_euclid(N_KINDS) {
        0 => {
            let mut payload = rate(subject, &now);
            payload.truncate(payload.len() * 2 / 3);
            (VITALS, Some(patient), payload)
        }
        1 => {
            let coulombs = object! { "value": Json::Number(372, 1), "unit": "C" };
            let payload = observation(desk, &codes::TEMPERATURE, subject, &now, coulombs);
            (VITALS, Some(patient), payload)
        }
        2 => (VITALS, None, rate(None, &now)),
        3 => (VITALS, Some(patient), rate(subject, now.trim_end_matches('Z'))),
        _ => {
            let kelvin = object! { "value": Json::Number(91, 1), "unit": "K/uL" };
            let payload = observation(desk, &codes::LEUKOCYTES, subject, &now, kelvin);
            (LAB, Some(patient), payload)
        }
    };
    desk.fhir(topic, desk.now, key, payload);
}

fn observation(desk: &Desk, code: &Code, subject: Option<Json>, at: &str, amount: Json) -> String {
    object! {
        "resourceType": "Observation",
        "id": format!("fault-{}", compact(desk.now)),
        "meta": meta(1, desk.now),
        "status": "final",
        "category": [hl7_concept("observation-category", "vital-signs")],
        "code": code.concept(),
        "subject": subject,
        "effectiveDateTime": at,
        "issued": TimeStyle::Milliseconds.written(desk.now),
        "valueQuantity": amount,
    }
    .written(Layout::Compact)
}
