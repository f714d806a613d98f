//! `twin run`: both stages against Kafka, each in a thread of its own, and snapshots for readers.
//!
//! ```text
//! source topics ─► [ingest thread] ─► twin.events.v1 ─► [twin thread] ─► effects
//!                                                            └─► snapshots ─► readers
//! ```
//! First the log is read to its end, then it is told which definitions are in force, then ingest begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::clock::now;
use crate::domain::event::{Clock, Control, Event, EventBody};
use crate::domain::identity::SourcePosition;
use crate::domain::time::{Span, Timestamp};
use crate::engine::appender::Appender;
use crate::engine::checkpointer::CheckpointSpec;
use crate::engine::ingest_stage::{IngestError, IngestSpec, IngestStage};
use crate::engine::library::Library;
use crate::engine::local::EngineCounts;
use crate::engine::published::Publisher;
use crate::engine::routes::Route;
use crate::engine::twin_stage::{TwinError, TwinStage};
use crate::ingest::site::Site;
use crate::ingest::tally::Tally;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::log::KafkaLogWriter;
use crate::kafka::settings::KafkaSettings;
use crate::telemetry::StageTimes;

/// A round waits this long for the first record, so that a stop and a reader are noticed soon.
const WAIT: Duration = Duration::from_millis(20);

/// What a run is given.
#[derive(Clone, Debug)]
pub struct RunSpec {
    /// Kafka.
    pub kafka: KafkaSettings,
    /// Where checkpoints go; without it every start reads the whole log.
    pub checkpoints: Option<CheckpointSpec>,
    /// Partitions of the log.
    pub n_partitions: u32,
    /// Whose time the log follows.
    pub clock: Clock,
    /// How far ticks are apart on a live clock.
    pub tick_interval: Span,
    /// The sources.
    pub routes: Vec<Route>,
    /// What the site's codes mean.
    pub site: Arc<Site>,
    /// The definitions in force.
    pub library: Library,
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct RunSummary {
    /// What became of the source records.
    pub tally: Tally,
    /// What happened in the twins.
    pub counts: EngineCounts,
    /// Processor time of the ingest thread by stage.
    pub ingest_times: StageTimes,
    /// Processor time of the twin thread by stage.
    pub twin_times: StageTimes,
}

/// Why a run ends before it is told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The twin stage.
    #[error(transparent)]
    Twin(#[from] TwinError),
    /// The ingest stage.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// The log was made with another shape.
    #[error(
        "the log has {logged_partitions} partitions and a {} clock, the configuration says \
         {n_partitions} and {}: both are fixed when the log is made",
        .logged_clock.name(), .clock.name()
    )]
    Shape {
        /// Partitions of the log.
        logged_partitions: u32,
        /// Its clock.
        logged_clock: Clock,
        /// Partitions of the configuration.
        n_partitions: u32,
        /// Its clock.
        clock: Clock,
    },
    /// A thread cannot be started.
    #[error("the ingest thread cannot be started: {0}")]
    Thread(std::io::Error),
    /// A thread panicked: our own mistake, told by the panic.
    #[error("the ingest thread panicked")]
    Panicked,
}

/// Runs until `stop` is set or a stage fails. The caller's thread is the twin thread.
///
/// # Errors
/// Why it ended before it was told to.
pub fn run(
    spec: &RunSpec,
    publisher: &mut Publisher,
    stop: &AtomicBool,
) -> Result<RunSummary, RunError> {
    let mut twins = TwinStage::open(&spec.kafka, spec.n_partitions, spec.checkpoints.as_ref())?;
    catch_up(&mut twins, publisher, stop)?;
    define(spec, &twins)?;
    tracing::info!(n_events = twins.counts().n_events, "the log is read, ingest begins");
    let ingest_spec = IngestSpec {
        kafka: spec.kafka.clone(),
        routes: spec.routes.clone(),
        site: spec.site.clone(),
        n_partitions: spec.n_partitions,
        clock: spec.clock,
        ticked: twins.shards().iter().map(|shard| shard.clock()).min().unwrap_or(Timestamp::MIN),
        tick_interval: spec.tick_interval,
        storage: spec.checkpoints.as_ref().map(|checkpoints| checkpoints.storage.clone()),
    };
    thread::scope(|scope| {
        let named = thread::Builder::new().name("ingest".to_owned());
        let ingest = named.spawn_scoped(scope, || stopping(stop, || ingest(&ingest_spec, stop)));
        let ingest = ingest.map_err(RunError::Thread)?;
        let stepped = stopping(stop, || step(&mut twins, publisher, stop));
        let ingested = ingest.join().map_err(|_| RunError::Panicked)?;
        stepped?;
        let (tally, ingest_times) = ingested?;
        let (counts, twin_times) = (twins.counts(), twins.times().clone());
        Ok(RunSummary { tally, counts, ingest_times, twin_times })
    })
}

/// Whoever ends takes the other along.
fn stopping<T>(
    stop: &AtomicBool,
    run: impl FnOnce() -> Result<T, RunError>,
) -> Result<T, RunError> {
    let result = run();
    stop.store(true, Ordering::Release);
    result
}

fn catch_up(
    twins: &mut TwinStage,
    publisher: &mut Publisher,
    stop: &AtomicBool,
) -> Result<(), RunError> {
    while !twins.is_caught_up() && !stop.load(Ordering::Acquire) {
        let before = twins.n_behind() / PROGRESS_FRAMES;
        twins.round(WAIT, now())?;
        if twins.n_behind() / PROGRESS_FRAMES != before {
            tracing::info!(n_frames_behind = twins.n_behind(), "reading the log");
        }
    }
    publisher.publish(twins.snapshots(), twins.is_caught_up(), now());
    Ok(())
}

/// Progress is told about this often while the log is read.
const PROGRESS_FRAMES: u64 = 10_000;

fn step(
    twins: &mut TwinStage,
    publisher: &mut Publisher,
    stop: &AtomicBool,
) -> Result<(), RunError> {
    while !stop.load(Ordering::Acquire) {
        twins.round(WAIT, now())?;
        let now = now();
        if publisher.is_due(now) {
            publisher.publish(twins.snapshots(), true, now);
        }
        publisher.forks.serve(twins.shards());
    }
    Ok(twins.close(now())?)
}

fn ingest(spec: &IngestSpec, stop: &AtomicBool) -> Result<(Tally, StageTimes), RunError> {
    let mut stage = IngestStage::open(spec)?;
    while !stop.load(Ordering::Acquire) {
        stage.round(WAIT, now())?;
    }
    stage.close()?;
    Ok((stage.tally(), stage.times().clone()))
}

/// Opens the log where it is new, and puts the library in force where it differs from what is.
///
/// # Errors
/// If the log was made with another shape, or cannot be written.
pub fn define(spec: &RunSpec, twins: &TwinStage) -> Result<(), RunError> {
    let mut appender = Appender::new(spec.n_partitions);
    let (n_partitions, clock) = (spec.n_partitions, spec.clock);
    for (partition, shard) in (0..).zip(twins.shards()) {
        match shard.opened() {
            None => appender.add(partition, &control(Control::Opened { n_partitions, clock })),
            Some(logged) if logged == (n_partitions, clock) => {}
            Some((logged_partitions, logged_clock)) => {
                return Err(RunError::Shape {
                    logged_partitions,
                    logged_clock,
                    n_partitions,
                    clock,
                });
            }
        }
    }
    for (partition, shard) in (0..).zip(twins.shards()) {
        for change in spec.library.changes(shard.definitions()) {
            appender.add(partition, &control(change));
        }
    }
    let writer = KafkaLogWriter::new(&spec.kafka)?;
    Ok(writer.append(&appender.take())?)
}

fn control(control: Control<'_>) -> Event<'_> {
    let source = SourcePosition::new("twin", 0, 0);
    Event { source, available_at: None, body: EventBody::Control(control) }
}
