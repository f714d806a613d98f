//! What acts on a shard itself: which definitions are in force, and that time passed.

use std::sync::Arc;

use crate::domain::event::Control;
use crate::domain::identity::LogPosition;
use crate::domain::promotion::PipelineState;
use crate::domain::time::Timestamp;
use crate::engine::shard::{Shard, StepError, StepOutput};
use crate::engine::timers::Timer;
use crate::pipeline::live::Dirty;

impl Shard {
    /// Lets a control event happen.
    ///
    /// # Errors
    /// If a definition cannot be read.
    pub(super) fn control(
        &mut self,
        control: &Control<'_>,
        position: LogPosition,
        output: &mut StepOutput,
    ) -> Result<(), StepError> {
        match control {
            Control::Opened { n_partitions, clock } => {
                self.clock_kind = *clock;
                self.opened = Some((*n_partitions, *clock));
                self.broadcast_all(position, output);
            }
            Control::Promotion(promotion) => self.promote(promotion, position, output),
            Control::Tick { at } => self.tick(*at, position, output),
            Control::Definition { kind, name, text } => {
                let text = text.to_string();
                let provisional = self.identities.provisional.clone();
                Arc::make_mut(&mut self.definitions).insert((*kind, name.to_string()), text);
                self.redefine().map_err(|(name, error)| StepError::Definition {
                    partition: position.partition,
                    offset: position.offset,
                    name,
                    error,
                })?;
                self.become_provisional(&provisional, position, output);
            }
        }
        Ok(())
    }

    /// Time passed: what is due happens, in the order in which it is due.
    fn tick(&mut self, at: Timestamp, position: LogPosition, output: &mut StepOutput) {
        self.clock = self.clock.max(at);
        while let Some(timer) = self.timers.pop(self.clock) {
            let (dirty, at, (patient, track)) = match timer {
                Timer::Due(place) => (None, self.clock, place),
                Timer::Planned(at, place) => (Some(Dirty::point(at)), at, place),
            };
            let Some(live) = self.live_of(track).filter(|_| !self.is_off(patient)) else {
                continue;
            };
            if self.lives.get(live).is_some_and(|live| live.state == PipelineState::Paused) {
                self.missed.note(patient, track, at);
                continue;
            }
            let kept = self.keep(patient, live, dirty.as_ref(), output);
            self.decide(patient, live, kept.map(|kept| kept.touched), position, output);
        }
        while let Some((patient, track)) = self.timers.pop_again(self.known) {
            let Some(live) = self.live_of(track).filter(|_| !self.is_off(patient)) else {
                continue;
            };
            self.decide(patient, live, None, position, output);
        }
    }

    /// The place of the pipeline with this first track, if it is still in force.
    fn live_of(&self, track: u16) -> Option<usize> {
        self.lives.iter().position(|live| live.first_track() == track)
    }
}
