//! `twin dlq` over a data folder: what did not get in is counted, shown, read again once and closed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

const TWIN: &str = env!("CARGO_BIN_EXE_twin");

fn twin(arguments: &[&str]) -> Output {
    Command::new(TWIN).args(arguments).output().unwrap()
}

/// What a command that succeeds writes.
fn out(arguments: &[&str]) -> String {
    let output = twin(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "twin {arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn json_of(arguments: &[&str]) -> Value {
    serde_json::from_str(&out(&[arguments, &["-o", "json"]].concat())).unwrap()
}

fn rate(id: &str, time: &str, code: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final",
        "subject": { "reference": "Patient/p1" },
        "code": { "coding": [{ "system": "urn:lab", "code": code, "display": "Rate of breathing" }] },
        "effectiveDateTime": time, "issued": "2026-01-02T04:00:00Z",
        "valueQuantity": { "value": 16, "unit": "/min" },
    })
}

/// A data folder of good records, of some without a time zone, and of one that is cut; and its input.
fn folder(root: &Path, patient_from: &str) -> (String, String) {
    let input = root.join("in.ndjson");
    let mut lines: Vec<String> = (0..3)
        .map(|n| rate(&format!("good-{n}"), "2026-01-02T03:04:05Z", "RR").to_string())
        .collect();
    lines.push(rate("no-zone", "2026-01-02T03:04:05", "RR").to_string());
    lines.push("{\"resourceType\": \"Observation\", cut".to_owned());
    fs::write(&input, lines.join("\n")).unwrap();
    let data = root.join("data").to_str().unwrap().to_owned();
    let input = input.to_str().unwrap().to_owned();
    out(&["replay", &input, "--data", &data, "--patient-from", patient_from]);
    (data, input)
}

#[test]
fn letters_are_counted_once_and_shown_to_the_byte() {
    let root = tempfile::tempdir().unwrap();
    let (data, input) = folder(root.path(), "subject");
    // The same history again: the same letters.
    out(&["replay", &input, "--data", &data]);
    let listed = json_of(&["dlq", "list", "--data", &data]);
    let counts: Vec<_> = listed.as_array().unwrap().iter().map(|row| &row["open"]).collect();
    assert_eq!(counts, [1, 1], "{listed}");
    assert_eq!((&listed[0]["reason"], &listed[0]["stage"]), (&json!("bad_time"), &json!("place")));
    let id = format!("{input}-0-4");
    assert_eq!(listed[1]["example"], json!(id));
    let bytes = out(&["dlq", "show", &id, "--data", &data, "--bytes"]);
    assert_eq!(bytes, "{\"resourceType\": \"Observation\", cut");
    let shown = json_of(&["dlq", "show", &format!("{input}-0-3"), "--data", &data]);
    assert_eq!(shown["problems"][0]["patient"], "p1");
    assert_eq!(shown["status"], "waits");
    // The patient that one of them is about misses it.
    let patient = out(&["show", "p1", "--data", &data, "-o", "csv"]);
    assert!(patient.contains("not read") && patient.contains("without an offset"), "{patient}");
}

#[test]
fn a_letter_is_read_again_once_and_then_closed() {
    let root = tempfile::tempdir().unwrap();
    let (data, input) = folder(root.path(), "/elsewhere");
    let n_results = |expected: u64| {
        let found = json_of(&["sql", "SELECT count(*) AS n FROM observations", "--data", &data]);
        assert_eq!(found[0]["n"], expected);
    };
    n_results(0);
    let retry = ["dlq", "retry", "--data", &data];
    let wrong = json_of(&[&retry[..], &["--patient-from", "/elsewhere"]].concat());
    assert_eq!(wrong["read"], 0, "nothing was put right: {wrong}");
    let other = json_of(&[&retry[..], &["--reason", "too_large"]].concat());
    assert_eq!((&other["tried"], &other["read"]), (&json!(0), &json!(0)));
    let right = json_of(&retry);
    assert_eq!((&right["tried"], &right["read"]), (&json!(5), &json!(3)), "{right}");
    let still: Vec<_> = right["refused"].as_array().unwrap().iter().map(|r| &r["reason"]).collect();
    assert_eq!(still, ["bad_time", "undecodable"]);
    n_results(3);
    let again = json_of(&retry);
    assert_eq!((&again["tried"], &again["read"]), (&json!(2), &json!(0)), "{again}");
    n_results(3);
    // Evidence goes on naming where the record came from.
    let sql = "SELECT source_topic, source_offset FROM observations ORDER BY source_offset";
    let sources = json_of(&["sql", sql, "--data", &data]);
    assert_eq!(sources[2], json!({ "source_topic": input, "source_offset": 2 }));
    let cut = format!("{input}-0-4");
    let drop = ["dlq", "drop", &cut, "--data", &data, "--by", "me", "--why", "half a line"];
    assert!(out(&drop).contains("dropped by me: half a line"));
    assert!(out(&drop).contains("dropped by me"), "a second time says that it was");
    let listed = json_of(&["dlq", "list", "--data", &data]);
    let sum = |name: &str| -> u64 {
        listed.as_array().unwrap().iter().map(|row| row[name].as_u64().unwrap()).sum()
    };
    assert_eq!((sum("open"), sum("retried"), sum("dropped")), (1, 3, 1), "{listed}");
}

#[test]
fn what_is_not_mapped_names_the_line_that_is_missing() {
    let root = tempfile::tempdir().unwrap();
    let (data, input) = folder(root.path(), "subject");
    let unmapped = json_of(&["dlq", "unmapped", "--data", &data]);
    let code = unmapped.as_array().unwrap().iter().find(|row| row["kind"] == "code").unwrap();
    assert_eq!(
        (&code["code"], &code["records"], &code["patients"]),
        (&json!("RR"), &json!(3), &json!(1))
    );
    let line = code["what_to_do"].as_str().unwrap();
    assert!(line.contains("{ system: 'urn:lab', code: 'RR', signal: SIGNAL }"), "{line}");
    assert!(code["example"].as_str().unwrap().starts_with(&input), "{code}");
    // With that line the same history is mapped.
    let site = root.path().join("site.yaml");
    let text = "name: Test\ntimezone: UTC\ncodes:\n  - { system: 'urn:lab', code: 'RR', signal: respiratory_rate }\n";
    fs::write(&site, text).unwrap();
    let (site, mapped) = (site.to_str().unwrap(), root.path().join("mapped"));
    let mapped = mapped.to_str().unwrap();
    out(&["replay", &input, "--data", mapped, "--site", site]);
    assert_eq!(json_of(&["dlq", "unmapped", "--data", mapped]), json!([]));
}

#[test]
fn mistakes_are_told_apart_by_the_exit_code() {
    let root = tempfile::tempdir().unwrap();
    let (data, _) = folder(root.path(), "subject");
    let nowhere = root.path().join("nowhere").to_str().unwrap().to_owned();
    for (arguments, code, expected) in [
        (vec!["dlq", "list"], 2, "--data"),
        (vec!["dlq", "drop", "a-0-1", "--data", &data], 2, "--why"),
        (vec!["dlq", "retry", "--data", &data, "--reason", "bad_luck"], 2, "bad_time"),
        (vec!["dlq", "show", "a-0-1", "--data", &data], 1, "there is no letter a-0-1"),
        (vec!["dlq", "list", "--data", &nowhere], 1, "nowhere"),
        (vec!["dlq", "list", "--config", &nowhere], 78, "nowhere"),
    ] {
        let output = twin(&arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
