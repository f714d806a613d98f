//! RADAR-base: what its Avro records measure, by `radar.csv`; whose they are stands in their key.
//!
//! `time` is when it was measured, `timeReceived` when it was told; both are seconds of UTC. What the table does not
//! name is not used: a daily mean, a deviation or a count since midnight is no vital sign.

use std::borrow::Cow;

use crate::domain::coding::Coding;
use crate::domain::decimal::Decimal;
use crate::domain::event::{Resource, ResourceKind, Status, Version};
use crate::domain::fact::{Fact, Origin, Raw, Statistic, Valid};
use crate::domain::refusal::{Refusal, Unusable};
use crate::domain::signal::Signal;
use crate::domain::time::{Span, Timestamp};
use crate::ingest::avro::frame::schema_id;
use crate::ingest::avro::reader::Row;
use crate::ingest::avro::schemas::{SchemaError, Schemas};
use crate::ingest::context::Context;
use crate::ingest::entry::{Entry, Outcome, ReadResource};
use crate::ingest::fhir::reference::check;
use crate::ingest::refused::Refused;
use crate::ingest::samples::{Frame, Samples};
use crate::ingest::source::SourceRecord;
use crate::ingest::table::rows;

/// What the codes of samples are of.
const SYSTEM: &str = "urn:radar-base";

/// Why a record was not read.
#[derive(Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It cannot be.
    Refused(Refused),
    /// It could be, if the schemas were within reach.
    Unreachable(String),
}

impl From<Refused> for Stopped {
    fn from(refused: Refused) -> Stopped {
        Stopped::Refused(refused)
    }
}

impl From<SchemaError> for Stopped {
    fn from(error: SchemaError) -> Stopped {
        match error {
            SchemaError::Unreachable(message) => Stopped::Unreachable(message),
            SchemaError::Missing(_) | SchemaError::Unreadable { .. } => {
                Stopped::Refused(Refused::new(Refusal::Undecodable, error.to_string()))
            }
        }
    }
}

/// Reads a record.
///
/// # Errors
/// Why it was refused, or that its schema is out of reach.
pub fn read_record(
    record: &SourceRecord<'_>,
    context: &Context<'_>,
    schemas: &mut Schemas,
    samples: &mut Samples,
) -> Result<Entry<'static>, Stopped> {
    let (name, row) = row_of(record.payload, "value", schemas, context.now)?;
    let short = name.rsplit('.').next().unwrap_or_default();
    let (pointer, resource_type) = (String::new(), Cow::Owned(format!("radar:{short}")));
    let fields: Vec<Field> = fields_of(&name).collect();
    if fields.iter().all(|field| row.text(field.name).is_none()) {
        return Ok(Entry { pointer, resource_type, outcome: Outcome::NotUsed });
    }
    let key = match record.raw_key {
        Some(key) if schema_id(key).is_some() => Some(row_of(key, "key", schemas, context.now)?.1),
        _ => None,
    };
    let of_key = |field: &str| key.as_ref().and_then(|key| key.text(field));
    let patient = match context.patient {
        Some(patient) => patient.to_owned(),
        None => of_key("userId").ok_or_else(|| {
            Refused::new(Refusal::NoPatient, "the key is no ObservationKey with a userId")
        })?,
    };
    let patient = check(Cow::Owned(patient))?;
    let device = of_key("sourceId").unwrap_or_default();
    let told = row.text("timeReceived").map(|text| instant(&text, "timeReceived", context));
    let told = told.transpose()?;
    let mut facts = Vec::new();
    for field in &fields {
        read_field(field, &name, &row, &device, context, samples, &mut facts)?;
    }
    let revised_at = told.unwrap_or(context.received_at);
    let version = Version { revised_at, version_id: None, status: Status::Final };
    let (kind, id) = (ResourceKind::Measurement, Cow::Borrowed(""));
    let resource = Resource { kind, id, version, recorded_at: told, content: 0, facts };
    let read = ReadResource { patient: Some(patient), resource, refused_parts: Vec::new() };
    Ok(Entry { pointer, resource_type, outcome: Outcome::Read(read) })
}

/// A record of a schema, and the name of that.
fn row_of(
    bytes: &[u8],
    what: &str,
    schemas: &mut Schemas,
    now: Timestamp,
) -> Result<(String, Row), Stopped> {
    let undecodable = |message: String| Refused::new(Refusal::Undecodable, message);
    let id = schema_id(bytes)
        .ok_or_else(|| undecodable(format!("the {what} has no frame of a schema registry")))?;
    let reader = schemas.reader(id, now)?;
    // The text of the record is not repeated: the reader's words may hold some.
    let row = reader.read(bytes).map_err(|_| {
        undecodable(format!("the {what} is no record of its schema {id}, {}", reader.name()))
    })?;
    Ok((reader.name().to_owned(), row))
}

/// What a field of a record measures.
struct Field {
    name: &'static str,
    signal: Signal,
    unit: &'static str,
    statistic: Statistic,
    /// The field that says for how many seconds; empty for an instant.
    length: &'static str,
}

fn fields_of(record: &str) -> impl Iterator<Item = Field> {
    rows(include_str!("radar.csv")).filter_map(move |row| match row.as_slice() {
        [name, field, signal, unit, statistic, length] if *name == record => {
            let is_named = |one: &Statistic| one.name() == *statistic;
            Some(Field {
                name: field,
                signal: Signal::named(signal).expect("the table names signals"),
                unit,
                statistic: Statistic::ALL.into_iter().find(is_named).expect("and statistics"),
                length,
            })
        }
        _ => None,
    })
}

fn read_field(
    field: &Field,
    record: &str,
    row: &Row,
    device: &str,
    context: &Context<'_>,
    samples: &mut Samples,
    facts: &mut Vec<Fact<'static>>,
) -> Result<(), Refused> {
    let Some(text) = row.text(field.name) else { return Ok(()) };
    let frame = Frame {
        signal: field.signal,
        valid: measured(field, row, context)?,
        origin: origin(row, context),
        statistic: field.statistic,
        device: Cow::Owned(device.to_owned()),
        code: Coding::new(SYSTEM, format!("{record}.{}", field.name), ""),
    };
    let value = Decimal::parse(&text);
    let raw = Raw { value: Cow::Owned(text), unit: Cow::Borrowed(field.unit) };
    match value {
        Ok(value) => samples.add_quantity(frame, value, raw, facts),
        // NaN and infinity are numbers of Avro, and of nobody.
        Err(_) => samples.add_unusable(frame, raw, Unusable::ValueUnreadable, facts),
    }
    Ok(())
}

/// Garmin says of a blood pressure whether somebody typed it.
fn origin(row: &Row, context: &Context<'_>) -> Origin {
    match row.text("sourceType").as_deref() {
        Some("MANUAL") => Origin::SelfReported,
        _ => context.spec.origin,
    }
}

/// When it was measured, with the offset of the device's clock where the record has it.
fn measured(field: &Field, row: &Row, context: &Context<'_>) -> Result<Valid, Refused> {
    let time = row.text("time").ok_or_else(|| bad("time is missing"))?;
    let start = instant(&time, "time", context)?;
    let offset = ["startTimeOffset", "measurementTimeOffset"].map(|name| row.text(name));
    let offset = offset.into_iter().flatten().next();
    let offset_minutes = offset.and_then(|text| text.parse::<i32>().ok());
    let offset_minutes = offset_minutes.and_then(|seconds| i16::try_from(seconds / 60).ok());
    if field.length.is_empty() {
        return Ok(context.zoned(Valid::instant(start, offset_minutes)));
    }
    let length = row.text(field.length).and_then(|text| micros(&text));
    let length = length.filter(|length| 0 < *length);
    let length = length.ok_or_else(|| bad(&format!("{}: expected seconds", field.length)))?;
    let end = start.plus(Span::from_micros(length));
    context.check_past(end, "time")?;
    Ok(context.zoned(Valid { offset_minutes, ..Valid::between(start, end) }))
}

/// Seconds of UTC, as a double.
fn instant(text: &str, field: &str, context: &Context<'_>) -> Result<Timestamp, Refused> {
    let at = micros(text).ok_or_else(|| bad(&format!("{field}: expected seconds of UTC")))?;
    let at = Timestamp::from_micros(at);
    context.check_past(at, field)?;
    Ok(at)
}

fn micros(seconds: &str) -> Option<i64> {
    Decimal::parse(seconds).ok()?.rounded(6)
}

fn bad(message: &str) -> Refused {
    Refused::new(Refusal::BadTime, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_signals_statistics_and_units() {
        let names: Vec<&str> = rows(include_str!("radar.csv")).map(|row| row[0]).collect();
        let n_fields: usize = names.iter().map(|name| fields_of(name).count()).sum();
        // A record with two fields is counted with each of them.
        assert_eq!(n_fields, names.len() + 2);
    }
}
