//! Where each event came from, for whoever asks why: source record, and place in the log.
//!
//! The tail keeps a row for each event of its samples; a sealed block and a statement keep their own, so
//! that nothing here outlives the rows that refer to it.

use std::sync::Arc;

use crate::domain::identity::{LogPosition, SourcePosition};
use crate::twin::intern::Interner;
use crate::twin::pages::Pages;
use crate::twin::table::{place, table};

table! {
    /// Where one event came from.
    EventTable, EventChunk, EventRow {
        /// The source topic and partition, interned.
        source: u32,
        /// The place of the event in its frame of the log.
        index: u32,
        /// The offset of the source record.
        offset: i64,
        /// The offset of the frame in the log.
        frame: u64,
    }
}

/// The events of the tail, by their number in it, and the sources of a shard.
#[derive(Debug, Default)]
pub struct Events {
    pub(super) rows: EventTable,
    pub(super) sources: Interner,
    /// The source of the newest event, which most often is the next one's too.
    newest_source: Option<(String, i32, u32)>,
    partition: u32,
}

impl Events {
    /// No events yet, of the shard of `partition`.
    pub fn of_partition(partition: u32) -> Events {
        Events { partition, ..Events::default() }
    }

    /// The events of a tail as a view gave them.
    pub(super) fn of_view(partition: u32, view: &EventsView) -> Events {
        Events {
            rows: EventTable::of_chunks(view.rows.clone()),
            sources: Interner::of_texts(view.sources.iter().map(|source| &**source)),
            ..Events::of_partition(partition)
        }
    }

    /// Appends an event that lies at `position` in the log, and gives its number and what it is.
    pub fn push(&mut self, source: &SourcePosition<'_>, position: LogPosition) -> (u32, EventRow) {
        let source_number = self.source_number(source);
        let row = EventRow {
            source: source_number,
            index: position.index,
            offset: source.offset,
            frame: position.offset,
        };
        (self.rows.push(row), row)
    }

    /// The partition of the log they come from.
    pub fn partition(&self) -> u32 {
        self.partition
    }

    /// Forgets the events, when the rows that refer to them have moved elsewhere.
    pub fn clear(&mut self) {
        self.rows = EventTable::default();
    }

    fn source_number(&mut self, source: &SourcePosition<'_>) -> u32 {
        let newest = self.newest_source.as_ref();
        let same = newest.filter(|(topic, partition, _)| {
            *topic == source.topic && *partition == source.partition
        });
        if let Some((_, _, number)) = same {
            return *number;
        }
        let number = self.sources.intern(&format!("{}|{}", source.topic, source.partition));
        self.newest_source = Some((source.topic.to_string(), source.partition, number));
        number
    }

    /// Where an event lies in the log.
    pub fn log_position(&self, row: &EventRow) -> LogPosition {
        LogPosition { partition: self.partition, offset: row.frame, index: row.index }
    }

    /// The source record of an event.
    pub fn source(&self, row: &EventRow) -> SourcePosition<'static> {
        source_position(self.sources.text(row.source), row.offset)
    }

    /// Everything so far, for readers.
    pub fn view(&self) -> EventsView {
        EventsView { rows: self.rows.view(), sources: self.sources.texts().clone() }
    }
}

/// The events of the tail as they were, and the sources of the shard.
#[derive(Clone, Debug)]
pub struct EventsView {
    rows: Vec<Arc<EventChunk>>,
    sources: Pages<Arc<str>>,
}

impl EventsView {
    /// The events of a tail, in chunks, and the sources of the shard, by number.
    pub fn of(rows: Vec<Arc<EventChunk>>, sources: Pages<Arc<str>>) -> EventsView {
        EventsView { rows, sources }
    }

    /// The events in chunks.
    pub fn chunks(&self) -> &[Arc<EventChunk>] {
        &self.rows
    }

    /// The sources of the shard as `topic|partition`, by number.
    pub fn sources(&self) -> &Pages<Arc<str>> {
        &self.sources
    }

    /// What an event of the tail is.
    pub fn row(&self, event: u32) -> Option<EventRow> {
        let (chunk, index) = place(event);
        self.rows.get(chunk)?.row(index)
    }

    /// The source record of an event.
    pub fn source(&self, row: &EventRow) -> Option<SourcePosition<'static>> {
        Some(source_position(self.sources.get(row.source)?, row.offset))
    }
}

fn source_position(name: &str, offset: i64) -> SourcePosition<'static> {
    let (topic, partition) = name.rsplit_once('|').unwrap_or((name, "0"));
    SourcePosition::new(topic.to_owned(), partition.parse().unwrap_or(0), offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_where_it_came_from() {
        let mut events = Events::of_partition(3);
        let source = SourcePosition::new("fhir|r4", 2, 40);
        let rows: Vec<EventRow> = [(10, 0), (10, 1), (12, 4)]
            .into_iter()
            .map(|(offset, index)| {
                events.push(&source, LogPosition { partition: 3, offset, index }).1
            })
            .collect();
        let places: Vec<String> =
            rows.iter().map(|row| events.log_position(row).to_string()).collect();
        assert_eq!(places, ["3:10.0", "3:10.1", "3:12.4"]);
        assert_eq!(events.view().source(&rows[2]), Some(source));
        assert_eq!(events.view().row(1), Some(rows[1]));
    }
}
