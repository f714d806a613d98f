//! What a rehearsal shows of one patient and one pipeline.

use std::collections::BTreeMap;

use crate::domain::effect::{Audience, EffectChange};
use crate::domain::identity::TwinId;
use crate::domain::person::Sex;
use crate::domain::time::{Span, Timestamp};
use crate::engine::rehearsal::Rehearsal;
use crate::pipeline::setting::stay_at;
use crate::pipeline::view::View;
use crate::twin::scores::{NO_BAND, NO_VALUE};

/// A patient as a pipeline would have seen it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Days from the first score to the last.
    pub days: f64,
    /// What would have been raised, by known time, ascending.
    pub alerts: Vec<Timestamp>,
    /// Alerts that would have been kept silent, because their evidence was old.
    pub n_retrospective: u32,
    /// What the policy suppressed, by its reason.
    pub suppressed: BTreeMap<&'static str, u32>,
    /// When what it warns of came, ascending.
    pub outcomes: Vec<Timestamp>,
    /// Its scores, ascending.
    pub scores: Vec<Scored>,
    /// How old the patient was at the first score, in whole years.
    pub age_years: Option<u32>,
    /// Female or male.
    pub sex: Option<Sex>,
    /// The ward at the first score; empty where nobody said.
    pub ward: String,
}

/// A score of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scored {
    /// When it held.
    pub at: Timestamp,
    /// The value, or what it is at least.
    pub value: i64,
    /// Whether its band is one that is said.
    pub is_raised: bool,
}

/// A range of time that is looked at; both ends included.
pub type Range = (Timestamp, Timestamp);

/// What a rehearsal shows of a pipeline, patient by patient, in the order in which they came. Patients of whom there is
/// no score are left out.
pub fn observed(
    rehearsal: &Rehearsal,
    pipeline: &str,
    outcomes: &BTreeMap<TwinId<'static>, Vec<Timestamp>>,
    (from, to): Range,
) -> Vec<Observed> {
    let shard = rehearsal.shard();
    let Some(live) = shard.lives().iter().find(|live| *live.pipeline.name == *pipeline) else {
        return Vec::new();
    };
    let mut alerts: BTreeMap<TwinId<'_>, (Vec<Timestamp>, u32)> = BTreeMap::new();
    for leaving in rehearsal.left() {
        let effect = &leaving.effect;
        let is_new = matches!(effect.change, EffectChange::Raised | EffectChange::Escalated);
        let is_inside = from <= effect.known && effect.known <= to;
        if *effect.pipeline == *pipeline && is_new && is_inside {
            alerts.entry(leaving.twin.as_ref()).or_default().0.push(effect.known);
        }
    }
    for row in shard.effects().rows().iter() {
        let is_ours =
            *row.effect.pipeline == *pipeline && from <= row.effect.at && row.effect.at <= to;
        if is_ours && row.effect.audience == Audience::Retrospective {
            alerts.entry(shard.twins().twin_id(row.patient)).or_default().1 += 1;
        }
    }
    let mut suppressed: BTreeMap<u32, BTreeMap<&'static str, u32>> = BTreeMap::new();
    for row in shard.effects().suppressions().iter() {
        if live.tracks.contains(&row.track) {
            let counts = suppressed.entry(row.patient).or_default();
            *counts.entry(row.suppression.reason.name()).or_default() += row.suppression.count;
        }
    }
    let n_patients = u32::try_from(shard.twins().n_patients()).unwrap_or(u32::MAX);
    let patients = (0..n_patients).filter_map(|patient| {
        let scores = scores(
            rehearsal,
            live.first_track(),
            patient,
            live.pipeline.policy.raise_from,
            (from, to),
        );
        let (first, last) = (scores.first()?.at, scores.last()?.at);
        let twin = shard.twins().twin_id(patient);
        let view = View { twins: shard.twins(), value_sets: shard.value_sets(), patient };
        let person = shard.twins().person(patient);
        let (alerts, n_retrospective) = alerts.remove(&twin).unwrap_or_default();
        let age = person.birth.and_then(|birth| birth.age_years(first));
        let known: Option<&Vec<Timestamp>> = outcomes.get(&twin.clone().into_owned());
        let inside = |at: &&Timestamp| from <= **at && **at <= to;
        Some(Observed {
            days: days(last.since(first)),
            alerts,
            n_retrospective,
            suppressed: suppressed.remove(&patient).unwrap_or_default(),
            outcomes: known.into_iter().flatten().filter(inside).copied().collect(),
            scores,
            age_years: age.map(|(least, _)| least),
            sex: person.sex,
            ward: stay_at(&view, first).ward(),
        })
    });
    patients.collect()
}

fn scores(
    rehearsal: &Rehearsal,
    track: u16,
    patient: u32,
    raise_from: usize,
    (from, to): Range,
) -> Vec<Scored> {
    let rows = rehearsal.shard().scores().walk(patient, track).map(|(_, row)| row);
    let rows = rows.filter(|row| row.value != NO_VALUE && from <= row.at() && row.at() <= to);
    let scored = rows.map(|row| Scored {
        at: row.at(),
        value: i64::from(row.value),
        is_raised: row.band != NO_BAND && raise_from <= usize::from(row.band),
    });
    let mut scores: Vec<Scored> = scored.collect();
    scores.reverse();
    scores
}

/// A span in days.
#[expect(clippy::as_conversions, reason = "spans of a life in microseconds are below 2^53")]
pub fn days(span: Span) -> f64 {
    span.micros() as f64 / 86_400e6
}
