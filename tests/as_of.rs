//! Two time axes: what was known at an instant, and what was true of the patient by then. An answer about
//! an instant that is over never becomes another, whatever comes later.

use std::sync::Arc;

use serde_json::{Value, json};

use twinstream::domain::event::Control;
use twinstream::domain::time::{Span, Timestamp};
use twinstream::engine::library::Library;
use twinstream::engine::shard::Shard;
use twinstream::ingest::source::Format;
use twinstream::sim::dice::Dice;
use twinstream::sim::ward;
use twinstream::sql::catalog::TABLES;
use twinstream::sql::format;
use twinstream::sql::query::{QueryError, QueryLimits, run};
use twinstream::sql::session::Session;
use twinstream::twin::snapshot::ShardSnapshot;

use crate::order::hospital;
use crate::support::{Ward, at, log_frame, opening, site, source};

/// How many little wards are asked; each answer is planned and run anew, so that more take longer.
const N_WARDS: u64 = 6;

type Shards = Arc<Vec<ShardSnapshot>>;

fn asked(shards: &Shards, session: &mut Session, sql: &str) -> Result<String, QueryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let answer = runtime.block_on(run(shards.clone(), sql, session, QueryLimits::default()))?;
    Ok(format::csv(&answer).unwrap())
}

/// The rows of an answer as text, in an order of their own.
fn rows(shards: &Shards, sql: &str) -> Vec<String> {
    let text = asked(shards, &mut Session::default(), sql);
    let text = text.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

fn json_of(shards: &Shards, sql: &str) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (mut session, limits) = (Session::default(), QueryLimits::default());
    let answer = runtime.block_on(run(shards.clone(), sql, &mut session, limits));
    let answer = answer.unwrap_or_else(|error| panic!("{sql}: {error}"));
    serde_json::from_str(&format::json(&answer).unwrap()).unwrap()
}

/// What every table says as of an instant.
fn told(shards: &Shards, known: Timestamp) -> Vec<(String, Vec<String>)> {
    let of = |name: &str| {
        let sql = format!("SELECT {} FROM as_of('{name}', '{known}')", columns(name));
        (name.to_owned(), rows(shards, &sql))
    };
    TABLES.iter().map(|table| of(table.name)).collect()
}

/// What of a table is told for an instant: of pipelines what was decided, because their texts are kept as they stand.
fn columns(table: &str) -> &'static str {
    match table {
        "pipelines" => "name, state, since, decided_by, role, pharmacist, why, not_alerting_since",
        _ => "*",
    }
}

fn assert_same(what: &str, found: &[(String, Vec<String>)], expected: &[(String, Vec<String>)]) {
    for ((name, found), (_, expected)) in found.iter().zip(expected) {
        assert_eq!(found, expected, "{what}: {name}");
    }
}

/// Steps events, sealing now and then, and holds all it was told on the way against what it is told later.
fn assert_settled(seed: u64, events: Vec<Vec<u8>>, asked_every: usize) {
    let mut dice = Dice::of(seed);
    let mut shard = Shard::new(0);
    let mut answers: Vec<(Timestamp, Answers)> = Vec::new();
    for (offset, bytes) in opening().into_iter().chain(events).enumerate() {
        shard.step(&[log_frame(offset, bytes)]).unwrap();
        if dice.below(4) == 0 {
            shard.seal_now();
        }
        let is_dated = Timestamp::from_micros(0) < shard.known();
        if is_dated && offset % asked_every == asked_every - 1 {
            let shards = Arc::new(vec![shard.snapshot()]);
            let known = shard.known();
            let now = TABLES.iter().map(|table| {
                (
                    table.name.to_owned(),
                    rows(&shards, &format!("SELECT {} FROM {}", columns(table.name), table.name)),
                )
            });
            let then = told(&shards, known);
            assert_same(&format!("seed {seed}, now"), &then, &now.collect::<Vec<_>>());
            answers.push((known, then));
        }
    }
    let shards = Arc::new(vec![shard.snapshot()]);
    for (known, answer) in &answers {
        assert_same(&format!("seed {seed}, at {known}"), &told(&shards, *known), answer);
        assert_history(&shards, *known, answer);
    }
}

/// The tables whose versions all count while they are current.
const COUNTED: [&str; 7] =
    ["risks", "alerts", "follow_ups", "suggestions", "revisions", "evidence", "suppressions"];

/// What was current then among all versions is what was known then.
fn assert_history(shards: &Shards, known: Timestamp, answer: &[(String, Vec<String>)]) {
    for (name, expected) in answer.iter().filter(|(name, _)| COUNTED.contains(&name.as_str())) {
        let sql = format!(
            "SELECT * EXCEPT (known_from, known_to) FROM history.{name} WHERE known_from <= '{known}' \
             AND (known_to IS NULL OR '{known}' < known_to)"
        );
        assert_eq!(&rows(shards, &sql), expected, "history.{name} at {known}");
    }
    // Wards are named by the places as they are known now.
    let columns =
        "patient, birth_date, deceased_at, setting, encounter, news2, news2_band, news2_at";
    let history = format!(
        "SELECT {columns} FROM history.patients WHERE known_from <= '{known}' AND (known_to IS NULL OR \
         '{known}' < known_to)"
    );
    let then = format!("SELECT {columns} FROM as_of('patients', '{known}')");
    assert_eq!(rows(shards, &history), rows(shards, &then), "history.patients at {known}");
}

/// What each question answers, line by line.
type Answers = Vec<(String, Vec<String>)>;

#[test]
fn what_was_known_never_changes() {
    for seed in 0..N_WARDS {
        let events = ward::history(&site(), seed);
        let every = (events.len() / 3).max(1);
        assert_settled(seed, events, every);
    }
}

#[test]
fn what_was_known_of_a_hospital_never_changes() {
    let events = hospital();
    let every = events.len() / 4;
    assert_settled(0, events, every);
}

fn observation(value: f64, status: &str, revised: &str) -> Value {
    json!({ "resourceType": "Observation", "id": "rr", "status": status,
        "subject": { "reference": "Patient/P1" }, "meta": { "lastUpdated": revised },
        "code": { "coding": [{ "system": "http://loinc.org", "code": "9279-1" }] },
        "effectiveDateTime": "2026-01-01T09:00:00Z",
        "valueQuantity": { "value": value, "unit": "/min" } })
}

fn stay() -> Value {
    json!({ "resourceType": "Encounter", "id": "e", "status": "in-progress",
        "class": { "code": "IMP" }, "subject": { "reference": "Patient/P1" },
        "location": [{ "location": { "reference": "Location/w" } }],
        "period": { "start": "2026-01-01T08:00:00Z" } })
}

fn place(name: &str, revised: &str) -> Value {
    json!({ "resourceType": "Location", "id": "w", "name": name, "status": "active",
        "meta": { "lastUpdated": revised } })
}

/// A patient whose respiratory rate comes late, is corrected, then taken back; the ward is renamed.
fn corrected() -> Ward {
    let mut ward = Ward::open();
    let tell = |ward: &mut Ward, resource: Value, now: &str| {
        let text = resource.to_string();
        let (letter, _) = ward.receive(&source(Format::Fhir), text.as_bytes(), at(now));
        assert_eq!(letter, None, "{text}");
    };
    tell(&mut ward, place("5 West", "2026-01-01T00:00:00Z"), "2026-01-01T08:00:00Z");
    tell(&mut ward, stay(), "2026-01-01T08:00:00Z");
    let first = "2026-01-01T09:01:00Z";
    tell(&mut ward, observation(30.0, "final", first), first);
    let second = "2026-01-01T09:30:00Z";
    tell(&mut ward, observation(26.0, "corrected", second), second);
    tell(&mut ward, place("6 East", "2026-01-01T09:40:00Z"), "2026-01-01T09:40:00Z");
    let third = "2026-01-01T10:00:00Z";
    tell(&mut ward, observation(26.0, "entered-in-error", third), third);
    // Older than what is known already: it is kept and never counts.
    let late = observation(28.0, "preliminary", "2026-01-01T09:00:30Z");
    tell(&mut ward, late, "2026-01-01T10:30:00Z");
    ward.tick(at("2026-01-01T11:00:00Z"));
    ward
}

fn shards(ward: &mut Ward) -> Shards {
    Arc::new(vec![ward.shard.snapshot()])
}

#[test]
fn a_corrected_value_is_seen_as_it_was_known() {
    let shards = shards(&mut corrected());
    for (known, value, news2, status) in [
        ("2026-01-01T08:59:00Z", json!(null), json!(null), json!(null)),
        ("2026-01-01T09:10:00Z", json!(30.0), json!(3), json!("active")),
        ("2026-01-01T09:35:00Z", json!(26.0), json!(3), json!("active")),
        ("2026-01-01T10:10:00Z", json!(null), json!(null), json!("withdrawn")),
    ] {
        let sql = format!(
            "SELECT o.value, p.news2, a.status, p.ward FROM as_of('patients', '{known}') p \
             LEFT JOIN as_of('observations', '{known}') o ON o.patient = p.patient \
             LEFT JOIN as_of('alerts', '{known}') a ON a.patient = p.patient"
        );
        let found = json_of(&shards, &sql);
        let of = |name: &str| found[0].get(name).cloned().unwrap_or(Value::Null);
        assert_eq!(
            (of("value"), of("news2"), of("status")),
            (value, news2, status),
            "{known}: {found}"
        );
        let ward = if known < "2026-01-01T09:40:00Z" { "5 West" } else { "6 East" };
        assert_eq!(of("ward"), json!(ward), "{known}");
    }
    let nobody = "SELECT count(*) AS n FROM as_of('patients', '2026-01-01T07:00:00Z')";
    assert_eq!(json_of(&shards, nobody)[0]["n"], 0);
}

#[test]
fn what_is_true_only_later_is_left_out_where_an_instant_of_the_patient_is_given() {
    let shards = shards(&mut corrected());
    let known = "2026-01-01T09:35:00Z";
    let count = |table: &str, valid: &str| {
        // A stay that begins is scored by others.
        let only = if table == "risks" { "WHERE pipeline = 'news2'" } else { "" };
        let sql =
            format!("SELECT count(*) AS n FROM as_of('{table}', '{known}', '{valid}') {only}");
        json_of(&shards, &sql)[0]["n"].as_i64().unwrap()
    };
    for table in ["observations", "risks", "alerts", "evidence", "revisions"] {
        assert_eq!(count(table, "2026-01-01T08:59:59Z"), 0, "{table}");
        assert_ne!(count(table, "2026-01-01T09:00:00Z"), 0, "{table}");
    }
    assert_eq!(
        [count("encounters", "2026-01-01T07:59:59Z"), count("encounters", "2026-01-01T08:00:00Z")],
        [0, 1]
    );
    let before =
        format!("SELECT setting, news2 FROM as_of('patients', '{known}', '2026-01-01T07:00:00Z')");
    assert_eq!(json_of(&shards, &before), json!([{}]));
}

#[test]
fn what_was_withdrawn_never_held_whichever_instant_is_looked_at() {
    let shards = shards(&mut corrected());
    for (known, status) in
        [("2026-01-01T09:50:00Z", "active"), ("2026-01-01T10:00:00Z", "withdrawn")]
    {
        let sql = format!("SELECT status FROM as_of('alerts', '{known}', '2026-01-01T09:00:00Z')");
        assert_eq!(json_of(&shards, &sql), json!([{ "status": status }]), "{known}");
    }
}

#[test]
fn a_pipeline_that_is_defined_anew_renames_nothing_that_was_known() {
    let mut ward = corrected();
    let known = at("2026-01-01T09:35:00Z");
    let before = told(&shards(&mut ward), known);
    let bands =
        format!("SELECT DISTINCT band FROM as_of('risks', '{known}') WHERE pipeline = 'news2'");
    assert_eq!(rows(&shards(&mut ward), &bands), ["band", "low-medium"]);
    let library = Library::shipped().unwrap();
    let ((kind, name), text) =
        library.texts().iter().find(|((_, name), _)| name == "news2").unwrap();
    let text = text.replace("low-medium", "red");
    let definition = Control::Definition { kind: *kind, name: name.into(), text: text.into() };
    ward.order(definition, at("2026-01-01T11:30:00Z"));
    ward.shard.seal_now();
    assert_same("defined anew", &told(&shards(&mut ward), known), &before);
}

#[test]
fn the_history_has_every_version_and_when_it_counted() {
    let shards = shards(&mut corrected());
    let sql = "SELECT status, value, to_char(known_from, '%H:%M') AS from, to_char(known_to, '%H:%M') AS to \
               FROM history.observations WHERE patient = 'test/P1' ORDER BY known_from";
    assert_eq!(
        json_of(&shards, sql),
        json!([
            { "status": "final", "value": 30.0, "from": "09:01", "to": "09:30" },
            { "status": "amended", "value": 26.0, "from": "09:30", "to": "10:00" },
            { "status": "entered-in-error", "from": "10:00" },
            { "status": "preliminary", "value": 28.0, "from": "10:30", "to": "10:30" },
        ])
    );
    let sql = "SELECT revision, status, to_char(known_to, '%H:%M') AS to FROM history.alerts ORDER BY revision";
    let rows = json_of(&shards, sql);
    let (first, last) = (&rows[0], rows.as_array().unwrap().last().unwrap());
    assert_eq!((&first["status"], &first["to"]), (&json!("active"), &json!("09:30")), "{rows}");
    assert_eq!((&last["status"], last.get("to")), (&json!("withdrawn"), None), "{rows}");
}

#[test]
fn a_session_is_about_its_instant_until_it_is_reset() {
    let shards = shards(&mut corrected());
    let mut session = Session::default();
    let mut ask = |sql: &str| asked(&shards, &mut session, sql).map_err(|error| error.to_string());
    let value = "SELECT value FROM observations";
    assert_eq!(
        ask(&format!("SET twin.known_at = '2026-01-01T09:10:00Z'; {value}")).unwrap(),
        "value\n30.0\n"
    );
    assert_eq!(ask(value).unwrap(), "value\n30.0\n", "it goes on");
    assert_eq!(ask("SHOW twin.known_at").unwrap(), "twin.known_at\n2026-01-01T09:10:00Z\n");
    assert_eq!(ask("SELECT count(*) AS n FROM history.observations").unwrap(), "n\n1\n");
    assert_eq!(
        ask("SELECT value FROM as_of('observations', '2026-01-01T09:35:00Z')").unwrap(),
        "value\n26.0\n"
    );
    let refused = ask(&format!("RESET twin.known_at; SELECT nothing; {value}")).unwrap_err();
    assert!(refused.contains("one question at a time"), "{refused}");
    assert_eq!(ask(value).unwrap(), "value\n30.0\n", "what was refused changed nothing");
    assert_eq!(ask(&format!("RESET twin.known_at; {value}")).unwrap(), "value\n");
}

#[test]
fn an_instant_that_is_not_settled_or_cannot_be_read_is_refused() {
    let shards = shards(&mut corrected());
    let refused = |sql: &str| asked(&shards, &mut Session::default(), sql).unwrap_err().to_string();
    let bound = shards[0].known_through;
    let beyond = bound.plus(Span::from_micros(1));
    let expected = format!(
        "what was known at {beyond} is not settled: everything is known up to {bound}, ask for that or before"
    );
    assert_eq!(refused(&format!("SELECT * FROM as_of('alerts', '{beyond}')")), expected);
    assert_eq!(refused(&format!("SET twin.known_at = '{beyond}'; SELECT * FROM alerts")), expected);
    rows(&shards, &format!("SELECT * FROM as_of('alerts', '{bound}')"));
    rows(
        &shards,
        "SELECT * FROM as_of('alerts', TIMESTAMP '2026-01-01 09:10:00' - INTERVAL '1 hour')",
    );
    for (sql, expected) in [
        ("SELECT * FROM as_of('alerts', 'yesterday')", "like '2026-11-08T03:10:00Z'"),
        ("SELECT * FROM as_of('alerts', '2026-01-01T09:00:00')", "like '2026-11-08T03:10:00Z'"),
        ("SELECT * FROM as_of('alerts', 7)", "like '2026-11-08T03:10:00Z'"),
        (
            "SELECT * FROM as_of('alerts', '2026-01-01T09:00:00Z', 'x')",
            "like '2026-11-08T03:10:00Z'",
        ),
        ("SELECT * FROM as_of('alerts')", "expected as_of('table', known)"),
        ("SELECT * FROM as_of('nothing', '2026-01-01T09:00:00Z')", "there is no table nothing"),
        ("SET twin.known_at = 'soon'; SELECT 1", "like '2026-11-08T03:10:00Z'"),
        ("SET datafusion.execution.batch_size = 1", "not supported"),
        ("", "expected a question"),
    ] {
        assert!(refused(sql).contains(expected), "{sql}: {}", refused(sql));
    }
}
