//! PREVENT of a row: the risk of cardiovascular disease over 10 and 30 years, refused beyond its ranges.
//!
//! ```text
//! lipids of 5 years, the rest of 12 months ─► situation ─► the model of all that is known
//! ```
//! Whether somebody smokes is known only where it is stated, or that they do not; otherwise the risk lies between
//! both. Diabetes and medicines count as absent where nobody documented them.

use crate::domain::decimal::plain;
use crate::domain::time::{Span, Timestamp};
use crate::rules::assessment::{Assessment, Finding, Findings, InputKind, Outcome, Reading, Row};
use crate::rules::assessment::{Rule, RuleInput};
use crate::rules::egfr;
use crate::rules::kidney_history::kidney_points;
use crate::rules::prevent::{Horizon, Model, Risks, Situation, model_for, out_of_range, risks};
use crate::rules::prevent_category::{Category, is_high_for_blood_pressure};
use crate::rules::rows::ages::{next_birthday, years};
use crate::rules::rows::bp_stage::{leaves, office};
use crate::rules::rows::sums::{evidence_of_all, stale_at, undocumented};

const fn reading(name: &'static str) -> RuleInput {
    RuleInput { name, kind: InputKind::Reading }
}

const fn state(name: &'static str) -> RuleInput {
    RuleInput { name, kind: InputKind::State }
}

/// What PREVENT is computed from, in this order, in every rule that does.
pub const INPUTS: [RuleInput; 16] = [
    reading("cholesterol_total"),
    reading("cholesterol_hdl"),
    RuleInput { name: "systolic", kind: InputKind::Series },
    RuleInput { name: "creatinine", kind: InputKind::Series },
    reading("body_mass_index"),
    RuleInput { name: "birth", kind: InputKind::Birth },
    RuleInput { name: "sex", kind: InputKind::Sex },
    state("diabetes"),
    state("smoking"),
    state("no_smoking"),
    state("antihypertensive"),
    state("statin"),
    reading("urine_albumin_creatinine"),
    reading("hba1c"),
    RuleInput { name: "stays", kind: InputKind::List },
    state("cardiovascular_disease"),
];

/// The rule.
pub static PREVENT: Rule = Rule {
    name: "prevent",
    inputs: &INPUTS,
    scored: false,
    parameters: &["lipids_stand", "stands"],
    subjects: &["cardiovascular_risk"],
    bands: &[
        Category::Low.name(),
        Category::Borderline.name(),
        Category::Intermediate.name(),
        Category::High.name(),
    ],
    value: "10-year risk of ASCVD in per cent (PREVENT)",
    decimals: 1,
    assess,
};

const TOTAL_CHOLESTEROL: usize = 0;
const HDL_CHOLESTEROL: usize = 1;
const SYSTOLIC: usize = 2;
const CREATININE: usize = 3;
const BODY_MASS_INDEX: usize = 4;
/// The birth date.
pub const BIRTH: usize = 5;
const SEX: usize = 6;
const DIABETES: usize = 7;
const SMOKING: usize = 8;
const NO_SMOKING: usize = 9;
const ANTIHYPERTENSIVE: usize = 10;
/// Whether a statin is taken.
pub const STATIN: usize = 11;
const ALBUMINURIA: usize = 12;
const HBA1C: usize = 13;
const STAYS: usize = 14;
/// Known cardiovascular disease, for which PREVENT is not made.
pub const DISEASE: usize = 15;
/// The parameter that says how long lipids stand.
pub const LIPIDS_STAND: usize = 0;
const STANDS: usize = 1;

/// Risks of a patient, between what they are at least and at most.
pub struct Estimate {
    /// At least over 10 years.
    pub least: Risks,
    /// At most over 10 years.
    pub most: Risks,
    /// The same over 30 years, where they are given.
    pub long: Option<(Risks, Risks)>,
    /// Which equations.
    pub model: Model,
    /// Whether both bounds are one.
    pub is_final: bool,
    /// What was used.
    pub evidence: Vec<usize>,
    /// Whether something of it is not yet verified.
    pub is_preliminary: bool,
}

fn assess(row: &Row<'_>) -> Assessment {
    if row.stands(DISEASE).is_some() {
        return Assessment::not_applicable("known cardiovascular disease");
    }
    let estimate = match estimate(row) {
        Ok(estimate) => estimate,
        Err(reason) => {
            let mut refused = Assessment::nothing_known(reason);
            refused.next_at = next_at(row);
            return refused;
        }
    };
    let category = |risk: f64| match Category::of(millionths(risk)) {
        Category::Low => 0,
        Category::Borderline => 1,
        Category::Intermediate => 2,
        Category::High => 3,
    };
    let finding = Finding {
        band: category(estimate.least.ascvd),
        band_most: category(estimate.most.ascvd),
        evidence: estimate.evidence.clone(),
        values: values(&estimate),
        ..Finding::default()
    };
    let mut assessment = Assessment::new(outcome(&estimate), Findings::Known(vec![finding]));
    assessment.next_at = next_at(row);
    assessment.notes.extend(notes(row, &estimate));
    assessment
}

/// The 10-year risk of ASCVD in tenths of a per cent.
pub fn outcome(estimate: &Estimate) -> Outcome {
    let (lower, upper) = (tenths(estimate.least.ascvd), tenths(estimate.most.ascvd));
    match estimate.is_final {
        true => Outcome::Final { value: lower },
        false => Outcome::Incomplete { lower, upper: Some(upper) },
    }
}

/// What a reader must know of an estimate.
pub fn notes(row: &Row<'_>, estimate: &Estimate) -> Vec<String> {
    let states = [DIABETES, ANTIHYPERTENSIVE, STATIN];
    let mut notes: Vec<String> = undocumented(row, &INPUTS, &states).into_iter().collect();
    if !estimate.is_final {
        notes.push("missing: whether the patient smokes, or the exact age".to_owned());
    }
    if estimate.is_preliminary {
        notes.push("a value of it is preliminary".to_owned());
    }
    notes
}

/// The risks of a row whose inputs begin with `INPUTS`.
///
/// # Errors
/// What is missing, or out of range.
pub fn estimate(row: &Row<'_>) -> Result<Estimate, String> {
    let (youngest, oldest) = years(row, BIRTH).ok_or("the birth date is not known")?;
    let (is_smoker, is_none) = (row.stands(SMOKING).is_some(), row.stands(NO_SMOKING).is_some());
    // Who said that they smoke, and that they gave it up: the riskier of both.
    let least = situation(row, youngest, is_smoker)?;
    let most = situation(row, oldest, is_smoker || !is_none)?;
    let outside = [&least, &most].map(|one| out_of_range(one, Horizon::Years10));
    if let Some(names) = outside.iter().find(|names| !names.is_empty()) {
        return Err(format!("out of range: {}", names.join(", ")));
    }
    let model = model_for(&least);
    let is_long = [&least, &most].iter().all(|one| out_of_range(one, Horizon::Years30).is_empty());
    let both = |horizon| (risks(&least, model, horizon), risks(&most, model, horizon));
    let (least_risks, most_risks) = both(Horizon::Years10);
    let used = [
        TOTAL_CHOLESTEROL,
        HDL_CHOLESTEROL,
        BODY_MASS_INDEX,
        DIABETES,
        SMOKING,
        NO_SMOKING,
        ANTIHYPERTENSIVE,
        STATIN,
        ALBUMINURIA,
        HBA1C,
    ];
    let mut evidence = evidence_of_all(row, &used);
    let pressures = office(row.series(SYSTOLIC), row.told(STAYS));
    evidence.extend(pressures.iter().map(|one| one.evidence));
    evidence.extend(creatinine(row).map(|one| one.evidence));
    evidence.sort_unstable();
    let read = used.iter().filter_map(|input| row.reading(*input));
    let is_preliminary = read.into_iter().any(|one| one.is_preliminary);
    Ok(Estimate {
        least: least_risks,
        most: most_risks,
        long: is_long.then(|| both(Horizon::Years30)),
        model,
        is_final: youngest == oldest && least.is_smoker == most.is_smoker,
        evidence,
        is_preliminary,
    })
}

/// The newest final creatinine that is not too old.
fn creatinine<'r>(row: &'r Row<'_>) -> Option<&'r Reading> {
    let newest = row.series(CREATININE).iter().rev().find(|one| one.is_final());
    newest.filter(|one| row.at.since(one.at) <= row.parameter(STANDS))
}

fn situation(row: &Row<'_>, age_years: u32, is_smoker: bool) -> Result<Situation, String> {
    let sex = row.sex(SEX).ok_or("the sex is not known")?;
    let number = |input: usize| {
        let reading = row.reading(input)?;
        row.value(input).map(|_| reading.number())
    };
    let needed = |input: usize, name: &str| {
        number(input).ok_or_else(|| format!("no {name} that can be used"))
    };
    let pressures = office(row.series(SYSTOLIC), row.told(STAYS));
    let n_pressures = f64::from(u32::try_from(pressures.len()).unwrap_or(u32::MAX));
    if pressures.is_empty() {
        return Err("no blood pressure outside of a hospital stay".to_owned());
    }
    Ok(Situation {
        sex,
        age: f64::from(age_years),
        total_cholesterol: needed(TOTAL_CHOLESTEROL, "total cholesterol")?,
        hdl_cholesterol: needed(HDL_CHOLESTEROL, "HDL cholesterol")?,
        systolic: pressures.iter().map(|one| one.number()).sum::<f64>() / n_pressures,
        bmi: needed(BODY_MASS_INDEX, "body mass index")?,
        egfr: steady_egfr(row)?,
        has_diabetes: row.stands(DIABETES).is_some(),
        is_smoker,
        is_treated: row.stands(ANTIHYPERTENSIVE).is_some(),
        on_statin: row.stands(STATIN).is_some(),
        albuminuria: number(ALBUMINURIA),
        hba1c: number(HBA1C),
        // No signal says where somebody lives.
        deprivation: None,
    })
}

fn steady_egfr(row: &Row<'_>) -> Result<f64, String> {
    let newest = row.series(CREATININE).last().and_then(|newest| newest.refusal("creatinine"));
    if let Some(reason) = newest {
        return Err(reason);
    }
    let newest = creatinine(row).ok_or("no creatinine that can be used")?;
    let (Some(birth), Some(sex)) = (row.birth(BIRTH), row.sex(SEX)) else {
        return Err("birth date or sex is not known".to_owned());
    };
    let points = kidney_points(row.series(CREATININE), birth, sex);
    let point = points.iter().rev().find(|point| point.reading.evidence == newest.evidence);
    match point {
        Some(point) if point.is_steady() => Ok(point.egfr),
        Some(_) => Err("acute kidney injury: eGFR is no steady state".to_owned()),
        None => Err(format!("younger than {} years", egfr::AGE_YEARS_MIN)),
    }
}

/// When a value is too old, a pressure leaves, or a birthday comes.
pub fn next_at(row: &Row<'_>) -> Option<Timestamp> {
    let lipids = [TOTAL_CHOLESTEROL, HDL_CHOLESTEROL];
    let others = [BODY_MASS_INDEX, ALBUMINURIA, HBA1C];
    let stands: Span = row.parameter(STANDS);
    let pressure = office(row.series(SYSTOLIC), row.told(STAYS));
    let birthdays = years(row, BIRTH).map(|(least, greatest)| [least + 1, greatest + 1]);
    let times = [
        stale_at(row, &lipids, row.parameter(LIPIDS_STAND)),
        stale_at(row, &others, stands),
        pressure.first().and_then(|oldest| leaves(row, oldest, stands)),
        creatinine(row).and_then(|newest| leaves(row, newest, stands)),
        birthdays.and_then(|ages| next_birthday(row, BIRTH, &ages)),
    ];
    times.into_iter().flatten().min()
}

/// Risks in per cent by name, and whether the guideline of blood pressure calls them high.
pub fn values(estimate: &Estimate) -> Vec<(&'static str, String)> {
    let text = |least: f64, most: f64| match (tenths(least), tenths(most)) {
        (least, most) if least == most => plain(least, 1),
        (least, most) => format!("{} to {}", plain(least, 1), plain(most, 1)),
    };
    let (least, most) = (estimate.least, estimate.most);
    let is_high = is_high_for_blood_pressure(millionths(least.cvd));
    let long = |of: fn(&Risks) -> f64| match &estimate.long {
        Some((least, most)) => text(of(least), of(most)),
        None => "not given".to_owned(),
    };
    let model = match estimate.model {
        Model::Base => "base",
        Model::Albuminuria => "with UACR",
        Model::Hba1c => "with HbA1c",
        Model::Deprivation => "with SDI",
        Model::Full => "full",
    };
    vec![
        ("ascvd_10", text(least.ascvd, most.ascvd)),
        ("cvd_10", text(least.cvd, most.cvd)),
        ("ascvd_30", long(|risks| risks.ascvd)),
        ("cvd_30", long(|risks| risks.cvd)),
        ("pressure", if is_high { "7.5 or more" } else { "below 7.5" }.to_owned()),
        ("model", model.to_owned()),
    ]
}

/// A probability in millionths.
pub fn millionths(risk: f64) -> i64 {
    #[expect(clippy::as_conversions, reason = "a probability, times a million")]
    let whole = (risk * 1_000_000.0).round() as i64;
    whole
}

/// A probability in tenths of a per cent, halves up.
fn tenths(risk: f64) -> i64 {
    (millionths(risk) + 500).div_euclid(1_000)
}
