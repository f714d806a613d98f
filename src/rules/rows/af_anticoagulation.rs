//! Atrial fibrillation without an anticoagulant (TX-08): `af_anticoagulation` says how strongly one is asked for.
//!
//! Both guidelines ask the same of the same patient: women need one point more of CHA2DS2-VASc, which is the
//! point that CHA2DS2-VA does not give. So the sex need not be known.

use crate::rules::af_anticoagulation::{Advice, esc};
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::cha2ds2_vasc::AGES;
use crate::rules::rows::ages::next_birthday;
use crate::rules::rows::cha2ds2_vasc::scores;
use crate::rules::rows::sums::{evidence_of_all, spaced, undocumented};

const fn state(name: &'static str) -> RuleInput {
    RuleInput { name, kind: InputKind::State }
}

/// The rule.
pub static AF_ANTICOAGULATION: Rule = Rule {
    name: "af_anticoagulation",
    inputs: &[
        state("heart_failure"),
        state("hypertension"),
        state("diabetes"),
        state("stroke"),
        state("vascular_disease"),
        RuleInput { name: "birth", kind: InputKind::Birth },
        RuleInput { name: "sex", kind: InputKind::Sex },
        state("atrial_fibrillation"),
        state("anticoagulant"),
        state("vitamin_k_antagonist"),
        state("valve"),
    ],
    scored: false,
    parameters: &[],
    subjects: &["anticoagulation"],
    bands: &["reasonable", "recommended", "vitamin-k-antagonist"],
    value: "CHA2DS2-VA",
    decimals: 0,
    assess,
};

const FIRST: usize = 0;
const CONDITIONS: [usize; 5] = [0, 1, 2, 3, 4];
const BIRTH: usize = 5;
const ATRIAL_FIBRILLATION: usize = 7;
const ANTICOAGULANT: usize = 8;
const VITAMIN_K_ANTAGONIST: usize = 9;
const VALVE: usize = 10;
const REASONABLE: usize = 0;
const RECOMMENDED: usize = 1;
const VITAMIN_K: usize = 2;

fn assess(row: &Row<'_>) -> Assessment {
    let is_so = |input: usize| row.stands(input).is_some();
    if !is_so(ATRIAL_FIBRILLATION) {
        return Assessment::not_applicable("no atrial fibrillation");
    }
    let (vasc, va) = scores(row, FIRST);
    let outcome = match va.is_final() {
        true => Outcome::Final { value: va.lower },
        false => Outcome::Incomplete { lower: va.lower, upper: Some(va.upper) },
    };
    let bands = match (is_so(VALVE), is_so(VITAMIN_K_ANTAGONIST), is_so(ANTICOAGULANT)) {
        (true, true, _) | (false, _, true) => None,
        // Whatever the score is, and whatever else is taken.
        (true, false, _) => Some((VITAMIN_K, VITAMIN_K)),
        (false, _, false) => band(va.lower).zip(band(va.upper)),
    };
    let score = |sum: &crate::rules::partial_sum::PartialSum| match sum.is_final() {
        true => sum.lower.to_string(),
        false => format!("at least {}", sum.lower),
    };
    let finding = bands.map(|(band, band_most)| Finding {
        band,
        band_most,
        evidence: evidence_of_all(row, &[0, 1, 2, 3, 4, ATRIAL_FIBRILLATION, ANTICOAGULANT, VALVE]),
        values: vec![("va", score(&va)), ("vasc", score(&vasc)), ("risks", risks(row))],
        ..Finding::default()
    });
    let findings = match (finding, va.is_final()) {
        (Some(finding), _) => Findings::Known(vec![finding]),
        // It may be asked for, if a missing input says so.
        (None, false) if bands_are_open(row, va.upper) => Findings::Unknown,
        (None, _) => Findings::Known(Vec::new()),
    };
    let mut assessment = Assessment::new(outcome, findings);
    assessment.next_at = next_birthday(row, BIRTH, &AGES);
    assessment.notes.extend(undocumented(row, AF_ANTICOAGULATION.inputs, &CONDITIONS));
    assessment
}

/// Whether the most that the score can be would ask for what is not taken.
fn bands_are_open(row: &Row<'_>, most: i64) -> bool {
    let is_so = |input: usize| row.stands(input).is_some();
    !is_so(VALVE) && !is_so(ANTICOAGULANT) && band(most).is_some()
}

fn band(va: i64) -> Option<usize> {
    match esc(va) {
        Advice::NotIndicated => None,
        Advice::Reasonable => Some(REASONABLE),
        Advice::Recommended => Some(RECOMMENDED),
    }
}

/// What gives points: `hypertension, diabetes`, with the birth date where the age does.
fn risks(row: &Row<'_>) -> String {
    let names = CONDITIONS.iter().filter(|input| row.stands(**input).is_some());
    let names = names.filter_map(|input| AF_ANTICOAGULATION.inputs.get(*input));
    let mut texts: Vec<String> = names.map(|input| spaced(input.name)).collect();
    if let Some((least, _)) = crate::rules::rows::ages::years(row, BIRTH)
        && AGES.iter().any(|age| *age <= least)
    {
        texts.push(format!("age {least}"));
    }
    if texts.is_empty() { "no documented risk".to_owned() } else { texts.join(", ") }
}
