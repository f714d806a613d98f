//! A history through one shard in memory: what production would have computed and said, and nobody is told.
//!
//! ```text
//! events in order, with ticks ─► frames ─► Shard::step ─► scores and episodes, and what would have left
//! ```
//! It is the step of production on the history's own clock, with its effects kept here. So what a rehearsal says a
//! pipeline reads of a patient at an instant is what it reads live, to the bit.

use std::io;

use crate::domain::event::{Clock, Control, Event, EventBody};
use crate::domain::identity::{SourcePosition, TwinId};
use crate::domain::promotion::Promotions;
use crate::domain::time::Timestamp;
use crate::engine::appender::Appender;
use crate::engine::library::Library;
use crate::engine::promoting::put_live;
use crate::engine::shard::{Leaving, LogFrame, Shard, StepError};
use crate::engine::spool::Sorted;
use crate::engine::ticks::Ticks;
use crate::log::decode::{FrameError, decode_frame};
use crate::pipeline::model::number;
use crate::pipeline::pipeline::Pipeline;
use crate::pipeline::view::{Scratch, View};
use crate::rules::assessment::Assessment;

/// Events stepped at once.
const BATCH_EVENTS: usize = 4_096;

/// Why a rehearsal stops.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// A step.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The temporary file that orders the history cannot be used.
    #[error("the temporary file that orders the history: {0}")]
    Spool(#[from] io::Error),
    /// The temporary file was damaged.
    #[error("the temporary file that orders the history: {0}")]
    SpoolFrame(#[from] FrameError),
}

/// A history in one shard.
#[derive(Debug)]
pub struct Rehearsal {
    shard: Shard,
    appender: Appender,
    ticks: Ticks,
    next_offset: u64,
    left: Vec<Leaving>,
}

impl Rehearsal {
    /// An empty shard with the definitions of `library` in force.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn open(library: &Library) -> Result<Rehearsal, RehearsalError> {
        let mut rehearsal = Rehearsal {
            shard: Shard::new(0),
            appender: Appender::new(1),
            ticks: Ticks::default(),
            next_offset: 0,
            left: Vec::new(),
        };
        rehearsal.control(Control::Opened { n_partitions: 1, clock: Clock::Recorded }, None);
        for change in library.changes(&Default::default()) {
            rehearsal.control(change, None);
        }
        // Nobody is told, so nobody has to approve: it decides as it would if it spoke.
        let by = ("twin", "a rehearsal tells nobody");
        for promotion in put_live(library, &Promotions::default(), by, Timestamp::MIN) {
            rehearsal.control(promotion, None);
        }
        rehearsal.flush()?;
        Ok(rehearsal)
    }

    /// Lets a history happen.
    ///
    /// # Errors
    /// If it cannot be read, or stepped.
    pub fn run(&mut self, history: &Sorted) -> Result<(), RehearsalError> {
        let mut bytes = Vec::new();
        for index in 0..history.n_items() {
            let Some(at) = history.read(index, &mut bytes)? else { break };
            for tick in self.ticks.before(at) {
                self.control(Control::Tick { at: tick }, Some(tick));
            }
            for event in decode_frame(&bytes)? {
                self.appender.push(&Event { available_at: Some(at), ..event });
            }
            if BATCH_EVENTS <= self.appender.n_events() {
                self.flush()?;
            }
        }
        self.flush()
    }

    /// What would have left, in order.
    pub fn left(&self) -> &[Leaving] {
        &self.left
    }

    /// The shard as it is at the end.
    pub fn shard(&self) -> &Shard {
        &self.shard
    }

    /// Looks at a pipeline; `None` where there is none of this name in force.
    pub fn pipeline(&self, name: &str) -> Option<&Pipeline> {
        let live = self.shard.lives().iter().find(|live| *live.pipeline.name == *name);
        live.map(|live| &*live.pipeline)
    }

    /// What a pipeline says of a patient as of `at`, from nothing that is later; `None` for a patient of whom nothing
    /// came.
    pub fn assess(
        &self,
        pipeline: &Pipeline,
        twin: &TwinId<'_>,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Option<Assessment> {
        Some(pipeline.assess(&self.view(twin)?, at, scratch))
    }

    /// What a pipeline reads of a patient as of `at` as numbers, in the order of its features: NaN where one is
    /// missing, or is none.
    pub fn numbers(
        &self,
        pipeline: &Pipeline,
        twin: &TwinId<'_>,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Option<Vec<f32>> {
        pipeline.assess_whole(&self.view(twin)?, at, scratch);
        let cells = pipeline.features.iter().zip(&scratch.cells);
        Some(cells.map(|((name, _), cell)| number(name, cell).unwrap_or(f32::NAN)).collect())
    }

    fn view(&self, twin: &TwinId<'_>) -> Option<View<'_>> {
        let patient = self.shard.twins().patient(twin)?;
        Some(View { twins: self.shard.twins(), value_sets: self.shard.value_sets(), patient })
    }

    fn control(&mut self, control: Control<'_>, available_at: Option<Timestamp>) {
        let source = SourcePosition::new("rehearsal", 0, 0);
        self.appender.push(&Event { source, available_at, body: EventBody::Control(control) });
    }

    fn flush(&mut self) -> Result<(), RehearsalError> {
        // What follows from a step goes into the log, and is stepped.
        while 0 < self.appender.n_events() {
            for (_, bytes) in self.appender.take() {
                let frame =
                    LogFrame { offset: self.next_offset, appended_at: Timestamp::MIN, bytes };
                self.next_offset += 1;
                let output = self.shard.step(&[frame])?;
                self.left.extend(output.leaving);
                output.forwards.iter().for_each(|event| self.appender.push(event));
            }
        }
        Ok(())
    }
}
