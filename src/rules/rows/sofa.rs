//! SOFA over a patient's newest day: the worst of each organ.
//!
//! Amounts are read in mg/dL, rounded half up to the tenths of the printed column. No signal says that breathing is
//! supported, so that a PaO2/FiO2 below 200 is a range; vasopressors are known by their order, not by their dose.

use crate::domain::time::Span;
use crate::rules::assessment::{Assessment, Findings, InputKind, Reading, Row, Rule, RuleInput};
use crate::rules::partial_sum::{Item, PartialSum};
use crate::rules::rows::sums::{self, assessed};
use crate::rules::sofa::{Amount, Situation, Vasopressors, score};

/// The rule.
pub static SOFA: Rule = Rule {
    name: "sofa",
    inputs: &[
        RuleInput { name: "pao2", kind: InputKind::Series },
        RuleInput { name: "fio2", kind: InputKind::Series },
        RuleInput { name: "pf_ratio", kind: InputKind::Reading },
        RuleInput { name: "platelets", kind: InputKind::Reading },
        RuleInput { name: "bilirubin_total", kind: InputKind::Reading },
        RuleInput { name: "mean_arterial_pressure", kind: InputKind::Reading },
        RuleInput { name: "vasopressor", kind: InputKind::State },
        RuleInput { name: "gcs_total", kind: InputKind::Reading },
        RuleInput { name: "creatinine", kind: InputKind::Reading },
        RuleInput { name: "urine_output_24h", kind: InputKind::Reading },
    ],
    scored: true,
    parameters: &[],
    subjects: &["sofa"],
    bands: &["below-2", "from-2"],
    value: "SOFA",
    decimals: 0,
    assess,
};

const PAO2: usize = 0;
const FIO2: usize = 1;
const PF_RATIO: usize = 2;
const PLATELETS: usize = 3;
const BILIRUBIN: usize = 4;
const MEAN_PRESSURE: usize = 5;
const VASOPRESSOR: usize = 6;
const GCS: usize = 7;
const CREATININE: usize = 8;
const URINE: usize = 9;

/// Singer 2016: organ dysfunction is a rise of two points or more.
const DYSFUNCTION: i64 = 2;
/// A blood gas is divided by the oxygen that was set so short a time before (this project's).
const FIO2_AGE_MAX: Span = Span::from_hours(4);
/// The least that any vasopressor gives (Vincent 1996: dopamine of up to 5, any dobutamine).
const VASOPRESSOR_LEAST: i64 = 2;
const ORGAN_MAX: i64 = 4;

fn assess(row: &Row<'_>) -> Assessment {
    let gas = worst_gas(row);
    let reported = row.value(PF_RATIO).map(|whole| 10 * whole);
    let pao2_fio2 = gas.map(|(ratio, _)| ratio).into_iter().chain(reported).min();
    let tenths = |hundredths: i64| Amount::MgPerDl((hundredths + 5).div_euclid(10));
    let sum = score(&Situation {
        pao2_fio2,
        is_supported: None,
        platelets: row.value(PLATELETS),
        bilirubin: row.value(BILIRUBIN).map(tenths),
        mean_pressure: row.value(MEAN_PRESSURE).map(|whole| 10 * whole),
        vasopressors: Vasopressors::default(),
        glasgow_coma_score: row.value(GCS),
        creatinine: row.value(CREATININE).map(tenths),
        urine: row.value(URINE),
    });
    let sum = with_vasopressor(&sum, row.since(VASOPRESSOR).is_some());
    let circulation: &[usize] = match row.since(VASOPRESSOR) {
        Some(_) => &[VASOPRESSOR],
        None => &[MEAN_PRESSURE],
    };
    let inputs: [&[usize]; 6] =
        [&[PF_RATIO], &[PLATELETS], &[BILIRUBIN], circulation, &[GCS], &[CREATININE, URINE]];
    let reading = sums::Reading { sum: &sum, inputs: &inputs, cut_offs: &[DYSFUNCTION] };
    let mut assessment = assessed(row, SOFA.inputs, &reading);
    if let (Findings::Known(findings), Some((_, pair))) = (&mut assessment.findings, gas) {
        let used = pair.map(|reading| reading.evidence);
        findings.iter_mut().for_each(|finding| finding.evidence.extend(used));
    }
    assessment
}

/// The lowest PaO2 over FiO2, in tenths of `mm[Hg]`, with both readings. Without a FiO2 there is none.
fn worst_gas<'r>(row: &'r Row<'_>) -> Option<(i64, [&'r Reading; 2])> {
    let usable = |reading: &&Reading| reading.unusable.is_none() && reading.comparator.is_none();
    let ratio = |gas: &'r Reading| {
        let mut set = row.series(FIO2).iter().filter(usable);
        let set = set.rfind(|set| set.at <= gas.at)?;
        let is_near = gas.at.since(set.at) <= FIO2_AGE_MAX;
        // PaO2 in tenths over per cent.
        (is_near && 0 < set.value).then(|| (100 * gas.value / set.value, [gas, set]))
    };
    let gases = row.series(PAO2).iter().filter(usable);
    gases.filter_map(ratio).min_by_key(|(ratio, _)| *ratio)
}

/// A vasopressor of unknown dose gives two points or more.
fn with_vasopressor(sum: &PartialSum, is_given: bool) -> PartialSum {
    if !is_given {
        return sum.clone();
    }
    let items = sum.items.iter().map(|item| match item.name {
        "cv" => Item { name: "cv", least: VASOPRESSOR_LEAST, most: ORGAN_MAX },
        _ => *item,
    });
    PartialSum::of(&items.collect::<Vec<Item>>())
}
