//! A sum of criteria as an assessment: bands by its bounds, points by input, and what gave them.

use crate::domain::decimal::plain;
use crate::domain::time::{Span, Timestamp};
use crate::rules::assessment::{
    Assessment, Cell, Finding, Findings, Outcome, Points, Row, RuleInput,
};
use crate::rules::partial_sum::PartialSum;

/// How a sum is read.
pub struct Reading<'s> {
    /// The sum.
    pub sum: &'s PartialSum,
    /// Which inputs of the rule each of its items was judged by, in the order of the items.
    pub inputs: &'s [&'s [usize]],
    /// From how many points each band is reached, ascending; below the first is the lowest band.
    pub cut_offs: &'s [i64],
}

/// The assessment of a row by a sum of criteria. Bands are reached by what is known, and left only when nothing
/// that is missing can hold them.
pub fn assessed(row: &Row<'_>, inputs: &[RuleInput], reading: &Reading<'_>) -> Assessment {
    let Reading { sum, cut_offs, .. } = *reading;
    let outcome = match sum.is_final() {
        true => Outcome::Final { value: sum.lower },
        false => Outcome::Incomplete { lower: sum.lower, upper: Some(sum.upper) },
    };
    let band = |total: i64| cut_offs.iter().take_while(|cut_off| **cut_off <= total).count();
    let used: Vec<usize> = reading.inputs.iter().copied().flatten().copied().collect();
    let evidence = evidence_of_all(row, &used);
    let score = match sum.is_final() {
        true => sum.lower.to_string(),
        false => format!("at least {}", sum.lower),
    };
    let finding = Finding {
        band: band(sum.lower),
        band_most: band(sum.upper),
        evidence,
        values: vec![("score", score), ("contributions", contributions(row, inputs, reading))],
        ..Finding::default()
    };
    let mut assessment = Assessment::new(outcome, Findings::Known(vec![finding]));
    let items = sum.items.iter().zip(reading.inputs);
    let points = items.filter_map(|(item, inputs)| {
        Some(Points { input: *inputs.first()?, points: item.points() })
    });
    assessment.points = points.collect();
    assessment.notes = preliminary(row, inputs);
    assessment
}

/// `not documented: heart failure, diabetes`: what counted as absent only because nobody said it.
pub fn undocumented(row: &Row<'_>, inputs: &[RuleInput], states: &[usize]) -> Option<String> {
    let absent = states.iter().filter(|state| row.stands(**state).is_none());
    let names: Vec<String> =
        absent.filter_map(|state| Some(spaced(inputs.get(*state)?.name))).collect();
    Some(format!("not documented: {}", names.join(", "))).filter(|_| !names.is_empty())
}

/// The evidence of several inputs, each piece once.
pub fn evidence_of_all(row: &Row<'_>, inputs: &[usize]) -> Vec<usize> {
    let mut evidence: Vec<usize> =
        inputs.iter().flat_map(|input| evidence_of(row.cell(*input))).collect();
    evidence.sort_unstable();
    evidence.dedup();
    evidence
}

/// The first instant after the row's at which one of the newest readings is older than `stands`.
pub fn stale_at(row: &Row<'_>, inputs: &[usize], stands: Span) -> Option<Timestamp> {
    let readings = inputs.iter().filter_map(|input| row.reading(*input));
    readings.map(|reading| reading.stale_at(stands)).filter(|at| row.at < *at).min()
}

/// The pieces of evidence that a cell holds.
pub fn evidence_of(cell: &Cell) -> Vec<usize> {
    match cell {
        Cell::Reading(reading) => vec![reading.evidence],
        Cell::Series(readings) => readings.iter().map(|reading| reading.evidence).collect(),
        Cell::Since(since) => since.evidence.into_iter().collect(),
        Cell::Told(told) => told.iter().map(|one| one.evidence).collect(),
        Cell::Score(score) => (score.evidence.0..score.evidence.1).collect(),
        Cell::Number(number) => number.evidence.into_iter().collect(),
        Cell::Missing | Cell::NotStated | Cell::Age { .. } | Cell::Birth(_) | Cell::Sex(_) => {
            Vec::new()
        }
    }
}

/// `respiratory rate 24 +1, glasgow coma score missing`: what gave points, then what is missing.
fn contributions(row: &Row<'_>, inputs: &[RuleInput], reading: &Reading<'_>) -> String {
    let (mut scored, mut missing) = (Vec::new(), Vec::new());
    for (item, used) in reading.sum.items.iter().zip(reading.inputs) {
        let name = |input: &usize| inputs.get(*input).map_or("", |input| input.name);
        match item.points() {
            Some(points) if 0 < points => {
                let texts = used.iter().filter_map(|input| {
                    let value = value_of(row.cell(*input))?;
                    Some(format!("{} {value}", spaced(name(input))).trim_end().to_owned())
                });
                let text = texts.collect::<Vec<_>>().join(", ");
                scored.push((points, format!("{text} +{points}")));
            }
            Some(_) => {}
            None => missing.push(format!("{} missing", spaced(used.first().map_or("", name)))),
        }
    }
    scored.sort_by_key(|(points, _)| -points);
    let texts: Vec<String> = scored.into_iter().map(|(_, text)| text).chain(missing).collect();
    texts.join(", ")
}

/// What a cell says, where it says anything; empty for a state, whose name says it.
fn value_of(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Reading(reading) if reading.unusable.is_none() => {
            Some(plain(reading.value, reading.decimals))
        }
        Cell::Age { least, .. } => Some(least.to_string()),
        Cell::Since(_) => Some(String::new()),
        Cell::Sex(sex) => Some(format!("{sex:?}").to_lowercase()),
        Cell::Birth(birth) => Some(birth.to_string()),
        Cell::Told(told) if !told.is_empty() => Some(told.len().to_string()),
        Cell::Score(score) => Some(plain(score.least, score.decimals)),
        Cell::Number(number) => Some(number.value.to_string()),
        Cell::Missing | Cell::Reading(_) | Cell::Series(_) | Cell::Told(_) | Cell::NotStated => {
            None
        }
    }
}

/// Which inputs are not yet verified, and which newest results cannot be used.
pub fn preliminary(row: &Row<'_>, inputs: &[RuleInput]) -> Vec<String> {
    let notes = inputs.iter().enumerate().filter_map(|(number, input)| {
        let reading = row.reading(number)?;
        let name = spaced(input.name);
        match reading.unusable {
            Some(reason) => Some(format!("{name}: the newest result cannot be used ({reason})")),
            None if reading.is_preliminary => Some(format!("{name}: preliminary")),
            None => None,
        }
    });
    notes.collect()
}

/// `respiratory_rate` as people read it.
pub fn spaced(name: &str) -> String {
    name.replace('_', " ")
}
