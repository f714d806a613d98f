//! Holds what a machine came to, and what was seen on the way, against the uninterrupted run of its log.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::effect::EffectStatus;
use crate::domain::time::Timestamp;
use crate::engine::digest::Digest;
use crate::engine::effects::render;
use crate::engine::shard::{LogFrame, Shard};
use crate::output::record::OutRecord;
use crate::sim::broken::{Broken, same};
use crate::sim::frames::Bytes;
use crate::sim::replay::{Replay, last_tick};
use crate::sim::scene::Scene;
use crate::sim::sink::SimSink;
use crate::sim::trials::{remembered, versions_count, with_end};

/// What was true of a shard at a position of its log, as somebody saw it.
#[derive(Clone, Debug)]
pub struct Claim {
    invariant: &'static str,
    position: u64,
    truth: String,
}

impl Claim {
    /// A claim about a shard as it is.
    pub fn new(invariant: &'static str, shard: &Shard, truth: String) -> Claim {
        Claim { invariant, position: shard.next_offset(), truth }
    }
}

/// What was seen on the way.
#[derive(Debug)]
pub struct Verdict {
    history: Vec<Bytes>,
    claims: Vec<Claim>,
    past: Vec<(Timestamp, Digest)>,
}

impl Verdict {
    /// Nothing was seen of this history yet.
    pub fn of(history: Vec<Bytes>) -> Verdict {
        Verdict { history, claims: Vec::new(), past: Vec::new() }
    }

    /// Keeps a claim.
    pub fn claim(&mut self, claim: Claim) {
        self.claims.push(claim);
    }

    /// Keeps what was true when known time had come to `known`.
    pub fn remember(&mut self, known: Timestamp, truth: Digest) {
        self.past.push((known, truth));
    }

    /// Judges a machine by its log, what consumers saw, and its shard in the end. Says how many past instants
    /// were asked about.
    ///
    /// # Errors
    /// If a promise was not kept.
    pub fn judge(
        self,
        scene: &Scene,
        mut found: Replay,
        log: &[LogFrame],
        sink: &SimSink,
        step: u64,
    ) -> Result<u64, Broken> {
        let mut replay = Replay::default();
        let mut claims: BTreeMap<u64, Vec<Claim>> = BTreeMap::new();
        for claim in self.claims {
            claims.entry(claim.position).or_default().push(claim);
        }
        for frame in log {
            if let Some(claims) = claims.remove(&frame.offset) {
                hold(&mut replay, &claims)?;
            }
            replay.step(std::slice::from_ref(frame))?;
        }
        let end = replay.shard.next_offset();
        hold(&mut replay, &claims.remove(&end).unwrap_or_default())?;
        if let Some((position, claims)) = claims.first_key_value() {
            let invariant = claims.first().map_or("CK-1", |claim| claim.invariant);
            let message = format!("a shard at {position} of a log that ends at {end}");
            return Err(Broken { invariant, step, message });
        }
        said_once(sink, &render(&replay.left, &replay.unheard).records, step)?;
        versions_count(&self.history, &mut found, step)?;
        let told_in_order = with_end(&self.history, &last_tick(&self.history));
        let truth = Replay::of(scene, &told_in_order)?.truth();
        same(("TW-2", step), "what is true in the end", &found.truth(), &truth)?;
        effects_stand(&found.shard, step)?;
        remembered(&mut found, &self.past, step)?;
        Ok(u64::try_from(self.past.len()).unwrap_or(0))
    }
}

/// CK-1, TW-4: what was seen at a position is what the log says until there.
fn hold(replay: &mut Replay, claims: &[Claim]) -> Result<(), Broken> {
    if claims.is_empty() {
        return Ok(());
    }
    let truth = replay.truth().to_string();
    claims.iter().try_for_each(|claim| {
        let what = format!("what is true at {} of the log", claim.position);
        same((claim.invariant, claim.position), &what, &claim.truth, &truth)
    })
}

/// EF-1 and EF-2: consumers saw each record of the uninterrupted run once, to the letter and in order.
fn said_once(sink: &SimSink, expected: &[OutRecord], step: u64) -> Result<(), Broken> {
    let broken = |invariant, message| Err(Broken { invariant, step, message });
    let mut seen = BTreeSet::new();
    for record in sink.records() {
        if !seen.insert(id(record)) {
            return broken("EF-2", format!("{} was said twice", id(record)));
        }
    }
    let ours: BTreeSet<&str> = expected.iter().map(id).collect();
    if let Some(lost) = ours.difference(&seen).next() {
        return broken("EF-2", format!("{lost} was never said"));
    }
    if let Some(other) = seen.difference(&ours).next() {
        return broken("EF-1", format!("{other} was said, and the log says no such thing"));
    }
    let differs = sink.records().iter().zip(expected).find(|(found, expected)| found != expected);
    match differs {
        Some((found, expected)) => {
            broken("EF-1", format!("found    {found:?}\n  expected {expected:?}"))
        }
        None => Ok(()),
    }
}

/// The id of a record's CloudEvent.
fn id(record: &OutRecord) -> &str {
    let id = record.headers.iter().find(|(name, _)| *name == "ce_id");
    id.map_or("", |(_, id)| id)
}

/// EF-3: what is active rests on an episode that goes on, and there is one of it.
fn effects_stand(shard: &Shard, step: u64) -> Result<(), Broken> {
    let mut active = BTreeSet::new();
    for row in shard.effects().rows().iter() {
        if row.effect.status != EffectStatus::Active {
            continue;
        }
        let id = row.effect.id;
        if !shard.scores().is_in_episode(row.patient, row.track) {
            let message = format!("{id} is active, and no episode goes on");
            return Err(Broken { invariant: "EF-3", step, message });
        }
        if !active.insert((row.patient, row.track)) {
            let message = format!("{id} is not the only one that is active");
            return Err(Broken { invariant: "EF-2", step, message });
        }
    }
    Ok(())
}
