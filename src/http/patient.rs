//! One patient: what is said and why, the scores, vital signs over time, results, what holds.

use axum::extract::{Path, State as Extracted};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use crate::domain::signal::unit_for_people;
use crate::domain::time::{Span, Timestamp};
use crate::engine::published::Snapshot;
use crate::http::chart::{Chart, Point};
use crate::http::page::{self, Level, mark};
use crate::http::patient_identities::who_else;
use crate::http::respond::handling;
use crate::http::rows::{Row, ask, quoted};
use crate::http::state::State;
use crate::http::{when, words};
use crate::sql::query::QueryError;
use crate::sql::questions::letters_of;

/// How far back the charts reach.
const WINDOW: Span = Span::from_hours(24);
/// Results of a list beyond which the rest is left to SQL.
const RESULTS_MAX: usize = 24;

/// A chart: its title, unit, signals, the range it shows at least, and where all is well (NEWS2, RCP
/// 2017, scale 1: the values that score 0).
type Vital = (&'static str, &'static str, &'static [&'static str], (f64, f64), Option<(f64, f64)>);

const VITALS: [Vital; 6] = [
    ("Respiratory rate", "/min", &["respiratory_rate"], (8.0, 30.0), Some((12.0, 20.0))),
    ("Oxygen saturation", "%", &["spo2"], (86.0, 100.0), Some((96.0, 100.0))),
    (
        "Blood pressure",
        "mmHg",
        &["systolic_blood_pressure", "diastolic_blood_pressure"],
        (50.0, 180.0),
        Some((111.0, 219.0)),
    ),
    ("Pulse", "/min", &["heart_rate"], (40.0, 140.0), Some((51.0, 90.0))),
    ("Temperature", "°C", &["temperature"], (35.0, 40.0), Some((36.1, 38.0))),
    ("Steps", "", &["steps"], (0.0, 1_000.0), None),
];

/// The page.
pub async fn page(
    Extracted(state): Extracted<State>,
    Path((namespace, patient)): Path<(String, String)>,
) -> Response {
    let _room = state.writings.acquire().await;
    let snapshot = state.reader.fresh().await;
    let name = format!("{namespace}/{patient}");
    match main(&snapshot, &name).await {
        Ok(Some(main)) => {
            let events = format!("/events{}", page::path_of(&name));
            page::answer(page::whole(&state, &snapshot, "Patient", Some(&events), &main))
        }
        Ok(None) => (StatusCode::NOT_FOUND, "there is no such patient").into_response(),
        Err(error) => page::failed(&error),
    }
}

/// Its main part; `None` if there is no such patient.
///
/// # Errors
/// If a question takes too much.
pub async fn main(snapshot: &Snapshot, name: &str) -> Result<Option<Markup>, QueryError> {
    let patient = quoted(name);
    let now = snapshot.clock();
    let person =
        ask(snapshot, &format!("SELECT * FROM patients WHERE patient = {patient}")).await?;
    let Some(person) = person.into_iter().next() else { return Ok(None) };
    let columns = "id, kind, pipeline, edition, band, severity, status, change, revision, text, notes, \
                   effective_at, raised_at, known_at, due_at, ward, acknowledged_by, snoozed_by, snoozed_until, \
                   resolved_by, not_alerting";
    let said = |kind: &str, table: &str| {
        format!(
            "SELECT {} FROM {table} WHERE patient = {patient} AND audience = 'care-team'",
            columns.replace("kind", &format!("'{kind}' AS kind"))
        )
    };
    let said = [
        said("alert", "alerts"),
        said("suggestion", "suggestions"),
        said("follow-up", "follow_ups"),
    ];
    let said = format!("{} ORDER BY effective_at DESC", said.join(" UNION ALL "));
    let said = ask(snapshot, &said).await?;
    let evidence = format!(
        "SELECT * FROM evidence WHERE patient = {patient} ORDER BY points DESC NULLS LAST, effective_at DESC"
    );
    let evidence = ask(snapshot, &evidence).await?;
    let observations = observations(snapshot, &patient, now).await?;
    let scores = format!(
        "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY pipeline, subject ORDER BY at DESC) AS \
         place FROM risks WHERE patient = {patient}) WHERE place = 1 ORDER BY pipeline, subject"
    );
    let scores = ask(snapshot, &scores).await?;
    let lists = lists(snapshot, &patient).await?;
    let not_read = format!("SELECT * {} ORDER BY started_at DESC", letters_of(&patient));
    let not_read = ask(snapshot, &not_read).await?;
    let identities = format!(
        "SELECT * FROM identities WHERE patient = {patient} OR linked_to = {patient} ORDER BY patient"
    );
    let identities = ask(snapshot, &identities).await?;
    let withheld = format!(
        "SELECT * FROM suppressions WHERE patient = {patient} ORDER BY last_known_at DESC LIMIT {RESULTS_MAX}"
    );
    let withheld = ask(snapshot, &withheld).await?;
    let (open, past): (Vec<&Row>, Vec<&Row>) =
        said.iter().partition(|row| row.text("status") == "active");
    Ok(Some(html! {
        (head(&person, now))
        (page::silent(std::iter::once(&person)))
        (who_else(&identities, name))
        (not_read_list(&not_read, now))
        @for row in &open { (card(row, &evidence, now)) }
        @if open.is_empty() { p class="empty" { "Nothing is open." } }
        (past_table(&past, now))
        (withheld_table(&withheld, now))
        (scores_table(&scores, now))
        h2 { "Last 24 hours" }
        div class="charts" { @for vital in &VITALS { (figure(vital, &observations, now)) } }
        div class="grid-2" {
            (results(&observations, now))
            div { @for (title, rows) in &lists { (statements(title, rows)) } }
        }
    }))
}

/// Every value of the charts' window, and the newest of every signal before.
async fn observations(
    snapshot: &Snapshot,
    patient: &str,
    now: Timestamp,
) -> Result<Vec<Row>, QueryError> {
    let since = now.minus(WINDOW);
    let sql = format!(
        "SELECT signal, value, value_text, comparator, unit, counts_at AS effective_at, origin, status, \
         unusable FROM (SELECT *, row_number() OVER (PARTITION BY signal ORDER BY counts_at DESC) AS place \
         FROM observations WHERE patient = {patient} AND signal IS NOT NULL) WHERE place = 1 OR \
         counts_at > TIMESTAMP '{since}' ORDER BY counts_at"
    );
    ask(snapshot, &sql).await
}

async fn lists(
    snapshot: &Snapshot,
    patient: &str,
) -> Result<Vec<(&'static str, Vec<Row>)>, QueryError> {
    let mut lists = Vec::new();
    for (title, table, condition) in [
        ("Conditions", "conditions", "activity = 'active'"),
        ("Medications", "medications", "activity = 'active'"),
        ("Allergies", "allergies", "activity = 'active'"),
        ("Imaging", "imaging_studies", "true"),
        ("Reports", "reports", "true"),
    ] {
        let text = if table == "reports" { "conclusion" } else { "CAST(NULL AS VARCHAR)" };
        let sql = format!(
            "SELECT coalesce(display, code) AS what, {text} AS text, status, started_at FROM {table} \
             WHERE patient = {patient} AND {condition} ORDER BY started_at DESC NULLS LAST LIMIT {RESULTS_MAX}"
        );
        lists.push((title, ask(snapshot, &sql).await?));
    }
    Ok(lists)
}

fn head(person: &Row, now: Timestamp) -> Markup {
    let name =
        if person.text("name").is_empty() { person.text("patient") } else { person.text("name") };
    html! {
        h1 { (name) }
        p class="sub" {
            (person.text("patient")) " · " (person.text("sex")) " · born " (person.text("birth_date"))
            @for part in ["setting", "ward", "bed"] {
                @if !person.text(part).is_empty() { " · " (person.text(part)) }
            }
            @if let Some(at) = person.time("deceased_at") { " · died " (when::both(at, now)) }
        }
    }
}

/// Records about the patient that could not be read: whoever looks here must not take silence for good news.
fn not_read_list(rows: &[Row], now: Timestamp) -> Markup {
    html! {
        @if !rows.is_empty() {
            section class="card raised" id="not-read" {
                (mark(Level::Raised, "not read")) " "
                strong { (rows.len()) " of this patient's records could not be read" }
                ul {
                    @for row in rows.iter().take(RESULTS_MAX) {
                        li {
                            (row.text("display"))
                            span class="quiet" {
                                " · " (row.text("source_topic")) " partition "
                                (row.integer("source_partition").unwrap_or(0)) " offset "
                                (row.integer("source_offset").unwrap_or(0))
                                @if let Some(at) = row.time("started_at") { " · " (when::both(at, now)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn card(row: &Row, evidence: &[Row], now: Timestamp) -> Markup {
    let level = Level::of_band(row.text("band"));
    let class = match level {
        Level::Critical => "card critical",
        Level::High => "card high",
        Level::Raised => "card raised",
        Level::Low | Level::None => "card",
    };
    let rests_on: Vec<&Row> =
        evidence.iter().filter(|one| one.text("effect") == row.text("id")).collect();
    html! {
        section class=(class) {
            (mark(level, row.text("band"))) " " strong { (row.text("kind")) }
            span class="quiet" {
                " · " (row.text("pipeline"))
                @if let Some(at) = row.time("effective_at") { " · " (when::both(at, now)) }
            }
            p { (row.text("text")) }
            @if !row.text("notes").is_empty() { p class="quiet" { (row.text("notes")) } }
            (handling(row, now))
            details id=(format!("why-{}", row.text("id"))) {
                summary { "Why: " (rests_on.len()) " values, rule and source" }
                (evidence_table(&rests_on, now))
                p class="quiet" {
                    "Rule: " (row.text("edition")) ". Revision " (row.integer("revision").unwrap_or(1))
                    " (" (row.text("change")) ")"
                    @if let Some(at) = row.time("raised_at") { ", first said " (when::both(at, now)) }
                    ". Id " code { (row.text("id")) }
                }
            }
        }
    }
}

fn evidence_table(rows: &[&Row], now: Timestamp) -> Markup {
    html! {
        div class="scroll" {
            table {
                thead { tr { th { "Value" } th { "" } th { "Points" } th { "Time" } th { "Source record" } } }
                tbody {
                    @for row in rows {
                        tr {
                            td { (row.text("label")) }
                            td class="nowrap" { strong { (row.text("value")) } }
                            td class="number" { @if let Some(points) = row.integer("points") { "+" (points) } }
                            td class="nowrap" {
                                @if let Some(at) = row.time("effective_at") { (when::both(at, now)) }
                            }
                            td class="quiet" {
                                (row.text("source_topic")) " partition "
                                (row.integer("source_partition").unwrap_or(0)) " offset "
                                (row.integer("source_offset").unwrap_or(0))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn past_table(rows: &[&Row], now: Timestamp) -> Markup {
    html! {
        @if !rows.is_empty() {
            details id="past" {
                summary { (rows.len()) " resolved or withdrawn" }
                table {
                    tbody {
                        @for row in rows.iter().take(RESULTS_MAX) {
                            tr {
                                td class="nowrap" { (row.text("status")) }
                                td { (row.text("text")) }
                                td class="nowrap quiet" {
                                    @if let Some(at) = row.time("known_at") { (when::both(at, now)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn withheld_table(rows: &[Row], now: Timestamp) -> Markup {
    html! {
        @if !rows.is_empty() {
            details id="withheld" {
                summary { (rows.len()) " not said, and why" }
                table {
                    tbody {
                        @for row in rows {
                            tr {
                                td class="nowrap" {
                                    (mark(Level::of_band(row.text("band")), row.text("band")))
                                    " " (row.text("pipeline")) " " (row.text("subject"))
                                }
                                td {
                                    (words::withheld(row.text("reason")))
                                    @if 1 < row.integer("count").unwrap_or(1) {
                                        span class="quiet" { ", " (row.integer("count").unwrap_or(1)) " times" }
                                    }
                                }
                                td class="nowrap quiet" {
                                    @if let Some(at) = row.time("last_known_at") { (when::both(at, now)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn scores_table(rows: &[Row], now: Timestamp) -> Markup {
    html! {
        @if !rows.is_empty() {
            h2 { "Scores" }
            div class="scroll" {
                table {
                    thead { tr { th { "Score" } th { "Value" } th { "Status" } th { "Contributions" } th { "At" } } }
                    tbody {
                        @for row in rows {
                            tr {
                                td class="nowrap" { (row.text("pipeline")) " " (row.text("subject")) }
                                td class="nowrap" {
                                    @if let Some(value) = row.number("value") { strong { (value) } }
                                    @if let Some(upper) = row.number("upper") { " to " (upper) }
                                }
                                td {
                                    (row.text("status"))
                                    @if !row.text("band").is_empty() { " · " (row.text("band")) }
                                }
                                td {
                                    (words::points(row.text("points")))
                                    @if !row.text("missing").is_empty() {
                                        span class="quiet" { " missing: " (words::spaced(row.text("missing"))) }
                                    }
                                    @if !row.text("notes").is_empty() {
                                        div class="quiet" { (row.text("notes")) }
                                    }
                                }
                                td class="nowrap" {
                                    @if let Some(at) = row.time("at") { (when::both(at, now)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn figure(vital: &Vital, observations: &[Row], now: Timestamp) -> Markup {
    let (title, unit, signals, range, well) = *vital;
    let since = now.minus(WINDOW);
    let point = |row: &Row| {
        let at = row.time("effective_at").filter(|at| since <= *at)?;
        let is_clinical = matches!(row.text("origin"), "clinical" | "cleared_device");
        Some(Point { at, value: row.number("value")?, is_clinical })
    };
    let of = |signal: &&str| -> Vec<Point> {
        observations.iter().filter(|row| row.text("signal") == *signal).filter_map(point).collect()
    };
    let lines: Vec<Vec<Point>> = signals.iter().map(of).collect();
    let newest: Vec<String> = lines
        .iter()
        .filter_map(|line| line.iter().max_by_key(|point| point.at))
        .map(|point| format!("{}", point.value))
        .collect();
    let chart = Chart { title, unit, lines, window: (since, now), range, well };
    html! {
        @if !newest.is_empty() {
            div class="figure" {
                h3 {
                    span { (title) }
                    span class="now" { (newest.join(" / ")) span class="quiet" { " " (unit) } }
                }
                (chart.draw())
                details id=(format!("table-{}", signals.join("-"))) {
                    summary { "View as table" }
                    (values_table(&chart, now))
                }
            }
        }
    }
}

fn values_table(chart: &Chart<'_>, now: Timestamp) -> Markup {
    html! {
        table {
            tbody {
                @for point in chart.lines.iter().flatten().rev() {
                    tr {
                        td class="nowrap" { (when::both(point.at, now)) }
                        td class="number" { (point.value) " " (chart.unit) }
                        td class="quiet" { @if !point.is_clinical { "wearable" } }
                    }
                }
            }
        }
    }
}

/// The newest result of every signal that has no chart.
fn results(observations: &[Row], now: Timestamp) -> Markup {
    let charted = |signal: &str| VITALS.iter().any(|(_, _, signals, ..)| signals.contains(&signal));
    let mut newest: Vec<&Row> = Vec::new();
    for row in observations.iter().rev().filter(|row| !charted(row.text("signal"))) {
        if newest.iter().all(|known| known.text("signal") != row.text("signal")) {
            newest.push(row);
        }
    }
    html! {
        div {
            h2 { "Results" }
            table {
                tbody {
                    @for row in newest.iter().take(RESULTS_MAX) {
                        tr {
                            td { (words::spaced(row.text("signal"))) }
                            td class="nowrap" {
                                @if row.text("unusable").is_empty() {
                                    strong { (row.text("comparator")) (value(row)) } " " (unit_for_people(row.text("unit")))
                                } @else {
                                    (mark(Level::None, "cannot be used")) " " (row.text("unusable"))
                                }
                            }
                            td class="nowrap quiet" {
                                @if let Some(at) = row.time("effective_at") { (when::both(at, now)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn value(row: &Row) -> String {
    match row.text("value_text") {
        "" => row.number("value").map_or_else(String::new, |value| value.to_string()),
        text => text.to_owned(),
    }
}

fn statements(title: &str, rows: &[Row]) -> Markup {
    html! {
        @if !rows.is_empty() {
            h2 { (title) }
            table {
                tbody {
                    @for row in rows {
                        tr {
                            td {
                                (row.text("what"))
                                @if !row.text("text").is_empty() { div class="quiet" { (row.text("text")) } }
                            }
                            td class="nowrap quiet" {
                                @if let Some(at) = row.time("started_at") { (when::day(at)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
