//! Potassium as a rule over a patient's results: `potassium` holds the bands, and what comes first.
//!
//! A lone outlier is a high result after others of the same week of which none was high: a first result
//! has nothing to lie outside of.

use crate::domain::decimal::plain;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::kidney_history::injury;
use crate::rules::potassium::{Band, Context, repeats_first};

/// The rule.
pub static POTASSIUM: Rule = Rule {
    name: "potassium",
    inputs: &[
        RuleInput { name: "potassium", kind: InputKind::Series },
        RuleInput { name: "creatinine", kind: InputKind::Series },
        RuleInput { name: "dialysis", kind: InputKind::State },
        RuleInput { name: "age", kind: InputKind::Age },
    ],
    scored: false,
    parameters: &["stands"],
    subjects: &["hyperkalaemia", "hypokalaemia"],
    bands: &["mild", "moderate", "severe"],
    value: "potassium in mmol/L",
    decimals: 1,
    assess,
};

const POTASSIUM_RESULTS: usize = 0;
const CREATININE: usize = 1;
const DIALYSIS: usize = 2;
const STANDS: usize = 0;
const HYPER: usize = 0;
const HYPO: usize = 1;

fn assess(row: &Row<'_>) -> Assessment {
    let Some((newest, earlier)) = row.series(POTASSIUM_RESULTS).split_last() else {
        return Assessment::nothing_known("no potassium within the window");
    };
    if row.parameter(STANDS) < row.at.since(newest.at) {
        return Assessment::nothing_known("the newest potassium is too old");
    }
    if let Some(reason) = newest.refusal("potassium") {
        return Assessment::not_computable(reason);
    }
    let (least, most) = newest.range();
    if level(Band::of(least)) != level(Band::of(most)) {
        return Assessment::not_computable(
            "the newest potassium is only known to be above or below",
        );
    }
    let band = Band::of(newest.value);
    let was_high = |reading: &Reading| {
        reading.unusable.is_none() && matches!(level(Band::of(reading.value)), Some((HYPER, _)))
    };
    let context = Context {
        // No signal says that a sample was haemolysed or an ECG changed: the text asks for both.
        is_haemolysed: false,
        is_lone_outlier: !earlier.is_empty() && !earlier.iter().any(was_high),
        is_ecg_changed: false,
        is_kidney_failing: row.since(DIALYSIS).is_some() || is_injured(row),
    };
    let finding = level(band).map(|(subject, level)| Finding {
        subject,
        band: level,
        band_most: level,
        evidence: vec![newest.evidence],
        values: vec![
            ("value", plain(newest.value, newest.decimals)),
            ("measured", newest.at.to_string()),
            ("first", first(band, &context).to_owned()),
        ],
        ..Finding::default()
    });
    let outcome = Outcome::Final { value: newest.value };
    let mut assessment = Assessment::new(outcome, Findings::Known(finding.into_iter().collect()));
    assessment.next_at = Some(newest.stale_at(row.parameter(STANDS))).filter(|at| row.at < *at);
    if newest.is_preliminary {
        assessment.notes.push("the newest potassium is preliminary".to_owned());
    }
    assessment
}

/// Which way it is abnormal, and how far.
const fn level(band: Band) -> Option<(usize, usize)> {
    match band {
        Band::SevereHypo => Some((HYPO, 2)),
        Band::ModerateHypo => Some((HYPO, 1)),
        Band::MildHypo => Some((HYPO, 0)),
        Band::InRange => None,
        Band::MildHyper => Some((HYPER, 0)),
        Band::ModerateHyper => Some((HYPER, 1)),
        Band::SevereHyper => Some((HYPER, 2)),
    }
}

/// What comes before anything else.
fn first(band: Band, context: &Context) -> &'static str {
    match (repeats_first(band, context), band.suggests_ecg()) {
        (true, true) => {
            "repeating the sample first, with a 12-lead ECG, because no earlier result of the week was high"
        }
        (true, false) => {
            "repeating the sample first, because no earlier result of the week was high"
        }
        (false, true) => "a 12-lead ECG and urgent review",
        (false, false) => "its cause and when to repeat it",
    }
}

/// Whether the newest creatinine says acute kidney injury.
fn is_injured(row: &Row<'_>) -> bool {
    let finals: Vec<&Reading> = row.series(CREATININE).iter().filter(|r| r.is_final()).collect();
    finals.split_last().is_some_and(|(newest, earlier)| 0 < injury(newest, earlier).stage)
}
