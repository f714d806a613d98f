//! What every trial begins with, made once: the site, and the frames that open a log.

use std::sync::Arc;

use crate::domain::event::Clock;
use crate::domain::time::Timestamp;
use crate::engine::shard::LogFrame;
use crate::ingest::site::Site;
use crate::sim::frames::{self, Bytes};
use crate::sim::ward;

/// The scene of all trials.
#[derive(Debug)]
pub struct Scene {
    site: Arc<Site>,
    live: Vec<Bytes>,
    recorded: Vec<Bytes>,
}

impl Default for Scene {
    fn default() -> Scene {
        Scene {
            site: ward::site(),
            live: frames::opening(Clock::Live),
            recorded: frames::opening(Clock::Recorded),
        }
    }
}

impl Scene {
    /// The frames that open a log on this clock, with the pipelines that ship.
    pub fn opening(&self, clock: Clock) -> &[Bytes] {
        match clock {
            Clock::Live => &self.live,
            Clock::Recorded => &self.recorded,
        }
    }

    /// The history of a seed.
    pub fn history(&self, seed: u64) -> Vec<Bytes> {
        ward::history(&self.site, seed)
    }

    /// A log on a recorded clock: its opening, then these frames.
    pub fn log_of(&self, history: &[Bytes]) -> Vec<LogFrame> {
        let frames = self.recorded.iter().chain(history).cloned();
        let appended_at = Timestamp::from_micros(0);
        (0..).zip(frames).map(|(offset, bytes)| LogFrame { offset, appended_at, bytes }).collect()
    }
}
