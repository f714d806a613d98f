//! The data of the early-sepsis challenge through the product: its scorer to the last digit, and features that are the
//! same to the bit in whatever order facts came.
//!
//! The data lie beside the project and not in it; without them these tests check nothing, and say so.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use twinstream::domain::identity::TwinId;
use twinstream::domain::time::{Span, Timestamp};
use twinstream::engine::history::{History, record_of};
use twinstream::engine::library::Library;
use twinstream::engine::rehearsal::Rehearsal;
use twinstream::import::challenge_2019::{Challenge, Records};
use twinstream::ingest::decoder::Decoder;
use twinstream::ingest::files::{self, FileError, FileRecord};
use twinstream::ingest::source::Format;
use twinstream::pipeline::view::Scratch;
use twinstream::rules::ranking::{Ranked, challenge_areas};
use twinstream::rules::sepsis_utility::{Stay, normalized};
use twinstream::sim::dice::Dice;

use crate::support::{at, site, source};

fn data(inside: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/sepsis-challenge-2019")
        .join(inside);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there; this test checks nothing", path.display());
    None
}

#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("enough patients")]
    Enough,
}

/// The files of the first patients.
fn patients(path: &Path, n_patients: usize) -> Vec<FileRecord> {
    let mut found = Vec::new();
    let read = files::read(path.to_str().unwrap(), &mut |file: FileRecord| {
        found.push(file);
        if found.len() < n_patients { Ok(()) } else { Err(Stop::Enough) }
    });
    assert!(matches!(read, Ok(()) | Err(Stop::Enough)), "{read:?}");
    found
}

fn challenge(files: &[FileRecord]) -> Challenge {
    let mut challenge = Challenge::new(at("2019-01-01T00:00:00Z"), Records::Observations);
    files.iter().for_each(|file| challenge.add(file).unwrap());
    challenge
}

#[test]
fn the_official_scores_are_reproduced_to_the_last_digit() {
    let Some(scores) = data("official-scores/scores.json") else { return };
    let Some(archive) = data("patients-p100001-p115000.tar.zst") else { return };
    let scores: Value = serde_json::from_str(&std::fs::read_to_string(&scores).unwrap()).unwrap();
    let expected = &scores["first1000/sirs4"];
    let packed =
        std::fs::File::open(data("official-scores/first1000-sirs4-predictions.psv.gz").unwrap())
            .unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let mut predicted: BTreeMap<&str, Vec<(f64, bool)>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('|').collect();
        predicted.entry(cells[0]).or_default().push((cells[2].parse().unwrap(), cells[3] == "1"));
    }
    let challenge = challenge(&patients(&archive, 1_000));
    let mut ranked = Vec::new();
    let mut stays: Vec<(Vec<bool>, Vec<bool>)> = Vec::new();
    for hours in challenge.hours() {
        let labels: Vec<bool> = hours.rows.iter().map(|row| row.label.unwrap()).collect();
        let said = &predicted[hours.patient];
        assert_eq!(said.len(), labels.len(), "{}", hours.patient);
        let pairs = said.iter().zip(&labels);
        ranked.extend(pairs.map(|((risk, _), label)| Ranked { risk: *risk, is_case: *label }));
        stays.push((labels, said.iter().map(|(_, warned)| *warned).collect()));
    }
    assert_eq!(stays.len(), 1_000);
    let cohort: Vec<Stay<'_>> =
        stays.iter().map(|(labels, warnings)| Stay { labels, warnings }).collect();
    let close = |found: Option<f64>, key: &str| {
        let (found, expected) = (found.unwrap(), expected[key].as_f64().unwrap());
        // Sums of a hundred thousand numbers in another order differ in the last digits of a double.
        assert!((found - expected).abs() < 1e-12, "{key}: {found}, expected {expected}");
    };
    close(normalized(&cohort), "utility");
    let (area, precision) = challenge_areas(&mut ranked).unzip();
    close(area, "auroc");
    close(precision, "auprc");
}

/// What a model of the challenge reads of each patient at each hour, as bits.
fn rows(rehearsal: &Rehearsal, challenge: &Challenge) -> Vec<(String, Timestamp, Vec<u32>)> {
    let pipeline = rehearsal.pipeline("sepsis").unwrap();
    let mut scratch = Scratch::default();
    let mut rows = Vec::new();
    for hours in challenge.hours() {
        let twin = TwinId::new(source(Format::Fhir).namespace, hours.patient.to_owned());
        for row in hours.rows {
            let numbers = rehearsal.numbers(pipeline, &twin, row.at, &mut scratch).unwrap();
            rows.push((
                hours.patient.to_owned(),
                row.at,
                numbers.iter().map(|n| n.to_bits()).collect(),
            ));
        }
    }
    rows
}

fn rehearse(records: &[String]) -> Rehearsal {
    let spec = source(Format::Fhir);
    let mut decoder = Decoder::new(site());
    let mut history = History::new(&spec, at("2026-01-01T00:00:00Z")).unwrap();
    for (offset, payload) in (0..).zip(records) {
        let payload = payload.clone().into_bytes();
        let record = FileRecord { topic: "test".to_owned(), offset, key: None, payload };
        assert!(
            history.add(&mut decoder, &record_of(&record)).unwrap().is_none(),
            "{payload:?}",
            payload = record.payload
        );
    }
    let library = Library::shipped().unwrap().only(&["sepsis"]).unwrap();
    let mut rehearsal = Rehearsal::open(&library).unwrap();
    rehearsal.run(&history.sort().unwrap()).unwrap();
    rehearsal
}

/// The same facts with trouble on the way: some come hours late, some are first said wrong and corrected later.
fn with_trouble(records: &[String], dice: &mut Dice) -> (Vec<String>, usize) {
    let mut troubled = Vec::new();
    let mut n_troubled = 0;
    for text in records {
        let mut record: Value = serde_json::from_str(text).unwrap();
        let issued = record["issued"].as_str().map(at);
        let Some(issued) = issued.filter(|_| dice.below(10) == 0) else {
            troubled.push(text.clone());
            continue;
        };
        n_troubled += 1;
        if dice.below(2) == 0 {
            let value = record["valueQuantity"]["value"].as_f64().unwrap();
            let mut wrong = record.clone();
            wrong["valueQuantity"]["value"] = (value * 0.5).floor().into();
            troubled.push(wrong.to_string());
            record["status"] = "corrected".into();
        }
        let late = issued.plus(Span::from_minutes(i64::try_from(30 + dice.below(1_200)).unwrap()));
        record["issued"] = late.to_string().into();
        troubled.push(record.to_string());
    }
    (troubled, n_troubled)
}

#[test]
fn features_are_the_same_to_the_bit_with_late_and_corrected_records() {
    let Some(fixture) = data("fixture") else { return };
    let challenge = challenge(&patients(&fixture, 24));
    let mut bytes = Vec::new();
    challenge.write(&mut bytes).unwrap();
    let records: Vec<String> =
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect();
    let in_order = rows(&rehearse(&records), &challenge);
    assert!(
        in_order.iter().any(|(_, _, row)| row
            .iter()
            .filter(|n| !f32::from_bits(**n).is_nan())
            .count()
            > 60)
    );
    let (troubled, n_troubled) = with_trouble(&records, &mut Dice::of(11));
    assert!(500 < n_troubled, "{n_troubled}");
    let troubled = rows(&rehearse(&troubled), &challenge);
    for (one, other) in in_order.iter().zip(&troubled) {
        assert_eq!(one, other);
    }
    assert_eq!(in_order.len(), troubled.len());
}

#[test]
fn predictions_of_an_hour_use_nothing_that_is_later() {
    let Some(fixture) = data("fixture") else { return };
    let files = patients(&fixture, 12);
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut");
    let whole = folder.path().join("whole");
    for (path, hours_max) in [(&cut, 20), (&whole, usize::MAX)] {
        std::fs::create_dir_all(path).unwrap();
        for file in &files {
            let text = std::str::from_utf8(&file.payload).unwrap();
            let kept: Vec<&str> = text.lines().take(hours_max.saturating_add(1)).collect();
            let name = Path::new(&file.topic).file_name().unwrap();
            std::fs::write(path.join(name), kept.join("\n") + "\n").unwrap();
        }
    }
    let scored = |path: &Path| {
        let out = path.with_extension("out");
        let output = Command::new(env!("CARGO_BIN_EXE_twin"))
            .args(["score", "sepsis", path.to_str().unwrap(), "--form", "challenge-2019"])
            .args(["--format", "challenge-2019", "-o", out.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("utility") && said.contains("AUROC"), "{said}");
        files
            .iter()
            .map(move |file| {
                let name = Path::new(&file.topic).file_name().unwrap();
                std::fs::read_to_string(out.join(name)).unwrap()
            })
            .collect::<Vec<String>>()
    };
    for (cut, whole) in scored(&cut).iter().zip(scored(&whole)) {
        assert!(whole.starts_with(cut.as_str()), "{cut}\nis no beginning of\n{whole}");
        assert!(cut.starts_with("PredictedProbability|PredictedLabel\n"));
    }
}
