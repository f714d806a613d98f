//! What stories say of a patient other than values: medicines, conditions, procedures, allergies, visits.
//!
//! ```text
//! takes metformin since 2023-01-01      orders atc:C01BD01 amiodarone      stops metformin since 2023-01-01
//! has icd10:I50.9 since 2024-01-01      had icd10:I63.9 from 2020-01-01 to 2020-02-01
//! procedure icd10:Z98.6                 allergy penicillin                 visit emergency from 10:00 to 14:00
//! ```

use serde_json::{Value as Json, json};

use crate::domain::coding::{ATC, SNOMED};
use crate::domain::time::Timestamp;
use crate::engine::story::item_time;

/// The systems that a story's codes name by a short word.
const SYSTEMS: [(&str, &str); 4] = [
    ("atc", ATC),
    ("icd10", "http://hl7.org/fhir/sid/icd-10-cm"),
    ("snomed", SNOMED),
    ("rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm"),
];

/// The statement of an item; `None` if its words mean nothing here.
pub fn statement(words: &[&str], subject: &Json, at: Timestamp) -> Option<Json> {
    match words {
        ["orders", what @ ..] => medicine("order", "active", what, subject, (at, at)),
        ["proposes", what @ ..] => medicine("proposal", "active", what, subject, (at, at)),
        ["takes", what @ .., "since", since] => {
            medicine("order", "active", what, subject, (item_time(since)?, at))
        }
        ["stops", what @ .., "since", since] => {
            medicine("order", "stopped", what, subject, (item_time(since)?, at))
        }
        ["has", what @ .., "since", since] => {
            condition("active", what, subject, (item_time(since)?, None), at)
        }
        ["has", what @ ..] => condition("active", what, subject, (at, None), at),
        ["had", what @ .., "from", from, "to", to] => {
            let (from, to) = (item_time(from)?, item_time(to)?);
            condition("resolved", what, subject, (from, Some(to)), at)
        }
        ["refuted", what @ ..] => condition("refuted", what, subject, (at, None), at),
        ["procedure", what @ ..] => procedure(what, subject, at),
        ["allergy", name, rest @ ..] => allergy(name, rest, subject, at),
        ["visit", setting, "from", from, "to", to] => {
            visit(setting, subject, (item_time(from)?, item_time(to)?))
        }
        _ => None,
    }
}

/// `atc:C09AA05 ramipril`; `metformin` stands for its code.
fn concept(what: &[&str]) -> Option<(String, Json)> {
    let (code, display) = match what {
        ["metformin"] => ("atc:A10BA02", "metformin".to_owned()),
        [code, display @ ..] => (*code, display.join(" ")),
        [] => return None,
    };
    let (system, code) = code.split_once(':')?;
    let (_, system) = SYSTEMS.iter().find(|(word, _)| *word == system)?;
    let coding = json!({ "system": system, "code": code, "display": display });
    Some((code.replace('.', "-"), json!({ "coding": [coding] })))
}

fn medicine(
    intent: &str,
    status: &str,
    what: &[&str],
    subject: &Json,
    (since, at): (Timestamp, Timestamp),
) -> Option<Json> {
    let (id, concept) = concept(what)?;
    Some(json!({
        "resourceType": "MedicationRequest",
        "id": format!("medicine-{id}"),
        "meta": { "lastUpdated": at.to_string() },
        "status": status,
        "intent": intent,
        "medicationCodeableConcept": concept,
        "subject": subject,
        "authoredOn": since.to_string(),
    }))
}

fn condition(
    status: &str,
    what: &[&str],
    subject: &Json,
    (since, until): (Timestamp, Option<Timestamp>),
    at: Timestamp,
) -> Option<Json> {
    let (id, code) = concept(what)?;
    let (clinical, verification) = match status {
        "refuted" => ("inactive", "refuted"),
        clinical => (clinical, "confirmed"),
    };
    let mut condition = json!({
        "resourceType": "Condition",
        "id": format!("condition-{id}"),
        "meta": { "lastUpdated": at.to_string() },
        "clinicalStatus": { "coding": [{ "code": clinical }] },
        "verificationStatus": { "coding": [{ "code": verification }] },
        "code": code,
        "subject": subject,
        "onsetDateTime": since.to_string(),
    });
    if let (Some(until), Some(fields)) = (until, condition.as_object_mut()) {
        fields.insert("abatementDateTime".to_owned(), json!(until.to_string()));
    }
    Some(condition)
}

fn procedure(what: &[&str], subject: &Json, at: Timestamp) -> Option<Json> {
    let (id, code) = concept(what)?;
    Some(json!({
        "resourceType": "Procedure",
        "id": format!("procedure-{id}-{}", at.micros()),
        "status": "completed",
        "code": code,
        "subject": subject,
        "performedDateTime": at.to_string(),
    }))
}

/// `allergy penicillin`, `allergy penicillin severe`, `allergy ibuprofen intolerance`,
/// `allergy penicillin refuted`.
fn allergy(name: &str, rest: &[&str], subject: &Json, at: Timestamp) -> Option<Json> {
    let (kind, criticality, verification) = match rest {
        [] => ("allergy", "low", "confirmed"),
        ["severe"] => ("allergy", "high", "confirmed"),
        ["intolerance"] => ("intolerance", "low", "confirmed"),
        ["refuted"] => ("allergy", "low", "refuted"),
        _ => return None,
    };
    let reaction = match rest {
        // Stevens-Johnson syndrome.
        ["severe"] => json!([{ "system": "http://snomed.info/sct", "code": "73442001" }]),
        _ => json!([{ "display": "rash" }]),
    };
    Some(json!({
        "resourceType": "AllergyIntolerance",
        "id": format!("allergy-{name}"),
        "meta": { "lastUpdated": at.to_string() },
        "clinicalStatus": { "coding": [{ "code": "active" }] },
        "verificationStatus": { "coding": [{ "code": verification }] },
        "type": kind,
        "criticality": criticality,
        "code": { "text": name },
        "reaction": [{ "manifestation": [{ "coding": reaction }] }],
        "patient": subject,
        "onsetDateTime": at.to_string(),
    }))
}

/// A visit that is over: its id is its setting and its beginning.
fn visit(setting: &str, subject: &Json, (from, to): (Timestamp, Timestamp)) -> Option<Json> {
    let class = match setting {
        "inpatient" => "IMP",
        "emergency" => "EMER",
        "ambulatory" => "AMB",
        _ => return None,
    };
    Some(json!({
        "resourceType": "Encounter",
        "id": format!("visit-{setting}-{}", from.micros()),
        "meta": { "lastUpdated": to.to_string() },
        "status": "finished",
        "class": { "code": class },
        "subject": subject,
        "period": { "start": from.to_string(), "end": to.to_string() },
    }))
}
