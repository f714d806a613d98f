//! Writes checkpoints of a shard: what did not change since the last one is not written again.
//!
//! ```text
//! segments, runs of rows that never change ─► parts, once each ─┐
//! the open ends, and everything small ─► a part each time ──────┴─► manifest
//! ```
//! It runs beside the shard's thread, on a state that nothing changes any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use crate::engine::checkpoint::blocks;
use crate::engine::checkpoint::bytes::Out;
use crate::engine::checkpoint::core::{self, REVISION_RUN_ROWS, STATEMENT_RUN_ROWS};
use crate::engine::checkpoint::effects::write_revisions;
use crate::engine::checkpoint::reader::Restored;
use crate::engine::checkpoint::shelf::{RecentBlocks, RecentScores, StoredScores, StoredSegment};
use crate::engine::checkpoint::state::ShardState;
use crate::engine::checkpoint::statements::write_statements;
use crate::engine::checkpoint::tables::write_scores;
use crate::storage::checkpoints::{CheckpointError, Checkpoints};
use crate::storage::manifest::{Checkpoint, Manifest};
use crate::storage::object::Storage;
use crate::storage::part::{PartRef, ROWS, SEGMENT};
use crate::twin::effects::EffectRow;
use crate::twin::pages::Pages;
use crate::twin::score_table::{RUN_CHUNKS, ScoreChunk};
use crate::twin::segment::Segment;
use crate::twin::segment_file::{self, SegmentFile, SegmentFileError};
use crate::twin::segment_index::Index;
use crate::twin::statements::Statements;
use crate::twin::twins::SEGMENT_ROWS_MAX;

/// The kinds of parts, besides segments.
pub const CORE: &str = "core";
/// Indexes of segments.
pub const INDEX: &str = "index";
/// Runs of scores.
pub const SCORES: &str = "scores";
/// Runs of statements.
pub const STATEMENTS: &str = "statements";
/// Runs of revisions of effects.
pub const REVISIONS: &str = "revisions";

/// Runs of revisions of what pipelines in shadow would have said.
pub const SHADOW: &str = "shadow";

/// Checkpoints that are kept: the newest, and two to fall back on.
pub const MANIFESTS_KEPT: usize = 3;

/// A segment of so many rows is not made one with others any more: it is written as Parquet, once. A smaller one
/// is written as it lies in memory, at a tenth of the cost.
const COLD_ROWS: u32 = cold_rows(SEGMENT_ROWS_MAX);

/// From how many rows on a segment is not made one with others, where none of more than `rows_max` is made.
pub const fn cold_rows(rows_max: u32) -> u32 {
    rows_max / 2
}

/// A larger buffer is given back: most of it would lie idle until the next segment of its size.
const BUFFER_BYTES_MAX: usize = 4 << 20;

/// Why a checkpoint is not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The storage of checkpoints.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A segment cannot be put into its format, which is our own mistake.
    #[error(transparent)]
    Segment(#[from] SegmentFileError),
}

/// A sealed segment and its file.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The segment, by what is always in memory of it.
    pub index: Arc<Index>,
    /// That as a part of checkpoints; a segment of an older format has none yet.
    pub index_part: Option<PartRef>,
    /// Its file as a part of checkpoints.
    pub part: PartRef,
    /// Its file.
    pub file: Arc<StoredSegment>,
}

/// Writes the checkpoints of one partition.
#[derive(Debug)]
pub struct CheckpointWriter {
    storage: Storage,
    checkpoints: Checkpoints,
    n_partitions: u32,
    /// The parts of scores, statements, revisions and revisions in shadow that are written.
    runs: [Vec<PartRef>; 4],
    segments: Vec<Stored>,
    /// What files are made in, one after the other: memory that is asked for anew costs more than what is put
    /// into it.
    buffer: Vec<u8>,
    /// Bytes of the newest core: the next is about as large, and a buffer that grows is there twice.
    n_core_bytes: usize,
    /// Rows from which on a segment is written as Parquet.
    cold_rows: u32,
    recent_blocks: RecentBlocks,
    recent_scores: Arc<RecentScores>,
    /// Parts that were found damaged where they lie, until the next checkpoint is written.
    damaged: BTreeSet<PartRef>,
}

/// A checkpoint that was published.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its manifest.
    pub manifest: Manifest,
    /// Its segments: their blocks need not be in memory any more.
    pub segments: Vec<Stored>,
    /// Its runs of scores: they need not be in memory any more either.
    pub scores: Vec<Arc<StoredScores>>,
    /// Segments that are damaged in storage and partly forgotten in memory, so that nothing can write them anew.
    pub lost: Vec<PartRef>,
    /// How many damaged parts are whole again.
    pub n_healed: usize,
}

impl CheckpointWriter {
    /// Makes this the owner of the partition's checkpoints. `restored` is what was started from, if
    /// anything was: it is not written again. What `checkpoints` knows to be damaged stays known there, so
    /// that a claim that failed for now is tried again with it.
    ///
    /// # Errors
    /// If the storage cannot.
    pub fn claim(
        storage: Storage,
        checkpoints: &Checkpoints,
        n_partitions: u32,
        restored: Option<&Restored>,
    ) -> Result<CheckpointWriter, CheckpointError> {
        let mut checkpoints = checkpoints.unclaimed();
        checkpoints.claim()?;
        let runs = restored.map(|restored| restored.runs.clone()).unwrap_or_default();
        let segments = restored.map(|restored| restored.segments.clone()).unwrap_or_default();
        let recent_blocks = restored.map(|restored| restored.recent.clone()).unwrap_or_default();
        Ok(CheckpointWriter {
            storage,
            checkpoints,
            n_partitions,
            runs,
            segments,
            buffer: Vec::new(),
            n_core_bytes: 0,
            cold_rows: COLD_ROWS,
            recent_blocks,
            recent_scores: Arc::default(),
            damaged: BTreeSet::new(),
        })
    }

    /// Writes segments of so many rows and more as Parquet. Tests and the simulation choose; what is read back
    /// is the same.
    pub fn with_cold_rows(self, cold_rows: u32) -> CheckpointWriter {
        CheckpointWriter { cold_rows, ..self }
    }

    /// The parts of a checkpoint with their objects.
    pub fn objects(&self, checkpoint: &Checkpoint) -> impl Iterator<Item = (String, PartRef)> {
        checkpoint.parts.iter().map(|part| (self.checkpoints.object_of(part), part.clone()))
    }

    /// Makes sure that this still is the owner.
    ///
    /// # Errors
    /// `Fenced` if another owner has claimed the partition; otherwise if the storage cannot say.
    pub fn ensure_owned(&self) -> Result<(), CheckpointError> {
        self.checkpoints.ensure_owned()
    }

    /// A part is damaged where it lies: the next checkpoint writes it anew, if memory still has what is in it.
    pub fn heal(&mut self, part: &PartRef) {
        self.checkpoints.doubt(part);
        let [_, grown @ ..] = &mut self.runs;
        for runs in grown {
            // Those after it are made again too, and found to be there.
            if let Some(index) = runs.iter().position(|run| run == part) {
                runs.truncate(index);
            }
        }
        self.damaged.insert(part.clone());
    }

    /// Writes and publishes a checkpoint. Effects up to its position have been committed.
    ///
    /// # Errors
    /// If the storage cannot, or another owner has claimed the partition: the one before stands.
    pub fn write(&mut self, state: &ShardState) -> Result<Written, WriteError> {
        #[cfg(test)]
        let state = &planted_position(state);
        let snapshot = &state.snapshot;
        let mut lost = self.write_segments(&snapshot.segments)?;
        lost.extend(self.heal_scores(&snapshot.scores)?);
        let n_scores = snapshot.scores.iter().filter(|chunk| chunk.is_packed()).count();
        let n_runs = [
            n_scores / RUN_CHUNKS,
            snapshot.statements.n_rows() / STATEMENT_RUN_ROWS,
            snapshot.revisions.n_items() / REVISION_RUN_ROWS,
            snapshot.shadow.revisions.n_items() / REVISION_RUN_ROWS,
        ];
        for run in self.runs[0].len()..n_runs[0] {
            let mut out = self.out();
            write_scores(&mut out, slice(&snapshot.scores, run * RUN_CHUNKS, RUN_CHUNKS));
            self.put(0, SCORES, out)?;
        }
        for run in self.runs[1].len()..n_runs[1] {
            let mut out = self.out();
            let rows = run * STATEMENT_RUN_ROWS..(run + 1) * STATEMENT_RUN_ROWS;
            write_statement_rows(&mut out, &snapshot.statements, rows);
            self.put(1, STATEMENTS, out)?;
        }
        let said = [(2, REVISIONS, &snapshot.revisions), (3, SHADOW, &snapshot.shadow.revisions)];
        for (kind, name, revisions) in said {
            let n_written = self.runs.get(kind).map_or(0, Vec::len);
            for run in n_written..revisions.n_items() / REVISION_RUN_ROWS {
                let mut out = self.out();
                let first = run * REVISION_RUN_ROWS;
                write_revision_rows(&mut out, revisions, first, REVISION_RUN_ROWS);
                self.put(kind, name, out)?;
            }
        }
        let core = self.core(state, n_runs);
        let core = self.put_part(CORE, Bytes::from(core))?;
        let runs = self.runs.iter().flatten().cloned();
        let segments = self
            .segments
            .iter()
            .flat_map(|stored| stored.index_part.iter().chain([&stored.part]).cloned());
        let checkpoint = Checkpoint {
            next_offset: snapshot.next_offset,
            known: snapshot.known_through,
            digest: state.rest.sums.to_string(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            parts: std::iter::once(core).chain(runs).chain(segments).collect(),
        };
        let manifest = self.checkpoints.publish(self.n_partitions, checkpoint)?;
        self.checkpoints.collect_garbage(MANIFESTS_KEPT)?;
        let n_healed = std::mem::take(&mut self.damaged).len() - lost.len();
        let scores = self.stored_scores();
        Ok(Written { manifest, segments: self.segments.clone(), scores, lost, n_healed })
    }

    /// Writes damaged runs of scores anew that are whole in memory. Gives the others.
    fn heal_scores(&mut self, scores: &[ScoreChunk]) -> Result<Vec<PartRef>, CheckpointError> {
        let mut lost = Vec::new();
        for (run, part) in self.runs[0].iter().enumerate() {
            if !self.damaged.contains(part) {
                continue;
            }
            let chunks = slice(scores, run * RUN_CHUNKS, RUN_CHUNKS);
            if chunks.iter().any(ScoreChunk::is_forgotten) {
                lost.push(part.clone());
                continue;
            }
            let mut out = Out::default();
            write_scores(&mut out, chunks);
            self.checkpoints.put_part(SCORES, Bytes::from(out.finish()))?;
        }
        Ok(lost)
    }

    /// The runs of scores, as they lie in storage.
    fn stored_scores(&self) -> Vec<Arc<StoredScores>> {
        let [scores, ..] = &self.runs;
        let stored = scores.iter().map(|part| {
            let (storage, object) = (self.storage.clone(), self.checkpoints.object_of(part));
            Arc::new(StoredScores::new(storage, object, part.clone(), self.recent_scores.clone()))
        });
        stored.collect()
    }

    fn put(&mut self, kind: usize, name: &str, out: Out) -> Result<(), CheckpointError> {
        let part = self.put_part(name, Bytes::from(out.finish()))?;
        if let Some(runs) = self.runs.get_mut(kind) {
            runs.push(part);
        }
        Ok(())
    }

    fn out(&mut self) -> Out {
        Out::into_buffer(std::mem::take(&mut self.buffer))
    }

    /// Makes a part durable, and keeps its memory for the next one where nobody else holds it.
    fn put_part(&mut self, kind: &str, bytes: Bytes) -> Result<PartRef, CheckpointError> {
        let part = self.checkpoints.put_part(kind, bytes.clone())?;
        let kept = bytes.try_into_mut().ok().map(Vec::from);
        self.buffer = kept.filter(|kept| kept.capacity() <= BUFFER_BYTES_MAX).unwrap_or_default();
        Ok(part)
    }

    /// Writes the segments that are new or damaged, and forgets those that are no more. Gives the damaged ones
    /// that memory has not whole.
    fn write_segments(&mut self, segments: &[Segment]) -> Result<Vec<PartRef>, WriteError> {
        let (mut stored, mut lost) = (Vec::with_capacity(segments.len()), Vec::new());
        for segment in segments {
            let same = |known: &&Stored| Arc::ptr_eq(&known.index, segment.index());
            let mut one = match self.segments.iter().find(same).cloned() {
                Some(known) if self.damaged.contains(&known.part) => {
                    if !self.write_again(segment, &known)? {
                        lost.push(known.part.clone());
                    }
                    known
                }
                Some(known) => known,
                None => self.write_segment(segment)?,
            };
            if one.index_part.as_ref().is_none_or(|part| self.damaged.contains(part)) {
                let mut out = self.out();
                core::write_index(&mut out, &one.index, one.file.blocks());
                one.index_part = Some(self.put_part(INDEX, Bytes::from(out.finish()))?);
            }
            stored.push(one);
        }
        self.segments = stored;
        Ok(lost)
    }

    /// Writes a segment where it lies damaged. It does not where a block of it is in storage only, or where
    /// another version wrote it in other bytes: whoever reads it looks for it under its name.
    fn write_again(&mut self, segment: &Segment, known: &Stored) -> Result<bool, WriteError> {
        if 0 < segment.n_forgotten() {
            return Ok(false);
        }
        let kind = known.part.kind.as_str();
        let file = file_of(segment, kind, Vec::new())?;
        if PartRef::of(kind, &file.bytes) != known.part {
            return Ok(false);
        }
        self.checkpoints.put_part(kind, file.bytes)?;
        Ok(true)
    }

    fn write_segment(&mut self, segment: &Segment) -> Result<Stored, WriteError> {
        let kind = if segment.n_rows() < self.cold_rows { ROWS } else { SEGMENT };
        let file = file_of(segment, kind, std::mem::take(&mut self.buffer))?;
        let part = self.put_part(kind, file.bytes)?;
        let object = self.checkpoints.object_of(&part);
        let (storage, recent) = (self.storage.clone(), self.recent_blocks.clone());
        let file = StoredSegment::new(storage, object, part.clone(), file.blocks, recent);
        let file = Arc::new(file);
        Ok(Stored { index: segment.index().clone(), index_part: None, part, file })
    }

    fn core(&mut self, state: &ShardState, n_runs: [usize; 4]) -> Vec<u8> {
        let snapshot = &state.snapshot;
        let mut out = self.out();
        out.reserve(self.n_core_bytes + self.n_core_bytes / 16);
        let mut out = core::write(out, state, n_runs);
        let first = n_runs[0] * RUN_CHUNKS;
        write_scores(&mut out, slice(&snapshot.scores, first, usize::MAX));
        let n_statements = snapshot.statements.n_rows();
        let rows = n_runs[1] * STATEMENT_RUN_ROWS..n_statements;
        write_statement_rows(&mut out, &snapshot.statements, rows);
        let first = n_runs[2] * REVISION_RUN_ROWS;
        write_revision_rows(&mut out, &snapshot.revisions, first, usize::MAX);
        let first = n_runs[3] * REVISION_RUN_ROWS;
        write_revision_rows(&mut out, &snapshot.shadow.revisions, first, usize::MAX);
        self.n_core_bytes = out.n_bytes();
        out.finish()
    }
}

/// The file of a segment, as Parquet or as it lies in memory.
fn file_of(
    segment: &Segment,
    kind: &str,
    buffer: Vec<u8>,
) -> Result<SegmentFile, SegmentFileError> {
    if kind == ROWS {
        Ok(blocks::write(segment, buffer))
    } else {
        segment_file::write(segment, buffer)
    }
}

/// The state, at a position that may be wrong on purpose.
#[cfg(test)]
fn planted_position(state: &ShardState) -> ShardState {
    let mut state = state.clone();
    if crate::planted::is_planted(crate::planted::Bug::OffByOneOffset) {
        state.snapshot.next_offset += 1;
    }
    state
}

fn slice<T>(items: &[T], first: usize, n_items: usize) -> &[T] {
    let rest = items.get(first..).unwrap_or_default();
    rest.get(..n_items).unwrap_or(rest)
}

fn write_statement_rows(out: &mut Out, statements: &Statements, rows: std::ops::Range<usize>) {
    let number = |row: usize| u32::try_from(row).expect("fewer than 2^32 statements");
    write_statements(out, rows.map(|row| statements.row(number(row))));
}

fn write_revision_rows(out: &mut Out, rows: &Pages<EffectRow>, first: usize, n_rows: usize) {
    let rows: Vec<&EffectRow> = rows.iter().skip(first).take(n_rows).collect();
    write_revisions(out, rows.into_iter());
}
