//! A model file as it is written: what a model reads, in its order, and the hash of its weights.
//!
//! ```text
//! features: |
//!   heart_rate      | latest heart_rate within 24 h   | 84
//!   lactate_slope   | slope lactate within 24 h       |
//! ```
//! A line is a name, a feature and its usual value: what it is set against when it is asked what moved the model.
//! One without a usual value is usually missing.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::pipeline::feature::Feature;
use crate::pipeline::file::FileError;
use crate::pipeline::value_set::ValueSets;
use crate::rules::assessment::InputKind;

/// A model file. Unknown keys are errors.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// The name pipeline files give.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// Which training of it this is.
    pub edition: String,
    /// The file of its weights, beside this one; left out before it is trained.
    #[schemars(with = "Option<String>")]
    pub weights: Option<Spanned<String>>,
    /// The SHA-256 of the weights, in lower-case hexadecimal.
    #[schemars(with = "Option<String>")]
    pub sha256: Option<Spanned<String>>,
    /// Its inputs, one a line, in the order of a row.
    #[schemars(with = "String")]
    pub features: Spanned<String>,
}

/// A model as pipelines name it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSpec {
    /// Its name.
    pub name: Arc<str>,
    /// Which training of it this is.
    pub edition: Arc<str>,
    /// The SHA-256 of its weights; `None` before it is trained.
    pub sha256: Option<String>,
    /// Its inputs, in the order of a row.
    pub inputs: Vec<ModelInput>,
}

/// An input of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInput {
    /// Its name.
    pub name: String,
    /// What it is of a twin.
    pub feature: Feature,
    /// What it usually is, in the feature's unit; `None` where it is usually missing.
    pub usual: Option<f32>,
}

/// Inputs beyond these are a mistake in writing: a row of the greatest model that ships has a fifth of them.
const INPUTS_MAX: usize = 1_000;

impl ModelFile {
    /// Reads a model file, and not yet its features.
    ///
    /// # Errors
    /// What is wrong with it, by line and column.
    pub fn read(text: &str) -> Result<ModelFile, FileError> {
        let file: ModelFile = serde_saphyr::from_str(text).map_err(FileError::yaml)?;
        let is_plain =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if file.name.value.is_empty() || !file.name.value.chars().all(is_plain) {
            return Err(FileError::at(
                &file.name,
                "expected lower-case letters, digits, `_` and `-`",
            ));
        }
        let is_hash = |text: &str| {
            text.len() == 64
                && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        match (&file.weights, &file.sha256) {
            (None, None) => Ok(file),
            (Some(weights), None) => Err(FileError::at(weights, "expected `sha256` beside it")),
            (None, Some(sha256)) => Err(FileError::at(sha256, "expected `weights` beside it")),
            (Some(_), Some(sha256)) if !is_hash(&sha256.value) => {
                Err(FileError::at(sha256, "expected 64 hexadecimal digits"))
            }
            (Some(weights), Some(_)) if weights.value.contains(['/', '\\', '~']) => {
                Err(FileError::at(weights, "expected the name of a file beside this one"))
            }
            (Some(_), Some(_)) => Ok(file),
        }
    }
}

impl ModelSpec {
    /// Reads a model file.
    ///
    /// # Errors
    /// What is wrong with it, by line and column.
    pub fn read(text: &str, value_sets: &ValueSets) -> Result<ModelSpec, FileError> {
        let file = ModelFile::read(text)?;
        let inputs = inputs(&file.features, value_sets)?;
        Ok(ModelSpec {
            name: file.name.value.as_str().into(),
            edition: file.edition.into(),
            sha256: file.sha256.map(|sha256| sha256.value),
            inputs,
        })
    }
}

fn inputs(text: &Spanned<String>, value_sets: &ValueSets) -> Result<Vec<ModelInput>, FileError> {
    let mut inputs: Vec<ModelInput> = Vec::new();
    let lines = text.value.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (index, line) in lines {
        let line_number = text.referenced.line() + u64::try_from(index).unwrap_or(0);
        let at = |message: String| FileError::At {
            line: line_number,
            column: text.referenced.column(),
            message,
        };
        let input = input(line, value_sets).map_err(at)?;
        if inputs.iter().any(|known| known.name == input.name) {
            return Err(at(format!("there are two inputs `{}`", input.name)));
        }
        inputs.push(input);
    }
    match inputs.len() {
        0 => Err(FileError::at(text, "expected inputs, one a line: `name | feature | usual`")),
        1..=INPUTS_MAX => Ok(inputs),
        more => Err(FileError::at(text, format!("{more} inputs, expected {INPUTS_MAX} at most"))),
    }
}

fn input(line: &str, value_sets: &ValueSets) -> Result<ModelInput, String> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [name, words, usual] = *cells.as_slice() else {
        return Err(format!("`{}`: expected `name | feature | usual value`", line.trim()));
    };
    if name.is_empty() {
        return Err("an input needs a name".to_owned());
    }
    let feature = Feature::parse(words)?;
    match feature.kind() {
        InputKind::Reading
        | InputKind::Number
        | InputKind::State
        | InputKind::Age
        | InputKind::Sex => {}
        InputKind::Series | InputKind::List | InputKind::Birth | InputKind::Score => {
            return Err(format!("`{words}` is no number, which an input of a model must be"));
        }
    }
    let set = feature.stated().and_then(|stated| stated.set.as_ref());
    if let Some(set) = set.filter(|set| !value_sets.contains_key(*set)) {
        return Err(format!("there is no value set `{set}`"));
    }
    let usual = match usual {
        "" => None,
        text => {
            let number = text.parse().ok().filter(|number: &f32| number.is_finite());
            Some(number.ok_or_else(|| format!("`{text}` is no usual value, expected a number"))?)
        }
    };
    Ok(ModelInput { name: name.to_owned(), feature, usual })
}
