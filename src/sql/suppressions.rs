//! `suppressions`: what was not said, and why.

use crate::domain::effect::Suppression;
use crate::domain::time::Timestamp;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::effects::is_of;
use crate::sql::scope::{Known, Part, ShardView, Versions};
use crate::sql::table::Rows;
use crate::twin::effects::SuppressionRow;

/// `suppressions`
#[derive(Debug)]
pub struct Suppressions;

/// A row: something that was not said.
pub struct SuppressionCells<'s> {
    view: &'s ShardView,
    patient: u32,
    suppression: Suppression,
    known: Known,
}

macro_rules! column {
    ($name:literal, $kind:ident, $about:literal, $read:expr) => {
        Column { name: $name, kind: Type::$kind, about: $about, read: $read }
    };
}

impl Rows for Suppressions {
    type Row<'s> = SuppressionCells<'s>;

    fn columns<'s>() -> Vec<Column<SuppressionCells<'s>>> {
        vec![
            column!("patient", Text, "The patient as namespace/identifier.", |cells| {
                Cell::text(cells.view.patient(cells.patient))
            }),
            column!("pipeline", Text, "The pipeline.", |cells| Cell::text(
                &cells.suppression.pipeline
            )),
            column!("subject", Text, "What it would have been about.", |cells| {
                Cell::text(&cells.suppression.subject)
            }),
            column!("band", Text, "The band it had.", |cells| Cell::text(&cells.suppression.band)),
            column!(
                "reason",
                Text,
                "setting, silent-state, lockout, snoozed or resolved-by-person.",
                |cells| { Cell::Text(cells.suppression.reason.name()) }
            ),
            column!("effective_at", Time, "The effective time of its newest evidence.", |cells| {
                Cell::time(Some(cells.suppression.at))
            }),
            column!(
                "first_known_at",
                Time,
                "When it was first not said for this reason.",
                |cells| { Cell::time(Some(cells.suppression.first_known)) }
            ),
            column!("last_known_at", Time, "When it was last not said.", |cells| {
                Cell::time(Some(cells.suppression.last_known))
            }),
            column!("count", Integer, "How often in a row.", |cells| {
                Cell::Integer(i64::from(cells.suppression.count))
            }),
        ]
    }

    fn known(row: &SuppressionCells<'_>) -> Known {
        row.known
    }

    fn n_pieces(_: &ShardView) -> usize {
        1
    }

    fn rows(view: &ShardView, part: Part) -> Vec<SuppressionCells<'_>> {
        if view.scope.is_now() {
            let rows = view.shard().suppressions.iter().filter(|row| is_of(part, row.patient));
            return rows.map(|row| cells(view, row, row.suppression.clone())).collect();
        }
        let counted = counted(view, part);
        match view.scope.versions {
            Versions::All => counted,
            Versions::Current => {
                let open = |cells: &SuppressionCells<'_>| cells.known.to == Timestamp::FOREVER;
                counted.into_iter().filter(open).collect()
            }
        }
    }
}

/// A suppression that still stands so.
fn cells<'s>(
    view: &'s ShardView,
    row: &SuppressionRow,
    suppression: Suppression,
) -> SuppressionCells<'s> {
    let known = Known { from: suppression.last_known, to: Timestamp::FOREVER };
    SuppressionCells { view, patient: row.patient, suppression, known }
}

/// Suppressions after each time that they count, within the scope of the view.
fn counted(view: &ShardView, part: Part) -> Vec<SuppressionCells<'_>> {
    let (shard, scope) = (view.shard(), view.scope);
    let mut counted: Vec<SuppressionCells<'_>> = Vec::new();
    // The place of the newest count of each suppression.
    let mut newest: Vec<Option<usize>> = vec![None; shard.suppressions.n_items()];
    let times = shard.unsaid.iter().take_while(|time| time.known <= scope.known);
    for time in times.filter(|time| time.at <= scope.valid) {
        let place = usize::try_from(time.suppression).unwrap_or(usize::MAX);
        let row = shard.suppressions.get(time.suppression);
        let Some(row) = row.filter(|row| is_of(part, row.patient)) else { continue };
        let Some(newest) = newest.get_mut(place) else { continue };
        let next = counted.len();
        let before = newest.replace(next).and_then(|before| counted.get_mut(before));
        let count = before.map_or(0, |before| {
            before.known.to = time.known;
            before.suppression.count
        });
        let suppression = Suppression {
            last_known: time.known,
            at: time.at,
            count: count.saturating_add(1),
            ..row.suppression.clone()
        };
        counted.push(cells(view, row, suppression));
    }
    counted
}
