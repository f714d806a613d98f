//! `twin dlq retry` and `drop`: letters are read again with the site file as it is now, and those that can be read
//! go into the log under the position their record came from.
//!
//! ```text
//! letter ─► decode ─┬─ nothing refused ─► events + "no longer missing" ─► log ─► mark
//!                   └─ still refused   ─► it stays a letter
//! ```
//! Into the log and not back to the source topic: other readers of that topic see nothing twice, evidence goes on
//! naming where the record came from, and no instance has to run. The log comes before the mark, so what is cut off
//! in between is read again, which changes nothing (TW-1); a letter with a mark is passed over.
//!
//! Time does not put a letter right: it is judged by when it was refused, or a result that was dated an hour ahead
//! would become true by waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::event::Event;
use crate::domain::moment::Moment;
use crate::domain::time::Timestamp;
use crate::engine::appender::Appender;
use crate::engine::dead_letters::{Shelf, ShelfError};
use crate::engine::letter_store::LetterStore;
use crate::engine::local::{LocalEngine, LocalError};
use crate::engine::routes::{Route, RouteError, Routes};
use crate::ingest::decoder::{Decoded, Decoder};
use crate::ingest::mark::{Mark, Outcome};
use crate::ingest::notice;
use crate::ingest::shelved::{Shelved, ShelvedLetter, ShelvedValue};
use crate::ingest::site::Site;
use crate::ingest::source::{AVAILABLE_AT_HEADER, SourceSpec};
use crate::kafka::failure::KafkaFailure;
use crate::kafka::log::KafkaLogWriter;
use crate::storage::error::StorageError;

/// Letters that are appended and marked at once: a crash in between reads as many again.
const BATCH_LETTERS_MAX: usize = 1_000;

/// Why letters cannot be read again.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// The shelf.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// The data folder.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The topics of the sources.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The bytes of a letter that lie in the storage.
    #[error("letter {id}: {error}")]
    Storage {
        /// The letter.
        id: String,
        /// What the storage said.
        error: Box<StorageError>,
    },
}

/// The log that what is read goes to.
pub enum LogEnd {
    /// The topic of an instance.
    Kafka(KafkaLogWriter, Appender),
    /// A data folder, which nobody else has open.
    Folder(Box<LocalEngine>),
}

/// How letters are read.
pub enum Sources {
    /// By topic, as an instance is configured.
    Routes(Box<Routes>),
    /// All of them alike, as the command line says.
    One(SourceSpec),
}

impl Sources {
    /// Those of an instance.
    ///
    /// # Errors
    /// If a pattern is no regular expression, or a name is said twice.
    pub fn of_routes(routes: &[Route]) -> Result<Sources, RouteError> {
        Ok(Sources::Routes(Box::new(Routes::new(routes)?)))
    }

    /// The source of a topic; `None` if none reads it any more.
    fn of(&mut self, topic: &str) -> Option<SourceSpec> {
        match self {
            Sources::One(spec) => Some(spec.clone()),
            Sources::Routes(routes) => {
                let index = routes.index_of(topic).ok()?;
                Some(routes.spec(index).clone())
            }
        }
    }
}

/// Reads letters again.
pub struct Retry {
    /// Where they lie.
    pub shelf: Shelf,
    /// Where their bytes lie, if they are large.
    pub store: LetterStore,
    /// How they are read.
    pub sources: Sources,
    /// What the site's codes mean.
    pub site: Arc<Site>,
    /// Where what is read goes.
    pub log: LogEnd,
    /// Who does it.
    pub by: String,
    /// The time it is.
    pub now: Timestamp,
}

/// What became of the letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Letters that waited, of the reason that was asked for.
    pub n_tried: u64,
    /// Letters that were read, and are in the log.
    pub n_read: u64,
    /// Letters that still cannot be read, by reason, with the newest of each and what is wrong with it.
    pub refused: BTreeMap<String, (u64, String, String)>,
    /// Letters that were closed before, and passed over.
    pub n_closed: u64,
}

impl Retried {
    fn refuse(&mut self, reason: &str, id: String, message: String) {
        let entry = self.refused.entry(reason.to_owned()).or_default();
        *entry = (entry.0 + 1, id, message);
    }
}

impl Retry {
    /// Reads every letter that waits again, or those of one reason.
    ///
    /// # Errors
    /// If something cannot be read or written. What was marked until then is done.
    pub fn run(&mut self, reason: Option<&str>) -> Result<Retried, RetryError> {
        let closed = self.shelf.closed()?;
        let mut decoder = Decoder::new(self.site.clone());
        let (mut retried, mut seen, mut marks) = (Retried::default(), BTreeSet::new(), Vec::new());
        let mut failed = None;
        let shelf = self.shelf.clone();
        shelf.read(&mut |one| {
            let Shelved::Letter(letter) = one else { return };
            let is_asked = reason.is_none_or(|reason| letter.reason() == reason);
            if failed.is_some() || !is_asked || !seen.insert(letter.identity()) {
                return;
            }
            if closed.contains_key(&letter.identity()) {
                retried.n_closed += 1;
                return;
            }
            retried.n_tried += 1;
            let tried = self.one(&letter, &mut decoder, &mut retried);
            let done = tried.and_then(|is_read| {
                if is_read {
                    marks.push(self.mark(&letter, Outcome::Retried, "read again"));
                }
                if BATCH_LETTERS_MAX <= marks.len() { self.settle(&mut marks) } else { Ok(()) }
            });
            failed = done.err();
        })?;
        match failed {
            Some(error) => Err(error),
            None => self.settle(&mut marks).map(|()| retried),
        }
    }

    /// Closes a letter that need not be read, and says so on the twins that missed it.
    ///
    /// # Errors
    /// If something cannot be written.
    pub fn drop(&mut self, letter: &ShelvedLetter, why: &str) -> Result<(), RetryError> {
        if let Some(spec) = self.sources.of(&letter.position.topic) {
            self.close_notices(letter, &spec);
        }
        let mut marks = vec![self.mark(letter, Outcome::Dropped, why)];
        self.settle(&mut marks)
    }

    /// Ends it: the next start of a data folder reads no log.
    ///
    /// # Errors
    /// If something cannot be written.
    pub fn close(&mut self) -> Result<(), RetryError> {
        match &mut self.log {
            LogEnd::Kafka(..) => Ok(()),
            LogEnd::Folder(engine) => Ok(engine.close(self.now)?),
        }
    }

    /// Reads one letter again, and says whether nothing of it was refused.
    fn one(
        &mut self,
        letter: &ShelvedLetter,
        decoder: &mut Decoder,
        retried: &mut Retried,
    ) -> Result<bool, RetryError> {
        let id = letter.id();
        let Some(spec) = self.sources.of(&letter.position.topic) else {
            let message = "no source reads its topic any more".to_owned();
            retried.refuse("no_source", id, message);
            return Ok(false);
        };
        let bytes = match &letter.value {
            ShelvedValue::Null => Vec::new(),
            ShelvedValue::Bytes(bytes) => bytes.clone(),
            ShelvedValue::Stored { name, .. } => match self.store.fetch(name) {
                Some(bytes) => bytes
                    .map_err(|error| RetryError::Storage {
                        id: id.clone(),
                        error: Box::new(error),
                    })?
                    .to_vec(),
                None => {
                    retried.refuse(
                        "no_bytes",
                        id,
                        "no place for checkpoints is configured".to_owned(),
                    );
                    return Ok(false);
                }
            },
            ShelvedValue::LeftAtSource { why, .. } => {
                retried.refuse("no_bytes", id, why.clone());
                return Ok(false);
            }
        };
        let record = letter.record(&bytes);
        let Decoded { events, letter: refused, stalled, .. } =
            decoder.decode(&spec, &record, letter.refused_at);
        if let Some(message) = stalled {
            retried.refuse("no_schemas", id, message);
            return Ok(false);
        }
        if let Some(problem) = refused.as_ref().and_then(|refused| refused.problems.first()) {
            retried.refuse(problem.reason.name(), id, problem.message.clone());
            return Ok(false);
        }
        for event in events {
            self.append(letter, event);
        }
        self.close_notices(letter, &spec);
        retried.n_read += 1;
        Ok(true)
    }

    fn close_notices(&mut self, letter: &ShelvedLetter, spec: &SourceSpec) {
        let position = &letter.position;
        // As it was dated when it was opened.
        let at = available_at(letter).unwrap_or(letter.timestamp);
        let at = if at == Timestamp::MIN { letter.refused_at } else { at };
        let now = self.now;
        for event in notice::closed(&spec.namespace, position, &letter.problems, at, now) {
            self.append(letter, event);
        }
    }

    fn append(&mut self, letter: &ShelvedLetter, event: Event<'_>) {
        match &mut self.log {
            LogEnd::Kafka(_, appender) => {
                let available_at = available_at(letter);
                appender.push(&Event { available_at, ..event });
            }
            // Its clock is that of its records: what is known now was known when the last of them came.
            LogEnd::Folder(engine) => {
                let available_at = Some(engine.clock());
                engine.submit(&Event { available_at, ..event });
            }
        }
    }

    fn mark(&self, letter: &ShelvedLetter, outcome: Outcome, why: &str) -> Mark {
        Mark {
            letter: letter.id(),
            content: format!("{:016x}", letter.content),
            outcome,
            at: self.now.to_string(),
            by: self.by.clone(),
            why: why.to_owned(),
        }
    }

    /// What was read comes into the log, and only then are its letters closed.
    fn settle(&mut self, marks: &mut Vec<Mark>) -> Result<(), RetryError> {
        match &mut self.log {
            LogEnd::Kafka(writer, appender) => writer.append(&appender.take())?,
            LogEnd::Folder(engine) => {
                engine.flush(self.now)?;
                engine.sync()?;
            }
        }
        self.shelf.mark(&std::mem::take(marks))?;
        Ok(())
    }
}

/// When the record of a letter became available, where it is one of a recorded history.
fn available_at(letter: &ShelvedLetter) -> Option<Timestamp> {
    let found = letter.headers.iter().find(|(name, _)| name == AVAILABLE_AT_HEADER);
    let text = std::str::from_utf8(found?.1.as_deref()?).ok()?;
    match Moment::parse(text) {
        Ok(Moment::Instant { at, .. }) => Some(at),
        _ => None,
    }
}
