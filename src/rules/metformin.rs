//! Metformin by eGFR as a rule over a patient's history: `metformin_egfr` says which advice.

use crate::domain::time::{Span, Timestamp};
use crate::rules::assessment::{Assessment, Cell, Finding, Findings, InputKind, Outcome, Row};
use crate::rules::assessment::{Reading, Rule, RuleInput};
use crate::rules::egfr;
use crate::rules::kidney_history::{KidneyPoint, kidney_points};
use crate::rules::metformin_egfr::{Advice, Situation, advise};

/// The rule.
pub static METFORMIN: Rule = Rule {
    name: "metformin_egfr",
    inputs: &[
        RuleInput { name: "metformin", kind: InputKind::State },
        RuleInput { name: "creatinine", kind: InputKind::Series },
        RuleInput { name: "birth", kind: InputKind::Birth },
        RuleInput { name: "sex", kind: InputKind::Sex },
        RuleInput { name: "contrast", kind: InputKind::State },
        RuleInput { name: "age", kind: InputKind::Age },
    ],
    scored: false,
    parameters: &["new_order"],
    subjects: &["metformin"],
    bands: &[
        Advice::CheckEgfr.name(),
        Advice::Reassess.name(),
        Advice::InitiationNotRecommended.name(),
        Advice::HoldAtContrast.name(),
        Advice::HoldUnstable.name(),
        Advice::Contraindicated.name(),
        Advice::ContraindicatedStop.name(),
    ],
    value: "eGFR in mL/min/1.73 m2 (CKD-EPI 2021)",
    decimals: 0,
    assess,
};

const TAKEN: usize = 0;
const CREATININE: usize = 1;
const BIRTH: usize = 2;
const SEX: usize = 3;
const CONTRAST: usize = 4;
const AGE: usize = 5;
const NEW_ORDER: usize = 0;

/// An eGFR older than this is no basis for a decision (SPEC TX-02).
const EGFR_AGE_MAX: Span = Span::from_days(365);

fn assess(row: &Row<'_>) -> Assessment {
    let Some(taken_since) = row.since(TAKEN) else {
        return Assessment::not_applicable("no active metformin");
    };
    if matches!(row.cell(AGE), Cell::Age { greatest, .. } if *greatest < egfr::AGE_YEARS_MIN) {
        return Assessment::not_applicable("younger than 18 years");
    }
    let mut recent = row.series(CREATININE).iter().filter(|r| row.at.since(r.at) <= EGFR_AGE_MAX);
    let newest = recent.next_back();
    if let Some(reason) = newest.and_then(no_basis) {
        return Assessment::not_computable(reason);
    }
    let point = match (newest, row.cell(BIRTH), row.cell(SEX)) {
        (None, _, _) => None,
        (Some(newest), Cell::Birth(birth), Cell::Sex(sex)) => {
            let points = kidney_points(row.series(CREATININE), *birth, *sex);
            points.into_iter().rev().find(|point| point.reading.evidence == newest.evidence)
        }
        (Some(_), _, _) => return Assessment::not_computable("birth date or sex is not known"),
    };
    let is_taken = row.parameter(NEW_ORDER) < row.at.since(taken_since);
    let situation = Situation {
        egfr: point.map(|point| point.egfr),
        is_acute: point.is_some_and(|point| !point.is_steady()),
        is_taken,
        is_contrast_planned: row.since(CONTRAST).is_some(),
        // No input of this rule says so.
        has_contrast_risk: false,
    };
    let advice = advise(situation);
    let findings = finding(advice, point.as_ref(), taken_since).into_iter().collect();
    let outcome = match point {
        Some(point) => Outcome::Final { value: egfr::rounded(point.egfr) },
        None => Outcome::NotComputable { reason: "no eGFR of the last 365 days".to_owned() },
    };
    let mut assessment = Assessment::new(outcome, Findings::Known(findings));
    assessment.next_at = next_at(row, newest, taken_since);
    if situation.is_acute {
        assessment.notes.push("acute kidney injury: eGFR is no steady state".to_owned());
    }
    assessment
}

/// Why the newest creatinine is no basis for a suggestion.
fn no_basis(newest: &Reading) -> Option<String> {
    if let Some(reason) = newest.refusal("creatinine") {
        return Some(reason);
    }
    if newest.is_preliminary {
        return Some(format!("the creatinine of {} is preliminary", newest.at));
    }
    let sign = newest.comparator?.sign();
    Some(format!("the creatinine of {} is only known to be {sign} its value", newest.at))
}

/// When the order is not new any more, or the eGFR too old.
fn next_at(row: &Row<'_>, newest: Option<&Reading>, taken_since: Timestamp) -> Option<Timestamp> {
    let no_longer_new = taken_since.plus(row.parameter(NEW_ORDER)).plus(Span::from_micros(1));
    let stale = newest.map(|reading| reading.stale_at(EGFR_AGE_MAX));
    [Some(no_longer_new), stale].into_iter().flatten().filter(|at| row.at < *at).min()
}

fn finding(advice: Advice, point: Option<&KidneyPoint>, since: Timestamp) -> Option<Finding> {
    let band = METFORMIN.bands.iter().position(|band| *band == advice.name())?;
    let evidence = point.map(|point| point.reading.evidence);
    let creatinine = point
        .map(|point| crate::domain::decimal::plain(point.reading.value, point.reading.decimals));
    let measured = point.map(|point| point.reading.at.date().to_string());
    let none = || "not measured".to_owned();
    Some(Finding {
        subject: 0,
        band,
        band_most: band,
        cause: None,
        due: None,
        evidence: evidence.into_iter().collect(),
        values: vec![
            ("egfr", point.map_or_else(none, |point| egfr::rounded(point.egfr).to_string())),
            ("creatinine", creatinine.unwrap_or_else(none)),
            ("measured", measured.unwrap_or_else(none)),
            ("since", since.date().to_string()),
        ],
    })
}
