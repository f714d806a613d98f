//! From source topics to the log: at least once, because repetition is harmless (TW-1).
//!
//! ```text
//! poll ─► decode ─┬─► frames ─► the log        written, then
//!                 └─► dead letters ─► with the source's position in one transaction
//! ```
//! IN-1: a position is committed when everything before it is in the log, is not used, or is a letter. The log may
//! hear of a record twice, which changes nothing; a letter is written once.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::CommitMode;
use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::domain::event::{Clock, Control, Event, EventBody};
use crate::domain::identity::SourcePosition;
use crate::domain::moment::Moment;
use crate::domain::time::{Span, Timestamp};
use crate::engine::appender::Appender;
use crate::engine::intake::Intake;
use crate::engine::letter_store::LetterStore;
use crate::engine::routes::{Route, RouteError, Routes};
use crate::engine::ticks::Ticks;
use crate::engine::waiting::Waiting;
use crate::ingest::decoder::Decoder;
use crate::ingest::letter::{Letter, ProblemLine};
use crate::ingest::notice;
use crate::ingest::site::Site;
use crate::ingest::source::{AVAILABLE_AT_HEADER, SourceRecord};
use crate::ingest::tally::Tally;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::letter_headers::{Carried, ToSend};
use crate::kafka::letters::KafkaLetters;
use crate::kafka::log::KafkaLogWriter;
use crate::kafka::patience::Rejoins;
use crate::kafka::settings::KafkaSettings;
use crate::kafka::source::{KafkaSource, Taken};
use crate::storage::object::StorageSpec;
use crate::telemetry::StageTimes;

/// Positions are committed this often at most. After a crash as much is taken again, which changes nothing; to
/// commit with every batch of a quiet feed would be a thousand writes a second to the group's coordinator.
const COMMIT_INTERVAL: Span = Span::from_micros(250_000);

/// Why ingest stops. Nothing is lost: the next start takes the same records again.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// The topics of the sources.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// A recorded history that is not one.
    #[error("{topic} partition {partition} offset {offset}: {message}")]
    Recorded {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The offset.
        offset: i64,
        /// What is wrong, and what was expected.
        message: String,
    },
}

/// What the stage is given.
#[derive(Clone, Debug)]
pub struct IngestSpec {
    /// Kafka.
    pub kafka: KafkaSettings,
    /// The sources.
    pub routes: Vec<Route>,
    /// What the site's codes mean.
    pub site: Arc<Site>,
    /// Partitions of the log.
    pub n_partitions: u32,
    /// Whose time the log follows.
    pub clock: Clock,
    /// How far the ticks of a recorded log have come.
    pub ticked: Timestamp,
    /// Where the bytes of letters go that are larger than their topic takes.
    pub storage: Option<StorageSpec>,
}

/// Decodes source records into the log.
pub struct IngestStage {
    kafka: KafkaSettings,
    subscribed: Vec<Route>,
    source: KafkaSource,
    waiting: Waiting,
    rejoins: Rejoins,
    routes: Routes,
    intake: Intake,
    decoder: Decoder,
    appender: Appender,
    writer: KafkaLogWriter,
    letters: KafkaLetters,
    store: LetterStore,
    group: String,
    /// What is in the log and not committed yet.
    taken: Taken,
    committed_at: Timestamp,
    time: Time,
    times: StageTimes,
}

/// Where events and ticks get their time from.
enum Time {
    /// The machine.
    Live,
    /// The records, which all come from one partition.
    Recorded { ticks: Ticks, from: Option<(String, i32)> },
}

impl IngestStage {
    /// Subscribes to the sources.
    ///
    /// # Errors
    /// If the configuration is refused.
    pub fn open(spec: &IngestSpec) -> Result<IngestStage, IngestError> {
        let time = match spec.clock {
            Clock::Live => Time::Live,
            Clock::Recorded => Time::Recorded { ticks: Ticks::since(spec.ticked), from: None },
        };
        // Before the group is joined: what a killed instance left open in a transaction is undone by this.
        let letters = KafkaLetters::open(&spec.kafka)?;
        Ok(IngestStage {
            kafka: spec.kafka.clone(),
            subscribed: spec.routes.clone(),
            source: KafkaSource::subscribe(&spec.kafka, &topics_of(&spec.routes))?,
            waiting: Waiting::default(),
            rejoins: Rejoins::default(),
            routes: Routes::new(&spec.routes)?,
            intake: Intake::of(spec.routes.iter().map(|route| route.spec.name.as_str())),
            decoder: Decoder::new(spec.site.clone()),
            appender: Appender::new(spec.n_partitions),
            writer: KafkaLogWriter::new(&spec.kafka)?,
            letters,
            store: LetterStore::new(spec.storage.clone()),
            group: spec.kafka.group.clone(),
            taken: Taken::default(),
            committed_at: Timestamp::MIN,
            time,
            times: StageTimes::default(),
        })
    }

    /// One round: what is there is taken, at most a batch, after at most `wait` for the first record.
    /// Returns how many records were taken.
    ///
    /// # Errors
    /// If Kafka fails or a recorded history is not one; nothing of the round is committed then.
    pub fn round(&mut self, wait: Duration, now: Timestamp) -> Result<usize, IngestError> {
        self.times.begin();
        self.waiting.resume(&self.source, now)?;
        let batch = match self.source.poll(wait) {
            Err(error) if error.is_replaced() && self.rejoins.may() => {
                tracing::warn!(%error, "the group of the sources is joined again");
                self.letters.forget_all();
                self.taken = Taken::default();
                self.waiting = Waiting::default();
                self.source = KafkaSource::subscribe(&self.kafka, &topics_of(&self.subscribed))?;
                return Ok(0);
            }
            batch => batch?,
        };
        self.times.end("fetch");
        let n_records = batch.len();
        let mut taken = std::mem::take(&mut self.taken);
        let revoked = self.source.revoked();
        for (topic, partition) in &revoked {
            taken.forget(topic, *partition);
            self.letters.forget(topic, *partition);
            self.waiting.forget(topic, *partition);
        }
        for message in batch.iter() {
            let mut round = Round {
                routes: &mut self.routes,
                intake: &mut self.intake,
                decoder: &mut self.decoder,
                appender: &mut self.appender,
                letters: &mut self.letters,
                store: &mut self.store,
                group: &self.group,
                time: &mut self.time,
                now,
            };
            // The client reads a name anew each time it is asked for it.
            let topic = message.topic();
            let is_theirs = |(t, p): &(String, i32)| *p == message.partition() && t == topic;
            if revoked.iter().any(is_theirs) || self.waiting.has(topic, message.partition()) {
                continue;
            }
            if let Took::Stalled = round.take(topic, message)? {
                let place = (topic, message.partition(), message.offset());
                self.waiting.pause(&self.source, place, now)?;
                continue;
            }
            taken.upto(topic, message.partition(), message.offset());
        }
        self.times.end("decode");
        self.writer.append(&self.appender.take())?;
        self.taken = taken;
        if !self.letters.is_empty() {
            if self.letters.commit(&self.taken, &self.source)? {
                self.taken = Taken::default();
                self.committed_at = now;
            }
        } else if self.committed_at.plus(COMMIT_INTERVAL) <= now {
            self.source.commit(&std::mem::take(&mut self.taken), CommitMode::Async)?;
            self.committed_at = now;
        }
        self.times.end("produce");
        drop(batch);
        Ok(n_records)
    }

    /// Commits what was taken, so that the next start takes nothing again.
    ///
    /// # Errors
    /// If Kafka refuses it.
    pub fn close(&mut self) -> Result<(), IngestError> {
        Ok(self.source.commit(&std::mem::take(&mut self.taken), CommitMode::Sync)?)
    }

    /// What became of everything so far.
    pub fn tally(&self) -> Tally {
        self.decoder.tally()
    }

    /// What came, by source.
    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Processor time by stage.
    pub fn times(&self) -> &StageTimes {
        &self.times
    }
}

/// What became of a record.
enum Took {
    /// It is in the log, in a letter, or counted.
    Taken,
    /// It cannot be read yet.
    Stalled,
}

/// What taking a record needs.
struct Round<'r> {
    routes: &'r mut Routes,
    intake: &'r mut Intake,
    decoder: &'r mut Decoder,
    appender: &'r mut Appender,
    letters: &'r mut KafkaLetters,
    store: &'r mut LetterStore,
    group: &'r str,
    time: &'r mut Time,
    now: Timestamp,
}

impl Round<'_> {
    /// Takes a record. Its headers may say whose it is, when it happened (a CloudEvent), and whether it is of a
    /// recorded history; to ask a record that has none costs nothing.
    fn take(&mut self, topic: &str, message: &BorrowedMessage<'_>) -> Result<Took, IngestError> {
        let route = self.routes.index_of(topic)?;
        let mut record = record_of(topic, message);
        record.headers = headers_of(message);
        let available_at = self.available_at(&record)?;
        if let (Time::Recorded { ticks, .. }, Some(at)) = (&mut *self.time, available_at) {
            for at in ticks.before(at) {
                self.appender.push(&tick(at, Some(at)));
            }
            if record.payload.is_empty() {
                self.appender.push(&tick(at, Some(at)));
                return Ok(Took::Taken);
            }
        }
        // A recorded record is dated by when it became available, as it is in a file.
        let timestamp = if available_at.is_some() { Timestamp::MIN } else { record.timestamp };
        record.timestamp = timestamp;
        let spec = self.routes.spec(route);
        let decoded = self.decoder.decode(spec, &record, self.now);
        if let Some(why) = decoded.stalled {
            tracing::warn!(source = spec.name, why, "its records wait");
            return Ok(Took::Stalled);
        }
        self.intake.note(route, &record, &decoded.events, self.now);
        for event in decoded.events {
            self.appender.push(&Event { available_at, ..event });
        }
        if let Some(letter) = decoded.letter {
            self.refuse(route, message, &record, &letter, available_at);
        }
        Ok(Took::Taken)
    }

    /// Writes a letter about a record, and says so on the twins of the patients that it names.
    fn refuse(
        &mut self,
        route: usize,
        message: &BorrowedMessage<'_>,
        record: &SourceRecord<'_>,
        letter: &Letter,
        available_at: Option<Timestamp>,
    ) {
        let spec = self.routes.spec(route);
        let problems: Vec<ProblemLine> = letter.problems.iter().map(ProblemLine::of).collect();
        let at = available_at.unwrap_or(record.timestamp);
        for event in notice::opened(&spec.namespace, &record.position, &problems, at) {
            self.appender.push(&Event { available_at, ..event });
        }
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            let all = headers.iter();
            all.map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
        });
        let to_send = ToSend {
            source: &spec.name,
            group: self.group,
            position: record.position.clone(),
            timestamp: record.timestamp,
            now: self.now,
            key: message.key(),
            headers,
            value: message.payload(),
            carried: Carried::Here,
            letter,
        };
        self.letters.push(to_send, &mut |identity, bytes| self.store.keep(identity, bytes));
    }

    /// When the record became available: on a recorded clock it says so, and on a live one it must not.
    fn available_at(
        &mut self,
        record: &SourceRecord<'_>,
    ) -> Result<Option<Timestamp>, IngestError> {
        let position = &record.position;
        let wrong = |message: String| IngestError::Recorded {
            topic: position.topic.to_string(),
            partition: position.partition,
            offset: position.offset,
            message,
        };
        let said = record.header(AVAILABLE_AT_HEADER);
        match (&mut *self.time, said) {
            (Time::Live, None) => Ok(None),
            (Time::Live, Some(_)) => Err(wrong(format!(
                "a recorded history (header {AVAILABLE_AT_HEADER}) does not belong into a live log: \
                 set log.clock to recorded, in a log of its own"
            ))),
            (Time::Recorded { .. }, None) => Err(wrong(format!(
                "a live record does not belong into a recorded log: expected the header \
                 {AVAILABLE_AT_HEADER}, which `twin produce` writes"
            ))),
            (Time::Recorded { from, .. }, Some(text)) => {
                let here = (position.topic.as_ref(), position.partition);
                let first = from.get_or_insert_with(|| (here.0.to_owned(), here.1));
                if (first.0.as_str(), first.1) != here {
                    return Err(wrong(format!(
                        "a recorded history comes in the order of time from one partition, and this \
                         one began in {} partition {}",
                        first.0, first.1
                    )));
                }
                match Moment::parse(text) {
                    Ok(Moment::Instant { at, .. }) => Ok(Some(at)),
                    _ => {
                        Err(wrong(format!("{AVAILABLE_AT_HEADER}: expected a time with an offset")))
                    }
                }
            }
        }
    }
}

fn tick(at: Timestamp, available_at: Option<Timestamp>) -> Event<'static> {
    let body = EventBody::Control(Control::Tick { at });
    Event { source: SourcePosition::new("twin", 0, 0), available_at, body }
}

fn topics_of(routes: &[Route]) -> Vec<&str> {
    routes.iter().flat_map(|route| &route.topics).map(String::as_str).collect()
}

fn record_of<'m>(topic: &'m str, message: &'m BorrowedMessage<'_>) -> SourceRecord<'m> {
    let millis = message.timestamp().to_millis().unwrap_or(0);
    let position = SourcePosition::new(topic, message.partition(), message.offset());
    SourceRecord {
        position,
        key: message.key().and_then(|key| std::str::from_utf8(key).ok()),
        headers: Vec::new(),
        payload: message.payload().unwrap_or_default(),
        timestamp: Timestamp::from_micros(millis.saturating_mul(1_000)),
        raw_key: message.key(),
    }
}

fn headers_of<'m>(message: &'m BorrowedMessage<'_>) -> Vec<(Cow<'m, str>, Cow<'m, str>)> {
    let Some(headers) = message.headers() else { return Vec::new() };
    let texts = headers.iter().filter_map(|header| {
        let value = std::str::from_utf8(header.value?).ok()?;
        Some((Cow::Borrowed(header.key), Cow::Borrowed(value)))
    });
    texts.collect()
}
