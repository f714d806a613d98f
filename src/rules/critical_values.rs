//! Critical values as a rule over the newest result of each analyte: `critical_value` holds the limits.
//!
//! Each critical result is an episode of its own: a second one of the same analyte is said again, a
//! corrected one revises or withdraws what was said of it. A result that may be critical and may not, as
//! one that cannot be read, opens nothing and ends nothing.

use crate::domain::decimal::plain;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Cell, Rule, RuleInput};
use crate::rules::critical_value::{Critical, DEFAULTS, LIMIT_DECIMALS, Limits};

const fn reading(name: &'static str) -> RuleInput {
    RuleInput { name, kind: InputKind::Reading }
}

/// The rule. Neutrophils are left out: no signal carries their absolute count.
pub static CRITICAL_VALUES: Rule = Rule {
    name: "critical_values",
    inputs: &[
        reading("hemoglobin"),
        reading("platelets"),
        reading("wbc"),
        reading("inr"),
        reading("glucose"),
        reading("calcium"),
        reading("ionized_calcium"),
        reading("magnesium"),
        reading("ph"),
        reading("potassium"),
        reading("sodium"),
        reading("bicarbonate"),
        reading("lactate"),
        RuleInput { name: "age", kind: InputKind::Age },
    ],
    scored: false,
    parameters: &["stands"],
    subjects: &[
        "hemoglobin",
        "platelets",
        "wbc",
        "inr",
        "glucose",
        "calcium",
        "ionized_calcium",
        "magnesium",
        "ph",
        "potassium",
        "sodium",
        "bicarbonate",
        "lactate",
    ],
    bands: &["in-range", "critical"],
    value: "critical results",
    decimals: 0,
    assess,
};

const STANDS: usize = 0;
const IN_RANGE: usize = 0;
const CRITICAL: usize = 1;

fn assess(row: &Row<'_>) -> Assessment {
    let (mut findings, mut notes, mut next_at) = (Vec::new(), Vec::new(), None);
    let mut n_critical = 0;
    for (subject, name) in CRITICAL_VALUES.subjects.iter().enumerate() {
        let limits = DEFAULTS.iter().find(|limits| limits.analyte == *name);
        let (Some(limits), Cell::Reading(reading)) = (limits, row.cell(subject)) else { continue };
        next_at = next_at.into_iter().chain([reading.stale_at(row.parameter(STANDS))]).min();
        match reading.unusable {
            Some(reason) => notes.push(format!("{name}: the newest result is unusable ({reason})")),
            None if reading.is_preliminary => notes.push(format!("{name}: preliminary")),
            None => {}
        }
        let finding = finding(subject, limits, reading);
        n_critical += i64::from(finding.band == CRITICAL);
        findings.push(finding);
    }
    if findings.is_empty() {
        return Assessment::nothing_known("no result within the window");
    }
    let outcome = Outcome::Final { value: n_critical };
    let next_at = next_at.filter(|at| row.at < *at);
    Assessment { next_at, notes, ..Assessment::new(outcome, Findings::Known(findings)) }
}

fn finding(subject: usize, limits: &Limits, reading: &Reading) -> Finding {
    let evidence = vec![reading.evidence];
    let at_rest = Finding { subject, evidence, ..Finding::default() };
    if reading.unusable.is_some() {
        return Finding { band: IN_RANGE, band_most: CRITICAL, ..at_rest };
    }
    let (least, most) = reading.range();
    let judge = |value| limits.judge(value, reading.decimals);
    let critical = match (judge(least), judge(most)) {
        (_, Some(Critical::Low)) => Critical::Low,
        (Some(Critical::High), _) => Critical::High,
        (Some(Critical::Low), _) | (_, Some(Critical::High)) => {
            return Finding { band: IN_RANGE, band_most: CRITICAL, ..at_rest };
        }
        (None, None) => return Finding { band: IN_RANGE, band_most: IN_RANGE, ..at_rest },
    };
    let limit = match critical {
        Critical::Low => limits.low,
        Critical::High => limits.high,
    };
    let sign = reading.comparator.map_or(String::new(), |c| format!("{} ", c.sign()));
    let value = plain(reading.value, reading.decimals);
    let limit = limit.map_or(String::new(), |limit| plain(limit, LIMIT_DECIMALS));
    Finding {
        band: CRITICAL,
        band_most: CRITICAL,
        cause: Some(reading.evidence),
        values: vec![
            ("value", format!("{sign}{value}")),
            ("direction", critical.name().to_owned()),
            ("limit", limit),
            ("measured", reading.at.to_string()),
        ],
        ..at_rest
    }
}
