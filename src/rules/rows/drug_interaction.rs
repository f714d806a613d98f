//! The fifteen interactions of the ONC list over everything a patient takes, or took until a short while ago.

use crate::domain::coding::ATC;
use crate::domain::time::{Span, Timestamp};
use crate::rules::assessment::{
    Assessment, Finding, Findings, InputKind, Outcome, Row, Rule, RuleInput, Told,
};
use crate::rules::drug_interaction::{PAIRS, Pair, Stopped, pairs_of};

/// The rule. Its subjects are the numbers of the list.
pub static DRUG_INTERACTION: Rule = Rule {
    name: "drug_interaction",
    inputs: &[RuleInput { name: "medicines", kind: InputKind::List }],
    scored: false,
    parameters: &[],
    subjects: &[
        "onc-1", "onc-2", "onc-3", "onc-4", "onc-5", "onc-6", "onc-7", "onc-8", "onc-9", "onc-10",
        "onc-11", "onc-12", "onc-13", "onc-14", "onc-15",
    ],
    bands: &["washout", "together"],
    value: "interactions of the ONC list",
    decimals: 0,
    assess,
};

const MEDICINES: usize = 0;
const WASHOUT: usize = 0;
const TOGETHER: usize = 1;
/// The pairs of which one side is an inhibitor of MAO; of the fourth the other is serotonergic.
const MAO_PAIRS: [i64; 5] = [1, 4, 6, 7, 15];
const SEROTONERGIC_PAIR: i64 = 4;

/// A drug by its ATC code.
#[derive(Clone, Copy)]
struct Taken<'r> {
    told: &'r Told,
    code: &'r str,
}

/// Two drugs that interact, and until when one that was stopped still does.
struct Met<'r> {
    pair: &'static Pair,
    drugs: [Taken<'r>; 2],
    until: Option<Timestamp>,
}

fn assess(row: &Row<'_>) -> Assessment {
    let medicines = row.told(MEDICINES);
    let coded = medicines.iter().flat_map(|told| {
        let codes = told.codes.iter().filter(|code| code.system == ATC);
        codes.map(move |code| Taken { told, code: &code.code })
    });
    let taken: Vec<Taken<'_>> = coded.collect();
    let mut met: Vec<Met<'_>> = Vec::new();
    for (index, one) in taken.iter().enumerate() {
        for other in taken.iter().skip(index + 1) {
            let pairs = pairs_of(one.code, other.code).into_iter();
            met.extend(pairs.filter_map(|pair| {
                let until = until(pair, [one, other], row.at)?;
                Some(Met { pair, drugs: [*one, *other], until })
            }));
        }
    }
    let findings = PAIRS.iter().enumerate().filter_map(|(subject, pair)| {
        let of_pair = met.iter().filter(|one| one.pair.number == pair.number);
        // What is taken together is worse than what was stopped.
        let worst = of_pair.min_by_key(|one| one.until.is_some())?;
        Some(finding(subject, worst))
    });
    let findings: Vec<Finding> = findings.collect();
    let value = i64::try_from(findings.len()).unwrap_or(i64::MAX);
    let mut assessment = Assessment::new(Outcome::Final { value }, Findings::Known(findings));
    assessment.next_at = met.iter().filter_map(|one| one.until).filter(|at| row.at < *at).min();
    let n_uncoded = medicines.iter().filter(|told| !has_atc(told)).count();
    if 0 < n_uncoded {
        assessment.notes.push(format!("medicines without an ATC code, not checked: {n_uncoded}"));
    }
    assessment
}

fn has_atc(told: &Told) -> bool {
    told.codes.iter().any(|code| code.system == ATC)
}

/// `None` where two drugs do not meet; else until when the one that was stopped still counts, if one was.
fn until(pair: &Pair, [one, other]: [&Taken<'_>; 2], at: Timestamp) -> Option<Option<Timestamp>> {
    match (one.told.is_in_force(at), other.told.is_in_force(at)) {
        (true, true) => Some(None),
        (true, false) => washed_out(pair, other, at).map(Some),
        (false, true) => washed_out(pair, one, at).map(Some),
        (false, false) => None,
    }
}

/// When a drug that was stopped is washed out, if that is still to come. Only what inhibits MAO, or is opposed to
/// it as a serotonergic, lasts beyond its last dose.
fn washed_out(pair: &Pair, stopped: &Taken<'_>, at: Timestamp) -> Option<Timestamp> {
    let is_mao = is_in(stopped.code, pair.precipitant_atc) && MAO_PAIRS.contains(&pair.number);
    let kind = match stopped.code {
        _ if is_mao => Stopped::MaoInhibitor,
        _ if pair.number != SEROTONERGIC_PAIR => return None,
        "N06AB03" => Stopped::Fluoxetine,
        _ => Stopped::Serotonergic,
    };
    let end = stopped.told.to?.plus(Span::from_days(kind.washout_days()));
    Some(end).filter(|end| at < *end)
}

fn is_in(code: &str, classes: &[&str]) -> bool {
    classes.iter().any(|class| code.starts_with(class))
}

fn finding(subject: usize, met: &Met<'_>) -> Finding {
    let Met { pair, drugs: [one, other], until } = met;
    let band = if until.is_some() { WASHOUT } else { TOGETHER };
    let name = |taken: &Taken<'_>| match taken.told.label.is_empty() {
        true => taken.code.to_owned(),
        false => taken.told.label.clone(),
    };
    let mut evidence = vec![one.told.evidence, other.told.evidence];
    evidence.sort_unstable();
    evidence.dedup();
    Finding {
        subject,
        band,
        band_most: band,
        evidence,
        values: vec![
            ("one", name(one)),
            ("other", name(other)),
            ("classes", format!("{} with {}", pair.object, pair.precipitant)),
            ("hazard", pair.hazard.to_owned()),
            ("until", until.map_or(String::new(), |until| until.date().to_string())),
        ],
        ..Finding::default()
    }
}
