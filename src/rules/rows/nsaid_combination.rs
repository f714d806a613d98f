//! Anti-inflammatory drugs and antiplatelets with what makes them dangerous, by what a patient takes now.

use crate::rules::assessment::{
    Assessment, Finding, Findings, InputKind, Outcome, Row, Rule, RuleInput,
};
use crate::rules::nsaid_combination::{Taken, flags};

/// The rule.
pub static NSAID_COMBINATION: Rule = Rule {
    name: "nsaid_combination",
    inputs: &[
        RuleInput { name: "nsaid", kind: InputKind::State },
        RuleInput { name: "anticoagulant", kind: InputKind::State },
        RuleInput { name: "antiplatelet", kind: InputKind::State },
        RuleInput { name: "raas_blocker", kind: InputKind::State },
        RuleInput { name: "diuretic", kind: InputKind::State },
    ],
    scored: false,
    parameters: &[],
    subjects: &["bleeding", "triple-whammy", "bleeding-review-indication"],
    bands: &["flagged"],
    value: "dangerous combinations",
    decimals: 0,
    assess,
};

const NSAID: usize = 0;
const ANTICOAGULANT: usize = 1;
const ANTIPLATELET: usize = 2;
const RAAS_BLOCKER: usize = 3;
const DIURETIC: usize = 4;

/// Which inputs each subject rests on.
const RESTS_ON: [&[usize]; 3] =
    [&[NSAID, ANTICOAGULANT], &[NSAID, RAAS_BLOCKER, DIURETIC], &[ANTIPLATELET, ANTICOAGULANT]];

fn assess(row: &Row<'_>) -> Assessment {
    let is_taken = |input: usize| row.since(input).is_some();
    let found = flags(&Taken {
        nsaid: is_taken(NSAID),
        anticoagulant: is_taken(ANTICOAGULANT),
        antiplatelet: is_taken(ANTIPLATELET),
        raas_blocker: is_taken(RAAS_BLOCKER),
        diuretic: is_taken(DIURETIC),
    });
    let subjects = NSAID_COMBINATION.subjects.iter().zip(RESTS_ON).enumerate();
    let findings = subjects.filter(|(_, (name, _))| found.contains(name)).map(|(subject, one)| {
        let stated = one.1.iter().filter_map(|input| row.stands(*input));
        let begun = stated.clone().map(|since| since.at).max();
        let values = begun.map(|begun| ("since", begun.date().to_string()));
        Finding {
            subject,
            evidence: stated.filter_map(|since| since.evidence).collect(),
            values: values.into_iter().collect(),
            ..Finding::default()
        }
    });
    let findings: Vec<Finding> = findings.collect();
    let value = i64::try_from(findings.len()).unwrap_or(i64::MAX);
    Assessment::new(Outcome::Final { value }, Findings::Known(findings))
}
