//! What a source says of a patient other than a measured value.
//!
//! Every kind shares the same few parts (what it is, its codes, whether it is in force); the rest
//! are attributes, each a short text with a name. `ATTRIBUTES` is what the log's schema, the SQL
//! columns and their descriptions are made from.

use std::borrow::Cow;

use crate::domain::coding::Coding;
use crate::domain::standing::Standing;

/// A clinical statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Set when it is a state that gates rules, read out of a resource by the site file.
    pub standing: Option<Standing>,
    /// Whether it is in force during its period.
    pub activity: Activity,
    /// The status as the source wrote it.
    pub status: Cow<'a, str>,
    /// Its codes: the condition, the medicine, the procedure, the report.
    pub codes: Vec<Coding<'a>>,
    /// What it is called where it has no code.
    pub text: Cow<'a, str>,
    /// Everything else, in the order of `Attribute`.
    pub attributes: Vec<(Attribute, Cow<'a, str>)>,
}

/// Whether a statement is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// In force from the start of its period to its end, if it has one.
    #[default]
    Active,
    /// In force from the start to the end of its period; without an end, at no known time.
    Ended,
    /// Intended, not in force.
    Planned,
    /// Never in force: refuted, cancelled, entered in error.
    Void,
}

impl Activity {
    /// Every activity, in the order of their numbers.
    pub const ALL: [Activity; 4] =
        [Activity::Active, Activity::Ended, Activity::Planned, Activity::Void];

    /// The name in SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Activity::Active => "active",
            Activity::Ended => "ended",
            Activity::Planned => "planned",
            Activity::Void => "void",
        }
    }
}

impl<'a> Statement<'a> {
    /// The text of an attribute, if the source gave it.
    pub fn attribute(&self, attribute: Attribute) -> Option<&str> {
        let found = self.attributes.iter().find(|(name, _)| *name == attribute);
        found.map(|(_, text)| text.as_ref())
    }

    /// Adds an attribute unless its text is empty.
    pub fn set(&mut self, attribute: Attribute, text: impl Into<Cow<'a, str>>) {
        let text = text.into();
        if !text.is_empty() {
            self.attributes.push((attribute, text));
        }
    }

    /// What it is called: the first code's display, else its text, else the first code.
    pub fn label(&self) -> &str {
        let display = self.codes.iter().map(|code| code.display.as_ref()).find(|d| !d.is_empty());
        let code = self.codes.first().map(|code| code.code.as_ref());
        display
            .or_else(|| Some(self.text.as_ref()).filter(|text| !text.is_empty()))
            .or(code)
            .unwrap_or_default()
    }

    /// Bytes of memory that it takes beside itself when it owns its texts.
    pub fn heap_bytes(&self) -> usize {
        let codes = self.codes.iter().map(|code| {
            let texts = [&code.system, &code.code, &code.display];
            size_of::<Coding<'_>>() + texts.into_iter().map(|text| text.len()).sum::<usize>()
        });
        let attributes = self.attributes.iter();
        let attributes = attributes.map(|one| size_of_val(one) + one.1.len());
        self.status.len() + self.text.len() + codes.chain(attributes).sum::<usize>()
    }

    /// The same statement, owning its text.
    pub fn into_owned(self) -> Statement<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Statement {
            standing: self.standing,
            activity: self.activity,
            status: owned(self.status),
            codes: self.codes.into_iter().map(Coding::into_owned).collect(),
            text: owned(self.text),
            attributes: self
                .attributes
                .into_iter()
                .map(|(name, text)| (name, owned(text)))
                .collect(),
        }
    }
}

/// Settings a stay can have; the site file maps encounter classes to them.
pub const SETTINGS: [&str; 5] = ["inpatient", "emergency", "ambulatory", "home", "virtual"];

macro_rules! attributes {
    ($($name:ident = $number:literal, $column:literal, $about:literal;)*) => {
        /// A named text of a statement.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Attribute {
            $(#[doc = $about] $name,)*
        }

        impl Attribute {
            /// Every attribute, in the order of their numbers.
            pub const ALL: &[Attribute] = &[$(Attribute::$name,)*];

            /// The number in the log; never used again for something else.
            pub const fn number(self) -> u32 {
                match self { $(Attribute::$name => $number,)* }
            }

            /// The name of the SQL column.
            pub const fn column(self) -> &'static str {
                match self { $(Attribute::$name => $column,)* }
            }

            /// What the column holds.
            pub const fn about(self) -> &'static str {
                match self { $(Attribute::$name => $about,)* }
            }

            /// The attribute of this number.
            pub const fn from_number(number: u32) -> Option<Attribute> {
                match number { $($number => Some(Attribute::$name),)* _ => None }
            }
        }
    };
}

attributes! {
    Encounter = 1, "encounter", "The stay it belongs to, as a FHIR reference.";
    Class = 2, "class", "The stay's class code as it came (FHIR v3-ActCode: IMP, EMER, AMB).";
    Setting = 3, "setting", "The stay's setting by the site file: inpatient, emergency, ambulatory, home, virtual.";
    Location = 4, "location", "The latest location of the stay, as a FHIR reference.";
    Ward = 5, "ward", "The ward by the site file or the location's name.";
    Bed = 6, "bed", "The bed, where the source names one.";
    Intent = 7, "intent", "The intent of an order: order, plan, proposal.";
    Priority = 8, "priority", "The priority of an order.";
    Dose = 9, "dose", "The dosage as text.";
    Route = 10, "route", "The route of administration.";
    Verification = 11, "verification", "How certain a condition or allergy is.";
    Criticality = 12, "criticality", "How dangerous an allergy is.";
    Category = 13, "category", "The category code as it came.";
    Modality = 14, "modality", "DICOM modalities of a study, separated by commas.";
    BodySite = 15, "body_site", "The body site examined.";
    Accession = 16, "accession", "The accession number.";
    StudyUid = 17, "study_uid", "The DICOM study instance UID.";
    SeriesCount = 18, "series_count", "How many series a study has.";
    InstanceCount = 19, "instance_count", "How many images a study has.";
    Conclusion = 20, "conclusion", "A report's conclusion.";
    Value = 21, "value", "A result's value as it came.";
    Unit = 22, "unit", "A result's unit as it came.";
    Order = 23, "based_on", "The order it fulfils, as a FHIR reference.";
    Specimen = 24, "specimen", "The specimen it was measured on, as a FHIR reference.";
    Participant = 25, "participants", "Who takes part: care team members, separated by commas.";
    BirthDate = 26, "birth_date", "The birth date, as precise as it is known (FHIR date).";
    Sex = 27, "sex", "Administrative gender: female, male, other, unknown.";
    DeceasedAt = 28, "deceased_at", "When the patient died, as it came; `true` when only the fact is known.";
    Name = 29, "name", "The name to display.";
    Identifiers = 30, "identifiers", "Business identifiers as system|value, separated by commas.";
    Managed = 31, "part_of", "The place it belongs to, as a FHIR reference.";
    AbsentReason = 32, "data_absent_reason", "Why a result has no value.";
    Results = 33, "results", "The results a report holds, as FHIR references.";
    PhysicalType = 34, "physical_type", "What kind of place it is: wa, ro, bd (HL7 location-physical-type).";
    TimeZone = 35, "time_zone", "The patient's time zone, by its IANA name.";
    ReplacedBy = 36, "replaced_by", "The identity that goes on with this patient's facts, as namespace/patient.";
    AlsoKnownAs = 37, "also_known_as", "Other identities of the patient, one a line, with their period.";
    Type = 38, "type", "Whether it is an allergy or an intolerance.";
    Reactions = 39, "reactions", "How the patient reacted, as system|code or text, separated by commas.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_numbers_and_columns_of_their_own() {
        for attribute in Attribute::ALL {
            assert_eq!(Attribute::from_number(attribute.number()), Some(*attribute));
        }
        let mut columns: Vec<&str> = Attribute::ALL.iter().map(|a| a.column()).collect();
        columns.sort_unstable();
        columns.dedup();
        assert_eq!(columns.len(), Attribute::ALL.len());
    }
}
