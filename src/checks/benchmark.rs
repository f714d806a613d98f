//! Checks of the early-sepsis benchmark (SPEC 9).

use serde_json::{Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::inputs::Inputs;
use crate::rules::sepsis_utility::{Stay, normalized};

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "45",
        name: "physionet2019_utility",
        source: "Reyna 2020, Crit Care Med 48:210",
        edition: "PhysioNet/CinC Challenge 2019",
        inputs: "labels, pred (0 or 1 by the hour)",
        output: "utility",
        run: physionet2019_utility,
    },
    Check {
        number: "45b",
        name: "physionet2019_normalized",
        source: "Reyna 2020, Crit Care Med 48:210",
        edition: "PhysioNet/CinC Challenge 2019",
        inputs: "cohort [[labels, pred]]",
        output: "status, normalized",
        run: physionet2019_normalized,
    },
];

/// Hours of 0 and 1.
fn hours(value: Option<&Value>) -> Result<Vec<bool>, CheckError> {
    let hour = |value: &Value| match value.as_f64()? {
        hour if hour.abs() < f64::EPSILON => Some(false),
        hour if (hour - 1.0).abs() < f64::EPSILON => Some(true),
        _ => None,
    };
    let hours = value.and_then(Value::as_array);
    let hours: Option<Vec<bool>> = hours.and_then(|hours| hours.iter().map(hour).collect());
    hours.ok_or_else(|| CheckError::Unanswerable("an hour is neither 0 nor 1".to_owned()))
}

fn same_length(labels: &[bool], warnings: &[bool]) -> Result<(), CheckError> {
    if labels.len() == warnings.len() {
        return Ok(());
    }
    Err(CheckError::Unanswerable("labels and predictions are of different length".to_owned()))
}

fn physionet2019_utility(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (labels, warnings) = (hours(inputs.value("labels"))?, hours(inputs.value("pred"))?);
    same_length(&labels, &warnings)?;
    let stay = Stay { labels: &labels, warnings: &warnings };
    Ok(json!({
        "status": "final", "utility": stay.utility(), "inaction": stay.utility_of_silence(),
        "best": stay.utility_best(),
    }))
}

fn physionet2019_normalized(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let mut stays = Vec::new();
    for (labels, warnings) in inputs.series("cohort")? {
        let (labels, warnings) = (hours(Some(labels))?, hours(Some(warnings))?);
        same_length(&labels, &warnings)?;
        stays.push((labels, warnings));
    }
    let cohort: Vec<Stay<'_>> =
        stays.iter().map(|(labels, warnings)| Stay { labels, warnings }).collect();
    let normalized = normalized(&cohort);
    let status = if normalized.is_some() { "final" } else { "not-computable" };
    Ok(json!({ "status": status, "normalized": normalized }))
}
