//! Patients who turn out to be one, in partitions of their own, while the instance is killed: what was said goes on
//! once under its id, and parts again.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use twinstream::clock::now;
use twinstream::domain::time::Span;

use crate::kafka::{Setup, brokers};

const N_PAIRS: usize = 8;

fn send(setup: &Setup, records: &[(String, String)]) {
    let producer = ClientConfig::new().set("bootstrap.servers", &setup.brokers).create();
    let producer: BaseProducer = producer.unwrap();
    let topic = setup.topic();
    for (key, record) in records {
        let record = BaseRecord::to(&topic).key(key).payload(record);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(30)).unwrap();
}

fn person(name: &str, link: &str) -> (String, String) {
    let revised = now();
    let link = match link {
        "" => String::new(),
        other => format!(
            r#","link":[{{"type":"replaced-by","other":{{"reference":"Patient/{other}"}}}}]"#
        ),
    };
    let text = format!(
        r#"{{"resourceType":"Patient","id":"{name}","birthDate":"1950-01-01","meta":{{"lastUpdated":"{revised}"}}{link}}}"#
    );
    (name.to_owned(), text)
}

fn ill(name: &str) -> [(String, String); 2] {
    let (early, at) = (now().plus(Span::from_hours(-2)), now().plus(Span::from_minutes(-1)));
    let stay = format!(
        r#"{{"resourceType":"Encounter","id":"s-{name}","status":"in-progress","class":{{"code":"IMP"}},"subject":{{"reference":"Patient/{name}"}},"period":{{"start":"{early}"}}}}"#
    );
    let rate = format!(
        r#"{{"resourceType":"Observation","id":"o-{name}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"9279-1"}}]}},"subject":{{"reference":"Patient/{name}"}},"effectiveDateTime":"{at}","valueQuantity":{{"value":31,"code":"/min"}}}}"#
    );
    [(name.to_owned(), stay), (name.to_owned(), rate)]
}

/// What was said under each id, in the order of its revisions, each once.
fn by_id(alerts: &[Value]) -> BTreeMap<String, Vec<(String, String)>> {
    let mut said: BTreeMap<String, BTreeMap<u64, (String, String)>> = BTreeMap::new();
    for alert in alerts {
        let text = |field: &str| alert[field].as_str().unwrap().to_owned();
        let revision = alert["revision"].as_u64().unwrap();
        let what = (text("patient"), text("change"));
        let twice = said.entry(text("id")).or_default().insert(revision, what);
        assert_eq!(twice, None, "said twice: {alert}");
    }
    said.into_iter().map(|(id, all)| (id, all.into_values().collect())).collect()
}

#[test]
fn a_merge_is_neither_lost_nor_said_twice_when_the_instance_is_killed_in_it() {
    let Some(brokers) = brokers() else { return };
    let mut setup = Setup::new(&brokers, "identity");
    let folder = setup.folder.path().join("checkpoints");
    setup.checkpoints =
        format!("checkpoints: {{ folder: '{}', interval_seconds: 1 }}\n", folder.display());
    let pairs: Vec<(String, String)> =
        (0..N_PAIRS).map(|pair| (format!("old{pair}"), format!("new{pair}"))).collect();
    setup.create_topic(4);
    let instance = setup.start("live");
    setup.go_live(&instance.url);
    let ill: Vec<_> = pairs.iter().flat_map(|(old, _)| ill(old)).collect();
    send(&setup, &ill);
    assert_eq!(setup.alerts(N_PAIRS).len(), N_PAIRS, "each is ill, and said once");

    let linked: Vec<_> = pairs.iter().map(|(old, new)| person(old, new)).collect();
    send(&setup, &linked);
    thread::park_timeout(Duration::from_millis(40));
    drop(instance);
    let instance = setup.start("live");
    let said = by_id(&setup.alerts(2 * N_PAIRS));
    assert_eq!(said.len(), N_PAIRS, "{said:?}");
    for lines in said.values() {
        let [(first, raised), (second, revised)] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((raised.as_str(), revised.as_str()), ("raised", "revised"));
        assert_eq!(second.replace("new", "old"), *first);
    }

    let parted: Vec<_> = pairs.iter().map(|(old, _)| person(old, "")).collect();
    send(&setup, &parted);
    thread::park_timeout(Duration::from_millis(40));
    drop(instance);
    let instance = setup.start("live");
    let said = by_id(&setup.alerts(4 * N_PAIRS));
    let ends = |end: &str| said.values().filter(|lines| lines.last().unwrap().1 == end).count();
    assert_eq!((ends("withdrawn"), ends("raised")), (N_PAIRS, N_PAIRS), "{said:?}");
    let active = setup.twin(&[
        "sql",
        "SELECT patient FROM alerts WHERE status = 'active' ORDER BY patient",
        "--url",
        &instance.url,
        "-o",
        "csv",
    ]);
    let expected: Vec<String> = pairs.iter().map(|(old, _)| format!("local/{old}")).collect();
    assert_eq!(active.lines().skip(1).collect::<Vec<_>>(), expected);
    let config = setup.folder.path().join("twin.yaml");
    drop(instance);
    let verdict = setup.twin(&["verify", "--config", config.to_str().unwrap()]);
    assert!(verdict.contains("right") && !verdict.contains("wrong"), "{verdict}");
}
