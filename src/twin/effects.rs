//! What was said of each patient, as it stands, and what was not said and why.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::domain::effect::{Audience, Effect, EffectId, EffectStatus, Suppression};
use crate::domain::time::Timestamp;
use crate::twin::hash::Numbers;
use crate::twin::pages::Pages;

/// An effect and whose it is.
#[derive(Clone, Debug)]
pub struct EffectRow {
    /// The patient's number in the shard.
    pub patient: u32,
    /// The track: a pipeline's subject.
    pub track: u16,
    /// The effect as it stands.
    pub effect: Arc<Effect>,
}

/// A suppression and whose it is.
#[derive(Clone, Debug)]
pub struct SuppressionRow {
    /// The patient's number in the shard.
    pub patient: u32,
    /// The track: a pipeline's subject.
    pub track: u16,
    /// What was not said.
    pub suppression: Suppression,
}

/// One time that something was not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsaid {
    /// The suppression that counts it.
    pub suppression: u32,
    /// When it was not said.
    pub known: Timestamp,
    /// The effective time of its newest evidence.
    pub at: Timestamp,
}

/// Everything that was said and was not, as readers share it.
#[derive(Clone, Debug, Default)]
pub struct SaidPages {
    /// Every effect, in the order in which they were first said.
    pub effects: Pages<EffectRow>,
    /// Every revision of every effect, in the order in which they were made.
    pub revisions: Pages<EffectRow>,
    /// Every suppression.
    pub suppressions: Pages<SuppressionRow>,
    /// Every time that something was not said, in order: what the suppressions count.
    pub unsaid: Pages<Unsaid>,
}

type ByTrack = HashMap<(u32, u16), Vec<u32>, Numbers>;

/// Everything said and unsaid in a shard.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    rows: Pages<EffectRow>,
    revisions: Pages<EffectRow>,
    suppressions: Pages<SuppressionRow>,
    unsaid: Pages<Unsaid>,
    by_track: ByTrack,
    newest_suppression: HashMap<(u32, u16), u32, Numbers>,
    /// How many revisions left about each patient.
    n_left: HashMap<u32, u32, Numbers>,
    /// Bytes of the revisions.
    n_effect_bytes: usize,
}

impl Effects {
    /// What was said and unsaid in a shard that is restored; the last are the runs of equal suppressions
    /// that go on, by patient and track, and how many revisions left about each patient: `None` where that was not
    /// counted, and everything that was said to a care team left.
    pub fn of(
        rows: Pages<EffectRow>,
        revisions: Pages<EffectRow>,
        suppressions: Pages<SuppressionRow>,
        going_on: Vec<(u32, u16, u32)>,
        unsaid: Pages<Unsaid>,
        n_left: Option<Vec<(u32, u32)>>,
    ) -> Effects {
        let mut by_track = ByTrack::default();
        for (number, row) in (0..).zip(rows.iter()) {
            by_track.entry((row.patient, row.track)).or_default().push(number);
        }
        let n_left = n_left.map_or_else(|| count_said(&revisions), |all| all.into_iter().collect());
        let going_on = going_on.into_iter().map(|(patient, track, row)| ((patient, track), row));
        let n_effect_bytes = revisions.iter().map(|row| row.effect.size_bytes()).sum();
        Effects {
            rows,
            revisions,
            n_effect_bytes,
            suppressions,
            by_track,
            newest_suppression: going_on.collect(),
            n_left,
            unsaid,
        }
    }

    /// How many revisions left about each patient, by patient.
    pub fn n_left(&self) -> Vec<(u32, u32)> {
        let mut all: Vec<(u32, u32)> = self.n_left.iter().map(|(one, n)| (*one, *n)).collect();
        all.sort_unstable();
        all
    }

    /// Counts a revision that leaves about a patient; gives its number, from 1.
    pub fn count_left(&mut self, patient: u32) -> u32 {
        let n_left = self.n_left.entry(patient).or_default();
        *n_left = n_left.saturating_add(1);
        *n_left
    }

    /// The runs of equal suppressions that go on, by patient and track.
    pub fn going_on(&self) -> Vec<(u32, u16, u32)> {
        let runs = self.newest_suppression.iter();
        let mut runs: Vec<(u32, u16, u32)> =
            runs.map(|((patient, track), row)| (*patient, *track, *row)).collect();
        runs.sort_unstable();
        runs
    }

    /// Only what was said of these patients on the first `n_tracks` tracks, as it stands, and the runs of
    /// what was not: all that deciding asks for. Patients are numbered anew in the order of `patients`.
    pub fn only(&self, patients: &[u32], n_tracks: u16) -> Effects {
        let mut copy = Effects::default();
        for (patient, known_as) in (0..).zip(patients) {
            for track in 0..n_tracks {
                for (_, effect) in self.of_track(*known_as, track) {
                    copy.push(patient, track, effect.clone());
                }
                let run = self.newest_suppression.get(&(*known_as, track));
                if let Some(row) = run.and_then(|number| self.suppressions.get(*number)) {
                    copy.suppress(patient, track, row.suppression.clone());
                }
            }
        }
        copy
    }

    /// The effects of a track, in the order in which they were first said.
    pub fn of_track(&self, patient: u32, track: u16) -> impl Iterator<Item = (u32, &Arc<Effect>)> {
        let numbers = self.by_track.get(&(patient, track));
        let numbers = numbers.into_iter().flatten();
        numbers.filter_map(|number| Some((*number, &self.rows.get(*number)?.effect)))
    }

    /// Whether anything was ever said on a track.
    pub fn has_any(&self, patient: u32, track: u16) -> bool {
        self.by_track.contains_key(&(patient, track))
    }

    /// The effect that is active on a track; there is at most one.
    pub fn active(&self, patient: u32, track: u16) -> Option<(u32, &Arc<Effect>)> {
        self.of_track(patient, track).find(|(_, effect)| effect.status == EffectStatus::Active)
    }

    /// The effect of this id.
    pub fn with_id(&self, id: EffectId) -> Option<&EffectRow> {
        self.rows.iter().find(|row| row.effect.id == id)
    }

    /// Adds an effect.
    pub fn push(&mut self, patient: u32, track: u16, effect: Arc<Effect>) {
        self.n_effect_bytes += effect.size_bytes();
        let row = EffectRow { patient, track, effect };
        self.revisions.push(row.clone());
        let number = self.rows.push(row);
        self.by_track.entry((patient, track)).or_default().push(number);
    }

    /// Replaces an effect by its next revision.
    pub fn revise(&mut self, number: u32, effect: Arc<Effect>) {
        if let Some(row) = self.rows.get_mut(number) {
            self.n_effect_bytes += effect.size_bytes();
            row.effect = effect;
            let revised = row.clone();
            self.revisions.push(revised);
        }
    }

    /// Notes that something was not said. Equal ones in a row are one, with a count.
    pub fn suppress(&mut self, patient: u32, track: u16, suppression: Suppression) {
        let (known, at) = (suppression.last_known, suppression.at);
        let newest = self.newest_suppression.get(&(patient, track)).copied();
        let same = newest.filter(|number| {
            let row = self.suppressions.get(*number);
            row.is_some_and(|row| {
                let known = &row.suppression;
                (known.reason, &known.band) == (suppression.reason, &suppression.band)
            })
        });
        if let Some(number) = same
            && let Some(row) = self.suppressions.get_mut(number)
        {
            row.suppression.last_known = known;
            row.suppression.at = at;
            row.suppression.count = row.suppression.count.saturating_add(1);
            self.unsaid.push(Unsaid { suppression: number, known, at });
            return;
        }
        let number = self.suppressions.push(SuppressionRow { patient, track, suppression });
        self.unsaid.push(Unsaid { suppression: number, known, at });
        self.newest_suppression.insert((patient, track), number);
    }

    /// Ends the run of equal suppressions of a track, because something was said.
    pub fn end_suppression(&mut self, patient: u32, track: u16) {
        self.newest_suppression.remove(&(patient, track));
    }

    /// Every effect, in the order in which they were first said; cloning it is cheap.
    pub fn rows(&self) -> &Pages<EffectRow> {
        &self.rows
    }

    /// Every revision of every effect, in the order in which they were made; cloning it is cheap.
    pub fn revisions(&self) -> &Pages<EffectRow> {
        &self.revisions
    }

    /// Every suppression; cloning it is cheap.
    pub fn suppressions(&self) -> &Pages<SuppressionRow> {
        &self.suppressions
    }

    /// Every time that something was not said, in order: what the suppressions count; cloning it is cheap.
    pub fn unsaid(&self) -> &Pages<Unsaid> {
        &self.unsaid
    }

    /// Everything that was said and was not, for readers; cheap.
    pub fn pages(&self) -> SaidPages {
        SaidPages {
            effects: self.rows.clone(),
            revisions: self.revisions.clone(),
            suppressions: self.suppressions.clone(),
            unsaid: self.unsaid.clone(),
        }
    }

    /// Bytes of memory they take, within a few percent.
    pub fn size_bytes(&self) -> usize {
        let rows = self.rows.size_bytes() + self.revisions.size_bytes();
        let unsaid = self.suppressions.size_bytes() + self.unsaid.size_bytes();
        let places = self.by_track.capacity() * size_of::<((u32, u16), Vec<u32>)>();
        let running = self.newest_suppression.capacity() * size_of::<((u32, u16), u32)>();
        let counts = self.n_left.capacity() * size_of::<(u32, u32)>();
        self.n_effect_bytes + rows + unsaid + places + running + counts
    }
}

/// How many revisions were said about each patient.
fn count_said(revisions: &Pages<EffectRow>) -> HashMap<u32, u32, Numbers> {
    let mut n_said = HashMap::default();
    let said = revisions.iter().filter(|row| row.effect.audience == Audience::CareTeam);
    said.for_each(|row| *n_said.entry(row.patient).or_default() += 1);
    n_said
}
