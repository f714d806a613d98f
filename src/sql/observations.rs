//! `observations`: every result, samples and results without a signal alike.

use crate::domain::event::ResourceKind;
use crate::domain::identity::SourcePosition;
use crate::domain::statement::Attribute;
use crate::domain::time::Timestamp;
use crate::sql::column::{Cell, Column, Type};
use crate::sql::scope::{Known, Part, ShardView, Versions};
use crate::sql::statements::{n_runs, shown};
use crate::sql::table::Rows;
use crate::twin::marks::Marks;
use crate::twin::samples::{Flags, Rare, RareParts, SampleChunk, SampleRow, VOID_SERIES, parts_of};
use crate::twin::segment::Segment;
use crate::twin::statements::{StatementRow, Topic};

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
    Sample(SampleRow, Flags, Option<&'s RareParts>),
    Statement(&'s StatementRow),
}

impl ObservationRow<'_> {
    fn patient(&self) -> u32 {
        match &self.body {
            Body::Sample(row, ..) => row.patient,
            Body::Statement(row) => row.patient,
        }
    }

    fn event(&self) -> u32 {
        match &self.body {
            Body::Sample(row, ..) => row.event,
            Body::Statement(row) => row.event,
        }
    }

    fn source(&self) -> Option<SourcePosition<'static>> {
        self.view.shard().events.source(self.event())
    }

    fn text_of(&self, statement: Attribute) -> Cell<'_> {
        match &self.body {
            Body::Statement(row) => Cell::text(row.statement.attribute(statement).unwrap_or("")),
            Body::Sample(..) => Cell::Null,
        }
    }

    fn raw(&self) -> Option<&(Box<str>, Box<str>)> {
        match &self.body {
            Body::Sample(_, _, rare) => rare.and_then(|rare| rare.raw.as_ref()),
            Body::Statement(_) => None,
        }
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
        Body::Sample(sample, _, rare) => {
            let kind = rare.and_then(|rare| rare.kind).unwrap_or(ResourceKind::Observation);
            (kind, row.view.shard().id(sample.resource))
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
    match &row.body {
        // A version that says nothing says it of no time.
        Body::Sample(sample, ..) if sample.series == VOID_SERIES => (Timestamp::MIN, None),
        Body::Sample(sample, _, rare) => {
            (Timestamp::from_micros(sample.at), rare.and_then(|rare| rare.start))
        }
        Body::Statement(statement) => {
            let (start, end) = (statement.valid.start, statement.valid.end);
            (statement.valid.at(statement.recorded_at), (start != end).then_some(start))
        }
    }
}

fn recorded(row: &ObservationRow<'_>) -> Cell<'static> {
    Cell::time(Some(match &row.body {
        Body::Sample(sample, _, rare) => rare
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
        column!("effective_at", Time, "When it was true: the end of a period.", |row| Cell::time(
            Some(times(row).0)
        )),
        column!("effective_from", Time, "The start of a period; null for an instant.", |row| {
            Cell::time(times(row).1)
        }),
    ]
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
        column!("device", Text, "The device as the source names it.", |row| {
            match &row.body {
                Body::Sample(sample, ..) => {
                    Cell::text(row.view.shard().devices.get(sample.device).map_or("", |name| name))
                }
                Body::Statement(_) => Cell::Null,
            }
        }),
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

    /// The tail's chunks, the segments in runs, and the statements in theirs.
    fn n_pieces(view: &ShardView) -> usize {
        let shard = view.shard();
        let sealed = shard.segments.iter().map(|segment| runs(segment.rows().n_rows()));
        shard.tail.len() + sealed.sum::<usize>() + n_runs(view)
    }

    fn rows(view: &ShardView, part: Part) -> Vec<ObservationRow<'_>> {
        match part {
            Part::Piece(piece) => piece_of(view, piece),
            Part::Patient(patient) => of_patient(view, patient),
        }
    }
}

/// Rows of a segment read at once.
const RUN_ROWS: usize = 16_384;

fn runs(n_rows: usize) -> usize {
    n_rows.div_ceil(RUN_ROWS)
}

fn piece_of(view: &ShardView, piece: usize) -> Vec<ObservationRow<'_>> {
    if let Some(read) = Read::of_tail(view, piece) {
        return read.rows(0..read.n_rows(), None);
    }
    let mut run = piece - view.shard().tail.len();
    for segment in &view.shard().segments {
        let n_runs = runs(segment.rows().n_rows());
        if n_runs <= run {
            run -= n_runs;
            continue;
        }
        let read = Read::of_segment(view, segment);
        let place = |run: usize| u32::try_from(run * RUN_ROWS).unwrap_or(u32::MAX);
        return read.rows(place(run)..place(run + 1).min(read.n_rows()), None);
    }
    statements(view, Part::Piece(run))
}

fn of_patient(view: &ShardView, patient: u32) -> Vec<ObservationRow<'_>> {
    let mut rows = Vec::new();
    for piece in 0..view.shard().tail.len() {
        let read = Read::of_tail(view, piece);
        rows.extend(
            read.map(|read| read.rows(0..read.n_rows(), Some(patient))).into_iter().flatten(),
        );
    }
    for segment in &view.shard().segments {
        rows.extend(Read::of_segment(view, segment).rows(segment.of_patient(patient), None));
    }
    rows.extend(statements(view, Part::Patient(patient)));
    rows
}

/// Samples of one chunk or segment.
struct Read<'s> {
    view: &'s ShardView,
    chunk: &'s SampleChunk,
    base: u32,
    marks: &'s Marks,
    rare: &'s Rare,
}

impl<'s> Read<'s> {
    fn of_tail(view: &'s ShardView, piece: usize) -> Option<Read<'s>> {
        let shard = view.shard();
        let base = u32::try_from(piece * crate::twin::table::CHUNK_ROWS).unwrap_or(u32::MAX);
        let (marks, rare) = (&shard.tail_marks, &shard.tail_rare);
        Some(Read { view, chunk: shard.tail.get(piece)?, base, marks, rare })
    }

    fn of_segment(view: &'s ShardView, segment: &'s Segment) -> Read<'s> {
        Read { view, chunk: segment.rows(), base: 0, marks: &segment.marks, rare: &segment.rare }
    }

    fn n_rows(&self) -> u32 {
        u32::try_from(self.chunk.n_rows()).unwrap_or(u32::MAX)
    }

    fn rows(&self, range: std::ops::Range<u32>, of: Option<u32>) -> Vec<ObservationRow<'s>> {
        let row = |index: u32| {
            let place = usize::try_from(index).ok()?;
            if of.is_some_and(|patient| self.chunk.patient.get(place) != Some(&patient)) {
                return None;
            }
            self.shown(self.chunk.row(place)?, self.base + index)
        };
        range.filter_map(row).collect()
    }

    fn shown(&self, row: SampleRow, number: u32) -> Option<ObservationRow<'s>> {
        let scope = self.view.scope;
        let from = Timestamp::from_micros(row.known);
        let known = scope.shown(from, self.marks.known_to(number))?;
        let flags = Flags::unpack(row.flags);
        let is_void = parts_of(row.series).is_none();
        let counts = !is_void && flags.status.counts();
        if scope.valid.micros() < row.at || scope.versions == Versions::Current && !counts {
            return None;
        }
        let rare = self.rare.get(number);
        // What says nothing of another kind of resource stands in that kind's table.
        let is_other = is_void && rare.is_some_and(|rare| rare.kind.is_some());
        let body = Body::Sample(row, flags, rare);
        (!is_other).then_some(ObservationRow { view: self.view, body, known })
    }
}

fn statements(view: &ShardView, part: Part) -> Vec<ObservationRow<'_>> {
    let rows = shown(view, part).into_iter().filter(|(row, _)| {
        row.topic() == Topic::Kind(ResourceKind::Observation)
            && row.valid.at(row.recorded_at) <= view.scope.valid
    });
    rows.map(|(row, known)| ObservationRow { view, body: Body::Statement(row), known }).collect()
}
