//! MELD 3.0 of a patient's newest results.

use crate::rules::assessment::{Assessment, Cell, InputKind, Row, Rule, RuleInput};
use crate::rules::meld3::{AGE_YEARS_MIN, Situation, raw, score};
use crate::rules::rows::formula::{Computed, computed, exact};

/// The rule.
pub static MELD3: Rule = Rule {
    name: "meld3",
    inputs: &[
        RuleInput { name: "bilirubin_total", kind: InputKind::Reading },
        RuleInput { name: "sodium", kind: InputKind::Reading },
        RuleInput { name: "inr", kind: InputKind::Reading },
        RuleInput { name: "creatinine", kind: InputKind::Reading },
        RuleInput { name: "albumin", kind: InputKind::Reading },
        RuleInput { name: "dialysis", kind: InputKind::State },
        RuleInput { name: "age", kind: InputKind::Age },
        RuleInput { name: "sex", kind: InputKind::Sex },
    ],
    scored: false,
    parameters: &[],
    subjects: &["meld3"],
    bands: &["scored"],
    value: "MELD 3.0",
    decimals: 0,
    assess,
};

const BILIRUBIN: usize = 0;
const SODIUM: usize = 1;
const INR: usize = 2;
const CREATININE: usize = 3;
const ALBUMIN: usize = 4;
const DIALYSIS: usize = 5;
const AGE: usize = 6;
const SEX: usize = 7;

fn assess(row: &Row<'_>) -> Assessment {
    let age_years = match *row.cell(AGE) {
        Cell::Age { least, .. } => Some(least),
        _ => None,
    };
    if age_years.is_some_and(|age| age < AGE_YEARS_MIN) {
        return Assessment::not_applicable(format!("younger than {AGE_YEARS_MIN} years"));
    }
    let Some(sex) = row.sex(SEX) else {
        return Assessment::not_computable("missing: sex");
    };
    let read = match exact(row, MELD3.inputs, [BILIRUBIN, SODIUM, INR, CREATININE, ALBUMIN]) {
        Ok(read) => read,
        Err(nothing) => return *nothing,
    };
    let [bilirubin, sodium, inr, creatinine, albumin] = read.map(|reading| reading.number());
    let is_dialysed = row.since(DIALYSIS).is_some();
    let situation =
        Situation { bilirubin, sodium, inr, creatinine, albumin, sex, age_years, is_dialysed };
    let value = score(raw(&situation));
    let used = [BILIRUBIN, SODIUM, INR, CREATININE, ALBUMIN, DIALYSIS];
    let values = vec![("score", value.to_string())];
    let mut assessment = computed(row, MELD3.inputs, &used, Computed { value, band: 0, values });
    if is_dialysed {
        assessment.notes.push("on dialysis: creatinine counts as 3.0 mg/dL".to_owned());
    }
    assessment
}
