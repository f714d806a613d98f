//! A pipeline is put in another state, at the place in the log where that was decided.
//!
//! ```text
//! to live     what would be said ends in shadow ─► what holds now is decided anew, for real
//! to shadow   what was said stays as it stands  ─► what holds now is decided for nobody
//! to paused   everything stays as it stands     ─► what comes is remembered by patient, and looked at afterwards
//! ```
//! What is true does not depend on who speaks: only while a pipeline is paused its scores stay behind, and afterwards
//! they are what they would have been. The shard of the first partition tells all others.

use std::sync::Arc;

use crate::domain::effect::{Audience, Effect, EffectChange, EffectStatus};
use crate::domain::event::{Clock, Control, Event, EventBody};
use crate::domain::identity::{LogPosition, SourcePosition};
use crate::domain::promotion::{PipelineState, Promotion};
use crate::domain::time::Timestamp;
use crate::engine::appender::COORDINATOR;
use crate::engine::shard::{Leaving, Shard, StepOutput};
use crate::pipeline::live::Dirty;
use crate::twin::snapshot::InForce;

impl Shard {
    /// Puts a pipeline in a state. The same promotion again changes nothing.
    pub(super) fn promote(
        &mut self,
        promotion: &Promotion<'_>,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        let before = self.promotions.state(&promotion.pipeline);
        if self.promotions.all().iter().any(|one| one.promotion == *promotion) {
            return;
        }
        Arc::make_mut(&mut self.promotions).add(promotion, self.known);
        self.broadcast(&promotion.clone().into_owned(), cause, output);
        let mut lives = self.lives.iter();
        let Some(live) = lives.position(|live| *live.pipeline.name == *promotion.pipeline) else {
            return;
        };
        self.enter(live, before, promotion.to, cause, output);
    }

    /// Lets a pipeline go from one state to another.
    fn enter(
        &mut self,
        live: usize,
        before: PipelineState,
        state: PipelineState,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        if let Some(live) = self.lives.get_mut(live) {
            live.state = state;
        }
        if before == state || state == PipelineState::Paused {
            return;
        }
        if state == PipelineState::Live {
            self.end_unheard(live, cause, output);
        }
        if before == PipelineState::Paused {
            self.catch_up(live, cause, output);
        }
        self.decide_all(live, cause, output);
    }

    /// Whether a pipeline is paused: then it is noted that something changed.
    pub(super) fn passes_by(&mut self, patient: u32, live: usize, dirty: &Dirty) -> bool {
        let Some(live) = self.lives.get(live) else { return true };
        if live.state != PipelineState::Paused {
            return false;
        }
        let points = dirty.points.iter().copied();
        let from = points.chain(dirty.ranges.iter().map(|(from, _)| *from)).min();
        if let Some(from) = from {
            self.missed.note(patient, live.first_track(), from);
        }
        true
    }

    /// Looks at everything that came while a pipeline was paused.
    fn catch_up(&mut self, live_index: usize, cause: LogPosition, output: &mut StepOutput) {
        let Some(track) = self.lives.get(live_index).map(|live| live.first_track()) else { return };
        let mut dirty = Dirty::default();
        for (patient, from) in self.missed.take(track) {
            if self.is_off(patient) {
                continue;
            }
            let changes = self.twins.all_of(patient);
            self.mark(patient, live_index, &changes, &mut dirty);
            self.plan(patient, live_index, &dirty.planned);
            // What the clock would have made stands after the newest point of a fact.
            let newest = self.newest_of_fact(patient, track);
            let from = newest.map_or(from, |newest| newest.min(from));
            dirty.points.retain(|at| from <= *at);
            dirty.ranges = vec![(from, Timestamp::FOREVER)];
            dirty.policy = true;
            let kept = self.keep(patient, live_index, Some(&dirty), output);
            self.decide(patient, live_index, kept.map(|kept| kept.touched), cause, output);
        }
    }

    /// The newest point that a fact made.
    fn newest_of_fact(&self, patient: u32, track: u16) -> Option<Timestamp> {
        let mut instants = self.scores.instants(patient, track);
        instants.find(|instant| !instant.is_by_clock).map(|instant| instant.at)
    }

    /// Decides about every patient whose condition holds, or of whom something stands.
    fn decide_all(&mut self, live_index: usize, cause: LogPosition, output: &mut StepOutput) {
        let Some(live) = self.lives.get(live_index) else { return };
        let (tracks, is_live) = (live.tracks.clone(), live.state == PipelineState::Live);
        let n_patients = u32::try_from(self.twins.n_patients()).unwrap_or(u32::MAX);
        for patient in 0..n_patients {
            let said = if is_live { &self.effects } else { &self.shadow };
            let is_open = tracks.iter().any(|track| {
                self.scores.is_in_episode(patient, *track) || said.active(patient, *track).is_some()
            });
            if is_open && !self.is_off(patient) {
                self.decide(patient, live_index, None, cause, output);
            }
        }
    }

    /// Ends what a pipeline would have said: it speaks from here on.
    fn end_unheard(&mut self, live_index: usize, cause: LogPosition, output: &mut StepOutput) {
        let Some(live) = self.lives.get(live_index) else { return };
        let tracks = live.tracks.clone();
        let rows = (0..).zip(self.shadow.rows().iter());
        let open = rows.filter(|(_, row)| {
            tracks.contains(&row.track) && row.effect.status == EffectStatus::Active
        });
        let open: Vec<(u32, u32, u16, Arc<Effect>)> = open
            .map(|(number, row)| (number, row.patient, row.track, row.effect.clone()))
            .collect();
        for (number, patient, track, effect) in open {
            let mut next = Effect::clone(&effect);
            next.revision += 1;
            next.status = EffectStatus::Resolved;
            next.change = EffectChange::Resolved;
            next.known = self.known;
            next.ended_at = Some(self.known.max(effect.onset));
            next.notes.push("ended in shadow: the pipeline is live".to_owned());
            let next = Arc::new(next);
            self.shadow.revise(number, next.clone());
            self.shadow.end_suppression(patient, track);
            if next.audience == Audience::CareTeam {
                self.leave_unheard(patient, next, cause, output);
            }
        }
    }

    /// Lets a revision of what would be said go where nobody is told of it.
    pub(super) fn leave_unheard(
        &mut self,
        patient: u32,
        effect: Arc<Effect>,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        let twin = self.twins.twin_id(patient).into_owned();
        let number = self.shadow.count_left(patient);
        output.shadow.push(Leaving { twin, number, effect, cause });
    }

    /// Has every other partition told, where this is the shard of the first.
    fn broadcast(
        &self,
        promotion: &Promotion<'static>,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        let Some((n_partitions, _)) = self.opened.filter(|_| self.partition == COORDINATOR) else {
            return;
        };
        let offset = i64::try_from(cause.offset).unwrap_or(i64::MAX);
        let available_at = Some(self.known).filter(|_| self.clock_kind == Clock::Recorded);
        let event = Event {
            source: SourcePosition::new("twin", 0, offset),
            available_at,
            body: EventBody::Control(Control::Promotion(promotion.clone())),
        };
        let others = (0..n_partitions).filter(|partition| *partition != COORDINATOR);
        output.broadcasts.extend(others.map(|partition| (partition, event.clone())));
    }

    /// Has them told of what was decided before it was known how many they are.
    pub(super) fn broadcast_all(&self, cause: LogPosition, output: &mut StepOutput) {
        for one in self.promotions.all() {
            self.broadcast(&one.promotion, cause, output);
        }
    }

    /// Whether each pipeline in force speaks.
    pub fn states(&self) -> impl Iterator<Item = PipelineState> {
        self.lives.iter().map(|live| live.state)
    }

    /// The pipelines in force, in a few words.
    pub(super) fn in_force(&self) -> Vec<InForce> {
        let of = |live: &crate::pipeline::live::Live| InForce {
            name: live.pipeline.name.clone(),
            title: live.pipeline.title.clone(),
            kind: live.pipeline.kind,
            edition: live.pipeline.edition.clone(),
            settings: live.pipeline.policy.settings.clone(),
            tracks: live.tracks.clone(),
        };
        self.lives.iter().map(of).collect()
    }

    /// Has every pipeline speak, whatever its state, and decides what it would have said by now: for a fork, which
    /// nobody hears. Gives the states they had.
    pub(super) fn speak(&mut self) -> Vec<(Arc<str>, PipelineState)> {
        let lives = self.lives.iter();
        let states: Vec<(Arc<str>, PipelineState)> =
            lives.map(|live| (live.pipeline.name.clone(), live.state)).collect();
        let cause = LogPosition { partition: self.partition, offset: self.next_offset, index: 0 };
        for (live, (_, state)) in states.iter().enumerate() {
            let mut unheard = StepOutput::default();
            self.enter(live, *state, PipelineState::Live, cause, &mut unheard);
        }
        states
    }
}
