//! Drugs against the renin-angiotensin-aldosterone system, by the newest potassium and the creatinine since they
//! were begun.

use crate::domain::decimal::plain;
use crate::domain::time::Span;
use crate::rules::assessment::{
    Assessment, Finding, Findings, InputKind, Outcome, Reading, Row, Rule, RuleInput, Since,
};
use crate::rules::raas_potassium::{Course, Drug, Situation, advise};

/// The rule. No signal says that a sample was haemolysed: the text asks.
pub static RAAS_POTASSIUM: Rule = Rule {
    name: "raas_potassium",
    inputs: &[
        RuleInput { name: "mra", kind: InputKind::State },
        RuleInput { name: "ace_inhibitor_or_blocker", kind: InputKind::State },
        RuleInput { name: "potassium", kind: InputKind::Reading },
        RuleInput { name: "creatinine", kind: InputKind::Series },
    ],
    scored: false,
    parameters: &["new_order"],
    subjects: &["mra", "ace-inhibitor-or-blocker"],
    bands: &BANDS,
    value: "potassium in mmol/L",
    decimals: 1,
    assess,
};

/// What is suggested, ascending by urgency.
const BANDS: [&str; 7] = [
    "check-potassium",
    "evaluate-AKI/RAS",
    "manage-K-consider-reduce",
    "hold-or-halve",
    "do-not-start",
    "stop-and-treat",
    "emergency-hyperkalaemia",
];

const DRUGS: [(usize, Drug); 2] = [(0, Drug::Mra), (1, Drug::AceInhibitorOrBlocker)];
const POTASSIUM: usize = 2;
const CREATININE: usize = 3;
const NEW_ORDER: usize = 0;
/// KDIGO 2020: a rise within 4 weeks of the start.
const RISE_WINDOW: Span = Span::from_days(28);

fn assess(row: &Row<'_>) -> Assessment {
    let taken = DRUGS
        .iter()
        .enumerate()
        .filter_map(|(subject, (input, drug))| Some((subject, *drug, row.stands(*input)?)));
    let taken: Vec<(usize, Drug, Since)> = taken.collect();
    if taken.is_empty() {
        return Assessment::not_applicable("takes no drug against the renin-angiotensin system");
    }
    let potassium = row.reading(POTASSIUM);
    if let Some(reading) = potassium {
        if let Some(reason) = reading.refusal("potassium") {
            return Assessment::not_computable(reason);
        }
        if reading.is_preliminary || reading.comparator.is_some() {
            let reason = format!("the potassium of {} is preliminary, or a bound", reading.at);
            return Assessment::not_computable(reason);
        }
    }
    let findings = taken.iter().filter_map(|one| finding(row, potassium, *one));
    let findings: Vec<Finding> = findings.collect();
    let outcome = match potassium {
        Some(reading) => Outcome::Final { value: reading.value },
        None => Outcome::NotComputable { reason: "no potassium within the window".to_owned() },
    };
    let mut assessment = Assessment::new(outcome, Findings::Known(findings));
    let no_longer_new = |since: Since| since.at.plus(row.parameter(NEW_ORDER));
    let ends = taken.iter().map(|(_, _, since)| no_longer_new(*since));
    assessment.next_at = ends.filter(|at| row.at < *at).min();
    assessment
}

fn finding(
    row: &Row<'_>,
    potassium: Option<&Reading>,
    (subject, drug, since): (usize, Drug, Since),
) -> Option<Finding> {
    let is_new = row.at.since(since.at) < row.parameter(NEW_ORDER);
    let course = if is_new { Course::Start } else { Course::Continue };
    let rise = rise(row, since);
    let advice = advise(&Situation {
        drug,
        course,
        potassium: potassium.map(|reading| reading.value),
        is_haemolysed: false,
        creatinine_rise: rise.map(|(tenths, _)| tenths),
    });
    let band = BANDS.iter().position(|band| *band == advice)?;
    let mut evidence: Vec<usize> = since.evidence.into_iter().collect();
    evidence.extend(potassium.map(|reading| reading.evidence));
    let none = || "not measured".to_owned();
    let mut values = vec![
        ("potassium", potassium.map_or_else(none, |one| plain(one.value, one.decimals))),
        ("measured", potassium.map_or_else(none, |one| one.at.to_string())),
        ("since", since.at.date().to_string()),
    ];
    if let Some((tenths, [before, newest])) = rise {
        evidence.extend([before.evidence, newest.evidence]);
        values.push(("rise", plain(tenths, 1)));
        values.push(("creatinine", plain(newest.value, newest.decimals)));
        values.push(("before", plain(before.value, before.decimals)));
    }
    Some(Finding { subject, band, band_most: band, evidence, values, ..Finding::default() })
}

/// The rise of creatinine in tenths of a per cent, from the last before the drug to the newest within 4 weeks.
fn rise<'r>(row: &'r Row<'_>, since: Since) -> Option<(i64, [&'r Reading; 2])> {
    let finals = || row.series(CREATININE).iter().filter(|reading| reading.is_final());
    let before = finals().rfind(|one| one.at <= since.at && 0 < one.value)?;
    let newest = finals().next_back()?;
    let is_within = since.at < newest.at && newest.at.since(since.at) <= RISE_WINDOW;
    let tenths = (newest.value - before.value) * 1_000 / before.value;
    is_within.then_some((tenths, [before, newest]))
}
