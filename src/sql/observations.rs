//! `observations`: every result, samples and results without a signal alike.

use std::ops::Range;

use crate::domain::event::ResourceKind;
use crate::domain::identity::SourcePosition;
use crate::domain::statement::Attribute;
use crate::domain::time::Timestamp;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::local_day::{LocalDay, Written};
use crate::sql::scope::{Known, Part, ShardView, Versions};
use crate::sql::statements::{n_runs, shown};
use crate::sql::table::Rows;
use crate::twin::block::BLOCK_ROWS;
use crate::twin::events::EventRow;
use crate::twin::samples::{Flags, RareParts, SampleRow, VOID_SERIES, parts_of};
use crate::twin::segment::{BlockRef, Segment};
use crate::twin::statements::{StatementRow, Topic};
use crate::twin::table::CHUNK_ROWS;

/// The table.
#[derive(Debug)]
pub struct Observations;

/// A row: a sample, or a statement of kind Observation.
pub struct ObservationRow<'s> {
    view: &'s ShardView,
    body: Body<'s>,
    known: Known,
}

enum Body<'s> {
    Sample(SampleRow, Flags, Lies<'s>),
    Statement(&'s StatementRow),
}

/// Where a sample lies, with what is kept beside its row.
enum Lies<'s> {
    /// In the tail, by its number.
    Tail(u32),
    /// In a block, by its place there.
    Block(BlockRef<'s>, u32),
}

impl ObservationRow<'_> {
    fn patient(&self) -> u32 {
        match &self.body {
            Body::Sample(row, ..) => row.patient,
            Body::Statement(row) => row.patient,
        }
    }

    fn event(&self) -> Option<EventRow> {
        match &self.body {
            Body::Sample(row, _, Lies::Tail(_)) => self.view.shard().events.row(row.event),
            Body::Sample(row, _, Lies::Block(block, _)) => block.event(row),
            Body::Statement(row) => Some(row.event),
        }
    }

    fn source(&self) -> Option<SourcePosition<'static>> {
        self.view.shard().events.source(&self.event()?)
    }

    fn rare(&self) -> Option<&RareParts> {
        match &self.body {
            Body::Sample(_, _, Lies::Tail(number)) => self.view.shard().tail_rare.get(*number),
            Body::Sample(_, _, Lies::Block(block, index)) => block.rare.get(*index),
            Body::Statement(_) => None,
        }
    }

    fn text_of(&self, statement: Attribute) -> Cell<'_> {
        match &self.body {
            Body::Statement(row) => Cell::text(row.statement.attribute(statement).unwrap_or("")),
            Body::Sample(..) => Cell::Null,
        }
    }

    fn raw(&self) -> Option<&(Box<str>, Box<str>)> {
        self.rare().and_then(|rare| rare.raw.as_ref())
    }

    fn local_day(&self) -> LocalDay {
        let written = match &self.body {
            Body::Sample(row, ..) => Written::of_sample(row, self.rare()),
            Body::Statement(row) => Written::of_valid(&row.valid),
        };
        written.local_day(self.view.shard().zones.of(self.patient()))
    }

    fn code(&self) -> (&str, &str) {
        match &self.body {
            Body::Sample(row, ..) => {
                let code = self.view.shard().codes.get(row.code).map_or("", |code| code);
                code.rsplit_once('|').unwrap_or(("", code))
            }
            Body::Statement(row) => {
                let code = row.statement.codes.first();
                code.map_or(("", ""), |code| (code.system.as_ref(), code.code.as_ref()))
            }
        }
    }
}

fn resource(row: &ObservationRow<'_>) -> Cell<'static> {
    let (kind, id) = match &row.body {
        Body::Sample(sample, _, lies) => {
            let kind = row.rare().and_then(|rare| rare.kind).unwrap_or(ResourceKind::Observation);
            let id = match lies {
                Lies::Tail(_) => row.view.shard().id(sample.resource),
                Lies::Block(block, _) => block.id(sample),
            };
            (kind, id)
        }
        Body::Statement(statement) => (statement.kind, statement.id.as_ref()),
    };
    if id.is_empty() { Cell::Null } else { Cell::Owned(format!("{}/{id}", kind.name())) }
}

fn value(row: &ObservationRow<'_>) -> Cell<'static> {
    match &row.body {
        Body::Sample(sample, flags, _) if flags.unusable.is_none() => parts_of(sample.series)
            .map_or(Cell::Null, |(signal, _)| match signal.is_category() {
                true => Cell::Null,
                false => Cell::Number(signal.number_of(i64::from(sample.value))),
            }),
        Body::Sample(..) | Body::Statement(_) => Cell::Null,
    }
}

fn value_text<'a>(row: &'a ObservationRow<'_>) -> Cell<'a> {
    match &row.body {
        Body::Sample(sample, flags, _) if flags.unusable.is_none() => {
            let signal = parts_of(sample.series).map(|(signal, _)| signal);
            let signal = signal.filter(|signal| signal.is_category());
            signal.map_or(Cell::Null, |s| Cell::Owned(s.text_of(i64::from(sample.value))))
        }
        Body::Sample(..) => Cell::Null,
        Body::Statement(_) => row.text_of(Attribute::Value),
    }
}

fn times(row: &ObservationRow<'_>) -> (Timestamp, Option<Timestamp>) {
    if let Some((start, end)) = row.local_day().interval {
        return (end, Some(start));
    }
    let start = match &row.body {
        Body::Sample(..) => row.rare().and_then(|rare| rare.start),
        Body::Statement(row) => Some(row.valid.start).filter(|start| *start != row.valid.end),
    };
    (counts_at(row), start)
}

fn counts_at(row: &ObservationRow<'_>) -> Timestamp {
    match &row.body {
        // A version that says nothing says it of no time.
        Body::Sample(sample, ..) if sample.series == VOID_SERIES => Timestamp::MIN,
        Body::Sample(sample, ..) => Timestamp::from_micros(sample.at),
        Body::Statement(row) => row.valid.at(row.recorded_at),
    }
}

fn recorded(row: &ObservationRow<'_>) -> Cell<'static> {
    Cell::time(Some(match &row.body {
        Body::Sample(sample, ..) => row
            .rare()
            .and_then(|rare| rare.recorded_at)
            .unwrap_or(Timestamp::from_micros(sample.revised_at)),
        Body::Statement(row) => row.recorded_at.unwrap_or(row.version.revised_at),
    }))
}

macro_rules! column {
    ($name:literal, $kind:ident, $about:literal, $read:expr) => {
        Column { name: $name, kind: Type::$kind, about: $about, read: $read }
    };
}

/// Whose it is, what was measured and when.
fn value_columns<'s>() -> Vec<Column<ObservationRow<'s>>> {
    vec![
        column!("patient", Text, "The patient as namespace/identifier.", |row| {
            Cell::text(row.view.patient(row.patient()))
        }),
        column!("signal", Text, "The signal; null for a code that has none.", |row| {
            match &row.body {
                Body::Sample(sample, ..) => {
                    parts_of(sample.series).map_or(Cell::Null, |(s, _)| Cell::Text(s.spec().name))
                }
                Body::Statement(_) => Cell::Null,
            }
        }),
        column!(
            "value",
            Number,
            "The value in the canonical unit; null where it is unusable.",
            |row| value(row)
        ),
        column!(
            "value_text",
            Text,
            "The answer, or the value of a code without a signal as it came.",
            |row| value_text(row)
        ),
        column!("unit", Text, "The canonical unit (UCUM), or the unit as it came.", |row| {
            match &row.body {
                Body::Sample(sample, ..) => {
                    parts_of(sample.series).map_or(Cell::Null, |(s, _)| Cell::text(s.spec().unit))
                }
                Body::Statement(_) => row.text_of(Attribute::Unit),
            }
        }),
        column!(
            "effective_at",
            Time,
            "When it was true: the end of a period, or of the day that was all the source gave.",
            |row| Cell::time(Some(times(row).0))
        ),
        column!(
            "effective_from",
            Time,
            "The start of a period or a day; null for an instant.",
            |row| { Cell::time(times(row).1) }
        ),
        column!(
            "counts_at",
            Time,
            "The instant for which rules take it: effective_at; of a day, when it was recorded.",
            |row| Cell::time(Some(counts_at(row)))
        ),
        column!(
            "local_day",
            Text,
            "The day where it was measured; of a period, the last.",
            |row| { Cell::Owned(row.local_day().day.to_string()) }
        ),
        column!("utc_offset_minutes", Integer, "The offset of that day from UTC.", |row| {
            Cell::Integer(i64::from(row.local_day().offset_minutes))
        }),
        column!(
            "tz_source",
            Text,
            "Who says so: the sample's own offset, the zone of the patient, or that of the source; ambiguous where the source's clocks showed its time twice, between effective_from and effective_at.",
            |row| Cell::Text(row.local_day().tz_source)
        ),
    ]
}

fn device<'a>(row: &'a ObservationRow<'_>) -> Cell<'a> {
    match &row.body {
        Body::Sample(sample, ..) => {
            Cell::text(row.view.shard().devices.get(sample.device).map_or("", |name| name))
        }
        Body::Statement(_) => Cell::Null,
    }
}

/// How far the value can be relied on, and who measured it.
fn quality_columns<'s>() -> Vec<Column<ObservationRow<'s>>> {
    vec![
        column!("status", Text, "preliminary, final, amended; or taken back.", |row| {
            Cell::Text(match &row.body {
                Body::Sample(_, flags, _) => flags.status.name(),
                Body::Statement(row) => row.version.status.name(),
            })
        }),
        column!("comparator", Text, "<, <=, >= or > where the value is only a bound.", |row| {
            match &row.body {
                Body::Sample(_, flags, _) => {
                    flags.comparator.map_or(Cell::Null, |c| Cell::Text(c.sign()))
                }
                Body::Statement(_) => Cell::Null,
            }
        }),
        column!("unusable", Text, "Why a result cannot be used; it hides older ones.", |row| {
            match &row.body {
                Body::Sample(_, flags, _) => {
                    flags.unusable.map_or(Cell::Null, |r| Cell::Text(r.name()))
                }
                Body::Statement(_) => row.text_of(Attribute::AbsentReason),
            }
        }),
        column!(
            "raw_value",
            Text,
            "The value as it came, where its unit was another or it is unusable.",
            |row| { row.raw().map_or(Cell::Null, |(value, _)| Cell::text(value)) }
        ),
        column!("raw_unit", Text, "The unit as it came, likewise.", |row| {
            row.raw().map_or(Cell::Null, |(_, unit)| Cell::text(unit))
        }),
        column!(
            "origin",
            Text,
            "clinical, cleared_device, consumer_device or self_reported.",
            |row| {
                match &row.body {
                    Body::Sample(sample, ..) => parts_of(sample.series)
                        .map_or(Cell::Null, |(_, origin)| Cell::Text(origin.name())),
                    Body::Statement(_) => Cell::Null,
                }
            }
        ),
        column!(
            "statistic",
            Text,
            "What the value says of its period: point, mean, sum, ...",
            |row| {
                match &row.body {
                    Body::Sample(_, flags, _) => Cell::Text(flags.statistic.name()),
                    Body::Statement(_) => Cell::Null,
                }
            }
        ),
        column!("device", Text, "The device as the source names it.", |row| device(row)),
    ]
}

/// What the source called it, and where it came from.
fn source_columns<'s>() -> Vec<Column<ObservationRow<'s>>> {
    vec![
        column!("code_system", Text, "The code system it came under.", |row| Cell::text(
            row.code().0
        )),
        column!("code", Text, "The code it came under.", |row| Cell::text(row.code().1)),
        column!("display", Text, "What the source displays for a code without a signal.", |row| {
            match &row.body {
                Body::Sample(..) => Cell::Null,
                Body::Statement(row) => Cell::text(row.statement.label()),
            }
        }),
        column!(
            "resource",
            Text,
            "The resource as Type/id; null for a wearable's sample.",
            |row| resource(row)
        ),
        column!("recorded_at", Time, "When the source wrote it down.", |row| recorded(row)),
        column!("known_at", Time, "When it became known.", |row| {
            Cell::time(Some(match &row.body {
                Body::Sample(sample, ..) => Timestamp::from_micros(sample.known),
                Body::Statement(row) => row.known,
            }))
        }),
        column!("source_topic", Text, "The topic or file of the source record.", |row| {
            row.source().map_or(Cell::Null, |source| Cell::Owned(source.topic.into_owned()))
        }),
        column!("source_partition", Integer, "The partition of the source record.", |row| {
            row.source().map_or(Cell::Null, |source| Cell::Integer(i64::from(source.partition)))
        }),
        column!("source_offset", Integer, "The offset of the source record.", |row| {
            row.source().map_or(Cell::Null, |source| Cell::Integer(source.offset))
        }),
    ]
}

impl Rows for Observations {
    type Row<'s> = ObservationRow<'s>;

    fn columns<'s>() -> Vec<Column<ObservationRow<'s>>> {
        [value_columns(), quality_columns(), source_columns()].into_iter().flatten().collect()
    }

    fn known(row: &ObservationRow<'_>) -> Known {
        row.known
    }

    /// The tail's chunks, the blocks of the segments, and the statements in runs.
    fn n_pieces(view: &ShardView) -> usize {
        let shard = view.shard();
        let sealed = shard.segments.iter().map(Segment::n_blocks);
        shard.tail.len() + sealed.sum::<usize>() + n_runs(view)
    }

    fn rows(view: &ShardView, part: Part) -> Vec<ObservationRow<'_>> {
        match part {
            Part::Piece(piece) => piece_of(view, piece),
            Part::Patient(patient) => of_patient(view, patient),
        }
    }
}

fn piece_of(view: &ShardView, piece: usize) -> Vec<ObservationRow<'_>> {
    let shard = view.shard();
    if piece < shard.tail.len() {
        return in_tail(view, piece, None);
    }
    let mut block = piece - shard.tail.len();
    for segment in &shard.segments {
        if segment.n_blocks() <= block {
            block -= segment.n_blocks();
            continue;
        }
        return in_block(view, segment, block, 0..segment.n_rows());
    }
    statements(view, Part::Piece(block))
}

fn of_patient(view: &ShardView, patient: u32) -> Vec<ObservationRow<'_>> {
    let shard = view.shard();
    let mut rows = Vec::new();
    for piece in 0..shard.tail.len() {
        rows.extend(in_tail(view, piece, Some(patient)));
    }
    for segment in &shard.segments {
        let of_patient = segment.of_patient(patient);
        for block in segment.blocks_of(&of_patient) {
            rows.extend(in_block(view, segment, block, of_patient.clone()));
        }
    }
    rows.extend(statements(view, Part::Patient(patient)));
    rows
}

/// The samples of a chunk of the tail that the view shows.
fn in_tail(view: &ShardView, piece: usize, of: Option<u32>) -> Vec<ObservationRow<'_>> {
    let shard = view.shard();
    let Some(chunk) = shard.tail.get(piece) else { return Vec::new() };
    let base = u32::try_from(piece * CHUNK_ROWS).unwrap_or(u32::MAX);
    let row = |index: usize| {
        if of.is_some_and(|patient| chunk.patient.get(index) != Some(&patient)) {
            return None;
        }
        let number = base + u32::try_from(index).ok()?;
        let known_to = shard.tail_marks.known_to(number);
        sample(view, chunk.row(index)?, known_to, Lies::Tail(number))
    };
    (0..chunk.n_rows()).filter_map(row).collect()
}

/// The samples of a block that are among `rows` of its segment and that the view shows.
fn in_block<'s>(
    view: &'s ShardView,
    segment: &'s Segment,
    block: usize,
    rows: Range<u32>,
) -> Vec<ObservationRow<'s>> {
    let bounds = segment.index().bounds.get(block);
    // A block in storage is read where it holds something the view shows.
    if bounds.is_none_or(|(first, _)| view.scope.valid < *first) {
        return Vec::new();
    }
    let first = u32::try_from(block * BLOCK_ROWS).unwrap_or(u32::MAX);
    let end = first.saturating_add(u32::try_from(BLOCK_ROWS).unwrap_or(u32::MAX));
    let held = segment.block(block);
    let read = |number: u32| {
        let index = number - first;
        let row = held.row(usize::try_from(index).ok()?)?;
        let lies = Lies::Block(held.clone(), index);
        sample(view, row, segment.marks.known_to(number), lies)
    };
    (first.max(rows.start)..end.min(rows.end)).filter_map(read).collect()
}

/// A sample, if the view shows it.
fn sample<'s>(
    view: &'s ShardView,
    row: SampleRow,
    known_to: Timestamp,
    lies: Lies<'s>,
) -> Option<ObservationRow<'s>> {
    let scope = view.scope;
    let known = scope.shown(Timestamp::from_micros(row.known), known_to)?;
    let flags = Flags::unpack(row.flags);
    let is_void = parts_of(row.series).is_none();
    let counts = !is_void && flags.status.counts();
    if scope.valid.micros() < row.at || scope.versions == Versions::Current && !counts {
        return None;
    }
    let shown = ObservationRow { view, body: Body::Sample(row, flags, lies), known };
    // What says nothing of another kind of resource stands in that kind's table.
    let is_other = is_void && shown.rare().is_some_and(|rare| rare.kind.is_some());
    (!is_other).then_some(shown)
}

fn statements(view: &ShardView, part: Part) -> Vec<ObservationRow<'_>> {
    let rows = shown(view, part).into_iter().filter(|(row, _)| {
        row.topic() == Topic::Kind(ResourceKind::Observation)
            && row.valid.at(row.recorded_at) <= view.scope.valid
    });
    rows.map(|(row, known)| ObservationRow { view, body: Body::Statement(row), known }).collect()
}
