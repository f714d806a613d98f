//! The published cases of each rule (`tests/data/vectors`, from the project's clinical specification),
//! and every printed cut-off from below, at it and above.
//!
//! Every file runs through `twin rules check`; some of them once more through ingest and pipelines. A
//! field nobody looks at fails the case, so that nothing passes unread.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use twinstream::checks::report::run;
use twinstream::domain::date::{BirthDate, Date};
use twinstream::domain::decimal::Decimal;
use twinstream::domain::person::Sex;
use twinstream::domain::refusal::Unusable;
use twinstream::domain::time::Span;
use twinstream::ingest::units::Units;
use twinstream::rules::assessment::Reading;
use twinstream::rules::kdigo_aki::{self, Prior};
use twinstream::rules::kdigo_ckd::{Albuminuria, Gfr, monitoring};
use twinstream::rules::kidney_history::kidney_points;
use twinstream::rules::metformin_egfr::{Situation, advise};

use crate::support::{at, signal};
use crate::vectors::news2::{news2, normal};

mod news2;

/// One published case.
struct Case {
    id: String,
    inputs: Value,
    expected: Value,
}

/// The cases of a file; each has only fields that are named here.
fn cases(file: &str, inputs: &[&str], expected: &[&str]) -> Vec<Case> {
    let path = format!("{}/tests/data/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let mut reader =
        csv::Reader::from_path(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut cases = Vec::new();
    for row in reader.deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        let json = |field: &str| serde_json::from_str::<Value>(&row[field]).unwrap();
        let case =
            Case { id: row["case_id"].clone(), inputs: json("inputs"), expected: json("expected") };
        for (fields, known) in [(&case.inputs, inputs), (&case.expected, expected)] {
            let unread =
                fields.as_object().unwrap().keys().find(|key| !known.contains(&key.as_str()));
            assert_eq!(unread, None, "{file} {}: nobody looks at this field", case.id);
        }
        cases.push(case);
    }
    assert!(!cases.is_empty(), "{file} is empty");
    cases
}

/// Files whose rules have no check: the tests below run their cases.
const RUN_BELOW: [&str; 2] = ["47_units.csv", "48_loinc_check_digit.csv"];

#[test]
fn every_case_comes_out_as_published() {
    let folders = ["vectors", "cut_offs"];
    let mut n_files = 0;
    for folder in folders {
        let folder = format!("{}/tests/data/{folder}", env!("CARGO_MANIFEST_DIR"));
        let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let is_run = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.ends_with(".csv") && !RUN_BELOW.contains(&name)
        };
        for file in entries.filter(is_run) {
            let report = run(&file).unwrap();
            assert!(report.failures.is_empty(), "{}: {:#?}", report.file, report.failures);
            n_files += 1;
        }
    }
    assert!(30 < n_files, "{n_files}");
}

#[test]
fn a_case_fails_by_what_differs_and_by_what_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("held_back_02_qsofa.csv");
    let cases = r#"case_id,inputs,expected,source,note
right,"{""rr"": 22, ""sbp"": 100, ""gcs"": 15}","{""score"": 2, ""positive"": true}",,
wrong,"{""rr"": 21, ""sbp"": 100, ""gcs"": 15}","{""score"": 2, ""organ"": 1}",,
unread,"{""rr"": 21, ""sbp"": 100, ""gcs"": 15, ""lactate"": 4}","{""score"": 1}",,
"#;
    fs::write(&file, cases).unwrap();
    let report = run(&file).unwrap();
    let failed: Vec<(&str, Vec<&str>)> = report
        .failures
        .iter()
        .map(|failure| {
            let keys = failure.differences.iter().map(|difference| difference.key.as_str());
            (failure.case.as_str(), keys.collect())
        })
        .collect();
    assert_eq!(report.n_passed, 1);
    assert_eq!(failed, [("wrong", vec!["organ", "score"]), ("unread", vec!["lactate"])]);
    let unknown = folder.path().join("weather.csv");
    fs::write(&unknown, cases).unwrap();
    assert!(run(&unknown).unwrap_err().to_string().contains("expected one of news2, qsofa"));
    fs::write(&file, "case_id,inputs,expected\nx,[],{}\n").unwrap();
    assert!(run(&file).unwrap_err().to_string().contains(":2: `inputs` of x is no JSON object"));
}

#[test]
fn gates_close_as_published() {
    for Case { id, inputs, expected } in
        cases("07_applicability_gates.csv", &["score", "age_years", "pregnant"], &["applicable"])
    {
        let age = inputs["age_years"].as_u64().unwrap();
        let is_applicable = match inputs["score"].as_str().unwrap() {
            "NEWS2" => {
                let mut values = normal();
                (values["age"], values["pregnant"]) = (json!(age), inputs["pregnant"].clone());
                news2(&values).status() != "not-applicable"
            }
            "CKD-EPI-2021" => {
                let at = at("2026-01-01T08:00:00Z");
                let year = 2025 - i32::try_from(age).unwrap();
                let day = Date::new(year, 6, 15).unwrap();
                let reading = Reading {
                    value: 100,
                    decimals: 2,
                    at,
                    comparator: None,
                    unusable: None,
                    is_preliminary: false,
                    evidence: 0,
                };
                !kidney_points(&[reading], BirthDate::between(day, day), Sex::Female).is_empty()
            }
            // Rules that no pipeline runs: their check asks the gate alone.
            "SOFA" | "PREVENT" | "PCE" | "Fleischner" => continue,
            other => panic!("{id}: what is {other}?"),
        };
        assert_eq!(Some(is_applicable), expected["applicable"].as_bool(), "{id}");
    }
}

#[test]
fn kidney_injury_is_staged_either_side_of_every_cut_off() {
    // (minutes before, its hundredths of mg/dL, the newest, the stage): KDIGO 2012 table 2.
    let cases = [
        (2880, 100, 129, 0),
        (2880, 100, 130, 1),
        (2880, 100, 131, 1),
        (2886, 100, 130, 0),
        (10080, 100, 149, 0),
        (10080, 100, 150, 1),
        (10086, 100, 150, 0),
        (6000, 100, 199, 1),
        (6000, 100, 200, 2),
        (6000, 100, 299, 2),
        (6000, 100, 300, 3),
        (1440, 369, 399, 1),
        (1440, 370, 400, 3),
        (1440, 371, 400, 0),
        // 8 to 365 days: the median stands for a baseline.
        (11514, 100, 200, 0),
        (11520, 100, 200, 2),
        (525600, 100, 200, 2),
        (525606, 100, 200, 0),
    ];
    for (minutes, before, newest, stage) in cases {
        let earlier = Span::from_minutes(minutes);
        let injury = kdigo_aki::assess(newest, &[Prior { before: earlier, value: before }], None);
        assert_eq!(injury.stage, stage, "{before} {minutes} min before {newest}");
    }
}

/// The grid of KDIGO 2024 as it is printed: checks a year and risk, by eGFR and albuminuria.
const GRID: &str = "
90 1 low       1 moderate  3 high
89 1 low       1 moderate  3 high
60 1 low       1 moderate  3 high
59 1 moderate  2 high      3 very-high
45 1 moderate  2 high      3 very-high
44 2 high      3 very-high 3 very-high
30 2 high      3 very-high 3 very-high
29 3 very-high 3 very-high 4 very-high
15 3 very-high 3 very-high 4 very-high
14 4 very-high 4 very-high 4 very-high
";

#[test]
fn kidney_disease_is_graded_either_side_of_every_cut_off() {
    for line in GRID.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let gfr = Gfr::of(words[0].parse().unwrap());
        // Tenths of mg/g: 29.9 is A1, 30 and 300 are A2, 300.1 is A3.
        for (column, ratios) in [[0, 299], [300, 3_000], [3_001, 50_000]].into_iter().enumerate() {
            for tenths in ratios {
                let (n_checks, risk) = monitoring(gfr, Albuminuria::of(tenths));
                let expected = [words[1 + 2 * column], words[2 + 2 * column]];
                assert_eq!(
                    [n_checks.to_string().as_str(), risk.name()],
                    expected,
                    "{line} at {tenths}"
                );
            }
        }
    }
}

#[test]
fn metformin_is_advised_either_side_of_every_cut_off() {
    // eGFR; what follows when it is taken, newly ordered, taken with contrast planned.
    let cases = [
        (29.99, "contraindicated-stop", "contraindicated", "contraindicated-stop"),
        (
            30.0,
            "reassess-benefit-risk",
            "initiation-not-recommended",
            "hold-at-contrast-recheck-48h",
        ),
        (
            44.99,
            "reassess-benefit-risk",
            "initiation-not-recommended",
            "hold-at-contrast-recheck-48h",
        ),
        (45.0, "none", "none", "hold-at-contrast-recheck-48h"),
        (60.0, "none", "none", "hold-at-contrast-recheck-48h"),
        (60.01, "none", "none", "none"),
    ];
    for (egfr, taken, new, contrast) in cases {
        let plain = Situation {
            egfr: Some(egfr),
            is_acute: false,
            is_taken: true,
            is_contrast_planned: false,
            has_contrast_risk: false,
        };
        let planned = Situation { is_contrast_planned: true, ..plain };
        let advice =
            [plain, Situation { is_taken: false, ..plain }, planned].map(|one| advise(one).name());
        assert_eq!(advice, [taken, new, contrast], "{egfr}");
        // With a risk of its own, contrast asks for it at any eGFR.
        let risky = advise(Situation { has_contrast_risk: true, ..planned }).name();
        assert_eq!(risky == "hold-at-contrast-recheck-48h", 30.0 <= egfr, "{egfr}");
        assert_eq!(advise(Situation { is_acute: true, ..plain }).name(), "hold-unstable");
    }
}

#[test]
fn units_are_converted_as_published() {
    let names = BTreeMap::from([
        ("bilirubin", "bilirubin_total"),
        ("cholesterol", "cholesterol_total"),
        ("urea-to-BUN", "urea_nitrogen"),
        ("uacr", "urine_albumin_creatinine"),
        ("weight", "body_weight"),
        ("temp", "temperature"),
    ]);
    let mut units = Units::default();
    for Case { id, inputs, expected } in
        cases("47_units.csv", &["v", "frm", "to", "analyte"], &["v", "status"])
    {
        let analyte = inputs["analyte"].as_str().unwrap();
        let signal = signal(names.get(analyte).unwrap_or(&analyte));
        let value = Decimal::parse(&inputs["v"].to_string()).unwrap();
        // A mismatch is asked of the unit that the analyte has no conversion for.
        let unit = if expected.get("v").is_some() { &inputs["frm"] } else { &inputs["to"] };
        let found = units.canonical(signal, value, unit.as_str().unwrap());
        match expected["v"].as_f64() {
            // The vector's four decimals, rounded to the signal's resolution.
            Some(expected) => {
                assert_eq!(inputs["to"].as_str(), Some(signal.spec().unit), "{id}");
                let text = format!("{expected:.4}");
                let rounded = Decimal::parse(&text).unwrap().rounded(signal.spec().decimals);
                assert_eq!(found.ok(), rounded, "{id}");
            }
            None => {
                assert_eq!(expected["status"], "unit-mismatch", "{id}");
                assert_eq!(found, Err(Unusable::UnitDimension), "{id}");
            }
        }
    }
}

/// Whether a code has the form of LOINC's and its check digit (LOINC Users' Guide, mod 10).
fn has_check_digit(code: &str) -> bool {
    let Some((digits, check)) = code.split_once('-') else { return false };
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, digit)| u32::from(digit - b'0') * if index % 2 == 0 { 2 } else { 1 })
        .map(|digit| digit / 10 + digit % 10)
        .sum();
    check.parse() == Ok((10 - sum % 10) % 10)
}

#[test]
fn loinc_codes_of_the_site_have_their_check_digit() {
    for Case { id, inputs, expected } in
        cases("48_loinc_check_digit.csv", &["code"], &["valid_check_digit"])
    {
        let code = inputs["code"].as_str().unwrap();
        assert_eq!(Some(has_check_digit(code)), expected["valid_check_digit"].as_bool(), "{id}");
    }
    let mut n_codes = 0;
    for line in include_str!("../deploy/site.yaml").lines() {
        let Some((_, rest)) = line.split_once("\"http://loinc.org\", code: ") else { continue };
        let code = rest.split([',', ' ']).next().unwrap();
        // An answer's code begins with LA and has a check digit of its own kind.
        if !code.starts_with("LA") {
            assert!(has_check_digit(code), "{code}");
            n_codes += 1;
        }
    }
    assert!(10 < n_codes, "{n_codes}");
    // It is a mobility item, not NEWS: the digit alone proves nothing (SPEC 0.4).
    assert!(!include_str!("../deploy/site.yaml").contains("88330-6"));
}
