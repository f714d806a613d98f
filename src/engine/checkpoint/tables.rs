//! Tables of a shard in a part: chunks column by column, as they lie in memory.

use std::sync::Arc;

use arrow::array::{Array, StringArray};

use crate::domain::event::ResourceKind;
use crate::domain::time::Timestamp;
use crate::engine::checkpoint::bytes::{In, Out, Torn};
use crate::twin::block::texts_array;
use crate::twin::events::EventChunk;
use crate::twin::head::Cell;
use crate::twin::marks::Marks;
use crate::twin::newest::{NOTHING, Newest};
use crate::twin::packed::Packed;
use crate::twin::packed_rows::Word;
use crate::twin::samples::{Rare, RareParts, SampleChunk};
use crate::twin::score_table::{PackedScores, ScoreChunk};
use crate::twin::table::CHUNK_ROWS;

macro_rules! chunks {
    ($write:ident, $read:ident, $chunk:ty) => {
        #[doc = concat!("Writes chunks of `", stringify!($chunk), "`.")]
        pub fn $write(out: &mut Out, chunks: &[Arc<$chunk>]) {
            out.list(chunks.iter(), |out, chunk| {
                out.count(chunk.n_rows());
                chunk.columns(|column| out.raw(column));
            });
        }

        #[doc = concat!("Reads chunks of `", stringify!($chunk), "`.")]
        ///
        /// # Errors
        /// If the part ends before.
        pub fn $read(part: &mut In<'_>) -> Result<Vec<Arc<$chunk>>, Torn> {
            part.list(|part| {
                let n_rows = part.count()?;
                let chunk = <$chunk>::of_columns(n_rows, |n_bytes| part.column(n_bytes).ok());
                chunk.map(Arc::new).ok_or(Torn)
            })
        }
    };
}

chunks!(write_samples, read_samples, SampleChunk);
chunks!(write_events, read_events, EventChunk);

/// Writes chunks of scores; one that still grows is written as it would be packed.
pub fn write_scores(out: &mut Out, chunks: &[ScoreChunk]) {
    out.list(chunks.iter(), |out, chunk| {
        out.count(chunk.n_rows());
        let mut write = |packed: &PackedScores| packed.columns(|column| out.packed(column));
        match chunk {
            ScoreChunk::Packed(packed) => write(packed),
            ScoreChunk::Open(rows) => write(&PackedScores::of(rows)),
            ScoreChunk::Stored(shelf, chunk) => write(&shelf.read(*chunk)),
        }
    });
}

/// Reads chunks of scores.
///
/// # Errors
/// If the part ends before.
pub fn read_scores(part: &mut In<'_>) -> Result<Vec<ScoreChunk>, Torn> {
    part.list(|part| {
        let n_rows = part.count()?;
        let mut next = || part.packed().ok();
        let packed = PackedScores::of_columns(n_rows, &mut next).ok_or(Torn)?;
        Ok(match n_rows {
            CHUNK_ROWS => ScoreChunk::Packed(Arc::new(packed)),
            _ => ScoreChunk::Open((0..n_rows).filter_map(|row| packed.row(row)).collect()),
        })
    })
}

/// Reads one chunk of a run of scores, by its number in it.
///
/// # Errors
/// If the part ends before, or the chunk is not full.
pub fn read_score_chunk(part: &mut In<'_>, chunk: usize) -> Result<Arc<PackedScores>, Torn> {
    if part.count()? <= chunk {
        return Err(Torn);
    }
    for _ in 0..chunk {
        let _n_rows = part.count()?;
        let mut skip = || part.skip_packed().ok().map(|()| Packed::default());
        PackedScores::of_columns(0, &mut skip).ok_or(Torn)?;
    }
    let n_rows = part.count()?;
    let packed = PackedScores::of_columns(n_rows, &mut || part.packed().ok()).ok_or(Torn)?;
    if n_rows == CHUNK_ROWS { Ok(Arc::new(packed)) } else { Err(Torn) }
}

/// Writes the newest values of patients, 1,024 at a time, column by column.
pub fn write_newest(out: &mut Out, newest: &Newest) {
    let n_columns = newest.n_columns();
    out.count(n_columns);
    out.list(newest.pages(), |out, cells| {
        for column in 0..n_columns {
            let cells = || cells.iter().skip(column).step_by(n_columns);
            out.packed(&Packed::of(cells().map(|cell| cell.at.micros())));
            out.packed(&Packed::of(cells().map(|cell| i64::from(cell.value))));
            out.packed(&Packed::of(cells().map(|cell| i64::from(cell.flags))));
        }
    });
}

/// Reads the newest values of patients.
///
/// # Errors
/// If the part ends before.
pub fn read_newest(part: &mut In<'_>) -> Result<Newest, Torn> {
    let n_columns = part.count()?;
    let pages = part.list(|part| {
        let mut page = vec![NOTHING; CHUNK_ROWS * n_columns];
        for column in 0..n_columns {
            let (at, value, flags) = (part.packed()?, part.packed()?, part.packed()?);
            let cells = page.iter_mut().skip(column).step_by(n_columns).enumerate();
            for (row, cell) in cells {
                let at = at.get(row).map(Timestamp::from_micros).ok_or(Torn)?;
                let value = value.get(row).and_then(|value| i32::try_from(value).ok());
                let flags = flags.get(row).and_then(|flags| u16::try_from(flags).ok());
                *cell = Cell { at, value: value.ok_or(Torn)?, flags: flags.ok_or(Torn)? };
            }
        }
        Ok(page)
    })?;
    Newest::of_pages(n_columns, pages).ok_or(Torn)
}

/// Writes when rows ceased to be current.
pub fn write_marks(out: &mut Out, marks: &Marks) {
    let superseded: Vec<(u32, Timestamp)> = marks.superseded().collect();
    out.list(superseded.into_iter(), |out, (number, known_to)| {
        out.u32(number);
        out.i64(known_to.micros());
    });
}

/// Reads when rows ceased to be current.
///
/// # Errors
/// If the part ends before.
pub fn read_marks(part: &mut In<'_>) -> Result<Marks, Torn> {
    let mut marks = Marks::default();
    for (number, known_to) in part.list(|part| Ok((part.u32()?, part.i64()?)))? {
        marks.supersede(number, Timestamp::from_micros(known_to));
    }
    Ok(marks)
}

/// Writes texts that have numbers.
pub fn write_texts(out: &mut Out, chunks: &[Arc<StringArray>]) {
    out.list(chunks.iter(), |out, chunk| {
        out.count(chunk.len());
        chunk.iter().for_each(|text| out.text(text.unwrap_or_default()));
    });
}

/// Reads texts that have numbers.
///
/// # Errors
/// If the part ends before.
pub fn read_texts(part: &mut In<'_>) -> Result<Vec<Arc<StringArray>>, Torn> {
    part.list(|part| {
        let n_texts = part.count()?;
        let (mut texts, mut ends) = (String::new(), Vec::new());
        for _ in 0..n_texts {
            texts.push_str(part.text()?);
            ends.push(i32::try_from(texts.len()).map_err(|_| Torn)?);
        }
        Ok(Arc::new(texts_array(texts, &ends)))
    })
}

/// Writes what few rows have. A sender that has version ids has them in every row: they are columns.
pub fn write_rare(out: &mut Out, rare: &Rare) {
    let version_ids = || rare.version_ids();
    out.packed(&Packed::of(version_ids().map(|(number, _)| i64::from(number))));
    out.packed(&Packed::of(version_ids().map(|(_, version_id)| version_id.word())));
    out.count(rare.n_parts());
    rare.parts().for_each(|(number, parts)| write_parts(out, *number, parts));
}

fn write_parts(out: &mut Out, number: u32, parts: &RareParts) {
    let time = |out: &mut Out, at: Timestamp| out.i64(at.micros());
    out.u32(number);
    out.option(parts.start, time);
    out.option(parts.end, time);
    out.option(parts.raw.as_ref(), |out, (value, unit)| {
        out.text(value);
        out.text(unit);
    });
    out.option(parts.version_id, Out::u64);
    out.option(parts.kind, |out, kind| out.u32(kind.number()));
    out.option(parts.recorded_at, time);
    out.list(parts.links.iter(), |out, link| out.u64(*link));
}

/// Reads what few rows have.
///
/// # Errors
/// If the part ends before, or names what this version does not know.
pub fn read_rare(part: &mut In<'_>) -> Result<Rare, Torn> {
    let (numbers, version_ids) = (part.packed()?, part.packed()?);
    let mut rare = read_rare_of_format_2(part)?;
    if numbers.n_values() != version_ids.n_values() {
        return Err(Torn);
    }
    for (number, version_id) in numbers.iter().zip(version_ids.iter()) {
        let number = u32::try_from(number).map_err(|_| Torn)?;
        let version_id = Some(u64::of_word(version_id));
        rare.put(number, RareParts { version_id, ..RareParts::default() });
    }
    Ok(rare)
}

/// Reads what few rows have as format 2 wrote it: a version id as one of the parts.
///
/// # Errors
/// If the part ends before, or names what this version does not know.
pub fn read_rare_of_format_2(part: &mut In<'_>) -> Result<Rare, Torn> {
    let mut rare = Rare::default();
    let all = part.list(|part| {
        let number = part.u32()?;
        let parts = RareParts {
            start: part.option(time)?,
            end: part.option(time)?,
            raw: part.option(|part| Ok((part.text()?.into(), part.text()?.into())))?,
            version_id: part.option(In::u64)?,
            kind: part.option(kind)?,
            recorded_at: part.option(time)?,
            links: part.list(In::u64)?.into(),
        };
        Ok((number, parts))
    })?;
    all.into_iter().for_each(|(number, parts)| rare.put(number, parts));
    Ok(rare)
}

/// Reads a time.
///
/// # Errors
/// If the part ends before.
pub fn time(part: &mut In<'_>) -> Result<Timestamp, Torn> {
    part.i64().map(Timestamp::from_micros)
}

/// Reads a kind of resource.
///
/// # Errors
/// If the part ends before, or this version does not know the kind.
pub fn kind(part: &mut In<'_>) -> Result<ResourceKind, Torn> {
    ResourceKind::from_number(part.u32()?).ok_or(Torn)
}
