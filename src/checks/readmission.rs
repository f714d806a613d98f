//! Checks of the rules of readmission (SPEC 4).

use serde_json::{Value, json};

use crate::checks::acute::summed;
use crate::checks::check::{Check, CheckError};
use crate::checks::inputs::Inputs;
use crate::rules::hospital_score::{self, Band};
use crate::rules::lace;

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "24",
        name: "lace",
        source: "van Walraven 2010, CMAJ 182:551",
        edition: "2010",
        inputs: "los_days d, emergent, charlson (or conditions), ed_6mo",
        output: "status, score, score_min, score_max, missing, high",
        run: lace,
    },
    Check {
        number: "25",
        name: "hospital",
        source: "Donze 2013, JAMA Intern Med 173:632; 2016, 176:496",
        edition: "2016",
        inputs: "hb g/dL, oncology, na mmol/L, procedure, urgent, admissions_12mo, los_days d",
        output: "status, score, score_min, score_max, missing, band",
        run: hospital,
    },
];

/// Whole days that have passed: half a day is none.
fn whole_days(inputs: &Inputs<'_>, key: &str) -> Result<Option<i64>, CheckError> {
    Ok(inputs.optional_rounded(key, 4)?.map(|days| days.div_euclid(10_000)))
}

fn lace(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let known = |condition: &&str| {
        let weight = lace::WEIGHTS.iter().find(|(name, _)| name == condition);
        weight.map(|(_, points)| *points).ok_or_else(|| CheckError::Word {
            key: "conditions".to_owned(),
            got: (*condition).to_owned(),
            known: lace::WEIGHTS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
        })
    };
    let weighed = match inputs.has("conditions") {
        true => {
            let weights: Vec<i64> =
                inputs.texts("conditions")?.iter().map(known).collect::<Result<_, _>>()?;
            Some(weights.into_iter().sum())
        }
        false => None,
    };
    let sum = lace::score(&lace::Situation {
        stay_days: whole_days(inputs, "los_days")?,
        is_emergent: inputs.optional_flag("emergent")?,
        charlson: inputs.optional_rounded("charlson", 0)?.or(weighed),
        emergency_visits: inputs.optional_rounded("ed_6mo", 0)?,
    });
    let mut fields = summed(&sum, sum.is_final());
    fields.insert("high".to_owned(), json!(sum.reaches(lace::HIGH)));
    Ok(Value::Object(fields))
}

fn hospital(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let sum = hospital_score::score(&hospital_score::Situation {
        haemoglobin: inputs.optional_rounded("hb", 2)?,
        is_oncology: inputs.optional_flag("oncology")?,
        sodium: inputs.optional_rounded("na", 1)?,
        had_procedure: inputs.optional_flag("procedure")?,
        is_urgent: inputs.optional_flag("urgent")?,
        admissions: inputs.optional_rounded("admissions_12mo", 0)?,
        stay_days: whole_days(inputs, "los_days")?,
    });
    let mut fields = summed(&sum, sum.is_final());
    let band = hospital_score::band(&sum).map(Band::name);
    fields.insert("band".to_owned(), json!(band));
    Ok(Value::Object(fields))
}
