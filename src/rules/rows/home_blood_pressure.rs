//! Blood pressure of a week at home: `home_blood_pressure` says what it means. Days are UTC days.

use crate::domain::decimal::plain;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::home_blood_pressure::{Measurement, session};
use crate::rules::rows::bp_stage::leaves;

/// The rule.
pub static HOME_BLOOD_PRESSURE: Rule = Rule {
    name: "home_blood_pressure",
    inputs: &[
        RuleInput { name: "systolic", kind: InputKind::Series },
        RuleInput { name: "diastolic", kind: InputKind::Series },
    ],
    scored: false,
    parameters: &["window"],
    subjects: &["home_blood_pressure"],
    bands: &["below-both", "high-by-aha", "high-by-both"],
    value: "mean systolic blood pressure at home in mm[Hg]",
    decimals: 1,
    assess,
};

const SYSTOLIC: usize = 0;
const DIASTOLIC: usize = 1;
const WINDOW: usize = 0;

fn assess(row: &Row<'_>) -> Assessment {
    let diastolic: Vec<&Reading> = finals(row, DIASTOLIC).collect();
    let pairs: Vec<(&Reading, &Reading)> = finals(row, SYSTOLIC)
        .filter_map(|one| Some((one, *diastolic.iter().find(|other| other.at == one.at)?)))
        .collect();
    let Some((first, _)) = pairs.first() else {
        return Assessment::nothing_known("no blood pressure at home within the window");
    };
    let day = |one: &Reading| one.at.date().days_since_epoch();
    let measurements: Vec<Measurement> = pairs
        .iter()
        .map(|(one, other)| Measurement {
            day: day(one) - day(first) + 1,
            systolic: one.value,
            diastolic: other.value,
        })
        .collect();
    let session = session(&measurements);
    let next_at = leaves(row, first, row.parameter(WINDOW));
    if !session.is_sufficient() {
        let reason = format!("insufficient: {} usable readings of a week", session.n_readings);
        return Assessment { next_at, ..Assessment::nothing_known(reason) };
    }
    let band = usize::from(session.is_high_aha()) + usize::from(session.is_high_esh());
    let evidence = pairs.iter().flat_map(|(one, other)| [one.evidence, other.evidence]);
    let finding = Finding {
        band,
        band_most: band,
        evidence: evidence.collect(),
        values: vec![
            ("systolic", plain(session.systolic, 1)),
            ("diastolic", plain(session.diastolic, 1)),
            ("readings", session.n_readings.to_string()),
        ],
        ..Finding::default()
    };
    let outcome = Outcome::Final { value: session.systolic };
    Assessment { next_at, ..Assessment::new(outcome, Findings::Known(vec![finding])) }
}

fn finals<'r>(row: &'r Row<'_>, input: usize) -> impl Iterator<Item = &'r Reading> {
    row.series(input).iter().filter(|one| one.is_final())
}
