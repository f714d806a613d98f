//! `twin up`: the simulated hospital through the same ingest as real records, into the local log.
//!
//! ```text
//! Hospital ─► records whose time has come ─► decode ─► the log in files ─► twins ─► snapshots
//!                     ▲ simulated time: wall time times the speed
//! ```
//! Opened again, a folder goes on where it stopped: the hospital is the same from the same start, and
//! what the log holds already is passed over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::clock::now;
use crate::demo::hospital::{Hospital, HospitalConfig};
use crate::demo::record::{self, SimulatedRecord};
use crate::domain::event::{Clock, Event};
use crate::domain::fact::Origin;
use crate::domain::identity::SourcePosition;
use crate::domain::moment::Moment;
use crate::domain::time::{Span, Timestamp};
use crate::engine::letters::{LetterFile, LetterFileError};
use crate::engine::library::Library;
use crate::engine::local::{Durability, LocalEngine, LocalError};
use crate::engine::published::Publisher;
use crate::engine::responses::ResponseDesk;
use crate::engine::ticks::Ticks;
use crate::ingest::decoder::Decoder;
use crate::ingest::letter::ProblemLine;
use crate::ingest::notice;
use crate::ingest::site::Site;
use crate::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};

/// Partitions of a new folder.
const N_PARTITIONS: u32 = 4;
/// The namespace of the hospital's patients.
const NAMESPACE: &str = "demo";
/// Events of the backlog that are made durable together.
const BATCH_EVENTS_MAX: usize = 512;
/// How long to rest when no record's time has come: a reader waits no longer for a snapshot.
const REST: Duration = Duration::from_millis(20);
/// Who puts its pipelines live, and why: it is a demonstration.
const LIVE_BY: (&str, &str) = ("twin up", "the demonstration hospital shows what they say");
/// The file that says when the hospital began.
const START_FILE: &str = "hospital-start";

/// Why the hospital stops.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] LocalError),
    /// Dead letters.
    #[error(transparent)]
    Letters(#[from] LetterFileError),
    /// The file that says when the hospital began.
    #[error("{path}: {error}")]
    Start {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: io::Error,
    },
}

/// What is chosen about a demonstration.
#[derive(Clone, Debug)]
pub struct UpSpec {
    /// The data folder.
    pub folder: PathBuf,
    /// Simulated seconds per second.
    pub speed: u32,
    /// What the site's codes mean.
    pub site: Arc<Site>,
    /// The definitions in force.
    pub library: Library,
}

/// Runs until `stop` is set.
///
/// # Errors
/// If the folder cannot be used.
pub fn up(
    spec: &UpSpec,
    publisher: &mut Publisher,
    responses: &mut ResponseDesk,
    stop: &AtomicBool,
) -> Result<(), UpError> {
    fs::create_dir_all(&spec.folder)
        .map_err(|error| UpError::Start { path: spec.folder.clone(), error })?;
    let mut engine =
        LocalEngine::open(&spec.folder, N_PARTITIONS, Clock::Recorded, Durability::EachFlush)?;
    engine.define(&spec.library, now())?;
    engine.put_live(&spec.library, LIVE_BY, now())?;
    let start = start_of(&spec.folder)?;
    let mut ward = Demo {
        hospital: Hospital::new(HospitalConfig::starting_at(start)).peekable(),
        sources: sources(&spec.site),
        decoder: Decoder::new(spec.site.clone()),
        letters: LetterFile::open(&spec.folder)?,
        ticks: Ticks::since(engine.clock()),
        passed_over: engine.recorded_through(),
        n_records: [0; record::TOPICS.len()],
        engine,
    };
    // Until the hospital begins, and where a folder goes on, there is no need to wait.
    let resumed = start.max(ward.passed_over);
    ward.play_until(resumed, stop)?;
    publisher.publish(ward.engine.snapshots(), Vec::new(), true, now());
    tracing::info!(at = %resumed, speed = spec.speed, "the hospital is open");
    let opened = now();
    while !stop.load(Ordering::Acquire) {
        let simulated = now().since(opened).micros().saturating_mul(i64::from(spec.speed));
        let n_events = ward.play_until(resumed.plus(Span::from_micros(simulated)), stop)?;
        let taken = responses.take(|event| ward.engine.submit(event));
        if !taken.is_empty() {
            ward.flush()?;
            taken.tell();
        }
        let now = now();
        if publisher.is_due(now) {
            publisher.publish(ward.engine.snapshots(), Vec::new(), true, now);
        }
        publisher.forks.serve(ward.engine.shards());
        if n_events == 0 {
            thread::park_timeout(REST);
        }
    }
    ward.engine.close(now())?;
    Ok(())
}

/// When the hospital began: now, or when the folder says.
fn start_of(folder: &Path) -> Result<Timestamp, UpError> {
    let path = folder.join(START_FILE);
    let failed = |error| UpError::Start { path: path.clone(), error };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = now().to_string();
            fs::write(&path, &text).map_err(failed)?;
            text
        }
        Err(error) => return Err(failed(error)),
    };
    match Moment::parse(text.trim()) {
        Ok(Moment::Instant { at, .. }) => Ok(at),
        _ => Err(failed(io::Error::new(io::ErrorKind::InvalidData, "expected a time"))),
    }
}

/// How the records of each of the hospital's topics are read, by topic.
fn sources(site: &Site) -> Vec<SourceSpec> {
    let spec = |topic: &str| {
        let (format, patient_from, origin) = match topic {
            record::WEARABLES => (Format::OpenMhealth, PatientFrom::Key, Origin::ConsumerDevice),
            record::HOME_DEVICES => (Format::OpenMhealth, PatientFrom::Key, Origin::ClearedDevice),
            record::DICOM => (Format::DicomJson, PatientFrom::Subject, Origin::Clinical),
            _ => (Format::Fhir, PatientFrom::Subject, Origin::Clinical),
        };
        let (name, namespace, zone) = (topic.to_owned(), NAMESPACE.to_owned(), site.zone);
        SourceSpec { name, format, namespace, patient_from, origin, zone, schemas: None }
    };
    record::TOPICS.map(spec).to_vec()
}

/// The hospital and the engine that hears of it.
struct Demo {
    hospital: std::iter::Peekable<Hospital>,
    sources: Vec<SourceSpec>,
    decoder: Decoder,
    letters: LetterFile,
    ticks: Ticks,
    /// Records up to this time are in the log already.
    passed_over: Timestamp,
    n_records: [i64; record::TOPICS.len()],
    engine: LocalEngine,
}

impl Demo {
    /// Lets everything happen whose time has come. Returns how many events that were.
    fn play_until(&mut self, until: Timestamp, stop: &AtomicBool) -> Result<usize, UpError> {
        let mut n_events = 0;
        while let Some(record) = self.hospital.next_if(|record| record.at <= until) {
            if stop.load(Ordering::Acquire) {
                break;
            }
            n_events += self.take(&record)?;
            if BATCH_EVENTS_MAX <= self.engine.n_waiting() {
                self.flush()?;
            }
        }
        for tick in self.ticks.before(until) {
            self.engine.tick(tick);
        }
        if 0 < self.engine.n_waiting() {
            self.flush()?;
        }
        Ok(n_events)
    }

    fn take(&mut self, record: &SimulatedRecord) -> Result<usize, UpError> {
        let topic = record::TOPICS.iter().position(|topic| *topic == record.topic);
        let index = topic.expect("the hospital sends to its topics");
        let (Some(count), Some(spec)) = (self.n_records.get_mut(index), self.sources.get(index))
        else {
            return Ok(0);
        };
        let offset = *count;
        *count += 1;
        if record.at <= self.passed_over {
            return Ok(0);
        }
        let headers = record.headers.iter();
        let read = SourceRecord {
            position: SourcePosition::new(record.topic, 0, offset),
            key: record.key.as_deref(),
            headers: headers.map(|(name, value)| (name.into(), value.into())).collect(),
            payload: record.payload.as_bytes(),
            timestamp: record.at,
            raw_key: None,
        };
        let decoded = self.decoder.decode(spec, &read, record.at);
        if let Some(letter) = &decoded.letter {
            self.letters.append(&spec.name, &read, letter, record.at)?;
        }
        for tick in self.ticks.before(record.at) {
            self.engine.tick(tick);
        }
        let problems = decoded.letter.iter().flat_map(|letter| &letter.problems);
        let problems: Vec<ProblemLine> = problems.map(ProblemLine::of).collect();
        let told = notice::opened(&spec.namespace, &read.position, &problems, record.at);
        let n_events = decoded.events.len() + told.len();
        for event in decoded.events.into_iter().chain(told) {
            self.engine.submit(&Event { available_at: Some(record.at), ..event });
        }
        Ok(n_events)
    }

    fn flush(&mut self) -> Result<(), UpError> {
        self.letters.sync()?;
        self.engine.flush(now())?;
        for error in self.engine.take_failed() {
            tracing::error!(%error, "an effect could not be written in one of its forms");
        }
        Ok(())
    }
}
