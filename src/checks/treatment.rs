//! Checks of the rules that suggest a treatment (SPEC 8, TX-01 to TX-09).

use serde_json::{Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::incidental::{any_stated, decimal, tenths};
use crate::checks::inputs::Inputs;
use crate::checks::laboratory::{not_computable, sex};
use crate::domain::person::Sex;
use crate::rules::af_anticoagulation::{self, Advice};
use crate::rules::apixaban_dose;
use crate::rules::metformin_egfr;
use crate::rules::nsaid_combination::{self, Taken};
use crate::rules::qt_risk;
use crate::rules::raas_potassium::{self, Course, Drug};
use crate::rules::sepsis_bundle;
use crate::rules::statin;

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "42a",
        name: "tx_sepsis",
        source: "Evans 2021, Intensive Care Med 47:1181; Levy 2018, Intensive Care Med 44:925",
        edition: "SSC 2021",
        inputs: "infection_suspected, news2, sofa_delta, qsofa, lactate mmol/L, sbp, map_ mm[Hg], \
                 chf_or_esrd",
        output: "suggestions",
        run: tx_sepsis,
    },
    Check {
        number: "42b",
        name: "tx_metformin",
        source: "FDA Drug Safety Communication, 8 April 2016",
        edition: "2016",
        inputs: "egfr mL/min/1.73m2, egfr_age_days d, on_metformin, contrast_planned, liver_disease, \
                 alcohol, heart_failure, intra_arterial, aki",
        output: "flag",
        run: tx_metformin,
    },
    Check {
        number: "42c",
        name: "tx_raas_potassium",
        source: "AHA/ACC/HFSA 2022; KDIGO 2020, 2024; UKKA 2023",
        edition: "as each",
        inputs: "drug (MRA, ACEi, ARB, ARNI), k mmol/L, action (start, continue), cr_rise_pct %, hemolyzed",
        output: "flag",
        run: tx_raas_potassium,
    },
    Check {
        number: "42d",
        name: "tx_qt",
        source: "Drew 2010, Circulation 121:1047",
        edition: "AHA/ACCF 2010",
        inputs: "known_risk_drugs, qtc, qtc_baseline ms, k mmol/L, mg mg/dL",
        output: "flags",
        run: tx_qt,
    },
    Check {
        number: "42e",
        name: "qtc",
        source: "Bazett 1920, Heart 7:353; Fridericia 1920, Acta Med Scand 53:469",
        edition: "1920",
        inputs: "qt_ms ms, hr /min",
        output: "status, bazett, fridericia",
        run: qtc,
    },
    Check {
        number: "42f",
        name: "tx_nsaid",
        source: "Davidson 2014, Ann Intern Med 161:177; Lapi 2013, BMJ 346:e8525",
        edition: "2014, 2013",
        inputs: "drugs (classes taken now, not topical)",
        output: "flags",
        run: tx_nsaid,
    },
    Check {
        number: "42g",
        name: "tx_statin_2018",
        source: "Grundy 2019, Circulation 139:e1082",
        edition: "2018",
        inputs: "age a, ldl mg/dL, dm, ascvd, pce10 (a probability), on_statin",
        output: "code",
        run: tx_statin_2018,
    },
    Check {
        number: "42h",
        name: "tx_statin_2026",
        source: "ACC/AHA dyslipidemia, Circulation 2026, CIR.0000000000001423 (summaries)",
        edition: "2026",
        inputs: "age a, ldl mg/dL, ascvd, prevent_ascvd10 (a probability), on_statin",
        output: "code",
        run: tx_statin_2026,
    },
    Check {
        number: "42i",
        name: "tx_af_oac",
        source: "Joglar 2024, Circulation 149:e1; Van Gelder 2024, Eur Heart J 45:3314",
        edition: "ACC/AHA 2023, ESC 2024",
        inputs: "guideline (ACC2023, ESC2024), sex, vasc, va, valvular, on_oac",
        output: "status, code, missing",
        run: tx_af_oac,
    },
    Check {
        number: "42j",
        name: "tx_apixaban_dose",
        source: "US label of apixaban",
        edition: "atrial fibrillation",
        inputs: "age a, weight kg, cr_mg mg/dL",
        output: "status, reduce, criteria, missing",
        run: tx_apixaban_dose,
    },
];

fn tx_sepsis(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let suggestions = sepsis_bundle::suggestions(&sepsis_bundle::Situation {
        is_infection_suspected: inputs.optional_flag("infection_suspected")?,
        news2: inputs.optional_rounded("news2", 0)?,
        sofa_rise: inputs.optional_rounded("sofa_delta", 0)?,
        qsofa: inputs.optional_rounded("qsofa", 0)?,
        lactate: inputs.optional_rounded("lactate", 1)?,
        systolic: inputs.optional_rounded("sbp", 0)?,
        mean_pressure: inputs.optional_rounded("map_", 0)?,
        is_fluid_sensitive: any_stated(inputs, &["chf_or_esrd", "chf", "esrd"])?,
    });
    Ok(json!({ "suggestions": suggestions }))
}

fn tx_metformin(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let age_days = inputs.optional_rounded("egfr_age_days", 0)?;
    let is_recent = age_days.is_none_or(|days| days <= metformin_egfr::EGFR_DAYS_MAX);
    let risks = ["liver_disease", "liver", "alcohol", "heart_failure", "hf", "intra_arterial"];
    let advice = metformin_egfr::advise(metformin_egfr::Situation {
        egfr: inputs.optional_number("egfr")?.filter(|_| is_recent),
        is_acute: inputs.is_stated("aki")?,
        is_taken: inputs.is_stated("on_metformin")?,
        is_contrast_planned: inputs.is_stated("contrast_planned")?,
        has_contrast_risk: any_stated(inputs, &risks)?,
    });
    Ok(json!({ "flag": advice.name() }))
}

fn tx_raas_potassium(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let drugs = [
        ("MRA", Drug::Mra),
        ("ACEi", Drug::AceInhibitorOrBlocker),
        ("ARB", Drug::AceInhibitorOrBlocker),
        ("ARNI", Drug::AceInhibitorOrBlocker),
    ];
    let flag = raas_potassium::advise(&raas_potassium::Situation {
        drug: inputs.word("drug", &drugs)?,
        course: inputs
            .word("action", &[("start", Course::Start), ("continue", Course::Continue)])?,
        potassium: inputs.optional_rounded("k", 1)?,
        is_haemolysed: any_stated(inputs, &["hemolyzed", "haemolysed"])?,
        creatinine_rise: inputs.optional_rounded("cr_rise_pct", 1)?,
    });
    Ok(json!({ "flag": flag }))
}

fn tx_qt(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let flags = qt_risk::flags(&qt_risk::Situation {
        n_drugs: inputs.optional_count("known_risk_drugs")?,
        qtc: inputs.optional_rounded("qtc", 0)?,
        qtc_baseline: inputs.optional_rounded("qtc_baseline", 0)?,
        potassium: inputs.optional_rounded("k", 2)?,
        magnesium: inputs.optional_rounded("mg", 2)?,
    });
    Ok(json!({ "flags": flags }))
}

fn qtc(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (qt, rate) = (inputs.optional_number("qt_ms")?, inputs.optional_number("hr")?);
    let of = |correct: fn(f64, f64) -> Option<f64>| {
        let corrected = qt.zip(rate).and_then(|(qt, rate)| correct(qt, rate));
        corrected.and_then(tenths).and_then(|tenths| decimal(tenths, 1))
    };
    let (Some(bazett), Some(fridericia)) = (of(qt_risk::bazett), of(qt_risk::fridericia)) else {
        return Ok(not_computable(&["qt_ms", "hr"]));
    };
    Ok(json!({ "status": "final", "bazett": bazett, "fridericia": fridericia }))
}

fn tx_nsaid(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let drugs = inputs.texts("drugs")?;
    let takes = |classes: &[&str]| {
        drugs.iter().any(|drug| classes.iter().any(|class| class.eq_ignore_ascii_case(drug)))
    };
    let flags = nsaid_combination::flags(&Taken {
        nsaid: takes(&["nsaid"]),
        anticoagulant: takes(&["anticoagulant", "oac", "doac", "warfarin"]),
        antiplatelet: takes(&["antiplatelet"]),
        raas_blocker: takes(&["raas", "acei", "arb", "arni"]),
        diuretic: takes(&["diuretic"]),
    });
    Ok(json!({ "flags": flags }))
}

fn statin_situation(inputs: &Inputs<'_>, risk: &str) -> Result<statin::Situation, CheckError> {
    Ok(statin::Situation {
        age_years: inputs.optional_count("age")?,
        ldl: inputs.optional_rounded("ldl", 0)?,
        has_diabetes: inputs.is_stated("dm")?,
        has_disease: any_stated(inputs, &["ascvd", "clinical_ascvd"])?,
        risk: inputs.optional_rounded(risk, 5)?,
        is_taken: inputs.is_stated("on_statin")?,
    })
}

fn tx_statin_2018(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let situation = statin_situation(inputs, "pce10")?;
    Ok(json!({ "code": statin::by_pooled_cohort(&situation) }))
}

fn tx_statin_2026(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let situation = statin_situation(inputs, "prevent_ascvd10")?;
    Ok(json!({ "code": statin::by_prevent(&situation) }))
}

fn tx_af_oac(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let guidelines = [
        ("ACC2023", false),
        ("ACCAHA2023", false),
        ("ACC/AHA2023", false),
        ("AHA2023", false),
        ("ESC2024", true),
    ];
    let is_esc = inputs.optional_word("guideline", &guidelines)?.unwrap_or(false);
    let (vasc, va) = (inputs.optional_rounded("vasc", 0)?, inputs.optional_rounded("va", 0)?);
    let sex = sex(inputs)?;
    let is_taken = inputs.is_stated("on_oac")?;
    if inputs.is_stated("valvular")? {
        return Ok(json!({ "status": "final", "code": "VKA-pathway" }));
    }
    if is_taken {
        return Ok(json!({ "status": "final", "code": "already-on" }));
    }
    let code = match (is_esc, sex) {
        (true, _) => va.map(|va| af_anticoagulation::esc(va).name_esc()),
        (false, Some(sex)) => {
            vasc.map(|vasc| af_anticoagulation::acc_aha(vasc, sex).name_acc_aha())
        }
        // Of an unknown sex it is said where both agree.
        (false, None) => vasc.and_then(|vasc| {
            let of = |sex| af_anticoagulation::acc_aha(vasc, sex);
            let (one, other) = (of(Sex::Female), of(Sex::Male));
            Some(one).filter(|_| one == other).map(Advice::name_acc_aha)
        }),
    };
    let score = if is_esc { ("va", va.is_none()) } else { ("vasc", vasc.is_none()) };
    let named = [score, ("sex", !is_esc && sex.is_none() && code.is_none())];
    let missing = named.into_iter().filter(|(_, is_missing)| *is_missing);
    let missing: Vec<&str> = missing.map(|(key, _)| key).collect();
    let status = if code.is_some() { "final" } else { "incomplete" };
    Ok(json!({ "status": status, "code": code, "missing": missing }))
}

fn tx_apixaban_dose(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let criteria = apixaban_dose::criteria(
        inputs.optional_count("age")?,
        inputs.optional_rounded("weight", 1)?,
        inputs.optional_rounded("cr_mg", 2)?,
    );
    let reduce = criteria.reaches(apixaban_dose::HALVED_FROM);
    let status = if reduce.is_some() { "final" } else { "incomplete" };
    Ok(json!({
        "status": status, "reduce": reduce, "criteria": criteria.lower, "missing": criteria.missing,
    }))
}
