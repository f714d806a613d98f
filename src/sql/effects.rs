//! `alerts`, `follow_ups`, `suggestions`: what was said, as it stands; `revisions`: as it was said.

use std::collections::BTreeMap;

use crate::domain::decimal::plain;
use crate::domain::effect::{EffectId, EffectKind, EffectStatus};
use crate::domain::response::Given;
use crate::domain::time::Timestamp;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::pipelines::silence;
use crate::sql::scope::{Known, Part, ShardView, Versions};
use crate::sql::table::Rows;
use crate::twin::effects::EffectRow;
use crate::twin::pages::Pages;

/// A row: an effect.
pub struct EffectCells<'s> {
    view: &'s ShardView,
    row: &'s EffectRow,
    known: Known,
}

macro_rules! column {
    ($name:literal, $kind:ident, $about:literal, $read:expr) => {
        Column { name: $name, kind: Type::$kind, about: $about, read: $read }
    };
}

fn columns<'s>() -> Vec<Column<EffectCells<'s>>> {
    [said_columns(), time_columns(), response_columns()].into_iter().flatten().collect()
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
            Cell::text(cells.view.patient(cells.row.patient))
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
        column!(
            "status",
            Text,
            "active, resolved, withdrawn; in `revisions` also moved: it goes on with another identity.",
            |cells| { Cell::Text(cells.row.effect.status.name()) }
        ),
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
                format!("{} {} at {} from {}", one.fact.label(), one.value, one.at, one.source)
            });
            Cell::Owned(texts.collect::<Vec<_>>().join("; "))
        }),
    ]
}

/// What people did about it, as far as it is in force.
fn response_columns<'s>() -> Vec<Column<EffectCells<'s>>> {
    vec![
        column!(
            "acknowledged_by",
            Text,
            "Who has taken it, where it did not become worse since.",
            |cells| { by(cells.row.effect.handling.acknowledged()) }
        ),
        column!("acknowledged_at", Time, "When that person took it.", |cells| {
            let given = cells.row.effect.handling.acknowledged();
            Cell::time(given.map(|given| given.response.at))
        }),
        column!("snoozed_by", Text, "Who silenced it.", |cells| {
            by(cells.row.effect.handling.snoozed())
        }),
        column!(
            "snoozed_until",
            Time,
            "Until when it is silent, unless it becomes worse.",
            |cells| { Cell::time(cells.row.effect.handling.snoozed_until()) }
        ),
        column!(
            "not_alerting",
            Text,
            "Since when its pipeline does not speak, by whom and why, where it is open all the same.",
            |cells| {
                let is_open = cells.row.effect.status == EffectStatus::Active;
                let silent = silence(cells.view, &cells.row.effect.pipeline, true);
                silent.filter(|_| is_open).map_or(Cell::Null, Cell::Owned)
            }
        ),
        column!(
            "resolved_by",
            Text,
            "Which person resolved it; null where its condition ended by itself.",
            |cells| { by(cells.row.effect.handling.resolved()) }
        ),
    ]
}

/// Who gave a response, and in which role.
fn by<'s>(given: Option<&'s Given>) -> Cell<'s> {
    given.map_or(Cell::Null, |given| {
        Cell::Owned(format!("{} ({})", given.response.by, given.response.role))
    })
}

/// Whether a row of `patient` is of a part.
pub fn is_of(part: Part, patient: u32) -> bool {
    match part {
        Part::Piece(_) => true,
        Part::Patient(asked) => asked == patient,
    }
}

/// A revision is what it is from when it was made.
fn open(row: &EffectRow) -> Known {
    Known { from: row.effect.known, to: Timestamp::FOREVER }
}

/// What was said, as the view shows it: each effect as it stands or stood then, or its every revision.
pub fn said(view: &ShardView, part: Part) -> Vec<(&EffectRow, Known)> {
    let shard = view.shard();
    shown(view, part, (&shard.effects, &shard.revisions))
}

fn shown<'s>(
    view: &ShardView,
    part: Part,
    (effects, all): (&'s Pages<EffectRow>, &'s Pages<EffectRow>),
) -> Vec<(&'s EffectRow, Known)> {
    let scope = view.scope;
    if scope.is_now() {
        let rows = effects.iter().filter(|row| is_of(part, row.patient));
        return rows.map(|row| (row, open(row))).collect();
    }
    let mut shown = Vec::new();
    for revisions in by_effect(view, part, all) {
        match scope.versions {
            Versions::Current => {
                shown.extend(standing(&revisions, scope.valid).map(|row| (row, open(row))));
            }
            Versions::All => {
                let ends = revisions.iter().skip(1).map(|next| next.effect.known);
                let ends = ends.chain([Timestamp::FOREVER]);
                let versions = revisions.iter().zip(ends);
                shown.extend(versions.map(|(row, to)| (*row, Known { to, ..open(row) })));
            }
        }
    }
    shown
}

/// The revisions that were made by the instant of the view, by effect, in the order of both.
fn by_effect<'s>(
    view: &ShardView,
    part: Part,
    all: &'s Pages<EffectRow>,
) -> Vec<Vec<&'s EffectRow>> {
    let mut places: BTreeMap<EffectId, usize> = BTreeMap::new();
    let mut effects: Vec<Vec<&EffectRow>> = Vec::new();
    for row in revisions(view, part, all) {
        let place = *places.entry(row.effect.id).or_insert(effects.len());
        match effects.get_mut(place) {
            Some(revisions) => revisions.push(row),
            None => effects.push(vec![row]),
        }
    }
    effects
}

/// The revisions that were made by the instant of the view.
fn revisions<'s>(
    view: &ShardView,
    part: Part,
    all: &'s Pages<EffectRow>,
) -> impl Iterator<Item = &'s EffectRow> {
    let known = view.scope.known;
    all.iter().filter(move |row| row.effect.known <= known && is_of(part, row.patient))
}

/// The revision that stands of an effect, if only the patient's life up to `valid` is looked at. What was
/// withdrawn never held, whichever instant is asked for.
fn standing<'r>(revisions: &[&'r EffectRow], valid: Timestamp) -> Option<&'r EffectRow> {
    let newest = revisions.last().copied()?;
    if newest.effect.status == EffectStatus::Withdrawn {
        return revisions.iter().any(|row| row.effect.at <= valid).then_some(newest);
    }
    let by_then = |row: &&EffectRow| {
        row.effect.at <= valid && row.effect.ended_at.is_none_or(|ended| ended <= valid)
    };
    revisions.iter().copied().rfind(by_then)
}

fn rows_of(view: &ShardView, part: Part, kind: EffectKind) -> Vec<EffectCells<'_>> {
    // What moved is the same effect with another patient, who has it.
    let is_here =
        |row: &EffectRow| row.effect.kind == kind && row.effect.status != EffectStatus::Moved;
    let rows = said(view, part).into_iter().filter(|(row, _)| is_here(row));
    rows.map(|(row, known)| EffectCells { view, row, known }).collect()
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

                fn known(row: &EffectCells<'_>) -> Known {
                    row.known
                }

                fn n_pieces(_: &ShardView) -> usize {
                    1
                }

                fn rows(view: &ShardView, part: Part) -> Vec<EffectCells<'_>> {
                    rows_of(view, part, $kind)
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
    /// `risk_assessments`
    RiskAssessments = EffectKind::Risk;
}

/// `revisions`
#[derive(Debug)]
pub struct Revisions;

impl Rows for Revisions {
    type Row<'s> = EffectCells<'s>;

    fn columns<'s>() -> Vec<Column<EffectCells<'s>>> {
        with_kind()
    }

    fn known(row: &EffectCells<'_>) -> Known {
        row.known
    }

    fn n_pieces(_: &ShardView) -> usize {
        1
    }

    fn rows(view: &ShardView, part: Part) -> Vec<EffectCells<'_>> {
        let rows = revisions(view, part, &view.shard().revisions)
            .filter(|row| row.effect.at <= view.scope.valid);
        let of = |row| EffectCells { view, row, known: open(row) };
        rows.map(of).collect()
    }
}

/// The columns of a table of several kinds.
fn with_kind<'s>() -> Vec<Column<EffectCells<'s>>> {
    let kind: Column<EffectCells<'s>> =
        column!("kind", Text, "alert, follow-up, suggestion or risk.", |cells| {
            Cell::Text(cells.row.effect.kind.name())
        });
    [kind].into_iter().chain(columns()).collect()
}

/// `shadow_effects`
#[derive(Debug)]
pub struct ShadowEffects;

impl Rows for ShadowEffects {
    type Row<'s> = EffectCells<'s>;

    fn columns<'s>() -> Vec<Column<EffectCells<'s>>> {
        with_kind()
    }

    fn known(row: &EffectCells<'_>) -> Known {
        row.known
    }

    fn n_pieces(_: &ShardView) -> usize {
        1
    }

    fn rows(view: &ShardView, part: Part) -> Vec<EffectCells<'_>> {
        let shadow = &view.shard().shadow;
        let rows = shown(view, part, (&shadow.effects, &shadow.revisions)).into_iter();
        let is_here = |row: &EffectRow| row.effect.status != EffectStatus::Moved;
        let rows = rows.filter(|(row, _)| is_here(row));
        rows.map(|(row, known)| EffectCells { view, row, known }).collect()
    }
}
