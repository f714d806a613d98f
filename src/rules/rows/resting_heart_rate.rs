//! The heart rate at rest by a watch, high or low for ten minutes: `resting_heart_rate` says which. What a device
//! calls the rate at rest was measured without activity; any other rate is not judged.

use crate::domain::decimal::plain;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::resting_heart_rate::{DEFAULT, Notice, Sample, notice};
use crate::rules::rows::bp_stage::leaves;

/// The rule.
pub static RESTING_HEART_RATE: Rule = Rule {
    name: "resting_heart_rate",
    inputs: &[RuleInput { name: "resting_heart_rate", kind: InputKind::Series }],
    scored: false,
    parameters: &["window"],
    subjects: &["heart_rate"],
    bands: &[Notice::Low.name(), Notice::High.name()],
    value: "newest heart rate at rest a minute",
    decimals: 0,
    assess,
};

const RATE: usize = 0;
const WINDOW: usize = 0;

fn assess(row: &Row<'_>) -> Assessment {
    let used: Vec<&Reading> = row.series(RATE).iter().filter(|one| one.is_final()).collect();
    let Some(newest) = used.last() else {
        return Assessment::nothing_known("no heart rate at rest within the window");
    };
    let samples: Vec<Sample> = used
        .iter()
        .map(|one| Sample {
            // Microseconds to hundredths of a minute.
            at: one.at.micros().div_euclid(600_000),
            rate: one.value * 10,
            is_inactive: true,
        })
        .collect();
    let band = notice(&samples, DEFAULT).map(|notice| match notice {
        Notice::Low => 0,
        Notice::High => 1,
    });
    let finding = band.map(|band| Finding {
        band,
        band_most: band,
        evidence: used.iter().map(|one| one.evidence).collect(),
        values: vec![
            ("rate", plain(newest.value, newest.decimals)),
            ("measured", newest.at.to_string()),
        ],
        ..Finding::default()
    });
    let findings = Findings::Known(finding.into_iter().collect());
    let mut assessment = Assessment::new(Outcome::Final { value: newest.value }, findings);
    let oldest = used.first().copied();
    assessment.next_at = oldest.and_then(|oldest| leaves(row, oldest, row.parameter(WINDOW)));
    assessment
}
