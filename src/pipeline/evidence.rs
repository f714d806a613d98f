//! What an effect rests on, read off the twin at the moment it is said.

use crate::domain::effect::{Evidence, FactName};
use crate::domain::event::ResourceKind;
use crate::domain::time::Timestamp;
use crate::pipeline::live::Live;
use crate::pipeline::view::{Piece, Scratch, View};
use crate::rules::assessment::{Assessment, Finding};
use crate::twin::block::Kept;
use crate::twin::read::Measured;
use crate::twin::statements::StatementRow;

/// The evidence of a finding, the newest first.
pub fn evidence_of(
    live: &Live,
    view: &View<'_>,
    assessment: &Assessment,
    finding: &Finding,
    scratch: &Scratch,
) -> Vec<Evidence> {
    let pieces = finding.evidence.iter().filter_map(|index| scratch.evidence.get(*index));
    let described = pieces.filter_map(|piece| match piece {
        Piece::Sample(measured) => {
            measured_fact(view, measured, points_of(live, assessment, measured))
        }
        Piece::Statement(row) => Some(stated_fact(view, row)),
    });
    let mut evidence: Vec<Evidence> = described.collect();
    evidence.sort_by(|a, b| (b.at, &a.fact, &a.resource).cmp(&(a.at, &b.fact, &b.resource)));
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

fn measured_fact(view: &View<'_>, measured: &Measured, points: Option<i64>) -> Option<Evidence> {
    let Kept { row, rare, event, resource } = view.twins.sample(measured.place)?;
    let kind = match (rare.kind, resource.is_empty()) {
        (Some(kind), _) => kind,
        (None, true) => ResourceKind::Measurement,
        (None, false) => ResourceKind::Observation,
    };
    let events = view.twins.events();
    Some(Evidence {
        fact: FactName::Signal(measured.signal),
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

fn stated_fact(view: &View<'_>, row: &StatementRow) -> Evidence {
    let statement = &row.statement;
    let events = view.twins.events();
    let code = statement.codes.first();
    Evidence {
        fact: FactName::Statement(statement.label().to_owned()),
        value: match row.valid.end {
            Timestamp::FOREVER => statement.status.to_string(),
            end => format!("{} until {end}", statement.status).trim_start().to_owned(),
        },
        code: code.map_or(String::new(), |code| format!("{}|{}", code.system, code.code)),
        at: row.valid.start,
        known_at: row.known,
        kind: row.kind,
        resource: row.id.to_string(),
        version_id: row.version.version_id,
        source: events.source(&row.event),
        log: Some(events.log_position(&row.event)),
        points: None,
    }
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
