//! The FHIR resources that imports write, with their fields in the order in which senders write them.

use serde::Serialize;
use serde_json::Value as Json;

/// A resource.
#[derive(Debug, Serialize)]
#[serde(tag = "resourceType")]
pub enum Resource {
    /// `Patient`
    Patient(Patient),
    /// `Encounter`
    Encounter(Encounter),
    /// `Observation`
    Observation(Observation),
    /// `Bundle`
    Bundle(Bundle),
}

/// `Bundle` of type `collection`.
#[derive(Debug, Serialize)]
pub struct Bundle {
    r#type: &'static str,
    entry: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    resource: Resource,
}

impl Resource {
    /// A collection of resources.
    pub fn collection(resources: Vec<Resource>) -> Resource {
        let entry = resources.into_iter().map(|resource| Entry { resource }).collect();
        Resource::Bundle(Bundle { r#type: "collection", entry })
    }
}

/// `meta.lastUpdated`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// When this version came to be.
    pub last_updated: String,
}

/// `Reference`
#[derive(Debug, Serialize)]
pub struct Reference {
    /// `Type/id`
    pub reference: String,
    /// What it displays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

impl Reference {
    /// A reference without a display.
    pub fn to(reference: String) -> Reference {
        Reference { reference, display: None }
    }
}

/// `Patient`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Patient {
    /// Its id.
    pub id: String,
    /// Its metadata.
    pub meta: Meta,
    /// `female`, `male`, `unknown`
    pub gender: &'static str,
    /// As precise as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<String>,
}

/// `Encounter`
#[derive(Debug, Serialize)]
pub struct Encounter {
    /// Its id.
    pub id: String,
    /// Its metadata.
    pub meta: Meta,
    /// `in-progress` or `finished`.
    pub status: &'static str,
    /// Its class.
    pub class: Coding,
    /// Whose it is.
    pub subject: Reference,
    /// From when to when.
    pub period: Period,
    /// Where.
    pub location: Vec<EncounterLocation>,
}

/// `Encounter.location`
#[derive(Debug, Serialize)]
pub struct EncounterLocation {
    /// The place.
    pub location: Reference,
}

/// `Period`
#[derive(Debug, Serialize)]
pub struct Period {
    /// Its start.
    pub start: String,
    /// Its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

/// `Coding`
#[derive(Debug, Serialize)]
pub struct Coding {
    /// The code system.
    pub system: &'static str,
    /// The code.
    pub code: &'static str,
}

/// `CodeableConcept`
#[derive(Debug, Serialize)]
pub struct Concept {
    /// Its codings.
    pub coding: Vec<Coding>,
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'static str>,
}

/// `Observation`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    /// Its id.
    pub id: String,
    /// `final`
    pub status: &'static str,
    /// Its category.
    pub category: Vec<Concept>,
    /// What was measured.
    pub code: Concept,
    /// Whose it is.
    pub subject: Reference,
    /// The stay.
    pub encounter: Reference,
    /// When it was true.
    pub effective_date_time: String,
    /// When it was written down.
    pub issued: String,
    /// The value.
    pub value_quantity: Quantity,
}

/// `Quantity`
#[derive(Debug, Serialize)]
pub struct Quantity {
    /// The number; a cell that is none travels as the text it is, and becomes an unusable result.
    pub value: Json,
    /// The unit for people.
    pub unit: &'static str,
    /// UCUM.
    pub system: &'static str,
    /// The unit for machines.
    pub code: &'static str,
}
