//! What leaves as FHIR: valid R4, the same bytes for the same effect, and nothing that says more than
//! is known.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise; a missing key of JSON is null"
)]

mod r4;
mod stories;

use serde_json::{Value, json};
use twinstream_fhir::bundle::bundle_json;
use twinstream_fhir::error::FhirError;
use twinstream_fhir::said::{
    Micros, Said, SaidAnswer, SaidChange, SaidEvidence, SaidKind, SaidLogPosition, SaidScore,
    SaidScoreStatus, SaidSeverity, SaidStatus,
};

use crate::stories::{
    HALF_PAST_EIGHT, KNOWN, all, bundle, changed, kidney_monitoring, kinds, metformin, news2,
    resource, resources,
};

const CHANGES: [SaidChange; 9] = [
    SaidChange::Raised,
    SaidChange::Escalated,
    SaidChange::Lowered,
    SaidChange::Revised,
    SaidChange::Resolved,
    SaidChange::Withdrawn,
    SaidChange::Acknowledged,
    SaidChange::Snoozed,
    SaidChange::Reminded,
];
const SEVERITIES: [SaidSeverity; 3] =
    [SaidSeverity::Log, SaidSeverity::Passive, SaidSeverity::Interruptive];

/// Every kind, change and severity, with and without a model, with much and with little in it.
fn every_said() -> Vec<Said> {
    let mut every = Vec::new();
    for said in all() {
        for severity in SEVERITIES {
            for change in CHANGES {
                let full = Said { severity, is_model: true, ..changed(&said, change) };
                let ended_at = Some(KNOWN);
                every.push(Said { is_model: false, ended_at, ..bare(&full) });
                every.push(full);
            }
        }
    }
    every
}

/// The same with everything left out that may be.
fn bare(said: &Said) -> Said {
    Said {
        citation: String::new(),
        subject: String::new(),
        answer: SaidAnswer::None,
        notes: Vec::new(),
        patient: "a patient".to_owned(),
        encounter: String::new(),
        ward: " ".to_owned(),
        due: None,
        evidence: Vec::new(),
        ..said.clone()
    }
}

#[test]
fn every_bundle_is_valid_r4() {
    let definitions = r4::Definitions::new();
    for said in every_said() {
        let faults = definitions.faults(&bundle(&said));
        assert!(faults.is_empty(), "{:?} {:?}: {faults:#?}", said.kind, said.change);
    }
}

#[test]
fn the_check_of_r4_finds_faults() {
    let definitions = r4::Definitions::new();
    let faults: [(&str, &str, Value); 12] = [
        ("Observation", "/status", json!("done")),
        ("Observation", "/status", json!(["final"])),
        ("Observation", "/code", json!(null)),
        ("Observation", "/valueString", json!("7")),
        ("Observation", "/dataAbsentReason", json!({ "text": "none" })),
        ("Observation", "/component/0/code", json!({})),
        ("Observation", "/subject/reference", json!("Encounter/1")),
        ("Observation", "/effectiveDateTime", json!("2026-11-08 08:30")),
        ("Observation", "/performer", json!([{ "type": "Device" }])),
        ("RiskAssessment", "/mood", json!("calm")),
        ("RiskAssessment", "/basis", json!([])),
        ("Task", "/instantiatesUri", json!("news2|RCP 2017")),
    ];
    for (kind, place, wrong) in faults {
        let mut resource = resource(&bundle(&news2()), kind);
        let (parent, name) = place.rsplit_once('/').unwrap();
        resource.pointer_mut(parent).unwrap()[name] = wrong.clone();
        let found = definitions.faults(&resource);
        assert!(!found.is_empty(), "{wrong} at {kind}{place} was not found");
    }
}

#[test]
fn the_same_effect_gives_the_same_bytes() {
    for said in every_said() {
        assert_eq!(bundle_json(&said).unwrap(), bundle_json(&said.clone()).unwrap());
    }
}

#[test]
fn ids_stand_and_versions_count() {
    let said = Said { revision: 4, ..news2() };
    let bundle = bundle(&said);
    assert_eq!(bundle["identifier"]["value"], format!("{}/4", said.id));
    for resource in resources(&bundle) {
        let is_provenance = resource["resourceType"] == "Provenance";
        let id = if is_provenance { format!("{}-4", said.id) } else { said.id.clone() };
        assert_eq!(resource["id"], id);
        assert_eq!(resource["meta"]["versionId"], "4");
        assert_eq!(resource["meta"]["lastUpdated"], "2026-11-08T08:30:00.250001Z");
    }
    assert_eq!(
        bundle["entry"][0]["fullUrl"],
        format!("urn:twinstream:effect:{}:RiskAssessment", said.id)
    );
}

#[test]
fn each_kind_has_its_resources() {
    let kinds_of = |said: &Said| kinds(&bundle(said));
    assert_eq!(
        kinds_of(&news2()),
        "RiskAssessment Observation Flag CommunicationRequest Task Provenance"
    );
    assert_eq!(kinds_of(&kidney_monitoring()), "ServiceRequest Task Provenance");
    assert_eq!(kinds_of(&metformin()), "GuidanceResponse RequestGroup Task Provenance");
}

#[test]
fn withdrawn_is_entered_in_error_everywhere() {
    for said in all() {
        let withdrawn = bundle(&changed(&said, SaidChange::Withdrawn));
        assert_eq!(kinds(&withdrawn), kinds(&bundle(&said)));
        for resource in resources(&withdrawn) {
            match resource["resourceType"] == "Provenance" {
                true => assert_eq!(resource["activity"]["coding"][0]["code"], "NULLIFY"),
                false => assert_eq!(resource["status"], "entered-in-error", "{resource}"),
            }
        }
    }
}

#[test]
fn only_an_interruptive_band_that_is_reached_pages() {
    for said in every_said() {
        let page = resource(&bundle(&said), "CommunicationRequest");
        let is_reached = matches!(
            said.change,
            SaidChange::Raised | SaidChange::Escalated | SaidChange::Reminded
        );
        let is_page = is_reached && said.severity == SaidSeverity::Interruptive;
        assert_eq!(page["status"] == "active", is_page && said.kind == SaidKind::Alert);
        let is_taken_back =
            said.change == SaidChange::Withdrawn && said.severity != SaidSeverity::Log;
        assert_eq!(!page.is_null(), said.kind == SaidKind::Alert && (is_page || is_taken_back));
    }
}

#[test]
fn a_page_says_what_the_caller_says() {
    let page = resource(&bundle(&news2()), "CommunicationRequest");
    assert_eq!(page["priority"], "stat");
    assert_eq!(page["category"][0]["coding"][0]["code"], "alert");
    let texts =
        ["NEWS2 7. Consider emergency assessment.", "SpO2 scale 1 (default: no order for scale 2)"];
    assert_eq!(page["payload"], json!(texts.map(|text| json!({ "contentString": text }))));
    assert_eq!(page["about"][0]["reference"], format!("RiskAssessment/{}", news2().id));
}

#[test]
fn what_only_stands_in_the_record_is_on_no_list() {
    let said = Said { severity: SaidSeverity::Log, ..news2() };
    let bundle = bundle(&said);
    assert_eq!(resource(&bundle, "Flag")["status"], "inactive");
    assert_eq!(resource(&bundle, "Task")["status"], "draft");
    assert_eq!(bundle["meta"]["tag"][2]["code"], "log");
}

#[test]
fn a_flag_stands_from_onset_to_end() {
    let raised = resource(&bundle(&news2()), "Flag");
    assert_eq!(raised["status"], "active");
    assert_eq!(raised["period"], json!({ "start": "2026-11-08T08:30:00Z" }));
    let ended_at = Some(Micros(HALF_PAST_EIGHT.0 + 1_800_000_000));
    let resolved = Said { ended_at, ..changed(&news2(), SaidChange::Resolved) };
    let resolved = resource(&bundle(&resolved), "Flag");
    assert_eq!(resolved["status"], "inactive");
    assert_eq!(resolved["period"]["end"], "2026-11-08T09:00:00Z");
}

#[test]
fn a_risk_rests_on_versions_or_source_positions() {
    let risk = resource(&bundle(&news2()), "RiskAssessment");
    assert_eq!(risk["prediction"][0]["qualitativeRisk"]["text"], "high");
    assert_eq!(risk["method"]["text"], "NEWS2, RCP 2017");
    let basis = risk["basis"].as_array().unwrap();
    assert_eq!(basis[0]["reference"], "Observation/respiratory-rate-1/_history/3");
    assert_eq!(basis[0]["display"], "Respiratory rate 25 /min at 2026-11-08T08:30:00Z");
    assert_eq!(basis[2]["reference"], json!(null));
    let source = json!({ "system": "urn:twinstream:source", "value": "fhir.r4[3]@1042" });
    assert_eq!(basis[2]["identifier"], source);
}

#[test]
fn an_id_that_fhir_refuses_is_no_literal_reference() {
    let mut said = news2();
    for (id, version_id) in [("urn uuid", Some(1)), ("", None), ("a/b", None)] {
        said.evidence[0] =
            SaidEvidence { resource_id: id.to_owned(), version_id, ..said.evidence[0].clone() };
        let basis = &resource(&bundle(&said), "RiskAssessment")["basis"][0];
        assert_eq!(basis["reference"], json!(null), "{id}");
        assert_eq!(basis["identifier"]["value"], "fhir.r4[3]@1042");
    }
    said.evidence[1].resource_kind = String::new();
    let basis = &resource(&bundle(&said), "RiskAssessment")["basis"][1];
    assert_eq!(basis["reference"], json!(null));
    let said = Said { patient: "Person/1".to_owned(), ..news2() };
    let subject = &resource(&bundle(&said), "Flag")["subject"];
    assert_eq!(subject["reference"], json!(null));
    assert_eq!(subject["identifier"]["system"], "urn:twinstream:patient:mercy");
    assert_eq!(subject["identifier"]["value"], "123");
}

#[test]
fn provenance_names_every_fact_and_every_resource() {
    for said in every_said() {
        let bundle = bundle(&said);
        let provenance = resource(&bundle, "Provenance");
        let targets = provenance["target"].as_array().unwrap().iter();
        let targets: Vec<&str> = targets.map(|t| t["reference"].as_str().unwrap()).collect();
        let kinds = kinds(&bundle);
        let kinds = kinds.split(' ').filter(|kind| *kind != "Provenance");
        let expected = kinds.map(|kind| format!("{kind}/{}/_history/{}", said.id, said.revision));
        assert_eq!(targets, expected.collect::<Vec<String>>());
        let entities = provenance["entity"].as_array().map_or(0, Vec::len);
        assert_eq!(entities, said.evidence.len());
        let agent = &provenance["agent"][0]["who"]["identifier"]["value"];
        assert_eq!(*agent, format!("{}|{}", said.pipeline, said.edition));
    }
}

#[test]
fn provenance_holds_positions_whole() {
    let mut said = news2();
    let log = SaidLogPosition { partition: u32::MAX, offset: u64::MAX, index: 7 };
    said.evidence[0] =
        SaidEvidence { source_offset: i64::MAX, log: Some(log), ..said.evidence[0].clone() };
    let provenance = resource(&bundle(&said), "Provenance");
    assert_eq!(provenance["occurredDateTime"], "2026-11-08T08:30:00Z");
    assert_eq!(provenance["recorded"], "2026-11-08T08:30:00.250001Z");
    let entity = &provenance["entity"][0];
    assert_eq!(entity["role"], "source");
    assert_eq!(entity["what"]["reference"], "Observation/respiratory-rate-1/_history/3");
    let part = |url: &str, text: &str| json!({ "url": url, "valueString": text });
    let expected = json!([
        {
            "url": "urn:twinstream:extension:source-position",
            "extension": [
                part("topic", "fhir.r4"),
                part("partition", "3"),
                part("offset", "9223372036854775807"),
            ],
        },
        {
            "url": "urn:twinstream:extension:log-position",
            "extension": [
                part("partition", "4294967295"),
                part("offset", "18446744073709551615"),
                part("index", "7"),
            ],
        },
        {
            "url": "urn:twinstream:extension:code",
            "valueCoding": { "system": "http://loinc.org", "code": "9279-1" },
        },
        {
            "url": "urn:twinstream:extension:effective-at",
            "valueDateTime": "2026-11-08T08:30:00Z",
        },
        {
            "url": "urn:twinstream:extension:known-at",
            "valueInstant": "2026-11-08T08:30:00.250001Z",
        },
    ]);
    assert_eq!(entity["extension"], expected);
}

fn charted(status: SaidScoreStatus, value: Option<&str>, upper: Option<&str>) -> Value {
    let (value, upper) = (value.map(str::to_owned), upper.map(str::to_owned));
    let score = SaidScore { name: "NEWS2".to_owned(), status, value, upper };
    resource(&bundle(&Said { score, ..news2() }), "Observation")
}

#[test]
fn a_score_is_charted_as_what_is_known_of_it() {
    let exact = charted(SaidScoreStatus::Final, Some("7"), None);
    assert_eq!((&exact["valueInteger"], &exact["status"]), (&json!(7), &json!("final")));
    let decimal = charted(SaidScoreStatus::Final, Some("0.75"), None);
    assert_eq!(decimal["valueQuantity"], json!({ "value": 0.75 }));
    let between = charted(SaidScoreStatus::Incomplete, Some("5"), Some("9"));
    assert_eq!(between["status"], "preliminary");
    assert_eq!(between["valueRange"], json!({ "low": { "value": 5.0 }, "high": { "value": 9.0 } }));
    let at_least = charted(SaidScoreStatus::Incomplete, Some("5"), None);
    assert_eq!(at_least["valueQuantity"], json!({ "value": 5.0, "comparator": ">=" }));
    let absences = [
        (SaidScoreStatus::NotApplicable, "not-applicable"),
        (SaidScoreStatus::NotComputable, "unknown"),
        (SaidScoreStatus::Incomplete, "unknown"),
        (SaidScoreStatus::Final, "unknown"),
    ];
    for (status, reason) in absences {
        let absent = charted(status, None, None);
        assert_eq!(absent["dataAbsentReason"]["coding"][0]["code"], reason);
    }
}

#[test]
fn points_go_by_codes_of_points() {
    let score = resource(&bundle(&news2()), "Observation");
    let snomed = |code: &str| json!({ "system": "http://snomed.info/sct", "code": code });
    assert_eq!(score["code"]["coding"][0], snomed("1104051000000101"));
    let ours = |signal: &str| json!({ "system": "urn:twinstream:points:news2", "code": signal });
    let part = |codings: Value, text: &str, points: i64| json!({ "code": { "coding": codings, "text": text }, "valueInteger": points });
    let expected = json!([
        part(
            json!([snomed("1104301000000104"), ours("respiratory_rate")]),
            "Respiratory rate: points",
            3,
        ),
        part(json!([ours("spo2")]), "Oxygen saturation (SpO2): points", 2),
        part(json!([snomed("1104351000000103"), ours("heart_rate")]), "Heart rate: points", 2),
    ]);
    assert_eq!(score["component"], expected);
    assert_eq!(score["derivedFrom"].as_array().unwrap().len(), 3);
    let other = SaidScore { name: "Other".to_owned(), ..news2().score };
    let other = resource(&bundle(&Said { score: other, ..news2() }), "Observation").to_string();
    assert!(!other.contains("snomed"));
}

fn statuses(said: &Said) -> [String; 2] {
    let bundle = bundle(said);
    let main = resources(&bundle)[0]["status"].as_str().unwrap().to_owned();
    [main, resource(&bundle, "Task")["status"].as_str().unwrap().to_owned()]
}

#[test]
fn a_follow_up_is_a_proposal_until_its_result_comes() {
    let due = kidney_monitoring();
    assert_eq!(statuses(&due), ["draft", "requested"]);
    let resolved = changed(&due, SaidChange::Resolved);
    let note = |text: &str| Said { notes: vec![text.to_owned()], ..resolved.clone() };
    let done = note("closed by the result of 2026-11-09T10:00:00Z");
    assert_eq!(statuses(&done), ["completed", "completed"]);
    assert_eq!(statuses(&note("ended: dialysis")), ["revoked", "cancelled"]);
    assert_eq!(statuses(&resolved), ["revoked", "cancelled"]);
}

#[test]
fn a_follow_up_has_its_window_and_its_reasons() {
    let bundle = bundle(&kidney_monitoring());
    let (request, task) = (resource(&bundle, "ServiceRequest"), resource(&bundle, "Task"));
    let window = json!({ "start": "2026-11-08T08:30:00Z", "end": "2026-12-08T08:30:00Z" });
    assert_eq!(request["intent"], "proposal");
    assert_eq!(request["occurrencePeriod"], window);
    assert_eq!(request["code"]["text"], "Kidney monitoring: egfr");
    let reference = |list: &Value| list[0]["reference"].clone();
    assert_eq!(reference(&request["reasonReference"]), "Observation/creatinine-1/_history/3");
    assert_eq!(reference(&request["supportingInfo"]), "MedicationRequest/creatinine-1/_history/3");
    assert_eq!(task["intent"], "proposal");
    assert_eq!(task["restriction"]["period"], window);
    assert_eq!(task["businessStatus"]["text"], "due");
}

#[test]
fn a_suggestion_never_becomes_active() {
    for change in CHANGES {
        for resource in resources(&bundle(&changed(&metformin(), change))) {
            let status = resource["status"].as_str().unwrap_or_default();
            assert!(!["active", "requested", "accepted", "ready"].contains(&status), "{resource}");
        }
    }
    let group = resource(&bundle(&metformin()), "RequestGroup");
    assert_eq!((&group["status"], &group["intent"]), (&json!("draft"), &json!("proposal")));
    assert_eq!(group["action"][0]["textEquivalent"], metformin().text);
    assert_eq!(group["action"][0]["precheckBehavior"], "no");
}

#[test]
fn a_band_that_asks_for_an_input_requires_data() {
    let response = |band: &str| {
        let said = Said { band: band.to_owned(), ..metformin() };
        resource(&bundle(&said), "GuidanceResponse")
    };
    assert_eq!(response("check-egfr")["status"], "data-required");
    let success = response("contraindicated-stop");
    assert_eq!(success["status"], "success");
    assert_eq!(
        success["moduleUri"],
        "urn:twinstream:pipeline:metformin-egfr|FDA%202016-04-08%3B%20eGFR%20CKD-EPI%202021"
    );
    assert_eq!(success["result"]["reference"], format!("RequestGroup/{}", metformin().id));
}

#[test]
fn everything_is_labelled_when_a_model_spoke_and_nothing_otherwise() {
    for said in every_said() {
        let bundle = bundle(&said);
        for resource in resources(&bundle).iter().chain([&bundle]) {
            let label = &resource["meta"]["security"][0]["code"];
            assert_eq!(label == "AIAST", said.is_model);
        }
    }
}

#[test]
fn what_would_mislead_is_refused() {
    let refused = |said: Said| bundle_json(&said).unwrap_err();
    let said = news2();
    let id = "0123456789abcdef0123456789abcdeg".to_owned();
    assert!(matches!(refused(Said { id, ..said.clone() }), FhirError::Id { length_bytes: 32 }));
    let blank = Said { patient_id: String::new(), ..said.clone() };
    assert!(matches!(refused(blank), FhirError::Blank { field: "patient_id" }));
    for micros in [i64::MAX, i64::MIN, -62_135_596_800_000_001] {
        let at = Said { at: Micros(micros), ..said.clone() };
        assert!(matches!(refused(at), FhirError::Time { field: "at", .. }), "{micros}");
    }
    let ended = Said {
        status: SaidStatus::Resolved,
        ended_at: Some(Micros(HALF_PAST_EIGHT.0 - 1)),
        ..said.clone()
    };
    assert!(matches!(refused(ended), FhirError::Period { field: "onset" }));
    for text in ["", "seven", "NaN", "1e3", "--7"] {
        let score = SaidScore { value: Some(text.to_owned()), ..said.score.clone() };
        let wrong = Said { score, ..said.clone() };
        assert!(matches!(refused(wrong), FhirError::Number { field: "score.value" }), "{text}");
    }
    let (value, upper) = (Some("9".to_owned()), Some("5".to_owned()));
    let status = SaidScoreStatus::Incomplete;
    let score = SaidScore { status, value, upper, ..said.score.clone() };
    assert!(matches!(refused(Said { score, ..said }), FhirError::Bounds));
}
