//! HAS-BLED of a patient with atrial fibrillation or an anticoagulant.
//!
//! No signal carries how long the INR was in range, nor how much somebody drinks: both are missing, unless no
//! vitamin K antagonist is taken, and unless a disorder of alcohol use is documented.

use crate::domain::time::Span;
use crate::rules::assessment::{Assessment, InputKind, Row, Rule, RuleInput};
use crate::rules::has_bled::{AGE_YEARS, DRINKS, HIGH, Situation, sum};
use crate::rules::rows::ages::{next_birthday, years_alike};
use crate::rules::rows::sums::{Reading, assessed, stale_at, undocumented};

const fn state(name: &'static str) -> RuleInput {
    RuleInput { name, kind: InputKind::State }
}

/// The rule.
pub static HAS_BLED: Rule = Rule {
    name: "has_bled",
    inputs: &[
        RuleInput { name: "systolic_blood_pressure", kind: InputKind::Reading },
        RuleInput { name: "creatinine", kind: InputKind::Reading },
        state("dialysis"),
        state("kidney_transplant"),
        state("cirrhosis"),
        state("stroke"),
        state("bleeding_history"),
        state("vitamin_k_antagonist"),
        RuleInput { name: "birth", kind: InputKind::Birth },
        state("antiplatelet"),
        state("nsaid"),
        state("alcohol_use_disorder"),
        state("atrial_fibrillation"),
        state("anticoagulant"),
    ],
    scored: true,
    parameters: &["stands"],
    subjects: &["bleeding_risk"],
    bands: &["usual", "high"],
    value: "HAS-BLED",
    decimals: 0,
    assess,
};

const SYSTOLIC: usize = 0;
const CREATININE: usize = 1;
const DIALYSIS: usize = 2;
const TRANSPLANT: usize = 3;
const CIRRHOSIS: usize = 4;
const STROKE: usize = 5;
const BLEEDING: usize = 6;
const VITAMIN_K_ANTAGONIST: usize = 7;
const BIRTH: usize = 8;
const ANTIPLATELET: usize = 9;
const NSAID: usize = 10;
const ALCOHOL: usize = 11;
const ATRIAL_FIBRILLATION: usize = 12;
const ANTICOAGULANT: usize = 13;
const STANDS: usize = 0;

/// From this birthday on somebody is older than 65 years.
const OLDER_YEARS: u32 = 66;

fn assess(row: &Row<'_>) -> Assessment {
    let is_so = |input: usize| row.stands(input).is_some();
    if !is_so(ATRIAL_FIBRILLATION) && !is_so(ANTICOAGULANT) {
        return Assessment::not_applicable("neither atrial fibrillation nor an anticoagulant");
    }
    let sum = sum(&Situation {
        systolic: row.value(SYSTOLIC),
        kidney_disease: is_so(DIALYSIS) || is_so(TRANSPLANT),
        // Hundredths of mg/dL to tenths of µmol/L: × 8.84.
        creatinine: row.value(CREATININE).map(|value| (884 * value + 50).div_euclid(100)),
        liver_disease: is_so(CIRRHOSIS),
        stroke: is_so(STROKE),
        bleeding: is_so(BLEEDING),
        labile_inr: None,
        on_vitamin_k_antagonist: is_so(VITAMIN_K_ANTAGONIST),
        age_years: years_alike(row, BIRTH, |years| i64::from(AGE_YEARS < years)),
        drugs: is_so(ANTIPLATELET) || is_so(NSAID),
        drinks_a_week: Some(DRINKS).filter(|_| is_so(ALCOHOL)),
    });
    let inputs: [&[usize]; 9] = [
        &[SYSTOLIC],
        &[CREATININE, DIALYSIS, TRANSPLANT],
        &[CIRRHOSIS],
        &[STROKE],
        &[BLEEDING],
        &[VITAMIN_K_ANTAGONIST],
        &[BIRTH],
        &[ANTIPLATELET, NSAID],
        &[ALCOHOL],
    ];
    let reading = Reading { sum: &sum, inputs: &inputs, cut_offs: &[HIGH] };
    let mut assessment = assessed(row, HAS_BLED.inputs, &reading);
    assessment.change_findings(|finding| {
        let why = [ATRIAL_FIBRILLATION, ANTICOAGULANT].into_iter().filter_map(|i| row.stands(i));
        finding.evidence.extend(why.filter_map(|since| since.evidence));
    });
    assessment.next_at = next_at(row);
    assessment.notes.extend(undocumented(row, HAS_BLED.inputs, &[CIRRHOSIS, STROKE, BLEEDING]));
    assessment
}

/// When the next birthday counts, or a measurement is too old.
fn next_at(row: &Row<'_>) -> Option<crate::domain::time::Timestamp> {
    let stands: Span = row.parameter(STANDS);
    let stale = stale_at(row, &[SYSTOLIC, CREATININE], stands);
    [stale, next_birthday(row, BIRTH, &[OLDER_YEARS])].into_iter().flatten().min()
}
