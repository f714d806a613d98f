//! The stage of blood pressure by the mean of readings outside of hospital stays: `blood_pressure` says which.

use std::collections::BTreeSet;

use crate::domain::time::{Span, Timestamp};
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Rule, RuleInput, Told};
use crate::rules::blood_pressure::Stage;

/// The rule.
pub static BP_STAGE: Rule = Rule {
    name: "bp_stage",
    inputs: &[
        RuleInput { name: "systolic", kind: InputKind::Series },
        RuleInput { name: "diastolic", kind: InputKind::Series },
        RuleInput { name: "stays", kind: InputKind::List },
    ],
    scored: false,
    parameters: &["window"],
    subjects: &["blood_pressure"],
    bands: &[
        Stage::Normal.name(),
        Stage::Elevated.name(),
        Stage::One.name(),
        Stage::Two.name(),
        Stage::Severe.name(),
    ],
    value: "mean systolic blood pressure in mm[Hg]",
    decimals: 0,
    assess,
};

const SYSTOLIC: usize = 0;
const DIASTOLIC: usize = 1;
const STAYS: usize = 2;
const WINDOW: usize = 0;

// Whelton 2018: at least 2 readings on at least 2 occasions; an occasion is a day (UTC) here.
const READINGS_MIN: usize = 2;
const DAYS_MIN: usize = 2;

fn assess(row: &Row<'_>) -> Assessment {
    let diastolic = office(row.series(DIASTOLIC), row.told(STAYS));
    let pairs: Vec<(&Reading, &Reading)> = office(row.series(SYSTOLIC), row.told(STAYS))
        .into_iter()
        .filter_map(|one| Some((one, *diastolic.iter().find(|other| other.at == one.at)?)))
        .collect();
    let days: BTreeSet<_> = pairs.iter().map(|(one, _)| one.at.date()).collect();
    if pairs.len() < READINGS_MIN || days.len() < DAYS_MIN {
        let (n_readings, n_days) = (pairs.len(), days.len());
        let reason = format!("{n_readings} readings on {n_days} days outside of hospital stays");
        return Assessment::nothing_known(reason);
    }
    let systolic = mean(pairs.iter().map(|(one, _)| one.value));
    let diastolic = mean(pairs.iter().map(|(_, other)| other.value));
    let band = match Stage::of(systolic, diastolic) {
        Stage::Normal => 0,
        Stage::Elevated => 1,
        Stage::One => 2,
        Stage::Two => 3,
        Stage::Severe => 4,
    };
    let evidence = pairs.iter().flat_map(|(one, other)| [one.evidence, other.evidence]);
    let finding = Finding {
        band,
        band_most: band,
        evidence: evidence.collect(),
        values: vec![
            ("systolic", systolic.to_string()),
            ("diastolic", diastolic.to_string()),
            ("readings", pairs.len().to_string()),
            ("days", days.len().to_string()),
        ],
        ..Finding::default()
    };
    let oldest = pairs.first().map(|(one, _)| *one);
    let outcome = Outcome::Final { value: systolic };
    let mut assessment = Assessment::new(outcome, Findings::Known(vec![finding]));
    assessment.next_at = oldest.and_then(|oldest| leaves(row, oldest, row.parameter(WINDOW)));
    assessment
}

/// When the oldest reading leaves a window.
pub fn leaves(row: &Row<'_>, oldest: &Reading, window: Span) -> Option<Timestamp> {
    Some(oldest.stale_at(window)).filter(|at| row.at < *at)
}

/// The final readings that were not taken during a stay in hospital.
pub fn office<'r>(readings: &'r [Reading], stays: &[Told]) -> Vec<&'r Reading> {
    let is_within = |stay: &Told, at: Timestamp| {
        ["inpatient", "emergency"].contains(&stay.about.as_str())
            && stay.from <= at
            && stay.to.is_none_or(|to| at <= to)
    };
    let is_office = |one: &&Reading| !stays.iter().any(|stay| is_within(stay, one.at));
    readings.iter().filter(|one| one.is_final()).filter(is_office).collect()
}

/// The mean of some values to the nearest whole, halves up; 0 of none.
pub fn mean(values: impl Iterator<Item = i64>) -> i64 {
    let (sum, n_values) = values.fold((0, 0), |(sum, n), value| (sum + value, n + 1));
    if n_values == 0 { 0 } else { (2 * sum + n_values).div_euclid(2 * n_values) }
}
