//! What every page has: the banner, the header, and the marks of severity.

use std::collections::BTreeSet;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::engine::published::Snapshot;
use crate::http::rows::Row;
use crate::http::state::{About, State};
use crate::http::when;
use crate::sql::pipelines::BETWEEN;
use crate::sql::query::QueryError;

/// A whole page around its main part; `events` names where it is kept current.
pub fn whole(
    state: &State,
    snapshot: &Snapshot,
    title: &str,
    events: Option<&str>,
    main: &Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Twinstream" }
                link rel="stylesheet" href="/console.css";
                script src="/console.js" defer {}
            }
            body data-events=[events] {
                @if let Some(banner) = &state.about.banner {
                    p class="banner" role="note" { (banner) }
                }
                header {
                    a class="brand" href="/" { "Twinstream" }
                    span class="where" { (state.about.title) }
                    nav aria-label="Pages" {
                        a href="/" { "Ward" }
                        a href="/alerts" { "Alerts" }
                        a href="/pipelines" { "Pipelines" }
                        a href="/sql" { "SQL" }
                    }
                    span class="live" id="live" role="status" { "live" }
                }
                main id="main" { (as_of(&state.about, snapshot)) (main) }
            }
        }
    }
}

/// How far the twins have come; it moves with the page.
pub fn as_of(about: &About, snapshot: &Snapshot) -> Markup {
    let clock = snapshot.clock();
    html! {
        p class="as-of" {
            "as of " strong { (when::clock(clock)) } " UTC, " (when::day(clock))
            @if about.is_simulated { " (simulated)" } " · all times are UTC"
            @if !snapshot.is_caught_up { " · still reading the log" }
        }
    }
}

/// What stands for itself in a path: all else, a slash above all, is escaped.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// The path of a patient's page: an identifier may hold what a path gives another meaning.
pub fn path_of(patient: &str) -> String {
    let (namespace, identifier) = patient.split_once('/').unwrap_or(("", patient));
    let escaped = |text| utf8_percent_encode(text, PATH);
    format!("/patient/{}/{}", escaped(namespace), escaped(identifier))
}

/// A band or severity by word, shape and colour.
pub fn mark(level: Level, word: &str) -> Markup {
    html! {
        span class=(format!("mark {}", level.class())) {
            span class="shape" aria-hidden="true" { (level.shape()) } (word)
        }
    }
}

/// The pipelines that do not speak any more for one of these patients: nobody is to rely on them.
pub fn silent<'r>(patients: impl Iterator<Item = &'r Row>) -> Markup {
    let texts = patients.flat_map(|row| row.text("not_alerting").split(BETWEEN));
    let silent: BTreeSet<&str> = texts.filter(|text| !text.is_empty()).collect();
    html! {
        @if !silent.is_empty() {
            ul class="silent" role="alert" { @for text in silent { li { (text) } } }
        }
    }
}

/// How grave something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is known.
    None,
    /// All is well.
    Low,
    /// To be looked at.
    Raised,
    /// To be looked at soon.
    High,
    /// To be looked at now.
    Critical,
}

impl Level {
    /// The level of a band by its name.
    pub fn of_band(band: &str) -> Level {
        match band {
            "high" | "contraindicated-stop" => Level::Critical,
            "medium" | "overdue" | "do-not-start" | "hold-unstable" => Level::High,
            "" => Level::None,
            "low" | "scheduled" | "none" => Level::Low,
            _ => Level::Raised,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Low => "low",
            Level::Raised => "raised",
            Level::High => "high",
            Level::Critical => "critical",
        }
    }

    const fn shape(self) -> &'static str {
        match self {
            Level::None => "▢",
            Level::Low => "○",
            Level::Raised => "●",
            Level::High => "◆",
            Level::Critical => "▲",
        }
    }
}

/// The answer where a page cannot be made.
pub fn failed(error: &QueryError) -> Response {
    let status = match error {
        QueryError::Elsewhere(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, error.to_string()).into_response()
}

/// A page as an answer.
pub fn answer(page: Markup) -> Response {
    Html(page.into_string()).into_response()
}

/// The style.
pub async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], include_str!("assets/console.css"))
}

/// The script.
pub async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript")], include_str!("assets/console.js"))
}
