//! The part of a checkpoint that is written each time: everything small, and the open ends of what grows.
//!
//! What grows and never changes lies in parts of its own, a run of rows each, and what is sealed in its
//! segment's file with an index beside it; this part says which rows they hold by how many of each there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::event::{Clock, DefinitionKind};
use crate::domain::fact::Origin;
use crate::domain::signal::Signal;
use crate::domain::time::Timestamp;
use crate::engine::checkpoint::bytes::{In, Out, Torn};
use crate::engine::checkpoint::effects::{
    read_suppressions, read_unsaid, write_standing, write_suppressions, write_unsaid,
};
use crate::engine::checkpoint::identities::{read_identities, write_identities};
use crate::engine::checkpoint::promotions::{Promoting, read_promoting, write_promoting};
use crate::engine::checkpoint::state::{Rest, ShardState};
use crate::engine::checkpoint::tables;
use crate::engine::checkpoint::tables::time;
use crate::engine::timers::Timers;
use crate::twin::effects::{SuppressionRow, Unsaid};
use crate::twin::events::EventsView;
use crate::twin::filter::Filter;
use crate::twin::identities::Identities;
use crate::twin::marks::Marks;
use crate::twin::packed::Packed;
use crate::twin::pages::Pages;
use crate::twin::segment_file::BlockPlace;
use crate::twin::segment_index::{Index, words};
use crate::twin::snapshot::{PastTrack, Track};
use crate::twin::sums::{Sum, Sums};

/// The version of what is written here. It only grows, and every older one is read for ever.
pub const FORMAT: u32 = 5;

/// Without states of pipelines, and without what those in shadow would have said.
pub const FORMAT_4: u32 = 4;

/// Without identities that are one person, and without counts of what left.
pub const FORMAT_3: u32 = 3;

/// The oldest that is read. Since format 3 the index of a segment is a part of its own, version ids are columns,
/// and runs of statements and of revisions have fewer than 65,536 rows.
pub const FORMAT_2: u32 = 2;

/// Statements of a run: enough that a shard has few parts, and few enough that the open end is small.
pub const STATEMENT_RUN_ROWS: usize = 8_192;

/// Revisions of effects of a run; each takes a page of text.
pub const REVISION_RUN_ROWS: usize = 1_024;

/// A sealed segment as a checkpoint names it.
#[derive(Clone, Debug)]
pub struct SegmentEntry {
    /// What is always in memory of it.
    pub index: Arc<Index>,
    /// Its rows that ceased to be current.
    pub marks: Marks,
    /// Where its blocks lie in its file.
    pub blocks: Vec<BlockPlace>,
}

/// What the part says of segments.
#[derive(Debug)]
pub enum Segments {
    /// Everything but their rows (format 2).
    Whole(Vec<SegmentEntry>),
    /// Which rows ceased to be current; each has an index of its own.
    Marks(Vec<Marks>),
}

/// What the part says, but for the rows that lie in parts of their own.
#[derive(Debug)]
pub struct Core<'b> {
    /// The version in which it is written.
    pub format: u32,
    /// The partition.
    pub partition: u32,
    /// The offset of the next frame.
    pub next_offset: u64,
    /// The known time of the newest event.
    pub known: Timestamp,
    /// How far the ticks have come.
    pub clock: Timestamp,
    /// The names of the shard: patients, sources, codes, devices, notes.
    pub names: [Pages<Arc<str>>; 5],
    /// Since when each patient is known.
    pub since: Vec<Timestamp>,
    /// What each track is.
    pub tracks: Vec<Track>,
    /// What tracks were before.
    pub past_tracks: Vec<PastTrack>,
    /// Each time that something was not said.
    pub unsaid: Pages<Unsaid>,
    /// What only the writer needs.
    pub rest: Rest,
    /// Which identities are one person.
    pub identities: Identities,
    /// Who speaks, and what those in shadow did not say.
    pub promoting: Promoting,
    /// The segments.
    pub segments: Segments,
    /// What was not said.
    pub suppressions: Vec<SuppressionRow>,
    /// How many runs there are of scores, statements, revisions and revisions in shadow.
    pub n_runs: [usize; 4],
    /// The open ends, which need the runs to be read.
    pub open: In<'b>,
}

/// Writes the part.
pub fn write(mut out: Out, state: &ShardState, n_runs: [usize; 4]) -> Out {
    let ShardState { snapshot, rest, .. } = state;
    out.u32(FORMAT);
    out.u32(snapshot.partition);
    out.u64(snapshot.next_offset);
    out.i64(snapshot.known_through.micros());
    out.i64(snapshot.clock.micros());
    let sources = snapshot.events.sources();
    let names = [&snapshot.patients, sources, &snapshot.codes, &snapshot.devices, &snapshot.notes];
    for names in names {
        out.count(names.n_items());
        names.iter().for_each(|name| out.text(name));
    }
    let n_patients = u32::try_from(snapshot.patients.n_items()).unwrap_or(u32::MAX);
    let since = (0..n_patients).map(|patient| snapshot.names.since(patient));
    out.list(since, |out, since| out.i64(since.unwrap_or(Timestamp::MIN).micros()));
    out.list(snapshot.tracks.iter(), write_track);
    out.list(snapshot.past_tracks.iter(), |out, past| {
        out.u16(past.number);
        out.i64(past.known_to.micros());
        write_track(out, &past.track);
    });
    write_unsaid(&mut out, &snapshot.unsaid);
    write_rest(&mut out, rest);
    let n_left = rest.n_left.as_deref().unwrap_or_default();
    out.list(n_left.iter(), |out, (patient, n_left)| {
        out.u32(*patient);
        out.u32(*n_left);
    });
    write_identities(&mut out, &snapshot.identities);
    write_promoting(&mut out, state);
    out.list(snapshot.segments.iter(), |out, one| tables::write_marks(out, &one.marks));
    write_suppressions(&mut out, &snapshot.suppressions);
    n_runs.into_iter().for_each(|n_runs| out.count(n_runs));
    tables::write_samples(&mut out, &snapshot.tail);
    tables::write_marks(&mut out, &snapshot.tail_marks);
    tables::write_rare(&mut out, &snapshot.tail_rare);
    tables::write_events(&mut out, snapshot.events.chunks());
    tables::write_texts(&mut out, &snapshot.ids);
    tables::write_marks(&mut out, &snapshot.score_marks);
    tables::write_marks(&mut out, snapshot.statements.marks());
    write_standing(&mut out, &snapshot.effects, &snapshot.revisions);
    write_standing(&mut out, &snapshot.shadow.effects, &snapshot.shadow.revisions);
    out
}

/// Reads the part up to its open ends.
///
/// # Errors
/// If it ends before, or is of a newer version.
pub fn read(bytes: &[u8]) -> Result<Core<'_>, Torn> {
    let mut part = In::of(bytes);
    let format = part.u32()?;
    if !(FORMAT_2..=FORMAT).contains(&format) {
        return Err(Torn);
    }
    let (partition, next_offset) = (part.u32()?, part.u64()?);
    let (known, clock) = (time(&mut part)?, time(&mut part)?);
    let mut names: [Pages<Arc<str>>; 5] = Default::default();
    for names in &mut names {
        *names = Pages::of(part.list(|part| part.text().map(Arc::from))?);
    }
    Ok(Core {
        format,
        partition,
        next_offset,
        known,
        clock,
        names,
        since: part.list(time)?,
        tracks: part.list(read_track)?,
        past_tracks: part.list(|part| {
            let (number, known_to) = (part.u16()?, time(part)?);
            Ok(PastTrack { number, known_to, track: read_track(part)? })
        })?,
        unsaid: read_unsaid(&mut part)?,
        rest: read_rest(&mut part, format)?,
        identities: match format {
            FORMAT_2 | FORMAT_3 => Identities::default(),
            _ => read_identities(&mut part)?,
        },
        promoting: match format {
            FORMAT_2 | FORMAT_3 | FORMAT_4 => Promoting::default(),
            _ => read_promoting(&mut part)?,
        },
        segments: match format {
            FORMAT_2 => Segments::Whole(part.list(read_segment_of_format_2)?),
            _ => Segments::Marks(part.list(tables::read_marks)?),
        },
        suppressions: read_suppressions(&mut part)?,
        n_runs: [
            count(&mut part)?,
            count(&mut part)?,
            count(&mut part)?,
            if format < FORMAT { 0 } else { count(&mut part)? },
        ],
        open: part,
    })
}

fn count(part: &mut In<'_>) -> Result<usize, Torn> {
    usize::try_from(part.u64()?).map_err(|_| Torn)
}

/// The events of the tail, which follow its rows.
///
/// # Errors
/// If the part ends before.
pub fn read_events(part: &mut In<'_>, sources: Pages<Arc<str>>) -> Result<EventsView, Torn> {
    Ok(EventsView::of(tables::read_events(part)?, sources))
}

fn write_track(out: &mut Out, track: &Track) {
    for text in [&track.pipeline, &track.title, &track.subject, &track.value] {
        out.text(text);
    }
    out.u8(track.decimals);
    out.list(track.bands.iter(), |out, band| out.text(band));
    out.list(track.inputs.iter(), |out, input| out.text(input));
}

fn read_track(part: &mut In<'_>) -> Result<Track, Torn> {
    let text = |part: &mut In<'_>| part.text().map(Arc::<str>::from);
    Ok(Track {
        pipeline: text(part)?,
        title: text(part)?,
        subject: text(part)?,
        value: text(part)?,
        decimals: part.u8()?,
        bands: part.list(text)?,
        inputs: part.list(text)?,
    })
}

fn clock_number(clock: Clock) -> u8 {
    match clock {
        Clock::Live => 0,
        Clock::Recorded => 1,
    }
}

fn read_clock(part: &mut In<'_>) -> Result<Clock, Torn> {
    match part.u8()? {
        0 => Ok(Clock::Live),
        1 => Ok(Clock::Recorded),
        _ => Err(Torn),
    }
}

fn kind_number(kind: DefinitionKind) -> u8 {
    match kind {
        DefinitionKind::Pipeline => 0,
        DefinitionKind::ValueSet => 1,
        DefinitionKind::Site => 2,
        DefinitionKind::Model => 3,
    }
}

fn read_kind(part: &mut In<'_>) -> Result<DefinitionKind, Torn> {
    match part.u8()? {
        0 => Ok(DefinitionKind::Pipeline),
        1 => Ok(DefinitionKind::ValueSet),
        2 => Ok(DefinitionKind::Site),
        3 => Ok(DefinitionKind::Model),
        _ => Err(Torn),
    }
}

fn write_rest(out: &mut Out, rest: &Rest) {
    out.u8(clock_number(rest.clock_kind));
    out.option(rest.opened, |out, (n_partitions, clock)| {
        out.u32(n_partitions);
        out.u8(clock_number(clock));
    });
    out.i64(rest.recorded_through.micros());
    out.list(rest.definitions.iter(), |out, ((kind, name), text)| {
        out.u8(kind_number(*kind));
        out.text(name);
        out.text(text);
    });
    for timers in rest.timers.lists() {
        out.list(timers.into_iter(), |out, (at, patient, track)| {
            out.i64(at.micros());
            out.u32(patient);
            out.u16(track);
        });
    }
    out.list(rest.tracked.iter(), |out, (signal, origin)| {
        out.u16(signal.number());
        let origin = Origin::ALL.iter().position(|known| known == origin);
        out.u8(origin.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX));
    });
    tables::write_newest(out, &rest.newest);
    for sum in [rest.sums.samples, rest.sums.statements, rest.sums.scores] {
        out.u64(sum.count);
        out.u64(sum.hash);
    }
    out.list(rest.links.iter(), |out, (place, key)| {
        out.u64(*place);
        out.u64(*key);
    });
    out.list(rest.going_on.iter(), |out, (patient, track, row)| {
        out.u32(*patient);
        out.u16(*track);
        out.u32(*row);
    });
}

fn read_rest(part: &mut In<'_>, format: u32) -> Result<Rest, Torn> {
    let clock_kind = read_clock(part)?;
    let opened = part.option(|part| Ok((part.u32()?, read_clock(part)?)))?;
    let recorded_through = time(part)?;
    let definitions = part.list(|part| {
        let kind = read_kind(part)?;
        Ok(((kind, part.text()?.to_owned()), part.text()?.to_owned()))
    })?;
    let timer = |part: &mut In<'_>| Ok((time(part)?, part.u32()?, part.u16()?));
    let timers = [part.list(timer)?, part.list(timer)?, part.list(timer)?];
    let tracked = part.list(|part| {
        let signal = Signal::from_number(part.u16()?).ok_or(Torn)?;
        let origin = Origin::ALL.get(usize::from(part.u8()?)).copied().ok_or(Torn)?;
        Ok((signal, origin))
    })?;
    let newest = tables::read_newest(part)?;
    Ok(Rest {
        clock_kind,
        opened,
        recorded_through,
        definitions: Arc::new(definitions.into_iter().collect::<BTreeMap<_, _>>()),
        timers: Timers::of_lists(timers),
        newest,
        tracked,
        sums: Sums { samples: sum(part)?, statements: sum(part)?, scores: sum(part)? },
        links: part.list(|part| Ok((part.u64()?, part.u64()?)))?,
        going_on: part.list(|part| Ok((part.u32()?, part.u16()?, part.u32()?)))?,
        n_left: match format {
            FORMAT_2 | FORMAT_3 => None,
            _ => Some(part.list(|part| Ok((part.u32()?, part.u32()?)))?),
        },
    })
}

fn sum(part: &mut In<'_>) -> Result<Sum, Torn> {
    Ok(Sum { count: part.u64()?, hash: part.u64()? })
}

/// Writes the index of a segment and where its blocks lie in its file. Neither ever changes.
pub fn write_index(out: &mut Out, index: &Index, blocks: &[BlockPlace]) {
    let Index { n_rows, patients, starts, newest, bounds, filter } = index;
    out.u32(*n_rows);
    for words in [patients, starts] {
        out.count(words.n_values());
        words.iter().for_each(|word| out.u32(u32::try_from(word).unwrap_or(u32::MAX)));
    }
    out.count(newest.n_values());
    newest.iter().for_each(|at| out.i64(at));
    out.list(bounds.iter(), |out, (first, last)| {
        out.i64(first.micros());
        out.i64(last.micros());
    });
    out.list(filter.words(), |out, words| out.words(words));
    out.list(blocks.iter(), |out, place| {
        out.u64(place.start);
        out.u64(place.end);
        out.u64(place.hash);
    });
}

/// Reads the index of a segment and where its blocks lie.
///
/// # Errors
/// If the part ends before.
pub fn read_index(part: &mut In<'_>) -> Result<(Index, Vec<BlockPlace>), Torn> {
    let index = read_index_alone(part)?;
    let blocks = read_blocks(part, &index)?;
    Ok((index, blocks))
}

fn read_index_alone(part: &mut In<'_>) -> Result<Index, Torn> {
    let n_rows = part.u32()?;
    let n_keys = usize::try_from(n_rows).map_err(|_| Torn)?;
    Ok(Index {
        n_rows,
        patients: words(&part.list(In::u32)?),
        starts: words(&part.list(In::u32)?),
        newest: Packed::of(part.list(In::i64)?.iter().copied()),
        bounds: part.list(|part| Ok((time(part)?, time(part)?)))?,
        filter: Filter::of_words(part.list(read_filter_words)?, n_keys),
    })
}

fn read_filter_words(part: &mut In<'_>) -> Result<[u64; 8], Torn> {
    let mut words = [0; 8];
    for word in &mut words {
        *word = part.u64()?;
    }
    Ok(words)
}

fn read_blocks(part: &mut In<'_>, index: &Index) -> Result<Vec<BlockPlace>, Torn> {
    let blocks = part
        .list(|part| Ok(BlockPlace { start: part.u64()?, end: part.u64()?, hash: part.u64()? }))?;
    if blocks.len() == index.bounds.len() { Ok(blocks) } else { Err(Torn) }
}

fn read_segment_of_format_2(part: &mut In<'_>) -> Result<SegmentEntry, Torn> {
    let index = read_index_alone(part)?;
    let marks = tables::read_marks(part)?;
    let blocks = read_blocks(part, &index)?;
    Ok(SegmentEntry { index: Arc::new(index), marks, blocks })
}
