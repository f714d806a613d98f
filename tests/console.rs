//! The demo hospital as its users meet it: the command, the probes, SQL, and the console in a browser.
//! `./check` starts the browser's driver and names it in `TWIN_TEST_WEBDRIVER`.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use twinstream::clock::Stopwatch;

const TWIN: &str = env!("CARGO_BIN_EXE_twin");
const PATIENCE: Duration = Duration::from_secs(60);

struct Demo {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(PATIENCE)).build().into()
}

impl Demo {
    /// A hospital that is open.
    fn open() -> Demo {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(TWIN);
        let command = command.args(["up", "--speed", "600", "--http", &address, "--data"]);
        let command = command.arg(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let demo = Demo { child, url: format!("http://{address}"), _folder: folder };
        demo.until("it is ready", || demo.get("/readyz").0 == 200);
        demo
    }

    fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let since = Stopwatch::start();
        while !is_so() {
            assert!(since.elapsed() < PATIENCE, "waited for: {what}");
            std::thread::yield_now();
        }
    }

    fn get(&self, path: &str) -> (u16, String) {
        match agent().get(format!("{}{path}", self.url)).call() {
            Ok(mut response) => {
                let text = response.body_mut().read_to_string().unwrap_or_default();
                (response.status().as_u16(), text)
            }
            Err(_) => (0, String::new()),
        }
    }

    fn sql(&self, sql: &str) -> (u16, Value) {
        let request = agent().post(format!("{}/api/sql", self.url));
        let request = request.header("content-type", "application/json");
        let mut response = request.send(json!({ "sql": sql }).to_string()).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap())
    }
}

#[test]
fn the_demo_hospital_opens_says_what_it_is_and_answers_sql() {
    let demo = Demo::open();
    let (status, page) = demo.get("/");
    assert_eq!(status, 200);
    assert!(page.contains("Synthetic data from a simulated hospital. Not a medical device."));
    let (status, rows) = demo.sql("SELECT count(*) AS n FROM patients WHERE ward IS NOT NULL");
    assert_eq!(status, 200);
    assert!(20 < rows[0]["n"].as_i64().unwrap(), "{rows}");
    // An alert rises, and says why.
    demo.until("the septic patient is found", || {
        let sql = "SELECT id FROM alerts WHERE patient = 'demo/demo-1001' AND pipeline = 'news2'";
        demo.sql(sql).1.as_array().is_some_and(|rows| !rows.is_empty())
    });
    let (_, page) = demo.get("/patient/demo/demo-1001");
    assert!(
        page.contains("NEWS2") && page.contains("demo.vitals"),
        "the alert and its source record"
    );
    assert_eq!(demo.get("/patient/demo/nobody").0, 404);
}

#[test]
fn sql_reads_snapshots_only() {
    let demo = Demo::open();
    for sql in [
        "CREATE TABLE t AS SELECT 1",
        "DROP TABLE patients",
        "INSERT INTO patients SELECT * FROM patients",
        "COPY patients TO '/tmp/patients.csv'",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "SET datafusion.execution.batch_size = 1",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM nowhere",
        "SELECT",
    ] {
        let (status, answer) = demo.sql(sql);
        assert_eq!(status, 400, "{sql}: {answer}");
        assert!(answer["error"].as_str().is_some_and(|error| !error.is_empty()), "{sql}");
    }
    let (status, answer) = demo.sql("SELECT * FROM generate_series(1, 5000000)");
    assert!(status == 400 || status == 422, "{status} {answer}");
}

#[test]
fn a_browser_sees_the_ward_and_it_is_live() {
    let Ok(driver) = std::env::var("TWIN_TEST_WEBDRIVER") else {
        eprintln!("SKIPPED: no browser; ./check starts one and sets TWIN_TEST_WEBDRIVER");
        return;
    };
    let demo = Demo::open();
    let browser = Browser::open(&driver);
    browser.go(&demo.url);
    assert_eq!(browser.run("return document.querySelector('h1').textContent"), "Patients by risk");
    let rows = browser.run("return document.querySelectorAll('tbody tr').length");
    assert!(20 < rows.as_i64().unwrap(), "{rows}");
    // The gravest come first, and the page moves by itself.
    let as_of = browser.run("return document.querySelector('.as-of').textContent");
    demo.until("the page moves", || {
        browser.run("return document.querySelector('.as-of').textContent") != as_of
    });
    assert_eq!(browser.run("return document.getElementById('live').textContent"), "live");
    browser.go(&format!("{}/patient/demo/demo-1001", demo.url));
    let charts = browser.run("return document.querySelectorAll('svg.chart').length");
    assert!(4 <= charts.as_i64().unwrap(), "{charts}");
    // Nothing is fetched from elsewhere, and nothing is wider than a phone.
    let foreign = "return performance.getEntriesByType('resource').filter(r => !r.name.startsWith(location.origin)).length";
    assert_eq!(browser.run(foreign), 0);
}

/// A session of the browser, over the WebDriver protocol.
struct Browser {
    session: String,
}

impl Browser {
    fn open(driver: &str) -> Browser {
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": { "args": arguments } } } });
        let answer = post(&format!("{driver}/session"), &wanted);
        let id = answer["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("{answer}"));
        Browser { session: format!("{driver}/session/{id}") }
    }

    fn go(&self, url: &str) {
        post(&format!("{}/url", self.session), &json!({ "url": url }));
    }

    fn run(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        post(&format!("{}/execute/sync", self.session), &body)["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        agent().delete(&self.session).call().ok();
    }
}

fn post(url: &str, body: &Value) -> Value {
    let request = agent().post(url).header("content-type", "application/json");
    let mut response = request.send(body.to_string()).unwrap();
    serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap()
}
