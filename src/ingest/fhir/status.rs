//! Statuses of FHIR resources, and the id a resource goes by.

use std::borrow::Cow;

use crate::domain::event::{ResourceKind, Status};
use crate::domain::refusal::Refusal;
use crate::ingest::context::Context;
use crate::ingest::json::Text;
use crate::ingest::refused::Refused;

/// The id of a resource, or the one its Bundle gives it.
pub fn id_of<'a>(id: Option<Text<'a>>, context: &Context<'_>) -> Cow<'a, str> {
    match id {
        Some(id) if !id.is_empty() => id.0,
        _ => Cow::Owned(context.fallback_id.to_owned()),
    }
}

/// The statuses of an event-like resource (`Observation`, `DiagnosticReport`).
///
/// # Errors
/// `Undecodable` for a missing or unknown code.
pub fn result_status(status: Option<&str>) -> Result<Status, Refused> {
    match status {
        Some("final") => Ok(Status::Final),
        Some("amended" | "corrected" | "appended") => Ok(Status::Amended),
        Some("preliminary" | "partial") => Ok(Status::Preliminary),
        Some("registered" | "cancelled" | "unknown") => Ok(Status::Silent),
        Some("entered-in-error") => Ok(Status::EnteredInError),
        Some(_) => Err(Refused::new(Refusal::Undecodable, "status: not a code of FHIR R4")),
        None => Err(Refused::new(Refusal::Undecodable, "status is missing")),
    }
}

/// The version status of any other resource: entered in error, or not.
pub fn statement_status(status: Option<&str>) -> Status {
    match status {
        Some("entered-in-error") => Status::EnteredInError,
        _ => Status::Final,
    }
}

/// Kinds whose facts belong to every partition.
pub fn is_directory(kind: ResourceKind) -> bool {
    matches!(kind, ResourceKind::Location | ResourceKind::PractitionerRole)
}
