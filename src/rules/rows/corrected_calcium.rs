//! Calcium as it would be at a normal albumin, of one sample: shown, never paged on.

use crate::domain::decimal::plain;
use crate::rules::assessment::{Assessment, InputKind, Row, Rule, RuleInput};
use crate::rules::corrected_calcium::corrected;
use crate::rules::rows::formula::{Computed, computed, exact};

/// The rule.
pub static CORRECTED_CALCIUM: Rule = Rule {
    name: "corrected_calcium",
    inputs: &[
        RuleInput { name: "calcium", kind: InputKind::Reading },
        RuleInput { name: "albumin", kind: InputKind::Reading },
    ],
    scored: false,
    parameters: &[],
    subjects: &["corrected_calcium"],
    bands: &["shown"],
    value: "calcium at a normal albumin in mg/dL",
    decimals: 2,
    assess,
};

const CALCIUM: usize = 0;
const ALBUMIN: usize = 1;

fn assess(row: &Row<'_>) -> Assessment {
    let read = match exact(row, CORRECTED_CALCIUM.inputs, [CALCIUM, ALBUMIN]) {
        Ok(read) => read,
        Err(nothing) => return *nothing,
    };
    let [calcium, albumin] = read.map(|reading| reading.value);
    let value = (corrected(calcium, albumin) + 5).div_euclid(10);
    let values = vec![("score", plain(value, CORRECTED_CALCIUM.decimals))];
    let computed_from = [CALCIUM, ALBUMIN];
    computed(row, CORRECTED_CALCIUM.inputs, &computed_from, Computed { value, band: 0, values })
}
