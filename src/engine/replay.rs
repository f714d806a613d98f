//! A history from files through the engine, on the clock of its own records (DESIGN §9a).
//!
//! ```text
//! files ─► decode ─► spool ─► in the order of availability, with ticks ─► log ─► step
//! ```
//! It never notifies anyone: effects stand in the data folder.

use std::io;

use crate::domain::event::Event;
use crate::domain::time::Timestamp;
use crate::engine::history::{History, record_of};
use crate::engine::letters::{LetterFile, LetterFileError};
use crate::engine::local::{LocalEngine, LocalError};
use crate::engine::ticks::Ticks;
use crate::ingest::decoder::Decoder;
use crate::ingest::files::{self, FileError, FileRecord};
use crate::ingest::source::SourceSpec;
use crate::log::decode::{FrameError, decode_frame};

/// Events stepped at once.
const BATCH_EVENTS: usize = 4_096;

/// Why a replay stops.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// An input cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The engine stopped.
    #[error(transparent)]
    Engine(#[from] LocalError),
    /// Dead letters cannot be written.
    #[error(transparent)]
    Letters(#[from] LetterFileError),
    /// The temporary file that orders the history cannot be used.
    #[error("the temporary file that orders the history: {0}")]
    Spool(#[from] io::Error),
    /// The temporary file was damaged.
    #[error("the temporary file that orders the history: {0}")]
    SpoolFrame(#[from] FrameError),
}

/// How far a replay is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Records were read.
    Reading {
        /// How many so far.
        n_records: u64,
    },
    /// Events happened.
    Replaying {
        /// How many so far.
        n_events: usize,
        /// How many there are.
        n_events_total: usize,
    },
}

/// What a replay is given.
#[derive(Clone, Debug)]
pub struct ReplaySpec {
    /// Files, folders, archives, `-`.
    pub inputs: Vec<String>,
    /// How their records are read.
    pub source: SourceSpec,
    /// Ticks go on until then after the last record.
    pub until: Option<Timestamp>,
    /// The time it is: nothing in the history can lie ahead of it.
    pub now: Timestamp,
}

/// Feeds files through the engine.
///
/// # Errors
/// If an input cannot be read, or something cannot be written.
pub fn replay(
    spec: &ReplaySpec,
    decoder: &mut Decoder,
    engine: &mut LocalEngine,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), ReplayError> {
    let mut history = History::new(&spec.source, spec.now)?;
    let mut letters = LetterFile::open(engine.folder())?;
    let mut n_records = 0;
    for input in &spec.inputs {
        let mut each = |record: FileRecord| -> Result<(), ReplayError> {
            n_records += 1;
            if n_records % 64 == 0 {
                progress(Progress::Reading { n_records });
            }
            let record = record_of(&record);
            if let Some(letter) = history.add(decoder, &record)? {
                letters.append(&spec.source.name, &record, &letter, spec.now)?;
            }
            Ok(())
        };
        files::read(input, &mut each)?;
    }
    letters.sync()?;
    let sorted = history.sort()?;
    let n_events_total = sorted.n_items();
    let mut ticks = Ticks::default();
    let mut bytes = Vec::new();
    for index in 0..n_events_total {
        let Some(at) = sorted.read(index, &mut bytes)? else { break };
        ticks.before(at).into_iter().for_each(|tick| engine.tick(tick));
        for event in decode_frame(&bytes)? {
            engine.submit(&Event { available_at: Some(at), ..event });
        }
        if BATCH_EVENTS <= engine.n_waiting() {
            engine.flush(spec.now)?;
            progress(Progress::Replaying { n_events: index + 1, n_events_total });
        }
    }
    if let Some(until) = spec.until {
        for tick in ticks.before(until).into_iter().chain([until]) {
            engine.tick(tick);
            if BATCH_EVENTS <= engine.n_waiting() {
                engine.flush(spec.now)?;
            }
        }
    }
    engine.flush(spec.now)?;
    engine.close(spec.now)?;
    progress(Progress::Replaying { n_events: n_events_total, n_events_total });
    Ok(())
}
