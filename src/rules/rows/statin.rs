//! A statin by PREVENT-ASCVD, LDL cholesterol and known disease (TX-07): `statin` says of which intensity.

use crate::domain::decimal::plain;
use crate::domain::time::Timestamp;
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::rows::ages::years;
use crate::rules::rows::prevent::{
    BIRTH, DISEASE, Estimate, INPUTS, LIPIDS_STAND, STATIN, estimate, millionths, next_at, notes,
    outcome, values,
};
use crate::rules::rows::sums::{evidence_of_all, stale_at};
use crate::rules::statin::{Situation, by_prevent};

/// The inputs of PREVENT, then those of this rule.
const ALL: [RuleInput; INPUTS.len() + 2] = {
    let mut all = [RuleInput { name: "", kind: InputKind::State }; INPUTS.len() + 2];
    let (ours, _) = all.split_at_mut(INPUTS.len());
    ours.copy_from_slice(&INPUTS);
    let [.., cholesterol, disease] = &mut all;
    *cholesterol = RuleInput { name: "cholesterol_ldl", kind: InputKind::Reading };
    *disease = RuleInput { name: "atherosclerotic_disease", kind: InputKind::State };
    all
};

/// The rule.
pub static STATIN_BY_PREVENT: Rule = Rule {
    name: "statin_by_prevent",
    inputs: &ALL,
    scored: false,
    parameters: &["lipids_stand", "stands"],
    subjects: &["statin"],
    bands: &["borderline-discuss", "at-least-moderate", "high-intensity"],
    value: "10-year risk of ASCVD in per cent (PREVENT)",
    decimals: 1,
    assess,
};

const LDL_CHOLESTEROL: usize = INPUTS.len();
const ATHEROSCLEROSIS: usize = INPUTS.len() + 1;

fn assess(row: &Row<'_>) -> Assessment {
    if row.stands(STATIN).is_some() {
        return Assessment::not_applicable("a statin is taken");
    }
    let ldl = row.reading(LDL_CHOLESTEROL);
    if let Some(reason) = ldl.and_then(|ldl| ldl.refusal("LDL cholesterol")) {
        return Assessment::not_computable(reason);
    }
    // What is not yet verified suggests nothing.
    let ldl = ldl.filter(|ldl| ldl.is_final());
    let known = Situation {
        age_years: years(row, BIRTH).map(|(least, _)| least),
        ldl: ldl.map(|ldl| ldl.value.div_euclid(10_i64.pow(u32::from(ldl.decimals)))),
        has_diabetes: false,
        has_disease: row.stands(ATHEROSCLEROSIS).is_some(),
        risk: None,
        is_taken: false,
    };
    let mut assessment = match band(by_prevent(&known)) {
        Some(band) => without_risk(row, band),
        None => by_risk(row, &known),
    };
    assessment.next_at = [assessment.next_at, next(row)].into_iter().flatten().min();
    assessment
}

fn next(row: &Row<'_>) -> Option<Timestamp> {
    let ldl = stale_at(row, &[LDL_CHOLESTEROL], row.parameter(LIPIDS_STAND));
    [ldl, next_at(row)].into_iter().flatten().min()
}

/// Known disease, or a severe hypercholesterolaemia, asks for it whatever the risk is.
fn without_risk(row: &Row<'_>, band: usize) -> Assessment {
    let reason = "known disease or LDL cholesterol decides, not a risk".to_owned();
    let why = match row.stands(ATHEROSCLEROSIS) {
        Some(_) => "atherosclerotic disease is documented".to_owned(),
        None => format!("LDL cholesterol is {} mg/dL (190 or more)", ldl_text(row)),
    };
    let finding = Finding {
        band,
        band_most: band,
        evidence: evidence_of_all(row, &[LDL_CHOLESTEROL, ATHEROSCLEROSIS]),
        values: vec![("why", why)],
        ..Finding::default()
    };
    Assessment::new(Outcome::NotComputable { reason }, Findings::Known(vec![finding]))
}

fn by_risk(row: &Row<'_>, known: &Situation) -> Assessment {
    if row.stands(DISEASE).is_some() {
        return Assessment::not_applicable("known cardiovascular disease without atherosclerosis");
    }
    let estimate = match estimate(row) {
        Ok(estimate) if estimate.is_preliminary => {
            return Assessment::not_computable("a value of PREVENT is preliminary");
        }
        Ok(estimate) => estimate,
        Err(reason) => return Assessment::not_computable(reason),
    };
    let reached = |risk: f64| {
        let risk = Some(millionths(risk).div_euclid(10));
        band(by_prevent(&Situation { risk, ..*known }))
    };
    let bands = (reached(estimate.least.ascvd), reached(estimate.most.ascvd));
    let findings = match bands {
        (Some(band), most) => {
            Findings::Known(vec![finding(row, &estimate, (band, most.unwrap_or(band)))])
        }
        (None, None) => Findings::Known(Vec::new()),
        (None, Some(_)) => Findings::Unknown,
    };
    let mut assessment = Assessment::new(outcome(&estimate), findings);
    assessment.notes = notes(row, &estimate);
    assessment
}

fn finding(row: &Row<'_>, estimate: &Estimate, (band, band_most): (usize, usize)) -> Finding {
    let mut evidence = estimate.evidence.clone();
    evidence.extend(evidence_of_all(row, &[LDL_CHOLESTEROL]));
    evidence.sort_unstable();
    let mut texts = values(estimate);
    let risk = texts.iter().find(|(name, _)| *name == "ascvd_10").map(|(_, text)| text.clone());
    let risk = risk.unwrap_or_default();
    texts.push(("why", format!("the 10-year risk of ASCVD by PREVENT is {risk} %")));
    Finding { band, band_most, evidence, values: texts, ..Finding::default() }
}

fn ldl_text(row: &Row<'_>) -> String {
    row.reading(LDL_CHOLESTEROL).map_or(String::new(), |ldl| plain(ldl.value, ldl.decimals))
}

fn band(code: &str) -> Option<usize> {
    STATIN_BY_PREVENT.bands.iter().position(|band| *band == code)
}
