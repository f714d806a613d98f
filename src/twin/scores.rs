//! What pipelines computed: one score per pipeline, subject and evaluated instant, and the episodes
//! that follow from the scores. All of it is true of the set of events, none of it was necessarily
//! said.

use std::hint::black_box;

use crate::domain::time::Timestamp;
use crate::twin::chains::Chains;
use crate::twin::head::{Cell, Head};
use crate::twin::marks::Marks;
use crate::twin::score_table::ScoreTable;
use crate::twin::series::{Lists, Rows};
use crate::twin::sums::{Sum, of_score};

/// One score of one patient, as of one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRow {
    /// The patient's number in the shard.
    pub patient: u32,
    /// The track: a pipeline's subject.
    pub track: u16,
    /// The instant it is a score of, in microseconds.
    pub at: i64,
    /// Since when it is current, in microseconds.
    pub known: i64,
    /// 0 final, 1 incomplete, 2 not applicable, 3 not computable.
    pub status: u8,
    /// 1 where no fact but the clock made it a point: an item fell due, a band was left.
    pub by_clock: u8,
    /// The band, counted from 0; `NO_BAND` at rest and where it is unknown.
    pub band: u8,
    /// The band of the episode it is in; `NO_BAND` in none.
    pub episode_band: u8,
    /// The value or the lower bound; `NO_VALUE` where there is none.
    pub value: i32,
    /// The upper bound of an incomplete score; `NO_VALUE` where there is none.
    pub upper: i32,
    /// Points per input from the lowest byte, as many as 16; `NO_POINTS` where one is missing.
    pub points: i128,
    /// Where the episode began, in microseconds; `i64::MIN` in none.
    pub episode_start: i64,
    /// Since when the condition no longer holds although the episode goes on; `i64::MAX` if it does.
    pub below_since: i64,
    /// The fact an item counts from, by its resource's key; 0 for none.
    pub cause: u64,
    /// When an item is due, in microseconds; `i64::MAX` for none.
    pub due: i64,
    /// When an item is overdue, in microseconds; `i64::MAX` for none.
    pub overdue: i64,
    /// Why there is no value, and what a reader must know, interned.
    pub notes: u32,
    /// The edition, interned.
    pub edition: u32,
}

/// No band.
pub const NO_BAND: u8 = u8::MAX;
/// The number of the text that says nothing.
pub const NO_NOTES: u32 = 0;
/// No value.
pub const NO_VALUE: i32 = i32::MIN;
/// The points of an input that is missing.
pub const NO_POINTS: i8 = i8::MIN;

/// The statuses, by their number in a row.
pub const STATUSES: [&str; 4] = ["final", "incomplete", "not-applicable", "not-computable"];

impl ScoreRow {
    /// Whether both say the same of the same instant, whenever it became known.
    pub fn says_the_same(&self, other: &ScoreRow) -> bool {
        ScoreRow { known: 0, ..*self } == ScoreRow { known: 0, ..*other }
    }

    /// Whether it is in an episode.
    pub fn is_in_episode(&self) -> bool {
        self.episode_start != i64::MIN
    }

    /// The instant it is a score of.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.at)
    }

    /// What the head keeps of it.
    pub fn head(&self) -> Cell {
        let flags = HeadFlags { status: self.status, episode_band: self.episode_band };
        Cell { at: self.at(), value: self.value, flags: flags.pack() }
    }
}

/// What the head says of a score besides its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadFlags {
    /// As in the row.
    pub status: u8,
    /// As in the row.
    pub episode_band: u8,
}

impl HeadFlags {
    /// The band in the high byte, the status in the low one.
    pub fn pack(self) -> u16 {
        u16::from_be_bytes([self.episode_band, self.status])
    }

    /// Reads what `pack` wrote.
    pub fn unpack(bits: u16) -> HeadFlags {
        let [episode_band, status] = bits.to_be_bytes();
        HeadFlags { status, episode_band }
    }
}

/// Packs points per input: 16 inputs at most, the lowest byte first.
pub fn pack_points(points: impl Iterator<Item = (usize, Option<i64>)>) -> i128 {
    let byte = |points: Option<i64>| points.and_then(|p| i8::try_from(p).ok()).unwrap_or(NO_POINTS);
    let mut bytes = [NO_POINTS.to_le_bytes()[0]; 16];
    for (input, points) in points {
        if let Some(slot) = bytes.get_mut(input) {
            *slot = byte(points).to_le_bytes()[0];
        }
    }
    i128::from_le_bytes(bytes)
}

/// The points of an input.
pub fn points_of(packed: i128, input: usize) -> Option<i64> {
    let bytes = packed.to_le_bytes();
    let points = i8::from_le_bytes([*bytes.get(input)?]);
    (points != NO_POINTS).then_some(i64::from(points))
}

/// The episode that a score is in, as in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpisodeRow {
    /// Where it began, in microseconds.
    pub start: i64,
    /// Its band.
    pub band: u8,
    /// Since when its condition no longer holds; `i64::MAX` if it does.
    pub below_since: i64,
    /// The fact its item counts from.
    pub cause: u64,
}

/// An instant of a track that has a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant {
    /// The score's row.
    pub number: u32,
    /// The instant.
    pub at: Timestamp,
    /// Whether no fact but the clock made it a point.
    pub is_by_clock: bool,
}

/// All scores of a shard.
#[derive(Debug, Default)]
pub struct Scores {
    /// The rows.
    pub rows: ScoreTable,
    /// Rows that ceased to be current.
    pub marks: Marks,
    /// The newest score of every track.
    pub head: Head,
    /// What is true of them, as a sum.
    pub sum: Sum,
    /// The hash of each track's name.
    names: Vec<u64>,
    /// The rows of each patient, current or not.
    pub chains: Chains,
    lists: Lists,
}

impl Scores {
    /// The scores of a shard that is restored. Which tracks are kept at hand is said by [`Scores::track`].
    pub fn of(rows: ScoreTable, marks: Marks, sum: Sum) -> Scores {
        let mut lists = Lists::default();
        let n_rows = u32::try_from(rows.n_rows()).expect("fewer than 2^32 scores");
        let current = |number: &u32| marks.known_to(*number) == Timestamp::FOREVER;
        (0..n_rows).filter(current).for_each(|number| _ = lists.insert(&rows, number));
        let mut chains = Chains::default();
        (0..n_rows).for_each(|number| chains.push(rows.patient(number)));
        Scores { rows, marks, sum, chains, lists, ..Scores::default() }
    }

    /// The current scores of a track, the newest instant first.
    pub fn walk(&self, patient: u32, track: u16) -> impl Iterator<Item = (u32, ScoreRow)> {
        let numbers = self.lists.walk((patient, track));
        numbers.map(|number| (number, self.rows.row(number)))
    }

    /// The instants of a track, the newest first, without the rest of their rows.
    pub fn instants(&self, patient: u32, track: u16) -> impl Iterator<Item = Instant> {
        let numbers = self.lists.walk((patient, track));
        numbers.map(|number| {
            let (at, is_by_clock) = self.rows.instant(number);
            Instant { number, at, is_by_clock }
        })
    }

    /// The newest current score of a track.
    pub fn newest(&self, patient: u32, track: u16) -> Option<(u32, ScoreRow)> {
        let number = self.lists.newest((patient, track))?;
        Some((number, self.rows.row(number)))
    }

    /// The instant of the newest current score of a track.
    #[inline]
    pub fn newest_at(&self, patient: u32, track: u16) -> Option<Timestamp> {
        self.head.at(patient, usize::from(track))
    }

    /// Bytes of memory they take, by what they hold, within a few percent.
    pub fn weights(&self) -> [(&'static str, usize); 4] {
        let places = self.chains.size_bytes() + self.lists.size_bytes() + self.marks.size_bytes();
        [
            ("scores", self.rows.size_bytes()),
            ("places of scores", places),
            ("newest scores", self.head.size_bytes()),
            ("scores read last", self.rows.recent_bytes()),
        ]
    }

    /// Bytes of memory they take, within a few percent.
    pub fn size_bytes(&self) -> usize {
        self.weights().iter().map(|(_, size_bytes)| size_bytes).sum()
    }

    /// The chunk of the newest score of a track, where a step that goes on from it would read it from
    /// storage.
    pub fn forgotten(&self, patient: u32, track: u16) -> Option<usize> {
        let number = self.lists.newest((patient, track))?;
        self.rows.forgotten(number)
    }

    /// Brings what a step from the newest score of a track will read into the caches.
    pub fn touch(&self, patient: u32, track: u16) {
        black_box(self.head.get(patient, usize::from(track)));
        black_box(self.lists.newest((patient, track)));
    }

    /// Whether the newest current score of a track is in an episode.
    pub fn is_in_episode(&self, patient: u32, track: u16) -> bool {
        let newest = self.head.get(patient, usize::from(track));
        newest.is_some_and(|cell| HeadFlags::unpack(cell.flags).episode_band != NO_BAND)
    }

    /// The newest current score of a track and the episode it is in: `None` where it is in none, which
    /// the head tells without a look at the row.
    pub fn newest_episode(&self, patient: u32, track: u16) -> Option<EpisodeRow> {
        let number = Some(()).filter(|()| self.is_in_episode(patient, track));
        let number = number.and_then(|()| self.lists.newest((patient, track)))?;
        self.episode_row(number)
    }

    /// What a row says of the episode it is in.
    pub fn episode_row(&self, number: u32) -> Option<EpisodeRow> {
        self.rows.episode(number)
    }

    /// Makes `row` the score of its instant, of the patient whose name has the hash `name`. A score that
    /// says the same already stays.
    pub fn set(&mut self, before: Option<u32>, row: ScoreRow, name: u64) {
        if let Some(number) = before {
            if self.rows.row(number).says_the_same(&row) {
                return;
            }
            self.remove(number, Timestamp::from_micros(row.known), name);
        }
        self.sum.add(of_score(name, self.name(row.track), &row));
        let number = self.rows.push(row);
        self.chains.push(row.patient);
        if self.lists.insert(&self.rows, number) {
            self.head.set(row.patient, usize::from(row.track), Some(row.head()));
        }
    }

    /// The hashes of the names of the first `n_tracks` tracks.
    pub(super) fn names_of(&self, n_tracks: u16) -> Vec<u64> {
        (0..n_tracks).map(|track| self.name(track)).collect()
    }

    fn name(&self, track: u16) -> u64 {
        self.names.get(usize::from(track)).copied().unwrap_or(0)
    }

    /// Keeps the newest score of each track at hand from now on; a track is known by the hash of its name.
    pub fn track(&mut self, names: Vec<u64>, n_patients: u32) {
        let n_tracks = u16::try_from(names.len()).unwrap_or(u16::MAX);
        self.head = Head::of_columns(usize::from(n_tracks));
        self.names = names;
        for patient in 0..n_patients {
            (0..n_tracks).for_each(|track| self.refresh_head(patient, track));
        }
    }

    /// Reads the newest of a track anew.
    fn refresh_head(&mut self, patient: u32, track: u16) {
        let newest = self.newest(patient, track).map(|(_, row)| row.head());
        self.head.set(patient, usize::from(track), newest);
    }

    /// Says that a score is no longer current: its instant is no point any more.
    pub fn remove(&mut self, number: u32, known: Timestamp, name: u64) {
        let (patient, track) = self.rows.list_of(number);
        self.sum.take(of_score(name, self.name(track), &self.rows.row(number)));
        let was_newest = self.lists.newest((patient, track)) == Some(number);
        self.lists.remove(&self.rows, number);
        self.marks.supersede(number, known);
        if was_newest {
            self.refresh_head(patient, track);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_packed_by_input() {
        let packed = pack_points([(2, Some(0)), (0, Some(3)), (1, None)].into_iter());
        assert_eq!(
            [0, 1, 2, 3].map(|input| points_of(packed, input)),
            [Some(3), None, Some(0), None]
        );
        assert_eq!(points_of(packed, 16), None);
    }
}
