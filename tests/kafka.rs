//! The product against a real Apache Kafka: `./check` starts one and names it in `TWIN_TEST_KAFKA`.
//!
//! What is said over Kafka is what is said from the same files, once, whatever is killed in the middle.

mod broker;
mod dead_letters;
mod formats;
mod identity;
mod instances;
mod killed;
mod operating;
mod outage;
mod promotion;
mod secure;
mod verify;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use twinstream::clock::Stopwatch;

const TWIN: &str = env!("CARGO_BIN_EXE_twin");
/// Nothing here takes longer on a machine that works.
const PATIENCE: Duration = Duration::from_secs(90);

/// The brokers; `None`, and a loud word, where no Kafka was started.
fn brokers() -> Option<String> {
    let brokers = std::env::var("TWIN_TEST_KAFKA").ok();
    if brokers.is_none() {
        eprintln!("SKIPPED: no Kafka; ./check starts one and sets TWIN_TEST_KAFKA");
    }
    brokers
}

/// A running `twin run` of its own topics. Killed when it is dropped.
struct Instance {
    child: Child,
    url: String,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

struct Setup {
    brokers: String,
    name: String,
    folder: tempfile::TempDir,
    /// The line of the configuration that says where checkpoints go; none.
    checkpoints: String,
    /// What else the configuration says of the source.
    source: String,
}

/// A record, to the byte.
struct Whole {
    key: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    payload: Vec<u8>,
}

impl Setup {
    fn new(brokers: &str, test: &str) -> Setup {
        let name = format!("{test}-{}-{}", std::process::id(), fastest_clock());
        let (brokers, folder) = (brokers.to_owned(), tempfile::tempdir().unwrap());
        Setup { brokers, name, folder, checkpoints: String::new(), source: String::new() }
    }

    fn topic(&self) -> String {
        format!("{}.in", self.name)
    }

    /// Makes the topic of its source.
    fn create_topic(&self, n_partitions: i32) {
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &self.brokers).create().unwrap();
        let (name, copies) = (self.topic(), TopicReplication::Fixed(1));
        let topic = NewTopic::new(&name, n_partitions, copies);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let made = runtime.block_on(admin.create_topics(&[topic], &AdminOptions::new())).unwrap();
        assert!(made[0].is_ok(), "{made:?}");
    }

    /// An instance that takes the place of the one before at once, and not when that one is given up for dead.
    fn start(&self, clock: &str) -> Instance {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = self.configure(clock, port);
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(TWIN);
        let command = command.arg("run").arg(&config).stdout(Stdio::null()).stderr(log);
        Instance { child: command.spawn().unwrap(), url: format!("http://127.0.0.1:{port}") }
    }

    /// Somebody decides that NEWS2 speaks: on a live clock it begins in shadow.
    fn go_live(&self, url: &str) {
        let since = Stopwatch::start();
        loop {
            match self.promote(url, "live", "what it says is what is tested") {
                Ok(_) => return,
                Err(why) if why.contains("live already") => return,
                Err(why) => {
                    assert!(since.elapsed() < PATIENCE, "{why} {}", self.log());
                    std::thread::park_timeout(Duration::from_millis(50));
                }
            }
        }
    }

    /// What `twin promote` answers about NEWS2.
    fn promote(&self, url: &str, state: &str, why: &str) -> Result<String, String> {
        self.try_twin(&[
            "promote",
            "news2",
            "--to",
            state,
            "--by",
            "A. Adams",
            "--role",
            "ward physician",
            "--reason",
            why,
            "--url",
            url,
        ])
    }

    fn configure(&self, clock: &str, port: u16) -> PathBuf {
        let config = self.folder.path().join("twin.yaml");
        let source =
            if self.source.is_empty() { String::new() } else { format!(", {}", self.source) };
        let format = if source.contains("format:") { "" } else { "format: fhir, " };
        let text = format!(
            "http: {{ listen: '127.0.0.1:{port}' }}\nlog: {{ partitions: 3, clock: {clock} }}\n\
             kafka: {{ brokers: '{}', group: '{}', topic_prefix: '{}.', \
             properties: {{ group.instance.id: one }} }}\n\
             sources: [{{ name: in, topics: ['{}'], {format}namespace: local{source} }}]\n{}",
            self.brokers,
            self.name,
            self.name,
            self.topic(),
            self.checkpoints,
        );
        fs::write(&config, text).unwrap();
        config
    }

    /// `twin dlq` about this instance.
    fn dlq(&self, arguments: &[&str]) -> String {
        let config = self.folder.path().join("twin.yaml");
        let config = config.to_str().unwrap();
        self.twin(&[&["dlq"], arguments, &["--config", config]].concat())
    }

    /// The alert records as a consumer that reads committed sees them, once there are `n`. Those about a patient are
    /// numbered without a gap, whatever happened meanwhile.
    fn alerts(&self, n: usize) -> Vec<Value> {
        let alerts = self.read("twin.alerts.v1", n);
        let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
        for alert in &alerts {
            let number = numbers.entry(alert["patient"].as_str().unwrap()).or_default();
            *number += 1;
            assert_eq!(alert["number"].as_u64(), Some(*number), "{alert}");
        }
        alerts
    }

    fn read(&self, topic: &str, n: usize) -> Vec<Value> {
        let records = self.records(topic, n);
        records.iter().map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect()
    }

    fn records(&self, topic: &str, n: usize) -> Vec<(BTreeMap<String, String>, Vec<u8>)> {
        let records = self.whole_records(topic, n).into_iter().map(|record| {
            let headers = record.headers.into_iter();
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            (headers.map(|(name, value)| (name, text(value))).collect(), record.payload)
        });
        records.collect()
    }

    fn whole_records(&self, topic: &str, n: usize) -> Vec<Whole> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", format!("{}-reader-{}", self.name, fastest_clock()))
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "earliest")
            .create()
            .unwrap();
        consumer.subscribe(&[&format!("{}.{topic}", self.name)]).unwrap();
        let (mut records, since) = (Vec::new(), Stopwatch::start());
        // After the last one expected a little more patience: a second saying would come then.
        let mut quiet_since = Stopwatch::start();
        while quiet_since.elapsed() < Duration::from_secs(3) || records.len() < n {
            assert!(
                since.elapsed() < PATIENCE,
                "{} of {n} records of {topic}: {}",
                records.len(),
                self.log()
            );
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
                let headers = message.headers().map_or_else(Vec::new, |headers| {
                    let all = headers.iter();
                    all.map(|one| (one.key.to_owned(), one.value.unwrap_or_default().to_vec()))
                        .collect()
                });
                let key = message.key().unwrap_or_default().to_vec();
                let payload = message.payload().unwrap_or_default().to_vec();
                records.push(Whole { key, headers, payload });
                quiet_since = Stopwatch::start();
            }
        }
        records
    }

    fn log(&self) -> String {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let logs = files.filter(|path| path.to_str().is_some_and(|path| path.ends_with("log")));
        logs.map(|path| fs::read_to_string(path).unwrap_or_default()).collect()
    }

    fn twin(&self, arguments: &[&str]) -> String {
        self.try_twin(arguments).unwrap_or_else(|error| panic!("twin {arguments:?}: {error}"))
    }

    /// What the command writes, or what it says where it fails.
    fn try_twin(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(TWIN).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        match output.status.success() {
            true => Ok(text(output.stdout)),
            false => Err(text(output.stderr)),
        }
    }
}

fn fastest_clock() -> u128 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos()
}

/// What a revision says, without where the log has it.
fn said(alerts: &[Value]) -> Vec<String> {
    let mut said: Vec<String> = alerts
        .iter()
        .map(|alert| {
            let text = |name: &str| alert[name].to_string();
            ["id", "revision", "change", "patient", "pipeline", "band", "effective_at", "text"]
                .map(text)
                .join(" ")
        })
        .collect();
    said.sort();
    said
}

/// The history of a ward for two days, with a deterioration, a correction and a bad record.
fn history(path: &Path) {
    let mut lines = String::new();
    for patient in 0..20 {
        let stay = format!(
            r#"{{"resourceType":"Encounter","id":"stay-{patient}","status":"in-progress","class":{{"code":"IMP"}},"subject":{{"reference":"Patient/p{patient}"}},"period":{{"start":"2026-01-01T00:00:00Z"}},"meta":{{"lastUpdated":"2026-01-01T00:00:00Z"}}}}"#
        );
        lines += &format!("{stay}\n");
        for hour in 0..12 {
            let rate = if hour == 7 && patient % 3 == 0 { 28 } else { 14 + hour % 3 };
            for (code, value, unit) in [("9279-1", rate, "/min"), ("8867-4", 70 + hour, "/min")] {
                lines += &format!(
                    r#"{{"resourceType":"Observation","id":"o{patient}-{hour}-{code}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},"subject":{{"reference":"Patient/p{patient}"}},"effectiveDateTime":"2026-01-02T{hour:02}:00:00Z","issued":"2026-01-02T{hour:02}:01:00Z","valueQuantity":{{"value":{value},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}}}"#
                );
                lines.push('\n');
            }
        }
    }
    lines += "{\"resourceType\":\"Observation\", cut\n";
    lines += r#"{"resourceType":"Observation","id":"o3-7-9279-1","status":"corrected","code":{"coding":[{"system":"http://loinc.org","code":"9279-1"}]},"subject":{"reference":"Patient/p3"},"effectiveDateTime":"2026-01-02T07:00:00Z","issued":"2026-01-02T13:01:00Z","valueQuantity":{"value":15,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}"#;
    fs::write(path, lines).unwrap();
}

#[test]
fn kafka_says_what_the_file_says_once_whatever_is_killed() {
    let Some(brokers) = brokers() else { return };
    let setup = Setup::new(&brokers, "history");
    let input = setup.folder.path().join("history.ndjson");
    history(&input);
    let input = input.to_str().unwrap();
    let data = setup.folder.path().join("data");
    let data = data.to_str().unwrap();
    setup.twin(&["replay", input, "--data", data]);
    let file = fs::read_to_string(Path::new(data).join("effects.ndjson")).unwrap();
    let lines = file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let records = lines.flat_map(|line| line["records"].as_array().unwrap().clone());
    let expected: Vec<Value> = records
        .filter(|record| record["topic"] == "twin.alerts.v1")
        .map(|record| record["value"].clone())
        .collect();
    assert!(expected.iter().any(|alert| alert["change"] == "withdrawn"), "a correction withdraws");

    setup.twin(&["produce", input, "--brokers", &brokers, "--topic", &setup.topic()]);
    // Killed again and again, at moments that mean nothing.
    for millis in [300, 700, 1_100, 1_600] {
        let mut instance = setup.start("recorded");
        let since = Stopwatch::start();
        while since.elapsed() < Duration::from_millis(millis) {
            std::thread::yield_now();
        }
        instance.child.kill().unwrap();
    }
    let _instance = setup.start("recorded");
    let alerts = setup.alerts(expected.len());
    assert_eq!(said(&alerts), said(&expected));
    let bundles = setup.read("twin.fhir.v1", expected.len());
    assert_eq!(bundles.len(), expected.len());
    assert!(bundles.iter().all(|bundle| bundle["resourceType"] == "Bundle"));
    let letters = setup.records("twin.dlq.v1", 1);
    assert!(letters.iter().all(|(headers, _)| headers["twin_reason"] == "undecodable"));
    assert!(
        letters
            .iter()
            .all(|(_, bytes)| bytes.starts_with(b"{\"resourceType\":\"Observation\", cut"))
    );
}

#[test]
fn a_live_instance_answers_about_what_just_came() {
    let Some(brokers) = brokers() else { return };
    let setup = Setup::new(&brokers, "live");
    // The topic is there before the source is.
    let empty = setup.folder.path().join("empty.ndjson");
    fs::write(&empty, "").unwrap();
    let empty = empty.to_str().unwrap();
    setup.twin(&["produce", empty, "--live", "--brokers", &brokers, "--topic", &setup.topic()]);
    let instance = setup.start("live");
    setup.go_live(&instance.url);
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", &brokers).create().unwrap();
    let now = fastest_clock() / 1_000_000_000;
    let at = |minutes_ago: u128| {
        let seconds = i64::try_from(now - 60 * minutes_ago).unwrap();
        twinstream::domain::time::Timestamp::from_micros(seconds * 1_000_000).to_string()
    };
    let records = [
        format!(
            r#"{{"resourceType":"Encounter","id":"s","status":"in-progress","class":{{"code":"IMP"}},"subject":{{"reference":"Patient/p"}},"period":{{"start":"{}"}}}}"#,
            at(600)
        ),
        format!(
            r#"{{"resourceType":"Observation","id":"o","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"9279-1"}}]}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"{}","valueQuantity":{{"value":31,"code":"/min"}}}}"#,
            at(1)
        ),
    ];
    for record in &records {
        producer
            .send(BaseRecord::<[u8], str>::to(&setup.topic()).payload(record))
            .map_err(|(error, _)| error)
            .unwrap();
    }
    producer.flush(PATIENCE).unwrap();
    let alerts = setup.alerts(1);
    assert_eq!((alerts.len(), &alerts[0]["change"]), (1, &Value::from("raised")));
    let listed = setup.twin(&["alerts", "--url", &instance.url, "-o", "json"]);
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed[0]["id"], alerts[0]["id"]);
    let id = alerts[0]["id"].as_str().unwrap();
    let explained = setup.twin(&["explain", id, "--url", &instance.url, "-o", "csv"]);
    assert!(explained.contains("31 /min") && explained.contains(&setup.topic()), "{explained}");
    let shown = setup.twin(&["show", "p", "--url", &instance.url, "-o", "json"]);
    assert!(shown.contains("respiratory_rate"), "{shown}");
}
