//! The answer to a what-if: what would be scored and said otherwise if some facts were so.
//!
//! Everything in it is hypothetical: nothing of it was written, and nobody was told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What would change.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct WhatIfRecord {
    /// Always true: what follows did not happen.
    pub hypothetical: bool,
    /// The patient as `namespace/identifier`.
    pub patient: String,
    /// The instant as of which the facts were applied; facts without a time count then.
    pub as_of: String,
    /// How many hypothetical facts were applied.
    pub n_facts: u64,
    /// Whether no newest score, nothing said and nothing held back would be another.
    pub nothing_changes: bool,
    /// What a reader must know of how the facts were read.
    pub notes: Vec<String>,
    /// The newest scores that would be others.
    pub scores: Vec<ScoreChanged>,
    /// What would be said, in order.
    pub effects: Vec<EffectChanged>,
    /// What would be true and not be said, with the reason.
    pub withheld: Vec<Withheld>,
}

/// The newest score of a pipeline's subject, as it is and as it would be.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ScoreChanged {
    /// The pipeline.
    pub pipeline: String,
    /// The subject, where the pipeline has several; else empty.
    pub subject: String,
    /// What the value is, with its unit.
    pub value_is: String,
    /// As it is; none where there is no score yet.
    pub before: Option<ScoreState>,
    /// As it would be; none where there would be no score any more.
    pub after: Option<ScoreState>,
    /// The inputs that would be read otherwise.
    pub moved: Vec<InputMoved>,
}

/// A score.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ScoreState {
    /// The instant it is a score of.
    pub at: String,
    /// `final`, `incomplete`, `not-applicable`, `not-computable`.
    pub status: String,
    /// The value, or the lower bound, as a decimal number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The upper bound of an incomplete one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<String>,
    /// The band, where it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<String>,
    /// When an item is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// Why there is no value, and what a reader must know; empty for nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
}

/// An input that would be read otherwise.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct InputMoved {
    /// The input, as the pipeline file names it.
    pub input: String,
    /// What is read; empty where there is no score yet.
    pub before: String,
    /// What would be read.
    pub after: String,
    /// Whether it would be read so without the facts too: only time has passed since the score.
    pub by_time_alone: bool,
    /// What it contributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_before: Option<i64>,
    /// What it would contribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_after: Option<i64>,
}

/// A revision of an effect that would leave.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct EffectChanged {
    /// `alert`, `follow-up` or `suggestion`.
    pub kind: String,
    /// The pipeline.
    pub pipeline: String,
    /// `live`; `shadow` or `paused` where it would say so if it were live, and nobody would be told as it is.
    pub state: String,
    /// The subject, where the pipeline has several; else empty.
    pub subject: String,
    /// `raised`, `escalated`, `lowered`, `revised`, `resolved` or `withdrawn`.
    pub change: String,
    /// The band it stands in before; none where it does not stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band_before: Option<String>,
    /// The band.
    pub band: String,
    /// `interruptive`, `passive` or `log`.
    pub severity: String,
    /// What would be said.
    pub text: String,
    /// What a reader must know.
    pub notes: Vec<String>,
    /// When a follow-up would be due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// What it would rest on.
    pub evidence: Vec<EvidenceOf>,
}

/// One fact that an effect would rest on.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct EvidenceOf {
    /// Whether it is one of the hypothetical facts.
    pub hypothetical: bool,
    /// What a nurse reads: `Respiratory rate`.
    pub label: String,
    /// Its value with unit.
    pub value: String,
    /// When it is true.
    pub effective_at: String,
    /// The source record as `topic[partition]@offset`.
    pub source: String,
    /// What it contributes to the score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<i64>,
}

/// Something that would be true and not be said.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Withheld {
    /// The pipeline.
    pub pipeline: String,
    /// The subject, where the pipeline has several; else empty.
    pub subject: String,
    /// The band it would have.
    pub band: String,
    /// `setting`, `silent-state`, `lockout`, or `retrospective` for evidence that is old.
    pub reason: String,
}
