//! Pipelines that nobody has put live say nothing over Kafka, and everything on a topic of their own; whoever is asked,
//! every partition hears what was decided.

use std::time::Duration;

use serde_json::Value;

use twinstream::clock::Stopwatch;

use crate::kafka::operating::{deterioration, get, make_topic, send, until, until_ready};
use crate::kafka::{Instance, Setup, brokers};

const PATIENTS: usize = 9;

fn rows(setup: &Setup, url: &str, sql: &str) -> Vec<Value> {
    let answer = setup.twin(&["sql", sql, "--url", url, "-o", "json"]);
    serde_json::from_str(&answer).unwrap()
}

fn states(setup: &Setup, url: &str) -> Vec<(String, String)> {
    let listed = setup.twin(&["pipelines", "--url", url, "-o", "json"]);
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    listed.iter().map(|row| (text(row, "name"), text(row, "state"))).collect()
}

#[test]
fn what_is_in_shadow_is_heard_once_when_it_goes_live_and_a_pause_shows() {
    let Some(brokers) = brokers() else { return };
    let mut setup = Setup::new(&brokers, "promotion");
    let folder = setup.folder.path().join("checkpoints");
    setup.checkpoints =
        format!("checkpoints: {{ folder: '{}', interval_seconds: 1 }}\n", folder.display());
    make_topic(&setup);
    let mut instance = setup.start("live");
    until_ready(&setup, &instance);
    assert!(states(&setup, &instance.url).iter().all(|(_, state)| state == "shadow"));
    let records: Vec<String> =
        (0..PATIENTS).flat_map(|number| deterioration(&format!("p{number}"))).collect();
    send(&setup, &records);
    let shadow = setup.read("twin.shadow.v1", PATIENTS);
    let of_news2 = |record: &&Value| record["pipeline"] == "news2";
    assert_eq!(shadow.iter().filter(of_news2).count(), PATIENTS);
    assert!(shadow.iter().all(|record| record["state"] == "shadow"));
    assert!(setup.read("twin.alerts.v1", 0).is_empty() && setup.read("twin.fhir.v1", 0).is_empty());
    let listed = setup.twin(&["alerts", "--status", "all", "--url", &instance.url, "-o", "json"]);
    assert_eq!(listed.trim(), "[]");
    let (_, page) = get(&instance.url, "/alerts");
    assert!(page.contains("0 open"), "{page}");

    // A restart knows no more of anybody who decided.
    instance.child.kill().unwrap();
    instance.child.wait().unwrap();
    instance = setup.start("live");
    until_ready(&setup, &instance);
    let refused = setup.try_twin(&[
        "promote",
        "tx-nsaid",
        "--to",
        "live",
        "--by",
        "A. Adams",
        "--role",
        "ward physician",
        "--reason",
        "tried",
        "--url",
        &instance.url,
    ]);
    assert!(refused.as_ref().is_err_and(|why| why.contains("pharmacist")), "{refused:?}");
    let draft = setup.try_twin(&[
        "promote",
        "sirs",
        "--to",
        "live",
        "--by",
        "A. Adams",
        "--role",
        "ward physician",
        "--reason",
        "tried",
        "--url",
        &instance.url,
    ]);
    assert!(draft.as_ref().is_err_and(|why| why.contains("no pipeline sirs")), "{draft:?}");
    setup.go_live(&instance.url);
    let alerts = setup.alerts(PATIENTS);
    assert_eq!(alerts.len(), PATIENTS, "{alerts:?}");
    assert!(alerts.iter().all(|alert| alert["change"] == "raised" && alert.get("state").is_none()));

    pauses(&setup, &instance);
    drop(instance);
    let config = setup.folder.path().join("twin.yaml");
    let verdict = setup.twin(&["verify", "--config", config.to_str().unwrap()]);
    assert!(verdict.contains("right") && !verdict.contains("wrong"), "{verdict}");
}

/// A pause shows wherever the pipeline spoke, and what came meanwhile is looked at when it is over.
fn pauses(setup: &Setup, instance: &Instance) {
    let paused = setup.promote(&instance.url, "paused", "the ward is counting by hand").unwrap();
    assert!(paused.contains("news2: paused at"), "{paused}");
    let since = Stopwatch::start();
    let asked = "SELECT count(*) AS n FROM alerts WHERE pipeline = 'news2' AND not_alerting LIKE \
                 'not alerting since % (pipeline paused by A. Adams (ward physician): the ward is counting by hand)'";
    until("every partition is told", setup, || {
        let answer = format!("{:?}", rows(setup, &instance.url, asked));
        assert!(since.elapsed() < Duration::from_secs(60), "{answer}");
        (answer.contains(&format!("Number({PATIENTS})")), answer)
    });
    let (_, ward) = get(&instance.url, "/");
    assert!(ward.contains("news2 not alerting since"), "{ward}");
    let (_, pipelines) = get(&instance.url, "/pipelines");
    assert!(pipelines.contains("not alerting since") && pipelines.contains("counting by hand"));
    send(setup, &deterioration("late"));
    until("what came is there", setup, || {
        let found = rows(setup, &instance.url, "SELECT patient FROM patients");
        (found.len() == PATIENTS + 1, format!("{found:?}"))
    });
    assert_eq!(setup.alerts(PATIENTS).len(), PATIENTS, "a paused pipeline says nothing");
    setup.promote(&instance.url, "live", "the ward counts no more").unwrap();
    assert_eq!(setup.alerts(PATIENTS + 1).len(), PATIENTS + 1, "what came meanwhile is looked at");
}
