//! Some patients' twins apart from the rest: what a shadow, a backtest or a what-if goes on with.
//!
//! ```text
//! rows of the patients, sealed or not ─► one small segment     directory, statements ─► shared texts
//! names, events, ids that they use    ─► numbered anew         places ─► shared
//! ```
//! Patients are numbered anew in the order they had, so that whatever is decided in the order of patients
//! is decided in the same order. What was superseded comes along: it decides which version of a resource
//! counts. The original is read and never touched.

use std::sync::Arc;

use crate::domain::time::Timestamp;
use crate::twin::block::Kept;
use crate::twin::events::EventRow;
use crate::twin::head::Head;
use crate::twin::intern::Interner;
use crate::twin::samples::SampleRow;
use crate::twin::scores::{ScoreRow, Scores};
use crate::twin::sealing::Sealing;
use crate::twin::segment::Segment;
use crate::twin::statements::{DIRECTORY, StatementRow};
use crate::twin::twins::Twins;

/// The patients of a fork: the number of each in the shard, at the place of its number in the fork.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forked(Vec<u32>);

impl Forked {
    /// These patients of a shard that has `n_patients`; numbers it did not give are left out.
    pub fn of(patients: &[u32], n_patients: usize) -> Forked {
        let is_known = |patient: &u32| usize::try_from(*patient).is_ok_and(|one| one < n_patients);
        let mut numbers: Vec<u32> = patients.iter().copied().filter(is_known).collect();
        numbers.sort_unstable();
        numbers.dedup();
        Forked(numbers)
    }

    /// The numbers they have in the shard, in the order of those in the fork.
    pub fn numbers(&self) -> &[u32] {
        &self.0
    }

    /// The number in the fork; what is about no patient keeps its own.
    fn number(&self, patient: u32) -> Option<u32> {
        if patient == DIRECTORY {
            return Some(DIRECTORY);
        }
        self.0.binary_search(&patient).ok().and_then(|place| u32::try_from(place).ok())
    }
}

/// Names on their way into a fork: those that are asked for, numbered anew. The same name often comes
/// several times in a row.
#[derive(Debug)]
pub struct Names<'n> {
    from: &'n Interner,
    to: Interner,
    last: Option<(u32, u32)>,
}

impl<'n> Names<'n> {
    /// From the names of a shard to those of a fork.
    pub fn new(from: &'n Interner, to: Interner) -> Names<'n> {
        Names { from, to, last: None }
    }

    /// The number in the fork.
    pub fn number(&mut self, known_as: u32) -> u32 {
        if let Some((_, number)) = self.last.filter(|(last, _)| *last == known_as) {
            return number;
        }
        let number = self.to.intern(self.from.text(known_as));
        self.last = Some((known_as, number));
        number
    }

    /// The names of the fork.
    pub fn into_names(self) -> Interner {
        self.to
    }
}

impl Twins {
    /// The twins of these patients, with the places and roles that all patients share.
    pub fn fork(&self, patients: &Forked) -> Twins {
        let mut fork = Twins::new(self.partition(), &[]);
        for patient in patients.numbers() {
            fork.patients.intern(self.patients.text(*patient));
            let since = self.names.since(*patient).unwrap_or(Timestamp::MIN);
            fork.names.push(fork.patients.texts(), since);
        }
        fork.persons = patients.numbers().iter().map(|patient| self.person(*patient)).collect();
        fork.places = self.places.clone();
        for (patient, known_as) in (0..).zip(patients.numbers()) {
            let zone = self.zones.of(*known_as);
            if zone.is_some() {
                Arc::make_mut(&mut fork.zones).set(patient, zone);
            }
        }
        fork.set_tracked(&self.tracked);
        fork.newest = self.newest.only(patients.numbers());
        let mut sources = Names::new(&self.tail.events.sources, Interner::default());
        self.copy_samples(patients, &mut sources, &mut fork);
        let meant = patients.numbers().iter().chain([&DIRECTORY]);
        // In the order in which they came, as everything that follows from it is.
        let mut statements: Vec<u32> =
            meant.flat_map(|patient| self.statement_index.of_patient(*patient)).collect();
        statements.sort_unstable();
        for number in statements {
            self.copy_statement(number, patients, &mut sources, &mut fork);
        }
        fork.tail.events.sources = sources.into_names();
        fork
    }

    /// Every sample of the patients and of the directory, wherever it lies, with when it ceased to be current.
    fn held(&self, patients: &Forked) -> Vec<(Kept, Timestamp)> {
        let mut held = Vec::new();
        for segment in &self.segments {
            let meant = patients.numbers().iter().chain([&DIRECTORY]);
            for number in meant.flat_map(|patient| segment.of_patient(*patient)) {
                let kept = segment.kept(number);
                held.extend(kept.map(|kept| (kept, segment.marks.known_to(number))));
            }
        }
        let numbers = patients.numbers();
        let ends = numbers.first().copied().zip(numbers.last().copied());
        // Where there are no patients there is still the directory.
        let (least, greatest) = ends.unwrap_or((1, 0));
        for number in self.tail.rows.rows_between(least, greatest) {
            if patients.number(self.tail.rows.patient(number)).is_some() {
                held.push((self.tail.kept(number), self.tail.marks.known_to(number)));
            }
        }
        held
    }

    fn copy_samples(&self, patients: &Forked, sources: &mut Names<'_>, fork: &mut Twins) {
        let mut codes = Names::new(&self.codes, Interner::default());
        let mut devices = Names::new(&self.devices, Interner::default());
        let held = self.held(patients);
        let mut sealing = Sealing::of(held.len());
        sealing.begin();
        for (number, (kept, known_to)) in (0..).zip(held) {
            let Kept { row, rare, event, resource } = kept;
            let patient = patients.number(row.patient).expect("rows of the patients were taken");
            fork.links.add(patient, &rare.links, row.key);
            sealing.add_event(EventRow { source: sources.number(event.source), ..event });
            sealing.add_id(&resource);
            sealing.add_row(SampleRow {
                patient,
                event: number,
                code: codes.number(row.code),
                device: devices.number(row.device),
                resource: number,
                ..row
            });
            sealing.put_rare(number, rare);
            if known_to != Timestamp::FOREVER {
                sealing.supersede(number, known_to);
            }
        }
        let segment = Segment::seal(sealing);
        if segment.n_rows() != 0 {
            fork.segments.push(segment);
        }
        (fork.codes, fork.devices) = (codes.into_names(), devices.into_names());
    }

    fn copy_statement(
        &self,
        number: u32,
        patients: &Forked,
        sources: &mut Names<'_>,
        fork: &mut Twins,
    ) {
        let row = self.statements.row(number);
        let known_to = self.statements.known_to(number);
        let patient = patients.number(row.patient).expect("rows of the patients were taken");
        fork.links.add(patient, &row.links, row.key);
        let event = EventRow { source: sources.number(row.event.source), ..row.event };
        let row = StatementRow { patient, event, ..(**row).clone() };
        let counts = row.version.status.counts();
        let copy = fork.statements.push(row);
        fork.statement_index.add(&fork.statements, copy);
        if known_to != Timestamp::FOREVER {
            fork.statements.supersede(copy, known_to);
        } else if counts {
            fork.statement_index.insert(&fork.statements, copy);
        }
    }
}

impl Scores {
    /// The current scores of these patients on the first `n_tracks` tracks; those that were superseded say
    /// nothing to what follows. `notes` numbers their texts anew.
    pub fn fork(&self, patients: &Forked, n_tracks: u16, notes: &mut Names<'_>) -> Scores {
        let mut fork = Scores::default();
        fork.track(self.names_of(n_tracks), 0);
        fork.head = Head::of_patients(usize::from(n_tracks), patients.numbers().len());
        for (patient, known_as) in (0..).zip(patients.numbers()) {
            for track in 0..n_tracks {
                let mut rows: Vec<_> = self.walk(*known_as, track).map(|(_, row)| row).collect();
                // The oldest first, so that each is put at the end of its list.
                rows.reverse();
                for row in rows {
                    let (edition, note) = (notes.number(row.edition), notes.number(row.notes));
                    fork.set(None, ScoreRow { patient, edition, notes: note, ..row }, 0);
                }
            }
        }
        fork
    }
}
