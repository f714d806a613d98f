//! When eGFR and albuminuria are due in chronic kidney disease (SPEC 2.2, 2.3).
//!
//! ```text
//! abnormal for 90 days, outside acute injury ─► KDIGO grid ─► 12/n months from each last result
//! ```
//! Source: KDIGO 2024 CKD (Kidney Int 2024;105(4S)), as `kdigo_ckd`. A marker is established when
//! every steady-state result over at least 90 days was abnormal, and given up when every one over
//! at least 90 days was normal (the second half is this project's policy: the guideline has no rule
//! for leaving). eGFR and UACR are due each on its own, counted from its own last final result.

use crate::domain::time::{Span, Timestamp};
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Cell, Rule, RuleInput};
use crate::rules::egfr;
use crate::rules::kdigo_ckd::{Albuminuria, Gfr, monitoring};
use crate::rules::kidney_history::{KidneyPoint, kidney_points};

/// The rule.
pub static CKD_MONITORING: Rule = Rule {
    name: "ckd_monitoring",
    inputs: &[
        RuleInput { name: "creatinine", kind: InputKind::Series },
        RuleInput { name: "uacr", kind: InputKind::Series },
        RuleInput { name: "birth", kind: InputKind::Birth },
        RuleInput { name: "sex", kind: InputKind::Sex },
        RuleInput { name: "dialysis", kind: InputKind::State },
        RuleInput { name: "transplant", kind: InputKind::State },
        RuleInput { name: "comfort_care", kind: InputKind::State },
        RuleInput { name: "death", kind: InputKind::State },
    ],
    scored: false,
    parameters: &["grace"],
    subjects: &["egfr", "uacr"],
    bands: &["scheduled", "due", "overdue"],
    value: "eGFR in mL/min/1.73 m2 (CKD-EPI 2021)",
    decimals: 0,
    assess,
};

const CREATININE: usize = 0;
const UACR: usize = 1;
const BIRTH: usize = 2;
const SEX: usize = 3;

/// Where a category stands in a text and nothing says which.
const GFR_UNKNOWN: &str = "(GFR not known)";
const ALBUMINURIA_UNKNOWN: &str = "(albuminuria not known)";
const ENDS: [(usize, &str); 4] =
    [(4, "dialysis"), (5, "kidney transplant"), (6, "comfort care"), (7, "the patient has died")];
const GRACE: usize = 0;

const SUBJECT_EGFR: usize = 0;
const SUBJECT_UACR: usize = 1;

/// KDIGO: "more than 3 months"; the project counts 90 days.
const PERSISTENCE: Span = Span::from_days(90);
/// A result of the other marker older than this says nothing of the risk now (SPEC 0.6).
const OTHER_MARKER_MONTHS: i32 = 12;

fn assess(row: &Row<'_>) -> Assessment {
    if let Some((_, reason)) = ENDS.iter().find(|(input, _)| row.since(*input).is_some()) {
        return Assessment::not_applicable(*reason);
    }
    let (Cell::Birth(birth), Cell::Sex(sex)) = (row.cell(BIRTH), row.cell(SEX)) else {
        return Assessment::not_computable("birth date or sex is not known");
    };
    let points = kidney_points(row.series(CREATININE), *birth, *sex);
    let steady: Vec<&KidneyPoint> = points.iter().filter(|point| point.is_steady()).collect();
    let ratios: Vec<&Reading> = row.series(UACR).iter().filter(|one| one.is_final()).collect();
    let Some(newest) = steady.last() else {
        return Assessment::not_computable("no eGFR in steady state");
    };
    let by_egfr = established(steady.iter().map(|p| (&p.reading, gfr(p) >= Gfr::G3a)));
    let by_ratio = established(ratios.iter().map(|r| (*r, albuminuria(r) >= Albuminuria::A2)));
    let mut notes = Vec::new();
    let findings = match by_egfr.or(by_ratio) {
        Some(proof) => due_items(row, &steady, &ratios, &proof, &mut notes),
        None => Vec::new(),
    };
    let after = |at: Timestamp| Some(at).filter(|at| row.at < *at);
    let next_at = findings.iter().filter_map(|finding| finding.due);
    let next_at = next_at.filter_map(|(due, overdue)| after(due).or_else(|| after(overdue))).min();
    let outcome = match unusable(row.series(CREATININE)).or_else(|| unusable(row.series(UACR))) {
        Some(reason) => Outcome::NotComputable { reason },
        None => Outcome::Final { value: egfr::rounded(newest.egfr) },
    };
    Assessment { next_at, notes, ..Assessment::new(outcome, Findings::Known(findings)) }
}

fn gfr(point: &KidneyPoint) -> Gfr {
    Gfr::of(egfr::rounded(point.egfr))
}

fn albuminuria(ratio: &Reading) -> Albuminuria {
    Albuminuria::of(ratio.value)
}

/// Why the newest result cannot be used, if it cannot.
fn unusable(results: &[Reading]) -> Option<String> {
    results.last()?.refusal("result")
}

/// The first and the last result of the run that established a marker, if it still stands.
fn established<'r>(
    results: impl Iterator<Item = (&'r Reading, bool)>,
) -> Option<(&'r Reading, &'r Reading)> {
    let mut run: Option<(&Reading, bool)> = None;
    let mut proof = None;
    for (result, is_abnormal) in results {
        let first = match run {
            Some((first, state)) if state == is_abnormal => first,
            _ => result,
        };
        run = Some((first, is_abnormal));
        if PERSISTENCE <= result.at.since(first.at) {
            proof = match (is_abnormal, proof) {
                (true, None) => Some((first, result)),
                (true, known) => known,
                (false, _) => None,
            };
        }
    }
    proof
}

/// Both items of a patient with established disease.
fn due_items(
    row: &Row<'_>,
    steady: &[&KidneyPoint],
    ratios: &[&Reading],
    proof: &(&Reading, &Reading),
    notes: &mut Vec<String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(point) = steady.last() {
        let since = point.reading.at.plus_months(-OTHER_MARKER_MONTHS);
        let ratio = ratios.last().filter(|ratio| since < ratio.at);
        let known = ratio.map(|ratio| albuminuria(ratio));
        if known.is_none() {
            notes.push("albuminuria is not known: interval by eGFR alone".to_owned());
        }
        let (n_checks, risk) = monitoring(gfr(point), known.unwrap_or(Albuminuria::A1));
        let mut finding = item(row, SUBJECT_EGFR, &point.reading, n_checks);
        finding.evidence.extend([proof.0.evidence, proof.1.evidence]);
        finding.evidence.extend(ratio.map(|ratio| ratio.evidence));
        finding.values.extend([
            ("egfr", egfr::rounded(point.egfr).to_string()),
            ("gfr_category", gfr(point).name().to_owned()),
            (
                "albuminuria_category",
                known.map_or(ALBUMINURIA_UNKNOWN, Albuminuria::name).to_owned(),
            ),
            ("risk", risk.name().to_owned()),
        ]);
        findings.push(finding);
    }
    findings.push(match ratios.last() {
        Some(ratio) => {
            let since = ratio.at.plus_months(-OTHER_MARKER_MONTHS);
            let point = steady.last().filter(|point| since < point.reading.at);
            let stage = point.map(|point| gfr(point));
            let (n_checks, risk) = monitoring(stage.unwrap_or(Gfr::G1), albuminuria(ratio));
            let mut finding = item(row, SUBJECT_UACR, ratio, n_checks);
            finding.evidence.extend(point.map(|point| point.reading.evidence));
            finding.values.extend([
                ("uacr", crate::domain::decimal::plain(ratio.value, ratio.decimals)),
                ("gfr_category", stage.map_or(GFR_UNKNOWN, Gfr::name).to_owned()),
                ("albuminuria_category", albuminuria(ratio).name().to_owned()),
                ("risk", risk.name().to_owned()),
            ]);
            finding
        }
        None => requested_ratio(row, proof, steady.last().map(|point| gfr(point))),
    });
    findings.iter_mut().for_each(|finding| finding.evidence.sort_unstable());
    findings.iter_mut().for_each(|finding| finding.evidence.dedup());
    findings
}

/// A UACR that was never measured is due from the day the disease was established.
fn requested_ratio(row: &Row<'_>, proof: &(&Reading, &Reading), stage: Option<Gfr>) -> Finding {
    let due = proof.1.at;
    let mut finding = dated(row, SUBJECT_UACR, proof.1, due);
    finding.evidence.push(proof.0.evidence);
    finding.values.extend([
        ("uacr", "never measured".to_owned()),
        ("gfr_category", stage.map_or(GFR_UNKNOWN, Gfr::name).to_owned()),
        ("albuminuria_category", ALBUMINURIA_UNKNOWN.to_owned()),
    ]);
    finding
}

/// An item due 12/n months after its last result; "4 and more" is 3 months.
fn item(row: &Row<'_>, subject: usize, last: &Reading, n_checks: u8) -> Finding {
    let months = 12 / i32::from(n_checks.clamp(1, 4));
    dated(row, subject, last, last.at.plus_months(months))
}

fn dated(row: &Row<'_>, subject: usize, cause: &Reading, due: Timestamp) -> Finding {
    let overdue = due.plus(row.parameter(GRACE));
    let band = usize::from(due <= row.at) + usize::from(overdue <= row.at);
    Finding {
        subject,
        band,
        band_most: band,
        cause: Some(cause.evidence),
        due: Some((due, overdue)),
        evidence: vec![cause.evidence],
        values: vec![("due", due.date().to_string()), ("last", cause.at.date().to_string())],
    }
}
