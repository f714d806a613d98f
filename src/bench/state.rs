//! What the state of one shard costs: to step, to read, to snapshot, to checkpoint, to restore, in memory.
//! No Kafka: frames are made from the bench's own records and stepped at once.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::bench::ward::{Ward, WardRecord, source};
use crate::clock::{Stopwatch, now};
use crate::domain::event::{Clock, Control, Event, EventBody};
use crate::domain::fact::Origin;
use crate::domain::identity::SourcePosition;
use crate::domain::promotion::Promotions;
use crate::domain::signal::Signal;
use crate::domain::time::{Span, Timestamp};
use crate::engine::appender::Appender;
use crate::engine::budget::Budget;
use crate::engine::checkpoint::reader::{RestoreError, restore};
use crate::engine::checkpoint::writer::{CheckpointWriter, WriteError};
use crate::engine::library::{Library, LibraryError};
use crate::engine::promoting::put_live;
use crate::engine::shard::{LogFrame, Shard, StepError};
use crate::ingest::decoder::Decoder;
use crate::ingest::site::{Site, SiteError};
use crate::ingest::source::{SourceRecord, SourceSpec};
use crate::storage::checkpoints::{CheckpointError, Checkpoints};
use crate::storage::error::StorageError;
use crate::storage::object::{Storage, StorageSpec};
use crate::telemetry::{memory_bytes, peak_memory_bytes, thread_cpu_time};
use crate::twin::sums::Sums;

/// Observations of a frame, as under load.
const FRAME_EVENTS: usize = 256;
/// Observations between two words of progress.
const TOLD_EVERY: u64 = 1_000_000;
/// The Observations lie this far apart in the patients' time.
const APART: Span = Span::from_micros(500);
/// Patients that are read.
const N_READS: u32 = 1_000;
/// Facts of a read.
const READ_FACTS: u64 = 100;

/// What the ward measures.
const VITALS: [&str; 5] =
    ["respiratory_rate", "spo2", "systolic_blood_pressure", "heart_rate", "temperature"];

/// What the bench is given.
#[derive(Clone, Copy, Debug)]
pub struct StateSpec {
    /// Patients.
    pub n_patients: u64,
    /// Observations of each.
    pub n_observations: u64,
    /// Observations between two checkpoints.
    pub n_between_checkpoints: u64,
    /// Bytes of memory that the shard may take; beyond it is forgotten what is stored.
    pub memory_bytes_max: Option<usize>,
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct StateReport {
    /// Observations stepped.
    pub n_observations: u64,
    /// Processor time of the steps.
    pub step: Duration,
    /// Checkpoints written.
    pub n_checkpoints: u64,
    /// Processor time of taking and writing them.
    pub checkpoint: Duration,
    /// A snapshot, in the mean.
    pub snapshot: Duration,
    /// The last 100 facts of a patient, in the mean, in memory.
    pub read: Duration,
    /// The same where every sealed block is in storage.
    pub read_stored: Duration,
    /// Bytes of memory that the shard took at the end of the steps, by what they hold, as it counts them.
    pub weights: Vec<(&'static str, usize)>,
    /// The most that it took after a step.
    pub shard_bytes_most: usize,
    /// Bytes that the process held before the first fact.
    pub process_bytes_before: u64,
    /// Bytes that it held after the last step.
    pub process_bytes: u64,
    /// The most that it held until then.
    pub process_bytes_most: u64,
    /// The last 100 facts where only what rules read is in memory.
    pub read_values: Duration,
    /// Bytes of the sealed rows in memory.
    pub sealed_bytes: usize,
    /// Bytes of them that stay while what rules read of them is in memory.
    pub values_bytes: usize,
    /// Bytes of them that stay when their blocks are in storage.
    pub index_bytes: usize,
    /// Sealed rows.
    pub n_sealed: u64,
    /// Restoring the shard from its checkpoint.
    pub restore: Duration,
    /// Whether the restored shard is the one that was.
    pub is_same: bool,
}

/// Why the bench stops.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The reference site file.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The pipelines.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// A step.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The storage.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The checkpoints.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A checkpoint cannot be read.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// It was not there.
    #[error("the checkpoint that was just written is not there")]
    Lost,
}

/// A shard, fed from records, within its budget of memory.
struct Fed {
    shard: Shard,
    decoder: Decoder,
    spec: SourceSpec,
    appender: Appender,
    next_offset: u64,
    writer: CheckpointWriter,
    budget: Option<Budget>,
    step: Duration,
    checkpoint: Duration,
    n_checkpoints: u64,
    bytes_most: usize,
}

impl Fed {
    fn new(
        site_text: &str,
        mut writer: CheckpointWriter,
        budget: Option<Budget>,
    ) -> Result<Fed, StateError> {
        let (mut shard, appender) = (Shard::new(0), Appender::new(1));
        if let Some(budget) = budget {
            writer = budget.bind(&mut shard, writer);
        }
        let mut fed = Fed {
            shard,
            decoder: Decoder::new(Arc::new(Site::read(site_text)?)),
            spec: source(),
            appender,
            next_offset: 0,
            writer,
            budget,
            step: Duration::ZERO,
            checkpoint: Duration::ZERO,
            n_checkpoints: 0,
            bytes_most: 0,
        };
        fed.control(Control::Opened { n_partitions: 1, clock: Clock::Live });
        let library = Library::shipped()?;
        let nothing = std::collections::BTreeMap::new();
        library.changes(&nothing).into_iter().for_each(|control| fed.control(control));
        let by = ("twin bench", "what they cost is what is measured");
        let live = put_live(&library, &Promotions::default(), by, now());
        live.into_iter().for_each(|control| fed.control(control));
        fed.flush()?;
        Ok(fed)
    }

    fn control(&mut self, control: Control<'_>) {
        let source = SourcePosition::new("twin", 0, 0);
        let event = Event { source, available_at: None, body: EventBody::Control(control) };
        self.appender.add(0, &event);
    }

    fn take(&mut self, record: &WardRecord, offset: i64, at: Timestamp) -> Result<(), StateError> {
        let record = SourceRecord {
            position: SourcePosition::new("bench", 0, offset),
            key: None,
            headers: Vec::new(),
            payload: record.payload.as_bytes(),
            timestamp: at,
            raw_key: None,
        };
        for event in self.decoder.decode(&self.spec, &record, at).events {
            self.appender.add(0, &event);
        }
        if FRAME_EVENTS <= self.appender.n_events() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), StateError> {
        for (_, bytes) in self.appender.take() {
            let frame = LogFrame { offset: self.next_offset, appended_at: now(), bytes };
            self.next_offset += 1;
            let began = thread_cpu_time();
            let frames = [frame];
            let needs = self.shard.needs(&frames);
            self.shard.recall(&needs);
            self.shard.step(&frames)?;
            let over = self.forget();
            self.step += thread_cpu_time().saturating_sub(began);
            if 0 < over {
                self.shard.seal_now();
                self.checkpoint()?;
                self.forget();
            }
            self.bytes_most = self.bytes_most.max(self.shard.size_bytes());
        }
        Ok(())
    }

    /// Forgets what is over the budget. Says how much of that could not be forgotten.
    fn forget(&mut self) -> usize {
        let most = self.budget.map_or(usize::MAX, |budget| budget.resident_bytes_max);
        let over = self.shard.size_bytes().saturating_sub(most);
        if over == 0 { 0 } else { over.saturating_sub(self.shard.forget(over)) }
    }

    /// Takes and writes a checkpoint.
    fn checkpoint(&mut self) -> Result<(), StateError> {
        let began = thread_cpu_time();
        let written = self.writer.write(&self.shard.state())?;
        self.shard.note_written(&written);
        self.checkpoint += thread_cpu_time().saturating_sub(began);
        self.n_checkpoints += 1;
        Ok(())
    }
}

/// Measures the state of one shard, with its checkpoints in `folder`.
///
/// # Errors
/// If a step, the storage or a checkpoint fails.
pub fn run(
    spec: StateSpec,
    site_text: &str,
    folder: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<StateReport, StateError> {
    let StateSpec { n_patients, n_observations, n_between_checkpoints, memory_bytes_max } = spec;
    let storage = Storage::open(&StorageSpec::Folder(folder.to_owned()))?;
    let open = || Checkpoints::open(storage.clone(), "bench", 0);
    let writer = CheckpointWriter::claim(storage.clone(), &open(), 1, None)?;
    let mut report =
        StateReport { process_bytes_before: memory_bytes().unwrap_or(0), ..StateReport::default() };
    let mut fed = Fed::new(site_text, writer, memory_bytes_max.map(Budget::of))?;
    let n_all = n_patients * n_observations;
    let span = APART.micros().saturating_mul(i64::try_from(n_all).unwrap_or(i64::MAX));
    let start = now().minus(Span::from_micros(span)).minus(Span::from_minutes(1));
    let at = feed(&mut fed, (n_patients, n_all, n_between_checkpoints), start, progress)?;
    (report.n_observations, report.step) = (n_all, fed.step);
    (report.n_checkpoints, report.checkpoint) = (fed.n_checkpoints, fed.checkpoint);
    (report.weights, report.shard_bytes_most) = (fed.shard.weights(), fed.bytes_most);
    report.process_bytes = memory_bytes().unwrap_or(0);
    report.process_bytes_most = peak_memory_bytes().unwrap_or(0);
    report.snapshot = mean(100, || drop(fed.shard.snapshot()));
    let rounds = i64::try_from(n_patients.saturating_mul(READ_FACTS)).unwrap_or(i64::MAX);
    let since = at.minus(Span::from_micros(APART.micros().saturating_mul(rounds)));
    measure_reads(&mut fed, n_patients, since, &mut report)?;
    let sums = fed.shard.sums();
    drop(fed);
    let began = Stopwatch::start();
    let restored = restore(&storage, &mut open())?.ok_or(StateError::Lost)?;
    report.restore = began.elapsed();
    report.is_same = same(&sums, &restored.shard.sums());
    Ok(report)
}

/// Feeds the patients and all of their Observations, with a checkpoint now and then. Gives the time of the last.
fn feed(
    fed: &mut Fed,
    (n_patients, n_all, n_between_checkpoints): (u64, u64, u64),
    start: Timestamp,
    progress: &mut dyn FnMut(u64),
) -> Result<Timestamp, StateError> {
    let ward = Ward { n_patients, red_every: 200 };
    for (offset, record) in (0..).zip(ward.admissions(start.minus(Span::from_days(1)))) {
        fed.take(&record, offset, start)?;
    }
    fed.flush()?;
    fed.step = Duration::ZERO;
    let mut at = start;
    for number in 0..n_all {
        fed.take(&ward.vital(number, at), i64::try_from(number).unwrap_or(0), at)?;
        at = at.plus(APART);
        if (number + 1).is_multiple_of(TOLD_EVERY) {
            progress(number + 1);
        }
        if (number + 1).is_multiple_of(n_between_checkpoints) {
            fed.checkpoint()?;
        }
    }
    fed.flush()?;
    Ok(at)
}

/// The last facts of patients where all is in memory that may be, what rules read, or nothing.
fn measure_reads(
    fed: &mut Fed,
    n_patients: u64,
    since: Timestamp,
    report: &mut StateReport,
) -> Result<(), StateError> {
    report.read = reads(&fed.shard, n_patients, since);
    fed.shard.seal_now();
    // The segments are stored, so that their blocks may be forgotten.
    fed.checkpoint()?;
    report.n_sealed = fed.shard.twins().n_sealed();
    report.sealed_bytes = fed.shard.twins().sealed_bytes();
    fed.shard.forget_origins();
    report.values_bytes = fed.shard.twins().sealed_bytes();
    report.read_values = reads(&fed.shard, n_patients, since);
    fed.shard.forget(usize::MAX);
    report.index_bytes = fed.shard.twins().sealed_bytes();
    report.read_stored = reads(&fed.shard, n_patients, since);
    Ok(())
}

fn same(one: &Sums, other: &Sums) -> bool {
    one == other
}

fn mean(n_times: u32, mut each: impl FnMut()) -> Duration {
    let began = Stopwatch::start();
    (0..n_times).for_each(|_| each());
    began.elapsed() / n_times
}

/// The facts since `since` of patients all over the shard.
fn reads(shard: &Shard, n_patients: u64, since: Timestamp) -> Duration {
    let n_patients = u32::try_from(n_patients).unwrap_or(u32::MAX);
    let range = (since, Timestamp::FOREVER);
    let signals: Vec<Signal> =
        VITALS.iter().filter_map(|name| Signal::all().find(|s| s.spec().name == *name)).collect();
    let mut patient = 0_u32;
    mean(N_READS, || {
        patient = patient.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        for signal in &signals {
            let one = patient % n_patients;
            let found = shard.twins().window(one, *signal, &[Origin::Clinical], range);
            std::hint::black_box(found);
        }
    })
}
