//! What the clock will do next in a shard, by patient and the first track of the pipeline.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::domain::time::Timestamp;
use crate::twin::hash::Numbers;

/// A patient and the first track of a pipeline.
type Place = (u32, u16);

/// Something at a time, for a patient and the first track of a pipeline.
pub type At = (Timestamp, u32, u16);

/// What the clock will do next.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    due: BTreeSet<(Timestamp, u32, u16)>,
    next: HashMap<Place, Timestamp, Numbers>,
    planned: BTreeSet<(Timestamp, u32, u16)>,
    /// In known time.
    again: BTreeSet<(Timestamp, u32, u16)>,
}

/// Something whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The newest score may say something else now.
    Due(Place),
    /// A state, an order or a medicine begins or ends at this instant, as it was said before.
    Planned(Timestamp, Place),
}

impl Timers {
    /// Everything it will do: what is due, what is planned, what is to be looked at again; each in order.
    pub fn lists(&self) -> [Vec<At>; 3] {
        [&self.due, &self.planned, &self.again].map(|set| set.iter().copied().collect())
    }

    /// The same of the lists that [`Timers::lists`] gave.
    pub fn of_lists([due, planned, again]: [Vec<At>; 3]) -> Timers {
        let next = due.iter().map(|(at, patient, track)| ((*patient, *track), *at));
        Timers {
            next: next.collect(),
            due: due.into_iter().collect(),
            planned: planned.into_iter().collect(),
            again: again.into_iter().collect(),
        }
    }

    /// When the newest score may say something else; `None` for never.
    pub(super) fn next(&self, place: Place) -> Option<Timestamp> {
        self.next.get(&place).copied()
    }

    /// Says when the newest score may say something else.
    pub(super) fn set(&mut self, (patient, track): Place, at: Option<Timestamp>) {
        if self.next((patient, track)) == at {
            return;
        }
        let before = match at {
            Some(at) => self.next.insert((patient, track), at),
            None => self.next.remove(&(patient, track)),
        };
        if let Some(before) = before {
            self.due.remove(&(before, patient, track));
        }
        if let Some(at) = at {
            self.due.insert((at, patient, track));
        }
    }

    /// Says that something begins or ends at `at`. If it is taken back, nothing is there then.
    pub(super) fn plan(&mut self, (patient, track): Place, at: Timestamp) {
        self.planned.insert((at, patient, track));
    }

    /// Says that the policy is to be looked at again when known time has come to `at`.
    pub(super) fn decide_again(&mut self, (patient, track): Place, at: Timestamp) {
        self.again.insert((at, patient, track));
    }

    /// Takes the earliest thing whose time has come.
    pub(super) fn pop(&mut self, clock: Timestamp) -> Option<Timer> {
        let planned = self.planned.first().copied().filter(|(at, ..)| *at <= clock);
        let due = self.due.first().copied().filter(|(at, ..)| *at <= clock);
        match (planned, due) {
            (Some(planned), due) if due.is_none_or(|due| planned <= due) => {
                self.planned.remove(&planned);
                let (at, patient, track) = planned;
                Some(Timer::Planned(at, (patient, track)))
            }
            (_, due) => {
                let (at, patient, track) = due?;
                self.due.remove(&(at, patient, track));
                self.next.remove(&(patient, track));
                Some(Timer::Due((patient, track)))
            }
        }
    }

    /// Takes the earliest policy to look at again.
    pub(super) fn pop_again(&mut self, known: Timestamp) -> Option<Place> {
        let (at, patient, track) = *self.again.first().filter(|(at, ..)| *at <= known)?;
        self.again.remove(&(at, patient, track));
        Some((patient, track))
    }
}
