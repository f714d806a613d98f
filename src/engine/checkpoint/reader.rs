//! Reads a shard from its newest whole checkpoint. No sealed block is read: it is when it is asked for.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::promotion::Promotions;
use crate::engine::checkpoint::bytes::{In, Torn};
use crate::engine::checkpoint::core::{self, Core, FORMAT, FORMAT_2, SegmentEntry, Segments};
use crate::engine::checkpoint::effects::{read_revisions, read_standing};
use crate::engine::checkpoint::promotions::Promoting;
use crate::engine::checkpoint::shelf::{RecentBlocks, ShelfError, StoredSegment};
use crate::engine::checkpoint::state::{ShardState, Silent};
use crate::engine::checkpoint::statements::read_statements;
use crate::engine::checkpoint::tables;
use crate::engine::checkpoint::writer::{
    CORE, INDEX, REVISIONS, SCORES, SHADOW, STATEMENTS, Stored,
};
use crate::engine::shard::Shard;
use crate::storage::checkpoints::{CheckpointError, Checkpoints};
use crate::storage::manifest::Manifest;
use crate::storage::object::Storage;
use crate::storage::part::PartRef;
use crate::storage::search::{Depth, Search, Valid};
use crate::twin::chains::Chains;
use crate::twin::effects::SaidPages;
use crate::twin::names::Names;
use crate::twin::pages::Pages;
use crate::twin::samples::Rare;
use crate::twin::segment::{Segment, Shelf};
use crate::twin::snapshot::ShardSnapshot;
use crate::twin::statements::Statements;
use crate::twin::twins::BlockPlace;

/// Why a shard cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The storage of checkpoints.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A part is whole and cannot be read: it is of a newer version.
    #[error("checkpoint {epoch}-{sequence} of partition {partition}: {error}")]
    Torn {
        /// The partition.
        partition: u32,
        /// The epoch of the checkpoint.
        epoch: u64,
        /// Its sequence.
        sequence: u64,
        /// What is wrong.
        error: Torn,
    },
    /// A definition in it cannot be read by this version.
    #[error("the checkpoint's definition `{name}`: {error}")]
    Definition {
        /// The definition.
        name: String,
        /// What is wrong.
        error: String,
    },
}

/// A shard as a checkpoint gave it back.
#[derive(Debug)]
pub struct Restored {
    /// The shard.
    pub shard: Shard,
    /// The checkpoint.
    pub manifest: Manifest,
    /// Its parts of scores, statements, revisions and revisions in shadow.
    pub runs: [Vec<PartRef>; 4],
    /// Its segments.
    pub segments: Vec<Stored>,
    /// The blocks of its segments that were read last.
    pub recent: RecentBlocks,
    /// Newer checkpoints that are damaged, and why.
    pub passed_over: Vec<String>,
}

impl Restored {
    /// Reads every sealed block into memory.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn load(&mut self) -> Result<(), ShelfError> {
        for (segment, stored) in self.segments.iter().enumerate() {
            for block in 0..stored.index.bounds.len() {
                let held = Arc::new(stored.file.try_read(block)?);
                self.shard.hold(BlockPlace { segment, block }, held);
            }
        }
        Ok(())
    }
}

/// Restores a shard from the newest whole checkpoint; `None` where there is none.
///
/// # Errors
/// If the storage cannot be read, or what is in it is of a newer version.
pub fn restore(
    storage: &Storage,
    checkpoints: &mut Checkpoints,
) -> Result<Option<Restored>, RestoreError> {
    let search = checkpoints.newest_valid(Depth::Quick)?;
    restore_found(storage, checkpoints, search)
}

/// Restores a shard from the checkpoint that a search found.
///
/// # Errors
/// If what is in it is of a newer version.
pub fn restore_found(
    storage: &Storage,
    checkpoints: &Checkpoints,
    search: Search,
) -> Result<Option<Restored>, RestoreError> {
    let passed_over = search.passed_over.iter().map(ToString::to_string).collect();
    let Some(Valid { manifest, parts }) = search.valid else { return Ok(None) };
    let torn = |error| RestoreError::Torn {
        partition: manifest.partition,
        epoch: manifest.epoch,
        sequence: manifest.sequence,
        error,
    };
    let refs = &manifest.checkpoint.parts;
    let mut all: Vec<(&PartRef, Option<Bytes>)> = refs.iter().zip(parts).collect();
    let object_of = |part: &PartRef| checkpoints.object_of(part);
    let recent = RecentBlocks::default();
    let (state, segments, format) = read(storage, &mut all, object_of, &recent).map_err(torn)?;
    let of_kind = |kind: &str| refs.iter().filter(|part| part.kind == kind).cloned().collect();
    let mut runs = [SCORES, STATEMENTS, REVISIONS, SHADOW].map(of_kind);
    if format == FORMAT_2 {
        // They are written anew, in shorter ones.
        let [_, grown @ ..] = &mut runs;
        grown.iter_mut().for_each(Vec::clear);
    }
    let shard =
        Shard::restore(state).map_err(|(name, error)| RestoreError::Definition { name, error })?;
    Ok(Some(Restored { shard, manifest, runs, segments, recent, passed_over }))
}

/// Reads the state out of the bytes of its parts, and lets go of those that there are most of as it goes.
fn read(
    storage: &Storage,
    parts: &mut [(&PartRef, Option<Bytes>)],
    object_of: impl Fn(&PartRef) -> String,
    recent: &RecentBlocks,
) -> Result<(ShardState, Vec<Stored>, u32), Torn> {
    let of_kind = |kind: &'static str| parts.iter().filter(move |(part, _)| part.kind == kind);
    let bytes_of = |kind| of_kind(kind).filter_map(|(_, bytes)| bytes.as_ref());
    let core = bytes_of(CORE).next().ok_or(Torn)?.clone();
    let core = core::read(&core)?;
    let Core { format, partition, next_offset, known, clock, rest, n_runs, mut open, .. } = core;
    let [patients, sources, codes, devices, notes] = core.names;
    let refs = parts.iter().map(|(part, _)| *part);
    let files: Vec<&PartRef> = refs.filter(|part| part.is_segment()).collect();
    let entries = entries(core.segments, of_kind(INDEX))?;
    let (segments, stored) = read_segments(storage, entries, &files, object_of, recent)?;
    let tail = tables::read_samples(&mut open)?;
    let tail_marks = tables::read_marks(&mut open)?;
    let tail_rare = read_rare(&mut open, format)?;
    let events = core::read_events(&mut open, sources)?;
    let ids = tables::read_texts(&mut open)?;
    let score_marks = tables::read_marks(&mut open)?;
    let statement_marks = tables::read_marks(&mut open)?;
    let standing = open.list(In::u32)?;
    let unheard = if format < FORMAT { Vec::new() } else { open.list(In::u32)? };
    let n_read = [SCORES, STATEMENTS, REVISIONS, SHADOW].map(|kind| bytes_of(kind).count());
    (n_read == n_runs).then_some(()).ok_or(Torn)?;
    let scores = grown(take(parts, SCORES), &mut open, tables::read_scores)?;
    let statements = grown(take(parts, STATEMENTS), &mut open, read_statements)?;
    let revisions = Pages::of(grown(take(parts, REVISIONS), &mut open, read_revisions)?);
    let (promotions, silent, shadow) =
        read_unheard((core.promoting, unheard, format), take(parts, SHADOW), &mut open)?;
    open.is_at_end().then_some(()).ok_or(Torn)?;
    let snapshot = ShardSnapshot {
        partition,
        next_offset,
        known_through: known,
        clock,
        names: Names::of(&patients, core.since.into_iter()),
        patients,
        tail,
        tail_marks,
        tail_rare,
        segments,
        statements: Statements::of(statements, statement_marks),
        places: Arc::default(),
        zones: Arc::default(),
        events,
        ids,
        codes,
        devices,
        scores,
        score_marks,
        score_head: Vec::new(),
        notes,
        effects: Pages::of(read_standing(&standing, &revisions)?),
        revisions,
        suppressions: Pages::of(core.suppressions),
        shadow,
        pipelines: Arc::default(),
        promotions: Arc::new(promotions),
        definitions: rest.definitions.clone(),
        tracks: Arc::new(core.tracks),
        score_chains: Chains::default(),
        unsaid: core.unsaid,
        past_tracks: Arc::new(core.past_tracks),
        identities: Arc::new(core.identities),
    };
    Ok((ShardState { snapshot, rest, silent }, stored, format))
}

/// Who speaks, and what those in shadow would have said, which stands at these revisions.
fn read_unheard(
    (promoting, standing, format): (Promoting, Vec<u32>, u32),
    runs: impl Iterator<Item = Bytes>,
    open: &mut In<'_>,
) -> Result<(Promotions, Silent, SaidPages), Torn> {
    let Promoting { promotions, silent, suppressions, unsaid } = promoting;
    let revisions = match format < FORMAT {
        true => Pages::default(),
        false => Pages::of(grown(runs, open, read_revisions)?),
    };
    let shadow = SaidPages {
        effects: Pages::of(read_standing(&standing, &revisions)?),
        revisions,
        suppressions: Pages::of(suppressions),
        unsaid,
    };
    Ok((promotions, silent, shadow))
}

fn read_rare(part: &mut In<'_>, format: u32) -> Result<Rare, Torn> {
    match format {
        FORMAT_2 => tables::read_rare_of_format_2(part),
        _ => tables::read_rare(part),
    }
}

/// The bytes of the parts of a kind; whoever is done with one lets it go.
fn take(parts: &mut [(&PartRef, Option<Bytes>)], kind: &str) -> impl Iterator<Item = Bytes> {
    let of_kind = parts.iter_mut().filter(move |(part, _)| part.kind == kind);
    of_kind.filter_map(|(_, bytes)| bytes.take()).collect::<Vec<_>>().into_iter()
}

/// The rows of a table that only grows: its runs, then its open end.
fn grown<T>(
    runs: impl Iterator<Item = Bytes>,
    open: &mut In<'_>,
    read: impl Fn(&mut In<'_>) -> Result<Vec<T>, Torn>,
) -> Result<Vec<T>, Torn> {
    let mut rows = Vec::new();
    for run in runs {
        rows.extend(read(&mut In::of(&run))?);
    }
    rows.extend(read(open)?);
    Ok(rows)
}

/// The segments of a checkpoint, each with the part that its index is, if it has one of its own.
fn entries<'p>(
    segments: Segments,
    mut indexes: impl Iterator<Item = &'p (&'p PartRef, Option<Bytes>)>,
) -> Result<Vec<(SegmentEntry, Option<PartRef>)>, Torn> {
    let marks = match segments {
        Segments::Whole(entries) => {
            return Ok(entries.into_iter().map(|entry| (entry, None)).collect());
        }
        Segments::Marks(marks) => marks,
    };
    let mut entries = Vec::with_capacity(marks.len());
    for marks in marks {
        let (part, bytes) = indexes.next().ok_or(Torn)?;
        let (index, blocks) = core::read_index(&mut In::of(bytes.as_ref().ok_or(Torn)?))?;
        let index = Arc::new(index);
        entries.push((SegmentEntry { index, marks, blocks }, Some((*part).clone())));
    }
    if indexes.next().is_none() { Ok(entries) } else { Err(Torn) }
}

fn read_segments(
    storage: &Storage,
    entries: Vec<(SegmentEntry, Option<PartRef>)>,
    parts: &[&PartRef],
    object_of: impl Fn(&PartRef) -> String,
    recent: &RecentBlocks,
) -> Result<(Vec<Segment>, Vec<Stored>), Torn> {
    if parts.len() != entries.len() {
        return Err(Torn);
    }
    let both = entries.into_iter().zip(parts.iter().copied());
    let stored = both.map(|((entry, index_part), part)| {
        let object = object_of(part);
        let (storage, recent) = (storage.clone(), recent.clone());
        let file = StoredSegment::new(storage, object, part.clone(), entry.blocks, recent);
        let file = Arc::new(file);
        let shelf: Arc<dyn Shelf> = file.clone();
        let segment = Segment::of_storage(entry.index.clone(), entry.marks, &shelf);
        (segment, Stored { index: entry.index, index_part, part: part.clone(), file })
    });
    Ok(stored.unzip())
}
