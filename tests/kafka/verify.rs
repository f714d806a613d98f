//! `twin verify` of an instance on Kafka: beside it while it runs, after it has stopped, with a bit flipped in
//! a part, and when Kafka has forgotten the beginning of the log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;

use twinstream::clock::Stopwatch;

use crate::kafka::{Instance, PATIENCE, Setup, TWIN, brokers, history};

/// What `twin verify` answers, and whether it is content.
fn verify(setup: &Setup) -> (Vec<Value>, bool) {
    let config = setup.folder.path().join("twin.yaml");
    let output = Command::new(TWIN)
        .args(["verify", "--config", config.to_str().unwrap(), "-o", "json"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    let rows = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{error}"));
    (rows, output.status.success())
}

fn verdicts(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["verdict"].as_str().unwrap()).collect()
}

/// Waits until every partition has a checkpoint.
fn wait_for_checkpoints(setup: &Setup, folder: &Path) {
    let since = Stopwatch::start();
    let log = folder.join(format!("{}.twin.events.v1", setup.name));
    let has = |partition: u32| {
        let manifests = fs::read_dir(log.join(format!("{partition:05}/manifests")));
        manifests.is_ok_and(|mut manifests| manifests.next().is_some())
    };
    while !(0..3).all(has) {
        assert!(since.elapsed() < PATIENCE, "{}", setup.log());
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Ends an instance as an operator does.
fn stop(mut instance: Instance) {
    let pid = instance.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(instance.child.wait().unwrap().success());
}

/// The largest part of the first partition.
fn largest_part(setup: &Setup, folder: &Path) -> PathBuf {
    let parts = folder.join(format!("{}.twin.events.v1/00000/parts", setup.name));
    let parts = fs::read_dir(parts).unwrap().map(|entry| entry.unwrap());
    parts.max_by_key(|part| part.metadata().unwrap().len()).unwrap().path()
}

fn forget_before(setup: &Setup, partition: i32, offset: i64) {
    let client = ClientConfig::new().set("bootstrap.servers", &setup.brokers).create();
    let admin: AdminClient<DefaultClientContext> = client.unwrap();
    let mut list = TopicPartitionList::new();
    let topic = format!("{}.twin.events.v1", setup.name);
    list.add_partition_offset(&topic, partition, Offset::Offset(offset)).unwrap();
    let deleted = admin.delete_records(&list, &AdminOptions::new());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(deleted).unwrap();
}

#[test]
fn an_instance_is_verified_while_it_runs_and_a_flipped_bit_is_named() {
    let Some(brokers) = brokers() else { return };
    let mut setup = Setup::new(&brokers, "verify");
    let folder = setup.folder.path().join("checkpoints");
    setup.checkpoints =
        format!("checkpoints: {{ folder: '{}', interval_seconds: 1 }}\n", folder.display());
    let input = setup.folder.path().join("history.ndjson");
    history(&input);
    let input = input.to_str().unwrap();
    setup.twin(&["produce", input, "--brokers", &brokers, "--topic", &setup.topic()]);
    let mut instance = setup.start("recorded");
    setup.alerts(1);
    wait_for_checkpoints(&setup, &folder);
    let (rows, is_content) = verify(&setup);
    assert_eq!((verdicts(&rows), is_content), (vec!["right"; 3], true), "beside it: {rows:?}");
    assert!(instance.child.try_wait().unwrap().is_none(), "it goes on: {}", setup.log());
    stop(instance);
    let (rows, is_content) = verify(&setup);
    assert_eq!((verdicts(&rows), is_content), (vec!["right"; 3], true), "after it: {rows:?}");

    let part = largest_part(&setup, &folder);
    let whole = fs::read(&part).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    fs::write(&part, &flipped).unwrap();
    let (damaged, is_content) = verify(&setup);
    assert_eq!((verdicts(&damaged)[0], is_content), ("wrong", false));
    assert_eq!(verdicts(&damaged)[1..], ["right"; 2]);
    let (why, name) = (damaged[0]["why"].to_string(), part.file_name().unwrap().to_str().unwrap());
    assert!(why.contains(name) && why.contains("not those that were written"), "{why}");

    fs::write(&part, &whole).unwrap();
    forget_before(&setup, 0, 2);
    let (rows, is_content) = verify(&setup);
    assert_eq!((verdicts(&rows), is_content), (vec!["counted", "right", "right"], true));
    let expected = "the log begins at offset 2, so only the checkpoint's own rows were counted";
    assert_eq!(rows[0]["why"], expected);
}
