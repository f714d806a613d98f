//! A long QT interval, and what makes one likely: drugs, potassium, magnesium.

use crate::domain::decimal::plain;
use crate::rules::assessment::{
    Assessment, Finding, Findings, InputKind, Outcome, Reading, Row, Rule, RuleInput, Told,
};
use crate::rules::qt_risk::{Situation, flags};

/// The rule.
pub static QT_RISK: Rule = Rule {
    name: "qt_risk",
    inputs: &[
        RuleInput { name: "drugs", kind: InputKind::List },
        RuleInput { name: "qtc", kind: InputKind::Series },
        RuleInput { name: "potassium", kind: InputKind::Reading },
        RuleInput { name: "magnesium", kind: InputKind::Reading },
    ],
    scored: false,
    parameters: &["stands"],
    subjects: &["combo", "qtc>=500", "delta>=60", "electrolyte"],
    bands: &["flagged"],
    value: "QTc in ms",
    decimals: 0,
    assess,
};

const DRUGS: usize = 0;
const QTC: usize = 1;
const POTASSIUM: usize = 2;
const MAGNESIUM: usize = 3;
const STANDS: usize = 0;

fn assess(row: &Row<'_>) -> Assessment {
    let drugs = distinct(row.told(DRUGS));
    let exact = |reading: &&Reading| reading.is_final();
    let newest = row.series(QTC).last();
    let newest = newest.filter(|one| row.at.since(one.at) <= row.parameter(STANDS));
    let qtc = newest.filter(exact);
    // What it was before the first of the drugs was begun.
    let begun = drugs.iter().map(|drug| drug.from).min();
    let before = begun.and_then(|begun| row.series(QTC).iter().rfind(|one| one.at <= begun));
    let before = before.filter(exact);
    let (potassium, magnesium) = (row.reading(POTASSIUM), row.reading(MAGNESIUM));
    let (potassium, magnesium) = (potassium.filter(exact), magnesium.filter(exact));
    let found = flags(&Situation {
        n_drugs: u32::try_from(drugs.len()).ok(),
        qtc: qtc.map(|one| one.value),
        qtc_baseline: before.map(|one| one.value),
        potassium: potassium.map(|one| 10 * one.value),
        magnesium: magnesium.map(|one| one.value),
    });
    let names: Vec<&str> = drugs.iter().map(|drug| drug.label.as_str()).collect();
    let text = |one: Option<&Reading>| {
        one.map_or("not measured".to_owned(), |one| plain(one.value, one.decimals))
    };
    let measured = [qtc, before, potassium, magnesium].into_iter().flatten();
    let mut evidence: Vec<usize> = measured.map(|one| one.evidence).collect();
    evidence.extend(drugs.iter().map(|drug| drug.evidence));
    evidence.sort_unstable();
    evidence.dedup();
    let finding = |flag: &str| {
        let subject = QT_RISK.subjects.iter().position(|subject| *subject == flag)?;
        let values = vec![
            ("drugs", if names.is_empty() { "none of them".to_owned() } else { names.join(", ") }),
            ("qtc", text(qtc)),
            ("before", text(before)),
            ("potassium", text(potassium)),
            ("magnesium", text(magnesium)),
        ];
        Some(Finding { subject, evidence: evidence.clone(), values, ..Finding::default() })
    };
    let findings = found.into_iter().filter_map(finding).collect();
    let outcome = match qtc {
        Some(one) => Outcome::Final { value: one.value },
        None => Outcome::NotComputable { reason: "no verified QTc that stands".to_owned() },
    };
    let mut assessment = Assessment::new(outcome, Findings::Known(findings));
    let stale = newest.map(|one| one.stale_at(row.parameter(STANDS)));
    assessment.next_at = stale.filter(|at| row.at < *at);
    assessment
}

/// One entry for each drug: an order and a statement of the same are one.
fn distinct(told: &[Told]) -> Vec<&Told> {
    let mut drugs: Vec<&Told> = Vec::new();
    for one in told {
        let same = |known: &&Told| known.codes.iter().any(|code| one.codes.contains(code));
        if !drugs.iter().any(same) {
            drugs.push(one);
        }
    }
    drugs
}
