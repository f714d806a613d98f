//! A result's value as its source wrote it, before it is a sample.

use std::borrow::Cow;

use crate::domain::coding::Coding;
use crate::domain::decimal::Decimal;
use crate::domain::fact::{Comparator, Raw};
use crate::domain::refusal::Unusable;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// There is none, and nobody says why.
    None,
    /// A number with a unit.
    Quantity {
        /// The number.
        value: Decimal,
        /// The number as it was written.
        text: Cow<'a, str>,
        /// The unit as it was written; empty without one.
        unit: Cow<'a, str>,
        /// Set when the true value is only bounded by it.
        comparator: Option<Comparator>,
    },
    /// Coded answers.
    Answer(Vec<Coding<'a>>, Cow<'a, str>),
    /// A word.
    Word(Cow<'a, str>),
    /// Evenly spaced values.
    Sampled(SampledData<'a>),
    /// The source says why there is none.
    Absent(Cow<'a, str>),
    /// It is there and cannot be read.
    Unreadable(Raw<'a>, Unusable),
}

/// FHIR R4 `SampledData` of one dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampledData<'a> {
    /// The zero value.
    pub origin: Decimal,
    /// The unit.
    pub unit: Cow<'a, str>,
    /// Between two samples, in microseconds.
    pub period_micros: i64,
    /// What a sample is multiplied with.
    pub factor: Decimal,
    /// The samples, separated by spaces; `E`, `U` and `L` are errors and limits.
    pub data: Cow<'a, str>,
}

impl<'a> Value<'a> {
    /// Its coded answers, if it has any.
    pub fn codings(&self) -> &[Coding<'a>] {
        match self {
            Value::Answer(codings, _) => codings,
            Value::None
            | Value::Quantity { .. }
            | Value::Word(_)
            | Value::Sampled(_)
            | Value::Absent(_)
            | Value::Unreadable(..) => &[],
        }
    }

    /// The value, its unit and why it is absent, as texts.
    pub fn into_texts(self) -> (Cow<'a, str>, Cow<'a, str>, Cow<'a, str>) {
        let none = || Cow::Borrowed("");
        match self {
            Value::None => (none(), none(), none()),
            Value::Quantity { text, unit, comparator, .. } => {
                let sign = comparator.map_or("", Comparator::sign);
                let text = if sign.is_empty() { text } else { Cow::Owned(format!("{sign}{text}")) };
                (text, unit, none())
            }
            Value::Answer(codings, text) => (answer_text(codings, text), none(), none()),
            Value::Word(word) => (word, none(), none()),
            Value::Sampled(sampled) => (sampled.data, sampled.unit, none()),
            Value::Absent(reason) => (none(), none(), reason),
            Value::Unreadable(raw, _) => (raw.value, raw.unit, none()),
        }
    }
}

/// What an answer is called: its text, else its first display, else its first code.
pub fn answer_text<'a>(codings: Vec<Coding<'a>>, text: Cow<'a, str>) -> Cow<'a, str> {
    if !text.is_empty() {
        return text;
    }
    let first = codings.into_iter().next().unwrap_or_default();
    if first.display.is_empty() { first.code } else { first.display }
}
