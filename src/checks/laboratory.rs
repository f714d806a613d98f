//! Checks of the rules of the laboratory (SPEC 2).

use serde_json::{Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::inputs::Inputs;
use crate::checks::kidney;
use crate::domain::decimal::plain;
use crate::domain::person::Sex;
use crate::rules::anion_gap;
use crate::rules::corrected_calcium;
use crate::rules::critical_value::{Critical, DEFAULTS, LIMIT_DECIMALS, Limits};
use crate::rules::delta_check;
use crate::rules::fib4;
use crate::rules::meld3;
use crate::rules::potassium::{Band, Context, repeats_first};

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "11",
        name: "critical_values",
        source: "Mayo Clinic Laboratories DLMP CL041647; Houston Methodist; defaults of this project",
        edition: "defaults",
        inputs: "analyte, value (its unit), interpretation (LL, HH)",
        output: "critical",
        run: critical_values,
    },
    Check {
        number: "12",
        name: "potassium",
        source: "UK Kidney Association, Treatment of Acute Hyperkalaemia in Adults",
        edition: "UKKA 2023",
        inputs: "k mmol/L, haemolysed, lone_outlier, ecg_change, dialysis, aki",
        output: "band, repeat_first, ecg",
        run: potassium,
    },
    Check {
        number: "13",
        name: "delta_check",
        source: "Fraser, reference change value; CLSI EP33",
        edition: "window of this project",
        inputs: "prev, cur, hours h, cvi %, cva %",
        output: "rcv_pct, delta_pct, evaluated, flag",
        run: delta_check,
    },
    Check {
        number: "14",
        name: "anion_gap",
        source: "Figge 1998, Crit Care Med 26:1807",
        edition: "1998",
        inputs: "na, cl, hco3 mmol/L, albumin g/dL, cutoff mmol/L",
        output: "status, ag, ag_corr, high, check_sample",
        run: anion_gap,
    },
    Check {
        number: "15",
        name: "corrected_calcium",
        source: "Payne 1973, BMJ 4:643",
        edition: "1973",
        inputs: "ca mg/dL, albumin g/dL",
        output: "status, ca_corr",
        run: calcium,
    },
    Check {
        number: "16",
        name: "fib4",
        source: "Sterling 2006, Hepatology 43:1317; AASLD 2023",
        edition: "AASLD 2023 cut-offs",
        inputs: "age a, ast U/L, alt U/L, plt 10*9/L",
        output: "status, fib4, band, caution",
        run: fib4,
    },
    Check {
        number: "17",
        name: "meld3",
        source: "Kim 2021, Gastroenterology 161:1887; OPTN policy 9",
        edition: "MELD 3.0",
        inputs: "bili mg/dL, na mmol/L, inr, cr mg/dL, alb g/dL, sex, age a, dialysis",
        output: "status, raw, score, missing",
        run: meld3,
    },
];

/// A fixed-point number as JSON.
pub(super) fn number(value: i64, decimals: u8) -> Value {
    plain(value, decimals).parse::<f64>().map_or(Value::Null, Value::from)
}

/// Says that it cannot be computed without these.
pub(super) fn not_computable(missing: &[&str]) -> Value {
    json!({ "status": "not-computable", "missing": missing })
}

/// Female or male; `None` for any other answer, and none.
pub(super) fn sex(inputs: &Inputs<'_>) -> Result<Option<Sex>, CheckError> {
    let words = [
        ("female", Some(Sex::Female)),
        ("f", Some(Sex::Female)),
        ("male", Some(Sex::Male)),
        ("m", Some(Sex::Male)),
        ("other", None),
        ("intersex", None),
        ("unknown", None),
    ];
    Ok(inputs.optional_word("sex", &words)?.flatten())
}

/// Other words for an analyte.
const ALSO_CALLED: &[(&str, &str)] = &[
    ("haemoglobin", "hemoglobin"),
    ("hb", "hemoglobin"),
    ("neutrophils", "anc"),
    ("absolute_neutrophil_count", "anc"),
    ("leukocytes", "wbc"),
    ("ionised_calcium", "ionized_calcium"),
    ("hco3", "bicarbonate"),
];

fn critical_values(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let also = ALSO_CALLED.iter().filter_map(|(word, analyte)| {
        Some((*word, DEFAULTS.iter().find(|limits| limits.analyte == *analyte)?))
    });
    let words: Vec<(&str, &Limits)> =
        DEFAULTS.iter().map(|limits| (limits.analyte, limits)).chain(also).collect();
    let limits = inputs.word("analyte", &words)?;
    let stated = inputs.optional_word(
        "interpretation",
        &[
            ("LL", Some(Critical::Low)),
            ("HH", Some(Critical::High)),
            ("L", None),
            ("H", None),
            ("N", None),
        ],
    )?;
    let value = inputs.optional_rounded("value", LIMIT_DECIMALS)?;
    let judged = value.and_then(|value| limits.judge(value, LIMIT_DECIMALS));
    let status = if value.is_some() { "final" } else { "not-computable" };
    let critical = stated.flatten().or(judged).map(Critical::name);
    Ok(json!({ "status": status, "critical": critical }))
}

fn potassium(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let context = Context {
        is_haemolysed: inputs.is_stated("haemolysed")? || inputs.is_stated("hemolyzed")?,
        is_lone_outlier: inputs.is_stated("lone_outlier")?,
        is_ecg_changed: inputs.is_stated("ecg_change")?,
        is_kidney_failing: kidney::either(inputs, "dialysis", "aki")?,
    };
    let Some(tenths) = inputs.optional_rounded("k", 1)? else {
        return Ok(not_computable(&["k"]));
    };
    let band = Band::of(tenths);
    Ok(json!({
        "status": "final", "band": band.name(), "ecg": band.suggests_ecg(),
        "repeat_first": repeats_first(band, &context),
    }))
}

fn delta_check(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (within, analytical) = (inputs.optional_number("cvi")?, inputs.optional_number("cva")?);
    let (previous, current) = (inputs.optional_number("prev")?, inputs.optional_number("cur")?);
    let hours = inputs.optional_rounded("hours", 4)?;
    let limit = within
        .zip(analytical)
        .map(|(within, method)| delta_check::reference_change_percent(within, method));
    let change = previous.zip(current).and_then(|(a, b)| delta_check::change_percent(a, b));
    let is_evaluated = hours.is_some_and(delta_check::is_compared);
    let compared = limit.zip(change).filter(|_| is_evaluated);
    Ok(json!({
        "rcv_pct": limit, "delta_pct": change, "evaluated": compared.is_some(),
        "flag": compared.is_some_and(|(limit, change)| limit < change.abs()),
    }))
}

fn anion_gap(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let mut ions = [0; 3];
    let mut missing = Vec::new();
    for (ion, key) in ions.iter_mut().zip(["na", "cl", "hco3"]) {
        match inputs.optional_rounded(key, 1)? {
            Some(tenths) => *ion = tenths,
            None => missing.push(key),
        }
    }
    let albumin = inputs.optional_rounded("albumin", 2)?;
    let cut_off = inputs.optional_rounded("cutoff", 3)?.unwrap_or(anion_gap::HIGH);
    if !missing.is_empty() {
        return Ok(not_computable(&missing));
    }
    let [sodium, chloride, bicarbonate] = ions;
    let gap = anion_gap::gap(sodium, chloride, bicarbonate);
    let corrected = albumin.map(|albumin| anion_gap::corrected(gap, albumin));
    Ok(json!({
        "status": "final", "ag": number(gap, 1),
        "ag_corr": corrected.map(|thousandths| number(thousandths, 3)),
        "high": cut_off < corrected.unwrap_or(100 * gap), "check_sample": gap < 0,
    }))
}

fn calcium(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (calcium, albumin) =
        (inputs.optional_rounded("ca", 2)?, inputs.optional_rounded("albumin", 2)?);
    let Some((calcium, albumin)) = calcium.zip(albumin) else {
        let named = [("ca", calcium.is_none()), ("albumin", albumin.is_none())];
        let missing = named.into_iter().filter(|(_, is_missing)| *is_missing);
        return Ok(not_computable(&missing.map(|(key, _)| key).collect::<Vec<&str>>()));
    };
    let corrected = corrected_calcium::corrected(calcium, albumin);
    Ok(json!({ "status": "final", "ca_corr": number(corrected, 3) }))
}

fn fib4(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let age = inputs.optional_count("age")?;
    let (ast, alt) = (inputs.optional_number("ast")?, inputs.optional_number("alt")?);
    let platelets = inputs.optional_number("plt")?;
    if age.is_some_and(|age| age < fib4::AGE_YEARS_MIN) {
        return Ok(json!({ "status": "not-applicable", "reason": "younger than 18" }));
    }
    let named = [
        ("age", age.is_none()),
        ("ast", ast.is_none()),
        ("alt", alt.is_none()),
        ("plt", platelets.is_none()),
    ];
    let index = match (age, ast, alt, platelets) {
        (Some(age), Some(ast), Some(alt), Some(platelets)) => fib4::index(age, ast, alt, platelets),
        _ => None,
    };
    let Some((index, age)) = index.zip(age) else {
        let missing = named.into_iter().filter(|(_, is_missing)| *is_missing);
        return Ok(not_computable(&missing.map(|(key, _)| key).collect::<Vec<&str>>()));
    };
    Ok(json!({
        "status": "final", "fib4": index, "band": fib4::band(index, age).name(),
        "caution": age < fib4::AGE_YEARS_CAUTION,
    }))
}

fn meld3(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let is_dialysed = inputs.is_stated("dialysis")?;
    let (age_years, sex) = (inputs.optional_count("age")?, sex(inputs)?);
    let mut values = [0.0; 5];
    let mut missing = Vec::new();
    for (value, key) in values.iter_mut().zip(["bili", "na", "inr", "cr", "alb"]) {
        match inputs.optional_number(key)? {
            Some(number) => *value = number,
            // Dialysis stands for creatinine.
            None if key == "cr" && is_dialysed => {}
            None => missing.push(key),
        }
    }
    if age_years.is_some_and(|age| age < meld3::AGE_YEARS_MIN) {
        return Ok(json!({ "status": "not-applicable", "reason": "younger than 12" }));
    }
    let [bilirubin, sodium, inr, creatinine, albumin] = values;
    let Some(sex) = sex.filter(|_| missing.is_empty()) else {
        missing.extend(Some("sex").filter(|_| sex.is_none()));
        return Ok(not_computable(&missing));
    };
    let situation = meld3::Situation {
        bilirubin,
        sodium,
        inr,
        creatinine,
        albumin,
        sex,
        age_years,
        is_dialysed,
    };
    let raw = meld3::raw(&situation);
    Ok(json!({ "status": "final", "raw": raw, "score": meld3::score(raw) }))
}
