//! Where each event came from, for whoever asks why: source record, place in the log, known time.

use crate::domain::identity::{LogPosition, SourcePosition};
use crate::domain::time::Timestamp;
use crate::twin::intern::Interner;
use crate::twin::pages::Pages;
use crate::twin::table::table;

table! {
    /// One event of the log.
    EventTable, EventChunk, EventRow {
        /// When it became known, in microseconds.
        known: i64,
        /// The source topic and partition, interned.
        source: u32,
        /// The offset of the source record.
        offset: i64,
    }
}

/// The events of a shard, by their number in it.
#[derive(Debug, Default)]
pub struct Events {
    rows: EventTable,
    /// The frames, as (first event, log offset, place of that event in the frame).
    frames: Pages<(u32, u64, u32)>,
    sources: Interner,
    /// The source of the newest event, which most often is the next one's too.
    newest_source: Option<(String, i32, u32)>,
    /// Where the newest event lies in the log, as (offset, index).
    newest_place: Option<(u64, u32)>,
    partition: u32,
}

impl Events {
    /// No events yet, of the shard of `partition`.
    pub fn of_partition(partition: u32) -> Events {
        Events { partition, ..Events::default() }
    }

    /// Appends an event that lies at `position` in the log and became known at `known`.
    pub fn push(
        &mut self,
        source: &SourcePosition<'_>,
        position: LogPosition,
        known: Timestamp,
    ) -> u32 {
        let source_number = self.source_number(source);
        let row = EventRow { known: known.micros(), source: source_number, offset: source.offset };
        self.add(row, position)
    }

    fn add(&mut self, row: EventRow, position: LogPosition) -> u32 {
        let number = self.rows.push(row);
        let follows = |(offset, index)| offset == position.offset && index + 1 == position.index;
        if !self.newest_place.is_some_and(follows) {
            self.frames.push((number, position.offset, position.index));
        }
        self.newest_place = Some((position.offset, position.index));
        number
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
    pub fn log_position(&self, event: u32) -> Option<LogPosition> {
        view_position(&self.frames, self.partition, event)
    }

    /// The source record of an event.
    pub fn source(&self, event: u32) -> SourcePosition<'static> {
        let row = self.rows.row(event);
        source_position(self.sources.text(row.source), row.offset)
    }

    /// Only these events, numbered anew in the order of `numbers`, which ascends.
    pub fn only(&self, numbers: &[u32]) -> Events {
        let mut copy = Events::of_partition(self.partition);
        let mut last: Option<(u32, u32)> = None;
        for number in numbers {
            let row = self.rows.row(*number);
            let same = last.filter(|(known_as, _)| *known_as == row.source);
            let source = match same {
                Some((_, source)) => source,
                None => copy.sources.intern(self.sources.text(row.source)),
            };
            last = Some((row.source, source));
            let position = self.log_position(*number).expect("every event lies in the log");
            copy.add(EventRow { source, ..row }, position);
        }
        copy
    }

    /// Everything so far, for readers.
    pub fn view(&self) -> EventsView {
        EventsView {
            rows: self.rows.view(),
            frames: self.frames.clone(),
            sources: self.sources.texts().clone(),
            partition: self.partition,
        }
    }
}

/// The events of a shard as they were.
#[derive(Clone, Debug)]
pub struct EventsView {
    rows: Vec<std::sync::Arc<EventChunk>>,
    frames: Pages<(u32, u64, u32)>,
    sources: Pages<std::sync::Arc<str>>,
    partition: u32,
}

impl EventsView {
    /// Where an event lies in the log.
    pub fn log_position(&self, event: u32) -> Option<LogPosition> {
        view_position(&self.frames, self.partition, event)
    }

    /// The source record of an event.
    pub fn source(&self, event: u32) -> Option<SourcePosition<'static>> {
        let (chunk, index) = crate::twin::table::place(event);
        let row = self.rows.get(chunk)?.row(index)?;
        Some(source_position(self.sources.get(row.source)?, row.offset))
    }
}

fn view_position(
    frames: &Pages<(u32, u64, u32)>,
    partition: u32,
    event: u32,
) -> Option<LogPosition> {
    let (mut low, mut high) = (0, u32::try_from(frames.n_items()).ok()?);
    while low < high {
        let middle = low + (high - low) / 2;
        if frames.get(middle).is_some_and(|(first, ..)| *first <= event) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let (first, offset, index) = *frames.get(low.checked_sub(1)?)?;
    Some(LogPosition { partition, offset, index: index + (event - first) })
}

fn source_position(name: &str, offset: i64) -> SourcePosition<'static> {
    let (topic, partition) = name.rsplit_once('|').unwrap_or((name, "0"));
    SourcePosition::new(topic.to_owned(), partition.parse().unwrap_or(0), offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_found_again_in_its_frame() {
        let mut events = Events::of_partition(3);
        let source = SourcePosition::new("fhir|r4", 2, 40);
        for (offset, index) in [(10, 0), (10, 1), (11, 0), (12, 4), (12, 5)] {
            events.push(&source, LogPosition { partition: 3, offset, index }, Timestamp::MIN);
        }
        let places: Vec<String> =
            (0..5).map(|event| events.log_position(event).unwrap().to_string()).collect();
        assert_eq!(places, ["3:10.0", "3:10.1", "3:11.0", "3:12.4", "3:12.5"]);
        assert_eq!(events.view().source(4), Some(source));
    }
}
