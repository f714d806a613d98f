//! The score behind an alert as an Observation that can be charted.
//!
//! A bound is never written as a value: an incomplete score is a Range or a comparator, and one that
//! could not be computed has a reason and no value.

use fhir_sdk::r4b::codes::{ObservationStatus, QuantityComparator};
use fhir_sdk::r4b::resources::{
    Observation, ObservationComponent, ObservationComponentValue, ObservationEffective,
    ObservationValue, Resource,
};
use fhir_sdk::r4b::types::{CodeableConcept, Quantity, Range};

use crate::element::{self, coding, concept, hl7_concept, listed};
use crate::error::FhirError;
use crate::reference;
use crate::said::{Said, SaidEvidence, SaidScore, SaidScoreStatus, SaidStatus};
use crate::vocabulary::{self, SNOMED};

/// Why a score has no value: a code of HL7's data-absent-reason, its display, and our own words.
type Absence = (&'static str, &'static str, &'static str);

const NOT_APPLICABLE: Absence =
    ("not-applicable", "Not Applicable", "does not apply to this patient");
const NOT_COMPUTABLE: Absence = ("unknown", "Unknown", "cannot be computed from what there is");
const NOT_GIVEN: Absence = ("unknown", "Unknown", "inputs are missing");

/// The Observation of an alert's score.
pub(crate) fn observation(said: &Said) -> Result<Resource, FhirError> {
    let builder = Observation::builder().status(status(said)).code(code(said)?);
    let mut observation = builder.build()?;
    observation.identifier = element::effect_identifier(said)?;
    let survey = hl7_concept("observation-category", "survey", "Survey")?;
    observation.category = vec![Some(survey)];
    observation.subject = Some(reference::patient(said)?);
    observation.encounter = reference::encounter(said)?;
    let at = element::date_time("at", said.at)?;
    observation.effective = Some(ObservationEffective::DateTime(at));
    observation.issued = Some(element::instant("known", said.known)?);
    match value(&said.score)? {
        Ok(value) => observation.value = Some(value),
        Err(absence) => observation.data_absent_reason = Some(reason(absence)?),
    }
    observation.method = Some(element::method(said)?);
    observation.device = Some(reference::software(said)?);
    observation.derived_from = reference::derived_from(said)?;
    observation.component = components(said)?;
    observation.note = element::notes(said)?;
    Ok(Resource::Observation(observation))
}

const fn status(said: &Said) -> ObservationStatus {
    match (said.status, said.score.status) {
        (SaidStatus::Withdrawn, _) => ObservationStatus::EnteredInError,
        (_, SaidScoreStatus::Incomplete) => ObservationStatus::Preliminary,
        (
            SaidStatus::Active | SaidStatus::Resolved,
            SaidScoreStatus::Final
            | SaidScoreStatus::NotApplicable
            | SaidScoreStatus::NotComputable,
        ) => ObservationStatus::Final,
    }
}

fn code(said: &Said) -> Result<CodeableConcept, FhirError> {
    let snomed = vocabulary::score_code(&said.score.name);
    let snomed = snomed.map(|code| coding(SNOMED, code, "")).transpose()?;
    let ours = element::pipeline_coding(said)?;
    concept(snomed.into_iter().chain([ours]).collect(), &said.score.name)
}

/// The value of a score, or why there is none.
fn value(score: &SaidScore) -> Result<Result<ObservationValue, Absence>, FhirError> {
    let (lower, upper) = (score.value.as_deref(), score.upper.as_deref());
    Ok(match score.status {
        SaidScoreStatus::NotApplicable => Err(NOT_APPLICABLE),
        SaidScoreStatus::NotComputable => Err(NOT_COMPUTABLE),
        SaidScoreStatus::Final => match lower {
            Some(text) => Ok(exactly(text)?),
            None => Err(NOT_GIVEN),
        },
        SaidScoreStatus::Incomplete => match (lower, upper) {
            (Some(lower), Some(upper)) => Ok(between(lower, upper)?),
            (Some(lower), None) => Ok(beyond(QuantityComparator::GreaterOrEqual, lower)?),
            (None, Some(upper)) => Ok(beyond(QuantityComparator::LessOrEqual, upper)?),
            (None, None) => Err(NOT_GIVEN),
        },
    })
}

/// An integer where it is one, so that 7 points are not written as 7.0.
fn exactly(text: &str) -> Result<ObservationValue, FhirError> {
    let number = quantity("score.value", text)?;
    Ok(text.parse().map_or(ObservationValue::Quantity(number), ObservationValue::Integer))
}

fn between(lower: &str, upper: &str) -> Result<ObservationValue, FhirError> {
    let (low, high) = (quantity("score.value", lower)?, quantity("score.upper", upper)?);
    if high.value < low.value {
        return Err(FhirError::Bounds);
    }
    Ok(ObservationValue::Range(Range::builder().low(low).high(high).build()?))
}

fn beyond(comparator: QuantityComparator, bound: &str) -> Result<ObservationValue, FhirError> {
    let mut quantity = quantity("score.value", bound)?;
    quantity.comparator = Some(comparator);
    Ok(ObservationValue::Quantity(quantity))
}

fn quantity(field: &'static str, text: &str) -> Result<Quantity, FhirError> {
    Ok(Quantity::builder().value(element::decimal(field, text)?).build()?)
}

fn reason((code, display, text): Absence) -> Result<CodeableConcept, FhirError> {
    let mut reason = hl7_concept("data-absent-reason", code, display)?;
    reason.text = Some(text.to_owned());
    Ok(reason)
}

/// The points of each scored input; a score reads a signal once.
fn components(said: &Said) -> Result<Vec<Option<ObservationComponent>>, FhirError> {
    let mut signals: Vec<&str> = Vec::new();
    let mut components = Vec::new();
    for fact in &said.evidence {
        let Some(points) = fact.points else { continue };
        if signals.contains(&fact.signal.as_str()) {
            continue;
        }
        signals.push(&fact.signal);
        components.push(component(said, fact, points)?);
    }
    Ok(listed(components))
}

/// The code says that these are points: under the code of the measured signal, 3 points for a
/// respiratory rate would read as 3 breaths a minute.
fn component(
    said: &Said,
    fact: &SaidEvidence,
    points: i64,
) -> Result<ObservationComponent, FhirError> {
    let snomed = vocabulary::points_code(&said.score.name, &fact.signal);
    let snomed = snomed.map(|code| coding(SNOMED, code, "")).transpose()?;
    let ours = coding(&vocabulary::of_pipeline("points", said), &fact.signal, "")?;
    let codings = snomed.into_iter().chain([ours]).collect();
    let code = concept(codings, &format!("{}: points", fact.label))?;
    let wrong = FhirError::Number { field: "evidence.points" };
    let points = i32::try_from(points).map_err(|_| wrong)?;
    let value = ObservationComponentValue::Integer(points);
    Ok(ObservationComponent::builder().code(code).value(value).build()?)
}
