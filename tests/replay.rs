//! Whole histories through the program: everything read is accounted for, and how it is cut and spread
//! over partitions changes no count.
//!
//! The small archive stands in the tests. The published data sets are used where they lie beside the
//! project; where they do not, the test says so and passes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// Runs the program and gives what it printed.
fn twin(args: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_twin")).args(args).output().expect("the program runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "twin {args:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Replays an input into a new folder and gives the summary, without what differs from run to run.
fn replay(input: &Path, n_partitions: u32, more: &[&str]) -> Value {
    let data = tempfile::tempdir().unwrap();
    let (folder, n_partitions) = (data.path().join("data"), n_partitions.to_string());
    let mut args = vec![
        "replay",
        text(input),
        "--data",
        text(&folder),
        "--partitions",
        &n_partitions,
        "-o",
        "json",
    ];
    args.extend(more);
    let mut summary: Value = serde_json::from_str(&twin(&args)).unwrap();
    for field in ["seconds", "cpu_seconds", "peak_memory_bytes"] {
        assert!(summary[field].is_number(), "{field} is missing");
        summary.as_object_mut().unwrap().remove(field);
    }
    let counts = &summary["resources"];
    assert_balanced("all", counts);
    let by_type = summary["resources_by_type"].as_object().unwrap();
    by_type.iter().for_each(|(name, counts)| assert_balanced(name, counts));
    let read: u64 = by_type.values().map(|counts| counts["read"].as_u64().unwrap()).sum();
    assert_eq!(Some(read), counts["read"].as_u64());
    summary
}

/// Every resource read became a fact, was not used, or is a dead letter (IN-1).
fn assert_balanced(name: &str, counts: &Value) {
    let count = |field: &str| counts[field].as_u64().unwrap();
    assert_eq!(count("read"), count("facts") + count("not_used") + count("dead_letters"), "{name}");
}

fn coded(code: &str) -> Value {
    json!({ "coding": [{ "system": "http://loinc.org", "code": code }] })
}

/// A patient's stay: normal at first, worse after two hours.
fn bundle(patient: usize) -> Value {
    let id = format!("p{patient}");
    let subject = json!({ "reference": format!("Patient/{id}") });
    let mut entry = vec![
        json!({ "resource": { "resourceType": "Patient", "id": id, "birthDate": "1950-06-15", "gender": "male" } }),
        json!({ "resource": { "resourceType": "Encounter", "id": format!("{id}-e"), "status": "in-progress",
            "class": { "code": "IMP" }, "subject": subject, "period": { "start": "2026-01-01T07:00:00Z" } } }),
        json!({ "resource": { "resourceType": "Claim", "id": format!("{id}-c") } }),
    ];
    for hour in 8..12 {
        for (code, unit, normal, worse) in
            [("9279-1", "/min", 16, 26), ("8867-4", "/min", 70, 132), ("8480-6", "mmHg", 120, 85)]
        {
            let value = if hour < 10 { normal } else { worse };
            let time = format!("2026-01-01T{hour:02}:{patient:02}:00Z");
            entry.push(json!({ "resource": { "resourceType": "Observation", "id": format!("{id}-{code}-{hour}"),
                "status": "final", "subject": subject, "code": coded(code), "effectiveDateTime": time, "issued": time,
                "valueQuantity": { "value": value, "unit": unit } } }));
        }
    }
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": entry })
}

/// A compressed archive of bundles, one of them with a bad entry, and one record that is cut.
fn archive(folder: &Path, n_patients: usize) -> PathBuf {
    let path = folder.join("bundles.tar.zst");
    let encoder = zstd::stream::write::Encoder::new(fs::File::create(&path).unwrap(), 1).unwrap();
    let mut archive = tar::Builder::new(encoder.auto_finish());
    let mut add = |name: String, text: String| {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(text.len()).unwrap());
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, text.as_bytes()).unwrap();
    };
    for patient in 0..n_patients {
        let mut bundle = bundle(patient);
        if patient == 0 {
            let bad = json!({ "resource": { "resourceType": "Observation", "id": "bad", "status": "final", "code": coded("8867-4") } });
            bundle["entry"].as_array_mut().unwrap().push(bad);
        }
        add(format!("bundles/{patient:03}.json"), bundle.to_string());
    }
    add("bundles/cut.json".to_owned(), bundle(0).to_string()[..300].to_owned());
    add("bundles/README.md".to_owned(), "no record".to_owned());
    drop(archive);
    path
}

#[test]
fn an_archive_is_accounted_for_to_the_last_resource() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path(), 12);
    let summary = replay(&archive, 4, &["--until", "2026-01-02T00:00:00Z"]);
    // 12 × (a person, a stay, a claim, 12 observations), a bad entry, and a cut record.
    assert_eq!(summary["records"], 13);
    assert_eq!(
        summary["resources"],
        json!({ "read": 182, "facts": 168, "not_used": 12, "dead_letters": 2 })
    );
    assert_eq!(summary["dead_letters_by_reason"], json!({ "no_patient": 1, "undecodable": 1 }));
    assert_eq!(summary["patients"], 12);
    assert_eq!(summary["effects_by_pipeline"]["news2"]["said"], 12);
    for n_partitions in [1, 7] {
        assert_eq!(replay(&archive, n_partitions, &["--until", "2026-01-02T00:00:00Z"]), summary);
    }
}

#[test]
fn a_replay_into_the_same_folder_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, data) = (archive(folder.path(), 5), folder.path().join("data"));
    let run = || -> Value {
        let args = ["replay", text(&archive), "--data", text(&data), "-o", "json"];
        serde_json::from_str(&twin(&args)).unwrap()
    };
    let (first, second) = (run(), run());
    for field in ["patients", "scores_by_pipeline", "effects_by_pipeline"] {
        assert_eq!(first[field], second[field], "{field}");
    }
    let letters = fs::read_to_string(data.join("dead-letters.ndjson")).unwrap();
    let first_letter: Value = serde_json::from_str(letters.lines().next().unwrap()).unwrap();
    assert_eq!(first_letter["problems"][0]["pointer"], "/entry/15");
    assert!(first_letter["text"].as_str().unwrap().starts_with('{'));
}

#[test]
fn what_cannot_be_replayed_is_said_and_fails() {
    let output = Command::new(env!("CARGO_BIN_EXE_twin"))
        .args(["replay", "/nonexistent.json", "--data"])
        .arg(tempfile::tempdir().unwrap().path().join("data"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nonexistent.json"));
}

/// A published data set beside the project, if it is there.
fn data_set(inside: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(inside);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there; this test checks nothing", path.display());
    None
}

#[test]
fn synthetic_patients_are_accounted_for() {
    let Some(fixture) = data_set("synthea-r4/fixture") else { return };
    let summary = replay(&fixture, 4, &[]);
    assert_eq!(summary["resources"]["dead_letters"], 0, "{}", summary["dead_letters_by_reason"]);
    assert_ne!(summary["patients"], 0);
    assert_eq!(replay(&fixture, 1, &[]), summary);
}

#[test]
fn the_challenge_gives_the_same_counts_however_it_is_spread() {
    let Some(fixture) = data_set("sepsis-challenge-2019/fixture") else { return };
    let folder = tempfile::tempdir().unwrap();
    let summaries =
        [("bundles.ndjson", &[][..]), ("single.ndjson", &["--single"][..])].map(|(name, more)| {
            let file = folder.path().join(name);
            let mut args = vec!["import", "challenge-2019", text(&fixture), "-o", text(&file)];
            args.extend(more);
            twin(&args);
            let summary = replay(&file, 4, &[]);
            assert_eq!(
                summary["resources"]["dead_letters"], 0,
                "{}",
                summary["dead_letters_by_reason"]
            );
            assert_eq!(replay(&file, 1, &[]), summary, "{name}");
            summary
        });
    // One record an hour or one an observation: the same facts and the same scores.
    for field in ["facts", "patients", "scores_by_pipeline"] {
        assert_eq!(summaries[0][field], summaries[1][field], "{field}");
    }
    assert_ne!(summaries[0]["scores_by_pipeline"]["news2"], Value::Null);
}

#[test]
fn a_reader_that_has_had_enough_is_no_mistake_to_tell() {
    use std::process::Stdio;
    let mut command = Command::new(env!("CARGO_BIN_EXE_twin"));
    let command = command.args(["rules", "list"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // As `head` does when it has its lines.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
