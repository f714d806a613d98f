//! A log of one partition that a crash can hurt: what was not synced is lost from the end, and the last
//! frame that is there may be torn.

use crate::domain::time::Timestamp;
use crate::engine::shard::LogFrame;
use crate::sim::dice::Dice;
use crate::sim::frames::Bytes;
use crate::sim::fuse::{Fuse, Last, Stopped};

/// The log.
#[derive(Debug)]
pub struct SimLog {
    frames: Vec<Stored>,
    n_durable: usize,
    fuse: Fuse,
}

#[derive(Clone, Debug)]
struct Stored {
    frame: LogFrame,
    /// As it was when all of its bytes were there.
    checksum: u32,
}

impl SimLog {
    /// An empty log.
    pub fn new(fuse: Fuse) -> SimLog {
        SimLog { frames: Vec::new(), n_durable: 0, fuse }
    }

    /// Appends a frame. It is durable once `sync` has returned.
    ///
    /// # Errors
    /// If the machine stops.
    pub fn append(&mut self, bytes: Bytes, appended_at: Timestamp) -> Result<u64, Stopped> {
        let offset = self.next_offset();
        let checksum = crc32fast::hash(&bytes);
        let stored = Stored { frame: LogFrame { offset, appended_at, bytes }, checksum };
        let last = self.fuse.burn();
        match last {
            None | Some(Last::Unanswered) => self.frames.push(stored),
            Some(Last::Torn) => self.frames.push(torn(stored)),
            Some(Last::Undone) => {}
        }
        last.map_or(Ok(offset), |_| Err(Stopped))
    }

    /// Makes everything appended so far durable.
    ///
    /// # Errors
    /// If the machine stops.
    pub fn sync(&mut self) -> Result<(), Stopped> {
        let last = self.fuse.burn();
        #[cfg(test)]
        if crate::planted::is_planted(crate::planted::Bug::DroppedFsync) {
            return last.map_or(Ok(()), |_| Err(Stopped));
        }
        let n_frames = self.frames.len();
        self.n_durable = match last {
            None | Some(Last::Unanswered) => n_frames,
            Some(Last::Torn) => self.n_durable + (n_frames - self.n_durable) / 2,
            Some(Last::Undone) => self.n_durable,
        };
        last.map_or(Ok(()), |_| Err(Stopped))
    }

    /// The machine starts again: of what was not durable, so much from the front is there as chance has it,
    /// and a torn end is cut off.
    pub fn crash(&mut self, dice: &mut Dice) {
        let n_kept = self.n_durable + dice.index(self.frames.len() - self.n_durable + 1);
        let lost = self.frames.split_off(n_kept);
        if let Some(first) = lost.into_iter().next().filter(|_| dice.happens(2)) {
            self.frames.push(torn(first));
        }
        let is_whole = |stored: &Stored| crc32fast::hash(&stored.frame.bytes) == stored.checksum;
        while self.frames.pop_if(|stored| !is_whole(stored)).is_some() {}
        self.n_durable = self.frames.len();
    }

    /// The offset of the next frame.
    pub fn next_offset(&self) -> u64 {
        u64::try_from(self.frames.len()).unwrap_or(u64::MAX)
    }

    /// The frames from `offset` on.
    pub fn read(&self, offset: u64) -> Vec<LogFrame> {
        let first = usize::try_from(offset).unwrap_or(usize::MAX);
        let frames = self.frames.get(first..).unwrap_or_default();
        frames.iter().map(|stored| stored.frame.clone()).collect()
    }
}

/// A frame of which a half is there.
fn torn(mut stored: Stored) -> Stored {
    let half = stored.frame.bytes.len() / 2;
    stored.frame.bytes.truncate(half);
    stored
}
