//! Records on their way out: what a revision of an effect becomes on each topic.

use crate::domain::effect::Effect;
use crate::domain::identity::{LogPosition, TwinId};
use crate::domain::promotion::PipelineState;
use crate::output::alert::AlertRecord;

/// A record for a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutRecord {
    /// The topic.
    pub topic: &'static str,
    /// The key: the patient, so that all records of one stay in order.
    pub key: String,
    /// Headers (CloudEvents binary mode).
    pub headers: Vec<(&'static str, String)>,
    /// The value.
    pub value: String,
}

/// Alert records.
pub const ALERTS_TOPIC: &str = "twin.alerts.v1";
/// FHIR Bundles.
pub const FHIR_TOPIC: &str = "twin.fhir.v1";
/// What pipelines in shadow would have said.
pub const SHADOW_TOPIC: &str = "twin.shadow.v1";
/// Dead letters.
pub const DEAD_LETTERS_TOPIC: &str = "twin.dlq.v1";
/// The log.
pub const EVENTS_TOPIC: &str = "twin.events.v1";

/// Why an effect cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("effect {id} cannot be written as {form}: {message}")]
pub struct OutputError {
    /// The effect.
    pub id: String,
    /// The form.
    pub form: &'static str,
    /// What is wrong.
    pub message: String,
}

/// The alert record of a revision.
///
/// # Errors
/// If it cannot be written, which is our own mistake.
pub fn alert_record(
    twin: &TwinId<'_>,
    number: u32,
    effect: &Effect,
    cause: LogPosition,
) -> Result<OutRecord, OutputError> {
    let record = AlertRecord::new(twin, number, effect, cause);
    let (topic, headers) = (ALERTS_TOPIC, headers(effect, cause, "alert"));
    Ok(OutRecord { topic, key: twin.to_string(), headers, value: json(&record, effect)? })
}

/// The record of a revision that a pipeline in shadow would have sent: the same, and it says so.
///
/// # Errors
/// If it cannot be written, which is our own mistake.
pub fn shadow_record(
    twin: &TwinId<'_>,
    number: u32,
    effect: &Effect,
    cause: LogPosition,
) -> Result<OutRecord, OutputError> {
    let state = Some(PipelineState::Shadow.name());
    let record = AlertRecord { state, ..AlertRecord::new(twin, number, effect, cause) };
    let mut headers = headers(effect, cause, "shadow");
    for (name, value) in &mut headers {
        if *name == "ce_type" {
            *value = format!("twin.shadow.{}.{}.v1", effect.kind.name(), effect.change.name());
        }
    }
    let topic = SHADOW_TOPIC;
    Ok(OutRecord { topic, key: twin.to_string(), headers, value: json(&record, effect)? })
}

fn json(record: &AlertRecord, effect: &Effect) -> Result<String, OutputError> {
    serde_json::to_string(record).map_err(|error| OutputError {
        id: effect.id.to_string(),
        form: "alert record",
        message: error.to_string(),
    })
}

/// CloudEvents 1.0 in binary mode: the causation is the place in the log.
pub fn headers(effect: &Effect, cause: LogPosition, what: &str) -> Vec<(&'static str, String)> {
    vec![
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", format!("{}-{}-{what}", effect.id, effect.revision)),
        ("ce_source", format!("twinstream/{}", effect.pipeline)),
        ("ce_type", format!("twin.{}.{}.v1", effect.kind.name(), effect.change.name())),
        ("ce_time", effect.at.to_string()),
        ("ce_recordedtime", effect.known.to_string()),
        ("ce_causationid", cause.to_string()),
    ]
}
