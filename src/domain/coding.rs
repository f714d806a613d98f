//! A code in its code system, as a source wrote it.

use std::borrow::Cow;
use std::fmt;

/// A FHIR `Coding`. Codes match by (system, code), never by the text that is displayed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Coding<'a> {
    /// The code system's URI; empty when the source named none.
    pub system: Cow<'a, str>,
    /// The code.
    pub code: Cow<'a, str>,
    /// What the source displays for it; empty when it gave nothing.
    pub display: Cow<'a, str>,
}

/// LOINC.
pub const LOINC: &str = "http://loinc.org";
/// ATC, the classification of medicines of the WHO.
pub const ATC: &str = "http://www.whocc.no/atc";
/// SNOMED CT.
pub const SNOMED: &str = "http://snomed.info/sct";
/// Our own: why a record about a patient could not be read. A patient's flags have these codes.
pub const DEAD_LETTER: &str = "urn:twinstream:dead-letter";
/// UCUM, the unit codes.
pub const UCUM: &str = "http://unitsofmeasure.org";

impl<'a> Coding<'a> {
    /// The code `code` of `system`, displayed as `display`.
    pub fn new(
        system: impl Into<Cow<'a, str>>,
        code: impl Into<Cow<'a, str>>,
        display: impl Into<Cow<'a, str>>,
    ) -> Coding<'a> {
        Coding { system: system.into(), code: code.into(), display: display.into() }
    }

    /// The same coding, owning its text.
    pub fn into_owned(self) -> Coding<'static> {
        Coding {
            system: Cow::Owned(self.system.into_owned()),
            code: Cow::Owned(self.code.into_owned()),
            display: Cow::Owned(self.display.into_owned()),
        }
    }
}

/// `system|code`, as FHIR searches write it.
impl fmt::Display for Coding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.system, self.code)
    }
}
