//! A suggestion: what a rule found, and a group of drafts for whoever decides.
//!
//! Nothing in it can be acted upon by a machine: the group is a draft, its one action holds a draft
//! task, and neither becomes active.

use fhir_sdk::r4b::codes::{
    ActionPrecheckBehavior, ActionRequiredBehavior, GuidanceResponseStatus, RelatedArtifactType,
    RequestIntent, RequestStatus, TaskStatus,
};
use fhir_sdk::r4b::resources::{
    GuidanceResponse, GuidanceResponseModule, RequestGroup, RequestGroupAction, Resource,
    ResourceType,
};
use fhir_sdk::r4b::types::{Annotation, RelatedArtifact};

use crate::element::{self, listed, unless_blank};
use crate::error::FhirError;
use crate::reference;
use crate::said::{Said, SaidStatus};
use crate::task;
use crate::vocabulary;

/// Bands that ask for an input instead of proposing a treatment.
const BANDS_ASKING: &[&str] = &["check-egfr"];

/// The resources of a suggestion.
pub(crate) fn resources(said: &Said) -> Result<Vec<Resource>, FhirError> {
    let (status, task_status) = match said.status {
        SaidStatus::Active => (RequestStatus::Draft, TaskStatus::Draft),
        SaidStatus::Resolved => (RequestStatus::Revoked, TaskStatus::Cancelled),
        SaidStatus::Withdrawn => (RequestStatus::EnteredInError, TaskStatus::EnteredInError),
    };
    let task = task::task(said, task_status, ResourceType::GuidanceResponse)?;
    Ok(vec![response(said)?, group(said, status)?, task])
}

fn response(said: &Said) -> Result<Resource, FhirError> {
    let asks = BANDS_ASKING.contains(&said.band.as_str());
    let status = match said.status {
        SaidStatus::Withdrawn => GuidanceResponseStatus::EnteredInError,
        SaidStatus::Active | SaidStatus::Resolved if asks => GuidanceResponseStatus::DataRequired,
        SaidStatus::Active | SaidStatus::Resolved => GuidanceResponseStatus::Success,
    };
    let module = GuidanceResponseModule::Uri(vocabulary::edition_uri(said));
    let mut response = GuidanceResponse::builder().module(module).status(status).build()?;
    response.identifier = element::effect_identifier(said)?;
    response.extension = element::citation(said)?;
    response.subject = Some(reference::patient(said)?);
    response.encounter = reference::encounter(said)?;
    response.occurrence_date_time = Some(element::date_time("at", said.at)?);
    response.performer = Some(reference::software(said)?);
    response.reason_code = vec![Some(element::band(said)?)];
    response.reason_reference = reference::reasons(said)?;
    let text = Annotation::builder().text(said.text.clone()).build()?;
    response.note = [Some(text)].into_iter().chain(element::notes(said)?).collect();
    response.result = Some(reference::own(said, ResourceType::RequestGroup)?);
    Ok(Resource::GuidanceResponse(response))
}

fn group(said: &Said, status: RequestStatus) -> Result<Resource, FhirError> {
    let builder = RequestGroup::builder().status(status).intent(RequestIntent::Proposal);
    let mut group = builder.build()?;
    group.identifier = element::effect_identifier(said)?;
    group.instantiates_uri = vec![Some(vocabulary::edition_uri(said))];
    group.priority = Some(task::priority(said));
    group.code = Some(element::kind(said)?);
    group.subject = Some(reference::patient(said)?);
    group.encounter = reference::encounter(said)?;
    group.author = Some(reference::software(said)?);
    group.reason_code = vec![Some(element::band(said)?)];
    group.reason_reference = reference::reasons(said)?;
    group.note = element::notes(said)?;
    group.action = vec![Some(action(said)?)];
    Ok(Resource::RequestGroup(group))
}

/// The one action. FHIR wants a resource in every action that has no parts (rqg-1): the draft task.
fn action(said: &Said) -> Result<RequestGroupAction, FhirError> {
    let builder = RequestGroupAction::builder()
        .title(format!("{}: {}", said.title, said.band))
        .text_equivalent(said.text.clone())
        .required_behavior(ActionRequiredBehavior::Could)
        .precheck_behavior(ActionPrecheckBehavior::No)
        .resource(reference::own(said, ResourceType::Task)?);
    let mut action = builder.build()?;
    if let Some(citation) = unless_blank(&said.citation) {
        let artifact = RelatedArtifact::builder().r#type(RelatedArtifactType::Citation);
        action.documentation = listed(vec![artifact.citation(citation).build()?]);
    }
    Ok(action)
}
