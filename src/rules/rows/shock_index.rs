//! The shock index of a patient's newest heart rate and systolic pressure.

use crate::domain::decimal::plain;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::rows::sums::evidence_of;
use crate::rules::shock_index::{Band, band};

/// The rule.
pub static SHOCK_INDEX: Rule = Rule {
    name: "shock_index",
    inputs: &[
        RuleInput { name: "heart_rate", kind: InputKind::Reading },
        RuleInput { name: "systolic_blood_pressure", kind: InputKind::Reading },
    ],
    scored: false,
    parameters: &[],
    subjects: &["shock_index"],
    bands: &[Band::Usual.name(), Band::Borderline.name(), Band::Raised.name(), Band::High.name()],
    value: "shock index",
    decimals: 2,
    assess,
};

const HEART_RATE: usize = 0;
const SYSTOLIC: usize = 1;

fn assess(row: &Row<'_>) -> Assessment {
    let (Some(heart_rate), Some(systolic)) = (row.value(HEART_RATE), row.value(SYSTOLIC)) else {
        return Assessment::not_computable("heart rate or systolic pressure is missing");
    };
    let Some(band) = band(heart_rate, systolic) else {
        return Assessment::not_computable("a systolic pressure is above 0");
    };
    let band = match band {
        Band::Usual => 0,
        Band::Borderline => 1,
        Band::Raised => 2,
        Band::High => 3,
    };
    // Half up; heart rate and pressure have the same decimals.
    let value = (200 * heart_rate + systolic).div_euclid(2 * systolic);
    let finding = Finding {
        band,
        band_most: band,
        evidence: [HEART_RATE, SYSTOLIC].iter().flat_map(|i| evidence_of(row.cell(*i))).collect(),
        values: vec![("score", plain(value, SHOCK_INDEX.decimals))],
        ..Finding::default()
    };
    Assessment::new(Outcome::Final { value }, Findings::Known(vec![finding]))
}
