//! The newest NEWS2 of patients: from the head for what is known now, from the scores for an instant.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, StringBuilder, TimestampMicrosecondArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};

use crate::domain::time::Timestamp;
use crate::sql::scope::ShardView;
use crate::sql::scores::score;
use crate::twin::head::Cell;
use crate::twin::scores::{HeadFlags, NO_BAND, NO_VALUE, STATUSES};
use crate::twin::snapshot::{ShardSnapshot, Track};
use crate::twin::table::{CHUNK_ROWS, place};

/// What is kept at hand of every patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The patient's name.
    Name,
    /// The value of the newest NEWS2.
    Value,
    /// Its status.
    Status,
    /// The band of the episode it is in.
    Band,
    /// Its instant.
    At,
}

/// The number of NEWS2's track.
pub fn news2_track(shard: &ShardSnapshot) -> Option<u16> {
    let is_news2 = |track: &Track| *track.pipeline == *"news2" && track.subject.is_empty();
    u16::try_from(shard.tracks.iter().position(is_news2)?).ok()
}

/// The newest NEWS2 of a patient that the view shows, and what its numbers mean.
pub fn news2(view: &ShardView, patient: u32) -> Option<(Cell, &Track)> {
    let shard = view.shard();
    let track = news2_track(shard)?;
    if view.scope.is_now() {
        let known = Timestamp::FOREVER;
        return head(shard, patient, track).zip(shard.track_at(track, known));
    }
    let rows = shard.score_chains.walk(patient).filter_map(|number| score(view, number));
    let (row, known) = rows.filter(|(row, _)| row.track == track).max_by_key(|(row, _)| row.at)?;
    Some((row.head(), shard.track_at(track, known.from)?))
}

fn head(shard: &ShardSnapshot, patient: u32, track: u16) -> Option<Cell> {
    let (page, index) = place(patient);
    let (at, value, flags) = shard.score_head.get(page)?.columns.get(usize::from(track))?;
    let at = at.get(index).copied().filter(|at| *at != i64::MIN)?;
    let (value, flags) = (*value.get(index)?, *flags.get(index)?);
    Some(Cell { at: Timestamp::from_micros(at), value, flags })
}

/// Columns of patients as they are known now; `patients` begins with a page of the head.
pub fn arrays(shard: &ShardSnapshot, patients: Range<usize>, kept: &[Kept]) -> Vec<ArrayRef> {
    let track = news2_track(shard).and_then(|track| shard.tracks.get(usize::from(track)));
    let heads = Heads::of(shard, &patients);
    let column = |kept: &Kept| -> ArrayRef {
        match kept {
            Kept::Name => Arc::new(names(shard, patients.clone())),
            Kept::Value => Arc::new(heads.values()),
            Kept::Status => Arc::new(heads.texts(|flags| {
                STATUSES.get(usize::from(HeadFlags::unpack(flags).status)).copied()
            })),
            Kept::Band => Arc::new(heads.texts(|flags| {
                let band = HeadFlags::unpack(flags).episode_band;
                let name = track.and_then(|track| track.bands.get(usize::from(band)));
                name.filter(|_| band != NO_BAND).map(|name| &**name)
            })),
            Kept::At => Arc::new(heads.instants()),
        }
    };
    kept.iter().map(column).collect()
}

fn names(shard: &ShardSnapshot, patients: Range<usize>) -> StringArray {
    let numbers = patients.filter_map(|number| u32::try_from(number).ok());
    numbers.map(|number| shard.patients.get(number)).collect()
}

/// The newest scores of some patients, column by column.
struct Heads {
    at: Vec<i64>,
    value: Vec<i32>,
    flags: Vec<u16>,
}

impl Heads {
    fn of(shard: &ShardSnapshot, patients: &Range<usize>) -> Heads {
        let n_patients = patients.len();
        let (mut at, mut value, mut flags) = (Vec::new(), Vec::new(), Vec::new());
        let track = news2_track(shard).map(usize::from);
        let pages = shard.score_head.iter().skip(patients.start / CHUNK_ROWS);
        for page in pages.take(n_patients.div_ceil(CHUNK_ROWS)) {
            if let Some(column) = track.and_then(|track| page.columns.get(track)) {
                at.extend_from_slice(&column.0);
                value.extend_from_slice(&column.1);
                flags.extend_from_slice(&column.2);
            }
        }
        // Pages are whole and there are none for patients that were never scored.
        at.resize(n_patients, i64::MIN);
        value.resize(n_patients, NO_VALUE);
        flags.resize(n_patients, 0);
        Heads { at, value, flags }
    }

    fn values(&self) -> Int64Array {
        let is_known = |index: usize| {
            let value = self.value.get(index).filter(|value| **value != NO_VALUE);
            value.is_some() && self.at.get(index) != Some(&i64::MIN)
        };
        let known = NullBuffer::new(BooleanBuffer::collect_bool(self.value.len(), is_known));
        let values: Vec<i64> = self.value.iter().map(|value| i64::from(*value)).collect();
        Int64Array::new(values.into(), Some(known))
    }

    fn instants(&self) -> TimestampMicrosecondArray {
        let is_known = |index: usize| self.at.get(index) != Some(&i64::MIN);
        let known = NullBuffer::new(BooleanBuffer::collect_bool(self.at.len(), is_known));
        let instants = TimestampMicrosecondArray::new(self.at.clone().into(), Some(known));
        instants.with_timezone("UTC")
    }

    fn texts<'t>(&self, text: impl Fn(u16) -> Option<&'t str>) -> StringArray {
        let mut builder = StringBuilder::with_capacity(self.flags.len(), self.flags.len() * 8);
        for (at, flags) in self.at.iter().zip(&self.flags) {
            builder.append_option(Some(flags).filter(|_| *at != i64::MIN).and_then(|f| text(*f)));
        }
        builder.finish()
    }
}
