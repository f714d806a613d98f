//! What the record system sends about a patient beside stays: conditions, medicines, allergies,
//! orders, plans, flags, procedures, the care team.

use crate::demo::codes::Code;
use crate::demo::fhir::{hl7_concept, meta, named_reference, period, reference};
use crate::demo::json::{Json, object};
use crate::demo::places::{Role, Ward};
use crate::domain::time::Timestamp;

/// A confirmed, active Condition with its onset.
pub fn condition(patient: &str, number: i64, code: &Code, onset: Timestamp, at: Timestamp) -> Json {
    object! {
        "resourceType": "Condition",
        "id": format!("cond-{patient}-{number}"),
        "meta": meta(1, at),
        "clinicalStatus": hl7_concept("condition-clinical", "active"),
        "verificationStatus": hl7_concept("condition-ver-status", "confirmed"),
        "category": [hl7_concept("condition-category", "problem-list-item")],
        "code": code.concept(),
        "subject": reference("Patient", patient),
        "onsetDateTime": onset.date().to_string(),
        "recordedDate": at.to_string(),
    }
}

/// A version of a MedicationRequest.
#[derive(Clone, Copy, Debug)]
pub struct Prescription<'p> {
    /// The patient's id.
    pub patient: &'p str,
    /// Its number among the patient's.
    pub number: i64,
    /// The medicine.
    pub medicine: &'p Code,
    /// When it was ordered.
    pub ordered: Timestamp,
    /// Where it is taken: `community` or `inpatient`.
    pub category: &'static str,
}

impl Prescription<'_> {
    /// The order, in force.
    pub fn active(&self, at: Timestamp) -> Json {
        self.version(1, "active", at)
    }

    /// The order, ended.
    pub fn stopped(&self, at: Timestamp) -> Json {
        self.version(2, "stopped", at)
    }

    fn version(&self, number: i64, status: &str, at: Timestamp) -> Json {
        object! {
            "resourceType": "MedicationRequest",
            "id": format!("med-{}-{}", self.patient, self.number),
            "meta": meta(number, at),
            "status": status,
            "intent": "order",
            "category": [hl7_concept("medicationrequest-category", self.category)],
            "medicationCodeableConcept": self.medicine.concept(),
            "subject": reference("Patient", self.patient),
            "authoredOn": self.ordered.to_string(),
            "dosageInstruction": [object! { "text": "as prescribed (simulated)" }],
        }
    }
}

/// An AllergyIntolerance.
pub fn allergy(patient: &str, code: &Code, at: Timestamp) -> Json {
    object! {
        "resourceType": "AllergyIntolerance",
        "id": format!("allergy-{patient}-1"),
        "meta": meta(1, at),
        "clinicalStatus": hl7_concept("allergyintolerance-clinical", "active"),
        "verificationStatus": hl7_concept("allergyintolerance-verification", "confirmed"),
        "type": "allergy",
        "category": [Json::from("medication")],
        "criticality": "high",
        "code": code.concept(),
        "patient": reference("Patient", patient),
        "recordedDate": at.to_string(),
    }
}

/// When an order is to be carried out.
#[derive(Clone, Copy, Debug)]
pub enum Occurrence {
    /// Once.
    Once(Timestamp),
    /// From the first to the second.
    During(Timestamp, Timestamp),
}

/// An active ServiceRequest; `name` is the end of its id.
pub fn service_request(
    (patient, encounter): (&str, &str),
    name: &str,
    code: &Code,
    occurrence: Occurrence,
    at: Timestamp,
) -> Json {
    let (element, occurrence) = match occurrence {
        Occurrence::Once(time) => ("occurrenceDateTime", Json::from(time.to_string())),
        Occurrence::During(first, last) => ("occurrencePeriod", period(first, Some(last))),
    };
    object! {
        "resourceType": "ServiceRequest",
        "id": format!("order-{patient}-{name}"),
        "meta": meta(1, at),
        "status": "active",
        "intent": "order",
        "priority": "routine",
        "code": code.concept(),
        "subject": reference("Patient", patient),
        "encounter": reference("Encounter", encounter),
        "authoredOn": at.to_string(),
    }
    .with(element, occurrence)
}

/// An active Flag.
pub fn flag((patient, encounter): (&str, &str), name: &str, code: &Code, at: Timestamp) -> Json {
    object! {
        "resourceType": "Flag",
        "id": format!("flag-{patient}-{name}"),
        "meta": meta(1, at),
        "status": "active",
        "category": [hl7_concept("flag-category", "clinical")],
        "code": code.concept(),
        "subject": reference("Patient", patient),
        "encounter": reference("Encounter", encounter),
        "period": period(at, None),
    }
}

/// An active CarePlan of one category.
pub fn care_plan((patient, encounter): (&str, &str), code: &Code, at: Timestamp) -> Json {
    object! {
        "resourceType": "CarePlan",
        "id": format!("plan-{patient}-1"),
        "meta": meta(1, at),
        "status": "active",
        "intent": "plan",
        "category": [code.concept()],
        "title": code.display,
        "subject": reference("Patient", patient),
        "encounter": reference("Encounter", encounter),
        "period": period(at, None),
        "created": at.to_string(),
    }
}

/// A completed Procedure; `name` is the end of its id.
pub fn procedure(
    patient: &str,
    name: &str,
    code: &Code,
    (started, ended): (Timestamp, Timestamp),
    at: Timestamp,
) -> Json {
    object! {
        "resourceType": "Procedure",
        "id": format!("proc-{patient}-{name}"),
        "meta": meta(1, at),
        "status": "completed",
        "code": code.concept(),
        "subject": reference("Patient", patient),
        "performedPeriod": period(started, Some(ended)),
    }
}

/// The CareTeam of a stay: the roles of the ward.
pub fn care_team((patient, encounter): (&str, &str), ward: &Ward, at: Timestamp) -> Json {
    let member = |role: &Role| {
        let member = named_reference("PractitionerRole", role.id, role.display);
        object! { "role": [object! { "text": role.display }], "member": member }
    };
    object! {
        "resourceType": "CareTeam",
        "id": format!("team-{patient}-{}", ward.slug),
        "meta": meta(1, at),
        "status": "active",
        "name": format!("{} team", ward.name),
        "subject": reference("Patient", patient),
        "encounter": reference("Encounter", encounter),
        "period": period(at, None),
        "participant": ward.roles.iter().map(member).collect::<Vec<Json>>(),
    }
}
