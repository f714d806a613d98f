//! Checks of the rules of deterioration and sepsis (SPEC 1).

use serde_json::{Map, Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::inputs::Inputs;
use crate::rules::applicability::{GATES, gate_of};
use crate::rules::mews;
use crate::rules::partial_sum::{Item, PartialSum};
use crate::rules::qsofa;
use crate::rules::sepsis3;
use crate::rules::shock_index;
use crate::rules::sirs;
use crate::rules::sofa::{self, Amount, Vasopressors};

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "02",
        name: "qsofa",
        source: "Singer 2016, JAMA 315:801; Seymour 2016, JAMA 315:762",
        edition: "Sepsis-3, 2016",
        inputs: "rr /min, sbp mm[Hg], gcs",
        output: "status, score, score_min, score_max, missing, positive",
        run: qsofa,
    },
    Check {
        number: "03",
        name: "sirs",
        source: "Bone 1992, Chest 101:1644",
        edition: "ACCP/SCCM 1992",
        inputs: "temp Cel, hr /min, rr /min, paco2 mm[Hg], wbc 10*3/uL, bands_pct %",
        output: "status, score, score_min, score_max, missing, positive",
        run: sirs,
    },
    Check {
        number: "04",
        name: "sofa",
        source: "Vincent 1996, Intensive Care Med 22:707; Singer 2016, JAMA 315:801",
        edition: "1996",
        inputs: "pf mm[Hg], resp_support, plt 10*3/uL, bili mg/dL, map_ mm[Hg], dopa, dobut, epi, \
                 norepi ug/kg/min, gcs, cr mg/dL, uo24 mL/d",
        output: "status, components, total, total_max, missing",
        run: sofa,
    },
    Check {
        number: "04b",
        name: "sepsis3_delta",
        source: "Singer 2016, JAMA 315:801",
        edition: "Sepsis-3, 2016",
        inputs: "baseline, current (SOFA), suspected_infection, chronic_dysfunction, vasopressor, \
                 lactate mmol/L",
        output: "delta, sepsis, septic_shock",
        run: sepsis3_delta,
    },
    Check {
        number: "04c",
        name: "sofa_si_units",
        source: "Vincent 1996, Intensive Care Med 22:707; Singer 2016, JAMA 315:801",
        edition: "1996, SI columns",
        inputs: "analyte (bilirubin, creatinine), umol umol/L",
        output: "points",
        run: sofa_si_units,
    },
    Check {
        number: "05",
        name: "mews",
        source: "Subbe 2001, QJM 94:521",
        edition: "Subbe 2001",
        inputs: "sbp mm[Hg], hr /min, rr /min, temp Cel, avpu",
        output: "status, score, missing, high",
        run: mews,
    },
    Check {
        number: "06",
        name: "shock_index",
        source: "Allgoewer 1967; Rady 1994, Ann Emerg Med 24:685",
        edition: "1994; bands of this project",
        inputs: "hr /min, sbp mm[Hg], map_ mm[Hg], age a",
        output: "status, si, msi, age_si, band",
        run: shock_index,
    },
    Check {
        number: "07",
        name: "applicability_gates",
        source: "each score's own",
        edition: "as the score's",
        inputs: "score, age_years a, pregnant",
        output: "applicable",
        run: applicability,
    },
];

/// A sum that may be incomplete; then its score is the lower bound.
pub(super) fn summed(sum: &PartialSum, is_final: bool) -> Map<String, Value> {
    let mut fields = Map::new();
    let status = if is_final { "final" } else { "incomplete" };
    fields.insert("status".to_owned(), json!(status));
    fields.insert("score".to_owned(), json!(sum.lower));
    fields.insert("score_min".to_owned(), json!(sum.lower));
    fields.insert("score_max".to_owned(), json!(sum.upper));
    fields.insert("missing".to_owned(), json!(sum.missing));
    fields.insert("sub".to_owned(), components(sum));
    fields
}

fn components(sum: &PartialSum) -> Value {
    let item = |item: &Item| (item.name.to_owned(), json!(item.points()));
    Value::Object(sum.items.iter().map(item).collect())
}

fn qsofa(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let sum = qsofa::score(&qsofa::Situation {
        respiratory_rate: inputs.optional_rounded("rr", 0)?,
        systolic: inputs.optional_rounded("sbp", 0)?,
        glasgow_coma_score: inputs.optional_rounded("gcs", 0)?,
    });
    let positive = sum.reaches(qsofa::POSITIVE);
    // Two criteria are enough, whatever the third is (SPEC 0.7).
    let is_final = sum.is_final() || positive == Some(true);
    let mut fields = summed(&sum, is_final);
    fields.insert("positive".to_owned(), json!(positive));
    Ok(Value::Object(fields))
}

fn sirs(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let sum = sirs::score(&sirs::Situation {
        temperature: inputs.optional_rounded("temp", 1)?,
        heart_rate: inputs.optional_rounded("hr", 0)?,
        respiratory_rate: inputs.optional_rounded("rr", 0)?,
        paco2: inputs.optional_rounded("paco2", 1)?,
        leukocytes: inputs.optional_rounded("wbc", 2)?,
        bands: inputs.optional_rounded("bands_pct", 1)?,
    });
    let mut fields = summed(&sum, sum.is_final());
    fields.insert("positive".to_owned(), json!(sum.reaches(sirs::POSITIVE)));
    Ok(Value::Object(fields))
}

fn sofa(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let mg_per_dl = |key| Ok(inputs.optional_rounded(key, 1)?.map(Amount::MgPerDl));
    let sum = sofa::score(&sofa::Situation {
        pao2_fio2: inputs.optional_rounded("pf", 1)?,
        is_supported: inputs.optional_flag("resp_support")?,
        platelets: inputs.optional_rounded("plt", 1)?,
        bilirubin: mg_per_dl("bili")?,
        mean_pressure: inputs.optional_rounded("map_", 1)?,
        vasopressors: Vasopressors {
            dopamine: inputs.optional_rounded("dopa", 4)?,
            dobutamine: inputs.optional_rounded("dobut", 4)?,
            epinephrine: inputs.optional_rounded("epi", 4)?,
            norepinephrine: inputs.optional_rounded("norepi", 4)?,
        },
        glasgow_coma_score: inputs.optional_rounded("gcs", 0)?,
        creatinine: mg_per_dl("cr")?,
        urine: inputs.optional_rounded("uo24", 0)?,
    });
    Ok(json!({
        "status": if sum.is_final() { "final" } else { "incomplete" },
        "components": components(&sum), "total": sum.lower, "total_min": sum.lower,
        "total_max": sum.upper, "missing": sum.missing,
    }))
}

fn sepsis3_delta(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let situation = sepsis3::Situation {
        sofa: inputs.optional_rounded("current", 0)?,
        baseline: inputs.optional_rounded("baseline", 0)?,
        has_chronic_dysfunction: inputs.is_stated("chronic_dysfunction")?,
        is_infection_suspected: inputs.optional_flag("suspected_infection")?,
    };
    let sepsis = sepsis3::is_sepsis(&situation);
    let is_on_vasopressor = inputs.is_stated("vasopressor")?;
    let lactate = inputs.optional_rounded("lactate", 1)?;
    let status = if sepsis.is_some() { "final" } else { "incomplete" };
    Ok(json!({
        "status": status, "delta": sepsis3::rise(&situation), "sepsis": sepsis,
        "septic_shock": sepsis3::is_shock(sepsis, is_on_vasopressor, lactate),
    }))
}

fn sofa_si_units(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let is_bilirubin = inputs.word("analyte", &[("bilirubin", true), ("creatinine", false)])?;
    let score = if is_bilirubin { sofa::liver } else { sofa::creatinine };
    let amount = inputs.optional_rounded("umol", 0)?.map(Amount::MicromolPerL);
    Ok(json!({ "points": amount.map(score) }))
}

fn mews(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let sum = mews::score(&mews::Situation {
        systolic: inputs.optional_rounded("sbp", 0)?,
        heart_rate: inputs.optional_rounded("hr", 0)?,
        respiratory_rate: inputs.optional_rounded("rr", 0)?,
        temperature: inputs.optional_rounded("temp", 1)?,
        avpu: inputs.optional_word("avpu", &[("A", 0), ("V", 1), ("P", 2), ("U", 3)])?,
    });
    if !sum.is_final() {
        return Ok(json!({
            "status": "not-computable", "score": null, "high": null, "missing": sum.missing,
        }));
    }
    let mut fields = summed(&sum, true);
    fields.insert("high".to_owned(), json!(sum.reaches(mews::HIGH)));
    Ok(Value::Object(fields))
}

fn shock_index(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (rate, systolic) = (inputs.optional_number("hr")?, inputs.optional_number("sbp")?);
    let (mean, age) = (inputs.optional_number("map_")?, inputs.optional_number("age")?);
    let index = rate.zip(systolic).and_then(|(rate, systolic)| shock_index::index(rate, systolic));
    let (tenths_rate, tenths_systolic) =
        (inputs.optional_rounded("hr", 1)?, inputs.optional_rounded("sbp", 1)?);
    let band = tenths_rate.zip(tenths_systolic);
    let band = band.and_then(|(rate, systolic)| shock_index::band(rate, systolic));
    let modified = rate.zip(mean).and_then(|(rate, mean)| shock_index::index(rate, mean));
    Ok(json!({
        "status": if index.is_some() { "final" } else { "not-computable" },
        "si": index, "msi": modified, "age_si": age.zip(index).map(|(age, index)| age * index),
        "band": band.map(shock_index::Band::name),
    }))
}

fn applicability(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let name = inputs.text("score")?;
    let gate = gate_of(name).ok_or_else(|| CheckError::Word {
        key: "score".to_owned(),
        got: name.to_owned(),
        known: GATES.iter().map(|gate| gate.rule).collect::<Vec<&str>>().join(", "),
    })?;
    let (age, pregnancy) = (inputs.optional_count("age_years")?, inputs.optional_flag("pregnant")?);
    Ok(json!({ "applicable": gate.is_open(age, pregnancy) }))
}
