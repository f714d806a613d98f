//! The Task of an effect: what a person can take, and by when.

use fhir_sdk::r4b::codes::{RequestPriority, TaskIntent, TaskStatus};
use fhir_sdk::r4b::resources::{Resource, ResourceType, Task, TaskRestriction};
use fhir_sdk::r4b::types::{Period, Reference};

use crate::element;
use crate::error::FhirError;
use crate::reference;
use crate::said::{Said, SaidAnswer, SaidKind, SaidSeverity};
use crate::vocabulary;

/// The Task about the resource of this effect that is of type `focus`. Its owner is whoever answered, by name;
/// until then it is decided where it is stored.
pub(crate) fn task(
    said: &Said,
    status: TaskStatus,
    focus: ResourceType,
) -> Result<Resource, FhirError> {
    // The types know FHIR's own codes of `task-intent` only, not those it takes from `request-intent`.
    let proposal = TaskIntent::_Custom("proposal".to_owned());
    let mut task = Task::builder().status(status).intent(proposal).build()?;
    task.identifier = element::effect_identifier(said)?;
    task.instantiates_uri = Some(vocabulary::edition_uri(said));
    task.business_status = Some(element::band(said)?);
    task.priority = Some(priority(said));
    task.code = Some(element::kind(said)?);
    task.description = Some(said.text.clone());
    task.focus = Some(reference::own(said, focus)?);
    task.r#for = Some(reference::patient(said)?);
    task.encounter = reference::encounter(said)?;
    task.last_modified = Some(element::date_time("known", said.known)?);
    task.requester = Some(reference::software(said)?);
    if let SaidAnswer::Acknowledged { by } | SaidAnswer::Snoozed { by } = &said.answer {
        task.owner = Some(Reference::builder().display(by.clone()).build()?);
    }
    task.location = reference::ward(said)?;
    task.note = element::notes(said)?;
    if let Some(window) = due_window(said)? {
        task.restriction = Some(TaskRestriction::builder().period(window).build()?);
    }
    Ok(Resource::Task(task))
}

/// The status of a task whose effect stands. What only stands in the record is on no list, so nobody
/// is asked yet.
pub(crate) const fn open(said: &Said) -> TaskStatus {
    match (&said.answer, said.severity) {
        (SaidAnswer::Acknowledged { .. }, _) => TaskStatus::Accepted,
        (SaidAnswer::Snoozed { .. }, _) => TaskStatus::OnHold,
        (SaidAnswer::None, SaidSeverity::Log) => TaskStatus::Draft,
        (SaidAnswer::None, SaidSeverity::Passive | SaidSeverity::Interruptive) => {
            TaskStatus::Requested
        }
    }
}

/// From when it is due to when it is overdue.
pub(crate) fn due_window(said: &Said) -> Result<Option<Period>, FhirError> {
    let window = said.due.map(|due| element::period("due", due.due_at, Some(due.overdue_at)));
    window.transpose()
}

/// How soon it should be looked at. An alert is more urgent than anything that has a date.
pub(crate) const fn priority(said: &Said) -> RequestPriority {
    match (said.kind, said.severity) {
        (SaidKind::Alert, SaidSeverity::Interruptive) => RequestPriority::Stat,
        (SaidKind::Alert, SaidSeverity::Passive) => RequestPriority::Urgent,
        (
            SaidKind::FollowUp | SaidKind::Suggestion | SaidKind::Risk,
            SaidSeverity::Interruptive,
        ) => RequestPriority::Urgent,
        (SaidKind::FollowUp | SaidKind::Suggestion | SaidKind::Risk, SaidSeverity::Passive)
        | (_, SaidSeverity::Log) => RequestPriority::Routine,
    }
}
