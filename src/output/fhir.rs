//! An effect as FHIR R4: fills the plain structs of the leaf package `twinstream-fhir`.

use twinstream_fhir::bundle::bundle_json;
use twinstream_fhir::said::{
    Micros, Said, SaidAnswer, SaidChange, SaidDue, SaidEvidence, SaidKind, SaidLogPosition,
    SaidScore, SaidScoreStatus, SaidSeverity, SaidStatus,
};

use crate::domain::decimal::plain;
use crate::domain::effect::{
    Effect, EffectChange, EffectKind, EffectScore, EffectStatus, Evidence, Severity,
};
use crate::domain::identity::{LogPosition, TwinId};
use crate::domain::response::{Given, Response};
use crate::domain::time::Timestamp;
use crate::output::record::{FHIR_TOPIC, OutRecord, OutputError, headers};

/// The FHIR Bundle of a revision.
///
/// # Errors
/// If it cannot be written, which is our own mistake.
pub fn fhir_record(
    twin: &TwinId<'_>,
    effect: &Effect,
    cause: LogPosition,
) -> Result<OutRecord, OutputError> {
    let value = bundle_json(&said(twin, effect)).map_err(|error| OutputError {
        id: effect.id.to_string(),
        form: "FHIR",
        message: error.to_string(),
    })?;
    let headers = headers(effect, cause, "fhir");
    Ok(OutRecord { topic: FHIR_TOPIC, key: twin.to_string(), headers, value })
}

fn micros(at: Timestamp) -> Micros {
    Micros(at.micros())
}

fn said(twin: &TwinId<'_>, effect: &Effect) -> Said {
    Said {
        id: effect.id.to_string(),
        revision: effect.revision,
        kind: match effect.kind {
            EffectKind::Alert => SaidKind::Alert,
            EffectKind::FollowUp => SaidKind::FollowUp,
            EffectKind::Suggestion => SaidKind::Suggestion,
            EffectKind::Risk => SaidKind::Risk,
        },
        change: match effect.change {
            EffectChange::Raised => SaidChange::Raised,
            EffectChange::Escalated => SaidChange::Escalated,
            EffectChange::Lowered => SaidChange::Lowered,
            // What moved does not leave: the identity that it moved to says it.
            EffectChange::Revised | EffectChange::Moved => SaidChange::Revised,
            EffectChange::Resolved => SaidChange::Resolved,
            EffectChange::Withdrawn => SaidChange::Withdrawn,
            EffectChange::Acknowledged => SaidChange::Acknowledged,
            EffectChange::Snoozed => SaidChange::Snoozed,
            EffectChange::Reminded => SaidChange::Reminded,
        },
        status: match effect.status {
            EffectStatus::Active => SaidStatus::Active,
            EffectStatus::Resolved | EffectStatus::Moved => SaidStatus::Resolved,
            EffectStatus::Withdrawn => SaidStatus::Withdrawn,
        },
        pipeline: effect.pipeline.to_string(),
        edition: effect.edition.to_string(),
        title: effect.title.to_string(),
        citation: effect.citation.to_string(),
        subject: effect.subject.to_string(),
        band: effect.band.to_string(),
        severity: match effect.severity {
            Severity::Log => SaidSeverity::Log,
            Severity::Passive => SaidSeverity::Passive,
            Severity::Interruptive => SaidSeverity::Interruptive,
        },
        text: effect.text.clone(),
        notes: notes(effect),
        answer: answer(effect),
        patient: format!("Patient/{}", twin.patient),
        patient_namespace: twin.namespace.to_string(),
        patient_id: twin.patient.to_string(),
        encounter: effect.encounter.clone(),
        ward: effect.ward.clone(),
        onset: micros(effect.onset),
        at: micros(effect.at),
        ended_at: effect.ended_at.map(micros),
        known: micros(effect.known),
        due: effect
            .due
            .map(|(due, overdue)| SaidDue { due_at: micros(due), overdue_at: micros(overdue) }),
        score: score(&effect.score),
        evidence: effect.evidence.iter().map(evidence).collect(),
        is_model: false,
    }
}

/// What a reader must know, and what people did about it.
fn notes(effect: &Effect) -> Vec<String> {
    let given = effect.handling.given().iter().map(|given| {
        let Response { action, by, role, why, at, .. } = &given.response;
        let until = action.until().map_or(String::new(), |until| format!(" until {until}"));
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        format!("{}{until} by {by} ({role}) at {at}{why}", action.past())
    });
    effect.notes.iter().cloned().chain(given).collect()
}

fn answer(effect: &Effect) -> SaidAnswer {
    let of = |given: &Given| {
        let Response { by, role, .. } = &given.response;
        format!("{by} ({role})")
    };
    let handling = &effect.handling;
    match (handling.snoozed(), handling.acknowledged()) {
        (Some(given), _) => SaidAnswer::Snoozed { by: of(given) },
        (None, Some(given)) => SaidAnswer::Acknowledged { by: of(given) },
        (None, None) => SaidAnswer::None,
    }
}

fn score(score: &EffectScore) -> SaidScore {
    SaidScore {
        name: score.name.to_string(),
        status: match score.status {
            "final" => SaidScoreStatus::Final,
            "incomplete" => SaidScoreStatus::Incomplete,
            "not-applicable" => SaidScoreStatus::NotApplicable,
            _ => SaidScoreStatus::NotComputable,
        },
        value: score.value.map(|value| plain(value, score.decimals)),
        upper: score.upper.map(|value| plain(value, score.decimals)),
    }
}

fn evidence(evidence: &Evidence) -> SaidEvidence {
    let (system, code) = evidence.code.rsplit_once('|').unwrap_or(("", &evidence.code));
    SaidEvidence {
        signal: evidence.fact.name(evidence.kind).to_owned(),
        label: evidence.fact.label().to_owned(),
        value: evidence.value.clone(),
        code_system: system.to_owned(),
        code: code.to_owned(),
        at: micros(evidence.at),
        known_at: micros(evidence.known_at),
        resource_kind: evidence.kind.name().to_owned(),
        resource_id: evidence.resource.clone(),
        version_id: evidence.version_id,
        source_topic: evidence.source.topic.to_string(),
        source_partition: evidence.source.partition,
        source_offset: evidence.source.offset,
        log: evidence.log.map(|LogPosition { partition, offset, index }| SaidLogPosition {
            partition,
            offset,
            index,
        }),
        points: evidence.points,
    }
}
