//! The first page: who is here and who is at home, the gravest first; all wards, or one.

use std::collections::BTreeMap;

use axum::extract::{Query, State as Extracted};
use axum::response::Response;
use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::domain::time::{Span, Timestamp};
use crate::engine::published::Snapshot;
use crate::http::chart::{Point, spark};
use crate::http::page::{self, Level, mark, silent};
use crate::http::rows::{Row, ask};
use crate::http::state::State;
use crate::http::{when, words};
use crate::sql::query::QueryError;

/// How far back the line of scores reaches.
const TREND: Span = Span::from_hours(24);
/// The greatest NEWS2 a row's line shows; more is drawn as this.
const TREND_MOST: f64 = 12.0;

const PATIENTS: &str = "SELECT patient, name, sex, birth_date, setting, ward, bed, news2, news2_status, \
    news2_band, news2_at, not_alerting FROM patients WHERE setting IN ('inpatient', 'emergency', 'home') \
    AND deceased_at IS NULL AND linked_to IS NULL";

const SAID: &str = "SELECT patient, kind, pipeline, band, severity, text FROM (\
    SELECT patient, 'alert' AS kind, pipeline, band, severity, text, status, audience FROM alerts UNION ALL \
    SELECT patient, 'suggestion' AS kind, pipeline, band, severity, text, status, audience FROM suggestions \
    UNION ALL SELECT patient, 'follow-up' AS kind, pipeline, band, severity, text, status, audience FROM \
    follow_ups) WHERE status = 'active' AND audience = 'care-team' AND band <> 'scheduled'";

/// Which part of the list is wanted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narrowed {
    /// The ward; all of them where none is named.
    pub ward: Option<String>,
}

/// A patient of the list.
struct Listed {
    row: Row,
    level: Level,
    said: Vec<Row>,
    withheld: Vec<Row>,
    trend: Vec<Point>,
    newest: Option<Row>,
}

/// The page.
pub async fn page(
    Extracted(state): Extracted<State>,
    Query(narrowed): Query<Narrowed>,
) -> Response {
    let _room = state.writings.acquire().await;
    let snapshot = state.reader.fresh().await;
    let ward = narrowed.ward.as_deref();
    let events = ward.map_or_else(|| "/events".to_owned(), |ward| narrowed_to("/events", ward));
    match main(&snapshot, ward).await {
        Ok(main) => page::answer(page::whole(&state, &snapshot, "Ward", Some(&events), &main)),
        Err(error) => page::failed(&error),
    }
}

/// The address of one ward's part of a page.
fn narrowed_to(path: &str, ward: &str) -> String {
    format!("{path}?ward={}", utf8_percent_encode(ward, NON_ALPHANUMERIC))
}

/// Its main part.
///
/// # Errors
/// If a question takes too much.
pub async fn main(snapshot: &Snapshot, ward: Option<&str>) -> Result<Markup, QueryError> {
    let now = snapshot.clock();
    let listed = listed(snapshot, now).await?;
    let mut wards: BTreeMap<String, usize> = BTreeMap::new();
    for one in listed.values().filter(|one| !is_home(one)) {
        *wards.entry(one.row.text("ward").to_owned()).or_default() += 1;
    }
    let wanted = |one: &Listed| ward.is_none_or(|ward| one.row.text("ward") == ward);
    let (mut home, mut here): (Vec<Listed>, Vec<Listed>) =
        listed.into_values().filter(wanted).partition(is_home);
    here.sort_by_key(|one| (std::cmp::Reverse((one.level, one.row.integer("news2"))), bed(one)));
    home.sort_by_key(|one| (std::cmp::Reverse(one.level), bed(one)));
    Ok(html! {
        h1 { "Patients by risk" @if let Some(ward) = ward { ", " (ward) } }
        p class="sub" {
            (here.len()) " in hospital, " (home.len()) " monitored at home"
        }
        (choice(&wards, ward))
        (silent(here.iter().chain(&home).map(|one| &one.row)))
        @if here.is_empty() && home.is_empty() {
            p class="empty" { "Nobody is here: no encounter in hospital, emergency or at home is open." }
        }
        @if !here.is_empty() { (table("In hospital", &here, now)) }
        @if !home.is_empty() { (table("At home", &home, now)) }
    })
}

/// Who is listed, by patient, with what is said of each.
async fn listed(
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<BTreeMap<String, Listed>, QueryError> {
    let since = now.minus(TREND);
    let trend = format!(
        "SELECT patient, at, value, upper, points, missing FROM risks WHERE pipeline = 'news2' AND \
         at > TIMESTAMP '{since}' ORDER BY at"
    );
    let withheld = format!(
        "SELECT patient, pipeline, band, reason, last_known_at FROM suppressions WHERE \
         effective_at > TIMESTAMP '{since}' ORDER BY last_known_at"
    );
    let mut listed: BTreeMap<String, Listed> = BTreeMap::new();
    for row in ask(snapshot, PATIENTS).await? {
        let level = Level::of_band(row.text("news2_band"));
        let (said, withheld, trend) = (Vec::new(), Vec::new(), Vec::new());
        let patient = row.text("patient").to_owned();
        listed.insert(patient, Listed { row, level, said, withheld, trend, newest: None });
    }
    for row in ask(snapshot, SAID).await? {
        if let Some(one) = listed.get_mut(row.text("patient")) {
            one.level = one.level.max(Level::of_band(row.text("band")));
            one.said.push(row);
        }
    }
    for row in ask(snapshot, &withheld).await? {
        if let Some(one) = listed.get_mut(row.text("patient")) {
            one.withhold(row);
        }
    }
    for row in ask(snapshot, &trend).await? {
        let Some(one) = listed.get_mut(row.text("patient")) else { continue };
        if let (Some(at), Some(value)) = (row.time("at"), row.number("value")) {
            one.trend.push(Point { at, value, is_clinical: true });
        }
        one.newest = Some(row);
    }
    Ok(listed)
}

impl Listed {
    /// Keeps what was not said, as long as its pipeline says nothing now and the score's band holds.
    fn withhold(&mut self, row: Row) {
        let pipeline = row.text("pipeline");
        let is_said = self.said.iter().any(|said| said.text("pipeline") == pipeline);
        let is_over = pipeline == "news2" && self.row.text("news2_band").is_empty();
        if !is_said && !is_over {
            self.withheld.retain(|known| known.text("pipeline") != pipeline);
            self.withheld.push(row);
        }
    }
}

fn is_home(listed: &Listed) -> bool {
    listed.row.text("setting") == "home"
}

fn bed(listed: &Listed) -> (String, String) {
    (listed.row.text("ward").to_owned(), listed.row.text("bed").to_owned())
}

/// The wards to choose from.
fn choice(wards: &BTreeMap<String, usize>, chosen: Option<&str>) -> Markup {
    let current = |is_current: bool| is_current.then_some("page");
    html! {
        @if 1 < wards.len() || chosen.is_some() {
            nav class="wards" aria-label="Wards" {
                a href="/" aria-current=[current(chosen.is_none())] { "All wards" }
                @for (ward, n_patients) in wards {
                    a href=(narrowed_to("/", ward)) aria-current=[current(chosen == Some(ward))] {
                        (if ward.is_empty() { "no ward" } else { ward }) " " span class="quiet" { (n_patients) }
                    }
                }
            }
        }
    }
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
                a href=(page::path_of(row.text("patient"))) { (name) }
                div class="quiet" { (row.text("sex"))
                    @if !row.text("birth_date").is_empty() { " · born " (row.text("birth_date")) } }
            }
            td class="nowrap" {
                (row.text("ward"))
                div class="quiet" { (row.text("bed")) }
            }
            td { (score(one, now)) }
            td class="wide" { (spark(&one.trend, (now.minus(TREND), now), TREND_MOST)) }
            td { (open(one)) }
        }
    }
}

fn score(one: &Listed, now: Timestamp) -> Markup {
    let row = &one.row;
    let band = row.text("news2_band");
    let Some(value) = row.integer("news2") else {
        let status = row.text("news2_status");
        return html! {
            (mark(Level::None, "no score"))
            @if !status.is_empty() { div class="quiet" { (status) } }
        };
    };
    let newest = one.newest.as_ref().filter(|newest| newest.time("at") == row.time("news2_at"));
    let is_final = row.text("news2_status") == "final";
    let upper = newest.filter(|_| !is_final).and_then(|newest| newest.number("upper"));
    html! {
        span class="score" {
            @match (is_final, upper) {
                (true, _) => { (value) }
                (false, Some(upper)) => { (value) "–" (upper) }
                (false, None) => { "≥ " (value) }
            }
        }
        " "
        @if !band.is_empty() { (mark(Level::of_band(band), band)) }
        div class="quiet" {
            @if !is_final { (row.text("news2_status")) " · " }
            @if let Some(at) = row.time("news2_at") { (when::ago(at, now)) }
        }
        @if let Some(newest) = newest {
            div class="quiet" {
                (words::points(newest.text("points")))
                @if !newest.text("missing").is_empty() {
                    " · missing " (words::spaced(newest.text("missing")))
                }
            }
        }
    }
}

fn open(one: &Listed) -> Markup {
    // Among equals an alert goes before what can wait.
    let rank = |said: &&Row| (Level::of_band(said.text("band")), said.text("kind") == "alert");
    let gravest = one.said.iter().max_by_key(rank);
    let more = one.said.len().saturating_sub(1);
    html! {
        @if let Some(said) = gravest {
            (mark(Level::of_band(said.text("band")), said.text("kind"))) " " (said.text("text"))
            @if 0 < more { span class="quiet" { " and " (more) " more" } }
        }
        @for row in &one.withheld {
            div class="quiet" {
                "not said: " (row.text("pipeline")) " " (row.text("band")) ", " (words::withheld(row.text("reason")))
            }
        }
    }
}
