//! Weight gain in heart failure by a scale at home: `weight_gain` says what follows. Days are UTC days.

use crate::domain::decimal::plain;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::rows::bp_stage::leaves;
use crate::rules::weight_gain::{Action, Weight, gain};

/// The rule.
pub static HF_WEIGHT: Rule = Rule {
    name: "hf_weight",
    inputs: &[
        RuleInput { name: "body_weight", kind: InputKind::Series },
        RuleInput { name: "heart_failure", kind: InputKind::State },
    ],
    scored: false,
    parameters: &["window", "stands"],
    subjects: &["weight"],
    bands: &[Action::Notify.name(), Action::Verify.name()],
    value: "gain since the oldest weight of seven days, in pounds",
    decimals: 2,
    assess,
};

const WEIGHT: usize = 0;
const HEART_FAILURE: usize = 1;
const WINDOW: usize = 0;
const STANDS: usize = 1;

fn assess(row: &Row<'_>) -> Assessment {
    let Some(heart_failure) = row.stands(HEART_FAILURE) else {
        return Assessment::not_applicable("no heart failure");
    };
    let readings = row.series(WEIGHT);
    let Some(newest) = readings.last() else {
        return Assessment::nothing_known("no weight within the window");
    };
    if row.parameter(STANDS) < row.at.since(newest.at) {
        return Assessment::nothing_known("the newest weight is too old");
    }
    if let Some(reason) = newest.refusal("weight") {
        return Assessment::not_computable(reason);
    }
    let used: Vec<&Reading> = readings.iter().filter(|one| one.is_final()).collect();
    let weights: Vec<Weight> = used
        .iter()
        // Hundredths of a kilogram to hundred-thousandths.
        .map(|one| Weight { day: one.at.date().days_since_epoch(), weight: one.value * 1_000 })
        .collect();
    let gained = gain(&weights);
    let band = match gained.action {
        Action::None => None,
        Action::Notify => Some(0),
        Action::Verify => Some(1),
    };
    let text = |pounds: Option<i64>| pounds.map_or("not known".to_owned(), |one| plain(one, 2));
    let finding = band.map(|band| Finding {
        band,
        band_most: band,
        evidence: used.iter().map(|one| one.evidence).chain(heart_failure.evidence).collect(),
        values: vec![
            ("weight", plain(newest.value, newest.decimals)),
            ("measured", newest.at.date().to_string()),
            ("day", text(gained.day)),
            ("week", text(gained.week)),
        ],
        ..Finding::default()
    });
    let outcome = match gained.week.or(gained.day) {
        Some(value) => Outcome::Final { value },
        None => Outcome::NotComputable { reason: "one weight alone is no gain".to_owned() },
    };
    let mut assessment = Assessment::new(outcome, Findings::Known(finding.into_iter().collect()));
    let oldest = used.first().and_then(|oldest| leaves(row, oldest, row.parameter(WINDOW)));
    let stale = Some(newest.stale_at(row.parameter(STANDS))).filter(|at| row.at < *at);
    assessment.next_at = [oldest, stale].into_iter().flatten().min();
    assessment
}
