//! One partition of the log as twins, scores and effects: the synchronous heart.
//!
//! ```text
//! frames ─► step ─► for each event in log order:
//!                     apply          what is true of the patient?
//!                     keep           which scores and episodes follow?
//!                     decide         what is said?
//! ```
//! It owns its twins, takes no lock, reads no clock and does no I/O. What it does is a function of
//! the log alone; how the log was cut into batches changes nothing (PL-2).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::effect::Effect;
use crate::domain::event::{Clock, Control, DefinitionKind, Event, EventBody};
use crate::domain::identity::{LogPosition, TwinId};
use crate::domain::promotion::{PipelineState, Promotions};
use crate::domain::time::{Span, Timestamp};
use crate::engine::definitions::Read;
use crate::engine::missed::Missed;
use crate::engine::timers::Timers;
use crate::log::decode::{FrameError, open_frame};
use crate::pipeline::live::{Dirty, Live};
use crate::pipeline::said::Said;
use crate::pipeline::supports::Supports;
use crate::pipeline::truth::{Kept, Truth};
use crate::pipeline::value_set::ValueSets;
use crate::pipeline::view::{Scratch, View};
use crate::twin::effects::Effects;
use crate::twin::identities::Identities;
use crate::twin::intern::Interner;
use crate::twin::scores::{NO_NOTES, Scores};
use crate::twin::snapshot::{PastTrack, Track};
use crate::twin::twins::{Applied, Change, Twins};

/// One frame of the log as it was read.
#[derive(Clone, Debug)]
pub struct LogFrame {
    /// Its offset in the partition.
    pub offset: u64,
    /// When it was appended.
    pub appended_at: Timestamp,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// An effect on its way out.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// Whose.
    pub twin: TwinId<'static>,
    /// Its place among all that left about the patient, from 1.
    pub number: u32,
    /// The effect.
    pub effect: Arc<Effect>,
    /// The event that caused it.
    pub cause: LogPosition,
}

/// What a step did.
#[derive(Clone, Debug, Default)]
pub struct StepOutput {
    /// What leaves, in order.
    pub leaving: Vec<Leaving>,
    /// What pipelines in shadow would say, in order: nobody is told.
    pub shadow: Vec<Leaving>,
    /// Events applied.
    pub n_events: u64,
    /// Facts in them.
    pub n_facts: u64,
    /// Assessments made.
    pub n_assessed: u64,
    /// What other twins are told of identities that are one person: it belongs into the log before the position of
    /// its cause is committed. What comes again does nothing.
    pub forwards: Vec<Event<'static>>,
    /// What other partitions are told of what acts on every shard, each with the partition; the same holds of it.
    pub broadcasts: Vec<(u32, Event<'static>)>,
}

/// Why a step failed. The log is ours, so both stop the shard rather than lose an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// A frame is damaged or from a newer version.
    #[error("partition {partition} offset {offset}: {error}")]
    Frame {
        /// The partition.
        partition: u32,
        /// The offset of the frame.
        offset: u64,
        /// What is wrong.
        error: FrameError,
    },
    /// A definition in the log cannot be read by this version.
    #[error("partition {partition} offset {offset}: definition `{name}`: {error}")]
    Definition {
        /// The partition.
        partition: u32,
        /// The offset of the frame.
        offset: u64,
        /// The definition.
        name: String,
        /// What is wrong.
        error: String,
    },
}

/// The twins of one partition, and all that follows from them.
#[derive(Debug)]
pub struct Shard {
    pub(super) partition: u32,
    pub(super) next_offset: u64,
    pub(super) known: Timestamp,
    pub(super) clock: Timestamp,
    pub(super) clock_kind: Clock,
    pub(super) opened: Option<(u32, Clock)>,
    pub(super) recorded_through: Timestamp,
    pub(super) twins: Twins,
    pub(super) scores: Scores,
    pub(super) effects: Effects,
    /// What pipelines in shadow would have said. Readers of what was said do not reach it.
    pub(super) shadow: Effects,
    pub(super) supports: Supports,
    pub(super) notes: Interner,
    pub(super) tracks: Arc<Vec<Track>>,
    pub(super) past_tracks: Arc<Vec<PastTrack>>,
    pub(super) lives: Vec<Live>,
    pub(super) value_sets: Arc<ValueSets>,
    pub(super) definitions: Arc<BTreeMap<(DefinitionKind, String), String>>,
    /// Definitions that were read.
    pub(super) read: Arc<Read>,
    pub(super) timers: Timers,
    /// Who put which pipeline in which state.
    pub(super) promotions: Arc<Promotions>,
    /// What pipelines that are paused did not look at.
    pub(super) missed: Missed,
    /// Which identities are one person.
    pub(super) identities: Arc<Identities>,
    /// Whether it is a fork: events about patients without a twin in it are passed over.
    pub(super) is_fork: bool,
    pub(super) scratch: Scratch,
    /// Working memory for what an event changed.
    pub(super) dirty: Dirty,
}

/// Texts of notes, the empty one first: most scores have none.
pub(super) fn notes() -> Interner {
    let mut notes = Interner::default();
    let none = notes.intern("");
    assert_eq!(none, NO_NOTES, "TW-2: the first text has the first number");
    notes
}

/// Events of a frame that are read before the first of them is applied: their patients are looked for
/// together, so that memory is waited for once.
const AHEAD_EVENTS: usize = 16;

impl Shard {
    /// The shard of a partition before its first event.
    pub fn new(partition: u32) -> Shard {
        Shard {
            partition,
            next_offset: 0,
            known: Timestamp::MIN,
            clock: Timestamp::MIN,
            clock_kind: Clock::Live,
            opened: None,
            recorded_through: Timestamp::MIN,
            twins: Twins::new(partition, &[]),
            scores: Scores::default(),
            effects: Effects::default(),
            shadow: Effects::default(),
            supports: Supports::default(),
            notes: notes(),
            tracks: Arc::default(),
            past_tracks: Arc::default(),
            lives: Vec::new(),
            value_sets: Arc::default(),
            definitions: Arc::default(),
            read: Arc::default(),
            timers: Timers::default(),
            promotions: Arc::default(),
            missed: Missed::default(),
            identities: Arc::default(),
            is_fork: false,
            scratch: Scratch::default(),
            dirty: Dirty::default(),
        }
    }

    /// Applies frames in the order of the log. A frame before the shard's position was applied
    /// already and is passed over (TW-1).
    ///
    /// # Errors
    /// If a frame or a definition cannot be read. What lies before it has been applied; the shard goes no
    /// further, and neither may its owner.
    pub fn step(&mut self, frames: &[LogFrame]) -> Result<StepOutput, StepError> {
        let mut output = StepOutput::default();
        for frame in frames {
            if frame.offset < self.next_offset {
                continue;
            }
            let (partition, offset) = (self.partition, frame.offset);
            let failed = |error| StepError::Frame { partition, offset, error };
            let opened = open_frame(&frame.bytes).map_err(failed)?;
            let (mut events, mut index) = (opened.events(), 0);
            let mut ahead = Vec::with_capacity(AHEAD_EVENTS);
            loop {
                let read = events.by_ref().take(AHEAD_EVENTS);
                let broken = read.map(|event| event.map(|event| ahead.push(event)));
                let broken = broken.filter_map(Result::err).next();
                if ahead.is_empty() && broken.is_none() {
                    break;
                }
                for (patient, series) in self.twins.look_ahead(&ahead) {
                    self.lives.iter().for_each(|live| live.touch(&self.scores, patient, series));
                }
                for event in ahead.drain(..) {
                    let position = LogPosition { partition, offset, index };
                    self.known = self.known_of(&event, frame.appended_at);
                    self.event(&event, position, &mut output)?;
                    index += 1;
                }
                if let Some(error) = broken {
                    return Err(failed(error));
                }
            }
            self.next_offset = frame.offset + 1;
        }
        Ok(output)
    }

    /// Known time only moves forward, one microsecond at least (DESIGN §9a).
    fn known_of(&self, event: &Event<'_>, appended_at: Timestamp) -> Timestamp {
        let after = self.known.plus(Span::from_micros(1));
        let clock = match &event.body {
            EventBody::Control(Control::Opened { clock, .. }) => *clock,
            EventBody::Control(_)
            | EventBody::Patient { .. }
            | EventBody::Directory { .. }
            | EventBody::Response { .. }
            | EventBody::Claim { .. }
            | EventBody::Transfer { .. } => self.clock_kind,
        };
        match (event.available_at, clock) {
            (Some(at), _) => at.max(after),
            (None, Clock::Recorded) => after,
            (None, Clock::Live) => appended_at.max(after),
        }
    }

    fn event(
        &mut self,
        event: &Event<'_>,
        position: LogPosition,
        output: &mut StepOutput,
    ) -> Result<(), StepError> {
        output.n_events += 1;
        match &event.body {
            EventBody::Control(control) => return self.control(control, position, output),
            EventBody::Response { twin, response } => {
                self.respond(twin, response, position, output);
                return Ok(());
            }
            EventBody::Patient { .. } | EventBody::Directory { .. } => {
                if let Some(at) = event.available_at {
                    self.recorded_through = self.recorded_through.max(at);
                }
            }
            EventBody::Claim { .. } | EventBody::Transfer { .. } => {}
        }
        if self.is_fork && self.twins.passes_over(event) {
            return Ok(());
        }
        match &event.body {
            EventBody::Claim { twin, claim } => self.claimed(twin, claim, position, output),
            EventBody::Transfer { twin, transfer } => {
                let LogPosition { partition, offset, .. } = position;
                let torn = |_| StepError::Frame { partition, offset, error: FrameError::Damaged };
                self.receive(twin, transfer, position, output).map_err(torn)?;
            }
            EventBody::Patient { .. }
            | EventBody::Directory { .. }
            | EventBody::Control(_)
            | EventBody::Response { .. } => {
                let n_patients = self.twins.n_patients();
                let applied = self.twins.apply(event, position, self.known);
                output.n_facts += u64::try_from(applied.n_facts).unwrap_or(0);
                self.follow(&applied, position, output);
                let is_new = n_patients < self.twins.n_patients();
                self.identify(applied, is_new, position, output);
            }
        }
        Ok(())
    }

    /// Brings scores, episodes and effects up to date after an event was applied whole.
    pub(super) fn follow(
        &mut self,
        applied: &Applied,
        position: LogPosition,
        output: &mut StepOutput,
    ) {
        let Some(patient) = applied.patient.filter(|_| !applied.changes.is_empty()) else { return };
        if self.is_off(patient) {
            return;
        }
        let mut dirty = std::mem::take(&mut self.dirty);
        for live in 0..self.lives.len() {
            self.mark(patient, live, &applied.changes, &mut dirty);
            self.plan(patient, live, &dirty.planned);
            if dirty.is_clean() || self.passes_by(patient, live, &dirty) {
                continue;
            }
            let kept = self.keep(patient, live, Some(&dirty), output);
            self.decide(patient, live, kept.map(|kept| kept.touched), position, output);
        }
        self.dirty = dirty;
    }

    pub(super) fn mark(&self, patient: u32, live: usize, changes: &[Change], dirty: &mut Dirty) {
        let view = View { twins: &self.twins, value_sets: &self.value_sets, patient };
        let present = self.clock.max(self.known);
        if let Some(live) = self.lives.get(live) {
            live.mark(&view, changes, present, dirty);
        }
    }

    /// What is said to begin or end later is no score before its time has come.
    pub(super) fn plan(&mut self, patient: u32, live: usize, planned: &[Timestamp]) {
        if let Some(live) = self.lives.get(live) {
            let place = (patient, live.first_track());
            planned.iter().for_each(|at| self.timers.plan(place, *at));
        }
    }

    /// Keeps the truth of a pipeline for a patient: after a change, or because time passed.
    pub(super) fn keep(
        &mut self,
        patient: u32,
        live_index: usize,
        dirty: Option<&Dirty>,
        output: &mut StepOutput,
    ) -> Option<Kept> {
        let live = self.lives.get(live_index)?;
        let mut truth = Truth {
            live,
            view: View { twins: &self.twins, value_sets: &self.value_sets, patient },
            name: self.twins.name_hash(patient),
            scores: &mut self.scores,
            notes: &mut self.notes,
            clock: self.clock,
            known: self.known,
            clock_goes_on: self.timers.next((patient, live.first_track())),
            scratch: &mut self.scratch,
            n_assessed: 0,
        };
        let kept = match dirty {
            Some(dirty) => truth.keep(dirty),
            None => truth.tick(),
        };
        output.n_assessed += truth.n_assessed;
        let reaches_the_end = kept.is_some_and(|kept| {
            let newest =
                live.tracks.first().and_then(|track| self.scores.newest_at(patient, *track));
            newest.is_none_or(|newest| newest <= kept.touched.1)
        });
        if let Some(kept) = kept.filter(|_| reaches_the_end) {
            self.timers.set((patient, live.first_track()), kept.next_at);
        }
        kept
    }

    pub(super) fn decide(
        &mut self,
        patient: u32,
        live_index: usize,
        touched: Option<(Timestamp, Timestamp)>,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        let Some(live) = self.lives.get(live_index) else { return };
        let is_live = live.state == PipelineState::Live;
        let effects = match live.state {
            PipelineState::Live => &mut self.effects,
            PipelineState::Shadow => &mut self.shadow,
            PipelineState::Paused => return,
        };
        let mut leaving = Vec::new();
        let mut said = Said {
            live,
            view: View { twins: &self.twins, value_sets: &self.value_sets, patient },
            scores: &self.scores,
            effects,
            supports: &mut self.supports,
            known: self.known,
            scratch: &mut self.scratch,
            leaving: &mut leaving,
            again_at: None,
        };
        said.decide(touched);
        if let Some(at) = said.again_at {
            self.timers.decide_again((patient, live.first_track()), at);
        }
        for effect in leaving {
            match is_live {
                true => self.leave(patient, effect, cause, output),
                false => self.leave_unheard(patient, effect, cause, output),
            }
        }
    }

    /// Lets a revision of an effect leave.
    pub(super) fn leave(
        &mut self,
        patient: u32,
        effect: Arc<Effect>,
        cause: LogPosition,
        output: &mut StepOutput,
    ) {
        let twin = self.twins.twin_id(patient).into_owned();
        let number = self.effects.count_left(patient);
        output.leaving.push(Leaving { twin, number, effect, cause });
    }

    pub(super) fn intern_note(&mut self, text: &str) -> u32 {
        self.notes.intern(text)
    }

    pub(super) fn tracks(&self) -> &Arc<Vec<Track>> {
        &self.tracks
    }

    /// The pipelines in force.
    pub(super) fn lives(&self) -> &[Live] {
        &self.lives
    }

    /// The value sets that features name.
    pub(super) fn value_sets(&self) -> &ValueSets {
        &self.value_sets
    }

    /// The twins.
    pub fn twins(&self) -> &Twins {
        &self.twins
    }

    /// The scores.
    pub fn scores(&self) -> &Scores {
        &self.scores
    }

    /// What was said and what was not.
    pub fn effects(&self) -> &Effects {
        &self.effects
    }

    /// What pipelines in shadow would have said.
    pub fn shadow(&self) -> &Effects {
        &self.shadow
    }

    /// Who put which pipeline in which state.
    pub fn promotions(&self) -> &Promotions {
        &self.promotions
    }

    /// The definitions in force.
    pub fn definitions(&self) -> &BTreeMap<(DefinitionKind, String), String> {
        &self.definitions
    }

    /// The offset of the next frame it waits for.
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// What the log says of itself at its beginning: its partitions and its clock.
    pub fn opened(&self) -> Option<(u32, Clock)> {
        self.opened
    }

    /// When the newest event of a recorded history became available.
    pub fn recorded_through(&self) -> Timestamp {
        self.recorded_through
    }

    /// How far the ticks have come.
    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// The known time of the newest event.
    pub fn known(&self) -> Timestamp {
        self.known
    }
}
