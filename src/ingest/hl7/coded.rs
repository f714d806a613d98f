//! Coded elements (CE, CWE, CNE): a code, what it says, its system, and the same in another system.

use crate::domain::coding::{Coding, LOINC, SNOMED, UCUM};
use crate::ingest::hl7::message::Part;

/// The codes of a coded element: the first and its alternate.
pub fn codings(part: Part<'_>) -> Vec<Coding<'static>> {
    let all = [1, 4].map(|first| {
        let text = |number: usize| part.component(first + number).text();
        Coding::new(system(&text(2)), text(0), text(1))
    });
    all.into_iter().filter(|coding| !coding.code.is_empty()).collect()
}

/// What it says to people: the original text, else that of the code, else the code.
pub fn text(part: Part<'_>) -> String {
    let all = [9, 2, 5, 1, 4].map(|number| part.component(number).text());
    all.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

/// The address of a system by its name in HL7 table 0396; of a local one its name as it came, which is what the
/// site file calls it.
fn system(name: &str) -> String {
    match name {
        "LN" | "LOINC" => LOINC,
        "SCT" | "SCT2" | "SNOMED-CT" => SNOMED,
        "UCUM" => UCUM,
        "RXNORM" => "http://www.nlm.nih.gov/research/umls/rxnorm",
        "I10C" => "http://hl7.org/fhir/sid/icd-10-cm",
        "I10" => "http://hl7.org/fhir/sid/icd-10",
        "CVX" => "http://hl7.org/fhir/sid/cvx",
        _ => name,
    }
    .to_owned()
}
