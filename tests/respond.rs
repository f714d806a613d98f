//! `twin alerts ack`, `snooze`, `resolve` over a data folder: what a person did is in the log, and shown.

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

fn refused(arguments: &[&str]) -> String {
    let output = twin(arguments);
    assert!(!output.status.success(), "twin {arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn rows(data: &str, sql: &str) -> Value {
    serde_json::from_str(&out(&["sql", sql, "--data", data, "-o", "json"])).unwrap()
}

/// A data folder of a patient in a bed who breathes too fast, and the id of the alert.
fn folder(root: &Path) -> (String, String) {
    let stay = json!({
        "resourceType": "Encounter", "id": "e", "status": "in-progress",
        "subject": { "reference": "Patient/p1" },
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP" },
        "period": { "start": "2026-01-02T03:00:00Z" }, "meta": { "lastUpdated": "2026-01-02T03:00:00Z" },
    });
    let rate = json!({
        "resourceType": "Observation", "id": "rr", "status": "final",
        "subject": { "reference": "Patient/p1" },
        "code": { "coding": [{ "system": "http://loinc.org", "code": "9279-1" }] },
        "effectiveDateTime": "2026-01-02T03:04:05Z", "issued": "2026-01-02T03:05:00Z",
        "valueQuantity": { "value": 26, "unit": "/min" },
    });
    let input = root.join("in.ndjson");
    fs::write(&input, format!("{stay}\n{rate}\n")).unwrap();
    let data = root.join("data").to_str().unwrap().to_owned();
    out(&["replay", input.to_str().unwrap(), "--data", &data]);
    let alerts =
        rows(&data, "SELECT id FROM alerts WHERE pipeline = 'news2' AND status = 'active'");
    let id = alerts[0]["id"].as_str().unwrap_or_else(|| panic!("{alerts}")).to_owned();
    (data, id)
}

#[test]
fn what_a_person_did_is_in_the_log_and_shown() {
    let root = tempfile::tempdir().unwrap();
    let (data, id) = folder(root.path());
    let who = ["--by", "Ada Byron", "--role", "nurse", "--data", &data];
    let acknowledge = [&["alerts", "ack", &id], &who[..]].concat();
    let said = out(&acknowledge);
    assert!(said.contains("acknowledged by Ada Byron (nurse)"), "{said}");
    let again = refused(&acknowledge);
    assert!(again.contains("the same person answered so before"), "{again}");
    let snooze = ["alerts", "snooze", &id, "--for", "2h", "--why", "fluids running"];
    out(&[&snooze, &who[..]].concat());
    let alerts = rows(&data, "SELECT revision, change, acknowledged_by, snoozed_by FROM alerts");
    assert_eq!(
        alerts,
        json!([{ "revision": 3, "change": "snoozed", "acknowledged_by": "Ada Byron (nurse)",
                 "snoozed_by": "Ada Byron (nurse)" }])
    );
    let given = rows(&data, "SELECT action, given_by, role, why FROM responses ORDER BY known_at");
    assert_eq!(
        given,
        json!([
            { "action": "acknowledge", "given_by": "Ada Byron", "role": "nurse" },
            { "action": "snooze", "given_by": "Ada Byron", "role": "nurse", "why": "fluids running" },
        ])
    );
    let shown = out(&["show", "p1", "--data", &data, "-o", "csv"]);
    assert!(shown.contains("acknowledged by Ada Byron (nurse)"), "{shown}");
    let told = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path());
    let told = told.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap());
    assert!(told.collect::<String>().contains("fluids running"), "receivers are told why");
    out(&[&["alerts", "resolve", &id, "--why", "seen by the team"], &who[..]].concat());
    assert_eq!(rows(&data, "SELECT id FROM alerts WHERE status = 'active'"), json!([]));
}

#[test]
fn what_would_change_nothing_is_refused_with_the_reason() {
    let root = tempfile::tempdir().unwrap();
    let (data, id) = folder(root.path());
    let who = ["--by", "Ada Byron", "--role", "nurse", "--data", &data];
    for (what, expected) in [
        (vec!["ack", "00000000000000000000000000000001"], "nothing was said under"),
        (vec!["ack", "yesterday's"], "nothing was said under"),
        (vec!["resolve", &id], "why it is snoozed or resolved"),
        (vec!["snooze", &id, "--for", "25h", "--why", "x"], "at most 24 hours"),
        (vec!["snooze", &id, "--for", "0m", "--why", "x"], "at most 24 hours"),
        (vec!["snooze", &id, "--for", "long", "--why", "x"], "30m or 2h"),
    ] {
        let error = refused(&[&["alerts"], &what[..], &who[..]].concat());
        assert!(error.contains(expected), "{what:?}: {error}");
    }
    assert_eq!(rows(&data, "SELECT * FROM responses"), json!([]));
}

#[test]
fn who_decides_that_a_pipeline_is_silent_is_in_the_log_and_shown() {
    let root = tempfile::tempdir().unwrap();
    let (data, id) = folder(root.path());
    let states = |data: &str| {
        let listed = out(&["pipelines", "--data", data, "-o", "json"]);
        let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
        let of = |name: &str| listed.iter().find(|row| row["name"] == name).unwrap().clone();
        (of("news2"), of("tx-nsaid"))
    };
    let (news2, _) = states(&data);
    assert_eq!((&news2["state"], &news2["decided_by"]), (&json!("live"), &json!("twin replay")));
    assert_eq!((&news2["open"], &news2["changed_since"]), (&json!(1), &json!(false)));
    let who = ["--by", "Ada Byron", "--role", "ward physician", "--data", &data];
    let pause = ["promote", "news2", "--to", "paused", "--reason", "the monitors are moved"];
    let said = out(&[&pause, &who[..]].concat());
    assert!(said.starts_with("news2: paused at 2026-01-02T"), "{said}");
    let again = refused(&[&pause, &who[..]].concat());
    assert!(again.contains("news2: it is paused already"), "{again}");
    let shown = out(&["alerts", "--data", &data, "-o", "csv"]);
    let since = "(pipeline paused by Ada Byron (ward physician): the monitors are moved)";
    assert!(shown.contains("not alerting since 2026-01-02T") && shown.contains(since), "{shown}");
    let ward = rows(&data, "SELECT not_alerting FROM patients WHERE ward IS NULL");
    assert!(ward[0]["not_alerting"].as_str().unwrap().starts_with("news2 not alerting since"));
    out(&["alerts", "ack", &id, "--by", "Ada Byron", "--role", "nurse", "--data", &data]);
    let live = ["promote", "news2", "tx-nsaid", "--to", "live", "--reason", "they stand again"];
    let error = refused(&[&live, &who[..]].concat());
    assert!(error.contains("tx-nsaid: it is live already"), "{error}");
    let shadow = ["promote", "tx-nsaid", "--to", "shadow", "--reason", "to be looked at"];
    out(&[&shadow, &who[..]].concat());
    let live = ["promote", "tx-nsaid", "--to", "live", "--reason", "looked at"];
    let error = refused(&[&live, &who[..]].concat());
    assert!(error.contains("the name of a pharmacist"), "{error}");
    out(&[&live[..], &["--pharmacist", "Percy Price"], &who].concat());
    let (news2, nsaid) = states(&data);
    assert_eq!(news2["state"], "live");
    assert_eq!((&nsaid["state"], &nsaid["pharmacist"]), (&json!("live"), &json!("Percy Price")));
    let decided = rows(
        &data,
        "SELECT state FROM promotions WHERE pipeline = 'news2' ORDER BY known_at NULLS FIRST",
    );
    assert_eq!(decided, json!([{ "state": "live" }, { "state": "paused" }, { "state": "live" }]));
    for (what, expected) in [
        (vec!["news3", "--to", "live", "--reason", "x"], "no pipeline news3 is in force"),
        (vec!["sirs", "--to", "live", "--reason", "x"], "a draft is none before"),
        (vec!["news2", "--to", "shadow", "--reason", ""], "--reason"),
        (vec!["news2", "--to", "louder", "--reason", "x"], "shadow, live, paused"),
    ] {
        let error = refused(&[&["promote"], &what[..], &who[..]].concat());
        assert!(error.contains(expected), "{what:?}: {error}");
    }
}
