//! The parts that FHIR resources share, as far as they are read. Text is borrowed from the record.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::coding::Coding;
use crate::ingest::json::{Text, text};

/// `Coding`
#[derive(Debug, Deserialize)]
pub struct CodingJson<'a> {
    #[serde(borrow)]
    system: Option<Text<'a>>,
    #[serde(borrow)]
    code: Option<Text<'a>>,
    #[serde(borrow)]
    display: Option<Text<'a>>,
}

impl<'a> CodingJson<'a> {
    /// As a coding.
    pub fn into_coding(self) -> Coding<'a> {
        Coding { system: text(self.system), code: text(self.code), display: text(self.display) }
    }
}

/// `CodeableConcept`
#[derive(Debug, Default, Deserialize)]
pub struct Concept<'a> {
    #[serde(borrow, default)]
    coding: Vec<CodingJson<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
}

impl<'a> Concept<'a> {
    /// Its codings and its text.
    pub fn into_parts(self) -> (Vec<Coding<'a>>, Cow<'a, str>) {
        let codings = self.coding.into_iter().map(CodingJson::into_coding);
        (codings.collect(), text(self.text))
    }

    /// Its codings.
    pub fn into_codings(self) -> Vec<Coding<'a>> {
        self.into_parts().0
    }

    /// Its first code, else its text.
    pub fn into_code(self) -> Cow<'a, str> {
        let (codings, text) = self.into_parts();
        codings.into_iter().map(|coding| coding.code).find(|code| !code.is_empty()).unwrap_or(text)
    }

    /// What it displays: its text, else its first display, else its first code.
    pub fn into_label(self) -> Cow<'a, str> {
        let (codings, text) = self.into_parts();
        if !text.is_empty() {
            return text;
        }
        let first = codings.into_iter().next().unwrap_or_default();
        if first.display.is_empty() { first.code } else { first.display }
    }
}

/// The codings of an optional concept.
pub fn codings(concept: Option<Concept<'_>>) -> Vec<Coding<'_>> {
    concept.map(Concept::into_codings).unwrap_or_default()
}

/// The codings of an optional concept, and what it is called where it has none.
pub fn named(concept: Option<Concept<'_>>) -> (Vec<Coding<'_>>, Cow<'_, str>) {
    let (codings, text) = concept.map(Concept::into_parts).unwrap_or_default();
    let text = if codings.is_empty() { text } else { Cow::Borrowed("") };
    (codings, text)
}

/// `Reference`
#[derive(Debug, Default, Deserialize)]
pub struct ReferenceJson<'a> {
    /// A literal reference.
    #[serde(borrow)]
    pub reference: Option<Text<'a>>,
    /// A logical reference.
    #[serde(borrow)]
    pub identifier: Option<IdentifierJson<'a>>,
    /// What it displays.
    #[serde(borrow)]
    pub display: Option<Text<'a>>,
}

/// `Identifier`
#[derive(Debug, Default, Deserialize)]
pub struct IdentifierJson<'a> {
    /// Its namespace.
    #[serde(borrow)]
    pub system: Option<Text<'a>>,
    /// The identifier in it.
    #[serde(borrow)]
    pub value: Option<Text<'a>>,
    /// When it is the patient's.
    #[serde(borrow)]
    pub period: Option<PeriodJson<'a>>,
}

/// `Period`
#[derive(Debug, Default, Deserialize)]
pub struct PeriodJson<'a> {
    /// Its start.
    #[serde(borrow)]
    pub start: Option<Text<'a>>,
    /// Its end.
    #[serde(borrow)]
    pub end: Option<Text<'a>>,
}

/// `Meta`, as far as versions need it.
#[derive(Debug, Default, Deserialize)]
pub struct MetaJson<'a> {
    /// Opaque text that may be an integer.
    #[serde(borrow, rename = "versionId")]
    pub version_id: Option<Text<'a>>,
    /// When this version came to be.
    #[serde(borrow, rename = "lastUpdated")]
    pub last_updated: Option<Text<'a>>,
}

/// `Quantity`. The value is kept as it was written: it is decoded exactly, or not at all.
#[derive(Debug, Default, Deserialize)]
pub struct QuantityJson<'a> {
    /// The number's text.
    #[serde(borrow)]
    pub value: Option<&'a RawValue>,
    /// `<`, `<=`, `>=`, `>`
    #[serde(borrow)]
    pub comparator: Option<Text<'a>>,
    /// The unit for people.
    #[serde(borrow)]
    pub unit: Option<Text<'a>>,
    /// The system of the code.
    #[serde(borrow)]
    pub system: Option<Text<'a>>,
    /// The unit for machines.
    #[serde(borrow)]
    pub code: Option<Text<'a>>,
}

impl<'a> QuantityJson<'a> {
    /// The unit: the code where there is one, else the text for people.
    pub fn into_unit(self) -> Cow<'a, str> {
        self.code.or(self.unit).map_or(Cow::Borrowed(""), |text| text.0)
    }
}
