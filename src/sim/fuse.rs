//! When the machine stops: after so many effects on log, storage and consumers, and how the last of them
//! is left behind.

use std::sync::{Arc, Mutex, PoisonError};

/// What becomes of the effect in which the machine stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// Nothing of it is there.
    Undone,
    /// A part of it is there.
    Torn,
    /// It is there, and nobody was told.
    Unanswered,
}

impl Last {
    /// Everything that can become of it.
    pub const ALL: [Last; 3] = [Last::Undone, Last::Torn, Last::Unanswered];
}

/// The machine stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the machine stopped")]
pub struct Stopped;

#[derive(Debug)]
struct State {
    n_left: u64,
    last: Last,
    is_blown: bool,
}

/// The fuse of a machine. Clones are the same fuse.
#[derive(Clone, Debug)]
pub struct Fuse(Arc<Mutex<State>>);

impl Fuse {
    /// One that never blows.
    pub fn safe() -> Fuse {
        let state = State { n_left: u64::MAX, last: Last::Undone, is_blown: false };
        Fuse(Arc::new(Mutex::new(state)))
    }

    /// A new life: the machine stops in the effect after so many others.
    pub fn arm(&self, n_effects: u64, last: Last) {
        self.with(|state| (state.n_left, state.last, state.is_blown) = (n_effects, last, false));
    }

    /// A new life that does not end.
    pub fn disarm(&self) {
        self.arm(u64::MAX, Last::Undone);
    }

    /// Whether the machine has stopped: then nothing has any effect.
    pub fn is_blown(&self) -> bool {
        self.with(|state| state.is_blown)
    }

    /// An effect is about to be. `None` if it is whole and answered; else what becomes of it.
    pub fn burn(&self) -> Option<Last> {
        self.with(|state| {
            if state.is_blown {
                return Some(Last::Undone);
            }
            match state.n_left.checked_sub(1) {
                Some(n_left) => {
                    state.n_left = n_left;
                    None
                }
                None => {
                    state.is_blown = true;
                    Some(state.last)
                }
            }
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
