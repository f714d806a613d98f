//! The scores of a shard as they lie: row by row while they are new, then column by column in a few bytes
//! each.
//!
//! ```text
//! push ─► open (< 1,024 rows) ──full──► packed chunk, shared with snapshots ──over budget──► in storage
//! ```
//! A row is never changed, and where it lies changes nothing (TW-4).

use std::sync::Arc;

use crate::domain::time::Timestamp;
use crate::twin::packed::Packed;
use crate::twin::packed_rows::packed;
use crate::twin::scores::{EpisodeRow, ScoreRow};
use crate::twin::series::{Order, Rows};
use crate::twin::table::{CHUNK_ROWS, place};

packed! {
    /// The columns of scores, but for their points.
    Columns of ScoreRow {
        patient: u32,
        track: u16,
        at: i64,
        known: i64,
        status: u8,
        by_clock: u8,
        band: u8,
        episode_band: u8,
        value: i32,
        upper: i32,
        episode_start: i64,
        below_since: i64,
        cause: u64,
        due: i64,
        overdue: i64,
        notes: u32,
        edition: u32,
    }
}

/// The points of a score: of the first eight inputs, and of the rest.
#[derive(Clone, Copy, Debug)]
pub struct PointsRow {
    low: u64,
    high: i64,
}

packed! {
    /// The points of scores.
    Points of PointsRow {
        low: u64,
        high: i64,
    }
}

/// 1,024 scores that do not change any more.
#[derive(Clone, Debug)]
pub struct PackedScores {
    columns: Columns,
    points: Points,
}

impl PackedScores {
    /// Packs rows.
    pub fn of(rows: &[ScoreRow]) -> PackedScores {
        let halves = |row: &ScoreRow| PointsRow {
            low: u64::try_from(row.points & i128::from(u64::MAX)).expect("the lower half fits"),
            high: i64::try_from(row.points >> 64).expect("the upper half fits"),
        };
        let points: Vec<PointsRow> = rows.iter().map(halves).collect();
        PackedScores { columns: Columns::of(rows), points: Points::of(&points) }
    }

    /// The row at `index`.
    pub fn row(&self, index: usize) -> Option<ScoreRow> {
        let PackedScores { columns, points } = self;
        Some(ScoreRow {
            patient: columns.patient(index)?,
            track: columns.track(index)?,
            at: columns.at(index)?,
            known: columns.known(index)?,
            status: columns.status(index)?,
            by_clock: columns.by_clock(index)?,
            band: columns.band(index)?,
            episode_band: columns.episode_band(index)?,
            value: columns.value(index)?,
            upper: columns.upper(index)?,
            points: i128::from(points.high(index)?) << 64 | i128::from(points.low(index)?),
            episode_start: columns.episode_start(index)?,
            below_since: columns.below_since(index)?,
            cause: columns.cause(index)?,
            due: columns.due(index)?,
            overdue: columns.overdue(index)?,
            notes: columns.notes(index)?,
            edition: columns.edition(index)?,
        })
    }

    /// Bytes of memory they take.
    pub fn size_bytes(&self) -> usize {
        self.columns.size_bytes() + self.points.size_bytes()
    }

    /// Every column, for whoever keeps them.
    pub fn columns(&self, mut each: impl FnMut(&Packed)) {
        self.columns.columns(&mut each);
        self.points.columns(&mut each);
    }

    /// The scores of columns as [`PackedScores::columns`] gave them; `None` if they are none.
    pub fn of_columns(
        n_rows: usize,
        next: &mut impl FnMut() -> Option<Packed>,
    ) -> Option<PackedScores> {
        let columns = Columns::of_columns(next)?;
        let points = Points::of_columns(next)?;
        (columns.n_rows() == n_rows && points.n_rows() == n_rows)
            .then_some(PackedScores { columns, points })
    }
}

/// Packed chunks of a run in storage.
pub const RUN_CHUNKS: usize = 64;

/// Where the chunks of one run are when they are not in memory.
pub trait ScoreShelf: std::fmt::Debug + Send + Sync {
    /// Reads a chunk of the run. It was written before it was forgotten, so one that cannot be read any more
    /// ends the reader rather than leave a gap in what is known.
    fn read(&self, chunk: usize) -> Arc<PackedScores>;

    /// Bytes of memory of what was read last and is kept, of this run and others that lie beside it.
    fn recent_bytes(&self) -> usize;

    /// Keeps nothing of that. Gives how many bytes became free.
    fn forget_recent(&self) -> usize;
}

/// Scores as readers see them, 1,024 at most.
#[derive(Clone, Debug)]
pub enum ScoreChunk {
    /// The newest ones.
    Open(Arc<[ScoreRow]>),
    /// Ones that are packed.
    Packed(Arc<PackedScores>),
    /// Ones that are in storage only: a chunk of a run.
    Stored(Arc<dyn ScoreShelf>, usize),
}

impl ScoreChunk {
    /// How many there are.
    pub fn n_rows(&self) -> usize {
        match self {
            ScoreChunk::Open(rows) => rows.len(),
            ScoreChunk::Packed(_) | ScoreChunk::Stored(..) => CHUNK_ROWS,
        }
    }

    /// Whether it does not grow any more.
    pub const fn is_packed(&self) -> bool {
        match self {
            ScoreChunk::Open(_) => false,
            ScoreChunk::Packed(_) | ScoreChunk::Stored(..) => true,
        }
    }

    /// Whether it is in storage only.
    pub const fn is_forgotten(&self) -> bool {
        match self {
            ScoreChunk::Open(_) | ScoreChunk::Packed(_) => false,
            ScoreChunk::Stored(..) => true,
        }
    }

    /// The row at `index`.
    pub fn row(&self, index: usize) -> Option<ScoreRow> {
        match self {
            ScoreChunk::Open(rows) => rows.get(index).copied(),
            ScoreChunk::Packed(packed) => packed.row(index),
            ScoreChunk::Stored(shelf, chunk) => shelf.read(*chunk).row(index),
        }
    }

    /// Every row; what is in storage is read once.
    pub fn rows(&self) -> Vec<ScoreRow> {
        let of_packed =
            |packed: &PackedScores| (0..CHUNK_ROWS).filter_map(|index| packed.row(index)).collect();
        match self {
            ScoreChunk::Open(rows) => rows.to_vec(),
            ScoreChunk::Packed(packed) => of_packed(packed),
            ScoreChunk::Stored(shelf, chunk) => of_packed(&shelf.read(*chunk)),
        }
    }
}

/// A growing table of scores.
#[derive(Debug, Default)]
pub struct ScoreTable {
    /// None of them is open.
    packed: Vec<ScoreChunk>,
    open: Vec<ScoreRow>,
    /// Where the first runs are stored.
    stored: Vec<Arc<dyn ScoreShelf>>,
    /// The first packed chunk that may be in memory.
    next_to_forget: usize,
    /// How many packed chunks are in storage only.
    n_forgotten: usize,
    /// Bytes of memory that packed chunks take.
    packed_bytes: usize,
}

impl ScoreTable {
    /// The table of chunks as a view gave them: all but the last are packed.
    pub fn of_chunks(chunks: &[ScoreChunk]) -> ScoreTable {
        let mut table = ScoreTable::default();
        for chunk in chunks {
            match chunk {
                ScoreChunk::Packed(packed) => table.push_packed(packed.clone()),
                ScoreChunk::Stored(..) => {
                    table.n_forgotten += 1;
                    table.packed.push(chunk.clone());
                }
                ScoreChunk::Open(rows) => rows.iter().for_each(|row| _ = table.push(*row)),
            }
        }
        table
    }

    /// Appends a row and gives its number.
    pub fn push(&mut self, row: ScoreRow) -> u32 {
        let number = self.n_rows();
        self.open.push(row);
        if self.open.len() == CHUNK_ROWS {
            self.push_packed(Arc::new(PackedScores::of(&self.open)));
            self.open.clear();
        }
        u32::try_from(number).expect("a shard has fewer than 2^32 scores")
    }

    fn push_packed(&mut self, packed: Arc<PackedScores>) {
        self.packed_bytes += packed.size_bytes();
        self.packed.push(ScoreChunk::Packed(packed));
    }

    /// How many rows it holds.
    pub fn n_rows(&self) -> usize {
        self.packed.len() * CHUNK_ROWS + self.open.len()
    }

    /// Notes where the first runs are stored.
    pub fn note_stored(&mut self, stored: Vec<Arc<dyn ScoreShelf>>) {
        self.stored = stored;
    }

    /// Forgets stored chunks, the oldest first, until so many bytes are free. Gives how many became free.
    pub fn forget(&mut self, size_bytes: usize) -> usize {
        let mut n_free = 0;
        while n_free < size_bytes {
            let (run, chunk) = (self.next_to_forget / RUN_CHUNKS, self.next_to_forget % RUN_CHUNKS);
            let Some(shelf) = self.stored.get(run) else { break };
            let Some(place) = self.packed.get_mut(self.next_to_forget) else { break };
            if let ScoreChunk::Packed(packed) = place {
                n_free += packed.size_bytes();
                self.n_forgotten += 1;
                *place = ScoreChunk::Stored(shelf.clone(), chunk);
            }
            self.next_to_forget += 1;
        }
        self.packed_bytes -= n_free;
        n_free
    }

    /// Whether any chunk is in storage only.
    pub fn has_forgotten(&self) -> bool {
        0 < self.n_forgotten
    }

    /// The chunk that holds a row, where it is in storage only.
    pub fn forgotten(&self, number: u32) -> Option<usize> {
        let (chunk, _) = place(number);
        matches!(self.packed.get(chunk), Some(ScoreChunk::Stored(..))).then_some(chunk)
    }

    /// Reads a chunk into memory.
    pub fn recall(&mut self, chunk: usize) {
        if let Some(ScoreChunk::Stored(shelf, number)) = self.packed.get(chunk) {
            let packed = shelf.read(*number);
            self.packed_bytes += packed.size_bytes();
            self.n_forgotten -= 1;
            self.next_to_forget = self.next_to_forget.min(chunk);
            if let Some(place) = self.packed.get_mut(chunk) {
                *place = ScoreChunk::Packed(packed);
            }
        }
    }

    /// The row of this number.
    pub fn row(&self, number: u32) -> ScoreRow {
        self.read(number, |row| Some(*row), PackedScores::row)
    }

    /// The patient of a row.
    pub fn patient(&self, number: u32) -> u32 {
        self.read(number, |row| Some(row.patient), |packed, index| packed.columns.patient(index))
    }

    /// The instant of a row, and whether no fact but the clock made it one.
    #[inline]
    pub fn instant(&self, number: u32) -> (Timestamp, bool) {
        let packed = |packed: &PackedScores, index| {
            Some((packed.columns.at(index)?, packed.columns.by_clock(index)?))
        };
        let (at, by_clock) = self.read(number, |row| Some((row.at, row.by_clock)), packed);
        (Timestamp::from_micros(at), by_clock == 1)
    }

    /// What a row says of the episode it is in, if it is in one.
    pub fn episode(&self, number: u32) -> Option<EpisodeRow> {
        let of_row = |row: &ScoreRow| EpisodeRow {
            start: row.episode_start,
            band: row.episode_band,
            below_since: row.below_since,
            cause: row.cause,
        };
        let packed = |PackedScores { columns, .. }: &PackedScores, index| {
            Some(EpisodeRow {
                start: columns.episode_start(index)?,
                band: columns.episode_band(index)?,
                below_since: columns.below_since(index)?,
                cause: columns.cause(index)?,
            })
        };
        let episode = self.read(number, |row| Some(of_row(row)), packed);
        Some(episode).filter(|episode| episode.start != i64::MIN)
    }

    #[inline]
    fn read<T>(
        &self,
        number: u32,
        open: impl FnOnce(&ScoreRow) -> Option<T>,
        packed: impl FnOnce(&PackedScores, usize) -> Option<T>,
    ) -> T {
        let (chunk, index) = place(number);
        let read = match self.packed.get(chunk) {
            Some(ScoreChunk::Packed(chunk)) => packed(chunk, index),
            Some(ScoreChunk::Stored(shelf, chunk)) => packed(&shelf.read(*chunk), index),
            Some(ScoreChunk::Open(rows)) => rows.get(index).and_then(open),
            None => self.open.get(index).and_then(open),
        };
        read.expect("a row number comes from push")
    }

    /// Everything so far, for readers: packed chunks are shared, open rows are copied.
    pub fn view(&self) -> Vec<ScoreChunk> {
        let open = Some(&self.open).filter(|open| !open.is_empty());
        let open = open.map(|open| ScoreChunk::Open(open.as_slice().into()));
        self.packed.iter().cloned().chain(open).collect()
    }

    /// Bytes of memory that could be forgotten if they were stored.
    pub fn n_bytes_to_store(&self) -> usize {
        let first = (self.stored.len() * RUN_CHUNKS).min(self.packed.len());
        let chunks = self.packed.get(first..).unwrap_or_default();
        // The last of them belong to a run that is not full, and stay.
        let chunks = chunks.get(..chunks.len() / RUN_CHUNKS * RUN_CHUNKS).unwrap_or_default();
        let bytes = chunks.iter().map(|chunk| match chunk {
            ScoreChunk::Packed(packed) => packed.size_bytes(),
            ScoreChunk::Open(_) | ScoreChunk::Stored(..) => 0,
        });
        bytes.sum()
    }

    /// Bytes of memory of what was read last from storage and is kept.
    pub fn recent_bytes(&self) -> usize {
        self.stored.first().map_or(0, |shelf| shelf.recent_bytes())
    }

    /// Keeps nothing of that. Gives how many bytes became free.
    pub fn forget_recent(&self) -> usize {
        self.stored.first().map_or(0, |shelf| shelf.forget_recent())
    }

    /// Bytes of memory it takes.
    pub fn size_bytes(&self) -> usize {
        let places = self.packed.capacity() * size_of::<ScoreChunk>();
        self.packed_bytes + places + size_of_val(self.open.as_slice())
    }
}

impl Rows for ScoreTable {
    fn list_of(&self, row: u32) -> (u32, u16) {
        let packed = |packed: &PackedScores, index| {
            Some((packed.columns.patient(index)?, packed.columns.track(index)?))
        };
        self.read(row, |row| Some((row.patient, row.track)), packed)
    }

    fn order_of(&self, row: u32) -> Order {
        (self.instant(row).0, 0, 0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::scores::{NO_BAND, NO_VALUE};

    fn row(number: u32) -> ScoreRow {
        let at = i64::from(number) * 1_000_000;
        let is_ill = number.is_multiple_of(50);
        ScoreRow {
            patient: number % 700,
            track: u16::try_from(number % 3).unwrap(),
            at,
            known: at + 7,
            status: u8::try_from(number % 4).unwrap(),
            by_clock: u8::from(number.is_multiple_of(9)),
            band: if is_ill { 2 } else { NO_BAND },
            episode_band: if is_ill { 3 } else { NO_BAND },
            value: if number.is_multiple_of(11) { NO_VALUE } else { -5 },
            upper: NO_VALUE,
            points: i128::from(number) << 60 | i128::from(number) | i128::MIN,
            episode_start: if is_ill { at - 60_000_000 } else { i64::MIN },
            below_since: i64::MAX,
            cause: u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            due: if is_ill { at + 1 } else { i64::MAX },
            overdue: i64::MAX,
            notes: number % 2,
            edition: u32::MAX,
        }
    }

    /// The chunks of a run as a storage would give them.
    #[derive(Debug)]
    struct Stored(Vec<Arc<PackedScores>>);

    impl ScoreShelf for Stored {
        fn read(&self, chunk: usize) -> Arc<PackedScores> {
            self.0[chunk].clone()
        }

        fn recent_bytes(&self) -> usize {
            0
        }

        fn forget_recent(&self) -> usize {
            0
        }
    }

    #[test]
    fn a_score_is_the_same_open_packed_and_in_storage() {
        let n_rows = u32::try_from(2 * RUN_CHUNKS * CHUNK_ROWS + 100).unwrap();
        let mut table = ScoreTable::default();
        (0..n_rows).for_each(|number| assert_eq!(table.push(row(number)), number));
        let whole = table.size_bytes();
        assert_eq!(table.forget(usize::MAX), 0, "nothing is stored yet");
        let run = |run: usize| -> Arc<dyn ScoreShelf> {
            let rows: Vec<ScoreRow> = (0..n_rows).map(row).collect();
            let chunks = rows.chunks(CHUNK_ROWS).skip(run * RUN_CHUNKS).take(RUN_CHUNKS);
            Arc::new(Stored(chunks.map(|rows| Arc::new(PackedScores::of(rows))).collect()))
        };
        table.note_stored(vec![run(0)]);
        let n_free = table.forget(usize::MAX);
        assert_eq!(table.size_bytes(), whole - n_free);
        assert!(whole / 3 < n_free, "one of two runs is free: {n_free} of {whole}");
        let view = table.view();
        for number in (0..n_rows).step_by(997) {
            let row = row(number);
            assert_eq!(table.row(number), row);
            assert_eq!(table.instant(number), (Timestamp::from_micros(row.at), row.by_clock == 1));
            let episode = table.episode(number).map(|episode| (episode.start, episode.cause));
            let started = (row.episode_start != i64::MIN).then_some(row.episode_start);
            assert_eq!(episode, started.map(|start| (start, row.cause)));
            let (chunk, index) = place(number);
            assert_eq!(view[chunk].row(index), Some(row));
            assert_eq!(view[chunk].rows()[index], row);
        }
        assert_eq!(table.forgotten(0), Some(0));
        table.recall(0);
        assert_eq!((table.forgotten(0), table.row(5)), (None, row(5)));
        assert!(table.has_forgotten(), "the other chunks of the run");
    }
}
