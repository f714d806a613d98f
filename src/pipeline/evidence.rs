//! What an effect rests on, read off the twin at the moment it is said.

use crate::domain::effect::Evidence;
use crate::domain::event::ResourceKind;
use crate::domain::time::Timestamp;
use crate::pipeline::live::Live;
use crate::pipeline::view::{Scratch, View};
use crate::rules::assessment::{Assessment, Finding};
use crate::twin::block::Kept;
use crate::twin::read::Measured;

/// The evidence of a finding, the newest first.
pub fn evidence_of(
    live: &Live,
    view: &View<'_>,
    assessment: &Assessment,
    finding: &Finding,
    scratch: &Scratch,
) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = finding
        .evidence
        .iter()
        .filter_map(|index| scratch.evidence.get(*index))
        .filter_map(|measured| {
            let points = points_of(live, assessment, measured);
            describe(view, measured, points)
        })
        .collect();
    evidence.sort_by(|a, b| (b.at, a.signal, &a.resource).cmp(&(a.at, b.signal, &b.resource)));
    evidence
}

/// The points of the scored input that reads this signal.
fn points_of(live: &Live, assessment: &Assessment, measured: &Measured) -> Option<i64> {
    let features = &live.pipeline.features;
    let reads = |input: usize| {
        let window = features.get(input).and_then(|(_, feature)| feature.window());
        window.is_some_and(|window| window.signal == measured.signal)
    };
    let points = assessment.points.iter().find(|points| reads(points.input));
    points.and_then(|points| points.points)
}

fn describe(view: &View<'_>, measured: &Measured, points: Option<i64>) -> Option<Evidence> {
    let Kept { row, rare, event, resource } = view.twins.sample(measured.place)?;
    let kind = match (rare.kind, resource.is_empty()) {
        (Some(kind), _) => kind,
        (None, true) => ResourceKind::Measurement,
        (None, false) => ResourceKind::Observation,
    };
    let events = view.twins.events();
    Some(Evidence {
        signal: measured.signal,
        value: value_text(measured, rare.raw.as_ref()),
        code: view.twins.code(&row).to_owned(),
        at: measured.at,
        known_at: Timestamp::from_micros(row.known),
        kind,
        resource,
        version_id: rare.version_id,
        source: events.source(&event),
        log: Some(events.log_position(&event)),
        points,
    })
}

/// `25 /min`, `< 0.3 mg/dL`, `109 umol/L (1.23 mg/dL)`, `unusable: 38 C`.
fn value_text(measured: &Measured, raw: Option<&(Box<str>, Box<str>)>) -> String {
    let unit = measured.signal.unit_for_people();
    if let Some(reason) = measured.unusable {
        let (value, unit) = raw.map_or(("", ""), |(value, unit)| (value, unit));
        return format!("unusable ({reason}): {value} {unit}").trim_end().to_owned();
    }
    let sign = measured.comparator.map_or(String::new(), |c| format!("{} ", c.sign()));
    let value = measured.signal.text_of(measured.value);
    let canonical = format!("{sign}{value} {unit}").trim_end().to_owned();
    match raw {
        Some((value, unit)) => format!("{sign}{value} {unit} ({canonical})"),
        None => canonical,
    }
}
