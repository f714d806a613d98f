//! The uninterrupted run that everything else is held against: a fresh shard, from the log's beginning, one
//! frame at a step.

use crate::domain::event::Control;
use crate::domain::time::Span;
use crate::engine::digest::{Digest, digest};
use crate::engine::shard::{Leaving, LogFrame, Shard, StepOutput};
use crate::sim::broken::Broken;
use crate::sim::frames::{self, Bytes, control, frame};
use crate::sim::scene::Scene;

/// A shard and what left it.
#[derive(Debug)]
pub struct Replay {
    /// The shard.
    pub shard: Shard,
    /// What left, in order.
    pub left: Vec<Leaving>,
    /// What pipelines in shadow would have said, in order.
    pub unheard: Vec<Leaving>,
}

impl Default for Replay {
    fn default() -> Replay {
        Replay { shard: Shard::new(0), left: Vec::new(), unheard: Vec::new() }
    }
}

impl Replay {
    /// Opens a log on a recorded clock and lets these frames happen, each in a step of its own.
    ///
    /// # Errors
    /// If a frame cannot be read.
    pub fn of(scene: &Scene, history: &[Bytes]) -> Result<Replay, Broken> {
        let mut replay = Replay::default();
        for frame in scene.log_of(history) {
            replay.step(&[frame])?;
        }
        Ok(replay)
    }

    /// Lets frames happen.
    ///
    /// # Errors
    /// If a frame cannot be read.
    pub fn step(&mut self, frames: &[LogFrame]) -> Result<(), Broken> {
        let output = step(&mut self.shard, frames)?;
        self.left.extend(output.leaving);
        self.unheard.extend(output.shadow);
        Ok(())
    }

    /// What is true.
    pub fn truth(&mut self) -> Digest {
        digest(&self.shard.snapshot())
    }

    /// All that was said, without the places in the log that frames give.
    pub fn said(&self) -> Vec<String> {
        let text = |Leaving { twin, effect, .. }: &Leaving| {
            let mut effect = (**effect).clone();
            effect.evidence.iter_mut().for_each(|evidence| evidence.log = None);
            format!("{twin} {effect:?}")
        };
        self.left.iter().map(text).collect()
    }
}

/// Lets frames happen to a shard.
///
/// # Errors
/// If a frame cannot be read: all are our own.
pub fn step(shard: &mut Shard, frames: &[LogFrame]) -> Result<StepOutput, Broken> {
    #[cfg(test)]
    crate::planted::begin_step(frames.len());
    let invariant = "IN-1";
    let step = shard.next_offset();
    shard.step(frames).map_err(|error| Broken { invariant, step, message: error.to_string() })
}

/// The tick by which all has happened that was going to by the end of a history.
pub fn last_tick(history: &[Bytes]) -> Bytes {
    let times = history.iter().filter_map(|bytes| frames::available_at(bytes));
    let end = times.max().unwrap_or_default().plus(Span::from_days(1));
    frame([&control(Control::Tick { at: end }, Some(end))])
}
