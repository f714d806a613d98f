//! Which of two messages about one thing counts: when its event was recorded (EVN-2), or when it was sent
//! (MSH-7) where it records no event. An old message that is sent again stays old.

use crate::domain::time::Timestamp;
use crate::ingest::context::Context;
use crate::ingest::fhir::types::MetaJson;
use crate::ingest::hl7::fault::Fault;
use crate::ingest::hl7::message::Message;
use crate::ingest::hl7::stamp;
use crate::ingest::json::Text;

/// When the event of a message was recorded; else when the message was sent.
///
/// # Errors
/// `BadTime` or `FutureTime`
pub fn recorded_at(
    message: &Message<'_>,
    context: &Context<'_>,
) -> Result<Option<Timestamp>, Fault> {
    let event = match message.first("EVN") {
        Some(event) => stamp::written(event.part(2), &event.pointer("2"), context)?,
        None => None,
    };
    match event {
        Some(at) => Ok(Some(at)),
        None => sent_at(message, context),
    }
}

/// When a message was sent.
///
/// # Errors
/// `BadTime` or `FutureTime`
pub fn sent_at(message: &Message<'_>, context: &Context<'_>) -> Result<Option<Timestamp>, Fault> {
    match message.first("MSH") {
        Some(header) => stamp::written(header.part(7), &header.pointer("7"), context),
        None => Ok(None),
    }
}

/// The same as the metadata of a resource.
pub fn meta(at: Option<Timestamp>) -> Option<MetaJson<'static>> {
    let text = |at: Timestamp| Text(at.to_string().into());
    at.map(|at| MetaJson { version_id: None, last_updated: Some(text(at)) })
}
