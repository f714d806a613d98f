//! A follow-up: a service that is due, as a proposal, and the task of whoever takes it.

use fhir_sdk::r4b::codes::{RequestIntent, RequestStatus, TaskStatus};
use fhir_sdk::r4b::resources::{Resource, ResourceType, ServiceRequest, ServiceRequestOccurrence};
use fhir_sdk::r4b::types::CodeableConcept;

use crate::element::{self, coding, concept, unless_blank};
use crate::error::FhirError;
use crate::reference;
use crate::said::{Said, SaidStatus};
use crate::task;
use crate::vocabulary;

/// How the note begins that says a follow-up was done.
const CLOSED_BY_RESULT: &str = "closed by the result";

/// The resources of a follow-up.
pub(crate) fn resources(said: &Said) -> Result<Vec<Resource>, FhirError> {
    let is_done = said.notes.iter().any(|note| note.starts_with(CLOSED_BY_RESULT));
    let (status, task_status) = match said.status {
        SaidStatus::Active => (RequestStatus::Draft, task::open(said)),
        SaidStatus::Resolved if is_done => (RequestStatus::Completed, TaskStatus::Completed),
        SaidStatus::Resolved => (RequestStatus::Revoked, TaskStatus::Cancelled),
        SaidStatus::Withdrawn => (RequestStatus::EnteredInError, TaskStatus::EnteredInError),
    };
    let request = request(said, status)?;
    Ok(vec![request, task::task(said, task_status, ResourceType::ServiceRequest)?])
}

fn request(said: &Said, status: RequestStatus) -> Result<Resource, FhirError> {
    let builder = ServiceRequest::builder().status(status).intent(RequestIntent::Proposal);
    let mut request = builder.subject(reference::patient(said)?).build()?;
    request.identifier = element::effect_identifier(said)?;
    request.extension = element::citation(said)?;
    request.instantiates_uri = vec![Some(vocabulary::edition_uri(said))];
    request.priority = Some(task::priority(said));
    request.code = Some(code(said)?);
    request.encounter = reference::encounter(said)?;
    request.occurrence = task::due_window(said)?.map(ServiceRequestOccurrence::Period);
    request.requester = Some(reference::software(said)?);
    request.location_reference = reference::ward(said)?.into_iter().map(Some).collect();
    request.reason_code = vec![Some(concept(Vec::new(), &said.text)?)];
    request.reason_reference = reference::reasons(said)?;
    request.supporting_info = reference::other_than_reasons(said)?;
    request.note = element::notes(said)?;
    Ok(Resource::ServiceRequest(request))
}

/// What is due: the subject of the pipeline, or all of it.
fn code(said: &Said) -> Result<CodeableConcept, FhirError> {
    match unless_blank(&said.subject) {
        Some(subject) => {
            let coding = coding(&vocabulary::of_pipeline("subject", said), &subject, "")?;
            concept(vec![coding], &format!("{}: {subject}", said.title))
        }
        None => concept(Vec::new(), &said.title),
    }
}
