//! MEWS over a patient's newest hour. It is refused while an input is missing.

use crate::domain::signal::Signal;
use crate::rules::assessment::{Assessment, InputKind, Row, Rule, RuleInput};
use crate::rules::mews::{HIGH, Situation, score};
use crate::rules::rows::sums::{Reading, assessed};

/// The rule.
pub static MEWS: Rule = Rule {
    name: "mews",
    inputs: &[
        RuleInput { name: "systolic_blood_pressure", kind: InputKind::Reading },
        RuleInput { name: "heart_rate", kind: InputKind::Reading },
        RuleInput { name: "respiratory_rate", kind: InputKind::Reading },
        RuleInput { name: "temperature", kind: InputKind::Reading },
        RuleInput { name: "consciousness", kind: InputKind::Reading },
    ],
    scored: true,
    parameters: &[],
    subjects: &["mews"],
    bands: &["low", "high"],
    value: "MEWS (Subbe 2001)",
    decimals: 0,
    assess,
};

const SYSTOLIC: usize = 0;
const HEART_RATE: usize = 1;
const RESPIRATORY_RATE: usize = 2;
const TEMPERATURE: usize = 3;
const CONSCIOUSNESS: usize = 4;

/// Answers of consciousness that AVPU has, with their points. A confusion is no letter of it.
const AVPU: [(&str, i64); 4] = [("alert", 0), ("voice", 1), ("pain", 2), ("unresponsive", 3)];

fn assess(row: &Row<'_>) -> Assessment {
    let answer = row.value(CONSCIOUSNESS);
    let avpu = AVPU
        .iter()
        .find(|(name, _)| answer.is_some() && Signal::CONSCIOUSNESS.answer(name) == answer);
    if answer.is_some() && avpu.is_none() {
        return Assessment::not_computable("AVPU has no letter for a confusion");
    }
    let sum = score(&Situation {
        systolic: row.value(SYSTOLIC),
        heart_rate: row.value(HEART_RATE),
        respiratory_rate: row.value(RESPIRATORY_RATE),
        temperature: row.value(TEMPERATURE),
        avpu: avpu.map(|(_, points)| *points),
    });
    if !sum.is_final() {
        return Assessment::not_computable(format!("missing: {}", sum.missing.join(", ")));
    }
    let inputs: [&[usize]; 5] =
        [&[SYSTOLIC], &[HEART_RATE], &[RESPIRATORY_RATE], &[TEMPERATURE], &[CONSCIOUSNESS]];
    assessed(row, MEWS.inputs, &Reading { sum: &sum, inputs: &inputs, cut_offs: &[HIGH] })
}
