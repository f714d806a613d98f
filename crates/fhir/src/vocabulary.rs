//! The names this crate writes: ours, and the codes of others.

use crate::said::{Said, SaidChange, SaidKind, SaidSeverity};

/// Effects, by id.
pub(crate) const EFFECT: &str = "urn:twinstream:effect";
/// Kinds of effects.
pub(crate) const KIND: &str = "urn:twinstream:kind";
/// Why revisions are made.
pub(crate) const CHANGE: &str = "urn:twinstream:change";
/// How loudly bands are said.
pub(crate) const SEVERITY: &str = "urn:twinstream:severity";
/// Pipelines.
pub(crate) const PIPELINE: &str = "urn:twinstream:pipeline";
/// Source records.
pub(crate) const SOURCE: &str = "urn:twinstream:source";

/// SNOMED CT. The codes below belong to its UK edition, which needs a licence of its own.
pub(crate) const SNOMED: &str = "http://snomed.info/sct";

/// The base of every extension.
const EXTENSION: &str = "urn:twinstream:extension";

/// The codes of scores that have one: (name of the score, SNOMED CT).
///
/// LOINC 88330-6, which some use for NEWS2, is something else: "Mobility - admission performance".
const SCORES: &[(&str, &str)] = &[("NEWS2", "1104051000000101")];

/// The codes of points that have one: (name of the score, signal, SNOMED CT).
///
/// SpO2 has two, one for each of its scales. Which scale was used is not part of the evidence, so
/// SpO2 goes by our own code alone.
#[rustfmt::skip]
const POINTS: &[(&str, &str, &str)] = &[
    ("NEWS2", "respiratory_rate",        "1104301000000104"),
    ("NEWS2", "oxygen_therapy",          "1104331000000105"),
    ("NEWS2", "systolic_blood_pressure", "1104341000000101"),
    ("NEWS2", "heart_rate",              "1104351000000103"),
    ("NEWS2", "consciousness",           "1104361000000100"),
    ("NEWS2", "temperature",             "1104371000000107"),
];

/// The SNOMED CT code of a score, where there is one.
pub(crate) fn score_code(score: &str) -> Option<&'static str> {
    SCORES.iter().find(|(name, _)| *name == score).map(|(_, code)| *code)
}

/// The SNOMED CT code of the points a signal gets in a score, where there is one.
pub(crate) fn points_code(score: &str, signal: &str) -> Option<&'static str> {
    let row = POINTS.iter().find(|(name, input, _)| *name == score && *input == signal);
    row.map(|(_, _, code)| *code)
}

/// A code system of one pipeline: `urn:twinstream:band:news2`.
pub(crate) fn of_pipeline(what: &str, said: &Said) -> String {
    format!("urn:twinstream:{what}:{}", percent_encoded(&said.pipeline))
}

/// A pipeline in its edition as one URI: `urn:twinstream:pipeline:news2|RCP%202017`.
pub(crate) fn edition_uri(said: &Said) -> String {
    let (name, edition) = (percent_encoded(&said.pipeline), percent_encoded(&said.edition));
    format!("{PIPELINE}:{name}|{edition}")
}

/// The system of the patient identifiers of a source.
pub(crate) fn patient_system(namespace: &str) -> String {
    format!("urn:twinstream:patient:{}", percent_encoded(namespace))
}

/// The URL of an extension.
pub(crate) fn extension_url(name: &str) -> String {
    format!("{EXTENSION}:{name}")
}

/// The code of a kind.
pub(crate) const fn kind_code(kind: SaidKind) -> &'static str {
    match kind {
        SaidKind::Alert => "alert",
        SaidKind::FollowUp => "follow-up",
        SaidKind::Suggestion => "suggestion",
        SaidKind::Risk => "risk",
    }
}

/// The code of a change.
pub(crate) const fn change_code(change: SaidChange) -> &'static str {
    match change {
        SaidChange::Raised => "raised",
        SaidChange::Escalated => "escalated",
        SaidChange::Lowered => "lowered",
        SaidChange::Revised => "revised",
        SaidChange::Resolved => "resolved",
        SaidChange::Withdrawn => "withdrawn",
        SaidChange::Acknowledged => "acknowledged",
        SaidChange::Snoozed => "snoozed",
        SaidChange::Reminded => "reminded",
    }
}

/// The code of a severity.
pub(crate) const fn severity_code(severity: SaidSeverity) -> &'static str {
    match severity {
        SaidSeverity::Log => "log",
        SaidSeverity::Passive => "passive",
        SaidSeverity::Interruptive => "interruptive",
    }
}

/// Text as a part of a URI (RFC 3986): an edition has spaces and semicolons, a URI has none.
fn percent_encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
