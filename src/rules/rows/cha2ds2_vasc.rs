//! CHA2DS2-VASc of a patient with atrial fibrillation, with CHA2DS2-VA beside it.

use crate::rules::assessment::{Assessment, InputKind, Row, Rule, RuleInput};
use crate::rules::cha2ds2_vasc::{AGES, Situation, age_points, va, vasc};
use crate::rules::partial_sum::PartialSum;
use crate::rules::rows::ages::{next_birthday, years_alike};
use crate::rules::rows::sums::{Reading, assessed, undocumented};

const fn state(name: &'static str) -> RuleInput {
    RuleInput { name, kind: InputKind::State }
}

/// The rule. Its bands are those of CHA2DS2-VA, so that nobody's sex alone makes a risk.
pub static CHA2DS2_VASC: Rule = Rule {
    name: "cha2ds2_vasc",
    inputs: &[
        state("heart_failure"),
        state("hypertension"),
        state("diabetes"),
        state("stroke"),
        state("vascular_disease"),
        RuleInput { name: "birth", kind: InputKind::Birth },
        RuleInput { name: "sex", kind: InputKind::Sex },
        state("atrial_fibrillation"),
    ],
    scored: true,
    parameters: &[],
    subjects: &["stroke_risk"],
    bands: &["low", "intermediate", "high"],
    value: "CHA2DS2-VASc",
    decimals: 0,
    assess,
};

/// Where the inputs of the score begin in a row, in the order of `CHA2DS2_VASC`.
const FIRST: usize = 0;
const BIRTH: usize = 5;
const SEX: usize = 6;
const ATRIAL_FIBRILLATION: usize = 7;

// ESC 2024: from 1 an anticoagulant is considered, from 2 recommended.
const CUT_OFFS: [i64; 2] = [1, 2];

/// The score of a row whose inputs from `first` on are those of this rule: with women's point, and without.
pub fn scores(row: &Row<'_>, first: usize) -> (PartialSum, PartialSum) {
    let [heart_failure, hypertension, diabetes, stroke, vascular_disease] =
        [0, 1, 2, 3, 4].map(|input| row.stands(first + input).is_some());
    let situation = Situation {
        age_years: years_alike(row, first + BIRTH, age_points),
        sex: row.sex(first + SEX),
        heart_failure,
        hypertension,
        diabetes,
        stroke,
        vascular_disease,
    };
    (vasc(&situation), va(&situation))
}

fn assess(row: &Row<'_>) -> Assessment {
    if row.stands(ATRIAL_FIBRILLATION).is_none() {
        return Assessment::not_applicable("no atrial fibrillation");
    }
    let (vasc, va) = scores(row, FIRST);
    let inputs: [&[usize]; 7] = [&[0], &[1], &[BIRTH], &[2], &[3], &[4], &[SEX]];
    let reading = Reading { sum: &vasc, inputs: &inputs, cut_offs: &CUT_OFFS };
    let mut assessment = assessed(row, CHA2DS2_VASC.inputs, &reading);
    assessment.change_findings(|finding| {
        let band = |points: i64| CUT_OFFS.iter().filter(|cut_off| **cut_off <= points).count();
        (finding.band, finding.band_most) = (band(va.lower), band(va.upper));
        finding.evidence.extend(row.stands(ATRIAL_FIBRILLATION).and_then(|since| since.evidence));
        let va_text = match va.is_final() {
            true => va.lower.to_string(),
            false => format!("at least {}", va.lower),
        };
        finding.values.push(("va", va_text));
    });
    assessment.next_at = next_birthday(row, BIRTH, &AGES);
    assessment.notes.extend(undocumented(row, CHA2DS2_VASC.inputs, &[0, 1, 2, 3, 4]));
    assessment
}
