//! Who else a patient is, on the patient's page.

use maud::{Markup, html};

use crate::http::page::{self, Level, mark};
use crate::http::rows::Row;

/// Whose facts are here, or where the facts of this identity are.
pub(super) fn who_else(rows: &[Row], name: &str) -> Markup {
    let (own, others): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.text("patient") == name);
    html! {
        @for row in own { (of_itself(row)) }
        @if !others.is_empty() {
            p class="sub" id="also" {
                "Also known as "
                @for (place, row) in others.iter().enumerate() {
                    @if 0 < place { ", " }
                    (link(row.text("patient"))) (period(row))
                }
                ": their facts are part of this page."
            }
        }
    }
}

fn of_itself(row: &Row) -> Markup {
    html! {
        section class="card raised" id="identity" {
            @match row.text("state") {
                "linked" => {
                    (mark(Level::Raised, "linked")) " "
                    strong { "This is an identity of " (link(row.text("linked_to"))) (period(row)) }
                    ". What comes for it is seen and judged there."
                }
                "disputed" => {
                    (mark(Level::Raised, "disputed")) " "
                    strong { "Records contradict each other about who this is" }
                    ": " (row.text("why")) ". Nothing is linked until they agree."
                }
                _ => {
                    (mark(Level::Raised, "provisional")) " "
                    strong { "No record says whose this is" }
                    ". It is kept, and no pipeline looks at it."
                }
            }
        }
    }
}

fn link(patient: &str) -> Markup {
    html! { a href=(page::path_of(patient)) { (patient) } }
}

fn period(row: &Row) -> Markup {
    let end = |name: &str| row.time(name).map(|at| at.to_string());
    html! {
        @if let Some(at) = end("starts_at") { " from " (at) }
        @if let Some(at) = end("ends_at") { " until " (at) }
    }
}
