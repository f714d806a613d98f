//! Checks of the follow-up of imaging of lung, breast and liver (SPEC 5.1 to 5.4).

use serde_json::{Value, json};

use crate::checks::check::{Check, CheckError};
use crate::checks::inputs::Inputs;
use crate::checks::laboratory::not_computable;
use crate::rules::bi_rads;
use crate::rules::fleischner::{self, Composition, Risk, Size};
use crate::rules::li_rads;
use crate::rules::lung_rads::{self, Category, Course, Finding};

pub(super) static CHECKS: &[Check] = &[
    Check {
        number: "26",
        name: "fleischner",
        source: "MacMahon 2017, Radiology 284:228",
        edition: "2017, erratum 13 March 2017",
        inputs: "ntype (solid, ground-glass, part-solid), multiple, size_mm, solid_mm mm, volume_mm3 mm3, \
                 risk (low, high), age a, cancer_history, immunosuppressed, screening_ct",
        output: "status, code, codes, due_months, highly_suspicious_if_persistent, reason, missing",
        run: fleischner,
    },
    Check {
        number: "26b",
        name: "fleischner_diameter",
        source: "Bankier 2017, Radiology 285:584",
        edition: "2017",
        inputs: "long_mm, short_mm mm",
        output: "status, mean, missing",
        run: fleischner_diameter,
    },
    Check {
        number: "26c",
        name: "fleischner_volume",
        source: "MacMahon 2017, Radiology 284:228",
        edition: "2017, erratum 13 March 2017",
        inputs: "mm3 mm3",
        output: "bin",
        run: fleischner_volume,
    },
    Check {
        number: "27",
        name: "lungrads2022",
        source: "ACR Lung-RADS; Christensen 2024, Chest 165:738",
        edition: "v2022",
        inputs: "kind, mean_mm, solid_mm mm, status, location, upgrade, s_modifier, prior_category, \
                 stable_months mo",
        output: "status, category, management_months, missing",
        run: lungrads2022,
    },
    Check {
        number: "27b",
        name: "lungrads_growth",
        source: "ACR Lung-RADS; Christensen 2024, Chest 165:738",
        edition: "v2022",
        inputs: "prev_mm, cur_mm mm, months mo",
        output: "growth",
        run: lungrads_growth,
    },
    Check {
        number: "28",
        name: "birads",
        source: "ACR BI-RADS Atlas",
        edition: "5th edition, 2013",
        inputs: "c (a stated category)",
        output: "status, label, management, ppv",
        run: birads,
    },
    Check {
        number: "28b",
        name: "birads_ppv",
        source: "ACR BI-RADS Atlas",
        edition: "5th edition, 2013",
        inputs: "p (a probability)",
        output: "c",
        run: birads_ppv,
    },
    Check {
        number: "29",
        name: "lirads2018",
        source: "ACR CT/MRI LI-RADS, diagnostic table",
        edition: "v2018",
        inputs: "size_mm, prev_mm mm, months mo, aphe, washout, capsule, threshold_growth, at_risk, age a",
        output: "status, category, missing",
        run: lirads2018,
    },
];

pub(super) fn not_applicable(reason: &str) -> Value {
    json!({ "status": "not-applicable", "reason": reason })
}

fn fleischner(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let words = [
        ("solid", Composition::Solid),
        ("ground-glass", Composition::GroundGlass),
        ("part-solid", Composition::PartSolid),
    ];
    let composition = inputs.optional_word("ntype", &words)?;
    let is_multiple = inputs.is_stated("multiple")?;
    let risks = [("low", Some(Risk::Low)), ("high", Some(Risk::High)), ("unknown", None)];
    let risk = inputs.optional_word("risk", &risks)?.flatten();
    let size = inputs.optional_rounded("size_mm", 1)?.map(Size::of_diameter);
    let size = size.or(inputs.optional_rounded("volume_mm3", 1)?.map(Size::of_volume));
    let solid = inputs.optional_rounded("solid_mm", 1)?;
    let excluded = fleischner::excluded(
        inputs.optional_count("age")?,
        inputs.is_stated("cancer_history")?,
        inputs.is_stated("immunosuppressed")?,
        inputs.is_stated("screening_ct")?,
    );
    if let Some(reason) = excluded {
        return Ok(not_applicable(reason));
    }
    let Some((composition, size)) = composition.zip(size) else {
        let named = [("ntype", composition.is_none()), ("size_mm", size.is_none())];
        let missing = named.into_iter().filter(|(_, is_missing)| *is_missing);
        let missing: Vec<&str> = missing.map(|(key, _)| key).collect();
        return Ok(json!({
            "status": "incomplete", "code": null, "missing": missing, "task": "measurement-needed",
        }));
    };
    let code = |risk| fleischner::follow_up(composition, is_multiple, size, risk);
    let codes = [code(Risk::Low), code(Risk::High)];
    // Of an unknown risk both rows are shown, and the due date is that of the higher (SPEC 5.1).
    let is_known =
        risk.is_some() || composition != Composition::Solid || code(Risk::Low) == code(Risk::High);
    let risk = risk.unwrap_or(Risk::High);
    let suspicious = solid
        .map(fleischner::is_suspicious_if_persistent)
        .filter(|_| composition == Composition::PartSolid);
    let missing: &[&str] = if is_known { &[] } else { &["risk"] };
    Ok(json!({
        "status": if is_known { "final" } else { "incomplete" }, "missing": missing,
        "code": code(risk), "codes": codes, "highly_suspicious_if_persistent": suspicious,
        "due_months": fleischner::due_months(composition, is_multiple, size, risk).map(<[i64; 2]>::from),
    }))
}

fn fleischner_diameter(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let (long, short) =
        (inputs.optional_rounded("long_mm", 1)?, inputs.optional_rounded("short_mm", 1)?);
    let Some((long, short)) = long.zip(short) else {
        return Ok(
            json!({ "status": "incomplete", "mean": null, "missing": ["long_mm", "short_mm"] }),
        );
    };
    Ok(json!({ "status": "final", "mean": fleischner::mean_diameter(long, short) }))
}

fn fleischner_volume(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let size = inputs.optional_rounded("mm3", 1)?.map(Size::of_volume);
    Ok(json!({ "bin": size.map(Size::name) }))
}

/// What a kind of finding is made of.
#[derive(Clone, Copy)]
enum Kind {
    Known(Finding),
    Solid,
    PartSolid,
    NonSolid,
    Juxtapleural,
    Airway,
    /// Thin-walled and of one chamber: benign, and not classified.
    ThinWalledCyst,
}

const KINDS: &[(&str, Kind)] = &[
    ("none", Kind::Known(Finding::Nothing)),
    ("benign-calcified", Kind::Known(Finding::BenignNodule)),
    ("benign-calcification", Kind::Known(Finding::BenignNodule)),
    ("benign-fat", Kind::Known(Finding::BenignNodule)),
    ("fat", Kind::Known(Finding::BenignNodule)),
    ("incomplete", Kind::Known(Finding::Incomplete)),
    ("priors-needed", Kind::Known(Finding::Incomplete)),
    ("infectious", Kind::Known(Finding::Inflammatory)),
    ("inflammatory", Kind::Known(Finding::Inflammatory)),
    ("infectious-inflammatory", Kind::Known(Finding::Inflammatory)),
    ("solid", Kind::Solid),
    ("part-solid", Kind::PartSolid),
    ("non-solid", Kind::NonSolid),
    ("ground-glass", Kind::NonSolid),
    ("juxtapleural", Kind::Juxtapleural),
    ("airway", Kind::Airway),
    ("cyst-thin", Kind::ThinWalledCyst),
    ("cyst-thick", Kind::Known(Finding::ThickWalledCyst)),
    ("cyst-multilocular", Kind::Known(Finding::MultilocularCyst)),
];

const COURSES: &[(&str, Course)] = &[
    ("baseline", Course::Baseline),
    ("new", Course::New),
    ("growing", Course::Growing),
    ("growing-solid", Course::Growing),
    ("slow", Course::GrowingSlowly),
    ("slow-growing", Course::GrowingSlowly),
    ("slow-growth", Course::GrowingSlowly),
    ("growing-slow", Course::GrowingSlowly),
    ("stable", Course::Stable),
    ("growing-wall", Course::GrowingWall),
    ("growing-nodule", Course::GrowingWall),
    ("growing-loculi", Course::GrowingWall),
    ("growing-cystic", Course::GrowingCystic),
];

const CATEGORIES: &[(&str, Category)] = &[
    ("0", Category::C0),
    ("1", Category::C1),
    ("2", Category::C2),
    ("3", Category::C3),
    ("4A", Category::C4A),
    ("4B", Category::C4B),
    ("4X", Category::C4X),
];

fn lungrads2022(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let kind = inputs.word("kind", KINDS)?;
    let mean = inputs.optional_rounded("mean_mm", 1)?;
    let solid = inputs.optional_rounded("solid_mm", 1)?;
    let course = inputs.optional_word("status", COURSES)?.unwrap_or(Course::Baseline);
    let places = [("subsegmental", false), ("segmental", true), ("lobar", true), ("main", true)];
    let places = places.into_iter().chain([("proximal", true), ("segmental+", true)]);
    let places: Vec<(&str, bool)> = places.collect();
    let is_proximal = inputs.optional_word("location", &places)?;
    let prior = inputs.optional_word("prior_category", CATEGORIES)?;
    let stable_months = inputs.optional_rounded("stable_months", 0)?;
    let is_upgraded = inputs.is_stated("upgrade")?;
    let is_proven_benign = inputs.is_stated("proven_benign")?;
    let has_other_finding = inputs.is_stated("s_modifier")?;
    let (finding, missing) = match kind {
        Kind::Known(finding) => (Some(finding), "kind"),
        Kind::Solid => (mean.map(Finding::Solid), "mean_mm"),
        Kind::PartSolid if mean.is_some() => {
            (mean.zip(solid).map(|(mean, solid)| Finding::PartSolid(mean, solid)), "solid_mm")
        }
        Kind::NonSolid => (mean.map(Finding::NonSolid), "mean_mm"),
        Kind::Juxtapleural => (mean.map(Finding::Juxtapleural), "mean_mm"),
        Kind::Airway => (is_proximal.map(airway), "location"),
        Kind::PartSolid => (None, "mean_mm"),
        Kind::ThinWalledCyst => return Ok(not_applicable("thin-walled-cyst-not-classified")),
    };
    let Some(finding) = finding else {
        return Ok(json!({ "status": "incomplete", "category": null, "missing": [missing] }));
    };
    let judged = lung_rads::category(finding, course);
    // What did not grow comes down from the category it had; an airway nodule does not.
    let months = stable_months.filter(|_| course == Course::Stable && finding != Finding::Airway);
    let judged = months.map_or(judged, |months| prior.unwrap_or(judged).after_stable(months));
    let judged = if is_proven_benign { Category::C2 } else { judged };
    let category = if is_upgraded { judged.upgraded() } else { judged };
    let name = category.name();
    Ok(json!({
        "status": "final", "category": name, "management_months": category.months_to_next(),
        "category_with_modifier": if has_other_finding { format!("{name}S") } else { name.to_owned() },
    }))
}

fn airway(is_proximal: bool) -> Finding {
    if is_proximal { Finding::Airway } else { Finding::SubsegmentalAirway }
}

fn lungrads_growth(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let before = inputs.optional_rounded("prev_mm", 1)?;
    let after = inputs.optional_rounded("cur_mm", 1)?;
    let months = inputs.optional_rounded("months", 1)?;
    let all = before.zip(after).zip(months);
    let growth = all.map(|((before, after), months)| lung_rads::is_growth(before, after, months));
    Ok(json!({ "growth": growth }))
}

fn birads(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let stated = match inputs.value("c") {
        Some(Value::Number(number)) => bi_rads::stated(&number.to_string()),
        _ => inputs.optional_text("c")?.and_then(bi_rads::stated),
    };
    let Some(category) = stated else { return Ok(not_computable(&["c"])) };
    Ok(json!({
        "status": "final", "c": category.name, "label": category.label,
        "management": category.management, "ppv": category.likelihood,
    }))
}

fn birads_ppv(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    Ok(json!({ "c": inputs.optional_rounded("p", 6)?.map(bi_rads::of_likelihood) }))
}

fn lirads2018(inputs: &Inputs<'_>) -> Result<Value, CheckError> {
    let size = inputs.optional_rounded("size_mm", 1)?;
    let before = inputs.optional_rounded("prev_mm", 1)?;
    let months = inputs.optional_rounded("months", 1)?;
    let is_enhancing = inputs.optional_flag("aphe")?;
    let (has_washout, has_capsule) = (inputs.is_stated("washout")?, inputs.is_stated("capsule")?);
    let stated = inputs.is_stated("threshold_growth")? || inputs.is_stated("growth")?;
    let grown = size
        .zip(before)
        .zip(months)
        .is_some_and(|((size, before), months)| li_rads::is_threshold_growth(before, size, months));
    let is_child = inputs.optional_count("age")?.is_some_and(|age| age < li_rads::AGE_YEARS_MIN);
    if inputs.optional_flag("at_risk")? == Some(false) || is_child {
        return Ok(not_applicable("not-at-risk-adult"));
    }
    let Some((size, is_enhancing)) = size.zip(is_enhancing) else {
        return Ok(
            json!({ "status": "incomplete", "category": null, "missing": ["size_mm", "aphe"] }),
        );
    };
    let category = li_rads::category(&li_rads::Observation {
        size,
        is_enhancing,
        has_washout,
        has_capsule,
        has_grown: stated || grown,
    });
    Ok(json!({ "status": "final", "category": category }))
}
