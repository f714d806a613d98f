//! What was said of one identity goes on with another: an alert is neither lost nor said twice when patients are
//! merged.
//!
//! ```text
//! linked identity   active ─► moved (nobody is told)        its scores end
//! survivor                     the next revision, same id ─► follows the survivor's facts from then on
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::effect::{Audience, Effect, EffectChange, EffectId, EffectStatus};
use crate::domain::identity::LogPosition;
use crate::domain::time::Timestamp;
use crate::engine::checkpoint::bytes::Torn;
use crate::engine::checkpoint::effects::effects_of_bytes;
use crate::engine::shard::{Shard, StepOutput};

impl Shard {
    /// Ends the scores of a patient for whom another twin speaks from now on. Gives what was said and still stands:
    /// it goes on there.
    pub(super) fn fall_silent(&mut self, patient: u32) -> Vec<Arc<Effect>> {
        let name = self.twins.name_hash(patient);
        let mut standing = Vec::new();
        for live in &self.lives {
            for track in &live.tracks {
                let is_open = self.scores.is_in_episode(patient, *track);
                let said = self.effects.of_track(patient, *track);
                let goes_on = said.filter(|(_, effect)| match effect.status {
                    EffectStatus::Active => true,
                    // What a person called dealt with is not to be said again there.
                    EffectStatus::Resolved => is_open && effect.handling.resolved().is_some(),
                    EffectStatus::Withdrawn | EffectStatus::Moved => false,
                });
                let goes_on: Vec<(u32, Arc<Effect>)> =
                    goes_on.map(|(number, effect)| (number, effect.clone())).collect();
                for (number, effect) in goes_on {
                    let mut moved = Effect::clone(&effect);
                    moved.revision += 1;
                    moved.status = EffectStatus::Moved;
                    moved.change = EffectChange::Moved;
                    moved.known = self.known;
                    self.effects.revise(number, Arc::new(moved));
                    standing.push(effect);
                }
                let unheard = self.shadow.active(patient, *track);
                if let Some((number, effect)) = unheard.map(|(n, effect)| (n, effect.clone())) {
                    // The other twin decides anew what it would say.
                    let mut moved = Effect::clone(&effect);
                    moved.revision += 1;
                    moved.status = EffectStatus::Moved;
                    moved.change = EffectChange::Moved;
                    moved.known = self.known;
                    self.shadow.revise(number, Arc::new(moved));
                }
                let rows: Vec<u32> =
                    self.scores.walk(patient, *track).map(|(number, _)| number).collect();
                rows.into_iter().for_each(|number| self.scores.remove(number, self.known, name));
                self.supports.closed((patient, *track));
                self.effects.end_suppression(patient, *track);
                self.shadow.end_suppression(patient, *track);
            }
            self.timers.set((patient, live.first_track()), None);
        }
        standing
    }

    /// The site file says anew of which identities nobody knows whose they are.
    pub(super) fn become_provisional(
        &mut self,
        before: &BTreeSet<String>,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        if *before == self.identities.provisional {
            return;
        }
        let n_patients = u32::try_from(self.twins.n_patients()).unwrap_or(u32::MAX);
        for patient in 0..n_patients {
            let twin = self.twins.twin_id(patient).into_owned();
            let was = before.contains(twin.namespace.as_ref());
            let is = self.identities.provisional.contains(twin.namespace.as_ref());
            if is && !was {
                for effect in self.fall_silent(patient) {
                    self.end_of_nobody(patient, &effect, cause, output);
                }
            } else if was && !self.is_off(patient) {
                self.look_anew(patient, Vec::new(), cause, output);
            }
        }
    }

    /// Tells that what was said of somebody has ended, because nobody knows who that is.
    fn end_of_nobody(
        &mut self,
        patient: u32,
        effect: &Arc<Effect>,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        if effect.status != EffectStatus::Active || effect.audience != Audience::CareTeam {
            return;
        }
        let mut ended = Effect::clone(effect);
        let why = "ended: the identity is not linked to a patient".to_owned();
        go_on(&mut ended, Some(why), self.known);
        self.leave(patient, Arc::new(ended), cause, output);
    }

    /// Goes on with what was said of an identity whose facts come.
    ///
    /// # Errors
    /// If the bytes are none that this version writes.
    pub(super) fn adopt(
        &mut self,
        patient: u32,
        effects: &[u8],
        cause: LogPosition,
        output: &mut StepOutput,
    ) -> Result<(), Torn> {
        for effect in effects_of_bytes(effects)? {
            let track = self.tracks.iter().position(|track| {
                *track.pipeline == *effect.pipeline && *track.subject == *effect.subject
            });
            let track = track.and_then(|track| u16::try_from(track).ok());
            let said = track.map(|track| self.effects.of_track(patient, track));
            if said.into_iter().flatten().any(|(_, known)| known.id == effect.id) {
                continue;
            }
            let own = track.and_then(|track| self.effects.active(patient, track));
            let (effect, is_told) = adopted(effect, own.map(|(_, own)| own.id), track, self.known);
            let effect = Arc::new(effect);
            if let Some(track) = track {
                self.effects.push(patient, track, effect.clone());
            }
            if is_told && effect.audience == Audience::CareTeam {
                self.leave(patient, effect, cause, output);
            }
        }
        Ok(())
    }
}

/// The next revision of an effect that comes from another identity, and whether anybody is told.
fn adopted(
    mut effect: Effect,
    own: Option<EffectId>,
    track: Option<u16>,
    known: Timestamp,
) -> (Effect, bool) {
    if effect.status != EffectStatus::Active {
        return (effect, false);
    }
    let ends = match (track, own) {
        (None, _) => {
            Some("ended: its pipeline is not in force where the patient goes on".to_owned())
        }
        (Some(_), Some(own)) => Some(format!("goes on as {own}: the patients are one")),
        (Some(_), None) => None,
    };
    go_on(&mut effect, ends, known);
    (effect, true)
}

/// Makes an effect that moved its revision after that: it ends, where `ends` says why, or goes on.
fn go_on(effect: &mut Effect, ends: Option<String>, known: Timestamp) {
    effect.revision += 2;
    effect.known = known;
    match ends {
        Some(note) => {
            effect.status = EffectStatus::Resolved;
            effect.change = EffectChange::Resolved;
            effect.ended_at = Some(known.max(effect.onset));
            effect.notes.push(note);
        }
        None => {
            effect.change = EffectChange::Revised;
            effect.notes.push("the patients are one".to_owned());
        }
    }
}
