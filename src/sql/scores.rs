//! `risks`: every score, whatever was said about it.

use crate::domain::decimal::plain;
use crate::domain::time::Timestamp;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::scope::{Known, Part, ShardView};
use crate::sql::table::Rows;
use crate::twin::score_table::ScoreChunk;
use crate::twin::scores::{NO_BAND, NO_VALUE, STATUSES, ScoreRow, points_of};
use crate::twin::snapshot::Track;
use crate::twin::table::CHUNK_ROWS;

/// The table.
#[derive(Debug)]
pub struct Risks;

/// A row: a score.
pub struct RiskRow<'s> {
    view: &'s ShardView,
    row: ScoreRow,
    known: Known,
}

impl<'s> RiskRow<'s> {
    fn track(&self) -> Option<&'s Track> {
        self.view.shard().track_at(self.row.track, self.known.from)
    }

    fn band(&self, band: u8) -> Cell<'_> {
        let name = self.track().and_then(|track| track.bands.get(usize::from(band)));
        if band == NO_BAND { Cell::Null } else { name.map_or(Cell::Null, |name| Cell::text(name)) }
    }

    fn number(&self, value: i32) -> Cell<'static> {
        let decimals = self.track().map_or(0, |track| track.decimals);
        if value == NO_VALUE {
            return Cell::Null;
        }
        Cell::Number(f64::from(value) / 10_f64.powi(i32::from(decimals)))
    }

    /// Names of inputs with or without points.
    fn inputs(&self, read: impl Fn(&str, Option<i64>) -> Option<String>) -> Cell<'static> {
        let inputs = self.track().map_or(&[][..], |track| &track.inputs);
        let scored = inputs.iter().enumerate().filter(|(_, name)| !name.is_empty());
        let texts =
            scored.filter_map(|(index, name)| read(name, points_of(self.row.points, index)));
        let text = texts.collect::<Vec<_>>().join(", ");
        if text.is_empty() { Cell::Null } else { Cell::Owned(text) }
    }

    fn has_points(&self) -> bool {
        let inputs = self.track().map_or(0, |track| track.inputs.len());
        (0..inputs).any(|index| points_of(self.row.points, index).is_some())
    }
}

macro_rules! column {
    ($name:literal, $kind:ident, $about:literal, $read:expr) => {
        Column { name: $name, kind: Type::$kind, about: $about, read: $read }
    };
}

/// What a score is made of, and what it counts towards.
fn reasons<'s>() -> [Column<RiskRow<'s>>; 7] {
    [
        column!("points", Text, "What each scored input contributed: name=points.", |row| {
            row.inputs(|name, points| points.map(|points| format!("{name}={}", plain(points, 0))))
        }),
        column!("missing", Text, "Scored inputs that were missing or unusable.", |row| {
            let scored = row.has_points();
            row.inputs(|name, points| (scored && points.is_none()).then(|| name.to_owned()))
        }),
        column!("notes", Text, "Why there is no value, and what a reader must know.", |row| {
            Cell::text(row.view.shard().notes.get(row.row.notes).map_or("", |text| text))
        }),
        column!("due_at", Time, "When an item is due.", |row| {
            Cell::time((row.row.due != i64::MAX).then(|| Timestamp::from_micros(row.row.due)))
        }),
        column!("overdue_at", Time, "When an item is overdue.", |row| {
            Cell::time(
                (row.row.overdue != i64::MAX).then(|| Timestamp::from_micros(row.row.overdue)),
            )
        }),
        column!(
            "by_clock",
            Flag,
            "Whether the clock, not a fact, made this an instant to score.",
            |row| { Cell::Flag(row.row.by_clock == 1) }
        ),
        column!("known_at", Time, "Since when this is the score of its instant.", |row| {
            Cell::time(Some(row.known.from))
        }),
    ]
}

impl Rows for Risks {
    type Row<'s> = RiskRow<'s>;

    fn columns<'s>() -> Vec<Column<RiskRow<'s>>> {
        let mut columns: Vec<Column<RiskRow<'s>>> = vec![
            column!("patient", Text, "The patient as namespace/identifier.", |row| {
                Cell::text(row.view.patient(row.row.patient))
            }),
            column!("pipeline", Text, "The pipeline.", |row| {
                row.track().map_or(Cell::Null, |track| Cell::text(&track.pipeline))
            }),
            column!(
                "subject",
                Text,
                "What it is about, where the pipeline has several subjects.",
                |row| { row.track().map_or(Cell::Null, |track| Cell::text(&track.subject)) }
            ),
            column!("edition", Text, "The edition of the rule.", |row| {
                Cell::text(row.view.shard().notes.get(row.row.edition).map_or("", |text| text))
            }),
            column!("at", Time, "The instant it is a score of.", |row| Cell::time(Some(
                row.row.at()
            ))),
            column!(
                "status",
                Text,
                "final, incomplete, not-applicable or not-computable.",
                |row| {
                    STATUSES.get(usize::from(row.row.status)).map_or(Cell::Null, |s| Cell::Text(s))
                }
            ),
            column!(
                "value",
                Number,
                "The value, or its lower bound where inputs are missing.",
                |row| { row.number(row.row.value) }
            ),
            column!("upper", Number, "The upper bound where inputs are missing.", |row| {
                row.number(row.row.upper)
            }),
            column!("value_is", Text, "What the value is, with its unit.", |row| {
                row.track().map_or(Cell::Null, |track| Cell::text(&track.value))
            }),
            column!("band", Text, "The band of this score, the least it can be.", |row| row
                .band(row.row.band)),
            column!("episode_band", Text, "The band of the episode it is in.", |row| {
                row.band(row.row.episode_band)
            }),
            column!(
                "episode_start",
                Time,
                "When the episode it is in began; null in none.",
                |row| {
                    Cell::time(
                        row.row
                            .is_in_episode()
                            .then(|| Timestamp::from_micros(row.row.episode_start)),
                    )
                }
            ),
        ];
        columns.extend(reasons());
        columns
    }

    fn known(row: &RiskRow<'_>) -> Known {
        row.known
    }

    fn n_pieces(view: &ShardView) -> usize {
        view.shard().scores.len()
    }

    fn rows(view: &ShardView, part: Part) -> Vec<RiskRow<'_>> {
        let shown = |number: u32| {
            let (row, known) = score(view, number)?;
            Some(RiskRow { view, row, known })
        };
        let shard = view.shard();
        match part {
            Part::Patient(patient) => {
                let mut rows: Vec<_> = shard.score_chains.walk(patient).filter_map(shown).collect();
                rows.reverse();
                rows
            }
            Part::Piece(piece) => {
                let rows = shard.scores.get(piece).map(ScoreChunk::rows).unwrap_or_default();
                let first = u32::try_from(piece * CHUNK_ROWS).unwrap_or(u32::MAX);
                let shown = (first..).zip(rows).filter_map(|(number, row)| {
                    let known = known(view, &row, shard.score_marks.known_to(number))?;
                    Some(RiskRow { view, row, known })
                });
                shown.collect()
            }
        }
    }
}

/// A score that the view shows, with its known times as they are shown.
pub fn score(view: &ShardView, number: u32) -> Option<(ScoreRow, Known)> {
    let (row, known_to) = view.shard().score(number)?;
    known(view, &row, known_to).map(|known| (row, known))
}

/// The known times of a score as they are shown, if the view shows it.
fn known(view: &ShardView, row: &ScoreRow, known_to: Timestamp) -> Option<Known> {
    let known = view.scope.shown(Timestamp::from_micros(row.known), known_to)?;
    (row.at() <= view.scope.valid).then_some(known)
}
