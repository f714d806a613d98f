//! The demo hospital as its users meet it: the command, the probes, SQL, and the console in a browser.
//! `./check` starts the browser's driver and names it in `TWIN_TEST_WEBDRIVER`.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use twinstream::clock::Stopwatch;
use twinstream::engine::published::{Reader, Snapshot};
use twinstream::http::server::{ROUTES, listen, serve};
use twinstream::http::state::{About, State};
use twinstream::ingest::source::Format;

use crate::support::{Ward, at, source};

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
        let body = json!({ "sql": sql }).to_string();
        let (status, text) = self.post("/api/sql", &[("content-type", "application/json")], &body);
        (status, serde_json::from_str(&text).unwrap())
    }

    fn what_if(&self, patient: &str, facts: &Value) -> (u16, Value) {
        let body = json!({ "patient": patient, "facts": facts }).to_string();
        let json = ("content-type", "application/json");
        let (status, text) = self.post("/api/what-if", &[json], &body);
        (status, serde_json::from_str(&text).unwrap())
    }

    fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut request = agent().post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send(body).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), text)
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
fn what_is_asked_wrongly_is_told_as_json() {
    let demo = Demo::open();
    let json = ("content-type", "application/json");
    let sql = r#"{"sql": "SELECT 1 AS one"}"#;
    let csv =
        demo.post("/api/sql", &[json, ("accept", "text/html, text/csv;q=0.9, */*;q=0.1")], sql);
    assert_eq!(csv, (200, "one\n1\n".to_owned()));
    for (headers, body, status) in [
        (&[json][..], "{", 400),
        (&[json], r#"{"sql": 1}"#, 400),
        (&[json], r#"{"sql": "SELECT 1", "limit": 5}"#, 400),
        (&[json], r#"{"sql": "SELECT x"}"#, 400),
        (&[("content-type", "text/plain")], sql, 415),
        (&[json, ("accept", "image/png")], sql, 406),
        (&[json, ("origin", "http://evil.example")], sql, 403),
    ] {
        let (told, text) = demo.post("/api/sql", headers, body);
        assert_eq!(told, status, "{body}: {text}");
        if status != 403 {
            let answer: Value = serde_json::from_str(&text).unwrap();
            assert!(!answer["error"].as_str().unwrap().is_empty(), "{body}: {text}");
        }
    }
}

#[test]
fn an_alert_is_answered_by_a_program_and_by_a_form() {
    let demo = Demo::open();
    let of_demo = "FROM alerts WHERE patient = 'demo/demo-1001' AND status = 'active' LIMIT 1";
    let ask = || demo.sql(&format!("SELECT id {of_demo}")).1;
    demo.until("the septic patient is found", || ask()[0]["id"].is_string());
    let id = ask()[0]["id"].as_str().unwrap().to_owned();
    let json = ("content-type", "application/json");
    let body = |id: &str, action: &str| {
        json!({ "id": id, "action": action, "by": "Ada", "role": "nurse", "why": "seen" })
            .to_string()
    };
    let (status, text) = demo.post("/api/respond", &[json], &body(&id, "acknowledge"));
    assert_eq!(status, 200, "{text}");
    let given = || {
        let sql = format!("SELECT action FROM responses WHERE effect = '{id}' ORDER BY known_at");
        demo.sql(&sql).1
    };
    demo.until("it is known", || given() == json!([{ "action": "acknowledge" }]));
    let unknown = "0".repeat(32);
    let evil = ("origin", "http://evil.example");
    for (headers, body, expected) in [
        (vec![json], body(&unknown, "acknowledge"), 404),
        (vec![json], body(&id, "snooze"), 400),
        (vec![json], body(&id, "ignore"), 400),
        (vec![json, evil], body(&id, "resolve"), 403),
        (vec![], body(&id, "resolve"), 415),
    ] {
        let (status, text) = demo.post("/api/respond", &headers, &body);
        assert_eq!(status, expected, "{body}: {text}");
    }
    let page = demo.get("/patient/demo/demo-1001").1;
    assert!(page.contains("acknowledged by Ada (nurse)"), "{page}");
    assert!(page.contains("action=\"/respond\""), "{page}");
}

#[test]
fn every_published_address_answers() {
    let demo = Demo::open();
    for (method, path, _) in ROUTES.iter().filter(|(_, path, _)| !path.contains("{any")) {
        let path = path.replace("{namespace}", "demo").replace("{patient}", "demo-1001");
        let status = match *method {
            "GET" if path.starts_with("/events") => agent()
                .get(format!("{}{path}", demo.url))
                .call()
                .map(|response| response.status().as_u16())
                .unwrap(),
            "GET" => demo.get(&path).0,
            _ if path == "/sql" => {
                let form = ("content-type", "application/x-www-form-urlencoded");
                demo.post(&path, &[form], "sql=SELECT+1").0
            }
            _ if path == "/api/what-if" => demo.what_if("demo/demo-1001", &fast_breathing()).0,
            _ => demo.sql("SELECT 1").0,
        };
        assert_eq!(status, 200, "{method} {path}");
    }
    assert_eq!(demo.get("/nothing").0, 404);
}

/// A respiratory rate of 30, of nobody and at no time.
fn fast_breathing() -> Value {
    json!({
        "resourceType": "Observation", "status": "final",
        "code": { "coding": [{ "system": "http://loinc.org", "code": "9279-1" }] },
        "valueQuantity": { "value": 30, "unit": "/min" },
    })
}

#[test]
fn a_running_hospital_answers_what_if_and_is_not_touched() {
    let demo = Demo::open();
    // Someone who is well; a demonstration has others.
    let well = "SELECT patient FROM patients WHERE setting = 'inpatient' ORDER BY news2 NULLS LAST LIMIT 1";
    let (_, well) = demo.sql(well);
    let well = well[0]["patient"].as_str().unwrap();
    let (status, answer) = demo.what_if(well, &fast_breathing());
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["hypothetical"], &answer["patient"]), (&json!(true), &json!(well)));
    let scores = answer["scores"].as_array().unwrap();
    let news2 = scores.iter().find(|score| score["pipeline"] == "news2");
    let moved = &news2.unwrap_or_else(|| panic!("{answer}"))["moved"];
    let is_rate =
        |input: &Value| input["input"] == "respiratory_rate" && input["after"] == "30 /min";
    assert!(moved.as_array().unwrap().iter().any(is_rate), "{answer}");
    let (_, rows) =
        demo.sql("SELECT count(*) AS n FROM observations WHERE source_topic = 'what-if'");
    assert_eq!(rows[0]["n"], 0, "nothing was written");
    for (patient, facts, expected, word) in [
        ("demo/nobody", fast_breathing(), 404, "no patient demo/nobody"),
        ("demo-1001", json!([]), 400, "there are none"),
        ("demo-1001", json!(7), 400, "no JSON object"),
        ("demo-1001", json!({ "resourceType": "Observation" }), 400, "status is missing"),
    ] {
        let (status, answer) = demo.what_if(patient, &facts);
        assert_eq!(status, expected, "{answer}");
        assert!(answer["error"].as_str().unwrap().contains(word), "{answer}");
    }
    let json = ("content-type", "application/json");
    let body = json!({ "patient": "demo-1001", "facts": fast_breathing() }).to_string();
    let other = [json, ("origin", "http://evil.example")];
    assert_eq!(demo.post("/api/what-if", &other, &body).0, 403);
    assert_eq!(demo.post("/api/what-if", &[json], r#"{"patient": "demo-1001"}"#).0, 400);
    assert_eq!(demo.post("/api/what-if", &[("content-type", "text/plain")], &body).0, 415);
    // The command asks the same.
    let mut command = Command::new(TWIN);
    command.args(["what-if", well, "-f", "-", "--url", &demo.url]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(
        &mut child.stdin.take().unwrap(),
        fast_breathing().to_string().as_bytes(),
    )
    .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.starts_with("Hypothetical:"), "{text}");
    assert!(text.contains("→ 30 /min"), "{text}");
}

/// A name is text, whatever it holds, and its page is found by its link.
#[test]
fn a_hostile_name_stays_a_name() {
    let patient =
        json!({ "resourceType": "Patient", "id": "x&y#z", "name": [{ "text": HOSTILE }] });
    let stay = json!({ "resourceType": "Encounter", "id": "e", "status": "in-progress",
        "subject": { "reference": "Patient/x&y#z" },
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP" },
        "period": { "start": "2026-11-08T08:00:00Z" } });
    let mut ward = Ward::open();
    let now = at("2026-11-08T12:00:00Z");
    for resource in [patient, stay] {
        let (letter, _) = ward.receive(&source(Format::Fhir), resource.to_string().as_bytes(), now);
        assert_eq!(letter, None);
    }
    let snapshot = Snapshot::of(vec![ward.shard.snapshot()]);
    let state = State::new(Reader::of(snapshot), About::default());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(listen("127.0.0.1:0".parse().unwrap())).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(serve(listener, state));
    let get = |path: &str| {
        let mut response = agent().get(format!("{url}{path}")).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    };
    let (_, page) = get("/");
    let link = page.split("href=\"").find(|part| part.starts_with("/patient/")).unwrap();
    let (link, _) = link.split_once('"').unwrap();
    assert_eq!(link, "/patient/test/x%26y%23z");
    for (status, page) in [(200, page.clone()), get(link)] {
        assert_eq!(status, 200);
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; O'Brien &amp;"), "{page}");
        assert!(!page.contains("<script>alert"), "{page}");
    }
}

const HOSTILE: &str = "<script>alert(1)</script> O'Brien & \"Sons\"";

/// The driver, or a word that there is none.
fn driver() -> Option<String> {
    let driver = std::env::var("TWIN_TEST_WEBDRIVER").ok();
    if driver.is_none() {
        eprintln!("SKIPPED: no browser; ./check starts one and sets TWIN_TEST_WEBDRIVER");
    }
    driver
}

#[test]
fn a_browser_asks_sql_by_the_page_s_own_form() {
    let Some(driver) = driver() else { return };
    let demo = Demo::open();
    let browser = Browser::open(&driver);
    browser.go(&format!("{}/sql", demo.url));
    browser.run("document.getElementById('sql').value = 'SELECT 40 + 2 AS answer'");
    browser.run("document.querySelector('button').click()");
    demo.until("the answer is there", || {
        let text = browser.run("return document.getElementById('main').textContent");
        text.as_str().is_some_and(|text| text.contains("| answer |") && text.contains("| 42"))
    });
}

/// WCAG 2.2, 1.4.3: the contrast of small text is 4.5 to 1 at least.
const CONTRAST: &str = r#"
    const parse = (text) => text.match(/[\d.]+/g).map(Number);
    const light = (rgb) => {
        const [r, g, b] = rgb.slice(0, 3).map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (let e = element; e; e = e.parentElement) {
            const rgb = parse(getComputedStyle(e).backgroundColor);
            if (rgb.length < 4 || rgb[3] !== 0) return rgb;
        }
        return [255, 255, 255];
    };
    const bad = [];
    for (const element of document.body.querySelectorAll('*')) {
        const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
        if (!own || element.tagName === 'SCRIPT') continue;
        const style = getComputedStyle(element);
        const ink = light(parse(element.closest('svg') ? style.fill : style.color));
        const paper = light(ground(element));
        const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        if (ratio < 4.5) bad.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
    }
    return [...new Set(bad)].join(', ');
"#;

#[test]
fn every_text_can_be_read() {
    let Some(driver) = driver() else { return };
    let demo = Demo::open();
    let browser = Browser::open(&driver);
    for path in ["/", "/alerts", "/sql", "/patient/demo/demo-1001"] {
        browser.go(&format!("{}{path}", demo.url));
        assert_eq!(browser.run(CONTRAST), "", "{path}");
    }
}

#[test]
fn one_ward_can_be_watched_alone() {
    let demo = Demo::open();
    let (_, wards) = demo.sql(
        "SELECT ward, count(*) AS n FROM patients WHERE setting = 'inpatient' GROUP BY ward ORDER BY n DESC",
    );
    assert!(1 < wards.as_array().unwrap().len(), "{wards}");
    let ward = wards[0]["ward"].as_str().unwrap();
    let other = wards[1]["ward"].as_str().unwrap();
    let (status, page) = demo.get(&format!("/?ward={}", ward.replace(' ', "%20")));
    assert_eq!(status, 200);
    assert!(page.contains(&format!("Patients by risk, {ward}")), "{page}");
    let (_, rows) = page.split_once("<tbody>").unwrap();
    assert!(rows.contains(ward) && !rows.contains(&format!(">{other}<")));
    assert_eq!(demo.get("/?wrad=1").0, 400);
}

#[test]
fn a_browser_sees_the_ward_and_it_is_live() {
    let Some(driver) = driver() else { return };
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
