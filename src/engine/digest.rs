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
use crate::twin::block::Kept;
use crate::twin::samples::{SampleChunk, SampleRow};
use crate::twin::snapshot::ShardSnapshot;

/// What is true in a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Current samples.
    pub samples: Sum,
    /// Current statements.
    pub statements: Sum,
    /// Current scores, with the episodes they are in.
    pub scores: Sum,
}

/// How many, and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// The sum of their hashes.
    pub hash: u128,
}

impl Sum {
    fn add(&mut self, text: &str) {
        self.count += 1;
        self.hash = self.hash.wrapping_add(xxh3_128(text.as_bytes()));
    }
}

/// The digest of a shard.
pub fn digest(shard: &ShardSnapshot) -> Digest {
    digest_where(shard, &|_| true)
}

/// The digest of what is true of one patient, by its number in the shard; the same in a fork, under
/// whatever number it has there.
pub fn digest_of_patient(shard: &ShardSnapshot, patient: u32) -> Digest {
    digest_where(shard, &|other| other == patient)
}

fn digest_where(shard: &ShardSnapshot, is_meant: &dyn Fn(u32) -> bool) -> Digest {
    let mut digest = Digest::default();
    let mut text = String::new();
    each_sample(shard, &mut |row, rare, id| {
        if !is_meant(row.patient) {
            return;
        }
        text.clear();
        write_sample(&mut text, shard, &row, rare, id);
        digest.samples.add(&text);
    });
    let statements = shard.statements.iter().filter(|(row, _)| is_meant(row.patient));
    for (row, _) in statements.filter(|(_, known_to)| *known_to == Timestamp::FOREVER) {
        text.clear();
        write_patient(&mut text, shard, row.patient);
        let parts = (&row.kind, &row.id, &row.version, &row.recorded_at, &row.valid);
        put(&mut text, format_args!("{parts:?}{:x}{:?}", row.content, row.statement));
        digest.statements.add(&text);
    }
    let rows =
        shard.scores.iter().flat_map(|chunk| (0..chunk.n_rows()).filter_map(|i| chunk.row(i)));
    let is_current = |number: u32| shard.score_marks.known_to(number) == Timestamp::FOREVER;
    for (_, row) in (0..).zip(rows).filter(|(n, row)| is_meant(row.patient) && is_current(*n)) {
        text.clear();
        write_patient(&mut text, shard, row.patient);
        let track = shard.tracks.get(usize::from(row.track));
        let name = |number| shard.notes.get(number);
        put(&mut text, format_args!("{:?}", track.map(|track| (&track.pipeline, &track.subject))));
        put(&mut text, format_args!("{:?}{:?}", name(row.notes), name(row.edition)));
        // Numbers of this shard, and when it became known, say nothing of the patient.
        let said = crate::twin::scores::ScoreRow {
            patient: 0,
            track: 0,
            known: 0,
            notes: 0,
            edition: 0,
            ..row
        };
        put(&mut text, format_args!("{said:?}"));
        digest.scores.add(&text);
    }
    digest
}

type Rare = crate::twin::samples::RareParts;

/// Every current sample, in the tail and in the segments, with what few have and its resource's id.
fn each_sample(shard: &ShardSnapshot, each: &mut dyn FnMut(SampleRow, Rare, &str)) {
    let in_tail = |chunk: &std::sync::Arc<SampleChunk>| {
        (0..chunk.n_rows()).filter_map(|i| chunk.row(i)).collect::<Vec<_>>()
    };
    for (number, row) in (0..).zip(shard.tail.iter().flat_map(in_tail)) {
        if shard.tail_marks.known_to(number) == Timestamp::FOREVER {
            each(row, shard.tail_rare.of(number), shard.id(row.resource));
        }
    }
    for segment in &shard.segments {
        for number in 0..segment.n_rows() {
            if segment.marks.known_to(number) == Timestamp::FOREVER
                && let Some(Kept { row, rare, resource, .. }) = segment.kept(number)
            {
                each(row, rare, &resource);
            }
        }
    }
}

fn write_sample(text: &mut String, shard: &ShardSnapshot, row: &SampleRow, rare: Rare, id: &str) {
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
