//! TLS and SASL against a broker that wants both, and what somebody reads who mistyped something.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use twinstream::clock::Stopwatch;

use crate::kafka::broker::Broker;
use crate::kafka::operating::{get, until};
use crate::kafka::{Instance, Setup, TWIN};

/// Whoever mistyped a password waits no longer to read so.
const REFUSED_WITHIN: Duration = Duration::from_secs(8);

/// The configuration of an instance, with this in `kafka`.
fn configured(setup: &Setup, security: &str) -> (std::path::PathBuf, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let path = setup.configure("live", port);
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("kafka: { ", &format!("kafka: {{ {security}, "));
    fs::write(&path, text).unwrap();
    (path, format!("http://127.0.0.1:{port}"))
}

#[test]
fn a_broker_that_wants_tls_and_a_password_is_used_by_each_mechanism() {
    let Some(broker) = Broker::secure() else { return };
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let setup = Setup::new(&broker.address, &format!("secure-{mechanism}"));
        let security = format!(
            "tls: {{ ca_file: '{}' }}, sasl: {{ mechanism: {mechanism}, username: twin, password_file: '{}' }}",
            broker.file("ca.pem").display(),
            broker.file("password").display()
        );
        let (config, url) = configured(&setup, &security);
        let log = fs::File::create(setup.folder.path().join("log")).unwrap();
        let mut command = Command::new(TWIN);
        let child = command.arg("run").arg(&config).stderr(log).spawn().unwrap();
        let instance = Instance { child, url };
        until(mechanism, &setup, || {
            let (status, lines) = get(&instance.url, "/readyz?verbose");
            (status == 200, lines)
        });
        let password = fs::read_to_string(broker.file("password")).unwrap();
        assert!(!setup.log().contains(password.trim()), "the password is in the log");
    }
    // What was written there is there, for whoever may read it.
    let password = fs::read_to_string(broker.file("password")).unwrap();
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &broker.address)
        .set("security.protocol", "sasl_ssl")
        .set("ssl.ca.location", broker.file("ca.pem").to_str().unwrap())
        .set("sasl.mechanisms", "SCRAM-SHA-512")
        .set("sasl.username", "twin")
        .set("sasl.password", password.trim())
        .create()
        .unwrap();
    let found = consumer.fetch_metadata(None, Duration::from_secs(10)).unwrap();
    let logs = found.topics().iter().filter(|topic| topic.name().ends_with("twin.events.v1"));
    assert_eq!(logs.count(), 3);
}

#[test]
fn who_is_refused_reads_why_within_seconds() {
    let Some(broker) = Broker::secure() else { return };
    let (ca, password) = (broker.file("ca.pem"), broker.file("password"));
    let (ca, password) = (ca.display(), password.display());
    let wrong = broker.file("wrong");
    fs::write(&wrong, "guessed").unwrap();
    let sasl = |mechanism: &str, username: &str, password: &str| {
        format!(
            "sasl: {{ mechanism: {mechanism}, username: {username}, password_file: '{password}' }}"
        )
    };
    let (password, wrong) = (password.to_string(), wrong.display().to_string());
    for (what, security, expected) in [
        (
            "a wrong password by SCRAM",
            format!("tls: {{ ca_file: '{ca}' }}, {}", sasl("SCRAM-SHA-512", "twin", &wrong)),
            "invalid credentials",
        ),
        (
            "a wrong password by PLAIN",
            format!("tls: {{ ca_file: '{ca}' }}, {}", sasl("PLAIN", "twin", &wrong)),
            "Invalid username or password",
        ),
        (
            "an authority that nobody knows",
            format!("tls: {{}}, {}", sasl("SCRAM-SHA-512", "twin", &password)),
            "certificate",
        ),
    ] {
        let setup = Setup::new(&broker.address, "refused");
        let (config, _) = configured(&setup, &security);
        let since = Stopwatch::start();
        let output = Command::new(TWIN).arg("run").arg(&config).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{what}: {error}");
        let last = error.lines().last().unwrap_or_default();
        assert!(last.contains(expected) && last.contains("kafka.sasl"), "{what}: {error}");
        assert!(since.elapsed() < REFUSED_WITHIN, "{what}: {:?}", since.elapsed());
    }
}

#[test]
fn who_speaks_without_tls_is_asked_about_it() {
    let Some(broker) = Broker::secure() else { return };
    let setup = Setup::new(&broker.address, "in-the-open");
    let password = broker.file("password");
    let security = format!(
        "sasl: {{ mechanism: SCRAM-SHA-512, username: twin, password_file: '{}' }}",
        password.display()
    );
    let (config, url) = configured(&setup, &security);
    let log = fs::File::create(setup.folder.path().join("log")).unwrap();
    let mut command = Command::new(TWIN);
    let child = command.arg("run").arg(&config).stderr(log).spawn().unwrap();
    let _instance = Instance { child, url };
    let expected = "do they expect kafka.tls?";
    until(expected, &setup, || (setup.log().contains(expected), setup.log()));
}
