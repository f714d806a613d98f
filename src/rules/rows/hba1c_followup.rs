//! When HbA1c is due in diabetes: `hba1c` holds the intervals.
//!
//! A result is at goal below 7 % (ADA section 6, for many adults who are not pregnant); a goal of one's own is no
//! signal. Therapy changed if a medicine of ATC group A10 began or ended since a quarter before the last result.

use crate::domain::coding::ATC;
use crate::domain::decimal::plain;
use crate::domain::time::{Span, Timestamp};
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Rule, RuleInput, Since, Told};
use crate::rules::hba1c::interval_days;

/// The rule.
pub static HBA1C_FOLLOWUP: Rule = Rule {
    name: "hba1c_followup",
    inputs: &[
        RuleInput { name: "hba1c", kind: InputKind::Series },
        RuleInput { name: "diabetes", kind: InputKind::State },
        RuleInput { name: "medicines", kind: InputKind::List },
        RuleInput { name: "comfort_care", kind: InputKind::State },
        RuleInput { name: "death", kind: InputKind::State },
    ],
    scored: false,
    parameters: &["grace"],
    subjects: &["hba1c"],
    bands: &["scheduled", "due", "overdue"],
    value: "HbA1c in per cent",
    decimals: 1,
    assess,
};

const RESULTS: usize = 0;
const DIABETES: usize = 1;
const MEDICINES: usize = 2;
const ENDS: [(usize, &str); 2] = [(3, "comfort care"), (4, "the patient has died")];
const GRACE: usize = 0;

// ADA section 6: below 7 %, in tenths.
const GOAL: i64 = 70;
const QUARTER: Span = Span::from_days(91);
/// ATC: drugs used in diabetes.
const DRUGS_OF_DIABETES: (&str, &str) = (ATC, "A10");

fn assess(row: &Row<'_>) -> Assessment {
    if let Some((_, reason)) = ENDS.iter().find(|(input, _)| row.since(*input).is_some()) {
        return Assessment::not_applicable(*reason);
    }
    let Some(diabetes) = row.stands(DIABETES) else {
        return Assessment::not_applicable("no diabetes");
    };
    let newest = row.series(RESULTS).last();
    let last = row.series(RESULTS).iter().rev().find(|result| result.is_final());
    let finding = match last {
        Some(last) => after_result(row, last, diabetes),
        None => never_measured(row, diabetes),
    };
    let next_at = finding
        .due
        .and_then(|(due, overdue)| [due, overdue].into_iter().filter(|at| row.at < *at).min());
    let outcome = match (newest.and_then(|newest| newest.refusal("HbA1c")), last) {
        (Some(reason), _) => Outcome::NotComputable { reason },
        (None, Some(last)) => Outcome::Final { value: last.value },
        (None, None) => Outcome::NotComputable { reason: "no HbA1c is known".to_owned() },
    };
    Assessment { next_at, ..Assessment::new(outcome, Findings::Known(vec![finding])) }
}

fn after_result(row: &Row<'_>, last: &Reading, diabetes: Since) -> Finding {
    let since = last.at.minus(QUARTER);
    let change = row.told(MEDICINES).iter().find(|medicine| {
        is_of_diabetes(medicine)
            && (since < medicine.from || medicine.to.is_some_and(|to| since < to && to <= row.at))
    });
    let is_at_goal = last.value < GOAL;
    let days = interval_days(Some(is_at_goal), change.is_some());
    let why = match (is_at_goal, change.is_some()) {
        (_, true) => "therapy changed",
        (false, false) => "not below 7 %",
        (true, false) => "below 7 % and stable",
    };
    let due = last.at.plus(Span::from_days(days));
    let mut finding = dated(row, due, Some(last.evidence));
    finding.evidence.extend(diabetes.evidence);
    finding.evidence.extend(change.map(|medicine| medicine.evidence));
    finding.values.extend([
        ("last", last.at.date().to_string()),
        ("hba1c", format!("{} %", plain(last.value, last.decimals))),
        ("why", why.to_owned()),
    ]);
    finding
}

fn is_of_diabetes(medicine: &Told) -> bool {
    let (system, class) = DRUGS_OF_DIABETES;
    medicine.codes.iter().any(|code| code.system == system && code.code.starts_with(class))
}

/// Without any result it is due since the diabetes is there.
fn never_measured(row: &Row<'_>, diabetes: Since) -> Finding {
    let mut finding = dated(row, diabetes.at, diabetes.evidence);
    finding.values.extend([
        ("last", "never".to_owned()),
        ("hba1c", "no result".to_owned()),
        ("why", "never measured".to_owned()),
    ]);
    finding
}

fn dated(row: &Row<'_>, due: Timestamp, cause: Option<usize>) -> Finding {
    let overdue = due.plus(row.parameter(GRACE));
    let band = usize::from(due <= row.at) + usize::from(overdue <= row.at);
    Finding {
        band,
        band_most: band,
        cause,
        due: Some((due, overdue)),
        evidence: cause.into_iter().collect(),
        values: vec![("due", due.date().to_string())],
        ..Finding::default()
    }
}
