//! What a pipeline reads of a patient, in words: for whoever compares one twin with another.

use crate::domain::decimal::plain;
use crate::domain::fact::Comparator;
use crate::domain::refusal::Unusable;
use crate::domain::signal::Signal;
use crate::domain::time::Timestamp;
use crate::pipeline::pipeline::Pipeline;
use crate::pipeline::view::{Scratch, View};
use crate::rules::assessment::{Cell, Reading, Score, Told};

/// One input of a pipeline, as it is read at some instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The name the pipeline file gives it.
    pub name: String,
    /// What was read: `30 /min`, `none in its window`, `since 2026-01-01T08:00:00Z`.
    pub text: String,
    /// What it contributes to the score, where it does.
    pub points: Option<i64>,
    cell: Cell,
}

impl Input {
    /// Whether it says something else than `before` did. The same value again says nothing else.
    pub fn differs(&self, before: &Input) -> bool {
        match (&self.cell, &before.cell) {
            (Cell::Reading(now), Cell::Reading(then)) => value(now) != value(then),
            (Cell::Series(now), Cell::Series(then)) => {
                let dated = |readings: &[Reading]| -> Vec<_> {
                    readings.iter().map(|reading| (reading.at, value(reading))).collect()
                };
                dated(now) != dated(then)
            }
            (now, then) => now != then,
        }
    }
}

/// What a reading says, whenever it was taken.
fn value(reading: &Reading) -> (i64, Option<Comparator>, Option<Unusable>) {
    (reading.value, reading.comparator, reading.unusable)
}

/// What a pipeline reads of a patient at `at`, input by input.
pub fn inputs(
    pipeline: &Pipeline,
    view: &View<'_>,
    at: Timestamp,
    scratch: &mut Scratch,
) -> Vec<Input> {
    let assessment = pipeline.assess_whole(view, at, scratch);
    let points = |input: usize| {
        let scored = assessment.points.iter().find(|points| points.input == input);
        scored.and_then(|points| points.points)
    };
    let read = pipeline.features.iter().zip(&scratch.cells).enumerate();
    let input = read.map(|(number, ((name, feature), cell))| Input {
        name: name.clone(),
        text: text(cell, feature.window().map(|window| window.signal)),
        points: points(number),
        cell: cell.clone(),
    });
    input.collect()
}

/// There was never a value, or the newest is too old.
const NONE: &str = "none in its window";

fn text(cell: &Cell, signal: Option<Signal>) -> String {
    match (cell, signal) {
        (Cell::Reading(reading), Some(signal)) => reading_text(reading, signal),
        (Cell::Series(readings), Some(signal)) => match readings.as_slice() {
            [] => NONE.to_owned(),
            [only] => reading_text(only, signal),
            [.., newest] => {
                format!("{}, newest of {}", reading_text(newest, signal), readings.len())
            }
        },
        (Cell::Missing, Some(_)) => NONE.to_owned(),
        (Cell::Missing | Cell::Reading(_) | Cell::Series(_), None) => "unknown".to_owned(),
        (Cell::Since(since), _) => format!("since {}", since.at),
        (Cell::Told(told), _) => told_text(told),
        (Cell::NotStated, _) => "not stated".to_owned(),
        (Cell::Age { least, greatest }, _) if least == greatest => format!("{least} years"),
        (Cell::Age { least, greatest }, _) => format!("{least} to {greatest} years"),
        (Cell::Birth(birth), _) => birth.to_string(),
        (Cell::Score(score), _) => score_text(score),
        (Cell::Number(number), _) => rounded(number.value),
        (Cell::Sex(sex), _) => format!("{sex:?}").to_lowercase(),
    }
}

/// Four digits say all that a reader wants of a computed number: `82.5`, `0.3333`.
pub fn rounded(value: f64) -> String {
    let text = format!("{value:.4}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// `5`, or `3 to 9` where an input is missing.
fn score_text(score: &Score) -> String {
    let text = |value| plain(value, score.decimals);
    match score.least == score.most {
        true => text(score.least),
        false => format!("{} to {}", text(score.least), text(score.most)),
    }
}

/// `metformin since 2026-01-01T08:00:00Z, ramipril since ...`.
fn told_text(told: &[Told]) -> String {
    if told.is_empty() {
        return "none".to_owned();
    }
    let texts = told.iter().map(|one| match one.to {
        None => format!("{} since {}", one.label, one.from),
        Some(to) => format!("{} from {} to {to}", one.label, one.from),
    });
    texts.collect::<Vec<_>>().join(", ")
}

fn reading_text(reading: &Reading, signal: Signal) -> String {
    if let Some(reason) = reading.unusable {
        return format!("unusable ({reason})");
    }
    let sign = reading.comparator.map_or(String::new(), |c| format!("{} ", c.sign()));
    let (value, unit) = (signal.text_of(reading.value), signal.unit_for_people());
    format!("{sign}{value} {unit}").trim_end().to_owned()
}
