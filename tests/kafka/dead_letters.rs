//! What cannot be read is on `twin.dlq.v1` once, byte for byte, with why, and gets in once it can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use twinstream::clock::Stopwatch;

use crate::kafka::{PATIENCE, Setup, brokers};

/// Records of the long test, one in a hundred of them poison. `TWIN_TEST_POISON=1000000` runs it at full size.
fn n_records() -> usize {
    let asked = std::env::var("TWIN_TEST_POISON").ok();
    asked.map_or(20_000, |text| text.parse().expect("TWIN_TEST_POISON is a number"))
}

pub(super) fn producer(brokers: &str) -> BaseProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("linger.ms", "20");
    config.set("queue.buffering.max.messages", "2000000");
    config.create().unwrap()
}

pub(super) fn topic(setup: &Setup, name: &str, settings: &[(&str, &str)]) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &setup.brokers).create().unwrap();
    let topic = NewTopic::new(name, 1, TopicReplication::Fixed(1));
    let topic = settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let made = runtime.block_on(admin.create_topics(&[topic], &AdminOptions::new())).unwrap();
    assert!(made[0].is_ok(), "{made:?}");
}

fn rate(id: &str, patient: &str, at: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"9279-1"}}]}},"subject":{{"reference":"Patient/{patient}"}},"effectiveDateTime":"{at}","valueQuantity":{{"value":16,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}}}"#
    )
}

/// Record `number`: one in a hundred is poison, of four kinds, and its reason is said.
fn record(number: usize) -> (Vec<u8>, Option<&'static str>) {
    let (id, patient) = (format!("o{number}"), format!("p{}", number % 500));
    let good = rate(&id, &patient, "2026-01-02T03:04:05Z");
    if number % 100 != 37 {
        return (good.into_bytes(), None);
    }
    match number / 100 % 4 {
        0 => (good.as_bytes()[..good.len() / 2].to_vec(), Some("undecodable")),
        1 => (vec![0xff, 0xfe, 0, 1], Some("undecodable")),
        2 => (good.replace("T03:04:05Z", "T03:04:05").into_bytes(), Some("bad_time")),
        _ => (good.replace("\"subject\"", "\"nobody\"").into_bytes(), Some("no_patient")),
    }
}

/// Waits until so many results are in the twins; one more would never be waited for, and is seen by equality.
fn await_results(setup: &Setup, url: &str, n_good: usize) {
    let since = Stopwatch::start();
    loop {
        let sql = "SELECT count(*) AS n FROM observations";
        let counted = setup.twin(&["sql", sql, "--url", url, "-o", "json"]);
        let counted: Vec<Value> = serde_json::from_str(&counted).unwrap();
        if counted[0]["n"] == n_good {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{} of {n_good} are read", counted[0]["n"]);
    }
}

/// How many letters wait, by reason, as `twin dlq list` says it.
fn open_letters(setup: &Setup) -> BTreeMap<String, usize> {
    let listed = setup.dlq(&["list", "-o", "json"]);
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    listed
        .iter()
        .map(|row| {
            (
                row["reason"].as_str().unwrap().to_owned(),
                usize::try_from(row["open"].as_u64().unwrap()).unwrap(),
            )
        })
        .collect()
}

#[test]
fn poison_is_a_letter_once_and_all_else_is_read_whatever_is_killed() {
    let Some(brokers) = brokers() else { return };
    let setup = Setup::new(&brokers, "poison");
    topic(&setup, &setup.topic(), &[]);
    let (producer, n) = (producer(&brokers), n_records());
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut poison: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for number in 0..n {
        let (bytes, reason) = record(number);
        let key = [0xff, number.to_le_bytes()[0]];
        let trace = Header { key: "trace", value: Some(&[0_u8, 255]) };
        let headers = OwnedHeaders::new().insert(trace);
        let name = setup.topic();
        let base = BaseRecord::<[u8], [u8]>::to(&name).key(&key).payload(&bytes).headers(headers);
        producer.send(base).map_err(|(error, _)| error).unwrap();
        if number % 4_096 == 0 {
            producer.poll(std::time::Duration::ZERO);
        }
        if let Some(reason) = reason {
            *reasons.entry(reason.to_owned()).or_default() += 1;
            poison.insert(number, bytes);
        }
    }
    producer.flush(PATIENCE).unwrap();
    let watch = Stopwatch::start();
    // Killed again and again, at moments that mean nothing.
    for millis in [400, 650, 900, 1_300] {
        let mut instance = setup.start("live");
        let since = Stopwatch::start();
        while since.elapsed() < std::time::Duration::from_millis(millis) {
            std::thread::yield_now();
        }
        instance.child.kill().unwrap();
    }
    let instance = setup.start("live");
    let letters = setup.whole_records("twin.dlq.v1", poison.len());
    eprintln!("{n} records, {} letters, in {:.1} s", letters.len(), watch.elapsed().as_secs_f64());
    assert_eq!(letters.len(), poison.len(), "as a consumer that reads committed sees them");
    let mut offsets = BTreeSet::new();
    for letter in &letters {
        let text = |name: &str| {
            let found = letter.headers.iter().rev().find(|(known, _)| known == name);
            String::from_utf8(found.unwrap_or_else(|| panic!("{name}")).1.clone()).unwrap()
        };
        let offset: usize = text("__connect.errors.offset").parse().unwrap();
        assert!(offsets.insert(offset), "{offset} twice");
        assert_eq!(letter.payload, poison[&offset], "its bytes");
        assert_eq!(letter.key, [0xff, offset.to_le_bytes()[0]], "its key");
        assert_eq!(letter.headers[0], ("trace".to_owned(), vec![0, 255]), "its headers");
        assert_eq!(text("__connect.errors.topic"), setup.topic());
        assert_eq!(text("__connect.errors.partition"), "0");
        assert_eq!(text("twin_id"), format!("{}-0-{offset}", setup.topic()));
        let reason = record(offset).1.unwrap();
        assert_eq!(text("twin_reason"), reason);
        assert_eq!(text("__connect.errors.exception.class.name"), format!("twinstream.{reason}"));
        assert!(!text("__connect.errors.exception.message").is_empty());
        assert!(["decode", "place"].contains(&text("twin_stage").as_str()));
    }
    await_results(&setup, &instance.url, n - poison.len());
    assert_eq!(open_letters(&setup), reasons);
}

#[test]
fn a_letter_gets_in_once_it_can_be_read_and_never_twice() {
    let Some(brokers) = brokers() else { return };
    let mut setup = Setup::new(&brokers, "retry");
    setup.source = "patient_from: 'header:who'".to_owned();
    topic(&setup, &setup.topic(), &[]);
    let producer = producer(&brokers);
    for id in ["a", "b", "c"] {
        let payload = rate(id, "p", "2026-01-02T03:04:05Z");
        let name = setup.topic();
        producer
            .send(BaseRecord::<[u8], str>::to(&name).payload(&payload))
            .map_err(|e| e.0)
            .unwrap();
    }
    producer.flush(PATIENCE).unwrap();
    let instance = setup.start("live");
    setup.records("twin.dlq.v1", 3);
    let tried = setup.dlq(&["retry", "-o", "json"]);
    let tried: Value = serde_json::from_str(&tried).unwrap();
    assert_eq!((&tried["read"], &tried["refused"][0]["letters"]), (&0.into(), &3.into()));
    // Somebody decides that one need not be read, and says why.
    let id = format!("{}-0-1", setup.topic());
    let dropped =
        setup.dlq(&["drop", &id, "--why", "a test of the interface", "--by", "night shift"]);
    assert!(dropped.contains("dropped by night shift: a test of the interface"), "{dropped}");
    // The configuration is put right; the instance goes on as it is.
    setup.source = String::new();
    setup.configure("live", 1);
    for (pass, expected) in [("the first", 2), ("the second", 0)] {
        let tried: Value = serde_json::from_str(&setup.dlq(&["retry", "-o", "json"])).unwrap();
        assert_eq!(tried["read"], expected, "{pass}: {tried}");
        assert_eq!(tried["refused"], Value::Array(Vec::new()), "{pass}");
    }
    let since = Stopwatch::start();
    let sql = "SELECT resource, source_topic, source_offset FROM observations ORDER BY 1";
    loop {
        let found = setup.twin(&["sql", sql, "--url", &instance.url, "-o", "csv"]);
        if found.contains(&format!("Observation/c,{},2", setup.topic())) {
            assert!(found.contains("Observation/a") && !found.contains("Observation/b"), "{found}");
            break;
        }
        assert!(since.elapsed() < PATIENCE, "{found}");
    }
    let listed: Value = serde_json::from_str(&setup.dlq(&["list", "-o", "json"])).unwrap();
    let counts = ["open", "retried", "dropped"].map(|name| listed[0][name].as_u64().unwrap());
    assert_eq!(counts, [0, 2, 1], "{listed}");
    let shown = setup.dlq(&["show", &id]);
    assert!(shown.contains("dropped by night shift") && shown.contains("no_patient"), "{shown}");
}

#[test]
fn a_letter_shows_on_its_twin_until_it_is_closed() {
    let Some(brokers) = brokers() else { return };
    let setup = Setup::new(&brokers, "shown");
    topic(&setup, &setup.topic(), &[]);
    let producer = producer(&brokers);
    for (id, at) in [("good", "2026-01-02T03:04:05Z"), ("bad", "2026-01-02T03:04:05")] {
        let (name, payload) = (setup.topic(), rate(id, "p", at));
        producer
            .send(BaseRecord::<[u8], str>::to(&name).payload(&payload))
            .map_err(|e| e.0)
            .unwrap();
    }
    producer.flush(PATIENCE).unwrap();
    let instance = setup.start("live");
    setup.records("twin.dlq.v1", 1);
    let expect = |what: &str, is_expected: &dyn Fn(&str) -> bool| {
        let since = Stopwatch::start();
        loop {
            let shown = setup.twin(&["show", "p", "--url", &instance.url, "-o", "csv"]);
            if is_expected(&shown) {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "{what}: {shown}");
        }
    };
    expect("it is missed", &|shown| shown.contains("not read") && shown.contains("bad_time"));
    let page = ureq::get(format!("{}/patient/local/p", instance.url)).call().unwrap();
    let page = page.into_body().read_to_string().unwrap();
    assert!(page.contains("1 of this patient's records could not be read"), "{page}");
    let id = format!("{}-0-1", setup.topic());
    setup.dlq(&["drop", &id, "--why", "measured again"]);
    expect("it is closed", &|shown| !shown.contains("not read"));
}

#[test]
fn bytes_that_the_topic_does_not_take_lie_in_the_storage_and_stop_nothing() {
    let Some(brokers) = brokers() else { return };
    let mut setup = Setup::new(&brokers, "large");
    let folder = setup.folder.path().join("checkpoints");
    setup.checkpoints = format!("checkpoints: {{ folder: '{}' }}\n", folder.display());
    topic(&setup, &setup.topic(), &[]);
    let letters = format!("{}.twin.dlq.v1", setup.name);
    topic(&setup, &letters, &[("max.message.bytes", "100000")]);
    let large = format!("{{\"cut\": \"{}", "x".repeat(300_000));
    let (producer, name) = (producer(&brokers), setup.topic());
    for payload in [large.as_str(), "{cut"] {
        producer
            .send(BaseRecord::<[u8], str>::to(&name).payload(payload))
            .map_err(|e| e.0)
            .unwrap();
    }
    producer.flush(PATIENCE).unwrap();
    let _instance = setup.start("live");
    let records = setup.records("twin.dlq.v1", 2);
    let (headers, payload) = &records[0];
    assert!(payload.is_empty());
    let object = folder.join(&headers["twin_value_object"]);
    assert!(fs::read(object).unwrap() == large.as_bytes());
    let id = format!("{name}-0-0");
    assert!(setup.dlq(&["show", &id, "--bytes"]) == large, "as they came");
    let shown = setup.dlq(&["show", &id, "-o", "json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert!(shown["bytes"].as_str().unwrap() == large);
}
