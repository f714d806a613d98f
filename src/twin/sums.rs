//! What is true in a shard as sums that each change brings up to date: the same for the same facts, whatever
//! the order in which they came (TW-2), at any time and without reading them.
//!
//! ```text
//! a row becomes current ─► + hash of what it says, of whom          a row ceases to be ─► - the same
//! ```

use xxhash_rust::xxh3::xxh3_64;

use crate::twin::samples::SampleRow;
use crate::twin::score_table::ScoreChunk;
use crate::twin::scores::ScoreRow;
use crate::twin::snapshot::ShardSnapshot;
use crate::twin::statements::{DIRECTORY, StatementRow};

/// How many, and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// The sum of their hashes.
    pub hash: u64,
}

impl Sum {
    /// One more.
    pub fn add(&mut self, hash: u64) {
        self.count = self.count.wrapping_add(1);
        self.hash = self.hash.wrapping_add(hash);
    }

    /// One less.
    pub fn take(&mut self, hash: u64) {
        self.count = self.count.wrapping_sub(1);
        self.hash = self.hash.wrapping_sub(hash);
    }
}

/// What is true in a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Current samples.
    pub samples: Sum,
    /// Current statements.
    pub statements: Sum,
    /// Current scores, with the episodes they are in.
    pub scores: Sum,
}

/// `samples 12:0f3a… statements … scores …`, each with how many.
impl std::fmt::Display for Sums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Sums { samples, statements, scores } = self;
        let text = |sum: &Sum| format!("{}:{:016x}", sum.count, sum.hash);
        let (samples, statements) = (text(samples), text(statements));
        write!(f, "samples {samples} statements {statements} scores {}", text(scores))
    }
}

/// The hash of whose something is.
pub fn of_name(name: &str) -> u64 {
    xxh3_64(name.as_bytes())
}

/// Folds numbers into a hash: each step reaches every bit.
fn fold(start: u64, numbers: &[u64]) -> u64 {
    numbers.iter().fold(start, |hash, number| {
        let product = u128::from(hash ^ number ^ 0x9e37_79b9_7f4a_7c15)
            * u128::from(0xd6e8_feb8_6659_fd93_u64);
        let [low, high] = [product & u128::from(u64::MAX), product >> 64];
        u64::try_from(low ^ high).unwrap_or(u64::MAX)
    })
}

/// The hash of what a sample says of whoever has the name with this hash.
pub fn of_sample(name: u64, row: &SampleRow) -> u64 {
    let series = u64::from(row.series) << 16 | u64::from(row.flags);
    let value = u64::from(row.value.cast_unsigned());
    let times = [row.at.cast_unsigned(), row.revised_at.cast_unsigned()];
    fold(name, &[row.key, row.content, series << 32 | value, times[0], times[1]])
}

/// The hash of what a statement says of whoever has the name with this hash.
pub fn of_statement(name: u64, row: &StatementRow) -> u64 {
    let valid = [row.valid.start, row.valid.end].map(|at| at.micros().cast_unsigned());
    let revised_at = row.version.revised_at.micros().cast_unsigned();
    let list = u64::from(row.topic().list());
    fold(name, &[row.key, row.content, revised_at, list, valid[0], valid[1]])
}

/// The hash of what a score says of whoever has the name with this hash, on the track with that one.
pub fn of_score(name: u64, track: u64, row: &ScoreRow) -> u64 {
    let small = [row.status, row.by_clock, row.band, row.episode_band].map(u64::from);
    let small = small.into_iter().fold(0, |word, byte| word << 8 | byte);
    let values = [row.value, row.upper].map(|value| u64::from(value.cast_unsigned()));
    let points = row.points.to_le_bytes();
    let times = [row.at, row.episode_start, row.below_since, row.due, row.overdue];
    let [at, start, below, due, overdue] = times.map(i64::cast_unsigned);
    let words = [track, small, values[0] << 32 | values[1], xxh3_64(&points), row.cause];
    fold(fold(name, &words), &[at, start, below, due, overdue])
}

/// The sums of a snapshot, counted anew.
pub fn count(shard: &ShardSnapshot) -> Sums {
    let name = |patient: u32| match patient {
        DIRECTORY => 0,
        patient => shard.patients.get(patient).map_or(0, |name| of_name(name)),
    };
    let forever = crate::domain::time::Timestamp::FOREVER;
    let mut sums = Sums::default();
    let tail = shard.tail.iter().flat_map(|chunk| (0..chunk.n_rows()).filter_map(|i| chunk.row(i)));
    for (_, row) in (0..).zip(tail).filter(|(n, _)| shard.tail_marks.known_to(*n) == forever) {
        sums.samples.add(of_sample(name(row.patient), &row));
    }
    for segment in &shard.segments {
        let current = (0..segment.n_rows()).filter(|n| segment.marks.known_to(*n) == forever);
        for row in current.map(|number| segment.row(number)) {
            sums.samples.add(of_sample(name(row.patient), &row));
        }
    }
    for (row, _) in shard.statements.iter().filter(|(_, known_to)| *known_to == forever) {
        sums.statements.add(of_statement(name(row.patient), row));
    }
    let scores = shard.scores.iter().flat_map(ScoreChunk::rows);
    for (_, row) in (0..).zip(scores).filter(|(n, _)| shard.score_marks.known_to(*n) == forever) {
        let track = shard.tracks.get(usize::from(row.track));
        let track = track.map_or(0, |track| of_track(&track.pipeline, &track.subject));
        sums.scores.add(of_score(name(row.patient), track, &row));
    }
    sums
}

/// The hash of a track's name.
pub fn of_track(pipeline: &str, subject: &str) -> u64 {
    xxh3_64(format!("{pipeline}|{subject}").as_bytes())
}
