//! Checks of the rules of heart, vessels and metabolism (SPEC 3).

use serde_json::{Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::inputs::Inputs;
use crate::checks::laboratory::{not_computable, sex};
use crate::rules::blood_pressure::Stage;
use crate::rules::cha2ds2_vasc;
use crate::rules::has_bled;
use crate::rules::hba1c::{self, Range};
use crate::rules::pooled_cohort::{self, Group};
use crate::rules::prevent::{self, Horizon};
use crate::rules::prevent_category::{Category, is_high_for_blood_pressure};

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "18",
        name: "cha2ds2_vasc",
        source: "Lip 2010, Chest 137:263; ESC 2024",
        edition: "2010 (VASc), 2024 (VA)",
        inputs: "age a, sex, chf, htn, dm, stroke, vasc",
        output: "status, va, vasc, missing",
        run: cha2ds2_vasc,
    },
    Check {
        number: "19",
        name: "has_bled",
        source: "Pisters 2010, Chest 138:1093",
        edition: "2010",
        inputs: "sbp mm[Hg], renal, dialysis, transplant, cr_umol umol/L, liver, stroke, bleed, \
                 labile_inr, on_vka, age a, drugs, drinks_week",
        output: "score, high",
        run: has_bled,
    },
    Check {
        number: "20",
        name: "prevent",
        source: "Khan 2024, Circulation 149:430",
        edition: "PREVENT 2024",
        inputs: "sex, age a, tc mg/dL, hdl mg/dL, sbp mm[Hg], dm, smoker, egfr mL/min/1.73m2, bp_tx, \
                 statin, bmi kg/m2, horizon (10, 30), uacr mg/g, hba1c %, sdi, known_cvd",
        output: "status, cvd, ascvd, hf, chd, stroke, fields, missing, model",
        run: prevent,
    },
    Check {
        number: "20b",
        name: "prevent_categories",
        source: "ACC/AHA dyslipidemia, Circulation 2026; AHA/ACC high blood pressure, 2025",
        edition: "2026, 2025",
        inputs: "ascvd_10y, cvd_10y (probabilities)",
        output: "dyslipidemia_2026, bp_2025_high_risk",
        run: prevent_categories,
    },
    Check {
        number: "21",
        name: "pce",
        source: "Goff 2014, Circulation 129:S49, appendix 7",
        edition: "2013 (legacy)",
        inputs: "group (wf, bf, wm, bm), age a, tc mg/dL, hdl mg/dL, sbp mm[Hg], treated, smoker, dm",
        output: "status, risk, fields, missing",
        run: pce,
    },
    Check {
        number: "22",
        name: "a1c_followup",
        source: "ADA Standards of Care, section 6",
        edition: "2025/2026",
        inputs: "last_days d, at_goal, therapy_changed",
        output: "interval_days, due",
        run: a1c_followup,
    },
    Check {
        number: "22b",
        name: "a1c_class",
        source: "ADA Standards of Care, section 2",
        edition: "2025/2026",
        inputs: "a1c %",
        output: "class, confirm",
        run: a1c_class,
    },
    Check {
        number: "23",
        name: "bp_stage",
        source: "Whelton 2018, Hypertension 71:e13",
        edition: "ACC/AHA 2017; same in AHA/ACC 2025",
        inputs: "sbp, dbp mm[Hg]",
        output: "status, stage",
        run: bp_stage,
    },
];

fn cha2ds2_vasc(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let situation = cha2ds2_vasc::Situation {
        age_years: inputs.optional_count("age")?.map(i64::from),
        sex: sex(inputs)?,
        heart_failure: inputs.is_stated("chf")?,
        hypertension: inputs.is_stated("htn")?,
        diabetes: inputs.is_stated("dm")?,
        stroke: inputs.is_stated("stroke")?,
        vascular_disease: inputs.is_stated("vasc")?,
    };
    let (va, vasc) = (cha2ds2_vasc::va(&situation), cha2ds2_vasc::vasc(&situation));
    Ok(json!({
        "status": if vasc.is_final() { "final" } else { "incomplete" },
        "va": va.lower, "va_max": va.upper, "vasc": vasc.lower, "vasc_max": vasc.upper,
        "missing": vasc.missing,
    }))
}

fn has_bled(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let mut kidney_disease = false;
    for key in ["renal", "dialysis", "transplant"] {
        kidney_disease |= inputs.is_stated(key)?;
    }
    let score = has_bled::score(&has_bled::Situation {
        systolic: inputs.optional_rounded("sbp", 0)?,
        kidney_disease,
        creatinine: inputs.optional_rounded("cr_umol", 1)?,
        liver_disease: inputs.is_stated("liver")?,
        stroke: inputs.is_stated("stroke")?,
        bleeding: inputs.is_stated("bleed")?,
        labile_inr: Some(inputs.is_stated("labile_inr")?),
        on_vitamin_k_antagonist: inputs.is_stated("on_vka")?,
        age_years: inputs.optional_count("age")?.map(i64::from),
        drugs: inputs.is_stated("drugs")?,
        drinks_a_week: inputs.optional_rounded("drinks_week", 0)?,
    });
    Ok(json!({ "status": "final", "score": score, "high": has_bled::HIGH <= score }))
}

/// Numbers that must all be there: their values, and the keys of those that are not.
fn numbers<const N: usize>(
    inputs: &Inputs<'_>,
    keys: [&'static str; N],
) -> Result<([f64; N], Vec<&'static str>), CheckError> {
    let mut values = [0.0; N];
    let mut missing = Vec::new();
    for (value, key) in values.iter_mut().zip(keys) {
        match inputs.optional_number(key)? {
            Some(number) => *value = number,
            None => missing.push(key),
        }
    }
    Ok((values, missing))
}

/// The same of flags.
fn flags<const N: usize>(
    inputs: &Inputs<'_>,
    keys: [&'static str; N],
) -> Result<([bool; N], Vec<&'static str>), CheckError> {
    let mut values = [false; N];
    let mut missing = Vec::new();
    for (value, key) in values.iter_mut().zip(keys) {
        match inputs.optional_flag(key)? {
            Some(flag) => *value = flag,
            None => missing.push(key),
        }
    }
    Ok((values, missing))
}

fn prevent(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (numbers, mut missing) = numbers(inputs, ["age", "tc", "hdl", "sbp", "bmi", "egfr"])?;
    let (flags, unsaid) = flags(inputs, ["dm", "smoker", "bp_tx", "statin"])?;
    missing.extend(unsaid);
    let sex = sex(inputs)?;
    let horizon = match inputs.optional_count("horizon")? {
        None | Some(10) => Horizon::Years10,
        Some(30) => Horizon::Years30,
        Some(other) => {
            return Err(CheckError::Unanswerable(format!("horizon {other}: expected 10 or 30")));
        }
    };
    let (albuminuria, hba1c) = (inputs.optional_number("uacr")?, inputs.optional_number("hba1c")?);
    let deprivation = inputs.optional_number("sdi")?;
    if inputs.is_stated("known_cvd")? {
        return Ok(json!({ "status": "not-applicable", "reason": "known cardiovascular disease" }));
    }
    let Some(sex) = sex.filter(|_| missing.is_empty()) else {
        missing.extend(Some("sex").filter(|_| sex.is_none()));
        return Ok(not_computable(&missing));
    };
    let [age, total_cholesterol, hdl_cholesterol, systolic, bmi, egfr] = numbers;
    let [has_diabetes, is_smoker, is_treated, on_statin] = flags;
    let situation = prevent::Situation {
        sex,
        age,
        total_cholesterol,
        hdl_cholesterol,
        systolic,
        bmi,
        egfr,
        has_diabetes,
        is_smoker,
        is_treated,
        on_statin,
        albuminuria,
        hba1c,
        deprivation,
    };
    let outside = prevent::out_of_range(&situation, horizon);
    if !outside.is_empty() {
        return Ok(json!({ "status": "out-of-range", "fields": outside }));
    }
    let model = prevent::model_for(&situation);
    let risks = prevent::risks(&situation, model, horizon);
    Ok(json!({
        "status": "final", "cvd": risks.cvd, "ascvd": risks.ascvd, "hf": risks.heart_failure,
        "chd": risks.coronary, "stroke": risks.stroke, "model": format!("{model:?}").to_lowercase(),
    }))
}

fn prevent_categories(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let ascvd = inputs.optional_rounded("ascvd_10y", 6)?;
    let cvd = inputs.optional_rounded("cvd_10y", 6)?;
    Ok(json!({
        "dyslipidemia_2026": ascvd.map(|risk| Category::of(risk).name()),
        "bp_2025_high_risk": cvd.map(is_high_for_blood_pressure),
    }))
}

fn pce(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let words = [
        ("wf", Group::WhiteWomen),
        ("bf", Group::BlackWomen),
        ("wm", Group::WhiteMen),
        ("bm", Group::BlackMen),
    ];
    let group = inputs.word("group", &words)?;
    let (numbers, mut missing) = numbers(inputs, ["age", "tc", "hdl", "sbp"])?;
    let (flags, unsaid) = flags(inputs, ["treated", "smoker", "dm"])?;
    missing.extend(unsaid);
    let [age, total_cholesterol, hdl_cholesterol, systolic] = numbers;
    let [is_treated, is_smoker, has_diabetes] = flags;
    let (least, most) = pooled_cohort::AGE;
    let is_known = !missing.contains(&"age");
    if is_known && (age < least || most < age) {
        return Ok(json!({ "status": "out-of-range", "fields": ["age"] }));
    }
    let can_be_measured = [total_cholesterol, hdl_cholesterol, systolic].iter().all(|n| 0.0 < *n);
    if !missing.is_empty() || !can_be_measured {
        return Ok(not_computable(&missing));
    }
    let risk = pooled_cohort::risk(&pooled_cohort::Situation {
        group,
        age,
        total_cholesterol,
        hdl_cholesterol,
        systolic,
        is_treated,
        is_smoker,
        has_diabetes,
    });
    Ok(json!({ "status": "final", "risk": risk }))
}

fn a1c_followup(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let at_goal = inputs.optional_flag("at_goal")?;
    let interval = hba1c::interval_days(at_goal, inputs.is_stated("therapy_changed")?);
    let last = inputs.optional_rounded("last_days", 0)?;
    Ok(json!({ "interval_days": interval, "due": hba1c::is_due(last, interval) }))
}

fn a1c_class(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let range = inputs.optional_rounded("a1c", 1)?.map(Range::of);
    let is_confirmed = range.map(|range| range != Range::Normal);
    Ok(json!({ "class": range.map(Range::name), "confirm": is_confirmed }))
}

fn bp_stage(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (systolic, diastolic) =
        (inputs.optional_rounded("sbp", 0)?, inputs.optional_rounded("dbp", 0)?);
    if let Some((systolic, diastolic)) = systolic.zip(diastolic) {
        return Ok(json!({ "status": "final", "stage": Stage::of(systolic, diastolic).name() }));
    }
    let alone =
        systolic.map(Stage::of_systolic).max(diastolic.map(Stage::of_diastolic)).map(Stage::name);
    let named = [("sbp", systolic.is_none()), ("dbp", diastolic.is_none())];
    let missing = named.into_iter().filter(|(_, is_missing)| *is_missing);
    let missing: Vec<&str> = missing.map(|(key, _)| key).collect();
    Ok(json!({ "status": "incomplete", "stage": null, "stage_min": alone, "missing": missing }))
}
