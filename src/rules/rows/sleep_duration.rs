//! Sleep of a week by a wearable: `sleep_duration` says whether it is short or long. A night is the UTC day on
//! which it ended; sessions of one day add up.

use std::collections::BTreeMap;

use crate::domain::decimal::plain;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::rows::bp_stage::leaves;
use crate::rules::sleep_duration::{Length, length, total};

/// The rule.
pub static SLEEP_DURATION: Rule = Rule {
    name: "sleep_duration",
    inputs: &[RuleInput { name: "sleep", kind: InputKind::Series }],
    scored: false,
    parameters: &["window"],
    subjects: &["sleep"],
    bands: &["long", "short"],
    value: "mean hours of sleep",
    decimals: 2,
    assess,
};

const SLEEP: usize = 0;
const WINDOW: usize = 0;

fn assess(row: &Row<'_>) -> Assessment {
    let used: Vec<&Reading> = row.series(SLEEP).iter().filter(|one| one.is_final()).collect();
    let mut by_day: BTreeMap<i64, i64> = BTreeMap::new();
    for session in &used {
        *by_day.entry(session.at.date().days_since_epoch()).or_default() += session.value;
    }
    let nights: Vec<Option<i64>> = by_day.into_values().map(Some).collect();
    let next_at = used.first().and_then(|oldest| leaves(row, oldest, row.parameter(WINDOW)));
    let Some(length) = length(&nights) else {
        let reason = format!("insufficient: {} nights of a week", nights.len());
        return Assessment { next_at, ..Assessment::nothing_known(reason) };
    };
    let (hundredths, n_nights) = total(&nights);
    let mean = (2 * hundredths + n_nights).div_euclid(2 * n_nights.max(1));
    let band = match length {
        Length::Usual => None,
        Length::Long => Some(0),
        Length::Short => Some(1),
    };
    let finding = band.map(|band| Finding {
        band,
        band_most: band,
        evidence: used.iter().map(|one| one.evidence).collect(),
        values: vec![("mean", plain(mean, 2)), ("nights", n_nights.to_string())],
        ..Finding::default()
    });
    let findings = Findings::Known(finding.into_iter().collect());
    Assessment { next_at, ..Assessment::new(Outcome::Final { value: mean }, findings) }
}
