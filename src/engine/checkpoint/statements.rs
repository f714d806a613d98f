//! Statements in a part: as a frame of the log, which every version reads, with what the twin adds.

use std::sync::Arc;

use crate::domain::event::{Event, EventBody, Resource};
use crate::domain::fact::{Body, Fact};
use crate::domain::identity::{SourcePosition, TwinId};
use crate::engine::checkpoint::bytes::{In, Out, Torn};
use crate::engine::checkpoint::tables::time;
use crate::log::decode::decode_frame;
use crate::log::encode::FrameWriter;
use crate::twin::events::EventRow;
use crate::twin::statements::StatementRow;

/// Writes statements.
pub fn write_statements<'r>(
    out: &mut Out,
    rows: impl ExactSizeIterator<Item = &'r Arc<StatementRow>>,
) {
    let mut frame = FrameWriter::default();
    out.list(rows, |out, row| {
        frame.push(&event(row));
        out.u32(row.patient);
        out.u64(row.key);
        out.u64(row.content);
        out.i64(row.known.micros());
        write_event(out, &row.event);
    });
    out.bytes(&frame.finish());
}

fn event(row: &StatementRow) -> Event<'_> {
    let body = Body::Statement(Box::new((*row.statement).clone()));
    let fact = Fact { valid: row.valid, links: row.links.to_vec(), body };
    let resource = Resource {
        kind: row.kind,
        id: row.id.as_ref().into(),
        version: row.version,
        recorded_at: row.recorded_at,
        content: row.content,
        facts: vec![fact],
    };
    let twin = TwinId::new("", "");
    let body = EventBody::Patient { twin, resources: vec![resource] };
    Event { source: SourcePosition::new("", 0, 0), available_at: None, body }
}

/// Reads statements.
///
/// # Errors
/// If the part ends before, or a statement is of a newer version.
pub fn read_statements(part: &mut In<'_>) -> Result<Vec<Arc<StatementRow>>, Torn> {
    let beside = part.list(|part| {
        let known = (part.u32()?, part.u64()?, part.u64()?, time(part)?);
        Ok((known, read_event(part)?))
    })?;
    let events = decode_frame(part.bytes()?).map_err(|_| Torn)?;
    if events.len() != beside.len() {
        return Err(Torn);
    }
    let both = beside.into_iter().zip(events);
    both.map(|(((patient, key, content, known), event), from)| {
        let EventBody::Patient { resources, .. } = from.body else { return Err(Torn) };
        let resource = resources.into_iter().next().ok_or(Torn)?;
        let fact = resource.facts.into_iter().next().ok_or(Torn)?;
        let Body::Statement(statement) = fact.body else { return Err(Torn) };
        Ok(Arc::new(StatementRow {
            patient,
            kind: resource.kind,
            id: resource.id.as_ref().into(),
            version: resource.version,
            recorded_at: resource.recorded_at,
            key,
            content,
            valid: fact.valid,
            known,
            event,
            links: fact.links.into(),
            statement: Arc::new((*statement).into_owned()),
        }))
    })
    .collect()
}

fn write_event(out: &mut Out, event: &EventRow) {
    out.u32(event.source);
    out.u32(event.index);
    out.i64(event.offset);
    out.u64(event.frame);
}

fn read_event(part: &mut In<'_>) -> Result<EventRow, Torn> {
    Ok(EventRow {
        source: part.u32()?,
        index: part.u32()?,
        offset: part.i64()?,
        frame: part.u64()?,
    })
}
