//! A file of worked cases: `case_id,inputs,expected,source,note`, with JSON in the middle two.

use std::path::Path;

use serde_json::{Map, Value};

/// One worked case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// Where it begins in the file.
    pub line: u64,
    /// What is known of the patient.
    pub inputs: Map<String, Value>,
    /// What must follow.
    pub expected: Map<String, Value>,
}

/// Why a file is not one of worked cases.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// It cannot be read, or is no CSV.
    #[error("{file}: {error}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        error: csv::Error,
    },
    /// A column is not there.
    #[error("{file}:1: no column `{column}`; expected case_id,inputs,expected,source,note")]
    NoColumn {
        /// The file.
        file: String,
        /// The column.
        column: &'static str,
    },
    /// A cell is not a JSON object.
    #[error("{file}:{line}: `{column}` of {case} is no JSON object: {why}")]
    NoObject {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The column.
        column: &'static str,
        /// The case.
        case: String,
        /// What the parser says.
        why: String,
    },
    /// A case is there twice.
    #[error("{file}:{line}: case {case} is there already")]
    Twice {
        /// The file.
        file: String,
        /// The line of the second.
        line: u64,
        /// The case.
        case: String,
    },
    /// There is nothing in it.
    #[error("{file}: no cases; expected at least one")]
    Empty {
        /// The file.
        file: String,
    },
}

/// Reads the cases of a file.
///
/// # Errors
/// If it is not such a file, with the line and what was expected.
pub fn read(path: &Path) -> Result<Vec<Case>, VectorError> {
    let file = path.display().to_string();
    let unreadable = |error| VectorError::Unreadable { file: file.clone(), error };
    let mut reader = csv::Reader::from_path(path).map_err(unreadable)?;
    let header = reader.headers().map_err(unreadable)?.clone();
    let position = |column: &'static str| {
        let position = header.iter().position(|name| name.trim() == column);
        position.ok_or_else(|| VectorError::NoColumn { file: file.clone(), column })
    };
    let (id, inputs, expected) = (position("case_id")?, position("inputs")?, position("expected")?);
    let mut cases: Vec<Case> = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        let line = row.position().map_or(0, csv::Position::line);
        let case = row.get(id).unwrap_or_default().to_owned();
        let object = |column: &'static str, index: usize| {
            serde_json::from_str(row.get(index).unwrap_or_default()).map_err(|error| {
                let (file, case) = (file.clone(), case.clone());
                VectorError::NoObject { file, line, column, case, why: error.to_string() }
            })
        };
        let (inputs, expected) = (object("inputs", inputs)?, object("expected", expected)?);
        if cases.iter().any(|known| known.id == case) {
            return Err(VectorError::Twice { file, line, case });
        }
        cases.push(Case { id: case, line, inputs, expected });
    }
    if cases.is_empty() { Err(VectorError::Empty { file }) } else { Ok(cases) }
}
