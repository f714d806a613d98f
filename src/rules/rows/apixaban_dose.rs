//! Apixaban in atrial fibrillation, by age, weight and creatinine (TX-09): `apixaban_dose` counts the criteria.
//!
//! The dose that is taken is not read: the suggestion is to look at it.

use crate::domain::decimal::plain;
use crate::rules::apixaban_dose::{AGE_YEARS_MIN, HALVED_FROM, criteria};
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::rows::ages::{next_birthday, years, years_alike};
use crate::rules::rows::sums::{evidence_of_all, stale_at};

/// The rule.
pub static APIXABAN_DOSE: Rule = Rule {
    name: "apixaban_dose",
    inputs: &[
        RuleInput { name: "apixaban", kind: InputKind::State },
        RuleInput { name: "atrial_fibrillation", kind: InputKind::State },
        RuleInput { name: "birth", kind: InputKind::Birth },
        RuleInput { name: "body_weight", kind: InputKind::Reading },
        RuleInput { name: "creatinine", kind: InputKind::Reading },
    ],
    scored: false,
    parameters: &["stands"],
    subjects: &["apixaban"],
    bands: &["reduced-dose"],
    value: "criteria for the reduced dose",
    decimals: 0,
    assess,
};

const APIXABAN: usize = 0;
const ATRIAL_FIBRILLATION: usize = 1;
const BIRTH: usize = 2;
const WEIGHT: usize = 3;
const CREATININE: usize = 4;
const STANDS: usize = 0;

fn assess(row: &Row<'_>) -> Assessment {
    if row.stands(APIXABAN).is_none() || row.stands(ATRIAL_FIBRILLATION).is_none() {
        return Assessment::not_applicable("no apixaban for atrial fibrillation");
    }
    if let Some(reason) = no_basis(row.reading(WEIGHT), "weight")
        .or_else(|| no_basis(row.reading(CREATININE), "creatinine"))
    {
        return Assessment::not_computable(reason);
    }
    let age = years_alike(row, BIRTH, |years| i64::from(i64::from(AGE_YEARS_MIN) <= years));
    // Hundredths of a kilogram to tenths, upwards: 60.01 kg is not 60 kg.
    let weight = row.value(WEIGHT).map(|weight| (weight + 9).div_euclid(10));
    let age = age.and_then(|age| u32::try_from(age).ok());
    let sum = criteria(age, weight, row.value(CREATININE));
    let outcome = match sum.is_final() {
        true => Outcome::Final { value: sum.lower },
        false => Outcome::Incomplete { lower: sum.lower, upper: Some(sum.upper) },
    };
    let findings = match sum.reaches(HALVED_FROM) {
        Some(true) => Findings::Known(vec![Finding {
            evidence: evidence_of_all(row, &[APIXABAN, ATRIAL_FIBRILLATION, WEIGHT, CREATININE]),
            values: values(row),
            ..Finding::default()
        }]),
        Some(false) => Findings::Known(Vec::new()),
        None => Findings::Unknown,
    };
    let mut assessment = Assessment::new(outcome, findings);
    let stale = stale_at(row, &[WEIGHT, CREATININE], row.parameter(STANDS));
    let birthday = next_birthday(row, BIRTH, &[AGE_YEARS_MIN]);
    assessment.next_at = [stale, birthday].into_iter().flatten().min();
    if !sum.is_final() {
        assessment.notes.push(format!("missing: {}", sum.missing.join(", ")));
    }
    assessment
}

/// Why a value is no basis for a suggestion.
fn no_basis(reading: Option<&Reading>, name: &str) -> Option<String> {
    let reading = reading?;
    let preliminary = || format!("the {name} of {} is preliminary", reading.at);
    reading.refusal(name).or_else(|| reading.is_preliminary.then(preliminary))
}

fn values(row: &Row<'_>) -> Vec<(&'static str, String)> {
    let text = |input: usize| match row.reading(input) {
        Some(reading) => plain(reading.value, reading.decimals),
        None => "not measured".to_owned(),
    };
    let age = years(row, BIRTH).map_or("not known".to_owned(), |(least, _)| least.to_string());
    vec![("age", age), ("weight", text(WEIGHT)), ("creatinine", text(CREATININE))]
}
