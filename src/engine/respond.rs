//! What a person did about an effect: it becomes the next revision of it, at the place in the log where it stands.
//!
//! An id that nothing was said under, and a response that has no effect any more, stay in the log and change nothing.

use std::sync::Arc;

use crate::domain::effect::{Effect, EffectChange, EffectStatus};
use crate::domain::identity::{LogPosition, TwinId};
use crate::domain::response::{Action, Response, check};
use crate::engine::shard::{Shard, StepOutput};

impl Shard {
    /// Lets a response happen.
    pub(super) fn respond(
        &mut self,
        twin: &TwinId<'_>,
        response: &Response<'_>,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        let Some(patient) = self.twins.patient(twin) else { return };
        let n_tracks = u16::try_from(self.tracks.len()).unwrap_or(u16::MAX);
        let found = (0..n_tracks).find_map(|track| {
            let mut said = self.effects.of_track(patient, track);
            let (number, effect) = said.find(|(_, effect)| effect.id == response.effect)?;
            Some((track, number, effect.clone()))
        });
        let Some((track, number, effect)) = found else { return };
        if check(&effect, response, self.known).is_err() {
            return;
        }
        let mut next = Effect::clone(&effect);
        next.revision += 1;
        next.known = self.known;
        next.handling.answer(response, self.known);
        match response.action {
            Action::Acknowledge => next.change = EffectChange::Acknowledged,
            Action::Snooze { until } => {
                next.change = EffectChange::Snoozed;
                let mut lives = self.lives.iter();
                if let Some(live) = lives.find(|live| live.tracks.contains(&track)) {
                    self.timers.decide_again((patient, live.first_track()), until);
                }
            }
            Action::Resolve => {
                next.change = EffectChange::Resolved;
                next.status = EffectStatus::Resolved;
                next.ended_at = Some(self.known.max(next.onset));
            }
        }
        let effect = Arc::new(next);
        self.effects.revise(number, effect.clone());
        self.leave(patient, effect, cause, output);
    }
}
