//! SQL by PostgreSQL's protocol, as the tools of analysts use it: psql, JDBC and Python's psycopg. `./check`
//! fetches the latter two and names them in `TWIN_TEST_JDBC` and `TWIN_TEST_PYTHON`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::runtime::Runtime;

use twinstream::clock::Stopwatch;
use twinstream::engine::published::{Reader, Snapshot};
use twinstream::ingest::source::Format;
use twinstream::pgwire::scram::Verifier;
use twinstream::pgwire::server::{Door, QUERIES_MAX, listen, serve};
use twinstream::pgwire::users::Users;
use twinstream::sql::query::QueryLimits;

use crate::support::{Ward, at, source};

const PASSWORD: &str = "correct horse, battery";
const LONG: &str =
    "SELECT count(*) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b";

/// A door over two patients, and the runtime that serves it.
struct Server {
    address: SocketAddr,
    _runtime: Runtime,
}

impl Server {
    fn open(limits: QueryLimits) -> Server {
        let snapshot = Snapshot::of(vec![ward().shard.snapshot()]);
        let verifier = Verifier::of(PASSWORD).unwrap();
        let users = Users::new([("analyst".to_owned(), verifier)]).unwrap();
        let door = Door::new(Reader::of(snapshot), users, limits).unwrap();
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(listen("127.0.0.1:0".parse().unwrap())).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener, Arc::new(door)));
        Server { address, _runtime: runtime }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("psql");
        let port = self.address.port().to_string();
        command.args([
            "-X",
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "analyst",
            "-d",
            "hospital",
        ]);
        command.args(arguments).env("PGPASSWORD", PASSWORD).stdin(Stdio::null());
        command
    }

    /// What psql writes of statements, one message each: rows, then errors with their codes.
    fn psql(&self, statements: &[&str]) -> String {
        let mut command = self.command(&["-A", "-t", "-v", "VERBOSITY=verbose"]);
        for statement in statements {
            command.args(["-c", statement]);
        }
        told(command.output().unwrap())
    }
}

fn told(output: Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let errors = text(&output.stderr);
    let errors: Vec<&str> = errors.lines().filter(|line| line.contains("ERROR")).collect();
    let told = text(&output.stdout) + &errors.join("\n");
    told.trim_end().to_owned()
}

fn ward() -> Ward {
    let mut ward = Ward::open();
    let now = at("2026-11-08T12:00:00Z");
    let mut receive = |resource: serde_json::Value| {
        let (letter, _) = ward.receive(&source(Format::Fhir), resource.to_string().as_bytes(), now);
        assert_eq!(letter, None);
    };
    for (id, name) in [("P1", "O'Brien, Zoë"), ("P2", "Nobody")] {
        receive(json!({ "resourceType": "Patient", "id": id, "name": [{ "text": name }] }));
    }
    for (hour, value) in [(7, 19), (8, 21), (9, 24), (10, 101)] {
        receive(
            json!({ "resourceType": "Observation", "id": format!("rr{hour}"), "status": "final",
            "subject": { "reference": "Patient/P1" },
            "code": { "coding": [{ "system": "http://loinc.org", "code": "9279-1" }] },
            "effectiveDateTime": format!("2026-11-08T{hour:02}:00:00Z"),
            "valueQuantity": { "value": value, "code": "/min" } }),
        );
    }
    ward
}

fn has_psql() -> bool {
    let is_there = Command::new("psql").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("SKIPPED: no psql; ./check installs it");
    }
    is_there
}

/// What `./check` names in a variable, or a word that it did not.
fn named(variable: &str) -> Option<String> {
    let named = std::env::var(variable).ok();
    if named.is_none() {
        eprintln!("SKIPPED: {variable} is not set; ./check sets it");
    }
    named
}

#[test]
fn only_who_knows_the_password_gets_in() {
    if !has_psql() {
        return;
    }
    let server = Server::open(QueryLimits::default());
    assert_eq!(server.psql(&["SELECT current_user, current_database()"]), "analyst|hospital");
    for (arguments, password, expected) in [
        (&["-c", "SELECT 1"][..], "wrong", "password authentication failed for user \"analyst\""),
        (
            &["-U", "nobody", "-c", "SELECT 1"],
            PASSWORD,
            "authentication failed for user \"nobody\"",
        ),
        (&["-d", "other", "-c", "SELECT 1"], PASSWORD, "database \"other\" does not exist"),
    ] {
        let mut command = server.command(arguments);
        let output = command.env("PGPASSWORD", password).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(expected), "{error}");
    }
}

/// A message of the protocol: its letter, its length, its body.
fn message(letter: Option<u8>, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    letter.into_iter().chain(length).chain(body.iter().copied()).collect()
}

#[test]
fn whoever_has_not_logged_in_is_told_nothing() {
    let server = Server::open(QueryLimits::default());
    let startup = b"\x00\x03\x00\x00user\0analyst\0database\0hospital\0\0";
    for before in [message(None, startup), Vec::new()] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(&before).unwrap();
        for _ in 0..3 {
            stream.write_all(&message(Some(b'Q'), b"SELECT 'secret' || 'x'\0")).ok();
            stream.write_all(&message(Some(b'P'), b"\0SELECT 'secret' || 'x'\0\0\0")).ok();
        }
        stream.shutdown(std::net::Shutdown::Write).ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        assert!(!String::from_utf8_lossy(&answer).contains("secretx"));
    }
    if has_psql() {
        assert_eq!(server.psql(&["SELECT 1"]), "1", "the door is open after that");
    }
}

#[test]
fn psql_describes_the_tables() {
    if !has_psql() {
        return;
    }
    let server = Server::open(QueryLimits::default());
    let tables = server.psql(&["\\dt"]);
    assert!(tables.contains("twin|observations|table|twin"), "{tables}");
    assert!(!tables.contains("pg_class"), "{tables}");
    let described = server.psql(&["\\dt+ patients"]);
    assert!(described.contains("One row per patient."), "{described}");
    let table = server.psql(&["\\d observations"]);
    for column in [
        "patient|text|||",
        "value|double precision|||",
        "effective_at|timestamp with time zone|||",
        "source_offset|bigint|||",
    ] {
        assert!(table.contains(column), "{column}: {table}");
    }
    let verbose = server.psql(&["\\d+ observations"]);
    assert!(verbose.contains("The canonical unit (UCUM), or the unit as it came."), "{verbose}");
    let history = server.psql(&["\\dt history.*", "\\d history.observations"]);
    for said in ["history|observations|table|twin", "known_to|timestamp with time zone"] {
        assert!(history.contains(said), "{said}: {history}");
    }
    let all = r"\d,\d+,\d nothing*,\dn,\dn+,\l,\l+,\du,\df,\dv,\di,\ds,\dT,\dS pg_class,\d pg_class,\dd,\db,\dx,
        \dm,\dp,\z,\dF,\dFd,\dFp,\dFt,\drds,\dl,\da,\dc,\dC,\dD,\ddp,\dE,\dA,\dAc,\des,\dL,\do,\dO,\dy,\dX,
        \dP,\dRp,\dconfig,\d+ history.observations";
    for asked in all.split(',').map(str::trim) {
        let answer = server.psql(&[asked]);
        assert!(!answer.contains("ERROR"), "{asked}: {answer}");
    }
    let descriptions = server.psql(&[
        "SELECT obj_description('patients'::regclass, 'pg_class'), col_description('twin.observations'::regclass, 3)",
        "SELECT c.relname, d.description FROM pg_class c JOIN pg_description d ON d.objoid = c.oid \
         AND d.objsubid = 0 WHERE c.relname = 'flags' AND pg_table_is_visible(c.oid)",
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'twin' AND table_name LIKE 'pat%'",
    ]);
    assert_eq!(
        descriptions,
        "One row per patient.|The value in the canonical unit; null where it is unusable.\n\
         flags|Flags.\npatients"
    );
}

#[test]
fn values_are_told_as_postgresql_tells_them() {
    if !has_psql() {
        return;
    }
    let server = Server::open(QueryLimits::default());
    let answers = [
        ("SELECT name FROM patients ORDER BY patient", "O'Brien, Zoë\nNobody"),
        (
            "SELECT value, value > 20, source_offset, effective_at, device FROM observations LIMIT 1",
            "19|f|3|2026-11-08 07:00:00+00|",
        ),
        (
            "SELECT count(*), avg(value), max(effective_at) FROM observations",
            "4|41.25|2026-11-08 10:00:00+00",
        ),
        ("SELECT 1.5::float8, 2::int, NULL, true, date '2026-11-08'", "1.5|2||t|2026-11-08"),
        ("SELECT row_number() OVER (ORDER BY value) FROM observations LIMIT 1", "1"),
        ("SELECT 1; SELECT 2", "1\n2"),
        ("SELECT array_agg(source_offset ORDER BY value) FROM observations", "{3,4,5,6}"),
        ("", ""),
        (";", ""),
        ("-- a comment", ""),
        ("SHOW server_version", "15.0"),
        ("SHOW search_path", "twin"),
    ];
    for (sql, expected) in answers {
        assert_eq!(server.psql(&[sql]), expected, "{sql}");
    }
}

#[test]
fn what_is_refused_says_why_with_its_code() {
    if !has_psql() {
        return;
    }
    let server = Server::open(QueryLimits::default());
    for (sql, expected) in [
        ("SELEC 1", "42601"),
        ("SELECT * FROM nowhere", "42P01"),
        ("SELECT nothing FROM patients", "42703"),
        ("SELECT nothing(1)", "42883"),
        ("SELECT 1 / 0", "22012"),
        ("SELECT CAST('x' AS int)", "22P02"),
        (
            "INSERT INTO patients VALUES (1)",
            "25006: cannot execute INSERT: the tables are read only",
        ),
        ("CREATE TABLE t (a int)", "25006: cannot execute CREATE TABLE"),
        ("COPY patients TO STDOUT", "0A000: COPY is not supported"),
        ("GRANT SELECT ON patients TO x", "42501"),
        ("SET nonsense = 1", "42704: unrecognized configuration parameter \"nonsense\""),
        (
            "SET TimeZone = 'Europe/London'",
            "0A000: TimeZone cannot be \"Europe/London\": expected UTC",
        ),
        ("SELECT * FROM '/etc/passwd'", "42P01"),
        ("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'", "42601"),
    ] {
        let told = server.psql(&[sql]);
        assert!(told.starts_with(&format!("ERROR:  {expected}")), "{sql}: {told}");
    }
}

#[test]
fn settings_and_transactions_are_the_session_s() {
    if !has_psql() {
        return;
    }
    let server = Server::open(QueryLimits::default());
    let known_at = "2026-11-08T11:00:00Z";
    let set = format!("SET twin.known_at = '{known_at}'");
    let show = "SHOW twin.known_at";
    assert_eq!(server.psql(&[&set, show, "RESET twin.known_at", show]), known_at);
    assert_eq!(server.psql(&[&set, "BEGIN", "RESET ALL", "ROLLBACK", show]), known_at);
    assert_eq!(
        server.psql(&["BEGIN", &set.replace("SET", "SET LOCAL"), show, "COMMIT", show]),
        known_at
    );
    assert_eq!(
        server.psql(&["BEGIN READ ONLY", "SELECT 1", "SAVEPOINT x"]).lines().next(),
        Some("1")
    );
    // An error ends what can be done in a transaction; COMMIT then gives it up.
    let aborted = server.psql(&["BEGIN", "SELECT x", "SELECT 1", "COMMIT", "SELECT 2"]);
    assert!(aborted.starts_with('2') && aborted.contains("ERROR:  25P02"), "{aborted}");
    let whole =
        server.psql(&["BEGIN; SELECT 1; SELECT x; SELECT 2", "SELECT 3", "ROLLBACK; SELECT 4"]);
    assert!(whole.starts_with("1\n4") && whole.contains("ERROR:  25P02"), "{whole}");
    let through = server.psql(&["SHOW twin.known_through"]);
    assert!(through.starts_with("2026-11-08T12:00:00"), "{through}");
}

#[test]
fn cursors_give_a_few_rows_at_a_time() {
    if !has_psql() {
        return;
    }
    let server = Server::open(QueryLimits::default());
    let told = server.psql(&[
        "BEGIN",
        "DECLARE c CURSOR FOR SELECT value FROM observations ORDER BY value",
        "FETCH 2 FROM c",
        "FETCH FORWARD 1 FROM c",
        "FETCH ALL FROM c",
        "FETCH NEXT FROM c",
        "CLOSE c",
        "COMMIT",
    ]);
    assert_eq!(told, "19\n21\n24\n101");
    let closed = server.psql(&[
        "BEGIN",
        "DECLARE c CURSOR FOR SELECT 1",
        "COMMIT",
        "BEGIN",
        "FETCH NEXT FROM c",
    ]);
    assert!(closed.starts_with("ERROR:  34000"), "{closed}");
    let outside = server.psql(&["DECLARE c CURSOR FOR SELECT 1"]);
    assert!(outside.starts_with("ERROR:  25P01"), "{outside}");
    // How psql reads what is larger than its memory.
    let mut command = server.command(&["-A", "-t", "-v", "FETCH_COUNT=10"]);
    let output =
        command.args(["-c", "SELECT value FROM generate_series(1, 1000)"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1_000);
}

#[test]
fn every_bound_is_told() {
    if !has_psql() {
        return;
    }
    let limits = QueryLimits {
        memory_bytes_max: 8 << 20,
        rows_max: 1_000,
        time_max: Duration::from_secs(20),
    };
    let server = Server::open(limits);
    for (statements, expected) in [
        (
            &["SELECT * FROM generate_series(1, 100000)"][..],
            "54000: the query has more than 1000 rows: add a LIMIT, or aggregate",
        ),
        (
            &[
                "SELECT (value * 7919) % 3000017, count(*) FROM generate_series(1, 3000000) GROUP BY 1",
            ],
            "53200: the query needs more than 8 MiB of memory",
        ),
        (&["SET statement_timeout = 300", LONG], "57014: the statement took longer than 300 ms"),
    ] {
        let told = server.psql(statements);
        assert!(told.contains(&format!("ERROR:  {expected}")), "{statements:?}: {told}");
    }
}

#[test]
fn what_is_stopped_stops() {
    if !has_psql() {
        return;
    }
    let server = Server::open(QueryLimits::default());
    // As many as may run at once: if one went on after it was stopped, there were no room.
    let asked: Vec<Child> = (0..QUERIES_MAX)
        .map(|_| {
            let mut command = server.command(&["-v", "VERBOSITY=verbose", "-c", LONG]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let since = Stopwatch::start();
    while since.elapsed() < Duration::from_secs(2) {
        std::thread::yield_now();
    }
    for child in asked {
        // Ctrl-C: psql asks the server to stop.
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let told = told(child.wait_with_output().unwrap());
        assert!(told.contains("57014: canceling statement due to user request"), "{told}");
    }
    assert!(since.elapsed() < Duration::from_secs(40), "they ran to their limit");
    assert_eq!(server.psql(&["SELECT 1"]), "1");
}

#[test]
fn jdbc_reads() {
    let Some(jdbc) = named("TWIN_TEST_JDBC") else { return };
    let server = Server::open(QueryLimits::default());
    let url = format!("jdbc:postgresql://{}/hospital", server.address);
    let reads = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/services/sql/Reads.java");
    let output =
        Command::new("java").args(["-cp", &jdbc, reads, &url, "analyst", PASSWORD]).output();
    let output = output.unwrap();
    let (told, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr));
    let expected = "product PostgreSQL
table patients: One row per patient.
column 1 patient text: The patient as namespace/identifier.
column 3 value float8: The value in the canonical unit; null where it is unusable.
column 6 effective_at timestamptz: When it was true: the end of a period, or of the day that was all the source gave.
column 28 source_offset int8: The offset of the source record.
schemas true
catalogs 1
types true
keys 000000
row respiratory_rate 21.0 2026-11-08T08:00:00Z 4 false
row respiratory_rate 24.0 2026-11-08T09:00:00Z 5 false
fetched 500500
stopped 57014
error 42703
error 25006
error 42P01
error 42703
error 25P02
after rollback 1
";
    assert_eq!(told, expected, "{errors:?}");
}

#[test]
fn python_reads() {
    let Some(python) = named("TWIN_TEST_PYTHON") else { return };
    let server = Server::open(QueryLimits::default());
    let reads = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/services/sql/reads.py");
    let (host, port) = (server.address.ip(), server.address.port());
    let connection =
        format!("host={host} port={port} user=analyst dbname=hospital password='{PASSWORD}'");
    let output = Command::new(python).args([reads, &connection]).output().unwrap();
    let (told, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr));
    let expected = "row respiratory_rate 21.0 2026-11-08T08:00:00+00:00 4 False
row respiratory_rate 24.0 2026-11-08T09:00:00+00:00 5 False
columns ['value']
sum 500500
stopped 57014
error 42703
error 25006
error 0A000
nothing (None, '', 1.5, True, \"O'Brien\")
";
    assert_eq!(told, expected, "{errors:?}");
}

#[test]
fn the_demo_hospital_says_how_to_reach_its_sql() {
    if !has_psql() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_twin"));
    command.args(["up", "--http", "127.0.0.1:0", "--data"]).arg(folder.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let said = std::io::BufReader::new(child.stdout.take().unwrap());
    let lines = std::io::BufRead::lines(said).map_while(Result::ok);
    let line = lines.into_iter().find_map(|line| line.strip_prefix("psql     ").map(str::to_owned));
    let line = line.expect("it says how");
    let mut words = line.split(' ');
    let mut psql = Command::new(words.next().unwrap());
    psql.args(words).args(["-X", "-A", "-t", "-c", "SELECT count(*) >= 0 FROM patients"]);
    let output = psql.output().unwrap();
    child.kill().ok();
    child.wait().ok();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "t\n", "{:?}", output.stderr);
}
