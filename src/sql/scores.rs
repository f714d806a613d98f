//! `risks`: every score that is true now, whatever was said about it.

use crate::domain::decimal::plain;
use crate::domain::time::Timestamp;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::table::Rows;
use crate::twin::scores::{NO_BAND, NO_VALUE, STATUSES, ScoreRow, points_of};
use crate::twin::snapshot::{ShardSnapshot, Track};
use crate::twin::table::CHUNK_ROWS;

/// The table.
#[derive(Debug)]
pub struct Risks;

/// A row: a score.
pub struct RiskRow<'s> {
    shard: &'s ShardSnapshot,
    row: ScoreRow,
}

impl<'s> RiskRow<'s> {
    fn track(&self) -> Option<&'s Track> {
        self.shard.tracks.get(usize::from(self.row.track))
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
            Cell::text(row.shard.notes.get(row.row.notes).map_or("", |text| text))
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
            Cell::time(Some(Timestamp::from_micros(row.row.known)))
        }),
    ]
}

impl Rows for Risks {
    type Row<'s> = RiskRow<'s>;

    fn columns<'s>() -> Vec<Column<RiskRow<'s>>> {
        let mut columns: Vec<Column<RiskRow<'s>>> = vec![
            column!("patient", Text, "The patient as namespace/identifier.", |row| {
                Cell::text(row.shard.patients.get(row.row.patient).map_or("", |name| name))
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
                Cell::text(row.shard.notes.get(row.row.edition).map_or("", |text| text))
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

    fn n_pieces(shard: &ShardSnapshot) -> usize {
        shard.scores.len()
    }

    fn rows<'s>(shard: &'s ShardSnapshot, piece: usize, patient: Option<u32>) -> Vec<RiskRow<'s>> {
        let Some(chunk) = shard.scores.get(piece) else { return Vec::new() };
        let base = piece * CHUNK_ROWS;
        let row = |index: usize| {
            let row = chunk.row(index)?;
            let number = u32::try_from(base + index).ok()?;
            let is_current = shard.score_marks.known_to(number) == Timestamp::FOREVER;
            let wanted = patient.is_none_or(|patient| patient == row.patient);
            (is_current && wanted).then_some(RiskRow { shard, row })
        };
        (0..chunk.n_rows()).filter_map(row).collect()
    }
}
