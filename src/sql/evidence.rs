//! `evidence`: what the newest revision of every effect rests on, one row per value.

use crate::domain::effect::Evidence;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::effects::said;
use crate::sql::scope::{Known, Part, ShardView};
use crate::sql::table::Rows;
use crate::twin::effects::EffectRow;

/// `evidence`
#[derive(Debug)]
pub struct EvidenceTable;

/// A row: a value that an effect rests on.
pub struct EvidenceCells<'s> {
    view: &'s ShardView,
    row: &'s EffectRow,
    evidence: &'s Evidence,
    known: Known,
}

macro_rules! column {
    ($name:literal, $kind:ident, $about:literal, $read:expr) => {
        Column { name: $name, kind: Type::$kind, about: $about, read: $read }
    };
}

impl Rows for EvidenceTable {
    type Row<'s> = EvidenceCells<'s>;

    fn columns<'s>() -> Vec<Column<EvidenceCells<'s>>> {
        vec![
            column!(
                "effect",
                Text,
                "The effect: the id of an alert, follow-up, suggestion or risk.",
                |cells| { Cell::Owned(cells.row.effect.id.to_string()) }
            ),
            column!("patient", Text, "The patient as namespace/identifier.", |cells| {
                Cell::text(cells.view.patient(cells.row.patient))
            }),
            column!("signal", Text, "The signal; of a statement, the kind of resource.", |cells| {
                Cell::Text(cells.evidence.fact.name(cells.evidence.kind))
            }),
            column!("label", Text, "What it is called.", |cells| {
                Cell::text(cells.evidence.fact.label())
            }),
            column!("value", Text, "The value with its unit; how a statement stands.", |cells| {
                Cell::text(&cells.evidence.value)
            }),
            column!("points", Integer, "What it contributed to the score.", |cells| {
                cells.evidence.points.map_or(Cell::Null, Cell::Integer)
            }),
            column!("effective_at", Time, "The time for which it counts.", |cells| {
                Cell::time(Some(cells.evidence.at))
            }),
            column!("known_at", Time, "When it became known.", |cells| {
                Cell::time(Some(cells.evidence.known_at))
            }),
            column!("code", Text, "The code it came under, as system|code.", |cells| {
                Cell::text(&cells.evidence.code)
            }),
            column!(
                "resource",
                Text,
                "The resource as Type/id; null for a wearable's sample.",
                |cells| {
                    match cells.evidence.resource.as_str() {
                        "" => Cell::Null,
                        id => Cell::Owned(format!("{}/{id}", cells.evidence.kind.name())),
                    }
                }
            ),
            column!("source_topic", Text, "The topic or file of the source record.", |cells| {
                Cell::text(&cells.evidence.source.topic)
            }),
            column!("source_partition", Integer, "The partition of the source record.", |cells| {
                Cell::Integer(i64::from(cells.evidence.source.partition))
            }),
            column!("source_offset", Integer, "The offset of the source record.", |cells| {
                Cell::Integer(cells.evidence.source.offset)
            }),
        ]
    }

    fn known(row: &EvidenceCells<'_>) -> Known {
        row.known
    }

    fn n_pieces(_: &ShardView) -> usize {
        1
    }

    fn rows(view: &ShardView, part: Part) -> Vec<EvidenceCells<'_>> {
        let mut rows = Vec::new();
        for (row, known) in said(view, part) {
            let evidence = row.effect.evidence.iter();
            rows.extend(evidence.map(|evidence| EvidenceCells { view, row, evidence, known }));
        }
        rows
    }
}
