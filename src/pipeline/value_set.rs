//! Codes that mean one thing: what a rule calls "metformin". Matched by system and code only; a class of a
//! hierarchical system (ATC `C09A`, ICD-10 `I50`) stands for every code that begins with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::domain::coding::Coding;
use crate::pipeline::file::FileError;

/// A set of codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueSet {
    codes: BTreeSet<(String, String)>,
    classes: BTreeSet<(String, String)>,
}

/// The value sets that pipelines can name.
pub type ValueSets = BTreeMap<String, Arc<ValueSet>>;

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
    system: Spanned<String>,
    code: Option<String>,
    class: Option<Spanned<String>>,
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
        let mut set = ValueSet::default();
        for CodeFile { system, code, class, .. } in file.codes {
            let is_new = match (code, class) {
                (Some(code), None) => set.codes.insert((system.value.clone(), code)),
                (None, Some(class)) if !class.value.is_empty() => {
                    set.classes.insert((system.value.clone(), class.value))
                }
                _ => return Err(FileError::at(&system, "expected either a `code` or a `class`")),
            };
            if !is_new {
                return Err(FileError::at(&system, "the code stands in this set already"));
            }
        }
        Ok((file.name, set))
    }

    /// Whether any of `codings` is in the set.
    pub fn holds(&self, codings: &[Coding<'_>]) -> bool {
        codings.iter().any(|coding| {
            let same = |(system, code): &(String, String)| {
                *system == coding.system && *code == coding.code
            };
            let begins = |(system, class): &(String, String)| {
                *system == coding.system && coding.code.starts_with(class.as_str())
            };
            self.codes.iter().any(same) || self.classes.iter().any(begins)
        })
    }
}
