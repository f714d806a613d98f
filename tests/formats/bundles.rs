//! FHIR Bundles of every kind, and every type of resource that is used.

use serde_json::{Value, json};

use twinstream::domain::event::{EventBody, ResourceKind, Status};
use twinstream::domain::fact::Body;
use twinstream::domain::statement::Attribute;

use crate::formats::{coded, decode_fhir, observation, patients, subject};

const SCT: &str = "http://snomed.info/sct";
const TIME: &str = "2026-11-08T10:00:00Z";

fn with(kind: &str, more: Value) -> Value {
    let mut resource = json!({ "resourceType": kind, "id": kind.to_lowercase() });
    for (name, value) in more.as_object().unwrap() {
        resource[name] = value.clone();
    }
    resource
}

/// Who it is, what was found and what was taken.
fn measured_and_given() -> Vec<Value> {
    vec![
        with(
            "Patient",
            json!({ "birthDate": "1950", "gender": "female", "name": [{ "family": "Doe" }] }),
        ),
        with(
            "Encounter",
            json!({ "status": "in-progress", "class": { "code": "IMP" }, "subject": subject(), "period": json!({ "start": TIME }) }),
        ),
        observation("8867-4", json!({ "valueQuantity": { "value": 70, "unit": "/min" } })),
        with(
            "Condition",
            json!({ "code": coded(SCT, "44054006"), "subject": subject(), "onsetDateTime": "2020" }),
        ),
        with(
            "MedicationRequest",
            json!({ "status": "active", "intent": "order", "subject": subject(), "authoredOn": TIME, "medicationReference": { "reference": "#m" }, "contained": [{ "resourceType": "Medication", "id": "m", "code": coded(SCT, "1") }] }),
        ),
        with(
            "MedicationStatement",
            json!({ "status": "active", "subject": subject(), "effectivePeriod": json!({ "start": TIME }), "medicationCodeableConcept": coded(SCT, "1"), "category": coded("c", "inpatient") }),
        ),
    ]
}

/// What was done, ordered and arranged.
fn ordered_and_arranged() -> Vec<Value> {
    vec![
        with(
            "MedicationAdministration",
            json!({ "status": "completed", "subject": subject(), "effectiveDateTime": TIME, "medicationCodeableConcept": coded(SCT, "1") }),
        ),
        with(
            "AllergyIntolerance",
            json!({ "patient": subject(), "code": coded(SCT, "91936005"), "criticality": "high" }),
        ),
        with(
            "Procedure",
            json!({ "status": "completed", "subject": subject(), "performedPeriod": { "start": TIME, "end": TIME }, "code": coded(SCT, "2") }),
        ),
        with(
            "Immunization",
            json!({ "status": "completed", "patient": subject(), "occurrenceDateTime": "2026-10-01", "vaccineCode": coded("http://hl7.org/fhir/sid/cvx", "140") }),
        ),
        with(
            "DiagnosticReport",
            json!({ "status": "final", "subject": subject(), "effectiveDateTime": TIME, "code": coded("http://loinc.org", "24627-2"), "conclusion": "no nodule", "result": [{ "reference": "Observation/o1" }] }),
        ),
        with(
            "ImagingStudy",
            json!({ "status": "available", "subject": subject(), "started": TIME, "modality": [{ "code": "CT" }], "numberOfSeries": 2 }),
        ),
        with(
            "ServiceRequest",
            json!({ "status": "active", "intent": "order", "subject": subject(), "authoredOn": TIME, "code": coded("urn:demo:orders", "spo2-scale-2") }),
        ),
        with(
            "Device",
            json!({ "status": "active", "patient": subject(), "type": coded(SCT, "3") }),
        ),
        with("Location", json!({ "status": "active", "name": "5 West" })),
        with(
            "PractitionerRole",
            json!({ "active": true, "practitioner": { "display": "Dr Roe" } }),
        ),
        with(
            "CareTeam",
            json!({ "status": "active", "subject": subject(), "participant": [{ "member": { "display": "Dr Roe" } }] }),
        ),
        with(
            "Flag",
            json!({ "status": "active", "subject": subject(), "code": coded(SCT, "133918004"), "period": json!({ "start": TIME }) }),
        ),
        with(
            "Consent",
            json!({ "status": "active", "patient": subject(), "dateTime": TIME, "category": [coded("http://loinc.org", "59284-0")] }),
        ),
        with(
            "CarePlan",
            json!({ "status": "active", "intent": "plan", "subject": subject(), "period": json!({ "start": TIME }), "title": "Palliative" }),
        ),
        with(
            "Linkage",
            json!({ "active": true, "item": [
                { "type": "source", "resource": subject() },
                { "type": "alternate", "resource": { "reference": "Patient/p2" } },
            ] }),
        ),
        with(
            "DeviceUseStatement",
            json!({ "status": "active", "subject": subject(), "timingPeriod": json!({ "start": TIME }), "device": { "identifier": { "system": "urn:x", "value": "d" } } }),
        ),
    ]
}

#[test]
fn every_listed_type_is_read_alone_and_in_every_bundle() {
    let resources = [measured_and_given(), ordered_and_arranged()].concat();
    // Measurements of wearables are no resource of FHIR.
    assert_eq!(resources.len() + 1, ResourceKind::ALL.len());
    for resource in &resources {
        decode_fhir(resource, |decoded, tally| {
            let counts = tally.resources();
            assert_eq!((counts.read, counts.facts, decoded.events.len()), (1, 1, 1), "{resource}");
            assert!(1 <= tally.n_facts, "{resource}");
        });
    }
    for kind in ["transaction", "batch", "collection", "history", "searchset"] {
        let mut entry: Vec<Value> =
            resources.iter().map(|one| json!({ "resource": one })).collect();
        entry.push(json!({ "resource": { "resourceType": "Claim", "id": "c" } }));
        let bundle = json!({ "resourceType": "Bundle", "type": kind, "entry": entry });
        decode_fhir(&bundle, |decoded, tally| {
            let counts = tally.resources();
            let n = u64::try_from(resources.len()).unwrap();
            assert_eq!((counts.read, counts.facts, counts.not_used), (n + 1, n, 1), "{kind}");
            // One event for each patient of the record, one for places and roles.
            let mut whose = patients(decoded);
            whose.sort();
            assert_eq!(whose, ["test directory", "test/P1", "test/patient"], "{kind}");
        });
    }
}

#[test]
fn urns_are_resolved_within_their_bundle() {
    let patient = "urn:uuid:11111111-1111-4111-8111-111111111111";
    let stay = "urn:uuid:22222222-2222-4222-8222-222222222222";
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
        // An entry may name what comes later.
        { "fullUrl": "urn:uuid:33333333-3333-4333-8333-333333333333", "resource": {
            "resourceType": "Condition", "subject": { "reference": patient }, "encounter": { "reference": stay },
            "code": coded("http://snomed.info/sct", "44054006"), "onsetDateTime": "2020-01-01" } },
        { "fullUrl": patient, "resource": { "resourceType": "Patient", "id": "real-id", "birthDate": "1950-06-15" } },
        { "fullUrl": stay, "resource": { "resourceType": "Encounter", "status": "finished", "class": { "code": "AMB" },
            "subject": { "reference": patient }, "period": { "start": "2020-01-01", "end": "2020-01-02" } } },
    ] });
    decode_fhir(&bundle, |decoded, _| {
        assert_eq!(patients(decoded), ["test/real-id"]);
        let EventBody::Patient { resources, .. } = &decoded.events[0].body else {
            panic!("a patient")
        };
        // A resource without an id goes by its full URL.
        let condition = resources.iter().find(|one| one.kind == ResourceKind::Condition).unwrap();
        assert_eq!(condition.id, "33333333-3333-4333-8333-333333333333");
        let Body::Statement(said) = &condition.facts[0].body else { panic!("a statement") };
        let stay = "Encounter/22222222-2222-4222-8222-222222222222";
        assert_eq!(said.attribute(Attribute::Encounter), Some(stay));
    });
}

#[test]
fn a_deletion_in_a_history_takes_back_what_was_said() {
    let bundle = json!({ "resourceType": "Bundle", "type": "history", "entry": [
        { "request": { "method": "DELETE", "url": "Observation/o1" }, "response": { "status": "204", "lastModified": "2026-11-08T11:00:00Z" } },
        { "resource": observation("8867-4", json!({ "valueQuantity": { "value": 70, "unit": "/min" } })) },
    ] });
    decode_fhir(&bundle, |decoded, _| {
        let EventBody::Patient { resources, .. } = &decoded.events[0].body else {
            panic!("a patient")
        };
        let found: Vec<_> =
            resources.iter().map(|one| (one.id.as_ref(), one.version.status)).collect();
        assert_eq!(found, [("o1", Status::Deleted), ("o1", Status::Final)]);
    });
}
