//! The twins of one shard: what was said of each patient, and which version of it counts.
//!
//! ```text
//! event ─► resource ─► which version counts? ─► rows of samples and statements ─► changes
//! ```
//! TW-1: an event applied again changes nothing. TW-2: which rows are current depends on the set of
//! events. A row's time of becoming current and of ceasing to be are kept, so that what was known
//! at any past instant can be read off.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hint::black_box;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::event::{Event, EventBody, Resource, ResourceKind};
use crate::domain::fact::{Body, Fact, Origin};
use crate::domain::identity::{LogPosition, TwinId};
use crate::domain::linkage::Moved;
use crate::domain::person::Person;
use crate::domain::signal::Signal;
use crate::domain::time::Timestamp;
use crate::twin::apply::Arrival;
use crate::twin::events::Events;
use crate::twin::intern::Interner;
use crate::twin::links::LinkIndex;
use crate::twin::names::Names;
use crate::twin::newest::Newest;
use crate::twin::places::{Places, write_resource_key};
use crate::twin::received::Salt;
use crate::twin::samples::{Flags, parts_of, series_of};
use crate::twin::segment::{Extent, Segment};
use crate::twin::statement_index::StatementIndex;
use crate::twin::statements::{DIRECTORY, StatementRow, Statements, Topic};
use crate::twin::sums::Sums;
use crate::twin::tail::{TAIL_ROWS_MAX, Tail};
use crate::twin::told::Mark;
use crate::twin::zones::Zones;

/// All twins of a shard. One writer; readers get views.
#[derive(Debug)]
pub struct Twins {
    pub(super) patients: Interner,
    pub(super) names: Names,
    pub(super) persons: Vec<Person>,
    pub(super) tail: Tail,
    pub(super) segments: Vec<Segment>,
    pub(super) statements: Statements,
    pub(super) statement_index: StatementIndex,
    pub(super) links: LinkIndex,
    pub(super) places: Arc<Places>,
    pub(super) zones: Arc<Zones>,
    pub(super) codes: Interner,
    pub(super) devices: Interner,
    /// No segment of more rows is made of others.
    pub(super) segment_rows_max: u32,
    /// Rows of the tail from which on it is sealed.
    pub(super) tail_rows_max: usize,
    /// What is true, as sums.
    pub(super) sums: Sums,
    pub(super) newest: Newest,
    /// What `newest` tracks, by its column.
    pub(super) tracked: Vec<(Signal, Origin)>,
    /// The column of `newest` that tracks a series.
    pub(super) columns: Vec<Option<usize>>,
    /// Whose new facts go to another twin too.
    pub(super) watched: BTreeSet<u32>,
    /// The links that bring facts to a patient.
    pub(super) salts: BTreeMap<u32, Vec<Salt>>,
    /// What came by them and ceased to stand in the event that is applied.
    pub(super) own_stand: Vec<u64>,
    /// What was found out about the events to come.
    pub(super) ahead: VecDeque<Ahead>,
    pub(super) scratch: Vec<u8>,
}

/// What was found out about an event before its turn came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ahead {
    /// The patient, if anything was ever said of it.
    patient: Option<u32>,
    /// The key of its first resource, if that has an id.
    key: Option<u64>,
    /// The series of its first fact, if that is a sample.
    series: Option<u16>,
}

/// A block of sealed rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockPlace {
    /// Its segment, by its place among them.
    pub segment: usize,
    /// Its place in the segment.
    pub block: usize,
}

/// A block that is wanted in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// Which.
    pub place: BlockPlace,
    /// How much of it.
    pub extent: Extent,
}

/// One thing an event changed in what is true of a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A value of this signal at this time came, went, or is another now.
    Sample {
        /// What was measured.
        signal: Signal,
        /// By whom.
        origin: Origin,
        /// The time for which it counts.
        at: Timestamp,
    },
    /// A statement of this topic came, went, or is another now.
    Statement {
        /// What it is about.
        topic: Topic,
        /// The first instant it may hold.
        start: Timestamp,
        /// When it ends.
        end: Timestamp,
    },
}

impl Change {
    /// That a sample came or went; `None` for one that says nothing.
    pub(super) fn of_sample(series: u16, flags: u16, at: i64) -> Option<Change> {
        let (signal, origin) = parts_of(series)?;
        let counts = Flags::unpack(flags).status.counts();
        counts.then(|| Change::Sample { signal, origin, at: Timestamp::from_micros(at) })
    }

    /// That a statement came or went; `None` for one that does not count.
    pub(super) fn of_statement(row: &StatementRow) -> Option<Change> {
        let (topic, start, end) = (row.topic(), row.valid.start, row.valid.end);
        row.version.status.counts().then_some(Change::Statement { topic, start, end })
    }
}

/// What applying an event did.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Whose twin it was, in the shard; `None` for what is not about a patient.
    pub patient: Option<u32>,
    /// What is true now and was not, or was and is not any more; sorted, each once.
    pub changes: Vec<Change>,
    /// How many facts it held.
    pub n_facts: usize,
    /// Whether it said who the patient is.
    pub names_person: bool,
    /// What was told, where it goes to another twin too.
    pub told: Vec<Moved<'static>>,
    /// What had come from other identities and does not stand beside the twin's own record, by its keys here.
    pub own_stand: Vec<u64>,
}

impl Twins {
    /// No twins yet, of the shard of `partition`, with the newest value kept at hand of each of
    /// `tracked`.
    pub fn new(partition: u32, tracked: &[(Signal, Origin)]) -> Twins {
        let mut twins = Twins {
            patients: Interner::default(),
            names: Names::default(),
            persons: Vec::new(),
            tail: Tail::of_partition(partition),
            segments: Vec::new(),
            statements: Statements::default(),
            statement_index: StatementIndex::default(),
            links: LinkIndex::default(),
            places: Arc::default(),
            zones: Arc::default(),
            codes: Interner::default(),
            devices: Interner::default(),
            segment_rows_max: SEGMENT_ROWS_MAX,
            tail_rows_max: TAIL_ROWS_MAX,
            sums: Sums::default(),
            newest: Newest::default(),
            tracked: Vec::new(),
            columns: Vec::new(),
            watched: BTreeSet::new(),
            salts: BTreeMap::new(),
            own_stand: Vec::new(),
            ahead: VecDeque::new(),
            scratch: Vec::new(),
        };
        twins.track(tracked);
        twins
    }

    /// Keeps the newest value of each of `tracked` at hand from now on, whatever was tracked before.
    pub fn track(&mut self, tracked: &[(Signal, Origin)]) {
        if self.tracked == tracked {
            return;
        }
        self.set_tracked(tracked);
        self.newest = Newest::of_columns(tracked.len());
        let n_patients = u32::try_from(self.patients.texts().n_items()).unwrap_or(u32::MAX);
        for patient in 0..n_patients {
            for (signal, origin) in tracked {
                self.refresh_newest(patient, series_of(*signal, *origin));
            }
        }
    }

    /// Says what the columns of `newest` track, and nothing of what is in them.
    pub(super) fn set_tracked(&mut self, tracked: &[(Signal, Origin)]) {
        let n_series = Signal::all().count() * Origin::ALL.len();
        self.tracked = tracked.to_vec();
        self.columns = vec![None; n_series];
        for (column, (signal, origin)) in tracked.iter().enumerate() {
            let series = usize::from(series_of(*signal, *origin));
            if let Some(slot) = self.columns.get_mut(series) {
                *slot = Some(column);
            }
        }
    }

    /// What is true of the patients, as sums; scores are not among it.
    pub fn sums(&self) -> Sums {
        self.sums
    }

    /// The hash of a patient's name.
    pub fn name_hash(&self, patient: u32) -> u64 {
        // The interner hashes texts as `sums::of_name` does.
        if patient == DIRECTORY { 0 } else { self.patients.hash(patient) }
    }

    /// The partition of the log they come from.
    pub fn partition(&self) -> u32 {
        self.tail.events.partition()
    }

    /// Which resources tell of a result that others tell of too.
    pub fn links(&self) -> &LinkIndex {
        &self.links
    }

    /// The newest values at hand, and what they are of, by column.
    pub fn newest(&self) -> (&Newest, &[(Signal, Origin)]) {
        (&self.newest, &self.tracked)
    }

    /// Looks for the patients of events that are about to be applied, in the order in which they will be, and
    /// at what of them will be read. None of the looks waits for another, and what they find is at hand then.
    /// Gives the patients that are known, with the series that is to be added to.
    pub fn look_ahead(&mut self, events: &[Event<'_>]) -> impl Iterator<Item = (u32, u16)> {
        let mut text = std::mem::take(&mut self.scratch);
        self.ahead.clear();
        for event in events {
            if let EventBody::Patient { twin, .. } = &event.body {
                let patient = self.patients.number(name_of(twin, &mut text));
                self.ahead.push_back(Ahead { patient, ..Ahead::default() });
            }
        }
        let mut ahead = self.ahead.iter_mut();
        for event in events {
            let EventBody::Patient { twin, resources } = &event.body else { continue };
            let (Some(ahead), Some(first)) = (ahead.next(), resources.first()) else { continue };
            if !first.id.is_empty() {
                text.clear();
                write_resource_key(&mut text, &twin.namespace, first.kind, &first.id);
                ahead.key = Some(xxh3_64(&text));
            }
            if let Some(Fact { body: Body::Sample(sample), .. }) = first.facts.first() {
                ahead.series = Some(series_of(sample.signal, sample.origin));
            }
        }
        self.scratch = text;
        self.ahead.iter().for_each(|ahead| self.touch(ahead));
        self.ahead.iter().filter_map(|ahead| ahead.patient.zip(ahead.series))
    }

    /// Brings what applying an event will read into the caches.
    fn touch(&self, ahead: &Ahead) {
        let Some(patient) = ahead.patient else { return };
        if let Some(key) = ahead.key {
            black_box(self.tail.with_key(patient, key).next());
        }
        if let Some(series) = ahead.series {
            black_box(self.tail.lists.newest((patient, series)));
            if let Some(column) = self.column(series) {
                black_box(self.newest.get(patient, column));
            }
        }
    }

    /// Applies one event, whole.
    pub fn apply(&mut self, event: &Event<'_>, position: LogPosition, known: Timestamp) -> Applied {
        let ((patient, mut key), namespace, resources) = match &event.body {
            EventBody::Patient { twin, resources } => {
                (self.patient_of(twin, known), twin.namespace.as_ref(), resources)
            }
            EventBody::Directory { namespace, resources } => {
                ((DIRECTORY, None), namespace.as_ref(), resources)
            }
            EventBody::Control(_)
            | EventBody::Response { .. }
            | EventBody::Claim { .. }
            | EventBody::Transfer { .. } => return Applied::default(),
        };
        let (number, event) = self.tail.events.push(&event.source, position);
        let mark = self.mark();
        let names_person = resources.iter().any(|one| one.kind.is_of_identity());
        let person = names_person.then(|| self.person(patient));
        let mut applied = Applied { names_person, ..Applied::default() };
        for resource in resources {
            applied.n_facts += resource.facts.len();
            let arrival = Arrival { patient, namespace, key: key.take(), number, event, known };
            self.apply_resource(&arrival, resource, &mut applied.changes);
        }
        if person.is_some_and(|person| person == self.person(patient)) {
            // A new address is no reason to compute every score anew.
            let is_person = |change: &Change| {
                matches!(
                    change,
                    Change::Statement { topic: Topic::Kind(ResourceKind::Patient), .. }
                )
            };
            applied.changes.retain(|change| !is_person(change));
        }
        applied.patient = Some(patient).filter(|patient| *patient != DIRECTORY);
        self.finish(&mut applied, mark);
        applied
    }

    /// Puts in order what an event changed, and seals the tail when it is full.
    pub(super) fn finish(&mut self, applied: &mut Applied, mark: Mark) {
        if 1 < applied.changes.len() {
            applied.changes.sort_unstable();
            applied.changes.dedup();
        }
        applied.own_stand = std::mem::take(&mut self.own_stand);
        if let Some(patient) = applied.patient.filter(|patient| self.watched.contains(patient)) {
            applied.told = self.told_since(patient, mark);
        }
        if self.tail_rows_max <= self.tail.rows.n_rows() {
            self.seal();
        }
    }

    /// Says whether the new facts of a patient are told again.
    pub fn watch(&mut self, patient: u32, is_watched: bool) {
        match is_watched {
            true => self.watched.insert(patient),
            false => self.watched.remove(&patient),
        };
    }

    fn apply_resource(
        &mut self,
        arrival: &Arrival<'_>,
        resource: &Resource<'_>,
        changes: &mut Vec<Change>,
    ) {
        if resource.id.is_empty() {
            self.apply_measured(arrival, resource, changes);
        } else {
            self.apply_named(arrival, resource, changes);
        }
    }

    /// Whether an event is about a patient that has no twin here.
    pub fn passes_over(&mut self, event: &Event<'_>) -> bool {
        let (EventBody::Patient { twin, .. } | EventBody::Transfer { twin, .. }) = &event.body
        else {
            return false;
        };
        let is_unknown = self.patient(twin).is_none();
        if is_unknown && matches!(event.body, EventBody::Patient { .. }) {
            self.ahead.pop_front();
        }
        is_unknown
    }

    /// The number of a patient, and the key of the event's first resource where it is known already.
    pub(super) fn patient_of(&mut self, twin: &TwinId<'_>, known: Timestamp) -> (u32, Option<u64>) {
        // What was found ahead is held against the name again: nothing may go to another patient.
        if let Some(Ahead { patient: Some(number), key, .. }) = self.ahead.pop_front()
            && self.twin_id(number) == *twin
        {
            return (number, key);
        }
        let mut name = std::mem::take(&mut self.scratch);
        let number = self.patients.intern(name_of(twin, &mut name));
        self.scratch = name;
        let n_patients = usize::try_from(number).unwrap_or(usize::MAX).saturating_add(1);
        if self.persons.len() < n_patients {
            self.persons.resize(n_patients, Person::default());
            self.names.push(self.patients.texts(), known);
        }
        (number, None)
    }

    /// Moves the tail into a segment, and makes one of segments of about a size that have become many: a
    /// row is moved once per size, and a patient's rows lie in few segments.
    pub fn seal(&mut self) {
        self.segments.push(self.tail.seal());
        while let Some(first) = first_to_merge(&self.segments, self.segment_rows_max) {
            let merged = Segment::merge(self.segments.get(first..).unwrap_or_default());
            self.segments.truncate(first);
            self.segments.push(merged);
        }
    }

    /// Seals the tail now, however short it is; tests and the simulation do so at any moment,
    /// because where a row lies changes nothing (TW-4).
    pub fn seal_now(&mut self) {
        if self.tail.rows.n_rows() != 0 {
            self.seal();
        }
    }

    /// The number of a patient, if anything was ever said of it.
    pub fn patient(&self, twin: &TwinId<'_>) -> Option<u32> {
        self.patients.number(&twin.to_string())
    }

    /// The identity of a patient.
    pub fn twin_id(&self, patient: u32) -> TwinId<'_> {
        let name = self.patients.text(patient);
        let (namespace, patient) = name.split_once('/').expect("patient_of puts a slash between");
        TwinId::new(namespace, patient)
    }

    /// The places that stays name.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// How many patients there are.
    pub fn n_patients(&self) -> usize {
        self.patients.texts().n_items()
    }

    /// Every patient's `namespace/identifier`, in the order of their numbers.
    pub fn patient_names(&self) -> &crate::twin::pages::Pages<Arc<str>> {
        self.patients.texts()
    }

    /// Where events come from.
    pub fn events(&self) -> &Events {
        &self.tail.events
    }
}

/// `namespace/patient`, written into `name`.
fn name_of<'n>(twin: &TwinId<'_>, name: &'n mut Vec<u8>) -> &'n str {
    name.clear();
    name.extend_from_slice(twin.namespace.as_bytes());
    name.push(b'/');
    name.extend_from_slice(twin.patient.as_bytes());
    std::str::from_utf8(name).expect("two texts and a slash are text")
}

/// As many segments of about a size become one: each costs a question for every new resource.
pub(super) const SEGMENTS_ALIKE_MAX: u32 = 4;

/// No segment of more rows is made of others.
pub const SEGMENT_ROWS_MAX: u32 = 8 << 20;

/// Bytes that a sealed row takes, about, unless it has texts of its own.
pub const SEALED_ROW_BYTES: usize = 64;

/// The first of the newest segments that become one, if they do: those of the newest one's size or less.
fn first_to_merge(segments: &[Segment], rows_max: u32) -> Option<usize> {
    let size = |segment: &Segment| segment.n_rows().max(1).ilog(SEGMENTS_ALIKE_MAX);
    let newest = size(segments.last()?);
    let larger = segments.iter().rposition(|segment| newest < size(segment));
    let first = larger.map_or(0, |larger| larger + 1);
    let alike = segments.get(first..)?;
    let n_alike = u32::try_from(alike.len()).unwrap_or(u32::MAX);
    let n_rows = alike.iter().map(|segment| u64::from(segment.n_rows())).sum::<u64>();
    (SEGMENTS_ALIKE_MAX <= n_alike && n_rows <= u64::from(rows_max)).then_some(first)
}
