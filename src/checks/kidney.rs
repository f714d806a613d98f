//! Checks of the rules of the kidney (SPEC 2.1 to 2.3).

use serde_json::{Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::inputs::{Inputs, rounded};
use crate::checks::laboratory::{not_computable, number, sex};
use crate::domain::person::Sex;
use crate::domain::time::Span;
use crate::rules::egfr;
use crate::rules::kdigo_aki::{self, Injury, Prior};
use crate::rules::kdigo_aki_urine;
use crate::rules::kdigo_ckd::{Albuminuria, Gfr, monitoring};
use crate::rules::nhs_aki;

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "08",
        name: "kdigo_aki",
        source: "KDIGO 2012, Kidney Int Suppl 2:1, table 2",
        edition: "KDIGO 2012",
        inputs: "series [[h before, mg/dL]], current mg/dL, baseline mg/dL, uo [mL/kg/h], rrt, age a, \
                 egfr, maintenance_dialysis",
        output: "status, stage, baseline",
        run: kdigo_aki,
    },
    Check {
        number: "08b",
        name: "nhs_aki_reference",
        source: "NHS England, NHS/PSA/D/2014/010; Selby 2016",
        edition: "2014",
        inputs: "current umol/L, priors [[d before, umol/L]]",
        output: "status, reference, rule, alert",
        run: nhs_aki,
    },
    Check {
        number: "09",
        name: "egfr",
        source: "Inker 2021, NEJM 385:1737",
        edition: "CKD-EPI 2021",
        inputs: "scr mg/dL, age a, sex",
        output: "status, egfr, egfr_rounded, egfr_range",
        run: egfr,
    },
    Check {
        number: "10",
        name: "kdigo_ckd",
        source: "KDIGO 2024, Kidney Int 105:S117; ADA 2024, Clin Diabetes 42:212",
        edition: "KDIGO 2024",
        inputs: "egfr mL/min/1.73m2, uacr mg/g",
        output: "g, a, monitor_per_year, risk",
        run: kdigo_ckd,
    },
];

/// Whether either of two is stated; both are read.
pub(super) fn either(inputs: &Inputs<'_>, one: &str, other: &str) -> Result<bool, CheckError> {
    let (one, other) = (inputs.is_stated(one)?, inputs.is_stated(other)?);
    Ok(one || other)
}

/// Pairs of how long before, in units of `hours`, and a value in 10^-`decimals`.
fn priors(
    inputs: &Inputs<'_>,
    key: &str,
    hours: i64,
    decimals: u8,
) -> Result<Vec<Prior>, CheckError> {
    let wrong = || CheckError::Unanswerable(format!("`{key}` has a pair that is no two numbers"));
    let prior = |(before, value)| {
        // To the minute: a third of an hour is written 0.33.
        let before = rounded(before, 4).ok_or_else(wrong)?;
        let minutes = (before * hours * 60 + 5_000).div_euclid(10_000);
        let value = rounded(value, decimals).ok_or_else(wrong)?;
        Ok(Prior { before: Span::from_minutes(minutes), value })
    };
    inputs.series(key)?.into_iter().map(prior).collect()
}

fn kdigo_aki(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let priors = priors(inputs, "series", 1, 2)?;
    let current = inputs.optional_rounded("current", 2)?;
    let entered = inputs.optional_rounded("baseline", 2)?;
    let fixed = |urine: &Option<f64>| urine.and_then(|urine| rounded(&Value::from(urine), 4));
    let urine = inputs.optional_readings("uo")?;
    let urine: Option<Vec<Option<i64>>> = urine.map(|hourly| hourly.iter().map(fixed).collect());
    let is_replaced = inputs.is_stated("rrt")?;
    let (age, egfr) = (inputs.optional_count("age")?, inputs.optional_number("egfr")?);
    if inputs.is_stated("maintenance_dialysis")? {
        return Ok(json!({ "status": "not-applicable", "reason": "maintenance dialysis" }));
    }
    let injury = current.map(|current| kdigo_aki::assess(current, &priors, entered));
    let by_urine = urine.map(|hourly| kdigo_aki_urine::stage(&hourly));
    let known = injury.map(|injury| injury.stage).max(by_urine);
    let Some(known) = known.or(Some(0).filter(|_| is_replaced)) else {
        return Ok(not_computable(&["current", "uo"]));
    };
    let stage = kdigo_aki_urine::raised(known, is_replaced, age, egfr);
    let lacks_baseline =
        stage == 0 && injury.is_some_and(|Injury { baseline, .. }| baseline.is_none());
    let baseline = injury.and_then(|injury| injury.baseline);
    Ok(json!({
        "status": if lacks_baseline { "no-baseline" } else { "final" }, "stage": stage,
        "baseline": baseline.map(|(_, doubled)| number(5 * doubled, 3)),
    }))
}

fn nhs_aki(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let priors = priors(inputs, "priors", 24, 1)?;
    let Some(current) = inputs.optional_rounded("current", 1)? else {
        return Ok(not_computable(&["current"]));
    };
    let Some((alert, reference)) = nhs_aki::alert(current, &priors) else {
        return Ok(json!({
            "status": "no-baseline", "reference": null, "rule": null, "alert": null,
        }));
    };
    let rule = match reference {
        nhs_aki::Reference::LowestOfSevenDays(_) => "RV1-lowest-0-7d",
        nhs_aki::Reference::MedianOfAYear(_) => "RV2-median-8-365d",
    };
    let reference = number(5 * reference.doubled(), 2);
    Ok(json!({ "status": "final", "reference": reference, "rule": rule, "alert": alert }))
}

fn egfr(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (creatinine, age) = (inputs.optional_number("scr")?, inputs.optional_count("age")?);
    let sex = sex(inputs)?;
    if age.is_some_and(|age| age < egfr::AGE_YEARS_MIN) {
        return Ok(json!({ "status": "not-applicable", "reason": "younger than 18" }));
    }
    let Some((creatinine, age)) = creatinine.filter(|value| 0.0 < *value).zip(age) else {
        return Ok(not_computable(&["scr", "age"]));
    };
    let of = |sex| egfr::ckd_epi_2021(creatinine, age, sex);
    let Some(sex) = sex else {
        // Both are computed and the range is shown (SPEC 2.2).
        let (one, other) = (of(Sex::Female), of(Sex::Male));
        let range = [one.min(other), one.max(other)];
        return Ok(json!({
            "status": "incomplete", "egfr": null, "egfr_rounded": null, "missing": ["sex"],
            "egfr_range": range, "egfr_female": one, "egfr_male": other,
            "egfr_range_rounded": range.map(egfr::rounded),
        }));
    };
    Ok(json!({ "status": "final", "egfr": of(sex), "egfr_rounded": egfr::rounded(of(sex)) }))
}

fn kdigo_ckd(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let gfr = inputs.optional_rounded("egfr", 0)?.map(Gfr::of);
    let albuminuria = inputs.optional_rounded("uacr", 1)?.map(Albuminuria::of);
    let watched = gfr.zip(albuminuria).map(|(gfr, albuminuria)| monitoring(gfr, albuminuria));
    let n_checks = |n_checks: u8| match n_checks {
        4 => "4+".to_owned(),
        n_checks => n_checks.to_string(),
    };
    Ok(json!({
        "status": if watched.is_some() { "final" } else { "incomplete" },
        "g": gfr.map(Gfr::name), "a": albuminuria.map(Albuminuria::name),
        "monitor_per_year": watched.map(|(checks, _)| n_checks(checks)),
        "risk": watched.map(|(_, risk)| risk.name()),
    }))
}
