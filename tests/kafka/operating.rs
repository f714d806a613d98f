//! What operators see of an instance: probes, numbers, and how it stops.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use twinstream::clock::Stopwatch;
use twinstream::domain::time::Timestamp;

use crate::kafka::{Instance, PATIENCE, Setup, brokers, fastest_clock};

/// The status and the text of an address.
pub(super) fn get(url: &str, path: &str) -> (u16, String) {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = config.timeout_global(Some(Duration::from_secs(5))).build().into();
    match agent.get(format!("{url}{path}")).call() {
        Ok(mut answer) => {
            (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap_or_default())
        }
        Err(error) => (0, error.to_string()),
    }
}

/// Waits until it is so; what is found last is told where it never is.
pub(super) fn until(what: &str, setup: &Setup, mut look: impl FnMut() -> (bool, String)) {
    let since = Stopwatch::start();
    loop {
        let (is_so, found) = look();
        if is_so {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "waited for: {what}\n{found}\n{}", setup.log());
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

pub(super) fn until_ready(setup: &Setup, instance: &Instance) {
    until("ready", setup, || {
        let (status, text) = get(&instance.url, "/readyz?verbose");
        (status == 200, text)
    });
}

/// The value of a series, by its name and labels as they are written.
fn value(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    line.parse().ok()
}

/// Sends records of now to the source.
pub(super) fn send(setup: &Setup, records: &[String]) {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", &setup.brokers).create().unwrap();
    for record in records {
        producer
            .send(BaseRecord::<[u8], str>::to(&setup.topic()).payload(record))
            .map_err(|(error, _)| error)
            .unwrap();
    }
    producer.flush(PATIENCE).unwrap();
}

/// Makes the topic of the source.
pub(super) fn make_topic(setup: &Setup) {
    let empty = setup.folder.path().join("empty.ndjson");
    fs::write(&empty, "").unwrap();
    let (empty, topic) = (empty.to_str().unwrap(), setup.topic());
    setup.twin(&["produce", empty, "--live", "--brokers", &setup.brokers, "--topic", &topic]);
}

pub(super) fn minutes_ago(minutes: u128) -> String {
    let seconds = i64::try_from(fastest_clock() / 1_000_000_000 - 60 * minutes).unwrap();
    Timestamp::from_micros(seconds * 1_000_000).to_string()
}

/// A stay, and a rate that alone raises an alert.
pub(super) fn deterioration(patient: &str) -> [String; 2] {
    [
        format!(
            r#"{{"resourceType":"Encounter","id":"s-{patient}","status":"in-progress","class":{{"code":"IMP"}},"subject":{{"reference":"Patient/{patient}"}},"period":{{"start":"{}"}}}}"#,
            minutes_ago(600)
        ),
        format!(
            r#"{{"resourceType":"Observation","id":"o-{patient}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"9279-1"}}]}},"subject":{{"reference":"Patient/{patient}"}},"effectiveDateTime":"{}","valueQuantity":{{"value":31,"code":"/min"}}}}"#,
            minutes_ago(1)
        ),
    ]
}

/// What a running instance says of itself.
const LINES: [&str; 7] = [
    "[+] doors: open",
    "[+] kafka: the brokers answer",
    "[+] restored: the shards are in memory",
    "[+] caught-up: 3 partitions are read to where they ended",
    "[+] definitions: ",
    "[+] ingest: ",
    "[+] twins: ",
];

/// Numbers that are more than nothing in a running instance.
const GROWING: [&str; 6] = [
    "twin_checkpoint_bytes{partition=\"0\"}",
    "twin_checkpoint_next_offset{partition=\"1\"}",
    "twin_shard_memory_bytes{partition=\"1\"}",
    "twin_stage_cpu_seconds_total{thread=\"twins\",stage=\"step\"}",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
];

#[test]
fn probes_say_what_is_missing_and_numbers_say_what_happened() {
    let Some(brokers) = brokers() else { return };
    let mut setup = Setup::new(&brokers, "operating");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = setup.folder.path().join("checkpoints");
    setup.checkpoints = format!(
        "checkpoints: {{ folder: '{}', interval_seconds: 1 }}\nadmin: {{ listen: '0.0.0.0:{port}' }}\n",
        folder.display()
    );
    make_topic(&setup);
    let instance = setup.start("live");
    // From the first moment on it is alive, and says what it waits for.
    until("alive", &setup, || (get(&instance.url, "/livez").0 == 200, String::new()));
    until_ready(&setup, &instance);
    let (_, lines) = get(&instance.url, "/readyz?verbose");
    for line in LINES {
        assert!(lines.lines().any(|found| found.starts_with(line)), "{line}\n{lines}");
    }
    setup.go_live(&instance.url);
    let mut records = deterioration("p").to_vec();
    records.push("{ this is cut".to_owned());
    send(&setup, &records);
    assert_eq!(setup.alerts(1).len(), 1);

    let admin = format!("http://127.0.0.1:{port}");
    let mut expected = vec![
        ("twin_source_records_total{source=\"in\"}", 3.0),
        ("twin_source_lag_records{source=\"in\"}", 0.0),
        ("twin_dead_letters_total{reason=\"undecodable\",extent=\"whole\"}", 1.0),
        ("twin_event_lateness_seconds_count{source=\"in\"}", 2.0),
        ("twin_event_lateness_seconds_bucket{source=\"in\",le=\"30\"}", 0.0),
        ("twin_event_lateness_seconds_bucket{source=\"in\",le=\"300\"}", 1.0),
        (
            "twin_effects_total{pipeline=\"news2\",kind=\"alert\",severity=\"passive\",change=\"raised\"}",
            1.0,
        ),
        ("twin_pipelines{state=\"live\"}", 1.0),
        ("twin_pipelines{state=\"paused\"}", 0.0),
        ("twin_scores{pipeline=\"news2\",status=\"incomplete\"}", 1.0),
        ("twin_log_lag_frames{partition=\"2\"}", 0.0),
        ("twin_kafka_up", 1.0),
        ("twin_ready", 1.0),
        ("twin_queries_refused_total{door=\"http\"}", 0.0),
    ];
    until("the numbers", &setup, || {
        let (_, metrics) = get(&admin, "/metrics");
        expected.retain(|(series, expected)| value(&metrics, series) != Some(*expected));
        (expected.is_empty(), format!("{expected:?}\n{metrics}"))
    });
    for series in GROWING {
        until(series, &setup, || {
            let (_, metrics) = get(&admin, "/metrics");
            (value(&metrics, series).is_some_and(|value| 0.0 < value), metrics)
        });
    }
    let (_, metrics) = get(&admin, "/metrics");
    assert!(!metrics.contains("local/p"), "a patient in a label");
    assert_eq!(get(&admin, "/").0, 404, "the console is not on the door for operators");
    let (_, lines) = get(&instance.url, "/readyz?verbose");
    assert!(lines.contains("[+] checkpoints: "), "{lines}");
}

#[test]
fn a_termination_ends_an_instance_in_order() {
    let Some(brokers) = brokers() else { return };
    let setup = Setup::new(&brokers, "stopping");
    make_topic(&setup);
    let mut instance = setup.start("live");
    until_ready(&setup, &instance);
    signal(&instance, "-TERM");
    let status = instance.child.wait().unwrap();
    assert!(status.success(), "{}", setup.log());
    assert!(setup.log().contains("stopped"), "{}", setup.log());
}

/// Sends a signal to an instance.
pub(super) fn signal(instance: &Instance, signal: &str) {
    let pid = instance.child.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
}
