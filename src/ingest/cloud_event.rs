//! A record in the envelope of a CloudEvent 1.0, opened: what it carries is read as a bare record is.
//!
//! ```text
//! structured   value {"specversion": "1.0", "subject": "P1", "data": …}  ─► value = data, headers ce_subject …
//! binary       headers ce_specversion: 1.0, ce_subject: P1, …            ─► as it is
//! ```
//! So `patient_from: header:ce_subject` means the same in both modes. The event's `time` dates what has no
//! date of its own. A structured event is known by its content type, or by its `specversion` where a broker, a
//! file or a letter has kept no headers. Binary mode without a value is a tombstone, as without an envelope.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use crate::domain::moment::Moment;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::ingest::context::AHEAD_MAX;
use crate::ingest::refused::Refused;
use crate::ingest::source::SourceRecord;

/// What a CloudEvent carries.
#[derive(Debug)]
pub struct CloudEvent<'a> {
    /// The bytes that a bare record would have had.
    pub payload: Cow<'a, [u8]>,
    /// Where they stand in the record, as a JSON pointer; empty for the record itself.
    pub pointer: &'static str,
    /// The headers of the record, and the attributes of a structured event as binary mode would name them.
    pub headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// When it happened, where the event says so.
    pub time: Option<Timestamp>,
}

/// Why a CloudEvent was refused, with where in the record.
pub type Broken = (&'static str, Refused);

/// The media type of structured mode.
const STRUCTURED: &str = "application/cloudevents+json";
/// Of any event in structured mode, also in a form that is not read.
const STRUCTURED_ANY: &str = "application/cloudevents";
const VERSION: &str = "1.0";

/// Opens a record that is a CloudEvent; `None` for any other record.
///
/// # Errors
/// For an event of another version, without data that can be read, or of a time that cannot be.
pub fn open<'a>(
    record: &SourceRecord<'a>,
    now: Timestamp,
) -> Result<Option<CloudEvent<'a>>, Broken> {
    let content_type = record.header("content-type").unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim();
    let is_declared = content_type.eq_ignore_ascii_case(STRUCTURED);
    if !is_declared && content_type.to_ascii_lowercase().starts_with(STRUCTURED_ANY) {
        return Err(("", broken(&format!("content-type: expected {STRUCTURED}"))));
    }
    match record.header("ce_specversion") {
        Some(version) if !is_declared => binary(record, version, now).map(Some),
        _ => structured(record, is_declared, now),
    }
}

fn binary<'a>(
    record: &SourceRecord<'a>,
    version: &str,
    now: Timestamp,
) -> Result<CloudEvent<'a>, Broken> {
    if version != VERSION {
        return Err(("", broken("header ce_specversion: expected 1.0")));
    }
    let time = record.header("ce_time").map(|text| time_of(text, now)).transpose();
    let time = time.map_err(|refused| ("", refused))?;
    let (payload, headers) = (Cow::Borrowed(record.payload), record.headers.clone());
    Ok(CloudEvent { payload, pointer: "", headers, time })
}

fn structured<'a>(
    record: &SourceRecord<'a>,
    is_declared: bool,
    now: Timestamp,
) -> Result<Option<CloudEvent<'a>>, Broken> {
    let Ok(json) = std::str::from_utf8(record.payload) else {
        return if is_declared { Err(("", broken("not UTF-8"))) } else { Ok(None) };
    };
    if !is_declared && !may_be_structured(json) {
        return Ok(None);
    }
    let attributes: BTreeMap<String, &'a RawValue> = match serde_json::from_str(json) {
        Ok(attributes) => attributes,
        Err(_) if is_declared => return Err(("", broken("the CloudEvent is no JSON object"))),
        // What is no JSON is refused as a bare record is, with line and column.
        Err(_) => return Ok(None),
    };
    match attributes.get("specversion").map(|version| version.get()) {
        Some("\"1.0\"") => {}
        None if !is_declared => return Ok(None),
        _ => return Err(("/specversion", broken("the CloudEvent: expected \"1.0\""))),
    }
    let (payload, pointer) = data_of(&attributes)?;
    let mut headers = record.headers.clone();
    for (name, value) in attributes.iter().filter(|(name, _)| !name.starts_with("data")) {
        if let Ok(text) = serde_json::from_str::<String>(value.get()) {
            headers.push((Cow::Owned(format!("ce_{name}")), Cow::Owned(text)));
        }
    }
    let text = headers.iter().find(|(name, _)| name == "ce_time").map(|(_, text)| text);
    let time = text.map(|text| time_of(text, now)).transpose();
    let time = time.map_err(|refused| ("/time", refused))?;
    Ok(Some(CloudEvent { payload, pointer, headers, time }))
}

/// The data of a structured event (JSON event format, §3.1): JSON as it stands, a text where its media type is
/// not JSON, or bytes.
fn data_of<'a>(
    attributes: &BTreeMap<String, &'a RawValue>,
) -> Result<(Cow<'a, [u8]>, &'static str), Broken> {
    let named = |name: &str| attributes.get(name).copied().filter(|value| value.get() != "null");
    match (named("data"), named("data_base64")) {
        (Some(data), None) => {
            let text = if is_json(named("datacontenttype")) { None } else { text_of(data) };
            let bytes = data.get().as_bytes();
            let payload = text.map_or(Cow::Borrowed(bytes), |text| Cow::Owned(text.into_bytes()));
            Ok((payload, "/data"))
        }
        (None, Some(data)) => {
            let bytes = text_of(data).and_then(|text| STANDARD.decode(text).ok());
            let bytes = bytes.ok_or(("/data_base64", broken("the CloudEvent: expected base64")))?;
            Ok((Cow::Owned(bytes), "/data_base64"))
        }
        (Some(_), Some(_)) => {
            Err(("", broken("the CloudEvent has data and data_base64: expected one of them")))
        }
        (None, None) => Err(("", broken("the CloudEvent has neither data nor data_base64"))),
    }
}

/// Whether data of this media type is JSON; what has none is.
fn is_json(media_type: Option<&RawValue>) -> bool {
    let Some(media_type) = media_type.and_then(text_of) else { return true };
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.ends_with("/json") || essence.ends_with("+json")
}

fn text_of(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// Whether a record without headers may be a structured event. Most resources say so much in their first field
/// that the rest of them need not be searched.
fn may_be_structured(json: &str) -> bool {
    let Some(fields) = json.trim_start().strip_prefix('{') else {
        return false;
    };
    !fields.trim_start().starts_with("\"resourceType\"") && json.contains("\"specversion\"")
}

/// A time that lies ahead would make the version that it dates the newest for ever.
fn time_of(text: &str, now: Timestamp) -> Result<Timestamp, Refused> {
    match Moment::parse(text) {
        Ok(Moment::Instant { at, .. }) if at <= now.plus(AHEAD_MAX) => Ok(at),
        Ok(Moment::Instant { .. }) => {
            Err(Refused::new(Refusal::FutureTime, "time of the CloudEvent: ahead of its arrival"))
        }
        _ => Err(Refused::new(Refusal::BadTime, "time of the CloudEvent: expected RFC 3339")),
    }
}

fn broken(message: &str) -> Refused {
    Refused::new(Refusal::Undecodable, message)
}
