//! One effect of each kind, as the product says it.

use serde_json::Value;
use twinstream_fhir::bundle::bundle_json;
use twinstream_fhir::said::{
    Micros, Said, SaidAnswer, SaidChange, SaidDue, SaidEvidence, SaidKind, SaidLogPosition,
    SaidScore, SaidScoreStatus, SaidSeverity, SaidStatus,
};

/// 2026-11-08T08:30:00Z.
pub(crate) const HALF_PAST_EIGHT: Micros = Micros(1_794_126_600_000_000);
/// 250 ms and 1 us later.
pub(crate) const KNOWN: Micros = Micros(HALF_PAST_EIGHT.0 + 250_001);
const HOUR: i64 = 3_600_000_000;

/// The three kinds.
pub(crate) fn all() -> [Said; 3] {
    [news2(), kidney_monitoring(), metformin()]
}

/// The Bundle of an effect.
pub(crate) fn bundle(said: &Said) -> Value {
    serde_json::from_str(&bundle_json(said).unwrap()).unwrap()
}

/// The resources of a Bundle.
pub(crate) fn resources(bundle: &Value) -> Vec<Value> {
    let entries = bundle["entry"].as_array().unwrap();
    entries.iter().map(|entry| entry["resource"].clone()).collect()
}

/// The resource of this type; null when the Bundle has none.
pub(crate) fn resource(bundle: &Value, kind: &str) -> Value {
    let mut resources = resources(bundle).into_iter();
    resources.find(|resource| resource["resourceType"] == kind).unwrap_or_default()
}

/// The types of a Bundle's resources, in order.
pub(crate) fn kinds(bundle: &Value) -> String {
    let kinds = resources(bundle);
    let kinds = kinds.iter().map(|resource| resource["resourceType"].as_str().unwrap());
    kinds.collect::<Vec<&str>>().join(" ")
}

/// What `change` makes of an effect.
pub(crate) fn changed(said: &Said, change: SaidChange) -> Said {
    let status = match change {
        SaidChange::Resolved => SaidStatus::Resolved,
        SaidChange::Withdrawn => SaidStatus::Withdrawn,
        SaidChange::Raised
        | SaidChange::Escalated
        | SaidChange::Lowered
        | SaidChange::Revised
        | SaidChange::Acknowledged
        | SaidChange::Snoozed
        | SaidChange::Reminded => SaidStatus::Active,
    };
    Said { revision: said.revision + 1, change, status, ..said.clone() }
}

/// NEWS2 of 7, raised.
pub(crate) fn news2() -> Said {
    Said {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        revision: 1,
        kind: SaidKind::Alert,
        change: SaidChange::Raised,
        status: SaidStatus::Active,
        pipeline: "news2".to_owned(),
        edition: "RCP 2017".to_owned(),
        title: "NEWS2".to_owned(),
        citation: "Royal College of Physicians. NEWS 2. London: RCP, December 2017.".to_owned(),
        subject: String::new(),
        band: "high".to_owned(),
        severity: SaidSeverity::Interruptive,
        text: "NEWS2 7. Consider emergency assessment.".to_owned(),
        answer: SaidAnswer::None,
        notes: vec!["SpO2 scale 1 (default: no order for scale 2)".to_owned()],
        patient: "Patient/123".to_owned(),
        patient_namespace: "mercy".to_owned(),
        patient_id: "123".to_owned(),
        encounter: "Encounter/9".to_owned(),
        ward: "Ward 4B".to_owned(),
        onset: HALF_PAST_EIGHT,
        at: HALF_PAST_EIGHT,
        ended_at: None,
        known: KNOWN,
        due: None,
        score: SaidScore {
            name: "NEWS2".to_owned(),
            status: SaidScoreStatus::Final,
            value: Some("7".to_owned()),
            upper: None,
        },
        evidence: vec![
            fact("respiratory_rate", "Respiratory rate", "25 /min", "9279-1", Some(3)),
            fact("spo2", "Oxygen saturation (SpO2)", "92 %", "59408-5", Some(2)),
            SaidEvidence {
                resource_kind: "Measurement".to_owned(),
                resource_id: String::new(),
                version_id: None,
                ..fact("heart_rate", "Heart rate", "115 /min", "8867-4", Some(2))
            },
        ],
        is_model: false,
    }
}

/// An eGFR that is due.
pub(crate) fn kidney_monitoring() -> Said {
    Said {
        kind: SaidKind::FollowUp,
        pipeline: "ckd-monitoring".to_owned(),
        edition: "KDIGO 2024; eGFR CKD-EPI 2021".to_owned(),
        title: "Kidney monitoring".to_owned(),
        subject: "egfr".to_owned(),
        band: "due".to_owned(),
        severity: SaidSeverity::Passive,
        text: "eGFR (creatinine) is due since 2026-11-08. Consider ordering it.".to_owned(),
        answer: SaidAnswer::None,
        notes: Vec::new(),
        due: Some(SaidDue {
            due_at: HALF_PAST_EIGHT,
            overdue_at: Micros(HALF_PAST_EIGHT.0 + 30 * 24 * HOUR),
        }),
        score: SaidScore {
            name: "eGFR in mL/min/1.73 m2".to_owned(),
            status: SaidScoreStatus::Final,
            value: Some("44.5".to_owned()),
            upper: None,
        },
        evidence: vec![
            fact("creatinine", "Creatinine", "1.60 mg/dL", "2160-0", None),
            SaidEvidence {
                resource_kind: "MedicationRequest".to_owned(),
                ..fact("creatinine", "Metformin", "active", "6809", None)
            },
        ],
        ..news2()
    }
}

/// Metformin below an eGFR of 30.
pub(crate) fn metformin() -> Said {
    Said {
        kind: SaidKind::Suggestion,
        pipeline: "metformin-egfr".to_owned(),
        edition: "FDA 2016-04-08; eGFR CKD-EPI 2021".to_owned(),
        title: "Metformin and eGFR".to_owned(),
        subject: String::new(),
        band: "contraindicated-stop".to_owned(),
        text: "Consider stopping metformin, because eGFR is 28 mL/min/1.73 m2.".to_owned(),
        due: None,
        ..kidney_monitoring()
    }
}

fn fact(signal: &str, label: &str, value: &str, loinc: &str, points: Option<i64>) -> SaidEvidence {
    SaidEvidence {
        signal: signal.to_owned(),
        label: label.to_owned(),
        value: value.to_owned(),
        code_system: "http://loinc.org".to_owned(),
        code: loinc.to_owned(),
        at: HALF_PAST_EIGHT,
        known_at: KNOWN,
        resource_kind: "Observation".to_owned(),
        resource_id: format!("{}-1", signal.replace('_', "-")),
        version_id: Some(3),
        source_topic: "fhir.r4".to_owned(),
        source_partition: 3,
        source_offset: 1_042,
        log: Some(SaidLogPosition { partition: 5, offset: 88_000_000_001, index: 7 }),
        points,
    }
}
