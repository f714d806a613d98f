//! Records by source: how many came, how late what they say was, and since when none came.

use std::time::Duration;

use crate::domain::event::{Event, EventBody};
use crate::domain::time::Timestamp;
use crate::ingest::source::SourceRecord;
use crate::telemetry::histogram::Histogram;
use crate::telemetry::metrics::age;

/// What came, by the place of its source among the routes.
#[derive(Clone, Debug)]
pub struct Intake {
    sources: Vec<FromSource>,
}

/// What came from one source.
#[derive(Clone, Debug, Default)]
pub struct FromSource {
    /// Its name.
    pub name: String,
    /// Records.
    pub n_records: u64,
    /// Bytes of their values.
    pub n_bytes: u64,
    /// When the last was taken.
    pub last_at: Option<Timestamp>,
    /// From what happened to a patient until it lay in the topic.
    pub lateness: Histogram,
    /// From when a record lay in the topic until it was taken.
    pub delay: Histogram,
}

impl Intake {
    /// Nothing came from these sources yet.
    pub fn of<'n>(names: impl Iterator<Item = &'n str>) -> Intake {
        let source = |name: &str| FromSource { name: name.to_owned(), ..FromSource::default() };
        Intake { sources: names.map(source).collect() }
    }

    /// Takes note of a record of the source at `route`, and of what it became.
    pub fn note(
        &mut self,
        route: usize,
        record: &SourceRecord<'_>,
        events: &[Event<'_>],
        now: Timestamp,
    ) {
        let Some(source) = self.sources.get_mut(route) else { return };
        source.n_records += 1;
        source.n_bytes += u64::try_from(record.payload.len()).unwrap_or(0);
        source.last_at = Some(now);
        // A recorded history is as old as it is.
        if record.timestamp == Timestamp::MIN {
            return;
        }
        source.delay.observe(age(now, record.timestamp));
        for event in events {
            if let EventBody::Patient { resources, .. } = &event.body {
                let firsts = resources.iter().filter_map(|resource| resource.facts.first());
                firsts
                    .map(|fact| age(record.timestamp, fact.valid.start))
                    .filter(|lateness| *lateness < LATENESS_MAX)
                    .for_each(|lateness| source.lateness.observe(lateness));
            }
        }
    }

    /// What came, by source.
    pub fn sources(&self) -> &[FromSource] {
        &self.sources
    }
}

/// What is older than a year is a history that is told, a diagnosis or a birth: no sender was late with it.
const LATENESS_MAX: Duration = Duration::from_secs(365 * 86_400);
