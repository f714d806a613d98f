//! What became of a file of worked cases.

use std::path::Path;

use serde_json::Value;

use crate::checks::check::{Check, NoCheck, check_of};
use crate::checks::compare::{Difference, differences};
use crate::checks::inputs::Inputs;
use crate::checks::vector_file::{Case, VectorError, read};

/// What became of a file.
#[derive(Clone, Debug)]
pub struct Report {
    /// The file as it was named.
    pub file: String,
    /// The check that ran its cases.
    pub check: &'static Check,
    /// Cases that came out as expected.
    pub n_passed: usize,
    /// Those that did not.
    pub failures: Vec<Failure>,
}

/// A case that did not come out as expected.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The case.
    pub case: String,
    /// Where it stands in the file.
    pub line: u64,
    /// What is different; at least one.
    pub differences: Vec<Difference>,
}

/// Why a file was not run.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// No check is found for it.
    #[error(transparent)]
    NoCheck(#[from] NoCheck),
    /// It is not a file of cases.
    #[error(transparent)]
    Vector(#[from] VectorError),
}

/// Runs every case of a file.
///
/// # Errors
/// If no rule is found for the file, or it is not one of cases. A case that fails is no error.
pub fn run(file: &Path) -> Result<Report, ReportError> {
    let check = check_of(file)?;
    let cases = read(file)?;
    let failures: Vec<Failure> = cases.iter().filter_map(|case| failure(check, case)).collect();
    Ok(Report {
        file: file.display().to_string(),
        check,
        n_passed: cases.len() - failures.len(),
        failures,
    })
}

/// What is different in a case; `None` if nothing is.
fn failure(check: &Check, case: &Case) -> Option<Failure> {
    let inputs = Inputs::new(&case.inputs);
    let mut found = match (check.run)(&inputs) {
        Ok(got) => differences(&case.expected, &got),
        Err(error) => vec![Difference {
            key: "(result)".to_owned(),
            expected: Value::Object(case.expected.clone()).to_string(),
            got: error.to_string(),
        }],
    };
    found.extend(inputs.unread().into_iter().map(|key| Difference {
        key,
        expected: "an input that the rule reads".to_owned(),
        got: "nobody looked at it".to_owned(),
    }));
    let failure = Failure { case: case.id.clone(), line: case.line, differences: found };
    Some(failure).filter(|failure| !failure.differences.is_empty())
}
