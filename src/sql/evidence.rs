//! `evidence`: what the newest revision of every effect rests on, one row per value.

use crate::domain::effect::Evidence;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::table::Rows;
use crate::twin::effects::EffectRow;
use crate::twin::snapshot::ShardSnapshot;

/// `evidence`
#[derive(Debug)]
pub struct EvidenceTable;

/// A row: a value that an effect rests on.
pub struct EvidenceCells<'s> {
    shard: &'s ShardSnapshot,
    row: &'s EffectRow,
    evidence: &'s Evidence,
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
                "The effect: the id of an alert, follow-up or suggestion.",
                |cells| { Cell::Owned(cells.row.effect.id.to_string()) }
            ),
            column!("patient", Text, "The patient as namespace/identifier.", |cells| {
                Cell::text(cells.shard.patients.get(cells.row.patient).map_or("", |name| name))
            }),
            column!("signal", Text, "The signal.", |cells| {
                Cell::Text(cells.evidence.signal.spec().name)
            }),
            column!("label", Text, "What the signal is called.", |cells| {
                Cell::Text(cells.evidence.signal.spec().label)
            }),
            column!("value", Text, "The value with its unit.", |cells| {
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

    fn n_pieces(_: &ShardSnapshot) -> usize {
        1
    }

    fn rows<'s>(
        shard: &'s ShardSnapshot,
        _: usize,
        patient: Option<u32>,
    ) -> Vec<EvidenceCells<'s>> {
        let rows = shard.effects.iter();
        let rows = rows.filter(|row| patient.is_none_or(|patient| patient == row.patient));
        rows.flat_map(|row| {
            let evidence = row.effect.evidence.iter();
            evidence.map(move |evidence| EvidenceCells { shard, row, evidence })
        })
        .collect()
    }
}
