//! The twins of a shard from a snapshot of it: what is derived from the rows is made anew.

use std::sync::Arc;

use crate::domain::event::ResourceKind;
use crate::domain::fact::Origin;
use crate::domain::person::Person;
use crate::domain::signal::Signal;
use crate::domain::time::Timestamp;
use crate::twin::events::Events;
use crate::twin::intern::Interner;
use crate::twin::links::LinkIndex;
use crate::twin::newest::Newest;
use crate::twin::samples::SampleTable;
use crate::twin::snapshot::ShardSnapshot;
use crate::twin::sums::Sums;
use crate::twin::tail::Tail;
use crate::twin::texts::Texts;
use crate::twin::twins::Twins;

impl Twins {
    /// The twins as they were when `snapshot` was taken, with the newest values at hand of what was tracked
    /// then. No sealed block is read.
    pub fn restore(
        snapshot: &ShardSnapshot,
        newest: Newest,
        tracked: &[(Signal, Origin)],
        (links, sums): (Vec<(u64, u64)>, Sums),
    ) -> Twins {
        let partition = snapshot.partition;
        let texts = |texts: &crate::twin::pages::Pages<Arc<str>>| {
            Interner::of_texts(texts.iter().map(|text| &**text))
        };
        let mut twins = Twins::new(partition, &[]);
        twins.patients = texts(&snapshot.patients);
        twins.codes = texts(&snapshot.codes);
        twins.devices = texts(&snapshot.devices);
        twins.names = snapshot.names.clone();
        twins.persons = vec![Person::default(); snapshot.patients.n_items()];
        let events = Events::of_view(partition, &snapshot.events);
        twins.tail = Tail::restore(
            SampleTable::of_chunks(snapshot.tail.clone()),
            snapshot.tail_marks.clone(),
            snapshot.tail_rare.clone(),
            (events, Texts::of_chunks(&snapshot.ids)),
        );
        twins.segments = snapshot.segments.clone();
        twins.statements = snapshot.statements.clone();
        twins.index_statements();
        twins.links = LinkIndex::of(links);
        twins.sums = sums;
        twins.set_tracked(tracked);
        twins.newest = newest;
        twins
    }

    fn index_statements(&mut self) {
        let n_rows = u32::try_from(self.statements.n_rows()).expect("fewer than 2^32 statements");
        let mut patients = Vec::new();
        for number in 0..n_rows {
            self.statement_index.add(&self.statements, number);
            let is_current = self.statements.known_to(number) == Timestamp::FOREVER;
            let row = self.statements.row(number).clone();
            if !is_current || !row.version.status.counts() {
                continue;
            }
            self.statement_index.insert(&self.statements, number);
            match row.kind {
                ResourceKind::Location => Arc::make_mut(&mut self.places).insert(row),
                ResourceKind::Patient => patients.push(row.patient),
                _ => {}
            }
        }
        patients.sort_unstable();
        patients.dedup();
        patients.into_iter().for_each(|patient| self.refresh_person(patient));
    }
}
