//! Codes that mean one thing: what a rule calls "metformin". Matched by system and code only.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::domain::coding::Coding;
use crate::pipeline::file::FileError;

/// A set of codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueSet {
    codes: BTreeSet<(String, String)>,
}

/// The value sets that pipelines can name.
pub type ValueSets = BTreeMap<String, ValueSet>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueSetFile {
    name: String,
    #[serde(rename = "source")]
    _source: String,
    codes: Vec<CodeFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeFile {
    system: String,
    code: String,
    #[serde(rename = "display")]
    _display: String,
}

impl ValueSet {
    /// Reads a value set file: its name and its codes.
    ///
    /// # Errors
    /// If the text is not such a file; the message names line and column.
    pub fn read(text: &str) -> Result<(String, ValueSet), FileError> {
        let file: ValueSetFile = serde_saphyr::from_str(text).map_err(FileError::yaml)?;
        let codes = file.codes.into_iter().map(|code| (code.system, code.code)).collect();
        Ok((file.name, ValueSet { codes }))
    }

    /// Whether any of `codings` is in the set.
    pub fn holds(&self, codings: &[Coding<'_>]) -> bool {
        codings.iter().any(|coding| {
            let same = |(system, code): &(String, String)| {
                *system == coding.system && *code == coding.code
            };
            self.codes.iter().any(same)
        })
    }
}
