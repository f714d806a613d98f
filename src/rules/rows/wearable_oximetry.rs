//! Low oxygen saturation by a wearable: `wearable_oximetry` says what follows.
//!
//! A reading within five minutes of steps was taken while moving. No signal carries the quality of a reading.

use crate::domain::time::Span;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Row};
use crate::rules::assessment::{Reading, Rule, RuleInput};
use crate::rules::rows::bp_stage::leaves;
use crate::rules::wearable_oximetry::{self, Action, action};

/// The rule.
pub static WEARABLE_OXIMETRY: Rule = Rule {
    name: "wearable_oximetry",
    inputs: &[
        RuleInput { name: "consumer", kind: InputKind::Series },
        RuleInput { name: "cleared", kind: InputKind::Series },
        RuleInput { name: "steps", kind: InputKind::Series },
    ],
    scored: false,
    parameters: &["window"],
    subjects: &["consumer", "cleared"],
    bands: &[Action::Confirm.name(), Action::Review.name()],
    value: "newest oxygen saturation in per cent",
    decimals: 0,
    assess,
};

const STEPS: usize = 2;
const WINDOW: usize = 0;
/// This project's: so near to steps somebody moved.
const NEAR: Span = Span::from_minutes(5);

fn assess(row: &Row<'_>) -> Assessment {
    let (mut findings, mut newest, mut oldest) = (Vec::new(), None::<&Reading>, None::<&Reading>);
    for subject in [0, 1] {
        let used: Vec<&Reading> = row.series(subject).iter().filter(|one| one.is_final()).collect();
        let is_cleared = subject == 1;
        let readings: Vec<wearable_oximetry::Reading> = used
            .iter()
            .map(|one| wearable_oximetry::Reading {
                saturation: one.value,
                is_moving: is_moving(row, one),
                quality: None,
            })
            .collect();
        newest = newest.into_iter().chain(used.last().copied()).max_by_key(|one| one.at);
        oldest = oldest.into_iter().chain(used.first().copied()).min_by_key(|one| one.at);
        let band = match action(&readings, is_cleared) {
            Action::Insufficient | Action::None => continue,
            Action::Confirm => 0,
            Action::Review => 1,
        };
        let value = used.last().map_or(String::new(), |one| one.value.to_string());
        let at = used.last().map_or(String::new(), |one| one.at.to_string());
        findings.push(Finding {
            subject,
            band,
            band_most: band,
            evidence: used.iter().map(|one| one.evidence).collect(),
            values: vec![("spo2", value), ("measured", at)],
            ..Finding::default()
        });
    }
    let Some(newest) = newest else {
        return Assessment::nothing_known("no oxygen saturation by a wearable within the window");
    };
    let outcome = Outcome::Final { value: newest.value };
    let mut assessment = Assessment::new(outcome, Findings::Known(findings));
    assessment.next_at = oldest.and_then(|oldest| leaves(row, oldest, row.parameter(WINDOW)));
    assessment
}

fn is_moving(row: &Row<'_>, reading: &Reading) -> bool {
    let is_near = |steps: &Reading| {
        let apart = steps.at.since(reading.at).max(reading.at.since(steps.at));
        0 < steps.value && apart <= NEAR
    };
    row.series(STEPS).iter().any(is_near)
}
