//! `patients`: one row each, with where they are and their newest NEWS2.
//!
//! What the head keeps at hand is read by column: a question about all patients makes no rows.

use std::sync::Arc;

use arrow::array::ArrayRef;

use crate::domain::event::ResourceKind;
use crate::domain::person::Person;
use crate::domain::statement::Attribute;
use crate::domain::time::Timestamp;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::identities::linked_to;
use crate::sql::newest_scores::{self, Kept};
use crate::sql::patient_history;
use crate::sql::pipelines::silent_in;
use crate::sql::scope::{Known, Part, ShardView, Versions};
use crate::sql::statements::shown;
use crate::sql::table::Rows;
use crate::twin::head::Cell as HeadCell;
use crate::twin::scores::{HeadFlags, NO_BAND, NO_VALUE};
use crate::twin::snapshot::Track;
use crate::twin::statements::{StatementRow, Topic};
use crate::twin::table::CHUNK_ROWS;

/// The table.
#[derive(Debug)]
pub struct Patients;

/// A row: a patient.
pub struct PatientRow<'s> {
    /// Where it is read from.
    pub view: &'s ShardView,
    /// The patient's number.
    pub number: u32,
    /// What is said of the person.
    pub person: Option<Arc<StatementRow>>,
    /// The stay in force.
    pub stay: Option<Arc<StatementRow>>,
    /// The newest NEWS2, and what its numbers mean.
    pub news2: Option<(HeadCell, &'s Track)>,
    /// From when until when the row was this.
    pub known: Known,
}

impl<'s> PatientRow<'s> {
    /// A patient as the view shows it.
    fn of(view: &'s ShardView, number: u32) -> PatientRow<'s> {
        let (mut person, mut stay) = (None, None);
        let present = view.present();
        for (row, _) in shown(view, Part::Patient(number)) {
            match row.topic() {
                Topic::Kind(ResourceKind::Patient) => keep_newest(&mut person, row),
                Topic::Kind(ResourceKind::Encounter) if row.in_force_at(present) => {
                    keep_newest(&mut stay, row);
                }
                _ => {}
            }
        }
        let since = view.shard().names.since(number).unwrap_or(Timestamp::MIN);
        let known = Known { from: since, to: Timestamp::FOREVER };
        PatientRow { view, number, person, stay, news2: newest_scores::news2(view, number), known }
    }

    fn person(&self, attribute: Attribute) -> Cell<'_> {
        let person = self.person.as_ref();
        Cell::text(person.and_then(|row| row.statement.attribute(attribute)).unwrap_or(""))
    }

    fn stay(&self, attribute: Attribute) -> Cell<'_> {
        let stay = self.stay.as_ref();
        Cell::text(stay.and_then(|row| row.statement.attribute(attribute)).unwrap_or(""))
    }
}

/// Keeps the later of two statements.
pub fn keep_newest(slot: &mut Option<Arc<StatementRow>>, row: &Arc<StatementRow>) {
    let order = |row: &StatementRow| (row.valid.start, row.version.revised_at, row.key);
    if slot.as_ref().is_none_or(|known| order(known) <= order(row)) {
        *slot = Some(row.clone());
    }
}

macro_rules! column {
    ($name:literal, $kind:ident, $about:literal, $read:expr) => {
        Column { name: $name, kind: Type::$kind, about: $about, read: $read }
    };
}

/// The newest NEWS2, kept at hand by the head.
fn news2_columns<'s>() -> [Column<PatientRow<'s>>; 4] {
    [
        column!(
            "news2",
            Integer,
            "The newest NEWS2; its lower bound where inputs are missing.",
            |row| {
                let score = row.news2.filter(|(cell, _)| cell.value != NO_VALUE);
                score.map_or(Cell::Null, |(cell, _)| Cell::Integer(i64::from(cell.value)))
            }
        ),
        column!(
            "news2_status",
            Text,
            "final, incomplete, not-applicable or not-computable.",
            |row| {
                let status = row.news2.map(|(cell, _)| HeadFlags::unpack(cell.flags).status);
                let status = status.and_then(|s| crate::twin::scores::STATUSES.get(usize::from(s)));
                status.map_or(Cell::Null, |status| Cell::Text(status))
            }
        ),
        column!("news2_band", Text, "The band of the open NEWS2 episode; null in none.", |row| {
            let band = row.news2.map(|(cell, t)| (HeadFlags::unpack(cell.flags).episode_band, t));
            match band {
                Some((band, track)) if band != NO_BAND => {
                    track.bands.get(usize::from(band)).map_or(Cell::Null, |name| Cell::text(name))
                }
                _ => Cell::Null,
            }
        }),
        column!("news2_at", Time, "The instant of the newest NEWS2.", |row| {
            Cell::time(row.news2.map(|(cell, _)| cell.at))
        }),
    ]
}

impl Rows for Patients {
    type Row<'s> = PatientRow<'s>;

    fn columns<'s>() -> Vec<Column<PatientRow<'s>>> {
        let mut columns: Vec<Column<PatientRow<'s>>> = vec![
            column!("patient", Text, "The patient as namespace/identifier.", |row| {
                Cell::text(row.view.patient(row.number))
            }),
            column!("birth_date", Text, "As precise as it is known.", |row| row
                .person(Attribute::BirthDate)),
            column!("sex", Text, "Administrative gender.", |row| row.person(Attribute::Sex)),
            column!("deceased_at", Time, "When the patient died.", |row| {
                let person = row.person.as_ref();
                let person = person.map(|row| {
                    let recorded_at = row.recorded_at.unwrap_or(row.version.revised_at);
                    Person::read(&row.statement, recorded_at)
                });
                let died = person.and_then(|person| person.deceased_from);
                Cell::time(died.filter(|at| *at <= row.view.scope.valid))
            }),
            column!("name", Text, "The name to display.", |row| row.person(Attribute::Name)),
            column!("identifiers", Text, "Business identifiers as system|value.", |row| {
                row.person(Attribute::Identifiers)
            }),
            column!("time_zone", Text, "The time zone by its IANA name.", |row| {
                row.person(Attribute::TimeZone)
            }),
            column!(
                "setting",
                Text,
                "Where the patient is now: inpatient, emergency, ...",
                |row| { row.stay(Attribute::Setting) }
            ),
            column!("ward", Text, "The ward now.", |row| {
                let stay = row.stay.as_ref();
                stay.map_or(Cell::Null, |stay| {
                    Cell::text(row.view.ward_of(row.number, &stay.statement))
                })
            }),
            column!("bed", Text, "The bed now.", |row| row.stay(Attribute::Bed)),
            column!("encounter", Text, "The stay as a FHIR reference.", |row| {
                let stay = row.stay.as_ref();
                stay.map_or(Cell::Null, |row| Cell::Owned(format!("Encounter/{}", row.id)))
            }),
        ];
        columns.extend(news2_columns());
        columns.push(column!(
            "linked_to",
            Text,
            "The patient who has all facts of this identity and is spoken of instead.",
            |row| { Cell::text(linked_to(row.view, row.number)) }
        ));
        columns.push(column!(
            "not_alerting",
            Text,
            "Pipelines that do not speak any more where the patient is, each with since when, by whom and why.",
            |row| {
                let setting = row.stay.as_ref();
                let setting = setting.and_then(|row| row.statement.attribute(Attribute::Setting));
                setting.and_then(|setting| silent_in(row.view, setting)).map_or(Cell::Null, Cell::Owned)
            }
        ));
        columns
    }

    fn known(row: &PatientRow<'_>) -> Known {
        row.known
    }

    fn n_pieces(view: &ShardView) -> usize {
        view.shard().patients.n_items().div_ceil(PIECE_PATIENTS)
    }

    fn rows(view: &ShardView, part: Part) -> Vec<PatientRow<'_>> {
        let n_known = view.shard().names.n_known_by(view.scope.known);
        let numbers = match part {
            Part::Patient(number) => number..number.saturating_add(1).min(n_known),
            Part::Piece(piece) => {
                let first =
                    |piece: usize| u32::try_from(piece * PIECE_PATIENTS).unwrap_or(u32::MAX);
                first(piece)..first(piece + 1).min(n_known)
            }
        };
        match view.scope.versions {
            Versions::Current => numbers.map(|number| PatientRow::of(view, number)).collect(),
            Versions::All => {
                numbers.flat_map(|number| patient_history::versions(view, number)).collect()
            }
        }
    }

    fn arrays(view: &ShardView, piece: usize, columns: &[usize]) -> Option<(usize, Vec<ArrayRef>)> {
        let kept = columns.iter().map(|column| KEPT.iter().find(|(at, _)| at == column));
        let kept: Option<Vec<Kept>> = kept.map(|kept| kept.map(|(_, kept)| *kept)).collect();
        let kept = kept.filter(|_| view.scope.is_now())?;
        let first = piece * PIECE_PATIENTS;
        let last = (first + PIECE_PATIENTS).min(view.shard().patients.n_items());
        Some((last - first, newest_scores::arrays(view.shard(), first..last, &kept)))
    }
}

/// Patients read at once: whole pages of the head.
const PIECE_PATIENTS: usize = 8 * CHUNK_ROWS;

/// The columns that need no rows to be made, by their place.
const KEPT: [(usize, Kept); 5] =
    [(0, Kept::Name), (11, Kept::Value), (12, Kept::Status), (13, Kept::Band), (14, Kept::At)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_that_are_kept_at_hand_lie_where_they_are_read() {
        let columns = Patients::columns();
        let names = KEPT.map(|(place, _)| columns[place].name);
        assert_eq!(names, ["patient", "news2", "news2_status", "news2_band", "news2_at"]);
    }
}
