//! HOSPITAL at the end of a stay, for the 30 days after it.
//!
//! Which service discharged, and whether there was a procedure, is no signal; that an admission was urgent is known
//! only from the emergency visit that led to it.

use crate::domain::time::Span;
use crate::rules::assessment::{Assessment, InputKind, Reading as Value, Row, Rule, RuleInput};
use crate::rules::hospital_score::{Situation, score};
use crate::rules::rows::lace::contributions;
use crate::rules::rows::stays::{Discharge, RISK, discharge};
use crate::rules::rows::sums::{Reading, assessed};

/// The rule.
pub static HOSPITAL: Rule = Rule {
    name: "hospital",
    inputs: &[
        RuleInput { name: "stays", kind: InputKind::List },
        RuleInput { name: "hemoglobin", kind: InputKind::Series },
        RuleInput { name: "sodium", kind: InputKind::Series },
    ],
    scored: true,
    parameters: &[],
    subjects: &["readmission_risk"],
    bands: &["low", "intermediate", "high"],
    value: "HOSPITAL score",
    decimals: 0,
    assess,
};

const STAYS: usize = 0;
const HEMOGLOBIN: usize = 1;
const SODIUM: usize = 2;
// Donzé 2016: intermediate from 5, high from 7.
const CUT_OFFS: [i64; 2] = [5, 7];
const YEAR: Span = Span::from_days(365);

fn assess(row: &Row<'_>) -> Assessment {
    let stays = row.told(STAYS);
    let Some(discharge) = discharge(stays, row.at) else {
        return Assessment::not_applicable("no stay in hospital ended within 30 days");
    };
    let hemoglobin = last(row.series(HEMOGLOBIN), &discharge);
    let sodium = last(row.series(SODIUM), &discharge);
    let emergency = discharge.emergency(stays);
    let admissions = discharge.before(stays, "inpatient", YEAR);
    let sum = score(&Situation {
        // Tenths of g/dL to hundredths.
        haemoglobin: hemoglobin.map(|one| one.value * 10),
        is_oncology: None,
        sodium: sodium.map(|one| one.value),
        had_procedure: None,
        is_urgent: emergency.map(|_| true),
        admissions: i64::try_from(admissions.len()).ok(),
        stay_days: Some(discharge.days()),
    });
    let inputs: [&[usize]; 7] =
        [&[HEMOGLOBIN], &[STAYS], &[SODIUM], &[STAYS], &[STAYS], &[STAYS], &[STAYS]];
    let mut assessment = assessed(
        row,
        HOSPITAL.inputs,
        &Reading { sum: &sum, inputs: &inputs, cut_offs: &CUT_OFFS },
    );
    assessment.change_findings(|finding| {
        let results = [hemoglobin, sodium].into_iter().flatten().map(|one| one.evidence);
        let told = admissions.iter().copied().chain(emergency).map(|one| one.evidence);
        let mut evidence: Vec<usize> = results.chain(told).collect();
        evidence.push(discharge.stay.evidence);
        evidence.sort_unstable();
        finding.evidence = evidence;
        finding.cause = Some(discharge.stay.evidence);
        finding.values.push(("contributions", contributions(&sum)));
        finding.values.push(("discharged", discharge.at.date().to_string()));
    });
    assessment.next_at = Some(discharge.at.plus(RISK)).filter(|at| row.at < *at);
    assessment
}

/// The last result of the stay, before discharge. One that cannot be used hides those before it.
fn last<'r>(results: &'r [Value], discharge: &Discharge<'_>) -> Option<&'r Value> {
    let during = |one: &&Value| discharge.stay.from <= one.at && one.at <= discharge.at;
    let newest = results.iter().rev().find(during)?;
    Some(newest).filter(|one| one.is_final())
}
