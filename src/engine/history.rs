//! A history from files: its records decoded, and in the order in which they became available.

use std::io;

use crate::domain::identity::SourcePosition;
use crate::domain::time::Timestamp;
use crate::engine::spool::{Sorted, Spool};
use crate::ingest::decoder::Decoder;
use crate::ingest::files::FileRecord;
use crate::ingest::letter::{Letter, ProblemLine};
use crate::ingest::notice;
use crate::ingest::source::{SourceRecord, SourceSpec};
use crate::log::encode::FrameWriter;

/// Records on their way into order.
#[derive(Debug)]
pub struct History<'s> {
    source: &'s SourceSpec,
    /// The time it is: nothing in the history can lie ahead of it.
    now: Timestamp,
    spool: Spool,
    scratch: FrameWriter,
}

impl<'s> History<'s> {
    /// An empty history of records that are read as `source` says.
    ///
    /// # Errors
    /// If the system has no room for a temporary file.
    pub fn new(source: &'s SourceSpec, now: Timestamp) -> io::Result<History<'s>> {
        Ok(History { source, now, spool: Spool::new()?, scratch: FrameWriter::default() })
    }

    /// Adds a record; gives the letter where it, or part of it, cannot be read.
    ///
    /// # Errors
    /// If the temporary file cannot be written.
    pub fn add(
        &mut self,
        decoder: &mut Decoder,
        record: &SourceRecord<'_>,
    ) -> io::Result<Option<Letter>> {
        let decoded = decoder.decode(self.source, record, self.now);
        let problems = decoded.letter.iter().flat_map(|letter| &letter.problems);
        let problems: Vec<ProblemLine> = problems.map(ProblemLine::of).collect();
        let refused_at = decoded.available_at.unwrap_or(self.now);
        let told = notice::opened(&self.source.namespace, &record.position, &problems, refused_at);
        for event in decoded.events.iter().chain(&told) {
            self.scratch.push(event);
            self.spool.push(&self.scratch.finish(), decoded.available_at)?;
        }
        Ok(decoded.letter)
    }

    /// Its events in the order in which they became available.
    ///
    /// # Errors
    /// If the temporary file cannot be written.
    pub fn sort(self) -> io::Result<Sorted> {
        self.spool.sort()
    }
}

/// A record of a file as a record of a source.
pub fn record_of(file: &FileRecord) -> SourceRecord<'_> {
    SourceRecord {
        position: SourcePosition::new(file.topic.as_str(), 0, file.offset),
        key: file.key.as_deref(),
        headers: Vec::new(),
        payload: &file.payload,
        timestamp: Timestamp::MIN,
        raw_key: None,
    }
}
