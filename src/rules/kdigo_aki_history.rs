//! Acute kidney injury as a rule over a patient's creatinines: `kdigo_aki` says which stage, and looks for
//! the baseline in its order.

use crate::domain::decimal::plain;
use crate::domain::time::Span;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::kdigo_aki::{self, Prior, Reference};

/// The rule. By creatinine alone: no signal says how long a charted amount of urine took to come.
pub static KDIGO_AKI: Rule = Rule {
    name: "kdigo_aki",
    inputs: &[
        RuleInput { name: "creatinine", kind: InputKind::Series },
        RuleInput { name: "dialysis", kind: InputKind::State },
    ],
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
        return gone("no creatinine within the window");
    };
    if row.parameter(STANDS) < row.at.since(newest.at) {
        return gone("the newest creatinine is too old");
    }
    if let Some(reason) = newest.unusable {
        return Assessment::not_computable(format!(
            "the creatinine of {} cannot be used: {reason}",
            newest.at
        ));
    }
    if newest.comparator.is_some() {
        return Assessment::not_computable(
            "the newest creatinine is only known to be above or below",
        );
    }
    let finals: Vec<&Reading> = earlier.iter().filter(|reading| reading.is_final()).collect();
    let prior = |r: &&Reading| Prior { before: newest.at.since(r.at), value: r.value };
    let priors: Vec<Prior> = finals.iter().map(prior).collect();
    let injury = kdigo_aki::assess(newest.value, &priors, None);
    let Some((reference, twice)) = injury.baseline else {
        return gone("no-baseline: no creatinine of the year before to compare with");
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
    let stale_at = newest.at.plus(row.parameter(STANDS)).plus(Span::from_micros(1));
    assessment.next_at = Some(stale_at).filter(|at| row.at < *at);
    if newest.is_preliminary {
        assessment.notes.push("the newest creatinine is preliminary".to_owned());
    }
    assessment
}

/// Nothing holds, because there is nothing that it could rest on.
fn gone(reason: &str) -> Assessment {
    let outcome = Outcome::NotComputable { reason: reason.to_owned() };
    Assessment::new(outcome, Findings::Known(Vec::new()))
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
        [Span::from_hours(48), Span::from_days(7)].into_iter().filter_map(lowest).collect();
    if compared.is_empty() {
        let mut by_value: Vec<&&Reading> = earlier
            .iter()
            .filter(|r| {
                (Span::from_days(8)..=Span::from_days(365)).contains(&newest.at.since(r.at))
            })
            .collect();
        by_value.sort_unstable_by_key(|r| r.value);
        let middle = [by_value.len().saturating_sub(1) / 2, by_value.len() / 2];
        compared.extend(middle.iter().filter_map(|at| by_value.get(*at)).map(|r| r.evidence));
    }
    compared.push(newest.evidence);
    compared.sort_unstable();
    compared.dedup();
    compared
}
