//! What is true of a patient: the newest value, a window of values, what is in force.
//!
//! The same functions serve rules, the console and as-of questions; none of them depends on where a
//! row lies (TW-4).

use std::sync::Arc;

use crate::domain::event::ResourceKind;
use crate::domain::fact::{Comparator, Origin};
use crate::domain::person::Person;
use crate::domain::refusal::Unusable;
use crate::domain::signal::Signal;
use crate::domain::time::Timestamp;
use crate::twin::block::Kept;
use crate::twin::head::Cell;
use crate::twin::samples::{Flags, SampleRow, parts_of, series_of};
use crate::twin::series::Order;
use crate::twin::statements::{StatementRow, Topic};
use crate::twin::twins::Twins;
use crate::twin::values::ValueRow;
use crate::twin::zones::zone_of;

/// A current value of a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// What was measured.
    pub signal: Signal,
    /// In units of the signal's resolution; 0 where `unusable` is set.
    pub value: i64,
    /// The time for which it counts.
    pub at: Timestamp,
    /// Set when the true value is only bounded.
    pub comparator: Option<Comparator>,
    /// Why it cannot be used.
    pub unusable: Option<Unusable>,
    /// Whether it is not yet verified.
    pub is_preliminary: bool,
    /// Where it lies.
    pub place: SamplePlace,
}

/// Where a sample lies, until the next event is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamplePlace {
    /// It is the newest of this list of (patient, series).
    Newest(u32, u16),
    /// In the tail.
    Tail(u32),
    /// In a segment.
    Sealed(usize, u32),
}

impl Measured {
    fn of(row: &ValueRow, place: SamplePlace) -> Option<Measured> {
        Some(Measured::of_cell(parts_of(row.series)?.0, cell_of(row), place))
    }

    fn of_cell(signal: Signal, cell: Cell, place: SamplePlace) -> Measured {
        let flags = Flags::unpack(cell.flags);
        Measured {
            signal,
            value: i64::from(cell.value),
            at: cell.at,
            comparator: flags.comparator,
            unusable: flags.unusable,
            is_preliminary: flags.status == crate::domain::event::Status::Preliminary,
            place,
        }
    }
}

fn order(row: &SampleRow) -> Order {
    (Timestamp::from_micros(row.at), row.revised_at, row.key, i64::from(row.value))
}

const fn cell_of(row: &ValueRow) -> Cell {
    Cell { at: row.at(), value: row.value, flags: row.flags }
}

/// A value and where it lies.
type Found = (ValueRow, SamplePlace);

impl Twins {
    /// The newest value of a signal at `at` or before, back to `from`, by any of `origins`.
    pub fn latest(
        &self,
        patient: u32,
        signal: Signal,
        origins: &[Origin],
        (from, at): (Timestamp, Timestamp),
    ) -> Option<Measured> {
        if let [origin] = origins {
            return self.latest_by(patient, signal, *origin, (from, at)).map(|(_, found)| found);
        }
        let newest = origins
            .iter()
            .filter_map(|origin| self.latest_by(patient, signal, *origin, (from, at)));
        newest.max_by_key(|(order, _)| *order).map(|(_, found)| found)
    }

    /// The same by one origin, with its place in the order. The order of what is at hand stops
    /// at the time, which is all that origins are compared by.
    #[inline]
    fn latest_by(
        &self,
        patient: u32,
        signal: Signal,
        origin: Origin,
        (from, at): (Timestamp, Timestamp),
    ) -> Option<((Timestamp, Origin), Measured)> {
        let series = series_of(signal, origin);
        if let Some(column) = self.column(series) {
            let cell = self.newest.get(patient, column).filter(|cell| from <= cell.at)?;
            if cell.at <= at {
                let place = SamplePlace::Newest(patient, series);
                return Some(((cell.at, origin), Measured::of_cell(signal, cell, place)));
            }
        }
        let (row, place) = self.newest_row((patient, series), (from, at))?;
        let found = Measured::of(&row, place)?;
        Some(((found.at, origin), found))
    }

    /// The values of a signal from `from` to `to`, both included, by any of `origins`; ascending.
    pub fn window(
        &self,
        patient: u32,
        signal: Signal,
        origins: &[Origin],
        range: (Timestamp, Timestamp),
    ) -> Vec<Measured> {
        let mut rows: Vec<Found> = Vec::new();
        self.each_in(patient, signal, origins, range, |row, place| rows.push((row, place)));
        rows.sort_by_key(|(row, _)| row.at);
        for same in rows.chunk_by_mut(|(one, _), (other, _)| one.at == other.at) {
            if 1 < same.len() {
                same.sort_by_cached_key(|(_, place)| self.row_at(*place).map(|row| order(&row)));
            }
        }
        rows.iter().filter_map(|(row, place)| Measured::of(row, *place)).collect()
    }

    /// The least usable value of a signal from `from` to `to`, both included, by any of `origins`; the newest of
    /// several.
    pub fn lowest(
        &self,
        patient: u32,
        signal: Signal,
        origins: &[Origin],
        range: (Timestamp, Timestamp),
    ) -> Option<Measured> {
        self.extreme(patient, signal, origins, range, i64::from)
    }

    /// The greatest usable value, likewise.
    pub fn highest(
        &self,
        patient: u32,
        signal: Signal,
        origins: &[Origin],
        range: (Timestamp, Timestamp),
    ) -> Option<Measured> {
        self.extreme(patient, signal, origins, range, |value| -i64::from(value))
    }

    /// The value of least `rank`. Of two of the same value and time the one with the lesser key, so that it is the
    /// same whichever came first.
    fn extreme(
        &self,
        patient: u32,
        signal: Signal,
        origins: &[Origin],
        range: (Timestamp, Timestamp),
        rank: fn(i32) -> i64,
    ) -> Option<Measured> {
        let mut best: Option<Found> = None;
        let offer = |row: ValueRow, place: SamplePlace| {
            if Flags::unpack(row.flags).unusable.is_some() {
                return;
            }
            let is_better = best.is_none_or(|(known, known_place)| {
                let by_rank = (rank(row.value), -row.at).cmp(&(rank(known.value), -known.at));
                by_rank.then_with(|| self.key(place).cmp(&self.key(known_place))).is_lt()
            });
            if is_better {
                best = Some((row, place));
            }
        };
        self.each_in(patient, signal, origins, range, offer);
        best.and_then(|(row, place)| Measured::of(&row, place))
    }

    /// Hands over every current value of a signal from `from` to `to`, both included, by any of `origins`, in no order.
    fn each_in(
        &self,
        patient: u32,
        signal: Signal,
        origins: &[Origin],
        (from, to): (Timestamp, Timestamp),
        mut found: impl FnMut(ValueRow, SamplePlace),
    ) {
        for origin in origins {
            let list = (patient, series_of(signal, *origin));
            for number in self.tail.lists.walk(list) {
                let row = self.tail.rows.value_row(number);
                if row.at < from.micros() {
                    break;
                }
                if row.at <= to.micros() {
                    found(row, SamplePlace::Tail(number));
                }
            }
            for (index, segment) in self.segments.iter().enumerate() {
                for number in segment.of_series(list, from, to) {
                    let row = segment.value(number);
                    if segment.is_current(number, &row) {
                        found(row, SamplePlace::Sealed(index, number));
                    }
                }
            }
        }
    }

    /// The row that lies somewhere. It is read where values alone cannot tell: which of two of the same
    /// instant comes first, whose resource it is.
    fn row_at(&self, place: SamplePlace) -> Option<SampleRow> {
        match place {
            SamplePlace::Newest(patient, series) => {
                self.row_at(self.newest_place(patient, series)?)
            }
            SamplePlace::Tail(number) => Some(self.tail.rows.row(number)),
            SamplePlace::Sealed(index, number) => Some(self.segments.get(index)?.row(number)),
        }
    }

    fn newest_place(&self, patient: u32, series: u16) -> Option<SamplePlace> {
        let always = (Timestamp::MIN, Timestamp::FOREVER);
        self.newest_row((patient, series), always).map(|(_, place)| place)
    }

    /// Whether any current value of a signal by any of `origins` counts for exactly `at`.
    pub fn has_sample_at(
        &self,
        patient: u32,
        signal: Signal,
        origins: &[Origin],
        at: Timestamp,
    ) -> bool {
        self.latest(patient, signal, origins, (at, at)).is_some()
    }

    /// The times from `from` to `to`, both included, for which a signal has a current value.
    pub fn times(
        &self,
        patient: u32,
        signal: Signal,
        origins: &[Origin],
        range: (Timestamp, Timestamp),
    ) -> impl Iterator<Item = Timestamp> {
        self.window(patient, signal, origins, range).into_iter().map(|measured| measured.at)
    }

    /// The current statements about a patient on a topic, the latest start first.
    pub fn statements(
        &self,
        patient: u32,
        topic: Topic,
    ) -> impl Iterator<Item = &Arc<StatementRow>> {
        let numbers = self.statement_index.walk((patient, topic.list()));
        numbers.map(|number| self.statements.row(number))
    }

    /// What is known of the person.
    pub fn person(&self, patient: u32) -> Person {
        let index = usize::try_from(patient).unwrap_or(usize::MAX);
        self.persons.get(index).copied().unwrap_or_default()
    }

    /// The key of the resource of a sample.
    pub fn key(&self, place: SamplePlace) -> Option<u64> {
        match place {
            SamplePlace::Newest(patient, series) => self.key(self.newest_place(patient, series)?),
            SamplePlace::Tail(number) => Some(self.tail.rows.key(number)),
            SamplePlace::Sealed(index, number) => self.segments.get(index)?.key(number),
        }
    }

    /// A sample with all that is kept of it.
    pub fn sample(&self, place: SamplePlace) -> Option<Kept> {
        match place {
            SamplePlace::Newest(patient, series) => {
                self.sample(self.newest_place(patient, series)?)
            }
            SamplePlace::Tail(number) => Some(self.tail.kept(number)),
            SamplePlace::Sealed(index, number) => self.segments.get(index)?.kept(number),
        }
    }

    /// The code a sample came under, as `system|code`.
    pub fn code(&self, row: &SampleRow) -> &str {
        self.codes.text(row.code)
    }

    /// The newest value of a list at `at` or before, back to `from`.
    fn newest_row(&self, list: (u32, u16), (from, at): (Timestamp, Timestamp)) -> Option<Found> {
        let numbers = self.tail.lists.walk(list);
        let mut newest = numbers
            .map(|number| (self.tail.rows.value_row(number), SamplePlace::Tail(number)))
            .find(|(row, _)| row.at <= at.micros())
            .filter(|(row, _)| from.micros() <= row.at);
        for (index, segment) in self.segments.iter().enumerate() {
            let range = segment.of_series(list, from, at);
            for number in range.rev() {
                let row = segment.value(number);
                if newest.is_some_and(|(newest, _)| row.at < newest.at) {
                    break;
                }
                if segment.is_current(number, &row) {
                    let found = (row, SamplePlace::Sealed(index, number));
                    newest = Some(newest.map_or(found, |newest| self.newer(newest, found)));
                }
            }
        }
        newest
    }

    /// The later of two in the order of their list.
    fn newer(&self, one: Found, other: Found) -> Found {
        match one.0.at.cmp(&other.0.at) {
            std::cmp::Ordering::Greater => one,
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Equal => {
                let [first, second] =
                    [one, other].map(|(_, place)| self.row_at(place).map(|row| order(&row)));
                if second < first { one } else { other }
            }
        }
    }

    /// The column of `newest` that tracks a series.
    #[inline]
    pub(super) fn column(&self, series: u16) -> Option<usize> {
        self.columns.get(usize::from(series)).copied().flatten()
    }

    /// Brings `newest` up to date after a row became current.
    pub(super) fn newest_gains(&mut self, row: &SampleRow) {
        let Some(column) = self.column(row.series) else { return };
        let cell = cell_of(&ValueRow::of(row));
        match self.newest.cell_mut(row.patient, column) {
            Some(known) if cell.at < known.at => {}
            Some(known) if cell.at == known.at => self.refresh_newest(row.patient, row.series),
            Some(known) => *known = cell,
            None => self.newest.set(row.patient, column, Some(cell)),
        }
    }

    /// Brings `newest` up to date after a row ceased to be current.
    pub(super) fn newest_loses(&mut self, row: &SampleRow) {
        let Some(column) = self.column(row.series) else { return };
        let cell = self.newest.get(row.patient, column);
        if cell.is_some_and(|cell| cell.at.micros() == row.at) {
            self.refresh_newest(row.patient, row.series);
        }
    }

    /// Reads the newest of a series anew.
    pub(super) fn refresh_newest(&mut self, patient: u32, series: u16) {
        let Some(column) = self.column(series) else { return };
        let always = (Timestamp::MIN, Timestamp::FOREVER);
        let newest = self.newest_row((patient, series), always);
        self.newest.set(patient, column, newest.map(|(row, _)| cell_of(&row)));
    }

    /// Reads the person again after a Patient statement came or went.
    pub(super) fn refresh_person(&mut self, patient: u32) {
        let topic = Topic::Kind(ResourceKind::Patient);
        let newest = self.statements(patient, topic).max_by_key(|row| {
            (row.version.revised_at, row.version.version_id, row.key, row.content)
        });
        let person = newest.map(|row| {
            let recorded_at = row.recorded_at.unwrap_or(row.version.revised_at);
            Person::read(&row.statement, recorded_at)
        });
        let zone = newest.and_then(|row| zone_of(&row.statement));
        if zone != self.zones.of(patient) {
            Arc::make_mut(&mut self.zones).set(patient, zone);
        }
        let index = usize::try_from(patient).unwrap_or(usize::MAX);
        if let Some(slot) = self.persons.get_mut(index) {
            *slot = person.unwrap_or_default();
        }
    }
}
