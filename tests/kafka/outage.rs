//! Brokers that are away for longer than a transaction may last: the instance waits, says so, and goes on; nothing is
//! lost, and nothing is said twice.

use std::time::Duration;

use twinstream::clock::Stopwatch;

use crate::kafka::broker::Broker;
use crate::kafka::operating::{deterioration, get, make_topic, send, signal, until, until_ready};
use crate::kafka::{Instance, Setup};

/// Far longer than a transaction may be open, 20 s.
const OUTAGE: Duration = Duration::from_secs(70);
/// What a transaction waits for is given up within this time.
const CUT_OFF: Duration = Duration::from_secs(25);

#[test]
fn an_outage_longer_than_a_transaction_is_waited_for_and_nothing_is_lost_or_doubled() {
    let Some(broker) = Broker::open() else { return };
    let mut setup = Setup::new(&broker.address, "outage");
    let folder = setup.folder.path().join("checkpoints");
    setup.checkpoints = format!("checkpoints: {{ folder: '{}' }}\n", folder.display());
    make_topic(&setup);
    let mut instance = setup.start("live");
    until_ready(&setup, &instance);
    setup.go_live(&instance.url);
    let bad = || "{ this is cut".to_owned();

    // In the middle of taking these, the broker hears and says nothing any more: again, until that cut off a
    // transaction, and not only what is written outside of one.
    let mut n_tries = 0;
    let since = loop {
        n_tries += 1;
        assert!(n_tries <= 4, "no transaction was cut off: {}", setup.log());
        let mut records: Vec<String> =
            (0..50).flat_map(|number| deterioration(&format!("a{n_tries}-{number}"))).collect();
        records.push(bad());
        send(&setup, &records);
        broker.signal("-STOP");
        let since = Stopwatch::start();
        until("not ready", &setup, || {
            let (status, lines) = get(&instance.url, "/readyz?verbose");
            (status == 503 && lines.contains("[-] kafka: "), lines)
        });
        let is_cut = || setup.log().contains("a transaction was cut off");
        until("a transaction is given up", &setup, || {
            (is_cut() || CUT_OFF < since.elapsed(), String::new())
        });
        if is_cut() {
            break since;
        }
        broker.signal("-CONT");
        until_ready(&setup, &instance);
    };
    until("the outage is over", &setup, || {
        assert_eq!(get(&instance.url, "/livez").0, 200, "{}", setup.log());
        (OUTAGE < since.elapsed(), String::new())
    });
    broker.signal("-CONT");
    goes_on(&setup, &mut instance, "b");
    // And once more as a broker that was stopped in order, and comes back.
    send(&setup, &[bad()]);
    broker.stop();
    until("not ready", &setup, || {
        let (status, lines) = get(&instance.url, "/readyz?verbose");
        (status == 503, lines)
    });
    broker.start();
    goes_on(&setup, &mut instance, "c");

    let n_alerts = 50 * n_tries + 2;
    let mut said: Vec<String> = setup
        .alerts(n_alerts)
        .iter()
        .map(|alert| alert["patient"].as_str().unwrap_or_default().to_owned())
        .collect();
    said.sort();
    let n_said = said.len();
    said.dedup();
    assert_eq!((n_said, said.len()), (n_alerts, n_alerts), "each alert once\n{}", setup.log());
    let n_letters = n_tries + 1;
    assert_eq!(setup.whole_records("twin.dlq.v1", n_letters).len(), n_letters, "each letter once");
    signal(&instance, "-TERM");
    assert!(instance.child.wait().unwrap().success(), "{}", setup.log());
}

/// It runs still, is ready again, and says what comes.
fn goes_on(setup: &Setup, instance: &mut Instance, patient: &str) {
    let ended = instance.child.try_wait().unwrap();
    assert!(ended.is_none(), "it ended: {}", setup.log());
    until_ready(setup, instance);
    send(setup, &deterioration(patient));
    let asked = format!("SELECT count(*) AS n FROM alerts WHERE patient = 'local/{patient}'");
    until("what came after", setup, || {
        // The group may have given the instance up: then its partitions are restored first.
        let answer = setup.try_twin(&["sql", "--url", &instance.url, &asked, "-o", "json"]);
        let answer = answer.unwrap_or_else(|error| error);
        (answer.contains("\"n\":1") || answer.contains("\"n\": 1"), answer)
    });
}

#[test]
fn a_stop_during_an_outage_is_given_up_after_its_time() {
    let Some(broker) = Broker::open() else { return };
    let mut setup = Setup::new(&broker.address, "given-up");
    setup.checkpoints = "shutdown_timeout_seconds: 2\n".to_owned();
    make_topic(&setup);
    let mut instance = setup.start("live");
    until_ready(&setup, &instance);
    broker.signal("-STOP");
    until("not ready", &setup, || {
        let (status, lines) = get(&instance.url, "/readyz");
        (status == 503, lines)
    });
    let since = Stopwatch::start();
    signal(&instance, "-TERM");
    let status = instance.child.wait().unwrap();
    assert_eq!(status.code(), Some(1), "{}", setup.log());
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert!(setup.log().contains("stopping took longer than 2 s"), "{}", setup.log());
}

#[test]
fn a_start_during_an_outage_says_what_it_waits_for_and_goes_on_when_that_is_over() {
    let Some(broker) = Broker::open() else { return };
    let setup = Setup::new(&broker.address, "late-start");
    make_topic(&setup);
    broker.stop();
    let mut instance = setup.start("live");
    // Longer than a start would have waited for an answer.
    let since = Stopwatch::start();
    until("it waits", &setup, || {
        let (status, lines) = get(&instance.url, "/readyz?verbose");
        let waits =
            status == 503 && lines.contains("[+] doors") && lines.contains("[-] kafka: reach");
        (waits && Duration::from_secs(40) < since.elapsed(), lines)
    });
    assert_eq!(get(&instance.url, "/livez").0, 200);
    assert!(setup.log().contains("waiting for the brokers"), "{}", setup.log());
    broker.start();
    setup.go_live(&instance.url);
    goes_on(&setup, &mut instance, "p");
}
