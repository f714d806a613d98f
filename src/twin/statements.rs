//! Every statement a shard was ever told, other than samples: stays, conditions, medicines, orders,
//! reports, states.
//!
//! Few per patient, so each is a record of its own behind an `Arc` that snapshots share.

use std::sync::Arc;

use crate::domain::event::{ResourceKind, Version};
use crate::domain::fact::Valid;
use crate::domain::standing::Standing;
use crate::domain::statement::{Activity, Statement};
use crate::domain::time::Timestamp;
use crate::twin::chains::Chains;
use crate::twin::events::EventRow;
use crate::twin::marks::Marks;
use crate::twin::pages::Pages;
use crate::twin::series::{Order, Rows};

/// The patient number of what is about places and roles rather than a patient.
pub const DIRECTORY: u32 = u32::MAX;

/// One statement about one patient, as one version of a resource gave it.
#[derive(Clone, Debug)]
pub struct StatementRow {
    /// The patient's number in the shard.
    pub patient: u32,
    /// The kind of resource it came in.
    pub kind: ResourceKind,
    /// The resource's id.
    pub id: Box<str>,
    /// The version's place among the versions of its resource.
    pub version: Version,
    /// When the source wrote it down.
    pub recorded_at: Option<Timestamp>,
    /// Hash of the resource's identity.
    pub key: u64,
    /// Hash of what the resource version says.
    pub content: u64,
    /// When it holds of the patient.
    pub valid: Valid,
    /// Since when it is current.
    pub known: Timestamp,
    /// The event it came with.
    pub event: EventRow,
    /// What else tells which result it is, ascending (`links`).
    pub links: Box<[u64]>,
    /// What it says; shared with the same statement in a fork.
    pub statement: Arc<Statement<'static>>,
}

impl StatementRow {
    /// Bytes of memory that its texts and codes take.
    fn text_bytes(&self) -> usize {
        self.id.len() + size_of_val(&*self.links) + self.statement.heap_bytes()
    }

    /// Whether it is in force at `at`. A planned statement never is; one that ended at an unknown
    /// time is in force at no time we could name.
    pub fn in_force_at(&self, at: Timestamp) -> bool {
        match self.statement.activity {
            Activity::Active => self.valid.start <= at && at < self.valid.end,
            Activity::Ended => {
                self.valid.end < Timestamp::FOREVER && self.valid.start <= at && at < self.valid.end
            }
            Activity::Planned | Activity::Void => false,
        }
    }

    /// The table it belongs to.
    pub fn topic(&self) -> Topic {
        self.statement.standing.map_or(Topic::Kind(self.kind), Topic::Standing)
    }
}

/// What a statement is about: the kind of resource, or a state the site file read out of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The resource itself.
    Kind(ResourceKind),
    /// A state that gates rules.
    Standing(Standing),
}

impl Topic {
    /// The number of the list that holds statements of this topic.
    pub fn list(self) -> u16 {
        match self {
            Topic::Kind(kind) => u16::try_from(kind.number()).unwrap_or(u16::MAX),
            Topic::Standing(standing) => 1_000 + u16::from(standing.number()),
        }
    }
}

/// All statements of a shard.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    rows: Pages<Arc<StatementRow>>,
    marks: Marks,
    chains: Chains,
    n_text_bytes: usize,
}

impl Statements {
    /// The statements of a shard that is restored.
    pub fn of(rows: Vec<Arc<StatementRow>>, marks: Marks) -> Statements {
        let mut chains = Chains::default();
        rows.iter().for_each(|row| chains.push(row.patient));
        let n_text_bytes = rows.iter().map(|row| row.text_bytes()).sum();
        Statements { rows: Pages::of(rows), marks, chains, n_text_bytes }
    }

    /// When those that ceased to be current did.
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Appends a statement and gives its number.
    pub fn push(&mut self, row: StatementRow) -> u32 {
        self.chains.push(row.patient);
        self.n_text_bytes += row.text_bytes();
        self.rows.push(Arc::new(row))
    }

    /// The statement of this number.
    pub fn row(&self, number: u32) -> &Arc<StatementRow> {
        self.rows.get(number).expect("the number was given by push")
    }

    /// Says that a statement is no longer current from `known_to` on.
    pub fn supersede(&mut self, number: u32, known_to: Timestamp) {
        self.marks.supersede(number, known_to);
    }

    /// When a statement ceased to be current; `FOREVER` while it is.
    pub fn known_to(&self, number: u32) -> Timestamp {
        self.marks.known_to(number)
    }

    /// The statement of this number, if there is one, with the time at which it ceased to be current.
    pub fn get(&self, number: u32) -> Option<(&Arc<StatementRow>, Timestamp)> {
        Some((self.rows.get(number)?, self.marks.known_to(number)))
    }

    /// The statements about a patient, current or not, the last to come first.
    pub fn of_patient(&self, patient: u32) -> impl Iterator<Item = u32> {
        self.chains.walk(patient)
    }

    /// Every statement with the time at which it ceased to be current.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<StatementRow>, Timestamp)> {
        let numbered = (0..).zip(self.rows.iter());
        numbered.map(|(number, row)| (row, self.marks.known_to(number)))
    }

    /// Bytes of memory they take, within a few percent.
    pub fn size_bytes(&self) -> usize {
        let row = size_of::<StatementRow>() + size_of::<Statement<'_>>() + ROW_EXTRA;
        let marks = self.marks.size_bytes();
        self.n_rows() * row + self.n_text_bytes + self.chains.size_bytes() + marks
    }

    /// How many statements there are, current or not.
    pub fn n_rows(&self) -> usize {
        self.rows.n_items()
    }
}

/// What a row costs beside itself: its place among the rows, and the counts of it and of what it says.
const ROW_EXTRA: usize = 5 * size_of::<usize>();

impl Rows for Statements {
    fn list_of(&self, row: u32) -> (u32, u16) {
        let row = self.row(row);
        (row.patient, row.topic().list())
    }

    fn order_of(&self, row: u32) -> Order {
        let row = self.row(row);
        let content = row.content.cast_signed();
        (row.valid.start, row.version.revised_at.micros(), row.key, content)
    }
}
