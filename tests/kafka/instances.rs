//! Several instances of one group: partitions move between them while alerts are raised, and each is said once.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use twinstream::clock::{Stopwatch, now};
use twinstream::domain::time::Span;

use crate::kafka::{PATIENCE, Setup, TWIN, brokers};

const N_PARTITIONS: u32 = 6;

/// One of several instances. Killed when it is dropped.
struct Member {
    name: String,
    child: Child,
    url: String,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Member {
    fn join(setup: &Setup, name: &str) -> Member {
        Member::join_with(setup, name, &[])
    }

    fn join_with(setup: &Setup, name: &str, options: &[&str]) -> Member {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = setup.folder.path().join(format!("{name}.yaml"));
        let text = format!(
            "http: {{ listen: '127.0.0.1:{port}' }}\nlog: {{ partitions: {N_PARTITIONS} }}\n\
             kafka: {{ brokers: '{}', group: '{}', topic_prefix: '{}.', instance: {name} }}\n\
             sources: [{{ name: in, topics: ['{}'], format: fhir, namespace: local }}]\n\
             checkpoints: {{ folder: '{}', interval_seconds: 1 }}\n",
            setup.brokers,
            setup.name,
            setup.name,
            setup.topic(),
            setup.folder.path().join("checkpoints").display(),
        );
        fs::write(&config, text).unwrap();
        let log = fs::OpenOptions::new().create(true).append(true).open(log_of(setup, name));
        let mut command = Command::new(TWIN);
        let command = command
            .arg("run")
            .arg(&config)
            .args(options)
            .stdout(Stdio::null())
            .stderr(log.unwrap());
        let child = command.spawn().unwrap();
        Member { name: name.to_owned(), child, url: format!("http://127.0.0.1:{port}") }
    }

    /// Asks it to stop, and waits until it has.
    fn leave(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "{} stops in good order", self.name);
    }

    /// What it answers to a question, or why it does not.
    fn ask(&self, sql: &str) -> Result<String, String> {
        let output =
            Command::new(TWIN).args(["sql", sql, "--url", &self.url, "-o", "csv"]).output();
        let output = output.unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap()),
            false => Err(String::from_utf8(output.stderr).unwrap()),
        }
    }

    /// Whether it still runs, which it must.
    fn check(&mut self, setup: &Setup) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "{}: {}", self.name, log(setup, &self.name));
    }
}

fn log_of(setup: &Setup, name: &str) -> PathBuf {
    setup.folder.path().join(format!("{name}.log"))
}

fn log(setup: &Setup, name: &str) -> String {
    fs::read_to_string(log_of(setup, name)).unwrap_or_default()
}

/// A ward whose patients deteriorate one after another.
struct Ward {
    producer: BaseProducer,
    topic: String,
    n_patients: usize,
}

impl Ward {
    fn new(setup: &Setup) -> Ward {
        setup.create_topic(4);
        let producer = ClientConfig::new().set("bootstrap.servers", &setup.brokers).create();
        Ward { producer: producer.unwrap(), topic: setup.topic(), n_patients: 0 }
    }

    fn send(&self, patient: usize, record: &str) {
        let key = format!("p{patient}");
        let record = BaseRecord::to(&self.topic).key(&key).payload(record);
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
    }

    /// Admits patients for as long as this, and each of them deteriorates at once: one alert each.
    fn admit_for(&mut self, time: Duration) {
        let since = Stopwatch::start();
        while since.elapsed() < time {
            let (patient, at) = (self.n_patients, now());
            self.n_patients += 1;
            let (early, at) = (at.plus(Span::from_hours(-2)), at.plus(Span::from_minutes(-1)));
            self.send(patient, &format!(
                r#"{{"resourceType":"Encounter","id":"s{patient}","status":"in-progress","class":{{"code":"IMP"}},"subject":{{"reference":"Patient/p{patient}"}},"period":{{"start":"{early}"}}}}"#
            ));
            self.send(patient, &format!(
                r#"{{"resourceType":"Observation","id":"o{patient}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"9279-1"}}]}},"subject":{{"reference":"Patient/p{patient}"}},"effectiveDateTime":"{at}","valueQuantity":{{"value":31,"code":"/min"}}}}"#
            ));
            self.producer.poll(Duration::from_millis(2));
        }
        self.producer.flush(PATIENCE).unwrap();
    }
}

/// One alert of each patient, each revision once.
fn check_alerts(setup: &Setup, n_patients: usize) {
    let alerts = setup.alerts(n_patients);
    let mut of_patient: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for alert in &alerts {
        of_patient.entry(alert["patient"].as_str().unwrap()).or_default().push(alert);
    }
    for (patient, alerts) in &of_patient {
        assert_eq!(alerts.len(), 1, "{patient}: {alerts:?}");
        assert_eq!(alerts[0]["change"], "raised", "{patient}");
    }
    assert_eq!(of_patient.len(), n_patients);
}

/// Waits until somebody answers for all patients.
fn count_of(setup: &Setup, members: &mut [Member]) -> String {
    let since = Stopwatch::start();
    loop {
        for member in members.iter_mut() {
            member.check(setup);
            match member.ask("SELECT count(*) FROM patients") {
                Ok(count) => return count,
                Err(why) => {
                    let logs: Vec<String> = vec![log(setup, &member.name)];
                    assert!(since.elapsed() < PATIENCE, "{why} {logs:?}");
                }
            }
        }
    }
}

#[test]
fn instances_that_come_and_go_say_everything_once() {
    let Some(brokers) = brokers() else { return };
    let setup = Setup::new(&brokers, "instances");
    let mut ward = Ward::new(&setup);
    let second = Duration::from_secs(1);
    let mut first = Member::join(&setup, "first");
    setup.go_live(&first.url);
    ward.admit_for(second);
    let mut other = Member::join(&setup, "second");
    ward.admit_for(3 * second);
    let third = Member::join(&setup, "third");
    ward.admit_for(3 * second);
    // One dies, one goes, one comes, and patients do not wait.
    first.check(&setup);
    drop(first);
    ward.admit_for(2 * second);
    third.leave();
    ward.admit_for(2 * second);
    let last = Member::join(&setup, "first");
    ward.admit_for(4 * second);
    check_alerts(&setup, ward.n_patients);
    other.check(&setup);
    last.leave();
    let count = count_of(&setup, &mut [other]);
    assert_eq!(count.lines().nth(1), Some(ward.n_patients.to_string().as_str()), "{count}");
}

#[test]
fn half_of_the_hospital_is_no_answer() {
    let Some(brokers) = brokers() else { return };
    let setup = Setup::new(&brokers, "halves");
    let mut ward = Ward::new(&setup);
    let mut members = [Member::join(&setup, "left"), Member::join(&setup, "right")];
    // Whichever is asked: the owner of the first partition tells all others.
    setup.go_live(&members[1].url);
    ward.admit_for(Duration::from_secs(1));
    check_alerts(&setup, ward.n_patients);
    // Once both have a share, neither counts its own as if they were all.
    let since = Stopwatch::start();
    loop {
        let answers: Vec<_> =
            members.iter().map(|member| member.ask("SELECT count(*) FROM patients")).collect();
        members.iter_mut().for_each(|member| member.check(&setup));
        for answer in answers.iter().flatten() {
            assert_eq!(answer.lines().nth(1), Some(ward.n_patients.to_string().as_str()));
        }
        let names = |answer: &Result<String, String>| {
            let why = answer.as_ref().err();
            why.is_some_and(|why| why.contains("of the log are not here (3 are)"))
        };
        if answers.iter().all(names) {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{answers:?}");
    }
    // A replica has both halves, from their checkpoints and what came since, and says nothing a second time.
    let mut replica = [Member::join_with(&setup, "replica", &["--only", "replica"])];
    // It answers for where the log ended when it came; the rest follows.
    let follow = |n_patients: usize, replica: &mut [Member]| {
        let (since, all) = (Stopwatch::start(), n_patients.to_string());
        while count_of(&setup, replica).lines().nth(1) != Some(all.as_str()) {
            assert!(since.elapsed() < PATIENCE, "{}", log(&setup, "replica"));
        }
    };
    follow(ward.n_patients, &mut replica);
    ward.admit_for(Duration::from_secs(1));
    check_alerts(&setup, ward.n_patients);
    follow(ward.n_patients, &mut replica);
    let [left, right] = members;
    drop(left);
    let count = count_of(&setup, &mut [right]);
    assert_eq!(count.lines().nth(1), Some(ward.n_patients.to_string().as_str()), "{count}");
}

#[test]
fn each_stage_can_run_alone_and_top_says_who_has_what() {
    let Some(brokers) = brokers() else { return };
    let setup = Setup::new(&brokers, "stages");
    let mut ward = Ward::new(&setup);
    let _reads = Member::join_with(&setup, "reads", &["--only", "ingest"]);
    let steps = Member::join_with(&setup, "steps", &["--only", "twins"]);
    setup.go_live(&steps.url);
    ward.admit_for(Duration::from_secs(1));
    check_alerts(&setup, ward.n_patients);
    let count = count_of(&setup, &mut [steps]);
    assert_eq!(count.lines().nth(1), Some(ward.n_patients.to_string().as_str()), "{count}");
    let _steps = Member::join_with(&setup, "steps", &["--only", "twins"]);
    let config = setup.folder.path().join("reads.yaml");
    let config = config.to_str().unwrap();
    let since = Stopwatch::start();
    loop {
        let top = setup.twin(&["top", config, "--interval-seconds", "1", "-o", "json"]);
        let rows: Vec<Value> = serde_json::from_str(&top).unwrap();
        assert_eq!(rows.len(), usize::try_from(N_PARTITIONS).unwrap());
        let is_settled = |row: &Value| {
            row["owner"] == "steps" && row["lag"] == 0 && row["checkpoint"] == row["end"]
        };
        if rows.iter().all(is_settled) {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{top}");
    }
}
