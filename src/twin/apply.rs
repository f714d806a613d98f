//! Which version of a resource counts, and what that changes.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::event::{Resource, ResourceKind, Status};
use crate::domain::fact::{Body, Fact, Precision, Reading, Sample};
use crate::domain::statement::Statement;
use crate::domain::time::Timestamp;
use crate::twin::block::Kept;
use crate::twin::events::EventRow;
use crate::twin::known::{Known, Place};
use crate::twin::local::Local;
use crate::twin::places::write_resource_key;
use crate::twin::samples::{Flags, RareParts, SampleRow, VOID_SERIES, series_of};
use crate::twin::statements::StatementRow;
use crate::twin::sums::{of_sample, of_statement};
use crate::twin::twins::{Change, Twins};
use crate::twin::versions::{Rank, Verdict, decide, distinct};

/// What the parts of an event share.
pub(super) struct Arrival<'e> {
    /// Whose facts they are.
    pub patient: u32,
    /// The namespace of the source.
    pub namespace: &'e str,
    /// The key of the resource, where it is known already.
    pub key: Option<u64>,
    /// The number of the event in the tail.
    pub number: u32,
    /// The event.
    pub event: EventRow,
    /// When it became known.
    pub known: Timestamp,
}

impl Twins {
    /// Applies a version of a resource that has an id: all its facts share its fate.
    pub(super) fn apply_named(
        &mut self,
        arrival: &Arrival<'_>,
        resource: &Resource<'_>,
        changes: &mut Vec<Change>,
    ) {
        let key = arrival
            .key
            .unwrap_or_else(|| self.named_key(arrival.namespace, resource.kind, &resource.id));
        let known = self.known_versions(arrival.patient, key, resource.kind);
        let rank = Rank::of(&resource.version, resource.content);
        let verdict = decide(&distinct(known.iter().map(|row| row.rank)), rank);
        if verdict == Verdict::Duplicate {
            return;
        }
        let mut links = self.links_of(&known);
        let told_better = self.links_told_better(arrival.patient, (rank, key), &resource.facts);
        let counts = verdict == Verdict::Counts;
        self.make_way(&verdict, &known, arrival.known, changes);
        if resource.facts.is_empty() {
            let row = self.void_row(arrival, resource, key);
            self.push_sample(row, None, resource, counts, changes);
        }
        for fact in &resource.facts {
            let is_current = counts && !fact.links.iter().any(|link| told_better.contains(link));
            links.extend(&fact.links);
            match &fact.body {
                Body::Sample(sample) => {
                    let row =
                        self.sample_row(arrival, resource, key, resource.content, fact, sample);
                    self.push_sample(row, Some((fact, sample)), resource, is_current, changes);
                }
                Body::Statement(statement) => {
                    let row = statement_row(arrival, resource, key, fact, statement);
                    self.push_statement(row, is_current, changes);
                }
            }
        }
        self.settle_links(arrival, links, changes);
        self.own_stands(arrival, key, changes);
    }

    /// Ends what counted of a resource before a version of it is added, as the verdict on it says.
    fn make_way(
        &mut self,
        verdict: &Verdict,
        known: &[Known],
        at: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        if let Verdict::Counts | Verdict::Yields(_) = verdict {
            self.retire(known, at, changes);
        }
        if let Verdict::Yields(content) = verdict {
            self.reinstate(known, *content, at, changes);
        }
    }

    /// Applies samples that are known by what they measure: each is a resource of its own.
    pub(super) fn apply_measured(
        &mut self,
        arrival: &Arrival<'_>,
        resource: &Resource<'_>,
        changes: &mut Vec<Change>,
    ) {
        for fact in &resource.facts {
            let Body::Sample(sample) = &fact.body else {
                continue; // Only samples are known by what they measure.
            };
            let key = self.measured_key(fact, sample);
            let content = measured_content(resource.version.status, fact, sample);
            let known = self.known_versions(arrival.patient, key, resource.kind);
            let rank = Rank::of(&resource.version, content);
            let verdict = decide(&distinct(known.iter().map(|row| row.rank)), rank);
            if verdict == Verdict::Duplicate {
                continue;
            }
            let mut links = self.links_of(&known);
            let fact_alone = std::slice::from_ref(fact);
            let told_better = self.links_told_better(arrival.patient, (rank, key), fact_alone);
            self.make_way(&verdict, &known, arrival.known, changes);
            let row = self.sample_row(arrival, resource, key, content, fact, sample);
            let is_current = verdict == Verdict::Counts && told_better.is_empty();
            self.push_sample(row, Some((fact, sample)), resource, is_current, changes);
            links.extend(&fact.links);
            self.settle_links(arrival, links, changes);
            self.own_stands(arrival, key, changes);
        }
    }

    /// Ends what is current among `known`.
    pub(super) fn retire(&mut self, known: &[Known], at: Timestamp, changes: &mut Vec<Change>) {
        for row in known.iter().filter(|row| row.is_current) {
            match row.place {
                Place::Tail(number) => {
                    let row = self.tail.rows.row(number);
                    self.tail.supersede(number, at);
                    self.sums.samples.take(of_sample(self.name_hash(row.patient), &row));
                    sample_changed(&row, changes);
                    self.newest_loses(&row);
                }
                Place::Sealed(index, number) => {
                    #[cfg(test)]
                    if crate::planted::is_planted(crate::planted::Bug::LostRetraction) {
                        continue;
                    }
                    let Some(segment) = self.segments.get_mut(index) else { continue };
                    segment.marks.supersede(number, at);
                    let row = segment.row(number);
                    self.sums.samples.take(of_sample(self.name_hash(row.patient), &row));
                    sample_changed(&row, changes);
                    self.newest_loses(&row);
                }
                Place::Statement(number) => {
                    self.statements.supersede(number, at);
                    let row = self.statements.row(number).clone();
                    self.sums.statements.take(of_statement(self.name_hash(row.patient), &row));
                    self.statement_index.remove(&self.statements, number);
                    if row.kind == ResourceKind::Location {
                        Arc::make_mut(&mut self.places).remove(row.key);
                    }
                    self.statement_changed(&row, changes);
                }
            }
        }
    }

    /// Makes the version with this content current again, as rows that begin at `at`.
    pub(super) fn reinstate(
        &mut self,
        known: &[Known],
        content: u64,
        at: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let mut seen: Vec<Place> = Vec::new();
        let earliest = distinct(known.iter().map(|row| row.rank))
            .into_iter()
            .find(|version| version.content == content);
        for version in known.iter().filter(|version| Some(version.rank) == earliest) {
            match version.place {
                Place::Tail(number) => {
                    self.reinstate_sample(self.tail.kept(number), at, &seen, changes);
                }
                Place::Sealed(index, number) => {
                    let kept = self.segments.get(index).and_then(|segment| segment.kept(number));
                    if let Some(kept) = kept {
                        self.reinstate_sample(kept, at, &seen, changes);
                    }
                }
                Place::Statement(number) => {
                    let row = StatementRow { known: at, ..(**self.statements.row(number)).clone() };
                    let copies = seen.iter().any(|place| self.same_statement(*place, &row));
                    if !copies {
                        self.push_statement(row, true, changes);
                    }
                }
            }
            seen.push(version.place);
        }
    }

    /// Makes what a row says current from `at` on, unless a row among `seen` says the same.
    fn reinstate_sample(
        &mut self,
        kept: Kept,
        at: Timestamp,
        seen: &[Place],
        changes: &mut Vec<Change>,
    ) {
        let Kept { row, rare, event, resource } = kept;
        if seen.iter().any(|place| self.same_sample(*place, &row)) {
            return;
        }
        let row = SampleRow {
            known: at.micros(),
            event: self.tail.events.rows.push(event),
            resource: self.tail.ids.push(&resource),
            ..row
        };
        let new = self.tail.push_current(row);
        self.sums.samples.add(of_sample(self.name_hash(row.patient), &row));
        self.tail.rare.put(new, rare);
        if sample_changed(&row, changes) {
            self.newest_gains(&row);
        }
    }

    fn same_sample(&self, place: Place, row: &SampleRow) -> bool {
        let other = match place {
            Place::Tail(number) => self.tail.rows.row(number),
            Place::Sealed(index, number) => match self.segments.get(index) {
                Some(segment) => segment.row(number),
                None => return false,
            },
            Place::Statement(_) => return false,
        };
        (other.series, other.at, other.value) == (row.series, row.at, row.value)
    }

    fn same_statement(&self, place: Place, row: &StatementRow) -> bool {
        let Place::Statement(number) = place else { return false };
        let other = self.statements.row(number);
        (other.topic(), other.valid) == (row.topic(), row.valid) && other.statement == row.statement
    }

    fn push_sample(
        &mut self,
        row: SampleRow,
        from: Option<(&Fact<'_>, &Sample<'_>)>,
        resource: &Resource<'_>,
        is_current: bool,
        changes: &mut Vec<Change>,
    ) {
        let number =
            if is_current { self.tail.push_current(row) } else { self.tail.push_superseded(row) };
        if is_current {
            self.sums.samples.add(of_sample(self.name_hash(row.patient), &row));
        }
        self.tail.rare.put(number, rare_parts(resource, from));
        if let Some((fact, _)) = from {
            self.links.add(row.patient, &fact.links, row.key);
        }
        if is_current && sample_changed(&row, changes) {
            self.newest_gains(&row);
        }
    }

    fn push_statement(&mut self, row: StatementRow, is_current: bool, changes: &mut Vec<Change>) {
        let (known, counts) = (row.known, row.version.status.counts());
        self.links.add(row.patient, &row.links, row.key);
        let number = self.statements.push(row);
        self.statement_index.add(&self.statements, number);
        if !is_current {
            return self.statements.supersede(number, known);
        }
        if counts {
            self.statement_index.insert(&self.statements, number);
        }
        let row = self.statements.row(number).clone();
        self.sums.statements.add(of_statement(self.name_hash(row.patient), &row));
        if counts && row.kind == ResourceKind::Location {
            Arc::make_mut(&mut self.places).insert(row.clone());
        }
        self.statement_changed(&row, changes);
    }

    fn statement_changed(&mut self, row: &StatementRow, changes: &mut Vec<Change>) {
        changes.extend(Change::of_statement(row));
        if row.kind == ResourceKind::Patient {
            self.refresh_person(row.patient);
        }
    }

    fn sample_row(
        &mut self,
        arrival: &Arrival<'_>,
        resource: &Resource<'_>,
        key: u64,
        content: u64,
        fact: &Fact<'_>,
        sample: &Sample<'_>,
    ) -> SampleRow {
        let (value, comparator, unusable) = match &sample.reading {
            Reading::Value { value, comparator, .. } => (*value, *comparator, None),
            Reading::Unusable { reason, .. } => (0, None, Some(*reason)),
        };
        let (status, statistic) = (resource.version.status, sample.statistic);
        SampleRow {
            patient: arrival.patient,
            series: series_of(sample.signal, sample.origin),
            flags: Flags { status, statistic, comparator, unusable }.pack(),
            at: fact.valid.at(resource.recorded_at).micros(),
            known: arrival.known.micros(),
            value: i32::try_from(value).expect("plausibility keeps values within 32 bits"),
            event: arrival.number,
            revised_at: resource.version.revised_at.micros(),
            key,
            content,
            code: self.code_number(sample),
            device: self.devices.intern(&sample.device),
            resource: self.tail.ids.push(&resource.id),
            local: Local::of(&fact.valid).pack(),
        }
    }

    fn code_number(&mut self, sample: &Sample<'_>) -> u32 {
        let mut name = std::mem::take(&mut self.scratch);
        name.clear();
        name.extend_from_slice(sample.code.system.as_bytes());
        name.push(b'|');
        name.extend_from_slice(sample.code.code.as_bytes());
        let number = self.codes.intern(std::str::from_utf8(&name).expect("two texts and a bar"));
        self.scratch = name;
        number
    }

    fn void_row(&mut self, arrival: &Arrival<'_>, resource: &Resource<'_>, key: u64) -> SampleRow {
        let (status, statistic) = (resource.version.status, crate::domain::fact::Statistic::Other);
        SampleRow {
            patient: arrival.patient,
            series: VOID_SERIES,
            flags: Flags { status, statistic, comparator: None, unusable: None }.pack(),
            at: resource.version.revised_at.micros(),
            known: arrival.known.micros(),
            value: 0,
            event: arrival.number,
            revised_at: resource.version.revised_at.micros(),
            key,
            content: resource.content,
            code: self.codes.intern("|"),
            device: self.devices.intern(""),
            resource: self.tail.ids.push(&resource.id),
            local: 0,
        }
    }

    fn named_key(&mut self, namespace: &str, kind: ResourceKind, id: &str) -> u64 {
        self.scratch.clear();
        write_resource_key(&mut self.scratch, namespace, kind, id);
        xxh3_64(&self.scratch)
    }

    fn measured_key(&mut self, fact: &Fact<'_>, sample: &Sample<'_>) -> u64 {
        self.scratch.clear();
        let series = series_of(sample.signal, sample.origin);
        self.scratch.extend_from_slice(&series.to_le_bytes());
        self.scratch.extend_from_slice(sample.statistic.name().as_bytes());
        self.scratch.extend_from_slice(&fact.valid.start.micros().to_le_bytes());
        self.scratch.extend_from_slice(&fact.valid.end.micros().to_le_bytes());
        self.scratch.extend_from_slice(sample.device.as_bytes());
        xxh3_64(&self.scratch)
    }
}

/// Notes that a row came or went; `false` for one that says nothing.
fn sample_changed(row: &SampleRow, changes: &mut Vec<Change>) -> bool {
    let change = Change::of_sample(row.series, row.flags, row.at);
    changes.extend(change);
    change.is_some()
}

fn rare_parts(resource: &Resource<'_>, from: Option<(&Fact<'_>, &Sample<'_>)>) -> RareParts {
    let usual = matches!(resource.kind, ResourceKind::Observation | ResourceKind::Measurement);
    let raw = from.and_then(|(_, sample)| match &sample.reading {
        Reading::Value { raw, .. } => raw.as_ref(),
        Reading::Unusable { raw, .. } => Some(raw),
    });
    let valid = from.map(|(fact, _)| fact.valid);
    RareParts {
        start: valid.filter(|valid| valid.start != valid.end).map(|valid| valid.start),
        end: valid.filter(|valid| valid.precision != Precision::Instant).map(|valid| valid.end),
        raw: raw.map(|raw| (raw.value.as_ref().into(), raw.unit.as_ref().into())),
        version_id: resource.version.version_id,
        kind: Some(resource.kind).filter(|_| !usual),
        recorded_at: resource.recorded_at.filter(|at| *at != resource.version.revised_at),
        links: from.map(|(fact, _)| fact.links.as_slice().into()).unwrap_or_default(),
    }
}

fn statement_row(
    arrival: &Arrival<'_>,
    resource: &Resource<'_>,
    key: u64,
    fact: &Fact<'_>,
    statement: &Statement<'_>,
) -> StatementRow {
    StatementRow {
        patient: arrival.patient,
        kind: resource.kind,
        id: resource.id.as_ref().into(),
        version: resource.version,
        recorded_at: resource.recorded_at,
        key,
        content: resource.content,
        valid: fact.valid,
        known: arrival.known,
        event: arrival.event,
        links: fact.links.as_slice().into(),
        statement: Arc::new(statement.clone().into_owned()),
    }
}

fn measured_content(status: Status, fact: &Fact<'_>, sample: &Sample<'_>) -> u64 {
    let (value, comparator, unusable, raw) = match &sample.reading {
        Reading::Value { value, comparator, .. } => (*value, *comparator, None, ""),
        Reading::Unusable { reason, raw } => (0, None, Some(*reason), raw.value.as_ref()),
    };
    let flags = Flags { status, statistic: sample.statistic, comparator, unusable }.pack();
    let mut bytes = value.to_le_bytes().to_vec();
    bytes.extend_from_slice(&flags.to_le_bytes());
    bytes.extend_from_slice(raw.as_bytes());
    // What the day it counts for depends on, and what it is linked by.
    bytes.extend_from_slice(&Local::of(&fact.valid).pack().to_le_bytes());
    fact.links.iter().for_each(|link| bytes.extend_from_slice(&link.to_le_bytes()));
    xxh3_64(&bytes)
}
