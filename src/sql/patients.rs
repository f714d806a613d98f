//! `patients`: one row each, with where they are and their newest NEWS2.

use std::sync::Arc;

use crate::domain::event::ResourceKind;
use crate::domain::person::Person;
use crate::domain::statement::Attribute;
use crate::domain::time::Timestamp;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::table::Rows;
use crate::twin::head::Cell as HeadCell;
use crate::twin::scores::{HeadFlags, NO_BAND, NO_VALUE};
use crate::twin::snapshot::{ShardSnapshot, Track};
use crate::twin::statements::{StatementRow, Topic};
use crate::twin::table::{CHUNK_ROWS, place};

/// The table.
#[derive(Debug)]
pub struct Patients;

/// A row: a patient.
pub struct PatientRow<'s> {
    shard: &'s ShardSnapshot,
    number: u32,
    person: Option<Arc<StatementRow>>,
    stay: Option<Arc<StatementRow>>,
}

impl PatientRow<'_> {
    fn person(&self, attribute: Attribute) -> Cell<'_> {
        let person = self.person.as_ref();
        Cell::text(person.and_then(|row| row.statement.attribute(attribute)).unwrap_or(""))
    }

    fn stay(&self, attribute: Attribute) -> Cell<'_> {
        let stay = self.stay.as_ref();
        Cell::text(stay.and_then(|row| row.statement.attribute(attribute)).unwrap_or(""))
    }

    fn news2(&self) -> Option<(HeadCell, &Track)> {
        let is_news2 = |track: &Track| *track.pipeline == *"news2" && track.subject.is_empty();
        let track = self.shard.tracks.iter().position(is_news2)?;
        newest_score(self.shard, self.number, track).zip(self.shard.tracks.get(track))
    }
}

/// The newest score of a patient on a track.
pub fn newest_score(shard: &ShardSnapshot, patient: u32, track: usize) -> Option<HeadCell> {
    let (page, index) = place(patient);
    let (at, value, flags) = shard.score_head.get(page)?.columns.get(track)?;
    let at = at.get(index).copied().filter(|at| *at != i64::MIN)?;
    let (value, flags) = (*value.get(index)?, *flags.get(index)?);
    Some(HeadCell { at: Timestamp::from_micros(at), value, flags })
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
                let score = row.news2().filter(|(cell, _)| cell.value != NO_VALUE);
                score.map_or(Cell::Null, |(cell, _)| Cell::Integer(i64::from(cell.value)))
            }
        ),
        column!(
            "news2_status",
            Text,
            "final, incomplete, not-applicable or not-computable.",
            |row| {
                let status = row.news2().map(|(cell, _)| HeadFlags::unpack(cell.flags).status);
                let status = status.and_then(|s| crate::twin::scores::STATUSES.get(usize::from(s)));
                status.map_or(Cell::Null, |status| Cell::Text(status))
            }
        ),
        column!("news2_band", Text, "The band of the open NEWS2 episode; null in none.", |row| {
            let band = row.news2().map(|(cell, t)| (HeadFlags::unpack(cell.flags).episode_band, t));
            match band {
                Some((band, track)) if band != NO_BAND => {
                    track.bands.get(usize::from(band)).map_or(Cell::Null, |name| Cell::text(name))
                }
                _ => Cell::Null,
            }
        }),
        column!("news2_at", Time, "The instant of the newest NEWS2.", |row| {
            Cell::time(row.news2().map(|(cell, _)| cell.at))
        }),
    ]
}

impl Rows for Patients {
    type Row<'s> = PatientRow<'s>;

    fn columns<'s>() -> Vec<Column<PatientRow<'s>>> {
        let mut columns: Vec<Column<PatientRow<'s>>> = vec![
            column!("patient", Text, "The patient as namespace/identifier.", |row| {
                Cell::text(row.shard.patients.get(row.number).map_or("", |name| name))
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
                Cell::time(person.and_then(|person| person.deceased_from))
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
                    Cell::text(row.shard.ward_of(row.number, &stay.statement))
                })
            }),
            column!("bed", Text, "The bed now.", |row| row.stay(Attribute::Bed)),
            column!("encounter", Text, "The stay as a FHIR reference.", |row| {
                let stay = row.stay.as_ref();
                stay.map_or(Cell::Null, |row| Cell::Owned(format!("Encounter/{}", row.id)))
            }),
        ];
        columns.extend(news2_columns());
        columns
    }

    fn n_pieces(shard: &ShardSnapshot) -> usize {
        shard.patients.n_items().div_ceil(CHUNK_ROWS)
    }

    fn rows<'s>(
        shard: &'s ShardSnapshot,
        piece: usize,
        patient: Option<u32>,
    ) -> Vec<PatientRow<'s>> {
        let first = piece * CHUNK_ROWS;
        let range = first..(first + CHUNK_ROWS).min(shard.patients.n_items());
        let numbers: Vec<u32> = range
            .filter_map(|number| u32::try_from(number).ok())
            .filter(|number| patient.is_none_or(|patient| patient == *number))
            .collect();
        let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else {
            return Vec::new();
        };
        let mut rows: Vec<PatientRow<'_>> = numbers
            .iter()
            .map(|number| PatientRow { shard, number: *number, person: None, stay: None })
            .collect();
        for (row, known_to) in shard.statements.iter() {
            let wanted = (*first..=*last).contains(&row.patient);
            if !wanted || known_to != Timestamp::FOREVER || !row.version.status.counts() {
                continue;
            }
            let place = usize::try_from(row.patient - first).unwrap_or(usize::MAX);
            let Some(cells) = rows.get_mut(place).filter(|cells| cells.number == row.patient)
            else {
                continue;
            };
            match row.topic() {
                Topic::Kind(ResourceKind::Patient) => keep_newest(&mut cells.person, row),
                Topic::Kind(ResourceKind::Encounter) if row.in_force_at(shard.known_through) => {
                    keep_newest(&mut cells.stay, row);
                }
                _ => {}
            }
        }
        rows
    }
}

fn keep_newest(slot: &mut Option<Arc<StatementRow>>, row: &Arc<StatementRow>) {
    let order = |row: &StatementRow| (row.valid.start, row.version.revised_at, row.key);
    if slot.as_ref().is_none_or(|known| order(known) <= order(row)) {
        *slot = Some(row.clone());
    }
}
