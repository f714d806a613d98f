//! `twin run`: both stages against Kafka, each in a thread of its own, and snapshots for readers.
//!
//! ```text
//! source topics ─► [ingest thread] ─► twin.events.v1 ─► [twin thread] ─► effects
//!                                           ▲                 ├─► snapshots ─► readers
//!                                           └──── steward ◄───┘
//! ```
//! First the partitions that the group gives are read to their end, then their owner writes into them which
//! definitions are in force, then ingest begins. Several instances of one group share sources and partitions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::clock::now;
use crate::domain::event::Clock;
use crate::domain::time::{Span, Timestamp};
use crate::engine::checkpointer::CheckpointSpec;
use crate::engine::ingest_stage::{IngestError, IngestSpec, IngestStage};
use crate::engine::library::Library;
use crate::engine::local::EngineCounts;
use crate::engine::meter::{IngestMeter, TwinMeter};
use crate::engine::published::Publisher;
use crate::engine::replica::{Replica, ReplicaError};
use crate::engine::routes::Route;
use crate::engine::steward::{Steward, StewardError};
use crate::engine::twin_stage::{TwinError, TwinStage};
use crate::ingest::site::Site;
use crate::ingest::tally::Tally;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::group::GroupReader;
use crate::kafka::patience::Patience;
use crate::kafka::settings::KafkaSettings;
use crate::telemetry::readiness::Condition;
use crate::telemetry::{StageTimes, Telemetry};

/// A round waits this long for the first record, so that a stop and a reader are noticed soon.
const WAIT: Duration = Duration::from_millis(20);
/// How often to ask whether every partition of the log has begun.
const BEGUN_WAIT: Duration = Duration::from_millis(100);

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
    /// Who puts pipelines live of which nobody has decided anything, and why; nobody does on a real configuration.
    pub live_by: Option<(&'static str, &'static str)>,
}

/// Who puts the pipelines of a log live of which nobody has decided anything: a recorded history is tried, and nobody
/// lies in its beds.
pub fn live_by(clock: Clock) -> Option<(&'static str, &'static str)> {
    let tried = ("twin run", "the log is of a recorded history, on which they are tried");
    (clock == Clock::Recorded).then_some(tried)
}

/// Which stages an instance runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stages {
    /// Both.
    Both,
    /// From the sources to the log.
    Ingest,
    /// From the log to effects.
    Twins,
    /// From the log to answers: it owns nothing and says nothing.
    Replica,
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
    /// The follower.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// What the owner of a partition writes into it.
    #[error(transparent)]
    Steward(#[from] StewardError),
    /// A recorded history has one clock.
    #[error("a recorded history is read and stepped by one instance: expected both stages")]
    Recorded,
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
    stages: Stages,
    publisher: &mut Publisher,
    stop: &AtomicBool,
) -> Result<RunSummary, RunError> {
    if stages == Stages::Replica {
        follow(spec, publisher, stop)?;
        return Ok(RunSummary::default());
    }
    if stages != Stages::Both && spec.clock == Clock::Recorded {
        return Err(RunError::Recorded);
    }
    let mut twins = match stages {
        Stages::Ingest | Stages::Replica => None,
        Stages::Both | Stages::Twins => Some(open_twins(spec)?),
    };
    let telemetry = publisher.telemetry.clone();
    let budget = spec.checkpoints.as_ref().and_then(|checkpoints| checkpoints.memory_bytes_max);
    let mut meter = TwinMeter::new(&telemetry, budget, now());
    let (start, started) = sync_channel(1);
    thread::scope(|scope| {
        let ingest = match stages {
            Stages::Twins | Stages::Replica => None,
            Stages::Both | Stages::Ingest => {
                let named = thread::Builder::new().name("ingest".to_owned());
                let ingest = named.spawn_scoped(scope, move || {
                    stopping(stop, || match wait_for_start(spec, &started, stop)? {
                        Some(ingest_spec) => ingest(&ingest_spec, &telemetry, stop),
                        None => Ok(<(Tally, StageTimes)>::default()),
                    })
                });
                Some(ingest.map_err(RunError::Thread)?)
            }
        };
        let stepped = match &mut twins {
            Some((twins, steward)) => {
                stopping(stop, || step(twins, steward, publisher, &mut meter, start, stop))
            }
            None => {
                // Nothing is read here that ingest would wait for.
                let _stopped = start.send(Timestamp::MIN);
                publisher.publish(Vec::new(), (0..spec.n_partitions).collect(), true, now());
                Ok(())
            }
        };
        let ingested = ingest.map(|ingest| ingest.join().map_err(|_| RunError::Panicked));
        stepped?;
        let (tally, ingest_times) = ingested.transpose()?.transpose()?.unwrap_or_default();
        let twins = twins.map(|(twins, _)| (twins.counts(), twins.times().clone()));
        let (counts, twin_times) = twins.unwrap_or_default();
        Ok(RunSummary { tally, counts, ingest_times, twin_times })
    })
}

/// Follows the log without owning any of it, for questions, until `stop` is set.
fn follow(spec: &RunSpec, publisher: &mut Publisher, stop: &AtomicBool) -> Result<(), RunError> {
    let readiness = publisher.telemetry.readiness.clone();
    let mut patience = Patience::begin();
    let mut replica = loop {
        match Replica::open(&spec.kafka, spec.n_partitions, spec.checkpoints.as_ref()) {
            Err(ReplicaError::Kafka(error)) if error.is_outage() => {
                if stop.load(Ordering::Acquire) {
                    return Ok(());
                }
                patience.say("the log is read");
            }
            replica => break replica?,
        }
    };
    patience.end("the log is read");
    readiness.well(Condition::Restored, "the shards are in memory", now());
    let mut was_caught_up = false;
    while !stop.load(Ordering::Acquire) {
        replica.round(WAIT)?;
        let (now, is_caught_up) = (now(), replica.n_behind() == 0);
        if is_caught_up && !was_caught_up {
            tracing::info!("every partition is read to where it ended");
            readiness.well(Condition::CaughtUp, "every partition is read to where it ended", now);
        }
        if publisher.is_due(now) || is_caught_up != was_caught_up {
            publisher.publish(replica.snapshots(), Vec::new(), is_caught_up, now);
        }
        was_caught_up = is_caught_up;
        publisher.forks.serve(replica.shards());
    }
    Ok(())
}

fn open_twins(spec: &RunSpec) -> Result<(TwinStage, Steward), RunError> {
    let checkpoints = spec.checkpoints.as_ref();
    let twins = TwinStage::open(&spec.kafka, spec.n_partitions, checkpoints, now())?;
    Ok((twins, Steward::new(spec, now())?))
}

/// Waits until the twins have caught up and every partition of the log has begun; nothing is ingested before.
fn wait_for_start(
    spec: &RunSpec,
    started: &Receiver<Timestamp>,
    stop: &AtomicBool,
) -> Result<Option<IngestSpec>, RunError> {
    let is_stopped = || stop.load(Ordering::Acquire);
    let ticked = loop {
        match started.recv_timeout(WAIT) {
            Ok(ticked) => break ticked,
            Err(RecvTimeoutError::Timeout) if !is_stopped() => {}
            Err(_) => return Ok(None),
        }
    };
    let log = GroupReader::new(&spec.kafka)?;
    let has_begun = || match log.progress(spec.n_partitions) {
        // Its owner has written into each partition of which shape the log is.
        Ok(progress) => Ok(progress.iter().all(|one| 0 < one.end)),
        Err(error) if error.is_outage() => Ok(false),
        Err(error) => Err(error),
    };
    let mut was_told = false;
    while !has_begun()? {
        if is_stopped() {
            return Ok(None);
        }
        if !was_told {
            was_told = true;
            tracing::info!("waiting until every partition of the log has an owner");
        }
        thread::park_timeout(BEGUN_WAIT);
    }
    tracing::info!("ingest begins");
    Ok(Some(IngestSpec {
        kafka: spec.kafka.clone(),
        routes: spec.routes.clone(),
        site: spec.site.clone(),
        n_partitions: spec.n_partitions,
        clock: spec.clock,
        ticked,
        storage: spec.checkpoints.as_ref().map(|checkpoints| checkpoints.storage.clone()),
    }))
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

/// Progress is told about this often while the log is read.
const PROGRESS_FRAMES: u64 = 10_000;

fn step(
    twins: &mut TwinStage,
    steward: &mut Steward,
    publisher: &mut Publisher,
    meter: &mut TwinMeter,
    start: SyncSender<Timestamp>,
    stop: &AtomicBool,
) -> Result<(), RunError> {
    let (mut start, mut n_behind) = (Some(start), 0);
    let mut published = (false, Vec::new());
    while !stop.load(Ordering::Acquire) {
        twins.round(WAIT, now())?;
        let now = now();
        steward.round(twins, now)?;
        meter.tell(twins, now);
        if n_behind / PROGRESS_FRAMES != twins.n_behind() / PROGRESS_FRAMES {
            n_behind = twins.n_behind();
            tracing::info!(n_frames_behind = n_behind, "reading the log");
        }
        let is_caught_up = twins.is_caught_up(now);
        if start.is_some() && is_caught_up && steward.may_ingest(twins) {
            meter.defined(steward.n_definitions(), now);
            let clocks = twins.shards().iter().map(|shard| shard.clock());
            let ticked = clocks.min().unwrap_or(Timestamp::MIN);
            // Whoever does not listen any more has stopped, and says so.
            if let Some(start) = start.take() {
                let _stopped = start.send(ticked);
            }
        }
        // Readers who do not ask for more are to know what is here, and whether it is of the present.
        let state = (is_caught_up, twins.missing());
        if publisher.is_due(now) || published != state {
            publisher.publish(twins.snapshots(), state.1.clone(), is_caught_up, now);
            published = state;
        }
        publisher.forks.serve(twins.shards());
    }
    Ok(twins.close(now())?)
}

fn ingest(
    spec: &IngestSpec,
    telemetry: &Telemetry,
    stop: &AtomicBool,
) -> Result<(Tally, StageTimes), RunError> {
    let mut stage = IngestStage::open(spec)?;
    let mut meter = IngestMeter::new(telemetry, now());
    while !stop.load(Ordering::Acquire) {
        stage.round(WAIT, now())?;
        meter.tell(&stage, now());
    }
    stage.close()?;
    Ok((stage.tally(), stage.times().clone()))
}
