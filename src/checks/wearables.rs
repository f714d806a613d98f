//! Checks of the rules of wearables and home devices (SPEC 7).

use serde_json::{Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::imaging::not_applicable;
use crate::checks::incidental::decimal;
use crate::checks::inputs::{Inputs, rounded};
use crate::rules::activity_decline::{self, Day};
use crate::rules::glucose_profile::{self, Population, Share};
use crate::rules::home_blood_pressure::{self, Measurement};
use crate::rules::irregular_rhythm::{self, Tachogram};
use crate::rules::resting_heart_rate::{self, Notice, Sample, Thresholds};
use crate::rules::sleep_duration::{self, Length};
use crate::rules::wearable_oximetry;
use crate::rules::weight_gain::{self, Weight};

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "35",
        name: "irregular_rhythm_5of6",
        source: "Perez 2019, NEJM 381:1909; FDA DEN180042",
        edition: "2018/2019",
        inputs: "readings [[h, irregular]], age a, known_af",
        output: "status, notify, at_h",
        run: irregular_rhythm_5of6,
    },
    Check {
        number: "35b",
        name: "irregular_rhythm_11",
        source: "Lubitz 2022, Circulation 146:1415",
        edition: "2022",
        inputs: "flags [0, 1 or null], age a, known_af",
        output: "status, notify, index",
        run: irregular_rhythm_11,
    },
    Check {
        number: "36",
        name: "resting_hr_notice",
        source: "what vendors document",
        edition: "thresholds of 120 and 40 for 10 min",
        inputs: "samples [[min, /min, inactive]], high, low /min",
        output: "notify",
        run: resting_hr_notice,
    },
    Check {
        number: "37",
        name: "activity_decline",
        source: "this project's policy; wear time: Troiano 2008, Med Sci Sports Exerc 40:181",
        edition: "1",
        inputs: "base_days, recent_days [[steps, h worn]]",
        output: "status, flag, change",
        run: activity_decline,
    },
    Check {
        number: "37b",
        name: "sleep",
        source: "this project's policy; AASM/SRS 2015, Sleep 38:843",
        edition: "1",
        inputs: "nights [h or null]",
        output: "status, flag, mean, n",
        run: sleep,
    },
    Check {
        number: "38",
        name: "cgm",
        source: "Battelino 2019, Diabetes Care 42:1593; Bergenstal 2018, Diabetes Care 41:2275",
        edition: "2019, 2018",
        inputs: "values mg/dL, expected_per_day, days d, unit (mg/dL, mmol/L), population",
        output: "status, active_pct, mean, gmi, cv, cv_stable, tir, tbr_lt70, tbr_54_69, tbr_lt54, \
                 tar_gt180, tar_181_250, tar_gt250",
        run: cgm,
    },
    Check {
        number: "38b",
        name: "cgm_targets",
        source: "Battelino 2019, Diabetes Care 42:1593",
        edition: "2019",
        inputs: "population (standard, older, pregnancy), tir, tbr70, tbr54, tar180, tar250 %",
        output: "tir_ok, tbr70_ok, tbr54_ok, tar180_ok, tar250_ok",
        run: cgm_targets,
    },
    Check {
        number: "39",
        name: "home_bp",
        source: "Shimbo 2020, Circulation 142:e42; Stergiou 2021, J Hypertens 39:1293",
        edition: "AHA/AMA 2020, ESH 2021",
        inputs: "readings [[day, AM or PM, mm[Hg], mm[Hg]]]",
        output: "status, n, sbp, dbp, aha_130_80, esh_135_85",
        run: home_bp,
    },
    Check {
        number: "40",
        name: "spo2_wearable",
        source: "this project's policy; FDA 2021, 2025; Sjoding 2020, NEJM 383:2477",
        edition: "1",
        inputs: "readings [{v %, motion, quality}], medical_grade",
        output: "action",
        run: spo2_wearable,
    },
    Check {
        number: "41",
        name: "hf_weight",
        source: "AHA/HFSA patient guidance; Chaudhry 2007, Circulation 116:1549",
        edition: "2 lb a day, 5 lb a week",
        inputs: "weights [[d, kg]]",
        output: "action, day_lb, week_lb",
        run: hf_weight,
    },
];

/// The rows of an array of arrays.
fn rows<'c>(inputs: &Inputs<'c>, key: &'static str) -> Result<Vec<&'c Vec<Value>>, CheckError> {
    let wrong = || CheckError::Unanswerable(format!("`{key}` is no array of arrays"));
    let Some(value) = inputs.value(key) else { return Ok(Vec::new()) };
    value.as_array().ok_or_else(wrong)?.iter().map(|row| row.as_array().ok_or_else(wrong)).collect()
}

fn wrong_row(key: &'static str) -> CheckError {
    CheckError::Unanswerable(format!("`{key}` has a row of another form"))
}

/// Who gets no notice of a rhythm.
fn rhythm_gate(inputs: &Inputs<'_>) -> Result<Option<Value>, CheckError> {
    let age = inputs.optional_count("age")?;
    let is_young = age.is_some_and(|age| age < irregular_rhythm::AGE_YEARS_MIN);
    let is_known = inputs.is_stated("known_af")?;
    let reasons = [(is_young, "under-22"), (is_known, "known-atrial-fibrillation")];
    let reason = reasons.into_iter().find(|(is_met, _)| *is_met);
    Ok(reason.map(|(_, reason)| not_applicable(reason)))
}

fn irregular_rhythm_5of6(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    const KEY: &str = "readings";
    let readings = inputs.series(KEY)?;
    let tachogram = |(hours, is_irregular): &(&Value, &Value)| {
        let minute = 60 * rounded(hours, 4)?;
        let is_irregular = is_irregular.as_bool()?;
        Some(Tachogram { minute: (minute + 5_000).div_euclid(10_000), is_irregular })
    };
    let tachograms: Option<Vec<Tachogram>> = readings.iter().map(tachogram).collect();
    if let Some(closed) = rhythm_gate(inputs)? {
        return Ok(closed);
    }
    let found = irregular_rhythm::five_of_six(&tachograms.ok_or_else(|| wrong_row(KEY))?);
    let at = found.and_then(|place| readings.get(place)).map(|(hours, _)| *hours);
    Ok(json!({ "status": "final", "notify": found.is_some(), "at_h": at }))
}

fn irregular_rhythm_11(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let flags = inputs.optional_readings("flags")?.unwrap_or_default();
    let flags: Vec<Option<bool>> =
        flags.into_iter().map(|flag| flag.map(|flag| 0.5 < flag)).collect();
    if let Some(closed) = rhythm_gate(inputs)? {
        return Ok(closed);
    }
    let found = irregular_rhythm::eleven_in_a_row(&flags);
    Ok(json!({ "status": "final", "notify": found.is_some(), "index": found }))
}

fn resting_hr_notice(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    const KEY: &str = "samples";
    let sample = |row: &Vec<Value>| match row.as_slice() {
        // A sample without a rate shows nothing.
        [_, Value::Null, _] => Some(None),
        [at, rate, is_inactive] => Some(Some(Sample {
            at: rounded(at, 2)?,
            rate: rounded(rate, 1)?,
            is_inactive: is_inactive.as_bool()?,
        })),
        _ => None,
    };
    let samples: Option<Vec<Option<Sample>>> = rows(inputs, KEY)?.into_iter().map(sample).collect();
    let samples: Vec<Sample> =
        samples.ok_or_else(|| wrong_row(KEY))?.into_iter().flatten().collect();
    let default = resting_heart_rate::DEFAULT;
    let thresholds = Thresholds {
        high: inputs.optional_rounded("high", 1)?.unwrap_or(default.high),
        low: inputs.optional_rounded("low", 1)?.unwrap_or(default.low),
    };
    let notice = resting_heart_rate::notice(&samples, thresholds);
    Ok(json!({ "notify": notice.map(Notice::name) }))
}

fn days(inputs: &Inputs<'_>, key: &'static str) -> Result<Vec<Day>, CheckError> {
    let day = |row: &Vec<Value>| match row.as_slice() {
        // Steps or wear that nobody knows make no day.
        [Value::Null, _] | [_, Value::Null] => Some(None),
        [steps, worn] => Some(Some(Day { steps: rounded(steps, 0)?, worn: rounded(worn, 2)? })),
        _ => None,
    };
    let days: Option<Vec<Option<Day>>> = rows(inputs, key)?.into_iter().map(day).collect();
    Ok(days.ok_or_else(|| wrong_row(key))?.into_iter().flatten().collect())
}

fn activity_decline(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (baseline, recent) = (days(inputs, "base_days")?, days(inputs, "recent_days")?);
    let Some(change) = activity_decline::change(&baseline, &recent) else {
        return Ok(json!({ "status": "insufficient", "flag": null, "change": null }));
    };
    let share = decimal(change.ten_thousandths(), 4);
    Ok(json!({ "status": "final", "flag": change.is_drop(), "change": share }))
}

fn sleep(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let nights = inputs.optional_readings("nights")?.unwrap_or_default();
    let fixed = |hours: f64| rounded(&Value::from(hours), 2);
    let nights: Vec<Option<i64>> = nights.into_iter().map(|night| night.and_then(fixed)).collect();
    let (total, n_nights) = sleep_duration::total(&nights);
    let Some(length) = sleep_duration::length(&nights) else {
        return Ok(json!({ "status": "insufficient", "flag": null, "n": n_nights }));
    };
    let flag = match length {
        Length::Short => Some("short"),
        Length::Usual => None,
        Length::Long => Some("long"),
    };
    let mean = glucose_profile::ratio(total, n_nights).and_then(|mean| decimal(mean, 2));
    Ok(json!({ "status": "final", "flag": flag, "mean": mean, "n": n_nights }))
}

const POPULATIONS: &[(&str, Population)] = &[
    ("standard", Population::Standard),
    ("older", Population::Older),
    ("older/high-risk", Population::Older),
    ("high-risk", Population::Older),
    ("pregnancy", Population::Pregnancy),
    ("pregnancy-t1", Population::Pregnancy),
    ("pregnant", Population::Pregnancy),
];

fn cgm(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    // mmol/L × 18.0182 (SPEC 0.3).
    let factor = inputs.optional_word("unit", &[("mg/dL", 1.0), ("mmol/L", 18.0182)])?;
    let values = inputs.optional_readings("values")?.unwrap_or_default();
    let whole = |value: f64| rounded(&Value::from(value * factor.unwrap_or(1.0)), 0);
    let values: Vec<i64> = values.into_iter().flatten().filter_map(whole).collect();
    let population = inputs.optional_word("population", POPULATIONS)?;
    let profile = glucose_profile::profile(&values, population.unwrap_or(Population::Standard));
    let expected = inputs.optional_count("expected_per_day")?.zip(inputs.optional_count("days")?);
    let n_expected = expected.map_or(0, |(a_day, days)| i64::from(a_day) * i64::from(days));
    let hundredths = |value: Option<i64>| value.and_then(|value| decimal(value, 2));
    let share = |count: i64| hundredths(profile.share(count));
    let active = glucose_profile::ratio(10_000 * profile.n_readings, n_expected);
    let variation = profile.variation().and_then(|cv| rounded(&Value::from(cv), 2));
    let is_sufficient = profile.is_sufficient(n_expected);
    Ok(json!({
        "status": if is_sufficient { "final" } else { "insufficient" },
        "active_pct": hundredths(active), "n": profile.n_readings,
        "mean": profile.mean().and_then(|mean| decimal(mean, 1)),
        "gmi": hundredths(profile.management_indicator()), "cv": hundredths(variation),
        "cv_stable": variation.map(|variation| variation <= glucose_profile::STABLE),
        "tir": share(profile.n_in_range), "tbr_lt70": share(profile.n_low + profile.n_very_low),
        "tbr_54_69": share(profile.n_low), "tbr_lt54": share(profile.n_very_low),
        "tar_gt180": share(profile.n_high + profile.n_very_high),
        "tar_181_250": share(profile.n_high), "tar_gt250": share(profile.n_very_high),
    }))
}

fn cgm_targets(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let population = inputs.word("population", POPULATIONS)?;
    let target = |key: &str, share| -> Result<Option<bool>, CheckError> {
        let percent = inputs.optional_rounded(key, 2)?;
        Ok(percent.and_then(|percent| glucose_profile::is_at_target(population, share, percent)))
    };
    // In pregnancy the range ends at 63 mg/dL.
    let (below, below_pregnant) = (target("tbr70", Share::Below)?, target("tbr63", Share::Below)?);
    let (above, above_pregnant) =
        (target("tar180", Share::Above)?, target("tar140", Share::Above)?);
    Ok(json!({
        "tir_ok": target("tir", Share::InRange)?, "tbr70_ok": below.or(below_pregnant),
        "tbr63_ok": below_pregnant.or(below), "tbr54_ok": target("tbr54", Share::VeryLow)?,
        "tar180_ok": above.or(above_pregnant), "tar140_ok": above_pregnant.or(above),
        "tar250_ok": target("tar250", Share::VeryHigh)?,
    }))
}

fn home_bp(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    const KEY: &str = "readings";
    let measurement = |row: &Vec<Value>| match row.as_slice() {
        // Half a measurement is none.
        [_, _, Value::Null, _] | [_, _, _, Value::Null] => Some(None),
        [day, _, systolic, diastolic] => Some(Some(Measurement {
            day: rounded(day, 0)?,
            systolic: rounded(systolic, 0)?,
            diastolic: rounded(diastolic, 0)?,
        })),
        _ => None,
    };
    let all: Option<Vec<Option<Measurement>>> =
        rows(inputs, KEY)?.into_iter().map(measurement).collect();
    let all: Vec<Measurement> = all.ok_or_else(|| wrong_row(KEY))?.into_iter().flatten().collect();
    let session = home_blood_pressure::session(&all);
    if !session.is_sufficient() {
        return Ok(json!({ "status": "insufficient", "n": session.n_readings }));
    }
    Ok(json!({
        "status": "final", "n": session.n_readings, "sbp": decimal(session.systolic, 1),
        "dbp": decimal(session.diastolic, 1), "aha_130_80": session.is_high_aha(),
        "esh_135_85": session.is_high_esh(),
    }))
}

fn spo2_wearable(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let mut readings = Vec::new();
    for reading in inputs.objects("readings")? {
        let (is_moving, quality) =
            (reading.is_stated("motion")?, reading.optional_rounded("quality", 2)?);
        // A reading without a value is none.
        let Some(saturation) = reading.optional_rounded("v", 0)? else { continue };
        readings.push(wearable_oximetry::Reading { saturation, is_moving, quality });
    }
    let is_cleared = inputs.is_stated("medical_grade")?;
    Ok(json!({ "action": wearable_oximetry::action(&readings, is_cleared).name() }))
}

fn hf_weight(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    const KEY: &str = "weights";
    let weight = |(day, weight): (&Value, &Value)| {
        Some(Weight { day: rounded(day, 0)?, weight: rounded(weight, 5)? })
    };
    // A weight that was not taken is none.
    let series = inputs.series(KEY)?.into_iter().filter(|(_, weight)| !weight.is_null());
    let weights: Option<Vec<Weight>> = series.map(weight).collect();
    let gain = weight_gain::gain(&weights.ok_or_else(|| wrong_row(KEY))?);
    let pounds = |gain: Option<i64>| gain.and_then(|gain| decimal(gain, 2));
    Ok(json!({
        "action": gain.action.name(), "day_lb": pounds(gain.day), "week_lb": pounds(gain.week),
    }))
}
