//! `responses`: what people did about what was said, one row per response that had an effect.

use std::collections::BTreeSet;

use crate::domain::effect::EffectId;
use crate::domain::response::{Given, Response};
use crate::domain::time::Timestamp;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::effects::said;
use crate::sql::scope::{Known, Part, ShardView};
use crate::sql::table::Rows;
use crate::twin::effects::EffectRow;

/// `responses`
#[derive(Debug)]
pub struct Responses;

/// A row: a response.
pub struct ResponseCells<'s> {
    view: &'s ShardView,
    row: &'s EffectRow,
    given: &'s Given,
}

impl<'s> ResponseCells<'s> {
    fn response(&self) -> &'s Response<'static> {
        &self.given.response
    }
}

macro_rules! column {
    ($name:literal, $kind:ident, $about:literal, $read:expr) => {
        Column { name: $name, kind: Type::$kind, about: $about, read: $read }
    };
}

impl Rows for Responses {
    type Row<'s> = ResponseCells<'s>;

    fn columns<'s>() -> Vec<Column<ResponseCells<'s>>> {
        vec![
            column!(
                "effect",
                Text,
                "The effect: the id of an alert, follow-up or suggestion.",
                |cells| { Cell::Owned(cells.row.effect.id.to_string()) }
            ),
            column!("patient", Text, "The patient as namespace/identifier.", |cells| {
                Cell::text(cells.view.patient(cells.row.patient))
            }),
            column!("pipeline", Text, "The pipeline that said it.", |cells| {
                Cell::text(&cells.row.effect.pipeline)
            }),
            column!("action", Text, "acknowledge, snooze or resolve.", |cells| {
                Cell::Text(cells.response().action.name())
            }),
            column!("snoozed_until", Time, "When a snooze ends.", |cells| {
                Cell::time(cells.response().action.until())
            }),
            column!("given_by", Text, "Who.", |cells| Cell::text(&cells.response().by)),
            column!("role", Text, "In which role.", |cells| Cell::text(&cells.response().role)),
            column!("why", Text, "Why; null where an acknowledgement gives no reason.", |cells| {
                Cell::text(&cells.response().why)
            }),
            column!("given_at", Time, "When, by the clock of the door.", |cells| {
                Cell::time(Some(cells.response().at))
            }),
            column!("known_at", Time, "When it became known.", |cells| {
                Cell::time(Some(cells.given.known))
            }),
        ]
    }

    fn known(row: &ResponseCells<'_>) -> Known {
        Known { from: row.given.known, to: Timestamp::FOREVER }
    }

    fn n_pieces(_: &ShardView) -> usize {
        1
    }

    fn rows(view: &ShardView, part: Part) -> Vec<ResponseCells<'_>> {
        // A response stands in every revision since: it is one row all the same.
        let mut seen: BTreeSet<(EffectId, usize)> = BTreeSet::new();
        let mut rows = Vec::new();
        for (row, _) in said(view, part) {
            for (place, given) in (0..).zip(row.effect.handling.given()) {
                if seen.insert((row.effect.id, place)) {
                    rows.push(ResponseCells { view, row, given });
                }
            }
        }
        rows
    }
}
