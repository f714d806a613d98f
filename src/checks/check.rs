//! A check: what runs the cases of one kind of file, found by the file's name.

use std::path::Path;

use serde_json::Value;

use crate::checks::acute;
use crate::checks::benchmark;
use crate::checks::cardiometabolic;
use crate::checks::imaging;
use crate::checks::incidental;
use crate::checks::inputs::Inputs;
use crate::checks::kidney;
use crate::checks::laboratory;
use crate::checks::medication_safety;
use crate::checks::news2;
use crate::checks::readmission;
use crate::checks::report_text;
use crate::checks::treatment;
use crate::checks::wearables;

/// Runs a case: from its inputs to what the rule says, as a JSON object.
pub type Run = fn(&Inputs<'_>) -> Result<Value, CheckError>;

/// One rule as the vector files know it.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The number of its vector file: `04b`.
    pub number: &'static str,
    /// The name in its file's name: `sepsis3_delta`.
    pub name: &'static str,
    /// Who published the rule, and where.
    pub source: &'static str,
    /// Which edition of it this is.
    pub edition: &'static str,
    /// The inputs of a case, with their units.
    pub inputs: &'static str,
    /// The keys of the result.
    pub output: &'static str,
    /// What runs a case.
    pub run: Run,
}

/// Why a case has no result.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The rule cannot do without an input.
    #[error("input `{key}` is missing")]
    Missing {
        /// The input.
        key: String,
    },
    /// An input is of another kind.
    #[error("input `{key}` is {got}; expected {expected}")]
    Kind {
        /// The input.
        key: String,
        /// What the case says.
        got: String,
        /// What the check takes.
        expected: &'static str,
    },
    /// An input is a word that the rule does not know.
    #[error("input `{key}` is \"{got}\"; expected one of {known}")]
    Word {
        /// The input.
        key: String,
        /// The word.
        got: String,
        /// The words it can be.
        known: String,
    },
    /// The case asks for something no rule answers.
    #[error("{0}")]
    Unanswerable(String),
}

/// Why no check is found for a file.
#[derive(Debug, thiserror::Error)]
pub enum NoCheck {
    /// The name says no rule.
    #[error("{file}: its name holds no rule; expected one of {known}")]
    Unknown {
        /// The file.
        file: String,
        /// Every name.
        known: String,
    },
    /// The name says several.
    #[error("{file}: its name holds several rules: {found}")]
    Ambiguous {
        /// The file.
        file: String,
        /// Their names.
        found: String,
    },
}

/// Every check, in the order of the specification.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    let groups = [
        news2::CHECKS,
        acute::CHECKS,
        kidney::CHECKS,
        laboratory::CHECKS,
        cardiometabolic::CHECKS,
        readmission::CHECKS,
        imaging::CHECKS,
        incidental::CHECKS,
        report_text::CHECKS,
        wearables::CHECKS,
        treatment::CHECKS,
        medication_safety::CHECKS,
        benchmark::CHECKS,
    ];
    groups.into_iter().flatten()
}

/// The check of a file, by the words in its name: the longest rule name counts, then its number.
///
/// # Errors
/// If the name holds none, or two that are equally long.
pub fn check_of(file: &Path) -> Result<&'static Check, NoCheck> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let words: Vec<&str> =
        stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let named: Vec<(usize, &Check)> = checks()
        .map(|check| (check.name.split('_').count(), check))
        .filter(|(n_words, check)| {
            words.windows(*n_words).any(|window| window.iter().eq(&words_of(check)))
        })
        .collect();
    let longest = named.iter().map(|(n_words, _)| *n_words).max();
    let mut found: Vec<&Check> = named
        .into_iter()
        .filter(|(n_words, _)| Some(*n_words) == longest)
        .map(|(_, check)| check)
        .collect();
    if found.is_empty() {
        let number = words.first().copied().unwrap_or_default().trim_start_matches('0');
        found.extend(checks().filter(|check| check.number.trim_start_matches('0') == number));
    }
    let file = file.display().to_string();
    let names = |checks: &mut dyn Iterator<Item = &Check>| {
        checks.map(|check| check.name).collect::<Vec<&str>>().join(", ")
    };
    match found.as_slice() {
        [check] => Ok(check),
        [] => Err(NoCheck::Unknown { file, known: names(&mut checks()) }),
        several => Err(NoCheck::Ambiguous { file, found: names(&mut several.iter().copied()) }),
    }
}

fn words_of(check: &Check) -> Vec<&'static str> {
    check.name.split('_').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_the_rule_in_its_name() {
        let name = |file: &str| check_of(Path::new(file)).map(|check| check.name);
        for file in ["02_qsofa.csv", "qsofa.csv", "/tmp/x/any_02_qsofa_more.csv", "QSOFA.CSV"] {
            assert_eq!(name(file).unwrap(), "qsofa", "{file}");
        }
        assert_eq!(name("04_sofa.csv").unwrap(), "sofa");
        assert_eq!(name("04c_sofa_si_units.csv").unwrap(), "sofa_si_units");
        assert_eq!(name("20b_prevent_categories.csv").unwrap(), "prevent_categories");
        assert_eq!(name("04b.csv").unwrap(), "sepsis3_delta");
        assert_eq!(name("4b-held-back.csv").unwrap(), "sepsis3_delta");
        assert!(matches!(name("weather.csv"), Err(NoCheck::Unknown { .. })));
        assert!(matches!(name("sirs_and_sofa.csv"), Err(NoCheck::Ambiguous { .. })));
    }

    #[test]
    fn every_name_and_number_is_its_own() {
        let mut names: Vec<&str> = checks().flat_map(|check| [check.name, check.number]).collect();
        let n_names = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n_names);
    }
}
