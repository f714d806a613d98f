//! What is no bare FHIR record, over Kafka: CloudEvents of both modes, and HL7 version 2.

use std::net::TcpListener;
use std::path::Path;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer};
use serde_json::Value;

use twinstream::clock::Stopwatch;
use twinstream::ingest::files::{self, FileError, FileRecord};

use crate::avro::{address, registry};
use crate::kafka::dead_letters::{producer, topic};
use crate::kafka::{PATIENCE, Setup, brokers};

/// The rows of an answer, once there are `n`.
fn rows(setup: &Setup, url: &str, sql: &str, n: usize) -> Vec<Value> {
    let since = Stopwatch::start();
    loop {
        // Until it has started nobody answers.
        let text = setup.try_twin(&["sql", sql, "--url", url, "-o", "json"]).unwrap_or_default();
        let rows: Vec<Value> = serde_json::from_str(&text).unwrap_or_default();
        if rows.len() == n {
            return rows;
        }
        assert!(since.elapsed() < PATIENCE, "{} of {n}: {text}: {}", rows.len(), setup.log());
    }
}

fn rate(id: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"9279-1"}}]}},"effectiveDateTime":"2026-01-02T03:04:05Z","valueQuantity":{{"value":16,"unit":"/min"}}}}"#
    )
}

#[test]
fn cloud_events_of_both_modes_name_their_patient_by_their_subject() {
    let Some(brokers) = brokers() else { return };
    let mut setup = Setup::new(&brokers, "cloud-events");
    setup.source = "patient_from: 'header:ce_subject'".to_owned();
    topic(&setup, &setup.topic(), &[]);
    let (producer, name) = (producer(&brokers), setup.topic());
    let send = |payload: &str, headers: &[(&str, &str)]| {
        let headers = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| {
            all.insert(Header { key, value: Some(*value) })
        });
        let record = BaseRecord::<(), str>::to(&name).payload(payload).headers(headers);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    };
    let binary = [
        ("ce_specversion", "1.0"),
        ("ce_id", "1"),
        ("ce_subject", "p1"),
        ("ce_time", "2026-01-02T03:05:00Z"),
        ("content-type", "application/fhir+json"),
    ];
    send(&rate("o1"), &binary);
    let data = rate("o2");
    let structured = format!(
        r#"{{"specversion":"1.0","id":"2","source":"/ward","type":"t","subject":"p2","data":{data}}}"#
    );
    send(&structured, &[("content-type", "application/cloudevents+json")]);
    send(&structured.replace("1.0", "9.9"), &[("content-type", "application/cloudevents+json")]);
    send(&rate("o3"), &[]);
    producer.flush(PATIENCE).unwrap();
    let instance = setup.start("live");
    let sql = "SELECT patient, resource FROM observations ORDER BY patient";
    let found = rows(&setup, &instance.url, sql, 2);
    assert_eq!(found[0]["patient"], "local/p1");
    assert_eq!(found[1]["patient"], "local/p2");
    let letters = setup.whole_records("twin.dlq.v1", 2);
    assert_eq!(letters.len(), 2, "of another version, and without a subject");
}

#[test]
fn messages_of_hl7_come_over_kafka() {
    let Some(brokers) = brokers() else { return };
    let mut setup = Setup::new(&brokers, "hl7");
    setup.source = "format: hl7v2, timezone: America/Chicago".to_owned();
    topic(&setup, &setup.topic(), &[]);
    let (producer, name) = (producer(&brokers), setup.topic());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hl7");
    let mut each = |record: FileRecord| -> Result<(), FileError> {
        let record = BaseRecord::<(), [u8]>::to(&name).payload(&record.payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        Ok(())
    };
    files::read(folder.to_str().unwrap(), &mut each).unwrap();
    producer.flush(PATIENCE).unwrap();
    let instance = setup.start("live");
    let values = rows(&setup, &instance.url, "SELECT value FROM observations", 14);
    assert_eq!(values.len(), 14);
    let sql = "SELECT patient, ward, status FROM encounters ORDER BY patient";
    let stays = rows(&setup, &instance.url, sql, 3);
    assert_eq!(stays[1]["ward"], "5W");
    assert_eq!(stays[1]["status"], "in-progress", "the discharge was cancelled");
    let letters = setup.whole_records("twin.dlq.v1", 1);
    assert!(letters[0].payload.starts_with(b"MSH|"), "to the byte");
}

/// A heart rate of 2026-01-02T03:04:05Z by the schema `id`, and its key: no project, userId, sourceId.
fn heart_rate(id: u8) -> (&'static [u8], Vec<u8>) {
    // The length of a text is written twice as great.
    let key = b"\0\0\0\0\x01\0\x04u7\x04w1";
    let (time, rate) = (1_767_323_045_f64.to_le_bytes(), 66_f32.to_le_bytes());
    let value = [&[0, 0, 0, 0, id][..], &time, &time, b"\x02s\x02", &rate].concat();
    (key, value)
}

#[test]
fn records_of_a_schema_registry_come_over_kafka() {
    let Some(brokers) = brokers() else { return };
    let mut setup = Setup::new(&brokers, "avro");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/avro");
    setup.source = format!("format: radar-avro, schemas: {{ folder: '{}' }}", folder.display());
    topic(&setup, &setup.topic(), &[]);
    let (producer, name) = (producer(&brokers), setup.topic());
    let ((key, value), (_, unknown)) = (heart_rate(2), heart_rate(99));
    for payload in [&value, &unknown] {
        let record = BaseRecord::<[u8], [u8]>::to(&name).key(key).payload(payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
    let instance = setup.start("live");
    let sql = "SELECT patient, signal, value, device, effective_at FROM observations";
    let found = rows(&setup, &instance.url, sql, 1);
    let expected = serde_json::json!({ "patient": "local/u7", "signal": "heart_rate",
        "value": 66.0, "device": "w1", "effective_at": "2026-01-02T03:04:05Z" });
    assert_eq!(found[0], expected);
    let letters = setup.whole_records("twin.dlq.v1", 1);
    assert_eq!((letters[0].payload.as_slice(), letters[0].key.as_slice()), (&*unknown, key));
}

#[test]
fn a_registry_that_is_away_lets_its_own_records_wait_and_no_others() {
    let Some(brokers) = brokers() else { return };
    let mut setup = Setup::new(&brokers, "registry");
    let (listener, url) = address();
    let place = listener.local_addr().unwrap();
    drop(listener);
    let other = format!("{}.fhir", setup.name);
    setup.source = format!(
        "format: radar-avro, schemas: {{ registry: '{url}' }} }}, \
         {{ name: ehr, topics: ['{other}'], format: fhir, namespace: local, patient_from: key"
    );
    topic(&setup, &setup.topic(), &[]);
    topic(&setup, &other, &[]);
    let (producer, name) = (producer(&brokers), setup.topic());
    let send = |topic: &str, key: &[u8], payload: &[u8]| {
        let record = BaseRecord::<[u8], [u8]>::to(topic).key(key).payload(payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.flush(PATIENCE).unwrap();
    };
    let (key, value) = heart_rate(2);
    send(&name, key, &value);
    send(&name, key, &heart_rate(99).1);
    let instance = setup.start("live");
    let sql = "SELECT patient, signal FROM observations ORDER BY patient";
    send(&other, b"p1", rate("o1").as_bytes());
    assert_eq!(rows(&setup, &instance.url, sql, 1)[0]["patient"], "local/p1");
    send(&other, b"p2", rate("o2").as_bytes());
    assert_eq!(rows(&setup, &instance.url, sql, 2)[1]["patient"], "local/p2");
    assert!(setup.log().contains("its records wait"), "{}", setup.log());
    let asked = registry(TcpListener::bind(place).unwrap(), 3);
    assert_eq!(rows(&setup, &instance.url, sql, 3)[2]["patient"], "local/u7");
    // The one of an unknown schema is a letter only now.
    let letters = setup.whole_records("twin.dlq.v1", 1);
    assert_eq!(letters[0].payload, heart_rate(99).1);
    assert_eq!(asked.join().unwrap().len(), 3, "each schema was asked for once");
}
