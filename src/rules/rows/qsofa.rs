//! qSOFA over a patient's newest hour: the worst of each.

use crate::domain::signal::Signal;
use crate::rules::assessment::{Assessment, InputKind, Row, Rule, RuleInput};
use crate::rules::qsofa::{POSITIVE, Situation, score};
use crate::rules::rows::sums::{Reading, assessed};

/// The rule.
pub static QSOFA: Rule = Rule {
    name: "qsofa",
    inputs: &[
        RuleInput { name: "respiratory_rate", kind: InputKind::Reading },
        RuleInput { name: "systolic_blood_pressure", kind: InputKind::Reading },
        RuleInput { name: "gcs_total", kind: InputKind::Reading },
        RuleInput { name: "consciousness", kind: InputKind::Reading },
    ],
    scored: true,
    parameters: &[],
    subjects: &["qsofa"],
    bands: &["negative", "positive"],
    value: "qSOFA",
    decimals: 0,
    assess,
};

const RESPIRATORY_RATE: usize = 0;
const SYSTOLIC: usize = 1;
const GCS: usize = 2;
const CONSCIOUSNESS: usize = 3;

fn assess(row: &Row<'_>) -> Assessment {
    let sum = score(&Situation {
        respiratory_rate: row.value(RESPIRATORY_RATE),
        systolic: row.value(SYSTOLIC),
        glasgow_coma_score: row.value(GCS).or_else(|| mentation(row)),
    });
    let mentation = if row.value(GCS).is_some() { GCS } else { CONSCIOUSNESS };
    let inputs: [&[usize]; 3] = [&[RESPIRATORY_RATE], &[SYSTOLIC], &[mentation]];
    assessed(row, QSOFA.inputs, &Reading { sum: &sum, inputs: &inputs, cut_offs: &[POSITIVE] })
}

/// Where nobody scored the coma scale: who is alert, or confused as always, has 15; anyone else has less.
fn mentation(row: &Row<'_>) -> Option<i64> {
    let answer = row.value(CONSCIOUSNESS)?;
    let is_as_always = ["alert", "chronic_confusion"]
        .iter()
        .any(|name| Signal::CONSCIOUSNESS.answer(name) == Some(answer));
    Some(if is_as_always { 15 } else { 14 })
}
