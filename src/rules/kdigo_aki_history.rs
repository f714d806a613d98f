//! Acute kidney injury as a rule over a patient's creatinines: `kdigo_aki` says which stage, and looks for
//! the baseline in its order.

use crate::domain::decimal::plain;
use crate::domain::time::Span;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::kdigo_aki::{Reference, WINDOW_BASELINE, WINDOW_RISE, YEAR};
use crate::rules::kidney_history::injury;

/// The rule. By creatinine alone: no signal says how long a charted amount of urine took to come.
pub static KDIGO_AKI: Rule = Rule {
    name: "kdigo_aki",
    inputs: &[
        RuleInput { name: "creatinine", kind: InputKind::Series },
        RuleInput { name: "dialysis", kind: InputKind::State },
    ],
    scored: false,
    parameters: &["stands"],
    subjects: &["aki"],
    bands: &["stage-1", "stage-2", "stage-3"],
    value: "KDIGO stage of acute kidney injury",
    decimals: 0,
    assess,
};

const CREATININE: usize = 0;
const DIALYSIS: usize = 1;
const STANDS: usize = 0;

fn assess(row: &Row<'_>) -> Assessment {
    if row.since(DIALYSIS).is_some() {
        return Assessment::not_applicable("maintenance dialysis");
    }
    let Some((newest, earlier)) = row.series(CREATININE).split_last() else {
        return Assessment::nothing_known("no creatinine within the window");
    };
    if row.parameter(STANDS) < row.at.since(newest.at) {
        return Assessment::nothing_known("the newest creatinine is too old");
    }
    if let Some(reason) = newest.refusal("creatinine") {
        return Assessment::not_computable(reason);
    }
    if newest.comparator.is_some() {
        return Assessment::not_computable(
            "the newest creatinine is only known to be above or below",
        );
    }
    let finals: Vec<&Reading> = earlier.iter().filter(|reading| reading.is_final()).collect();
    let injury = injury(newest, &finals);
    let Some((reference, twice)) = injury.baseline else {
        let reason = "no-baseline: no creatinine of the year before to compare with";
        return Assessment::nothing_known(reason);
    };
    let band = usize::from(injury.stage).checked_sub(1);
    let finding = band.map(|band| Finding {
        band,
        band_most: band,
        evidence: evidence(newest, &finals),
        values: vec![
            ("creatinine", plain(newest.value, newest.decimals)),
            ("measured", newest.at.to_string()),
            ("baseline", plain((twice + 1) / 2, newest.decimals)),
            ("reference", called(reference).to_owned()),
            ("stage", injury.stage.to_string()),
        ],
        ..Finding::default()
    });
    let outcome = Outcome::Final { value: i64::from(injury.stage) };
    let mut assessment = Assessment::new(outcome, Findings::Known(finding.into_iter().collect()));
    assessment.next_at = Some(newest.stale_at(row.parameter(STANDS))).filter(|at| row.at < *at);
    if newest.is_preliminary {
        assessment.notes.push("the newest creatinine is preliminary".to_owned());
    }
    assessment
}

const fn called(reference: Reference) -> &'static str {
    match reference {
        Reference::LowestOfSevenDays => "lowest of 7 days",
        Reference::MedianOfAYear => "median of 8 to 365 days",
        Reference::Entered => "entered by a clinician",
    }
}

/// The result, and what it was compared with: the lowest of 48 hours and of 7 days, or where there is none
/// the middle of the year before.
fn evidence(newest: &Reading, earlier: &[&Reading]) -> Vec<usize> {
    let within = |span: Span| earlier.iter().filter(move |r| newest.at.since(r.at) <= span);
    let lowest = |span: Span| within(span).min_by_key(|r| r.value).map(|r| r.evidence);
    let mut compared: Vec<usize> =
        [WINDOW_RISE, WINDOW_BASELINE].into_iter().filter_map(lowest).collect();
    if compared.is_empty() {
        let mut by_value: Vec<&&Reading> =
            earlier.iter().filter(|r| (YEAR.0..=YEAR.1).contains(&newest.at.since(r.at))).collect();
        by_value.sort_unstable_by_key(|r| r.value);
        let middle = [by_value.len().saturating_sub(1) / 2, by_value.len() / 2];
        compared.extend(middle.iter().filter_map(|at| by_value.get(*at)).map(|r| r.evidence));
    }
    compared.push(newest.evidence);
    compared.sort_unstable();
    compared.dedup();
    compared
}
