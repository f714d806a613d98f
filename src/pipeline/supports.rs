//! Which score supports each open episode: remembered, because an episode may go on for hours through
//! scores that do not, and every new one asks.
//!
//! It is derived from the scores and forgotten where one of them changed, so it changes no answer.

use hashbrown::HashMap;

use crate::domain::time::Timestamp;
use crate::twin::hash::Numbers;

/// A patient and a track.
type Place = (u32, u16);

/// The newest supporting score of each open episode, as far as it was looked for.
#[derive(Debug, Default)]
pub struct Supports(HashMap<Place, Support, Numbers>);

/// What is remembered of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// Where the episode begins.
    pub start: Timestamp,
    /// The newest instant that was looked at.
    pub upto: Timestamp,
    /// The number of the newest score up to then that supports it.
    pub number: u32,
}

impl Supports {
    /// What is remembered of the episode of `place` that begins at `start`.
    pub fn get(&self, place: Place, start: Timestamp) -> Option<Support> {
        self.0.get(&place).copied().filter(|support| support.start == start)
    }

    /// Bytes of memory it takes.
    pub fn size_bytes(&self) -> usize {
        self.0.capacity() * (size_of::<(Place, Support)>() + 1)
    }

    /// Remembers.
    pub fn set(&mut self, place: Place, support: Support) {
        self.0.insert(place, support);
    }

    /// Forgets what rests on scores from `from` on.
    pub fn changed(&mut self, place: Place, from: Timestamp) {
        if !self.0.is_empty() && self.0.get(&place).is_some_and(|support| from <= support.upto) {
            self.0.remove(&place);
        }
    }

    /// Forgets a place: no episode is open there.
    pub fn closed(&mut self, place: Place) {
        if !self.0.is_empty() {
            self.0.remove(&place);
        }
    }
}
