//! The first page: who is here and who is at home, the gravest first.

use std::collections::BTreeMap;

use axum::extract::State as Extracted;
use axum::response::Response;
use maud::{Markup, html};

use crate::domain::time::{Span, Timestamp};
use crate::engine::published::Snapshot;
use crate::http::chart::{Point, spark};
use crate::http::page::{self, Level, mark};
use crate::http::rows::{Row, ask};
use crate::http::state::State;
use crate::http::when;
use crate::sql::query::QueryError;

/// How far back the line of scores reaches.
const TREND: Span = Span::from_hours(24);
/// The greatest NEWS2 a row's line shows; more is drawn as this.
const TREND_MOST: f64 = 12.0;

const PATIENTS: &str = "SELECT patient, name, sex, birth_date, setting, ward, bed, news2, news2_status, \
    news2_band, news2_at FROM patients WHERE setting IN ('inpatient', 'emergency', 'home') \
    AND deceased_at IS NULL";

const SAID: &str = "SELECT patient, kind, band, severity, text FROM (\
    SELECT patient, 'alert' AS kind, band, severity, text, status, audience FROM alerts UNION ALL \
    SELECT patient, 'suggestion' AS kind, band, severity, text, status, audience FROM suggestions UNION ALL \
    SELECT patient, 'follow-up' AS kind, band, severity, text, status, audience FROM follow_ups) \
    WHERE status = 'active' AND audience = 'care-team' AND band <> 'scheduled'";

/// A patient of the list.
struct Listed {
    row: Row,
    level: Level,
    said: Vec<Row>,
    trend: Vec<Point>,
}

/// The page.
pub async fn page(Extracted(state): Extracted<State>) -> Response {
    let snapshot = state.reader.fresh().await;
    match main(&snapshot).await {
        Ok(main) => page::answer(page::whole(&state, &snapshot, "Ward", Some("/events"), &main)),
        Err(error) => page::failed(&error),
    }
}

/// Its main part.
///
/// # Errors
/// If a question takes too much.
pub async fn main(snapshot: &Snapshot) -> Result<Markup, QueryError> {
    let now = snapshot.clock();
    let since = now.minus(TREND);
    let trend = format!(
        "SELECT patient, at, value FROM risks WHERE pipeline = 'news2' AND value IS NOT NULL AND \
         at > TIMESTAMP '{since}' ORDER BY at"
    );
    let mut listed: BTreeMap<String, Listed> = BTreeMap::new();
    for row in ask(snapshot, PATIENTS).await? {
        let level = Level::of_band(row.text("news2_band"));
        let patient = row.text("patient").to_owned();
        listed.insert(patient, Listed { row, level, said: Vec::new(), trend: Vec::new() });
    }
    for row in ask(snapshot, SAID).await? {
        if let Some(one) = listed.get_mut(row.text("patient")) {
            one.level = one.level.max(Level::of_band(row.text("band")));
            one.said.push(row);
        }
    }
    for row in ask(snapshot, &trend).await? {
        let (at, value) = (row.time("at"), row.number("value"));
        if let (Some(one), Some((at, value))) = (listed.get_mut(row.text("patient")), at.zip(value))
        {
            one.trend.push(Point { at, value, is_clinical: true });
        }
    }
    let (mut home, mut here): (Vec<Listed>, Vec<Listed>) =
        listed.into_values().partition(|one| one.row.text("setting") == "home");
    here.sort_by_key(|one| (std::cmp::Reverse((one.level, one.row.integer("news2"))), bed(one)));
    home.sort_by_key(|one| (std::cmp::Reverse(one.level), bed(one)));
    Ok(html! {
        h1 { "Patients by risk" }
        p class="sub" {
            (here.len()) " in hospital, " (home.len()) " monitored at home"
        }
        @if here.is_empty() && home.is_empty() {
            p class="empty" { "Nobody is here yet: no encounter in hospital, emergency or at home is open." }
        }
        @if !here.is_empty() { (table("In hospital", &here, now)) }
        @if !home.is_empty() { (table("At home", &home, now)) }
    })
}

fn bed(listed: &Listed) -> (String, String) {
    (listed.row.text("ward").to_owned(), listed.row.text("bed").to_owned())
}

fn table(title: &str, listed: &[Listed], now: Timestamp) -> Markup {
    html! {
        h2 { (title) }
        div class="scroll" {
            table class="ward" {
                thead {
                    tr {
                        th { "Patient" }
                        th { "Place" }
                        th { "NEWS2" }
                        th class="wide" { "24 h" }
                        th { "Open" }
                    }
                }
                tbody { @for one in listed { (line(one, now)) } }
            }
        }
    }
}

fn line(one: &Listed, now: Timestamp) -> Markup {
    let row = &one.row;
    let name = if row.text("name").is_empty() { row.text("patient") } else { row.text("name") };
    let class = match one.level {
        Level::Critical => "critical",
        Level::High => "high",
        Level::Raised => "raised",
        Level::Low | Level::None => "",
    };
    html! {
        tr class=(class) {
            td {
                a href=(format!("/patient/{}", row.text("patient"))) { (name) }
                div class="quiet" { (row.text("sex")) " · born " (row.text("birth_date")) }
            }
            td class="nowrap" {
                (row.text("ward"))
                div class="quiet" { (row.text("bed")) }
            }
            td class="nowrap" { (score(row, now)) }
            td class="wide" { (spark(&one.trend, (now.minus(TREND), now), TREND_MOST)) }
            td { (open(one)) }
        }
    }
}

fn score(row: &Row, now: Timestamp) -> Markup {
    let band = row.text("news2_band");
    let Some(value) = row.integer("news2") else {
        return html! { (mark(Level::None, "no score")) };
    };
    let is_final = row.text("news2_status") == "final";
    html! {
        span class="score" { @if !is_final { "≥ " } (value) }
        " "
        @if !band.is_empty() { (mark(Level::of_band(band), band)) }
        div class="quiet" {
            @if !is_final { (row.text("news2_status")) " · " }
            @if let Some(at) = row.time("news2_at") { (when::ago(at, now)) }
        }
    }
}

fn open(one: &Listed) -> Markup {
    let gravest = one.said.iter().max_by_key(|said| Level::of_band(said.text("band")));
    let more = one.said.len().saturating_sub(1);
    html! {
        @if let Some(said) = gravest {
            (mark(Level::of_band(said.text("band")), said.text("kind"))) " " (said.text("text"))
            @if 0 < more { span class="quiet" { " and " (more) " more" } }
        }
    }
}
