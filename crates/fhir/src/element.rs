//! The small parts of resources: codes, times, numbers, notes.
//!
//! FHIR knows no blank text: a blank one is left out, never written as "".

use fhir_sdk::r4b::types::{
    Annotation, CodeableConcept, Coding, Extension, ExtensionValue, Identifier, Period,
};
use fhir_sdk::time::OffsetDateTime;
use fhir_sdk::{DateTime, Instant};

use crate::error::FhirError;
use crate::said::{Micros, Said};
use crate::vocabulary::{self, EFFECT, KIND, PIPELINE};

/// A code in its system; either may be blank.
pub(crate) fn coding(system: &str, code: &str, display: &str) -> Result<Coding, FhirError> {
    let mut coding = Coding::builder().build()?;
    coding.system = unless_blank(system);
    coding.code = unless_blank(&one_spaced(code));
    coding.display = unless_blank(display);
    Ok(coding)
}

/// A concept with its codes and what a reader reads.
pub(crate) fn concept(codings: Vec<Coding>, text: &str) -> Result<CodeableConcept, FhirError> {
    let mut concept = CodeableConcept::builder().build()?;
    concept.coding = listed(codings);
    concept.text = unless_blank(text);
    Ok(concept)
}

/// A concept that HL7 defines.
pub(crate) fn hl7_concept(
    system: &str,
    code: &str,
    display: &str,
) -> Result<CodeableConcept, FhirError> {
    let system = format!("http://terminology.hl7.org/CodeSystem/{system}");
    concept(vec![coding(&system, code, display)?], "")
}

/// The pipeline, in its edition.
pub(crate) fn pipeline_coding(said: &Said) -> Result<Coding, FhirError> {
    let mut coding = coding(PIPELINE, &said.pipeline, &said.title)?;
    coding.version = unless_blank(&said.edition);
    Ok(coding)
}

/// The band.
pub(crate) fn band(said: &Said) -> Result<CodeableConcept, FhirError> {
    let coding = coding(&vocabulary::of_pipeline("band", said), &said.band, "")?;
    concept(vec![coding], &said.band)
}

/// How it was found: title and edition.
pub(crate) fn method(said: &Said) -> Result<CodeableConcept, FhirError> {
    concept(Vec::new(), &format!("{}, {}", said.title, said.edition))
}

/// The kind of thing that is said, read as the pipeline's title.
pub(crate) fn kind(said: &Said) -> Result<CodeableConcept, FhirError> {
    concept(vec![coding(KIND, vocabulary::kind_code(said.kind), "")?], &said.title)
}

/// The effect's id, as the business identifier of each of its resources.
pub(crate) fn effect_identifier(said: &Said) -> Result<Vec<Option<Identifier>>, FhirError> {
    Ok(vec![Some(identifier(EFFECT, &said.id)?)])
}

/// An identifier.
pub(crate) fn identifier(system: &str, value: &str) -> Result<Identifier, FhirError> {
    let mut identifier = Identifier::builder().build()?;
    identifier.system = unless_blank(system);
    identifier.value = unless_blank(value);
    Ok(identifier)
}

/// What a reader must know.
pub(crate) fn notes(said: &Said) -> Result<Vec<Option<Annotation>>, FhirError> {
    let texts = said.notes.iter().filter_map(|note| unless_blank(note));
    texts.map(|text| Ok(Some(Annotation::builder().text(text).build()?))).collect()
}

/// The publication the rule is taken from.
pub(crate) fn citation(said: &Said) -> Result<Vec<Extension>, FhirError> {
    let text = unless_blank(&said.citation);
    text.map(|text| extension("citation", ExtensionValue::String(text))).into_iter().collect()
}

/// One of our extensions, with a value.
pub(crate) fn extension(name: &str, value: ExtensionValue) -> Result<Extension, FhirError> {
    Ok(Extension::builder().url(vocabulary::extension_url(name)).value(value).build()?)
}

/// One of our extensions, with parts as text; a blank part is left out.
pub(crate) fn extension_of_parts(
    name: &str,
    parts: &[(&str, String)],
) -> Result<Extension, FhirError> {
    let parts = parts.iter().filter(|(_, text)| !text.trim().is_empty());
    let parts = parts.map(|(part, text)| {
        let value = ExtensionValue::String(text.clone());
        Ok(Extension::builder().url((*part).to_owned()).value(value).build()?)
    });
    let parts = parts.collect::<Result<Vec<Extension>, FhirError>>()?;
    Ok(Extension::builder().url(vocabulary::extension_url(name)).extension(parts).build()?)
}

/// From `start` to `end`, or open.
pub(crate) fn period(
    field: &'static str,
    start: Micros,
    end: Option<Micros>,
) -> Result<Period, FhirError> {
    if end.is_some_and(|end| end < start) {
        return Err(FhirError::Period { field });
    }
    let mut period = Period::builder().start(date_time(field, start)?).build()?;
    period.end = end.map(|end| date_time(field, end)).transpose()?;
    Ok(period)
}

/// An instant, as the type of times that people state.
pub(crate) fn date_time(field: &'static str, at: Micros) -> Result<DateTime, FhirError> {
    instant(field, at).map(DateTime::DateTime)
}

/// An instant, as the type of times that machines state.
pub(crate) fn instant(field: &'static str, at: Micros) -> Result<Instant, FhirError> {
    let wrong = FhirError::Time { field, micros: at.0 };
    match OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000) {
        Ok(time) if 1 <= time.year() => Ok(Instant(time)),
        Ok(_) | Err(_) => Err(wrong),
    }
}

/// Decimal text as a number: digits with an optional sign and an optional point, nothing else.
pub(crate) fn decimal(field: &'static str, text: &str) -> Result<f64, FhirError> {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
    let number = text.parse().ok().filter(|number: &f64| is_decimal && number.is_finite());
    number.ok_or(FhirError::Number { field })
}

/// The text, or nothing where it is blank.
pub(crate) fn unless_blank(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// A list as the types of FHIR want it.
pub(crate) fn listed<T>(items: Vec<T>) -> Vec<Option<T>> {
    items.into_iter().map(Some).collect()
}

/// A FHIR code has single spaces, and none around it.
fn one_spaced(code: &str) -> String {
    code.split_whitespace().collect::<Vec<&str>>().join(" ")
}
