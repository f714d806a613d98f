//! An alert: the risk, its score, the standing flag, the page, and the task of whoever takes it.

use fhir_sdk::r4b::codes::{FlagStatus, ObservationStatus, RequestStatus, TaskStatus};
use fhir_sdk::r4b::resources::{
    CommunicationRequest, CommunicationRequestPayload, CommunicationRequestPayloadContent, Flag,
    Resource, ResourceType, RiskAssessment, RiskAssessmentOccurrence, RiskAssessmentPrediction,
};

use crate::element::{self, concept, hl7_concept, listed, unless_blank};
use crate::error::FhirError;
use crate::reference;
use crate::said::{Said, SaidChange, SaidSeverity, SaidStatus};
use crate::score;
use crate::task;

/// The resources of an alert.
pub(crate) fn resources(said: &Said) -> Result<Vec<Resource>, FhirError> {
    let status = match said.status {
        SaidStatus::Active => task::open(said),
        SaidStatus::Resolved => TaskStatus::Completed,
        SaidStatus::Withdrawn => TaskStatus::EnteredInError,
    };
    let mut resources = assessed(said)?;
    resources.push(flag(said)?);
    if let Some(status) = page_status(said) {
        resources.push(page(said, status)?);
    }
    resources.push(task::task(said, status, ResourceType::RiskAssessment)?);
    Ok(resources)
}

/// The resources of a risk that nobody is asked to act on: what was assessed, and the score behind it.
pub(crate) fn assessed(said: &Said) -> Result<Vec<Resource>, FhirError> {
    Ok(vec![risk(said)?, score::observation(said)?])
}

fn risk(said: &Said) -> Result<Resource, FhirError> {
    let status = match said.status {
        SaidStatus::Active | SaidStatus::Resolved => ObservationStatus::Final,
        SaidStatus::Withdrawn => ObservationStatus::EnteredInError,
    };
    let patient = reference::patient(said)?;
    let mut risk = RiskAssessment::builder().status(status).subject(patient).build()?;
    risk.identifier = element::effect_identifier(said)?;
    risk.extension = element::citation(said)?;
    risk.method = Some(element::method(said)?);
    risk.code = Some(concept(vec![element::pipeline_coding(said)?], &said.title)?);
    risk.encounter = reference::encounter(said)?;
    let at = element::date_time("at", said.at)?;
    risk.occurrence = Some(RiskAssessmentOccurrence::DateTime(at));
    risk.performer = Some(reference::software(said)?);
    risk.basis = reference::evidence(said)?;
    let prediction = RiskAssessmentPrediction::builder()
        .qualitative_risk(element::band(said)?)
        .rationale(said.text.clone());
    risk.prediction = vec![Some(prediction.build()?)];
    risk.note = element::notes(said)?;
    Ok(Resource::RiskAssessment(risk))
}

/// What only stands in the record needs no display, so its flag is inactive.
fn flag(said: &Said) -> Result<Resource, FhirError> {
    let (status, end) = match (said.status, said.severity) {
        (SaidStatus::Active, SaidSeverity::Log) => (FlagStatus::Inactive, None),
        (SaidStatus::Active, SaidSeverity::Passive | SaidSeverity::Interruptive) => {
            (FlagStatus::Active, None)
        }
        (SaidStatus::Resolved, _) => (FlagStatus::Inactive, said.ended_at),
        (SaidStatus::Withdrawn, _) => (FlagStatus::EnteredInError, None),
    };
    let band = element::band(said)?.coding.clone().into_iter().flatten();
    let codings = [element::pipeline_coding(said)?].into_iter().chain(band).collect();
    let code = concept(codings, &said.text)?;
    let patient = reference::patient(said)?;
    let mut flag = Flag::builder().status(status).code(code).subject(patient).build()?;
    flag.identifier = element::effect_identifier(said)?;
    flag.category = vec![Some(hl7_concept("flag-category", "clinical", "Clinical")?)];
    flag.period = Some(element::period("onset", said.onset, end)?);
    flag.encounter = reference::encounter(said)?;
    flag.author = Some(reference::software(said)?);
    Ok(Resource::Flag(flag))
}

/// Whether a page is part of this revision.
///
/// It goes out when an interruptive band is reached, and again when a snooze is over. When the alert is withdrawn it is taken back,
/// whatever the band then is: the page may have gone out at a higher one. What only stands in the
/// record has paged nobody.
const fn page_status(said: &Said) -> Option<RequestStatus> {
    match (said.status, said.change, said.severity) {
        (_, _, SaidSeverity::Log) => None,
        (SaidStatus::Withdrawn, _, _) => Some(RequestStatus::EnteredInError),
        (
            SaidStatus::Active,
            SaidChange::Raised | SaidChange::Escalated | SaidChange::Reminded,
            SaidSeverity::Interruptive,
        ) => Some(RequestStatus::Active),
        (SaidStatus::Active | SaidStatus::Resolved, _, _) => None,
    }
}

fn page(said: &Said, status: RequestStatus) -> Result<Resource, FhirError> {
    let mut page = CommunicationRequest::builder().status(status).build()?;
    page.identifier = element::effect_identifier(said)?;
    page.category = vec![Some(hl7_concept("communication-category", "alert", "Alert")?)];
    page.priority = Some(task::priority(said));
    page.subject = Some(reference::patient(said)?);
    page.about = vec![Some(reference::own(said, ResourceType::RiskAssessment)?)];
    page.encounter = reference::encounter(said)?;
    let texts = [&said.text].into_iter().chain(&said.notes).filter_map(|text| unless_blank(text));
    let payload = texts.map(|text| {
        let content = CommunicationRequestPayloadContent::String(text);
        Ok(CommunicationRequestPayload::builder().content(content).build()?)
    });
    page.payload = listed(payload.collect::<Result<Vec<_>, FhirError>>()?);
    if said.status == SaidStatus::Active {
        page.authored_on = Some(element::date_time("known", said.known)?);
    }
    page.requester = Some(reference::software(said)?);
    page.sender = Some(reference::software(said)?);
    Ok(Resource::CommunicationRequest(page))
}
