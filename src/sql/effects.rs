//! `alerts`, `follow_ups`, `suggestions`: what was said, as it stands; `revisions`: as it was said;
//! `suppressions`: what was not.

use crate::domain::decimal::plain;
use crate::domain::effect::EffectKind;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::table::Rows;
use crate::twin::effects::{EffectRow, SuppressionRow};
use crate::twin::snapshot::ShardSnapshot;

/// A row: an effect.
pub struct EffectCells<'s> {
    shard: &'s ShardSnapshot,
    row: &'s EffectRow,
}

macro_rules! column {
    ($name:literal, $kind:ident, $about:literal, $read:expr) => {
        Column { name: $name, kind: Type::$kind, about: $about, read: $read }
    };
}

fn columns<'s>() -> Vec<Column<EffectCells<'s>>> {
    [said_columns(), time_columns()].into_iter().flatten().collect()
}

/// What is said, about whom, how loudly and where.
fn said_columns<'s>() -> Vec<Column<EffectCells<'s>>> {
    vec![
        column!(
            "id",
            Text,
            "The effect: the same through all its revisions, and in every replay.",
            |cells| { Cell::Owned(cells.row.effect.id.to_string()) }
        ),
        column!("patient", Text, "The patient as namespace/identifier.", |cells| {
            Cell::text(cells.shard.patients.get(cells.row.patient).map_or("", |name| name))
        }),
        column!("pipeline", Text, "The pipeline that says it.", |cells| Cell::text(
            &cells.row.effect.pipeline
        )),
        column!("edition", Text, "The edition of its rule.", |cells| Cell::text(
            &cells.row.effect.edition
        )),
        column!("rule_source", Text, "Where its rule is published.", |cells| {
            Cell::text(&cells.row.effect.citation)
        }),
        column!(
            "subject",
            Text,
            "What it is about, where the pipeline has several subjects.",
            |cells| { Cell::text(&cells.row.effect.subject) }
        ),
        column!("status", Text, "active, resolved or withdrawn.", |cells| {
            Cell::Text(cells.row.effect.status.name())
        }),
        column!("audience", Text, "care-team, or retrospective: kept and never said.", |cells| {
            Cell::Text(cells.row.effect.audience.name())
        }),
        column!("band", Text, "The band.", |cells| Cell::text(&cells.row.effect.band)),
        column!("severity", Text, "interruptive, passive or log.", |cells| {
            Cell::Text(cells.row.effect.severity.name())
        }),
        column!(
            "score",
            Text,
            "The score behind it; its lower bound where inputs are missing.",
            |cells| {
                let score = &cells.row.effect.score;
                score.value.map_or(Cell::Null, |value| Cell::Owned(plain(value, score.decimals)))
            }
        ),
        column!(
            "score_status",
            Text,
            "final, incomplete, not-applicable or not-computable.",
            |cells| { Cell::Text(cells.row.effect.score.status) }
        ),
        column!("text", Text, "What is said.", |cells| Cell::text(&cells.row.effect.text)),
        column!("notes", Text, "What a reader must know.", |cells| {
            let notes = cells.row.effect.notes.join("; ");
            if notes.is_empty() { Cell::Null } else { Cell::Owned(notes) }
        }),
        column!("ward", Text, "The ward at its time.", |cells| Cell::text(&cells.row.effect.ward)),
        column!("encounter", Text, "The stay at its time.", |cells| Cell::text(
            &cells.row.effect.encounter
        )),
    ]
}

/// When it began, ended and falls due, and what it rests on.
fn time_columns<'s>() -> Vec<Column<EffectCells<'s>>> {
    vec![
        column!("onset", Time, "The start of the episode.", |cells| Cell::time(Some(
            cells.row.effect.onset
        ))),
        column!(
            "effective_at",
            Time,
            "The effective time of the fact that caused the newest revision.",
            |cells| { Cell::time(Some(cells.row.effect.at)) }
        ),
        column!("ended_at", Time, "When the condition ended.", |cells| Cell::time(
            cells.row.effect.ended_at
        )),
        column!("due_at", Time, "When a follow-up is due.", |cells| {
            Cell::time(cells.row.effect.due.map(|(due, _)| due))
        }),
        column!("overdue_at", Time, "When a follow-up is overdue.", |cells| {
            Cell::time(cells.row.effect.due.map(|(_, overdue)| overdue))
        }),
        column!("raised_at", Time, "When it was first said.", |cells| {
            Cell::time(Some(cells.row.effect.raised_known))
        }),
        column!("known_at", Time, "When its newest revision was made.", |cells| {
            Cell::time(Some(cells.row.effect.known))
        }),
        column!("revision", Integer, "Counts from 1.", |cells| {
            Cell::Integer(i64::from(cells.row.effect.revision))
        }),
        column!("change", Text, "Why its newest revision was made.", |cells| {
            Cell::Text(cells.row.effect.change.name())
        }),
        column!("evidence", Text, "What it rests on: label value at time, by source.", |cells| {
            let evidence = cells.row.effect.evidence.iter();
            let texts = evidence.map(|one| {
                format!(
                    "{} {} at {} from {}",
                    one.signal.spec().label,
                    one.value,
                    one.at,
                    one.source
                )
            });
            Cell::Owned(texts.collect::<Vec<_>>().join("; "))
        }),
    ]
}

fn rows_of(shard: &ShardSnapshot, patient: Option<u32>, kind: EffectKind) -> Vec<EffectCells<'_>> {
    let rows = shard.effects.iter().filter(|row| {
        row.effect.kind == kind && patient.is_none_or(|patient| patient == row.patient)
    });
    rows.map(|row| EffectCells { shard, row }).collect()
}

macro_rules! effect_tables {
    ($($(#[$about:meta])* $table:ident = $kind:expr;)*) => {
        $(
            $(#[$about])*
            #[derive(Debug)]
            pub struct $table;

            impl Rows for $table {
                type Row<'s> = EffectCells<'s>;

                fn columns<'s>() -> Vec<Column<EffectCells<'s>>> {
                    columns()
                }

                fn n_pieces(_: &ShardSnapshot) -> usize {
                    1
                }

                fn rows<'s>(
                    shard: &'s ShardSnapshot,
                    _: usize,
                    patient: Option<u32>,
                ) -> Vec<EffectCells<'s>> {
                    rows_of(shard, patient, $kind)
                }
            }
        )*
    };
}

effect_tables! {
    /// `alerts`
    Alerts = EffectKind::Alert;
    /// `follow_ups`
    FollowUps = EffectKind::FollowUp;
    /// `suggestions`
    Suggestions = EffectKind::Suggestion;
}

/// `revisions`
#[derive(Debug)]
pub struct Revisions;

impl Rows for Revisions {
    type Row<'s> = EffectCells<'s>;

    fn columns<'s>() -> Vec<Column<EffectCells<'s>>> {
        let kind: Column<EffectCells<'s>> =
            column!("kind", Text, "alert, follow-up or suggestion.", |cells| {
                Cell::Text(cells.row.effect.kind.name())
            });
        [kind].into_iter().chain(columns()).collect()
    }

    fn n_pieces(_: &ShardSnapshot) -> usize {
        1
    }

    fn rows<'s>(shard: &'s ShardSnapshot, _: usize, patient: Option<u32>) -> Vec<EffectCells<'s>> {
        let rows = shard.revisions.iter();
        let rows = rows.filter(|row| patient.is_none_or(|patient| patient == row.patient));
        rows.map(|row| EffectCells { shard, row }).collect()
    }
}

/// `suppressions`
#[derive(Debug)]
pub struct Suppressions;

/// A row: something that was not said.
pub struct SuppressionCells<'s> {
    shard: &'s ShardSnapshot,
    row: &'s SuppressionRow,
}

impl Rows for Suppressions {
    type Row<'s> = SuppressionCells<'s>;

    fn columns<'s>() -> Vec<Column<SuppressionCells<'s>>> {
        vec![
            column!("patient", Text, "The patient as namespace/identifier.", |cells| {
                Cell::text(cells.shard.patients.get(cells.row.patient).map_or("", |name| name))
            }),
            column!("pipeline", Text, "The pipeline.", |cells| Cell::text(
                &cells.row.suppression.pipeline
            )),
            column!("subject", Text, "What it would have been about.", |cells| {
                Cell::text(&cells.row.suppression.subject)
            }),
            column!("band", Text, "The band it had.", |cells| Cell::text(
                &cells.row.suppression.band
            )),
            column!("reason", Text, "setting, silent-state or lockout.", |cells| {
                Cell::Text(cells.row.suppression.reason.name())
            }),
            column!("effective_at", Time, "The effective time of its newest evidence.", |cells| {
                Cell::time(Some(cells.row.suppression.at))
            }),
            column!(
                "first_known_at",
                Time,
                "When it was first not said for this reason.",
                |cells| { Cell::time(Some(cells.row.suppression.first_known)) }
            ),
            column!("last_known_at", Time, "When it was last not said.", |cells| {
                Cell::time(Some(cells.row.suppression.last_known))
            }),
            column!("count", Integer, "How often in a row.", |cells| {
                Cell::Integer(i64::from(cells.row.suppression.count))
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
    ) -> Vec<SuppressionCells<'s>> {
        let rows = shard.suppressions.iter();
        let rows = rows.filter(|row| patient.is_none_or(|patient| patient == row.patient));
        rows.map(|row| SuppressionCells { shard, row }).collect()
    }
}
