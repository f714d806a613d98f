//! What the clock will do next in a shard, by patient and the first track of the pipeline.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::domain::time::Timestamp;
use crate::twin::hash::Numbers;

/// A patient and the first track of a pipeline.
type Place = (u32, u16);

/// Something at a time, for a patient and the first track of a pipeline.
pub type At = (Timestamp, u32, u16);

/// A tree has room for so many items where it holds `TREE_USE`.
const TREE_ROOM: usize = 3;
/// Of the room in a tree.
const TREE_USE: usize = 2;

/// What the clock will do next.
#[derive(Clone, Debug, Default)]
pub struct Timers {
    due: BTreeSet<(Timestamp, u32, u16)>,
    next: HashMap<Place, Timestamp, Numbers>,
    planned: Agenda,
    /// In known time.
    again: Agenda,
}

/// What is to happen when, by time and by place.
#[derive(Clone, Debug, Default)]
struct Agenda {
    by_time: BTreeSet<(Timestamp, u32, u16)>,
    by_place: BTreeSet<(u32, u16, Timestamp)>,
}

impl Agenda {
    fn of(list: Vec<At>) -> Agenda {
        let mut agenda = Agenda::default();
        list.into_iter().for_each(|at| agenda.insert(at));
        agenda
    }

    fn insert(&mut self, (at, patient, track): (Timestamp, u32, u16)) {
        self.by_time.insert((at, patient, track));
        self.by_place.insert((patient, track, at));
    }

    /// The earliest, if its time has come.
    fn first(&self, now: Timestamp) -> Option<(Timestamp, u32, u16)> {
        self.by_time.first().copied().filter(|(at, ..)| *at <= now)
    }

    fn remove(&mut self, (at, patient, track): (Timestamp, u32, u16)) {
        self.by_time.remove(&(at, patient, track));
        self.by_place.remove(&(patient, track, at));
    }

    fn of_patient(&self, patient: u32) -> impl Iterator<Item = (u16, Timestamp)> {
        let range = (patient, 0, Timestamp::MIN)..=(patient, u16::MAX, Timestamp::FOREVER);
        self.by_place.range(range).map(|(_, track, at)| (*track, *at))
    }
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
    /// Bytes of memory they take, within a few percent.
    pub(super) fn size_bytes(&self) -> usize {
        let n_in_trees =
            self.due.len() + 2 * (self.planned.by_time.len() + self.again.by_time.len());
        let next = self.next.capacity() * (size_of::<(Place, Timestamp)>() + 1);
        n_in_trees * size_of::<At>() * TREE_ROOM / TREE_USE + next
    }

    /// Everything it will do: what is due, what is planned, what is to be looked at again; each in order.
    pub fn lists(&self) -> [Vec<At>; 3] {
        let sets = [&self.due, &self.planned.by_time, &self.again.by_time];
        sets.map(|set| set.iter().copied().collect())
    }

    /// The same of the lists that [`Timers::lists`] gave.
    pub fn of_lists([due, planned, again]: [Vec<At>; 3]) -> Timers {
        let next = due.iter().map(|(at, patient, track)| ((*patient, *track), *at));
        Timers {
            next: next.collect(),
            due: due.into_iter().collect(),
            planned: Agenda::of(planned),
            again: Agenda::of(again),
        }
    }

    /// Where something happens by `clock`.
    pub(super) fn due_by(&self, clock: Timestamp) -> impl Iterator<Item = Place> {
        let sets = [&self.planned.by_time, &self.due].into_iter();
        let due = sets.flat_map(move |set| set.iter().take_while(move |(at, ..)| *at <= clock));
        due.map(|(_, patient, track)| (*patient, *track))
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
        let planned = self.planned.first(clock);
        let due = self.due.first().copied().filter(|(at, ..)| *at <= clock);
        match (planned, due) {
            (Some(planned), due) if due.is_none_or(|due| planned <= due) => {
                self.planned.remove(planned);
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
        let (at, patient, track) = self.again.first(known)?;
        self.again.remove((at, patient, track));
        Some((patient, track))
    }

    /// Only what is to happen to these patients on the first `n_tracks` tracks, numbered anew in the order
    /// of `patients`.
    pub(super) fn only(&self, patients: &[u32], n_tracks: u16) -> Timers {
        let mut copy = Timers::default();
        for (patient, known_as) in (0..).zip(patients) {
            for track in 0..n_tracks {
                copy.set((patient, track), self.next((*known_as, track)));
            }
            for (track, at) in self.planned.of_patient(*known_as) {
                copy.planned.insert((at, patient, track));
            }
            for (track, at) in self.again.of_patient(*known_as) {
                copy.again.insert((at, patient, track));
            }
        }
        copy
    }
}
