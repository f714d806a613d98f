//! LACE at the end of a stay in hospital, for the 30 days after it.
//!
//! An emergency visit that led to the stay says that it was urgent; an elective admission is no signal. Not every
//! condition of the score has a value set: those that have count, and the rest makes it a range.

use crate::domain::time::Span;
use crate::rules::assessment::{Assessment, InputKind, Row, Rule, RuleInput};
use crate::rules::lace::{HIGH, Situation, WEIGHTS, score};
use crate::rules::partial_sum::{Item, PartialSum};
use crate::rules::rows::stays::{RISK, discharge};
use crate::rules::rows::sums::{Reading, assessed, evidence_of_all};

const fn state(name: &'static str) -> RuleInput {
    RuleInput { name, kind: InputKind::State }
}

/// The rule.
pub static LACE: Rule = Rule {
    name: "lace",
    inputs: &[
        RuleInput { name: "stays", kind: InputKind::List },
        state("vascular_disease"),
        state("stroke"),
        state("diabetes"),
        state("heart_failure"),
        state("cirrhosis"),
    ],
    scored: true,
    parameters: &[],
    subjects: &["readmission_risk"],
    bands: &["below-high", "high"],
    value: "LACE",
    decimals: 0,
    assess,
};

const STAYS: usize = 0;
const VASCULAR_DISEASE: usize = 1;
const STROKE: usize = 2;
const DIABETES: usize = 3;
const HEART_FAILURE: usize = 4;
const CIRRHOSIS: usize = 5;
/// Which input says which condition of the score: an infarction weighs as much as disease of peripheral arteries. A
/// cirrhosis is no mild disease of the liver.
const CONDITIONS: [(usize, &str); 5] = [
    (VASCULAR_DISEASE, "previous_myocardial_infarction"),
    (STROKE, "cerebrovascular_disease"),
    (DIABETES, "diabetes_uncomplicated"),
    (HEART_FAILURE, "congestive_heart_failure"),
    (CIRRHOSIS, "moderate_or_severe_liver_or_renal_disease"),
];
// van Walraven 2010: emergency visits of the 6 months before.
const SIX_MONTHS: Span = Span::from_days(182);

fn assess(row: &Row<'_>) -> Assessment {
    let stays = row.told(STAYS);
    let Some(discharge) = discharge(stays, row.at) else {
        return Assessment::not_applicable("no stay in hospital ended within 30 days");
    };
    let emergency = discharge.emergency(stays);
    let visits = discharge.before(stays, "emergency", SIX_MONTHS);
    let known = conditions(row);
    let sum = score(&Situation {
        stay_days: Some(discharge.days()),
        is_emergent: emergency.map(|_| true),
        charlson: Some(known),
        emergency_visits: i64::try_from(visits.len()).ok(),
    });
    let sum = with_other_conditions(&sum);
    let inputs: [&[usize]; 4] = [
        &[STAYS],
        &[STAYS],
        &[VASCULAR_DISEASE, STROKE, DIABETES, HEART_FAILURE, CIRRHOSIS],
        &[STAYS],
    ];
    let mut assessment =
        assessed(row, LACE.inputs, &Reading { sum: &sum, inputs: &inputs, cut_offs: &[HIGH] });
    assessment.change_findings(|finding| {
        let used = visits.iter().map(|visit| visit.evidence);
        let mut evidence: Vec<usize> = used.chain(emergency.map(|visit| visit.evidence)).collect();
        evidence.push(discharge.stay.evidence);
        evidence.extend(evidence_of_all(row, &CONDITIONS.map(|(input, _)| input)));
        evidence.sort_unstable();
        evidence.dedup();
        finding.evidence = evidence;
        finding.cause = Some(discharge.stay.evidence);
        finding.values.push(("contributions", contributions(&sum)));
        finding.values.push(("discharged", discharge.at.date().to_string()));
    });
    assessment.next_at = Some(discharge.at.plus(RISK)).filter(|at| row.at < *at);
    assessment.notes.push("conditions without a value set are not known".to_owned());
    assessment
}

/// The weights of the conditions that are documented.
fn conditions(row: &Row<'_>) -> i64 {
    let weight = |name: &str| WEIGHTS.iter().find(|(known, _)| *known == name).map(|(_, w)| *w);
    let documented = CONDITIONS.iter().filter(|(input, _)| row.stands(*input).is_some());
    documented.filter_map(|(_, name)| weight(name)).sum()
}

/// What is documented is the least that the conditions give.
fn with_other_conditions(sum: &PartialSum) -> PartialSum {
    let most = score(&Situation::default()).items;
    let items = sum.items.iter().zip(most).map(|(item, any)| match item.name {
        "charlson" => Item { most: any.most, ..*item },
        _ => *item,
    });
    PartialSum::of(&items.collect::<Vec<Item>>())
}

/// `los_days 4, ed_6mo 2, charlson at least 2, emergent not known`.
pub fn contributions(sum: &PartialSum) -> String {
    let text = |item: &Item| match (item.points(), item.least) {
        (Some(points), _) => format!("{} {points}", item.name),
        (None, 0) => format!("{} not known", item.name),
        (None, least) => format!("{} at least {least}", item.name),
    };
    sum.items.iter().map(text).collect::<Vec<String>>().join(", ")
}
