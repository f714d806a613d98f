//! Why something said could not be written as FHIR.

use fhir_sdk::BuilderError;

/// What is wrong with a `Said`. It is always the caller's mistake: the same `Said` fails again, so
/// there is nothing to retry. No message holds anything of a patient.
#[derive(Debug, thiserror::Error)]
pub enum FhirError {
    /// The effect id is not 32 hexadecimal digits.
    #[error("effect id has {length_bytes} bytes, expected 32 hexadecimal digits")]
    Id {
        /// The length of what was given.
        length_bytes: usize,
    },
    /// A text without which the Bundle would mislead is blank.
    #[error("{field} is blank")]
    Blank {
        /// The field of `Said`.
        field: &'static str,
    },
    /// An instant that FHIR cannot write.
    #[error("{field} is {micros} microseconds from 1970, expected years 1 to 9999")]
    Time {
        /// The field of `Said`.
        field: &'static str,
        /// What was given.
        micros: i64,
    },
    /// A period that ends before it starts.
    #[error("{field} ends before it starts")]
    Period {
        /// The field of `Said`.
        field: &'static str,
    },
    /// A number that is not decimal text, or that FHIR's integer does not hold.
    #[error("{field} is not a decimal number that FHIR can hold")]
    Number {
        /// The field of `Said`.
        field: &'static str,
    },
    /// The upper bound of a score lies below its lower bound.
    #[error("the upper bound of the score lies below its lower bound")]
    Bounds,
    /// A resource lacks a required element: our own mistake.
    #[error("a FHIR resource lacks a required element: {0}")]
    Build(#[from] BuilderError),
    /// The Bundle could not be written as JSON: our own mistake.
    #[error("the Bundle could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}
