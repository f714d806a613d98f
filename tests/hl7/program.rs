//! The messages of all senders through the program: files, ingest, pipelines, SQL.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn twin(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_twin")).args(args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "twin {args:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_messages_of_six_senders_become_one_hospital() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hl7");
    let (input, data) = (folder.to_str().unwrap(), tempfile::tempdir().unwrap());
    let data = data.path().join("data");
    let data = data.to_str().unwrap();
    let arguments = ["replay", input, "--format", "hl7v2", "--namespace", "mercy", "--timezone"];
    let more = ["America/Chicago", "--data", data, "-o", "json"];
    let summary: Value =
        serde_json::from_str(&twin(&[arguments.as_slice(), &more].concat())).unwrap();
    assert_eq!(summary["records"], 18, "{summary}");
    assert_eq!(
        summary["dead_letters_by_reason"],
        serde_json::json!({ "bad_time": 1 }),
        "{summary}"
    );
    let sql = |question: &str| twin(&["sql", "--data", data, "-o", "csv", question]);
    let persons = "SELECT patient, name, sex, birth_date, ward, bed FROM patients \
                   WHERE name IS NOT NULL ORDER BY patient";
    let expected = [
        "patient,name,sex,birth_date,ward,bed",
        "mercy/0815,Jürgen Müller,male,1955-08-12,ST3,310-1",
        "mercy/100234,María T Garcia-Lopez,female,1948-02-29,5W,512-A",
        "mercy/4471,BOB SMITH,male,1961,,",
    ];
    assert_eq!(sql(persons).lines().collect::<Vec<_>>(), expected);
    // The potassium was corrected before anybody looked: its alerts are withdrawn.
    let alerts = "SELECT pipeline, status FROM alerts ORDER BY pipeline";
    let expected =
        ["pipeline,status", "critical-values,withdrawn", "news2,active", "potassium,withdrawn"];
    assert_eq!(sql(alerts).lines().collect::<Vec<_>>(), expected);
    let samples = "SELECT signal, value FROM observations WHERE signal IN ('potassium', 'spo2', \
                   'respiratory_rate') ORDER BY signal";
    let expected = ["signal,value", "potassium,4.8", "respiratory_rate,26.0", "spo2,91.0"];
    assert_eq!(sql(samples).lines().collect::<Vec<_>>(), expected);
}
