//! What the benches share: topics of their own, the product's two stages in two threads, and what they
//! cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::bench::ward::source;
use crate::clock::now;
use crate::domain::event::Clock;
use crate::domain::time::{Span, Timestamp};
use crate::engine::ingest_stage::{IngestSpec, IngestStage};
use crate::engine::library::{Library, LibraryError};
use crate::engine::local::EngineCounts;
use crate::engine::routes::Route;
use crate::engine::run::{RunError, RunSpec};
use crate::engine::steward::Steward;
use crate::engine::twin_stage::TwinStage;
use crate::ingest::site::{Site, SiteError};
use crate::ingest::tally::Tally;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::producer::{CountingProducer, ToWrite};
use crate::kafka::settings::KafkaSettings;
use crate::kafka::topics::{TopicSpec, ensure};
use crate::telemetry::{StageTimes, cpu_time};

/// Partitions of the log and of the source topic: one machine's worth.
pub const N_PARTITIONS: u32 = 4;
const WAIT: Duration = Duration::from_millis(20);

/// Why a bench fails.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// A stage.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The pipelines that ship.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The site file.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// What came out is not what went in.
    #[error("{0}")]
    Wrong(String),
}

/// A bench's topics and definitions.
#[derive(Clone, Debug)]
pub struct Bench {
    /// What is run.
    pub run: RunSpec,
    /// The source topic.
    pub topic: String,
}

/// What the stages did and cost.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// What became of the records.
    pub tally: Tally,
    /// What happened in the twins.
    pub counts: EngineCounts,
    /// Processor time of the process between the first record and the last effect.
    pub cpu: Duration,
    /// Time between the same.
    pub wall: Duration,
    /// Processor time of the ingest thread by stage.
    pub ingest_times: StageTimes,
    /// Processor time of the twin thread by stage.
    pub twin_times: StageTimes,
}

impl Bench {
    /// Makes topics of its own, named after the time.
    ///
    /// # Errors
    /// If Kafka refuses it.
    pub async fn new(brokers: &str, site_text: &str) -> Result<Bench, BenchError> {
        let name = format!("bench-{}", now().micros());
        let kafka = KafkaSettings {
            brokers: brokers.to_owned(),
            group: name.clone(),
            instance: "bench".to_owned(),
            topic_prefix: format!("{name}."),
            replication: 1,
            security: Arc::default(),
            properties: std::collections::BTreeMap::new(),
        };
        let topic = kafka.topic("vitals");
        let n_partitions = i32::try_from(N_PARTITIONS).unwrap_or(1);
        let mut topics = vec![TopicSpec::events(&kafka, n_partitions)];
        let outputs = kafka.effect_topics().into_iter().chain([topic.clone()]);
        topics.extend(outputs.map(|name| TopicSpec::output(name, n_partitions)));
        topics.push(TopicSpec::dead_letters(&kafka));
        ensure(&kafka, &topics).await?;
        let spec = source();
        let run = RunSpec {
            kafka,
            checkpoints: None,
            n_partitions: N_PARTITIONS,
            clock: Clock::Live,
            tick_interval: Span::from_seconds(10),
            routes: vec![Route { topics: vec![topic.clone()], spec }],
            site: Arc::new(Site::read(site_text)?),
            library: Library::shipped()?,
            live_by: Some(("twin bench", "what they cost is what is measured")),
        };
        Ok(Bench { run, topic })
    }

    /// Hands a record to a producer.
    ///
    /// # Errors
    /// If Kafka refuses it.
    pub fn send(
        &self,
        producer: &CountingProducer,
        key: &str,
        payload: &str,
    ) -> Result<(), BenchError> {
        let (key, payload) = (Some(key.as_bytes()), Some(payload.as_bytes()));
        Ok(producer.send(ToWrite { topic: &self.topic, partition: None, key, payload }, None)?)
    }

    /// Runs both stages until `is_done` says so of the records taken so far, and everything taken has
    /// had its effects.
    ///
    /// # Errors
    /// If a stage fails.
    pub fn measure(
        &self,
        n_taken: &AtomicU64,
        is_done: impl Fn(u64) -> bool + Sync,
    ) -> Result<Measured, BenchError> {
        let mut twins =
            TwinStage::open(&self.run.kafka, N_PARTITIONS, self.run.checkpoints.as_ref(), now())
                .map_err(RunError::from)?;
        let mut steward = Steward::new(&self.run, now()).map_err(RunError::from)?;
        while !twins.is_caught_up(now()) {
            twins.round(WAIT, now()).map_err(RunError::from)?;
        }
        steward.round(&twins, now()).map_err(RunError::from)?;
        let spec = IngestSpec {
            kafka: self.run.kafka.clone(),
            routes: self.run.routes.clone(),
            site: self.run.site.clone(),
            n_partitions: N_PARTITIONS,
            clock: Clock::Live,
            ticked: Timestamp::MIN,
            storage: None,
        };
        let is_ingested = AtomicBool::new(false);
        thread::scope(|scope| {
            let ingest =
                thread::Builder::new().name("ingest".to_owned()).spawn_scoped(scope, || {
                    let result = ingest(&spec, n_taken, &is_done);
                    is_ingested.store(true, Ordering::Release);
                    result
                });
            let ingest = ingest.map_err(RunError::Thread)?;
            let mut begun: Option<(Timestamp, Duration)> = None;
            let stepped = loop {
                let was_ingested = is_ingested.load(Ordering::Acquire);
                let n_frames = match twins.round(WAIT, now()) {
                    Ok(n_frames) => n_frames,
                    Err(error) => break Err(RunError::from(error)),
                };
                if let Err(error) = steward.round(&twins, now()) {
                    break Err(RunError::from(error));
                }
                if begun.is_none() && 0 < n_taken.load(Ordering::Acquire) {
                    begun = Some((now(), cpu_time()));
                }
                if was_ingested && n_frames == 0 {
                    break Ok(());
                }
            };
            let (tally, ingest_times) = ingest.join().map_err(|_| RunError::Panicked)??;
            stepped?;
            let (since, cpu) = begun.unwrap_or((now(), cpu_time()));
            Ok(Measured {
                tally,
                counts: twins.counts(),
                cpu: cpu_time().saturating_sub(cpu),
                wall: Duration::from_micros(
                    u64::try_from(now().since(since).micros()).unwrap_or(0),
                ),
                ingest_times,
                twin_times: twins.times().clone(),
            })
        })
    }
}

fn ingest(
    spec: &IngestSpec,
    n_taken: &AtomicU64,
    is_done: &(impl Fn(u64) -> bool + Sync),
) -> Result<(Tally, StageTimes), RunError> {
    let mut stage = IngestStage::open(spec)?;
    while !is_done(n_taken.load(Ordering::Acquire)) {
        let n_records = stage.round(WAIT, now())?;
        n_taken.fetch_add(u64::try_from(n_records).unwrap_or(0), Ordering::AcqRel);
    }
    stage.close()?;
    Ok((stage.tally(), stage.times().clone()))
}
