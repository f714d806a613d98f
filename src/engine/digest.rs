//! What is true in a shard as three numbers that do not depend on the order of arrival (TW-2).
//!
//! ```text
//! each fact, each score ─► its text, without when it became known ─► hash ─┐
//! each fact, each score ─► ...                                      hash ─┴► sum
//! ```
//! Two shards of one build that were told the same events have the same digest; what was said to the
//! care team is a function of the log and is not in it. The numbers mean nothing to another build.

use std::fmt::Write;

use xxhash_rust::xxh3::xxh3_128;

use crate::domain::time::Timestamp;
use crate::twin::samples::{RareParts, SampleChunk, SampleRow};
use crate::twin::score_table::ScoreChunk;
use crate::twin::scores::ScoreRow;
use crate::twin::snapshot::ShardSnapshot;

/// What is true in a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Current samples.
    pub samples: TextSum,
    /// Current statements.
    pub statements: TextSum,
    /// Current scores, with the episodes they are in.
    pub scores: TextSum,
}

/// How many, and the sum of the hashes of their texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextSum {
    /// How many.
    pub count: u64,
    /// The sum of their hashes.
    pub hash: u128,
}

/// `samples 12:0f3a… statements … scores …`, each with how many.
impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |sum: &TextSum| format!("{}:{:032x}", sum.count, sum.hash);
        let Digest { samples, statements, scores } = self;
        let (samples, statements) = (text(samples), text(statements));
        write!(f, "samples {samples} statements {statements} scores {}", text(scores))
    }
}

impl TextSum {
    fn add(&mut self, text: &str) {
        self.count += 1;
        self.hash = self.hash.wrapping_add(xxh3_128(text.as_bytes()));
    }
}

/// The digest of a shard.
pub fn digest(shard: &ShardSnapshot) -> Digest {
    digest_of(shard, &|_, _, known_to| known_to == Timestamp::FOREVER)
}

/// The digest of what is true of one patient, by its number in the shard; the same in a fork, under
/// whatever number it has there.
pub fn digest_of_patient(shard: &ShardSnapshot, patient: u32) -> Digest {
    digest_of(shard, &|other, _, known_to| other == patient && known_to == Timestamp::FOREVER)
}

/// The digest of what a shard was when known time had come to `known`, as it remembers it.
pub fn digest_as_of(shard: &ShardSnapshot, known: Timestamp) -> Digest {
    digest_of(shard, &|_, known_from, known_to| known_from <= known && known < known_to)
}

/// Which rows are meant, by whose they are, when they became current and when they ceased to be.
type Meant<'m> = &'m dyn Fn(u32, Timestamp, Timestamp) -> bool;

fn digest_of(shard: &ShardSnapshot, is_meant: Meant<'_>) -> Digest {
    let mut digest = Digest::default();
    let mut text = String::new();
    each_sample(shard, is_meant, &mut |row, rare, id| {
        text.clear();
        write_sample(&mut text, shard, &row, rare, id);
        digest.samples.add(&text);
    });
    let statements = shard.statements.iter();
    for (row, _) in statements.filter(|(row, to)| is_meant(row.patient, row.known, *to)) {
        text.clear();
        write_patient(&mut text, shard, row.patient);
        let parts = (&row.kind, &row.id, &row.version, &row.recorded_at, &row.valid);
        put(&mut text, format_args!("{parts:?}{:x}{:?}", row.content, row.statement));
        digest.statements.add(&text);
    }
    let rows = shard.scores.iter().flat_map(ScoreChunk::rows);
    let is_meant_score = |number: u32, row: &ScoreRow| {
        let known_to = shard.score_marks.known_to(number);
        is_meant(row.patient, Timestamp::from_micros(row.known), known_to)
    };
    for (_, row) in (0..).zip(rows).filter(|(number, row)| is_meant_score(*number, row)) {
        text.clear();
        write_patient(&mut text, shard, row.patient);
        let track = shard.tracks.get(usize::from(row.track));
        let name = |number| shard.notes.get(number);
        put(&mut text, format_args!("{:?}", track.map(|track| (&track.pipeline, &track.subject))));
        put(&mut text, format_args!("{:?}{:?}", name(row.notes), name(row.edition)));
        // Numbers of this shard, and when it became known, say nothing of the patient.
        let said = ScoreRow { patient: 0, track: 0, known: 0, notes: 0, edition: 0, ..row };
        put(&mut text, format_args!("{said:?}"));
        digest.scores.add(&text);
    }
    digest
}

/// Every sample that is meant, in the tail and in the segments, with what few have and its resource's id.
/// A block is read once, wherever it is.
pub fn each_sample(
    shard: &ShardSnapshot,
    is_meant: Meant<'_>,
    each: &mut dyn FnMut(SampleRow, RareParts, &str),
) {
    let in_tail = |chunk: &std::sync::Arc<SampleChunk>| {
        (0..chunk.n_rows()).filter_map(|i| chunk.row(i)).collect::<Vec<_>>()
    };
    for (number, row) in (0..).zip(shard.tail.iter().flat_map(in_tail)) {
        let known_to = shard.tail_marks.known_to(number);
        if is_meant(row.patient, Timestamp::from_micros(row.known), known_to) {
            each(row, shard.tail_rare.of(number), shard.id(row.resource));
        }
    }
    for segment in &shard.segments {
        let mut number = 0;
        for block in (0..segment.n_blocks()).map(|block| segment.block(block)) {
            for (index, row) in (0..).zip(block.rows()) {
                let known_to = segment.marks.known_to(number);
                if is_meant(row.patient, Timestamp::from_micros(row.known), known_to) {
                    each(row, block.rare.of(index), block.id(&row));
                }
                number += 1;
            }
        }
    }
}

fn write_sample(
    text: &mut String,
    shard: &ShardSnapshot,
    row: &SampleRow,
    rare: RareParts,
    id: &str,
) {
    write_patient(text, shard, row.patient);
    let names = (shard.codes.get(row.code), shard.devices.get(row.device), id);
    let said =
        SampleRow { patient: 0, known: 0, event: 0, code: 0, device: 0, resource: 0, ..*row };
    put(text, format_args!("{names:?}{said:?}{rare:?}"));
}

fn write_patient(text: &mut String, shard: &ShardSnapshot, patient: u32) {
    // Places and roles have no patient.
    text.push_str(shard.patients.get(patient).map_or("", |name| name));
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a text takes every text");
}
