//! SIRS over a patient's newest values: vital signs of six hours, results of a day.

use crate::rules::assessment::{Assessment, InputKind, Row, Rule, RuleInput};
use crate::rules::rows::sums::{Reading, assessed};
use crate::rules::sirs::{POSITIVE, Situation, score};

/// The rule. Immature forms are no signal: leukocytes are judged alone.
pub static SIRS: Rule = Rule {
    name: "sirs",
    inputs: &[
        RuleInput { name: "temperature", kind: InputKind::Reading },
        RuleInput { name: "heart_rate", kind: InputKind::Reading },
        RuleInput { name: "respiratory_rate", kind: InputKind::Reading },
        RuleInput { name: "paco2", kind: InputKind::Reading },
        RuleInput { name: "leukocytes", kind: InputKind::Reading },
    ],
    scored: true,
    parameters: &[],
    subjects: &["sirs"],
    bands: &["negative", "positive"],
    value: "SIRS criteria",
    decimals: 0,
    assess,
};

const TEMPERATURE: usize = 0;
const HEART_RATE: usize = 1;
const RESPIRATORY_RATE: usize = 2;
const PACO2: usize = 3;
const LEUKOCYTES: usize = 4;

fn assess(row: &Row<'_>) -> Assessment {
    let sum = score(&Situation {
        temperature: row.value(TEMPERATURE),
        heart_rate: row.value(HEART_RATE),
        respiratory_rate: row.value(RESPIRATORY_RATE),
        paco2: row.value(PACO2),
        leukocytes: row.value(LEUKOCYTES),
        bands: None,
    });
    let inputs: [&[usize]; 4] =
        [&[TEMPERATURE], &[HEART_RATE], &[RESPIRATORY_RATE, PACO2], &[LEUKOCYTES]];
    assessed(row, SIRS.inputs, &Reading { sum: &sum, inputs: &inputs, cut_offs: &[POSITIVE] })
}
