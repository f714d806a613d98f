//! What was decoded, outliving the bytes it was decoded from: those that were unpacked from others.

use std::borrow::Cow;

use crate::domain::event::{Event, EventBody, Resource};
use crate::domain::fact::{Body, Fact, Raw, Reading, Sample};
use crate::ingest::decoder::Decoded;

/// The same, owning its text; control events and responses are never decoded, and stay out.
pub fn owned(decoded: Decoded<'_>) -> Decoded<'static> {
    let Decoded { events, letter, available_at, stalled } = decoded;
    let events = events.into_iter().filter_map(event).collect();
    Decoded { events, letter, available_at, stalled }
}

fn event(event: Event<'_>) -> Option<Event<'static>> {
    let all = |resources: Vec<Resource<'_>>| resources.into_iter().map(resource).collect();
    let body = match event.body {
        EventBody::Patient { twin, resources } => {
            EventBody::Patient { twin: twin.into_owned(), resources: all(resources) }
        }
        EventBody::Directory { namespace, resources } => {
            EventBody::Directory { namespace: text(namespace), resources: all(resources) }
        }
        EventBody::Control(_)
        | EventBody::Response { .. }
        | EventBody::Claim { .. }
        | EventBody::Transfer { .. } => return None,
    };
    let (source, available_at) = (event.source.into_owned(), event.available_at);
    Some(Event { source, available_at, body })
}

fn resource(resource: Resource<'_>) -> Resource<'static> {
    let Resource { kind, id, version, recorded_at, content, facts } = resource;
    let facts = facts.into_iter().map(fact).collect();
    Resource { kind, id: text(id), version, recorded_at, content, facts }
}

fn fact(fact: Fact<'_>) -> Fact<'static> {
    let body = match fact.body {
        Body::Sample(one) => Body::Sample(sample(one)),
        Body::Statement(statement) => Body::Statement(Box::new(statement.into_owned())),
    };
    Fact { valid: fact.valid, links: fact.links, body }
}

fn sample(sample: Sample<'_>) -> Sample<'static> {
    let raw = |raw: Raw<'_>| Raw { value: text(raw.value), unit: text(raw.unit) };
    let reading = match sample.reading {
        Reading::Value { value, comparator, raw: as_it_came } => {
            Reading::Value { value, comparator, raw: as_it_came.map(raw) }
        }
        Reading::Unusable { reason, raw: as_it_came } => {
            Reading::Unusable { reason, raw: raw(as_it_came) }
        }
    };
    let Sample { signal, origin, statistic, .. } = sample;
    let (device, code) = (text(sample.device), sample.code.into_owned());
    Sample { signal, reading, origin, statistic, device, code }
}

fn text(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}
