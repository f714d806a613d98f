//! What left, counted by what an operator asks: which pipeline, how loud, and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::effect::{EffectChange, EffectKind, Severity};
use crate::engine::shard::Leaving;

/// What a count is of.
pub type Departing = (Arc<str>, EffectKind, Severity, EffectChange);

/// Counts of revisions that left.
#[derive(Clone, Debug, Default)]
pub struct Departures {
    counts: BTreeMap<Departing, u64>,
}

impl Departures {
    /// Counts these.
    pub fn note(&mut self, leaving: &[Leaving]) {
        for Leaving { effect, .. } in leaving {
            let key = (effect.pipeline.clone(), effect.kind, effect.severity, effect.change);
            *self.counts.entry(key).or_default() += 1;
        }
    }

    /// The counts.
    pub fn counts(&self) -> &BTreeMap<Departing, u64> {
        &self.counts
    }
}
