//! Some patients' twins apart from the rest: what a shadow, a backtest or a what-if goes on with.
//!
//! ```text
//! rows of the patients, sealed or not ─► one small segment     directory, statements ─► shared texts
//! names, events, ids that they use    ─► numbered anew         places ─► shared
//! ```
//! Patients are numbered anew in the order they had, so that whatever is decided in the order of patients
//! is decided in the same order. What was superseded comes along: it decides which version of a resource
//! counts. The original is read and never touched.

use std::collections::VecDeque;

use crate::domain::time::Timestamp;
use crate::twin::intern::Interner;
use crate::twin::samples::{RareParts, SampleRow};
use crate::twin::scores::{ScoreRow, Scores};
use crate::twin::sealing::Sealing;
use crate::twin::segment::Segment;
use crate::twin::statement_index::StatementIndex;
use crate::twin::statements::{DIRECTORY, StatementRow, Statements};
use crate::twin::tail::Tail;
use crate::twin::texts::Texts;
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

/// A row of samples with what belongs to it.
struct Held {
    row: SampleRow,
    known_to: Timestamp,
    rare: RareParts,
}

impl Twins {
    /// The twins of these patients, with the places and roles that all patients share.
    pub fn fork(&self, patients: &Forked) -> Twins {
        let held = self.held(patients);
        let meant = patients.numbers().iter().chain([&DIRECTORY]);
        // In the order in which they came, as everything that follows from it is.
        let mut statements: Vec<u32> =
            meant.flat_map(|patient| self.statement_index.of_patient(*patient)).collect();
        statements.sort_unstable();
        let said = statements.iter().map(|number| self.statements.row(*number).event);
        let mut events: Vec<u32> = held.iter().map(|held| held.row.event).chain(said).collect();
        events.sort_unstable();
        events.dedup();
        let mut names = Interner::default();
        for patient in patients.numbers() {
            names.intern(self.patients.text(*patient));
        }
        let mut fork = Twins {
            patients: names,
            persons: patients.numbers().iter().map(|patient| self.person(*patient)).collect(),
            events: self.events.only(&events),
            tail: Tail::default(),
            segments: Vec::new(),
            statements: Statements::default(),
            statement_index: StatementIndex::default(),
            places: self.places.clone(),
            ids: Texts::default(),
            codes: Interner::default(),
            devices: Interner::default(),
            newest: self.newest.only(patients.numbers()),
            tracked: self.tracked.clone(),
            ahead: VecDeque::new(),
            scratch: Vec::new(),
        };
        self.copy_samples(held, (patients, &events), &mut fork);
        for number in statements {
            self.copy_statement(number, (patients, &events), &mut fork);
        }
        fork
    }

    /// Every row of the patients and of the directory, wherever it lies.
    fn held(&self, patients: &Forked) -> Vec<Held> {
        let mut held = Vec::new();
        for segment in &self.segments {
            let meant = patients.numbers().iter().chain([&DIRECTORY]);
            for number in meant.flat_map(|patient| segment.of_patient(*patient)) {
                let known_to = segment.marks.known_to(number);
                let (row, rare) = (segment.row(number), segment.rare.of(number));
                held.push(Held { row, known_to, rare });
            }
        }
        let numbers = patients.numbers();
        let ends = numbers.first().copied().zip(numbers.last().copied());
        // Where there are no patients there is still the directory.
        let (least, greatest) = ends.unwrap_or((1, 0));
        for number in self.tail.rows.rows_between(least, greatest) {
            if patients.number(self.tail.rows.patient(number)).is_some() {
                let known_to = self.tail.marks.known_to(number);
                let (row, rare) = (self.tail.rows.row(number), self.tail.rare.of(number));
                held.push(Held { row, known_to, rare });
            }
        }
        held
    }

    fn copy_samples(
        &self,
        held: Vec<Held>,
        (patients, events): (&Forked, &[u32]),
        fork: &mut Twins,
    ) {
        let mut codes = Names::new(&self.codes, Interner::default());
        let mut devices = Names::new(&self.devices, Interner::default());
        let mut rows = Sealing::of(held.len());
        for Held { row, known_to, rare } in held {
            let row = SampleRow {
                patient: patients.number(row.patient).expect("rows of the patients were taken"),
                event: place_of(events, row.event),
                code: codes.number(row.code),
                device: devices.number(row.device),
                resource: fork.ids.push(self.resource_id(&row)),
                ..row
            };
            rows.push(row, known_to, rare);
        }
        if rows.n_rows() != 0 {
            fork.segments.push(Segment::seal(rows));
        }
        (fork.codes, fork.devices) = (codes.into_names(), devices.into_names());
    }

    fn copy_statement(&self, number: u32, (patients, events): (&Forked, &[u32]), fork: &mut Twins) {
        let row = self.statements.row(number);
        let known_to = self.statements.known_to(number);
        let row = StatementRow {
            patient: patients.number(row.patient).expect("rows of the patients were taken"),
            event: place_of(events, row.event),
            ..(**row).clone()
        };
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

/// The number an event has in the fork: its place among those that came along.
fn place_of(events: &[u32], event: u32) -> u32 {
    let place = events.binary_search(&event).expect("the events of all rows came along");
    u32::try_from(place).expect("fewer than the shard has")
}

impl Scores {
    /// The current scores of these patients on the first `n_tracks` tracks; those that were superseded say
    /// nothing to what follows. `notes` numbers their texts anew.
    pub fn fork(&self, patients: &Forked, n_tracks: u16, notes: &mut Names<'_>) -> Scores {
        let mut fork = Scores::default();
        fork.track(n_tracks, 0);
        for (patient, known_as) in (0..).zip(patients.numbers()) {
            for track in 0..n_tracks {
                let mut rows: Vec<_> = self.walk(*known_as, track).map(|(_, row)| row).collect();
                // The oldest first, so that each is put at the end of its list.
                rows.reverse();
                for row in rows {
                    let (edition, note) = (notes.number(row.edition), notes.number(row.notes));
                    fork.set(None, ScoreRow { patient, edition, notes: note, ..row });
                }
            }
        }
        fork
    }
}
