//! SQL for people: a question, its answer, and examples.

use axum::Form;
use axum::extract::State as Extracted;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use crate::http::page;
use crate::http::rows::whole;
use crate::http::state::State;
use crate::sql::catalog::TABLES;
use crate::sql::format;
use crate::sql::query::{QueryLimits, run};
use crate::sql::session::Session;

/// Rows that a page shows; more is for the command line.
const ROWS_MAX: usize = 500;

const EXAMPLES: [(&str, &str); 3] = [
    (
        "Who has the highest NEWS2?",
        "SELECT name, ward, bed, news2, news2_band, news2_at\nFROM patients\nWHERE setting = 'inpatient'\nORDER BY news2 DESC NULLS LAST\nLIMIT 10",
    ),
    (
        "What was said in the last day, and is it still so?",
        "SELECT raised_at, patient, band, status, text\nFROM alerts\nWHERE audience = 'care-team'\nORDER BY raised_at DESC\nLIMIT 20",
    ),
    (
        "Whose results could not be used, and why?",
        "SELECT signal, unusable, raw_value, raw_unit, count(*) AS n\nFROM observations\nWHERE unusable IS NOT NULL\nGROUP BY ALL\nORDER BY n DESC",
    ),
];

/// A question as the page sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    sql: String,
}

/// The page without a question.
pub async fn page(Extracted(state): Extracted<State>) -> Response {
    let snapshot = state.reader.newest();
    let main = main(EXAMPLES.first().map_or("", |(_, sql)| sql), None);
    page::answer(page::whole(&state, &snapshot, "SQL", None, &main))
}

/// The page with an answer.
pub async fn answer(Extracted(state): Extracted<State>, Form(asked): Form<Asked>) -> Response {
    let snapshot = state.reader.fresh().await;
    let limits = QueryLimits { rows_max: ROWS_MAX, ..QueryLimits::default() };
    let text = match state.queries.try_acquire() {
        Err(_) => {
            state.refuse_query();
            "as many queries as may run at once are running: ask again".to_owned()
        }
        Ok(_room) => {
            let mut session = Session::default();
            let result = match whole(&snapshot) {
                Ok(shards) => run(shards, &asked.sql, &mut session, limits).await,
                Err(error) => Err(error),
            };
            match result {
                Ok(result) => format::table(&result).unwrap_or_else(|error| error.to_string()),
                Err(error) => error.to_string(),
            }
        }
    };
    let main = main(&asked.sql, Some(&text));
    page::answer(page::whole(&state, &snapshot, "SQL", None, &main))
}

fn main(sql: &str, answer: Option<&str>) -> Markup {
    html! {
        h1 { "SQL" }
        p class="sub" {
            "Read only, over a snapshot of what is known now. With "
            code { "SET twin.known_at = '2026-11-08T03:10:00Z';" }
            " before a question it is about what was known then; the schema " code { "history" }
            " has every version."
        }
        form method="post" action="/sql" {
            p { label for="sql" { "Question" } }
            textarea id="sql" name="sql" spellcheck="false" { (sql) }
            p { button type="submit" { "Ask" } }
        }
        @if let Some(answer) = answer { div class="scroll" { pre { (answer) } } }
        h2 { "Examples" }
        @for (title, sql) in EXAMPLES {
            p { (title) }
            pre { (sql) }
        }
        h2 { "Tables" }
        table {
            tbody {
                @for table in TABLES {
                    tr { td class="nowrap" { code { (table.name) } } td { (table.about) } }
                }
            }
        }
    }
}
