//! A pipeline file as it is written, and what is wrong with one, by line and column.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

/// A pipeline file. Unknown keys are errors.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineFile {
    /// The name in SQL, effects and commands.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// `live`; `shadow` for one that speaks nowhere before somebody has decided so; `draft` for one that is not in force
    /// until somebody puts it there.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub state: Option<Spanned<String>>,
    /// What a nurse reads.
    pub title: String,
    /// `alert`, `follow-up`, `suggestion` or `risk`.
    #[schemars(with = "String")]
    pub kind: Spanned<String>,
    /// The edition of the rule.
    pub edition: String,
    /// Where the rule is published.
    pub source: String,
    /// Its inputs, by name; those of a model stand in the model's file.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub features: BTreeMap<String, Spanned<String>>,
    /// For whom it is made.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub applies_when: Vec<Spanned<String>>,
    /// What a score table's total, or a model's risk, is called.
    pub score: Option<String>,
    /// The table, as printed.
    #[schemars(with = "Option<String>")]
    pub score_table: Option<Spanned<String>>,
    /// A rule by name, instead of a table.
    #[schemars(with = "Option<String>")]
    pub rule: Option<Spanned<String>>,
    /// A model by name, instead of either; its inputs stand in the model's file.
    #[schemars(with = "Option<String>")]
    pub model: Option<Spanned<String>>,
    /// The rule's parameters.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub parameters: BTreeMap<String, Spanned<String>>,
    /// Notes for a reader, by condition.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub notes: BTreeMap<String, Spanned<String>>,
    /// What the subjects of a rule are called.
    #[serde(default)]
    pub subjects: BTreeMap<String, String>,
    /// Bands, the most severe first.
    pub bands: Vec<BandFile>,
    /// When something is said.
    pub policy: PolicyFile,
    /// Worked examples, stories with clinical times.
    #[serde(default)]
    pub stories: Vec<StoryFile>,
}

/// A band.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BandFile {
    /// Its name.
    #[schemars(with = "String")]
    pub band: Spanned<String>,
    /// When a score table's total or a model's risk reaches it; left out for the lowest, and for rules.
    #[schemars(with = "Option<String>")]
    pub when: Option<Spanned<String>>,
    /// `interruptive`, `passive` or `log`.
    #[schemars(with = "String")]
    pub severity: Spanned<String>,
    /// What is said, with `{values}`.
    #[schemars(with = "String")]
    pub says: Spanned<String>,
}

/// When something is said.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// The least band that is said; `never` for a score that is only kept.
    #[schemars(with = "String")]
    pub raise_from: Spanned<String>,
    /// How long the condition must be gone before the episode ends.
    #[schemars(with = "String")]
    pub clears_after: Spanned<String>,
    /// How long after an episode the same is not said again.
    #[schemars(with = "String")]
    pub lockout: Spanned<String>,
    /// Evidence older than this when it becomes known is never said.
    #[schemars(with = "String")]
    pub evidence_age_max: Spanned<String>,
    /// The settings it speaks in; everywhere if left out.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub settings: Vec<Spanned<String>>,
    /// States in which it is silent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub silent_when: Vec<Spanned<String>>,
}

/// A worked example.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoryFile {
    /// What it shows.
    pub name: String,
    /// The lines.
    pub story: String,
}

/// What is wrong with a pipeline or value set file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Not YAML, or not of this form; the message shows the place.
    #[error("{0}")]
    Yaml(String),
    /// A value that means nothing here.
    #[error("line {line} column {column}: {message}")]
    At {
        /// From 1.
        line: u64,
        /// From 1.
        column: u64,
        /// What is wrong, and what was expected.
        message: String,
    },
}

impl FileError {
    /// The error of the YAML reader, with its picture of the place.
    pub fn yaml(error: serde_saphyr::Error) -> FileError {
        FileError::Yaml(error.to_string())
    }

    /// An error about a value of the file.
    pub fn at<T>(place: &Spanned<T>, message: impl Into<String>) -> FileError {
        let (line, column) = (place.referenced.line(), place.referenced.column());
        FileError::At { line, column, message: message.into() }
    }
}
