//! The check of NEWS2 (SPEC 1.1): the score table and the gates of the pipeline that ships.

use serde_json::{Map, Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::inputs::Inputs;
use crate::domain::time::Timestamp;
use crate::pipeline::compile::Known;
use crate::pipeline::pipeline::{Core, Gate, Pipeline};
use crate::rules::assessment::{Assessment, Cell, Findings, Outcome, Reading, Row, Since};
use crate::rules::news2::{RED, monitoring};
use crate::rules::score_table::ScoreTable;

pub(super) static CHECKS: &[Check] = &[Check {
    number: "01",
    name: "news2",
    source: "Royal College of Physicians, NEWS2, December 2017",
    edition: "RCP 2017 (pipelines/news2.yaml)",
    inputs: "rr /min, spo2 %, scale (1, 2), o2, sbp mm[Hg], pulse /min, acvpu, temp Cel, age a, \
             pregnant",
    output: "status, sub, score, score_min, score_max, red_param, band, monitoring, missing",
    run: news2,
}];

const PIPELINE: &str = include_str!("../../pipelines/news2.yaml");

/// The scored inputs: as a case calls them, and as the pipeline does; with their decimals.
const SCORED: [(&str, &str, u8); 7] = [
    ("rr", "respiratory_rate", 0),
    ("spo2", "spo2", 0),
    ("o2", "oxygen", 0),
    ("sbp", "systolic", 0),
    ("pulse", "pulse", 0),
    ("acvpu", "consciousness", 0),
    ("temp", "temperature", 1),
];

/// Answers of consciousness, by their place in the signal's: C is new confusion only.
const ACVPU: [(&str, i64); 6] =
    [("A", 0), ("C", 1), ("V", 2), ("P", 3), ("U", 4), ("chronic_confusion", 5)];

fn news2(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let pipeline = Pipeline::read(PIPELINE, &Known::default())
        .map_err(|error| CheckError::Unanswerable(error.to_string()))?;
    let Core::Table(table) = &pipeline.core else {
        return Err(CheckError::Unanswerable("the pipeline of NEWS2 holds no table".to_owned()));
    };
    let mut cells = Vec::new();
    for (name, _) in &pipeline.features {
        cells.push(cell(inputs, name)?);
    }
    let row = Row { at: Timestamp::from_micros(0), cells: &cells, parameters: &[] };
    if pipeline.gates.iter().any(|gate| is_closed(gate, &row)) {
        return Ok(json!({ "status": "not-applicable" }));
    }
    let assessment = table.assess(&row);
    let mut fields = scored(&assessment, &pipeline);
    let band = band(&assessment, table);
    fields.insert("band".to_owned(), json!(band));
    let missing = SCORED.iter().filter(|(key, _, _)| inputs.value(key).is_none());
    let missing: Vec<&str> = missing.map(|(key, _, _)| *key).collect();
    fields.insert("missing".to_owned(), json!(missing));
    Ok(Value::Object(fields))
}

/// What a feature of the pipeline reads of a case.
fn cell(inputs: &Inputs<'_>, name: &str) -> Result<Cell, CheckError> {
    let since = |stands: bool| match stands {
        true => Cell::Since(Since { at: Timestamp::from_micros(0), evidence: None }),
        false => Cell::NotStated,
    };
    match name {
        "scale_2" => Ok(since(inputs.optional_rounded("scale", 0)? == Some(2))),
        "pregnancy" => Ok(since(inputs.is_stated("pregnant")?)),
        "age" => {
            let age = inputs.optional_count("age")?;
            Ok(age.map_or(Cell::Missing, |age| Cell::Age { least: age, greatest: age }))
        }
        name => {
            let scored = SCORED.iter().find(|(_, feature, _)| *feature == name);
            let Some((key, _, decimals)) = scored else {
                return Err(CheckError::Unanswerable(format!("no input feeds `{name}`")));
            };
            let value = match *key {
                "o2" => inputs.optional_flag(key)?.map(i64::from),
                "acvpu" => inputs.optional_word(key, &ACVPU)?,
                key => inputs.optional_rounded(key, *decimals)?,
            };
            Ok(value.map_or(Cell::Missing, |value| Cell::Reading(reading(value, *decimals))))
        }
    }
}

fn reading(value: i64, decimals: u8) -> Reading {
    Reading {
        value,
        decimals,
        at: Timestamp::from_micros(0),
        comparator: None,
        unusable: None,
        is_preliminary: false,
        evidence: 0,
    }
}

/// Whether a gate keeps the patient out; it closes only on what is known.
fn is_closed(gate: &Gate, row: &Row<'_>) -> bool {
    match gate {
        Gate::AgeAtLeast(input, years) => {
            matches!(row.cell(*input), Cell::Age { greatest, .. } if greatest < years)
        }
        Gate::NotStanding(input) => row.since(*input).is_some(),
        Gate::Standing(input) => row.since(*input).is_none(),
    }
}

/// Status, points and score; of an incomplete one the score is the lower bound.
fn scored(assessment: &Assessment, pipeline: &Pipeline) -> Map<String, Value> {
    let key = |input: usize| {
        let name = pipeline.input_label(input);
        let scored = SCORED.iter().find(|(_, feature, _)| *feature == name);
        scored.map_or_else(|| name.to_owned(), |(key, _, _)| (*key).to_owned())
    };
    let sub = assessment.points.iter().map(|one| (key(one.input), json!(one.points)));
    let is_red = assessment.points.iter().any(|one| Some(RED) <= one.points);
    let upper = match &assessment.outcome {
        Outcome::Incomplete { upper, .. } => *upper,
        outcome => outcome.value(),
    };
    let score = assessment.outcome.value();
    let mut fields = Map::new();
    fields.insert("status".to_owned(), json!(assessment.outcome.status()));
    fields.insert("sub".to_owned(), Value::Object(sub.collect()));
    fields.insert("score".to_owned(), json!(score));
    fields.insert("score_min".to_owned(), json!(score));
    fields.insert("score_max".to_owned(), json!(upper));
    fields.insert("red_param".to_owned(), json!(is_red));
    let monitored = score.map(|score| monitoring(score, is_red));
    fields.insert("monitoring".to_owned(), json!(monitored));
    fields
}

/// The band; nothing reassuring while it may be a higher one.
fn band<'t>(assessment: &Assessment, table: &'t ScoreTable) -> Option<&'t str> {
    let Findings::Known(findings) = &assessment.findings else { return None };
    let finding = findings.first()?;
    let is_said = 0 < finding.band || finding.band == finding.band_most;
    let band = table.bands.get(finding.band).filter(|_| is_said);
    band.map(|band| band.name.as_str())
}
