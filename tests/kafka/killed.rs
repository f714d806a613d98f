//! An instance that is killed in the middle of a stream, again and again, goes on from its checkpoints: what
//! it says in all its lives is what an uninterrupted run says, each revision once.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::Value;

use twinstream::clock::Stopwatch;
use twinstream::storage::object::{BucketSpec, Storage, StorageSpec};

use crate::kafka::{PATIENCE, Setup, brokers, history, said};

/// Portions of the stream: one a life.
const N_LIVES: usize = 7;

#[test]
fn killed_again_and_again_with_checkpoints_in_a_folder_everything_is_said_once() {
    let Some(brokers) = brokers() else { return };
    let mut setup = Setup::new(&brokers, "killed");
    let folder = setup.folder.path().join("checkpoints");
    setup.checkpoints = format!("checkpoints: {{ folder: '{}', ONCE }}\n", folder.display());
    live_and_die(&mut setup, &StorageSpec::Folder(folder));
}

#[test]
fn killed_again_and_again_with_checkpoints_in_a_bucket_everything_is_said_once() {
    let Some(brokers) = brokers() else { return };
    let endpoint = std::env::var("TWIN_TEST_S3").ok().filter(|_| cfg!(feature = "s3"));
    let Some(endpoint) = endpoint else {
        eprintln!("SKIPPED: no S3; ./check starts one, sets TWIN_TEST_S3 and builds with `s3`");
        return;
    };
    let mut setup = Setup::new(&brokers, "killed-s3");
    let prefix = setup.name.clone();
    setup.checkpoints = format!(
        "checkpoints: {{ s3: {{ bucket: twin, prefix: '{prefix}', endpoint: '{endpoint}', \
         region: us-east-1 }}, ONCE }}\n"
    );
    let region = Some("us-east-1".to_owned());
    let bucket = BucketSpec { bucket: "twin".to_owned(), prefix, endpoint: Some(endpoint), region };
    live_and_die(&mut setup, &StorageSpec::Bucket(bucket));
}

/// When a life ends.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// After so long, whatever it does then.
    After(Duration),
    /// When it has claimed its partitions, before it has read anything.
    Claimed,
    /// When what it took is in the log, and nothing may have been said of it yet.
    Appended,
    /// When it has published so many checkpoints, in the middle of the next.
    Published(usize),
}

const MOMENTS: [Moment; N_LIVES] = [
    Moment::Published(1),
    Moment::Appended,
    Moment::Published(2),
    Moment::Claimed,
    Moment::Appended,
    Moment::After(Duration::from_millis(1_500)),
    Moment::Appended,
];

fn live_and_die(setup: &mut Setup, checkpoints: &StorageSpec) {
    setup.checkpoints = setup.checkpoints.replace("ONCE", "interval_seconds: 1");
    let storage = Storage::open(checkpoints).unwrap();
    let consumer = ClientConfig::new().set("bootstrap.servers", &setup.brokers).create();
    let consumer: BaseConsumer = consumer.unwrap();
    let path = |name: &str| setup.folder.path().join(name).to_str().unwrap().to_owned();
    let (input, data) = (path("history.ndjson"), path("data"));
    history(Path::new(&input));
    setup.twin(&["replay", &input, "--data", &data]);
    let expected = alerts_of(Path::new(&data));
    assert!(expected.iter().any(|alert| alert["change"] == "withdrawn"), "a correction withdraws");

    for (life, portion) in portions(&fs::read_to_string(&input).unwrap()).iter().enumerate() {
        let file = path("portion.ndjson");
        fs::write(&file, portion).unwrap();
        let produce = ["produce", &file, "--brokers", &setup.brokers, "--topic", &setup.topic()];
        // The topic must be there before the first life, and later ones are told in the middle.
        let before = if life == 0 { Some(setup.twin(&produce)) } else { None };
        let (n_claims, n_published) = found(&storage, setup);
        // Before the first life there is no log.
        let n_appended = if life == 0 { 0 } else { n_frames(setup, &consumer) };
        let mut instance = setup.start("recorded");
        if before.is_none() {
            setup.twin(&produce);
        }
        let since = Stopwatch::start();
        let is_over = || match MOMENTS[life] {
            Moment::After(time) => time <= since.elapsed(),
            Moment::Claimed => n_claims < found(&storage, setup).0,
            Moment::Appended => n_appended < n_frames(setup, &consumer),
            Moment::Published(n) => n_published + n <= found(&storage, setup).1,
        };
        while !is_over() {
            let is_alive = instance.child.try_wait().unwrap().is_none();
            assert!(is_alive && since.elapsed() < PATIENCE, "life {life}: {}", setup.log());
        }
        instance.child.kill().unwrap();
        instance.child.wait().unwrap();
    }
    let _instance = setup.start("recorded");
    let alerts = setup.alerts(expected.len());
    assert_eq!(said(&alerts), said(&expected));
    let mut revisions: Vec<String> =
        alerts.iter().map(|alert| format!("{} {}", alert["id"], alert["revision"])).collect();
    revisions.sort();
    revisions.dedup();
    assert_eq!(revisions.len(), alerts.len(), "no revision is said twice");
    let log = setup.log();
    assert!(log.contains("restored from checkpoints") && !log.contains("n_shards=0"), "{log}");
    assert!(!log.contains("is passed over"), "a kill damages nothing: {log}");
}

/// The greatest epoch that was claimed, over all partitions, and how many checkpoints were published, by
/// their greatest numbers: old ones are deleted.
fn found(storage: &Storage, setup: &Setup) -> (u64, usize) {
    let listed = storage.list(&format!("{}.twin.events.v1", setup.name)).unwrap();
    let (mut epoch, mut published) = (0, std::collections::BTreeMap::new());
    for object in listed {
        let mut segments = object.name.rsplit('/');
        let (name, kind) = (segments.next().unwrap(), segments.next().unwrap());
        let partition = segments.next().unwrap().to_owned();
        match (kind, name.strip_suffix(".json").and_then(|name| name.split_once('-'))) {
            ("claims", _) => epoch = epoch.max(name.parse::<u64>().unwrap()),
            ("manifests", Some((epoch, sequence))) => {
                let sequence = sequence.parse::<usize>().unwrap();
                published.insert((partition, epoch.to_owned()), sequence);
            }
            _ => {}
        }
    }
    (epoch, published.values().sum())
}

/// How many frames there are in the log.
fn n_frames(setup: &Setup, consumer: &BaseConsumer) -> i64 {
    let topic = format!("{}.twin.events.v1", setup.name);
    let end = |partition| consumer.fetch_watermarks(&topic, partition, PATIENCE);
    (0..3).map(|partition| end(partition).unwrap().1).sum()
}

fn alerts_of(data: &Path) -> Vec<Value> {
    let file = fs::read_to_string(data.join("effects.ndjson")).unwrap();
    let lines = file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let records = lines.flat_map(|line| line["records"].as_array().unwrap().clone());
    let alerts = records.filter(|record| record["topic"] == "twin.alerts.v1");
    alerts.map(|record| record["value"].clone()).collect()
}

/// The stream in pieces: stays first, then two hours each, and at last what has no hour and the correction.
fn portions(history: &str) -> [String; N_LIVES] {
    let mut portions: [String; N_LIVES] = std::array::from_fn(|_| String::new());
    for line in history.lines() {
        let issued = line.split_once("\"issued\":\"2026-01-02T");
        let hour = issued.and_then(|(_, at)| at[..2].parse::<usize>().ok());
        let portion = match hour {
            Some(hour) => (hour / 2).min(N_LIVES - 1),
            None if line.contains("Encounter") => 0,
            None => N_LIVES - 1,
        };
        portions[portion] += &format!("{line}\n");
    }
    portions
}
