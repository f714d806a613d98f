//! One result that arrives through several systems counts once.
//!
//! ```text
//! resource ─► the version of it that counts ─► its linked parts ─┐
//! resource ─► the version of it that counts ─► its linked parts ─┴► the greatest rank is current
//! ```
//! Each resource first decides which of its own versions counts; then, of the resources that tell of the same
//! result, one does, and the others are kept like superseded versions. When the one that counts is taken
//! back, another counts again. What is linked through a third is linked. TW-2: which one counts depends on
//! what was said and on nothing else.

use hashbrown::HashTable;

use crate::domain::event::ResourceKind;
use crate::domain::fact::Fact;
use crate::domain::time::Timestamp;
use crate::twin::apply::Arrival;
use crate::twin::hash;
use crate::twin::known::{Known, Place};
use crate::twin::samples::RareParts;
use crate::twin::twins::{Change, Twins};
use crate::twin::versions::{Rank, distinct};

/// Which resources carry a link. A resource of any version that ever did is in it.
#[derive(Debug, Default)]
pub struct LinkIndex {
    entries: HashTable<Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    /// Hash of the patient and the link.
    place: u64,
    /// The key of the resource.
    key: u64,
}

impl LinkIndex {
    /// Every resource that carries a link, by the hash of its patient and the link, and by its key; in order.
    pub fn entries(&self) -> Vec<(u64, u64)> {
        let mut entries: Vec<(u64, u64)> =
            self.entries.iter().map(|entry| (entry.place, entry.key)).collect();
        entries.sort_unstable();
        entries
    }

    /// The index of the entries that [`LinkIndex::entries`] gave.
    pub fn of(entries: Vec<(u64, u64)>) -> LinkIndex {
        let mut index = LinkIndex::default();
        for (place, key) in entries {
            index.entries.insert_unique(place, Entry { place, key }, |entry| entry.place);
        }
        index
    }

    /// Bytes of memory it takes.
    pub fn size_bytes(&self) -> usize {
        self.entries.capacity() * (size_of::<Entry>() + 1)
    }

    /// Notes that a resource of a patient carries these links.
    pub fn add(&mut self, patient: u32, links: &[u64], key: u64) {
        for link in links {
            let entry = Entry { place: hash::of_key(patient, *link), key };
            if self.entries.find(entry.place, |known| *known == entry).is_none() {
                self.entries.insert_unique(entry.place, entry, |entry| entry.place);
            }
        }
    }

    /// Forgets that a resource of a patient carries these links.
    pub fn remove(&mut self, patient: u32, links: &[u64], key: u64) {
        for link in links {
            let entry = Entry { place: hash::of_key(patient, *link), key };
            if let Ok(found) = self.entries.find_entry(entry.place, |known| *known == entry) {
                found.remove();
            }
        }
    }

    /// Whether more than one resource of a patient ever carried a link.
    fn is_shared(&self, patient: u32, link: u64) -> bool {
        let place = hash::of_key(patient, link);
        let same = self.entries.iter_hash(place).filter(|entry| entry.place == place);
        1 < same.take(2).count()
    }

    /// The keys of the resources of a patient that carry a link.
    pub(super) fn keys(&self, patient: u32, link: u64) -> Vec<u64> {
        let place = hash::of_key(patient, link);
        let same = self.entries.iter_hash(place).filter(|entry| entry.place == place);
        same.map(|entry| entry.key).collect()
    }
}

/// What one resource says of a linked result: the facts of its version that counts.
struct Part {
    key: u64,
    rank: Rank,
    links: Vec<u64>,
    rows: Vec<Known>,
}

impl Twins {
    /// The links under which another resource than `key` tells the result, with a greater rank than `rank`.
    pub(super) fn links_told_better(
        &self,
        patient: u32,
        (rank, key): (Rank, u64),
        facts: &[Fact<'_>],
    ) -> Vec<u64> {
        let mut better: Vec<u64> = Vec::new();
        let mut seen: &[u64] = &[];
        for fact in facts.iter().filter(|fact| !fact.links.is_empty()) {
            if fact.links == seen {
                continue;
            }
            seen = &fact.links;
            let parts = self.linked(patient, &fact.links, Some(key));
            if parts.iter().any(|part| (rank, key) < (part.rank, part.key)) {
                better.extend(&fact.links);
            }
        }
        better
    }

    /// The links that rows of a resource carry.
    pub(super) fn links_of(&self, known: &[Known]) -> Vec<u64> {
        let mut links: Vec<u64> = known.iter().flat_map(|row| self.row_links(row.place)).collect();
        links.sort_unstable();
        links.dedup();
        links
    }

    /// Makes current what counts of the results with these links, after a resource that tells of them was
    /// applied.
    pub(super) fn settle_links(
        &mut self,
        arrival: &Arrival<'_>,
        mut links: Vec<u64>,
        changes: &mut Vec<Change>,
    ) {
        // What nobody else ever told of is as its own versions say.
        links.retain(|link| self.links.is_shared(arrival.patient, *link));
        self.settle((arrival.patient, arrival.known), links, changes);
    }

    /// A resource is not told any more: whatever else tells of the results with its links counts again.
    pub(super) fn untold(
        &mut self,
        (patient, known): (u32, Timestamp),
        (key, links): (u64, Vec<u64>),
        changes: &mut Vec<Change>,
    ) {
        self.links.remove(patient, &links, key);
        self.settle((patient, known), links, changes);
    }

    fn settle(
        &mut self,
        (patient, known): (u32, Timestamp),
        mut links: Vec<u64>,
        changes: &mut Vec<Change>,
    ) {
        while let Some(link) = links.pop() {
            let parts = self.linked(patient, &[link], None);
            links.retain(|link| !parts.iter().any(|part| part.links.contains(link)));
            let best = parts.iter().map(|part| (part.rank, part.key)).max();
            for part in &parts {
                let is_current = part.rows.iter().any(|row| row.is_current);
                match (best == Some((part.rank, part.key)), is_current) {
                    (true, false) => {
                        self.reinstate(&part.rows, part.rank.content, known, changes);
                    }
                    (false, true) => self.retire(&part.rows, known, changes),
                    (true, true) | (false, false) => {}
                }
            }
        }
    }

    /// The parts that tell of the result with one of these links, except those of one resource.
    fn linked(&self, patient: u32, links: &[u64], except: Option<u64>) -> Vec<Part> {
        let (mut seen, mut next) = (links.to_vec(), 0);
        let mut parts: Vec<Part> = Vec::new();
        while let Some(link) = seen.get(next).copied() {
            next += 1;
            let keys = self.links.keys(patient, link).into_iter();
            for key in keys.filter(|key| Some(*key) != except) {
                let told = self.parts_of(patient, key).into_iter();
                for part in told.filter(|part| part.links.contains(&link)) {
                    if parts.iter().any(|known| known.key == key && known.links == part.links) {
                        continue;
                    }
                    let new = part.links.iter().filter(|link| !seen.contains(link));
                    let new: Vec<u64> = new.copied().collect();
                    seen.extend(new);
                    parts.push(part);
                }
            }
        }
        parts
    }

    /// The linked parts of the version that counts of a resource.
    fn parts_of(&self, patient: u32, key: u64) -> Vec<Part> {
        let known = self.known_versions(patient, key, ResourceKind::Observation);
        let Some(rank) = distinct(known.iter().map(|row| row.rank)).into_iter().max() else {
            return Vec::new();
        };
        let mut parts: Vec<Part> = Vec::new();
        for row in known.into_iter().filter(|row| row.rank.content == rank.content) {
            let links = self.row_links(row.place);
            match parts.iter_mut().find(|part| part.links == links) {
                _ if links.is_empty() => {}
                Some(part) => part.rows.push(row),
                None => parts.push(Part { key, rank, links, rows: vec![row] }),
            }
        }
        parts
    }

    fn row_links(&self, place: Place) -> Vec<u64> {
        let links = |parts: &RareParts| parts.links.to_vec();
        match place {
            Place::Tail(number) => self.tail.rare.get(number).map(links).unwrap_or_default(),
            Place::Sealed(index, number) => {
                let segment = self.segments.get(index);
                segment.map(|segment| segment.links(number)).unwrap_or_default()
            }
            Place::Statement(number) => self.statements.row(number).links.to_vec(),
        }
    }
}
