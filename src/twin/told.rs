//! What was ever told of a patient, as resource versions again: what moves to another twin.
//!
//! Rows of one version lie apart, in the tail, in segments and among statements, and are put together here. Every
//! version is told, also those that were superseded: the other twin decides by the same rule which of them counts.

use std::collections::BTreeMap;

use crate::domain::coding::Coding;
use crate::domain::event::{Resource, ResourceKind, Version};
use crate::domain::fact::{Body, Fact, Precision, Raw, Reading, Sample, Valid};
use crate::domain::linkage::Moved;
use crate::domain::time::{Span, Timestamp};
use crate::twin::block::Kept;
use crate::twin::events::EventRow;
use crate::twin::local::Local;
use crate::twin::samples::{Flags, parts_of};
use crate::twin::statements::StatementRow;
use crate::twin::twins::{Change, Twins};

/// How much was told so far of all patients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    n_tail: u32,
    n_statements: u32,
}

/// Resource versions that are put together.
#[derive(Debug, Default)]
struct Versions {
    all: Vec<(EventRow, Moved<'static>)>,
    places: BTreeMap<(u64, u64, u64, u32), usize>,
}

impl Versions {
    fn add(
        &mut self,
        event: EventRow,
        new: impl FnOnce() -> Moved<'static>,
        fact: Option<Fact<'static>>,
        at: (u64, u64),
    ) {
        let (key, content) = at;
        let place = (key, content, event.frame, event.index);
        let index = *self.places.entry(place).or_insert_with(|| {
            self.all.push((event, new()));
            self.all.len() - 1
        });
        let Some((_, moved)) = self.all.get_mut(index) else { return };
        // A version that counted, ceased to and counted again has its rows twice.
        let facts = &mut moved.resource.facts;
        facts.extend(fact.filter(|fact| !facts.contains(fact)));
    }

    /// In the order in which they came.
    fn finish(mut self) -> Vec<Moved<'static>> {
        self.all.sort_by_key(|(event, _)| (event.frame, event.index));
        self.all.into_iter().map(|(_, moved)| moved).collect()
    }
}

impl Twins {
    /// How much was told so far.
    pub fn mark(&self) -> Mark {
        let n_tail = u32::try_from(self.tail.rows.n_rows()).unwrap_or(u32::MAX);
        let n_statements = u32::try_from(self.statements.n_rows()).unwrap_or(u32::MAX);
        Mark { n_tail, n_statements }
    }

    /// Every version of every resource of a patient but those that say who it is, in the order in which they came.
    pub fn told(&self, patient: u32) -> Vec<Moved<'static>> {
        let mut versions = Versions::default();
        for segment in &self.segments {
            for number in segment.of_patient(patient) {
                segment
                    .kept(number)
                    .into_iter()
                    .for_each(|kept| self.put_sample(&mut versions, kept));
            }
        }
        for number in self.tail.rows.rows_between(patient, patient) {
            if self.tail.rows.patient(number) == patient {
                self.put_sample(&mut versions, self.tail.kept(number));
            }
        }
        for number in self.statement_index.of_patient(patient) {
            self.put_statement(&mut versions, self.statements.row(number));
        }
        versions.finish()
    }

    /// The same of what was told since, before anything of it was sealed.
    pub(super) fn told_since(&self, patient: u32, mark: Mark) -> Vec<Moved<'static>> {
        let mut versions = Versions::default();
        let now = self.mark();
        for number in mark.n_tail..now.n_tail {
            if self.tail.rows.patient(number) == patient {
                self.put_sample(&mut versions, self.tail.kept(number));
            }
        }
        for number in mark.n_statements..now.n_statements {
            let row = self.statements.row(number);
            if row.patient == patient {
                self.put_statement(&mut versions, row);
            }
        }
        versions.finish()
    }

    /// Everything that is true of a patient, as if all of it had just come.
    pub fn all_of(&self, patient: u32) -> Vec<Change> {
        let mut changes = Vec::new();
        for segment in &self.segments {
            for number in segment.of_patient(patient) {
                if segment.marks.known_to(number) == Timestamp::FOREVER {
                    let row = segment.value(number);
                    changes.extend(Change::of_sample(row.series, row.flags, row.at));
                }
            }
        }
        for number in self.tail.rows.rows_between(patient, patient) {
            let row = self.tail.rows.row(number);
            if row.patient == patient && self.tail.marks.known_to(number) == Timestamp::FOREVER {
                changes.extend(Change::of_sample(row.series, row.flags, row.at));
            }
        }
        for number in self.statement_index.of_patient(patient) {
            let row = self.statements.row(number);
            if self.statements.known_to(number) == Timestamp::FOREVER {
                changes.extend(Change::of_statement(row));
            }
        }
        changes.sort_unstable();
        changes.dedup();
        changes
    }

    fn put_sample(&self, versions: &mut Versions, kept: Kept) {
        let Kept { row, rare, event, resource } = kept;
        let usual =
            if resource.is_empty() { ResourceKind::Measurement } else { ResourceKind::Observation };
        let kind = rare.kind.unwrap_or(usual);
        // Each identity keeps its own record of who it is.
        if kind.is_of_identity() {
            return;
        }
        let flags = Flags::unpack(row.flags);
        let revised_at = Timestamp::from_micros(row.revised_at);
        let at = Timestamp::from_micros(row.at);
        let local = Local::unpack(row.local);
        let end = rare.end.unwrap_or(at);
        let last = end.minus(Span::from_micros(1));
        let recorded_at = match local.precision {
            // It counts when it was recorded, where that lies in it.
            Precision::Date | Precision::Between => {
                Some(at).filter(|at| *at != last).or(rare.recorded_at)
            }
            Precision::Instant => rare.recorded_at.or(Some(revised_at)),
        };
        let version = Version { revised_at, version_id: rare.version_id, status: flags.status };
        let new = || Moved {
            key: row.key,
            source: self.tail.events.source(&event),
            resource: Resource {
                kind,
                id: resource.into(),
                version,
                recorded_at,
                content: row.content,
                facts: Vec::new(),
            },
        };
        let fact = parts_of(row.series).map(|(signal, origin)| {
            let raw = rare.raw.map(|(value, unit)| Raw {
                value: String::from(value).into(),
                unit: String::from(unit).into(),
            });
            let reading = match flags.unusable {
                Some(reason) => Reading::Unusable { reason, raw: raw.unwrap_or_default() },
                None => {
                    let (value, comparator) = (i64::from(row.value), flags.comparator);
                    Reading::Value { value, comparator, raw }
                }
            };
            let code = self.code(&row);
            let (system, code) = code.rsplit_once('|').unwrap_or(("", code));
            let sample = Sample {
                signal,
                reading,
                origin,
                statistic: flags.statistic,
                device: self.devices.text(row.device).to_owned().into(),
                code: Coding::new(system.to_owned(), code.to_owned(), ""),
            };
            let minutes = local.offset_minutes;
            let valid = Valid {
                start: rare.start.unwrap_or(end),
                end,
                precision: local.precision,
                offset_minutes: local.is_own.then_some(minutes),
                zone_minutes: if local.is_own { 0 } else { minutes },
            };
            Fact { valid, links: rare.links.to_vec(), body: Body::Sample(sample) }
        });
        versions.add(event, new, fact, (row.key, row.content));
    }

    fn put_statement(&self, versions: &mut Versions, row: &StatementRow) {
        if row.kind.is_of_identity() {
            return;
        }
        let new = || Moved {
            key: row.key,
            source: self.tail.events.source(&row.event),
            resource: Resource {
                kind: row.kind,
                id: row.id.to_string().into(),
                version: row.version,
                recorded_at: row.recorded_at,
                content: row.content,
                facts: Vec::new(),
            },
        };
        let body = Body::Statement(Box::new((*row.statement).clone()));
        let fact = Fact { valid: row.valid, links: row.links.to_vec(), body };
        versions.add(row.event, new, Some(fact), (row.key, row.content));
    }
}
