//! The alert record: what leaves on `twin.alerts.v1` for every revision of an effect.
//!
//! `schemas/twin.alerts.v1.schema.json` is the contract, made from what stands here; `tests/contracts.rs`
//! compares.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::decimal::plain;
use crate::domain::effect::{Effect, Evidence};
use crate::domain::identity::{LogPosition, TwinId};
use crate::domain::response::{Given, Response};
use crate::domain::time::Timestamp;

/// One revision of an alert, follow-up or suggestion.
#[derive(Debug, JsonSchema, Serialize)]
pub struct AlertRecord {
    /// The effect: the same through all its revisions, and in every replay.
    pub id: String,
    /// Counts from 1.
    pub revision: u32,
    /// `active`, `resolved` or `withdrawn`.
    pub status: &'static str,
    /// Why this record is sent: `raised`, `escalated`, `lowered`, `revised`, `resolved`, `withdrawn`,
    /// `acknowledged`, `snoozed`, `reminded`.
    pub change: &'static str,
    /// `alert`, `follow-up` or `suggestion`.
    pub kind: &'static str,
    /// The pipeline.
    pub pipeline: String,
    /// `shadow` where the pipeline is in shadow and nobody is to be told, on `twin.shadow.v1` only; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// The edition of its rule.
    pub edition: String,
    /// What a nurse reads.
    pub title: String,
    /// What it is about, where the pipeline has several subjects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The patient as `namespace/identifier`.
    pub patient: String,
    /// Counts the records about the patient from 1, in the order in which they leave: who sees a gap has missed one.
    pub number: u32,
    /// The encounter as a FHIR reference, where there is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub encounter: String,
    /// The ward at its time, where it is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ward: String,
    /// The effective time of the fact that caused this revision.
    pub effective_at: String,
    /// The start of the episode.
    pub onset: String,
    /// When the condition ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// When it was first said.
    pub raised_at: String,
    /// When this revision was made.
    pub known_at: String,
    /// When a follow-up is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// When a follow-up is overdue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue_at: Option<String>,
    /// The band.
    pub band: String,
    /// `interruptive`, `passive` or `log`.
    pub severity: &'static str,
    /// The score behind it.
    pub score: ScoreRecord,
    /// What is said.
    pub text: String,
    /// What a reader must know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What it rests on.
    pub evidence: Vec<EvidenceRecord>,
    /// Who has taken it; left out until someone did, and where it became worse since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<ResponseRecord>,
    /// Who silenced it, and until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snoozed: Option<ResponseRecord>,
    /// Which person resolved it; left out where its condition ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<ResponseRecord>,
    /// The event of the log that caused this revision: partition, offset, index.
    pub cause: PositionRecord,
}

/// What a person did about it.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ResponseRecord {
    /// Who.
    pub by: String,
    /// In which role.
    pub role: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// When.
    pub at: String,
    /// Until when it is silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A score.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ScoreRecord {
    /// What it is.
    pub name: String,
    /// `final`, `incomplete`, `not-applicable`, `not-computable`.
    pub status: &'static str,
    /// The value, or the lower bound, as a decimal number.
    pub value: Option<String>,
    /// The upper bound of an incomplete one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper: Option<String>,
}

/// One fact an effect rests on.
#[derive(Debug, JsonSchema, Serialize)]
pub struct EvidenceRecord {
    /// What a nurse reads: `Respiratory rate`.
    pub label: String,
    /// The signal: `respiratory_rate`.
    pub signal: String,
    /// Its value with unit.
    pub value: String,
    /// The code it came under, as `system|code`.
    pub code: String,
    /// When it was true.
    pub effective_at: String,
    /// When it became known.
    pub known_at: String,
    /// The resource as `Type/id`; empty for a wearable's sample.
    pub resource: String,
    /// Its version, where that is an integer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<u64>,
    /// The source record: topic, partition, offset.
    pub source: SourceRecord,
    /// The place in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<PositionRecord>,
    /// What it contributed to the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<i64>,
}

/// Where a source record lies.
#[derive(Debug, JsonSchema, Serialize)]
pub struct SourceRecord {
    /// The topic or file.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// A place in the log.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PositionRecord {
    /// The partition.
    pub partition: u32,
    /// The offset of the frame.
    pub offset: u64,
    /// The place in the frame.
    pub index: u32,
}

impl AlertRecord {
    /// The record of an effect as it stands, the `number`th about its patient.
    pub fn new(twin: &TwinId<'_>, number: u32, effect: &Effect, cause: LogPosition) -> AlertRecord {
        AlertRecord {
            id: effect.id.to_string(),
            revision: effect.revision,
            status: effect.status.name(),
            change: effect.change.name(),
            kind: effect.kind.name(),
            pipeline: effect.pipeline.to_string(),
            state: None,
            edition: effect.edition.to_string(),
            title: effect.title.to_string(),
            subject: effect.subject.to_string(),
            patient: twin.to_string(),
            number,
            encounter: effect.encounter.clone(),
            ward: effect.ward.clone(),
            effective_at: effect.at.to_string(),
            onset: effect.onset.to_string(),
            ended_at: effect.ended_at.map(|at| at.to_string()),
            raised_at: effect.raised_known.to_string(),
            known_at: effect.known.to_string(),
            due_at: effect.due.map(|(due, _)| due.to_string()),
            overdue_at: effect.due.map(|(_, overdue)| overdue.to_string()),
            band: effect.band.to_string(),
            severity: effect.severity.name(),
            score: ScoreRecord {
                name: effect.score.name.to_string(),
                status: effect.score.status,
                value: effect.score.value.map(|value| plain(value, effect.score.decimals)),
                upper: effect.score.upper.map(|value| plain(value, effect.score.decimals)),
            },
            text: effect.text.clone(),
            notes: effect.notes.clone(),
            evidence: effect.evidence.iter().map(evidence).collect(),
            acknowledged: effect.handling.acknowledged().map(response),
            snoozed: effect.handling.snoozed().map(response),
            resolved: effect.handling.resolved().map(response),
            cause: position(cause),
        }
    }
}

fn response(given: &Given) -> ResponseRecord {
    let Response { action, by, role, why, at, .. } = &given.response;
    ResponseRecord {
        by: by.to_string(),
        role: role.to_string(),
        why: why.to_string(),
        at: at.to_string(),
        until: action.until().map(|until| until.to_string()),
    }
}

fn evidence(evidence: &Evidence) -> EvidenceRecord {
    let time = |at: Timestamp| at.to_string();
    let resource = match evidence.resource.is_empty() {
        true => String::new(),
        false => format!("{}/{}", evidence.kind.name(), evidence.resource),
    };
    EvidenceRecord {
        label: evidence.fact.label().to_owned(),
        signal: evidence.fact.name(evidence.kind).to_owned(),
        value: evidence.value.clone(),
        code: evidence.code.clone(),
        effective_at: time(evidence.at),
        known_at: time(evidence.known_at),
        resource,
        version_id: evidence.version_id,
        source: SourceRecord {
            topic: evidence.source.topic.to_string(),
            partition: evidence.source.partition,
            offset: evidence.source.offset,
        },
        log: evidence.log.map(position),
        points: evidence.points,
    }
}

fn position(position: LogPosition) -> PositionRecord {
    let LogPosition { partition, offset, index } = position;
    PositionRecord { partition, offset, index }
}
