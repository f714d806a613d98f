//! Checks of the follow-up of incidental findings of the abdomen and neck (SPEC 5.5 and 5.6).

use serde_json::{Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::imaging::not_applicable;
use crate::checks::inputs::{Inputs, rounded};
use crate::checks::laboratory::{not_computable, sex};
use crate::domain::decimal::plain;
use crate::domain::person::Sex;
use crate::rules::adrenal_nodule;
use crate::rules::aortic_aneurysm::{self, Aneurysm};
use crate::rules::pancreatic_cyst::{self, Cyst, FollowUp};
use crate::rules::renal_mass::{self, Bosniak};
use crate::rules::thyroid_nodule;

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "30a",
        name: "acr_adrenal",
        source: "Mayo-Smith 2017, J Am Coll Radiol 14:1038",
        edition: "ACR 2017",
        inputs: "size_cm cm, hu [hnsf'U], abs_washout, rel_washout %, benign_features, prior \
                 (stable>=1y, new/enlarging, none), cancer",
        output: "status, code, missing",
        run: acr_adrenal,
    },
    Check {
        number: "30b",
        name: "adrenal_washout",
        source: "Mayo-Smith 2017, J Am Coll Radiol 14:1038",
        edition: "ACR 2017",
        inputs: "pre, portal, delayed [hnsf'U]",
        output: "status, abs, rel, benign",
        run: adrenal_washout,
    },
    Check {
        number: "30c",
        name: "acr_renal",
        source: "Herts 2018, J Am Coll Radiol 15:264",
        edition: "ACR 2018",
        inputs: "kind (noncontrast, enhancement, solid, x), hu, enh_hu [hnsf'U], homogeneous, bosniak, \
                 size_cm cm",
        output: "status, code, missing",
        run: acr_renal,
    },
    Check {
        number: "30d",
        name: "acr_thyroid",
        source: "Hoang 2015, J Am Coll Radiol 12:143",
        edition: "ACR 2015",
        inputs: "age a, size_cm cm, suspicious, pet_avid, clinical_risk, limited_life_expectancy",
        output: "status, us",
        run: acr_thyroid,
    },
    Check {
        number: "30e",
        name: "acr_pancreas",
        source: "Megibow 2017, J Am Coll Radiol 14:911",
        edition: "ACR 2017",
        inputs: "age a, size_cm cm, mpd_comm, duct_mm mm, high_risk, worrisome, symptomatic",
        output: "status, code, phases, missing",
        run: acr_pancreas,
    },
    Check {
        number: "30f",
        name: "acr_pancreas_growth",
        source: "Megibow 2017, J Am Coll Radiol 14:911",
        edition: "ACR 2017",
        inputs: "prev_mm, cur_mm mm",
        output: "growth",
        run: acr_pancreas_growth,
    },
    Check {
        number: "31",
        name: "aaa",
        source: "Chaikof 2018, J Vasc Surg 67:2",
        edition: "SVS 2018",
        inputs: "d cm, sex, symptomatic, growth_cm_6mo cm",
        output: "status, code, missing",
        run: aaa,
    },
];

/// Whether any of several is stated; all are read.
pub(super) fn any_stated(inputs: &Inputs<'_>, keys: &[&str]) -> Result<bool, CheckError> {
    let mut is_stated = false;
    for key in keys {
        is_stated |= inputs.is_stated(key)?;
    }
    Ok(is_stated)
}

fn incomplete(missing: &[&str]) -> Value {
    json!({ "status": "incomplete", "code": null, "missing": missing, "task": "measurement-needed" })
}

fn acr_adrenal(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let courses = [
        ("stable>=1y", adrenal_nodule::Course::Stable),
        ("stable", adrenal_nodule::Course::Stable),
        ("new/enlarging", adrenal_nodule::Course::Enlarging),
        ("enlarging", adrenal_nodule::Course::Enlarging),
        ("new", adrenal_nodule::Course::Enlarging),
        ("none", adrenal_nodule::Course::Unknown),
        ("stable<1y", adrenal_nodule::Course::Unknown),
    ];
    let size = inputs.optional_rounded("size_cm", 1)?;
    let nodule = adrenal_nodule::Nodule {
        size: size.unwrap_or_default(),
        is_benign: any_stated(inputs, &["benign_features", "benign", "fat"])?,
        attenuation: inputs.optional_rounded("hu", 1)?,
        washout: (
            inputs.optional_rounded("abs_washout", 1)?,
            inputs.optional_rounded("rel_washout", 1)?,
        ),
        course: inputs.optional_word("prior", &courses)?.unwrap_or(adrenal_nodule::Course::Unknown),
        has_cancer: any_stated(inputs, &["cancer", "cancer_history"])?,
    };
    if size.is_none() && !nodule.is_benign {
        return Ok(incomplete(&["size_cm"]));
    }
    Ok(json!({ "status": "final", "code": adrenal_nodule::follow_up(&nodule) }))
}

fn adrenal_washout(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let without = inputs.optional_number("pre")?;
    let portal = inputs.optional_number("portal")?;
    let delayed = inputs.optional_number("delayed")?;
    let Some((portal, delayed)) = portal.zip(delayed) else {
        return Ok(not_computable(&["portal", "delayed"]));
    };
    let absolute = without
        .and_then(|without| adrenal_nodule::absolute_washout(without, portal, delayed))
        .and_then(tenths);
    let relative = adrenal_nodule::relative_washout(portal, delayed).and_then(tenths);
    let is_known = absolute.is_some() || relative.is_some();
    let shown = |tenths: Option<i64>| tenths.and_then(|tenths| decimal(tenths, 1));
    Ok(json!({
        "status": if is_known { "final" } else { "not-computable" },
        "abs": shown(absolute), "rel": shown(relative),
        "benign": adrenal_nodule::is_washout_benign((absolute, relative)),
    }))
}

/// A computed number in tenths, halves away from zero.
pub(super) fn tenths(number: f64) -> Option<i64> {
    rounded(&Value::from(number), 1)
}

/// A number of 10^-`decimals` units as JSON.
pub(super) fn decimal(value: i64, decimals: u8) -> Option<Value> {
    serde_json::from_str(&plain(value, decimals)).ok()
}

fn acr_renal(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let words = [
        ("I", Bosniak::Benign),
        ("II", Bosniak::Benign),
        ("IIF", Bosniak::Followed),
        ("III", Bosniak::Referred),
        ("IV", Bosniak::Referred),
    ];
    let kind = inputs.optional_text("kind")?;
    let attenuation = inputs.optional_rounded("hu", 1)?;
    let rise = inputs.optional_rounded("enh_hu", 1)?;
    // A case that does not say so is of a homogeneous mass.
    let is_homogeneous = inputs.optional_flag("homogeneous")?.unwrap_or(true);
    let bosniak = inputs.optional_word("bosniak", &words)?;
    inputs.optional_rounded("size_cm", 1)?;
    let code = match kind {
        _ if bosniak.is_some() => bosniak.map(Bosniak::follow_up),
        Some("noncontrast") => {
            attenuation.map(|tenths| renal_mass::without_contrast(tenths, is_homogeneous))
        }
        Some("enhancement") => rise.map(renal_mass::enhancement),
        Some("solid") => Some(renal_mass::SOLID),
        _ => None,
    };
    match code {
        Some(code) => Ok(json!({ "status": "final", "code": code })),
        None => Ok(incomplete(&["hu", "enh_hu", "bosniak"])),
    }
}

fn acr_thyroid(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let limits = ["limited_life_expectancy", "limited_life", "limited_le", "comorbid"];
    let ultrasound = thyroid_nodule::needs_ultrasound(&thyroid_nodule::Nodule {
        age_years: inputs.optional_count("age")?,
        size: inputs.optional_rounded("size_cm", 1)?,
        is_suspicious: any_stated(inputs, &["suspicious", "suspicious_features"])?,
        is_avid: inputs.is_stated("pet_avid")?,
        is_at_risk: inputs.is_stated("clinical_risk")?,
        is_life_limited: any_stated(inputs, &limits)?,
    });
    let status = if ultrasound.is_some() { "final" } else { "incomplete" };
    Ok(json!({ "status": status, "us": ultrasound }))
}

fn acr_pancreas(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let age = inputs.optional_count("age")?;
    let size = inputs.optional_rounded("size_cm", 1)?;
    let duct = inputs.optional_rounded("duct_mm", 1)?;
    let cyst = Cyst {
        age_years: age.unwrap_or_default(),
        size: size.unwrap_or_default(),
        is_joined: inputs.is_stated("mpd_comm")?,
        duct: duct.or(inputs.optional_rounded("mpd_mm", 1)?),
        is_high_risk: any_stated(inputs, &["high_risk", "jaundice", "enhancing_solid"])?,
        is_worrisome: any_stated(inputs, &["worrisome", "thick_wall", "mural_nodule"])?,
    };
    if inputs.is_stated("symptomatic")? && !cyst.is_high_risk {
        return Ok(not_applicable("symptomatic"));
    }
    match pancreatic_cyst::follow_up(&cyst) {
        FollowUp::SurgicalEvaluation => Ok(json!({ "status": "final", "code": "SURGICAL_EVAL" })),
        FollowUp::EndoscopicUltrasound => Ok(json!({ "status": "final", "code": "EUS_FNA" })),
        FollowUp::Schedule(_) if age.is_none() || size.is_none() => {
            let named = [("age", age.is_none()), ("size_cm", size.is_none())];
            let missing = named.into_iter().filter(|(_, is_missing)| *is_missing);
            Ok(incomplete(&missing.map(|(key, _)| key).collect::<Vec<&str>>()))
        }
        FollowUp::Schedule(phases) => {
            let phases: Vec<[i64; 2]> = phases.iter().copied().map(<[i64; 2]>::from).collect();
            Ok(json!({ "status": "final", "code": "SCHEDULE", "phases": phases }))
        }
    }
}

fn acr_pancreas_growth(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let before = inputs.optional_rounded("prev_mm", 1)?;
    let after = inputs.optional_rounded("cur_mm", 1)?;
    let growth = before.zip(after).map(|(before, after)| pancreatic_cyst::is_growth(before, after));
    Ok(json!({ "growth": growth }))
}

fn aaa(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let diameter = inputs.optional_rounded("d", 1)?;
    let mut growth = None;
    for key in ["growth_cm_6mo", "growth_6mo", "growth_6m", "growth"] {
        growth = growth.max(inputs.optional_rounded(key, 2)?);
    }
    let is_growing = inputs.is_stated("rapid_growth")?;
    let aneurysm = Aneurysm {
        diameter: diameter.unwrap_or_default(),
        is_woman: sex(inputs)? == Some(Sex::Female),
        is_symptomatic: inputs.is_stated("symptomatic")?,
        is_growing: is_growing || growth.is_some_and(aortic_aneurysm::is_rapid),
    };
    if diameter.is_none() && !aneurysm.is_symptomatic {
        return Ok(incomplete(&["d"]));
    }
    Ok(json!({ "status": "final", "code": aortic_aneurysm::follow_up(&aneurysm) }))
}
