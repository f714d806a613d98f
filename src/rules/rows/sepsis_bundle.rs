//! What to consider once a clinician suspects an infection: by NEWS2, SOFA, qSOFA, lactate and pressure.

use crate::domain::decimal::plain;
use crate::rules::assessment::{
    Assessment, Finding, Findings, InputKind, Outcome, Row, Rule, RuleInput, Score,
};
use crate::rules::rows::sums::evidence_of_all;
use crate::rules::sepsis_bundle::{Situation, suggestions};

/// The rule.
pub static SEPSIS_BUNDLE: Rule = Rule {
    name: "sepsis_bundle",
    inputs: &[
        RuleInput { name: "suspected_infection", kind: InputKind::State },
        RuleInput { name: "news2", kind: InputKind::Score },
        RuleInput { name: "sofa", kind: InputKind::Score },
        RuleInput { name: "qsofa", kind: InputKind::Score },
        RuleInput { name: "lactate", kind: InputKind::Reading },
        RuleInput { name: "systolic_blood_pressure", kind: InputKind::Reading },
        RuleInput { name: "mean_arterial_pressure", kind: InputKind::Reading },
        RuleInput { name: "heart_failure", kind: InputKind::State },
        RuleInput { name: "dialysis", kind: InputKind::State },
        RuleInput { name: "chronic_dysfunction", kind: InputKind::State },
    ],
    scored: false,
    parameters: &[],
    subjects: &["sepsis"],
    bands: &["assess", "bundle", "shock"],
    value: "items to consider",
    decimals: 0,
    assess,
};

const SUSPECTED: usize = 0;
const NEWS2: usize = 1;
const SOFA: usize = 2;
const QSOFA: usize = 3;
const LACTATE: usize = 4;
const SYSTOLIC: usize = 5;
const MEAN_PRESSURE: usize = 6;
const HEART_FAILURE: usize = 7;
const DIALYSIS: usize = 8;
const CHRONIC: usize = 9;

/// Each item as it is read; the wording is a proposal.
const ITEMS: [(&str, &str); 9] = [
    ("sepsis-assessment", "assessment for sepsis"),
    ("blood-cultures-before-abx", "blood cultures before antimicrobials"),
    ("measure-lactate", "lactate"),
    ("repeat-lactate-2-4h", "lactate again in 2 to 4 hours"),
    ("antimicrobials-within-1h", "antimicrobials within 1 hour"),
    (
        "antimicrobials-within-3h-if-concern-persists",
        "antimicrobials within 3 hours if concern persists",
    ),
    ("crystalloid-30mL/kg-review", "review of 30 mL/kg crystalloid (a weak recommendation)"),
    ("crystalloid-individualise", "crystalloid in an amount made for this patient"),
    (
        "vasopressor-if-MAP<65-during/after-fluid",
        "a vasopressor if mean pressure stays below 65 mmHg during or after fluid",
    ),
];

fn assess(row: &Row<'_>) -> Assessment {
    let least = |input: usize| row.score(input).map(|score: Score| score.least);
    // SOFA is its rise where no organ was known to be failing before.
    let sofa_rise = least(SOFA).filter(|_| row.since(CHRONIC).is_none());
    let lactate = row.value(LACTATE).map(|hundredths| (hundredths + 5).div_euclid(10));
    let considered = suggestions(&Situation {
        is_infection_suspected: row.since(SUSPECTED).map(|_| true),
        news2: least(NEWS2),
        sofa_rise,
        qsofa: least(QSOFA),
        lactate,
        systolic: row.value(SYSTOLIC),
        mean_pressure: row.value(MEAN_PRESSURE),
        is_fluid_sensitive: row.since(HEART_FAILURE).is_some() || row.since(DIALYSIS).is_some(),
    });
    let band = match considered.as_slice() {
        [] => None,
        ["sepsis-assessment"] => Some(0),
        items if items.contains(&"antimicrobials-within-1h") => Some(2),
        _ => Some(1),
    };
    let finding = band.map(|band| Finding {
        band,
        band_most: band,
        evidence: evidence(row),
        values: values(row, &considered),
        ..Finding::default()
    });
    let value = i64::try_from(considered.len()).unwrap_or(i64::MAX);
    let findings = Findings::Known(finding.into_iter().collect());
    let mut assessment = Assessment::new(Outcome::Final { value }, findings);
    if row.since(CHRONIC).is_some() {
        let note = "an organ was failing before: SOFA has no baseline here and does not count";
        assessment.notes.push(note.to_owned());
    }
    assessment
}

fn evidence(row: &Row<'_>) -> Vec<usize> {
    let used =
        [SUSPECTED, NEWS2, SOFA, QSOFA, LACTATE, SYSTOLIC, MEAN_PRESSURE, HEART_FAILURE, DIALYSIS];
    evidence_of_all(row, &used)
}

fn values(row: &Row<'_>, considered: &[&str]) -> Vec<(&'static str, String)> {
    let read = |item: &&str| ITEMS.iter().find(|(name, _)| name == item).map(|(_, text)| *text);
    let items: Vec<&str> = considered.iter().filter_map(read).collect();
    let score = |input: usize| {
        row.score(input).map_or("unknown".to_owned(), |score| match score.least == score.most {
            true => score.least.to_string(),
            false => format!("at least {}", score.least),
        })
    };
    let measured = |input: usize| {
        row.reading(input)
            .filter(|one| one.unusable.is_none())
            .map_or("not measured".to_owned(), |one| plain(one.value, one.decimals))
    };
    vec![
        ("items", items.join("; ")),
        ("news2", score(NEWS2)),
        ("sofa", score(SOFA)),
        ("qsofa", score(QSOFA)),
        ("lactate", measured(LACTATE)),
        ("systolic", measured(SYSTOLIC)),
        ("mean", measured(MEAN_PRESSURE)),
        ("since", row.since(SUSPECTED).map_or(String::new(), |since| since.to_string())),
    ]
}
