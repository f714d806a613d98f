//! Checks of the rules of deterioration and sepsis (SPEC 1).

use serde_json::{Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::inputs::Inputs;
use crate::rules::qsofa;

pub(super) static CHECKS: &[Check] = &[Check {
    number: "02",
    name: "qsofa",
    source: "Singer 2016, JAMA 315:801; Seymour 2016, JAMA 315:762",
    edition: "Sepsis-3, 2016",
    inputs: "rr /min, sbp mm[Hg], gcs",
    output: "status, score, score_min, score_max, missing, positive",
    run: qsofa,
}];

fn qsofa(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let sum = qsofa::score(&qsofa::Situation {
        respiratory_rate: inputs.optional_rounded("rr", 0)?,
        systolic: inputs.optional_rounded("sbp", 0)?,
        glasgow_coma_score: inputs.optional_rounded("gcs", 0)?,
    });
    let positive = sum.reaches(qsofa::POSITIVE);
    // Two criteria are enough, whatever the third is (SPEC 0.7).
    let is_final = sum.is_final() || positive == Some(true);
    Ok(json!({
        "status": if is_final { "final" } else { "incomplete" },
        "score": sum.lower, "score_min": sum.lower, "score_max": sum.upper,
        "missing": sum.missing, "positive": positive,
    }))
}
