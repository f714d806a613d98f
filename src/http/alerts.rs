//! Everything that was said: what is open first, then what ended and why.

use axum::extract::State as Extracted;
use axum::response::Response;
use maud::{Markup, html};

use crate::domain::time::Timestamp;
use crate::engine::published::Snapshot;
use crate::http::page::{self, Level, mark};
use crate::http::respond::handling;
use crate::http::rows::{Row, ask};
use crate::http::state::State;
use crate::http::when;
use crate::sql::query::QueryError;
use crate::sql::questions::{Listed, alerts};

/// Rows of a list beyond which the rest is left to SQL.
const ROWS_MAX: usize = 200;

/// The page.
pub async fn page(Extracted(state): Extracted<State>) -> Response {
    let _room = state.writings.acquire().await;
    let snapshot = state.reader.fresh().await;
    match main(&snapshot).await {
        Ok(main) => {
            page::answer(page::whole(&state, &snapshot, "Alerts", Some("/events/alerts"), &main))
        }
        Err(error) => page::failed(&error),
    }
}

/// Its main part.
///
/// # Errors
/// If a question takes too much.
pub async fn main(snapshot: &Snapshot) -> Result<Markup, QueryError> {
    let rows = ask(snapshot, &alerts(Listed::Said).whole()).await?;
    let now = snapshot.clock();
    let (open, ended): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.text("status") == "active");
    let (planned, open): (Vec<&Row>, Vec<&Row>) =
        open.into_iter().partition(|row| row.text("band") == "scheduled");
    Ok(html! {
        h1 { "Alerts, suggestions and follow-ups" }
        p class="sub" {
            (open.len()) " open, " (planned.len()) " scheduled, " (ended.len()) " ended"
        }
        (table("Open", &open, now))
        (table("Ended", &ended, now))
        (table("Scheduled", &planned, now))
    })
}

fn table(title: &str, rows: &[&Row], now: Timestamp) -> Markup {
    html! {
        @if !rows.is_empty() {
            h2 { (title) }
            div class="scroll" {
                table {
                    thead { tr { th { "" } th { "Patient" } th { "What" } th { "Status" } th { "Time" } } }
                    tbody {
                        @for row in rows.iter().take(ROWS_MAX) { (line(row, now)) }
                    }
                }
            }
            @if ROWS_MAX < rows.len() {
                p class="quiet" { "The first " (ROWS_MAX) " of " (rows.len()) "; the rest by SQL." }
            }
        }
    }
}

fn line(row: &Row, now: Timestamp) -> Markup {
    html! {
        tr {
            td class="nowrap" {
                (mark(Level::of_band(row.text("band")), row.text("band")))
                div class="quiet" { (row.text("kind")) }
            }
            td class="nowrap" {
                a href=(page::path_of(row.text("patient"))) { (row.text("patient")) }
                div class="quiet" { (row.text("ward")) }
            }
            td { (row.text("text")) }
            td class="nowrap" {
                (row.text("status"))
                (handling(row, now))
                div class="quiet" { (row.text("change")) ", revision " (row.integer("revision").unwrap_or(1)) }
            }
            td class="nowrap quiet" {
                @if let Some(at) = row.time("effective_at") { (when::both(at, now)) }
            }
        }
    }
}
