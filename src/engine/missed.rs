//! What came while a pipeline was paused: from which instant on it is to be looked at, by patient.

use std::collections::BTreeMap;

use crate::domain::time::Timestamp;

/// A tree has room for so many items where it holds `TREE_USE`.
const TREE_ROOM: usize = 3;
/// Of the room in a tree.
const TREE_USE: usize = 2;

/// The first track of a pipeline and a patient.
type Place = (u16, u32);

/// What pipelines that are paused did not look at. It is at most one instant for each patient and pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missed {
    from: BTreeMap<Place, Timestamp>,
}

impl Missed {
    /// What was missed, from a list of track, patient and instant.
    pub fn of(list: Vec<(u16, u32, Timestamp)>) -> Missed {
        let from = list.into_iter().map(|(track, patient, from)| ((track, patient), from));
        Missed { from: from.collect() }
    }

    /// Everything that was missed: track, patient, instant.
    pub fn list(&self) -> Vec<(u16, u32, Timestamp)> {
        self.from.iter().map(|((track, patient), from)| (*track, *patient, *from)).collect()
    }

    /// Notes that something changed from an instant on.
    pub fn note(&mut self, patient: u32, track: u16, from: Timestamp) {
        let known = self.from.entry((track, patient)).or_insert(from);
        *known = from.min(*known);
    }

    /// Takes what a pipeline missed, by patient.
    pub fn take(&mut self, track: u16) -> Vec<(u32, Timestamp)> {
        let of_track = (track, 0)..=(track, u32::MAX);
        let taken: Vec<(Place, Timestamp)> =
            self.from.range(of_track).map(|(place, from)| (*place, *from)).collect();
        for (place, _) in &taken {
            self.from.remove(place);
        }
        taken.into_iter().map(|((_, patient), from)| (patient, from)).collect()
    }

    /// Only what was missed of these patients, numbered anew in the order of `patients`.
    pub fn only(&self, patients: &[u32]) -> Missed {
        let mut copy = Missed::default();
        for ((track, patient), from) in &self.from {
            let number = patients.iter().position(|known| known == patient);
            if let Some(number) = number.and_then(|number| u32::try_from(number).ok()) {
                copy.note(number, *track, *from);
            }
        }
        copy
    }

    /// Bytes of memory that it takes, within a few percent.
    pub fn size_bytes(&self) -> usize {
        self.from.len() * size_of::<(Place, Timestamp)>() * TREE_ROOM / TREE_USE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_change_of_each_patient_is_kept_until_it_is_taken() {
        let at = Timestamp::from_micros;
        let mut missed = Missed::default();
        missed.note(7, 2, at(30));
        missed.note(7, 2, at(10));
        missed.note(7, 2, at(20));
        missed.note(3, 2, at(5));
        missed.note(7, 1, at(1));
        assert_eq!(Missed::of(missed.list()), missed);
        assert_eq!(missed.only(&[7]).list(), [(1, 0, at(1)), (2, 0, at(10))]);
        assert_eq!(missed.take(2), [(3, at(5)), (7, at(10))]);
        assert_eq!(missed.list(), [(1, 7, at(1))]);
    }
}
