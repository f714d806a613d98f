//! Hands over what a stage counts, once a second, so that no counter is touched for each record.

use crate::domain::promotion::PipelineState;
use crate::domain::refusal::Refusal;
use crate::domain::time::{Span, Timestamp};
use crate::engine::checkpointer::Newest;
use crate::engine::ingest_stage::IngestStage;
use crate::engine::twin_stage::TwinStage;
use crate::telemetry::families::{
    ASSESSMENTS, BUDGET, CHECKPOINT_AGE, CHECKPOINT_BYTES, CHECKPOINT_NEXT, DEAD_LETTERS, DELAY,
    EFFECTS, EVENTS_APPLIED, EVENTS_DECODED, FACTS_APPLIED, FACTS_DECODED, KNOWN_AGE, LATENESS,
    LOG_END, LOG_LAG, LOG_NEXT, MODELS, PIPELINES, SHARD_BYTES, SOURCE_BYTES, SOURCE_QUIET,
    SOURCE_RECORDS, STAGE_CPU, UNUSABLE,
};
use crate::telemetry::metrics::{Metrics, age};
use crate::telemetry::readiness::Condition;
use crate::telemetry::{StageTimes, Telemetry};

/// A stage hands over its counts this often.
const INTERVAL: Span = Span::from_seconds(1);
/// A checkpoint that is older than this, and has something to be written, is told: the storage does not take what
/// it should, or there is too much of it. Some hundred shards take minutes to be written in turn.
const CHECKPOINT_AGE_MAX: Span = Span::from_minutes(15);

/// Hands over what the ingest stage counts.
#[derive(Debug)]
pub struct IngestMeter {
    telemetry: Telemetry,
    began_at: Timestamp,
    told_at: Timestamp,
}

impl IngestMeter {
    /// A meter of a stage that begins.
    pub fn new(telemetry: &Telemetry, now: Timestamp) -> IngestMeter {
        IngestMeter { telemetry: telemetry.clone(), began_at: now, told_at: Timestamp::MIN }
    }

    /// Hands over, when it is time to.
    pub fn tell(&mut self, stage: &IngestStage, now: Timestamp) {
        if now < self.told_at.plus(INTERVAL) {
            return;
        }
        self.told_at = now;
        let metrics = &self.telemetry.metrics;
        let tally = stage.tally();
        for source in stage.intake().sources() {
            let labels = [source.name.as_str()];
            metrics.set(&SOURCE_RECORDS, &labels, source.n_records);
            metrics.set(&SOURCE_BYTES, &labels, source.n_bytes);
            metrics.since(&SOURCE_QUIET, &labels, source.last_at.unwrap_or(self.began_at));
            metrics.histogram(&LATENESS, &labels, &source.lateness);
            metrics.histogram(&DELAY, &labels, &source.delay);
        }
        metrics.set(&EVENTS_DECODED, &[], tally.n_events);
        metrics.set(&FACTS_DECODED, &[], tally.n_facts);
        for reason in Refusal::ALL {
            for (extent, counts) in [("whole", &tally.refused), ("part", &tally.refused_parts)] {
                let count = counts.get(&reason).copied().unwrap_or(0);
                metrics.set(&DEAD_LETTERS, &[reason.name(), extent], count);
            }
        }
        for (reason, count) in &tally.unusable {
            metrics.set(&UNUSABLE, &[reason.name()], *count);
        }
        stage_times(metrics, "ingest", stage.times());
        let detail = format!("{} records taken", tally.n_records);
        self.telemetry.readiness.well(Condition::Ingest, detail, now);
    }
}

/// Hands over what the twin stage counts.
#[derive(Debug)]
pub struct TwinMeter {
    telemetry: Telemetry,
    /// The partitions that were told of last.
    partitions: Vec<u32>,
    began_at: Timestamp,
    told_at: Timestamp,
}

impl TwinMeter {
    /// A meter of a stage whose shards are there, within a budget of memory where there is one.
    pub fn new(telemetry: &Telemetry, budget_bytes: Option<usize>, now: Timestamp) -> TwinMeter {
        if let Some(budget) = budget_bytes {
            telemetry.metrics.set(&BUDGET, &[], u64::try_from(budget).unwrap_or(u64::MAX));
        }
        TwinMeter {
            telemetry: telemetry.clone(),
            partitions: Vec::new(),
            began_at: now,
            told_at: Timestamp::MIN,
        }
    }

    /// The library's definitions are in the log.
    pub fn defined(&self, n_definitions: usize, now: Timestamp) {
        let detail = format!("{n_definitions} in force");
        self.telemetry.readiness.well(Condition::Definitions, detail, now);
    }

    /// Hands over, when it is time to.
    pub fn tell(&mut self, stage: &TwinStage, now: Timestamp) {
        if now < self.told_at.plus(INTERVAL) {
            return;
        }
        self.told_at = now;
        self.forget_gone(stage);
        let readiness = &self.telemetry.readiness;
        let counts = stage.counts();
        match stage.n_behind() {
            0 if stage.is_caught_up(now) => {
                let n_partitions = stage.shards().len();
                let detail = format!("{n_partitions} partitions are read to where they ended");
                readiness.well(Condition::Restored, "the shards are in memory", now);
                readiness.well(Condition::CaughtUp, detail, now);
            }
            0 => readiness.ill(Condition::Restored, "partitions are on their way in", now),
            n_behind => {
                let detail = format!("{n_behind} frames of the log are still to be read");
                readiness.ill(Condition::CaughtUp, detail, now);
            }
        }
        let detail = format!("{} events applied", counts.n_events);
        readiness.well(Condition::Twins, detail, now);
        let metrics = &self.telemetry.metrics;
        metrics.set(&EVENTS_APPLIED, &[], counts.n_events);
        metrics.set(&FACTS_APPLIED, &[], counts.n_facts);
        metrics.set(&ASSESSMENTS, &[], counts.n_assessed);
        for ((pipeline, kind, severity, change), count) in stage.departures().counts() {
            let labels = [&**pipeline, kind.name(), severity.name(), change.name()];
            metrics.set(&EFFECTS, &labels, *count);
        }
        self.tell_pipelines(stage);
        self.tell_models(stage, now);
        self.tell_shards(stage);
        self.tell_checkpoints(stage, now);
        stage_times(metrics, "twins", stage.times());
    }

    /// Which models cannot be run, and why; every shard has the same.
    fn tell_models(&self, stage: &TwinStage, now: Timestamp) {
        let shard = stage.shards().iter().next();
        let lives = shard.map_or(&[][..], |shard| shard.lives());
        let models: Vec<_> = lives.iter().filter_map(|live| live.pipeline.model()).collect();
        let failures: Vec<&str> = models.iter().filter_map(|model| model.failure()).collect();
        let n_loaded = models.len().saturating_sub(failures.len());
        for (state, n_models) in [("loaded", n_loaded), ("failed", failures.len())] {
            let n_models = u64::try_from(n_models).unwrap_or(u64::MAX);
            self.telemetry.metrics.set(&MODELS, &[state], n_models);
        }
        let readiness = &self.telemetry.readiness;
        match (models.len(), failures.is_empty()) {
            (0, _) => {}
            (n_models, true) => {
                readiness.well(Condition::Models, format!("{n_models} loaded"), now)
            }
            (_, false) => readiness.ill(Condition::Models, failures.join("; "), now),
        }
    }

    /// What was said of partitions that are here no longer is another instance's to say.
    fn forget_gone(&mut self, stage: &TwinStage) {
        let here: Vec<u32> = stage.shards().iter().map(|shard| shard.twins().partition()).collect();
        if self.partitions.iter().any(|partition| !here.contains(partition)) {
            let metrics = &self.telemetry.metrics;
            for family in [
                &LOG_NEXT,
                &LOG_LAG,
                &SHARD_BYTES,
                &CHECKPOINT_AGE,
                &CHECKPOINT_NEXT,
                &CHECKPOINT_BYTES,
            ] {
                metrics.clear(family);
            }
        }
        self.partitions = here;
    }

    /// Whether pipelines speak; what was decided is the same in every shard.
    fn tell_pipelines(&self, stage: &TwinStage) {
        let Some(shard) = stage.shards().first() else { return };
        for state in PipelineState::ALL {
            let n_pipelines = shard.states().filter(|one| *one == state).count();
            let n_pipelines = u64::try_from(n_pipelines).unwrap_or(u64::MAX);
            self.telemetry.metrics.set(&PIPELINES, &[state.name()], n_pipelines);
        }
    }

    fn tell_shards(&self, stage: &TwinStage) {
        let metrics = &self.telemetry.metrics;
        for shard in stage.shards() {
            let partition = shard.twins().partition().to_string();
            let labels = [partition.as_str()];
            let next = shard.next_offset();
            metrics.set(&LOG_NEXT, &labels, next);
            if let Some(end) = metrics.get(&LOG_END, &labels) {
                metrics.set(&LOG_LAG, &labels, end.saturating_sub(next));
            }
            let size_bytes = u64::try_from(shard.size_bytes()).unwrap_or(u64::MAX);
            metrics.set(&SHARD_BYTES, &labels, size_bytes);
        }
        // A shard without an event knows nothing, and is complete.
        let known = stage.shards().iter().map(|shard| shard.known());
        if let Some(known) = known.filter(|known| *known != Timestamp::MIN).min() {
            metrics.since(&KNOWN_AGE, &[], known);
        }
    }

    fn tell_checkpoints(&self, stage: &TwinStage, now: Timestamp) {
        let metrics = &self.telemetry.metrics;
        let mut oldest = None;
        for (partition, Newest { next_offset, written }) in stage.checkpoints() {
            let name = partition.to_string();
            let labels = [name.as_str()];
            let written_at = written.map_or(self.began_at, |(at, _)| at);
            metrics.since(&CHECKPOINT_AGE, &labels, written_at);
            metrics.set(&CHECKPOINT_NEXT, &labels, next_offset);
            if let Some((_, size_bytes)) = written {
                metrics.set(&CHECKPOINT_BYTES, &labels, size_bytes);
            }
            let shard = stage.shards().iter().find(|shard| shard.twins().partition() == partition);
            let owes = shard.is_some_and(|shard| next_offset < shard.next_offset());
            if owes && oldest.is_none_or(|(oldest, _)| written_at < oldest) {
                oldest = Some((written_at, partition));
            }
        }
        let readiness = &self.telemetry.readiness;
        match oldest {
            Some((written_at, partition)) => {
                let seconds = age(now, written_at).as_secs();
                let detail = format!("the oldest, of partition {partition}, is {seconds} s old");
                if written_at.plus(CHECKPOINT_AGE_MAX) < now {
                    readiness.ill(Condition::Checkpoints, detail, now);
                } else {
                    readiness.well(Condition::Checkpoints, detail, now);
                }
            }
            None if stage.checkpoints().next().is_some() => {
                readiness.well(Condition::Checkpoints, "each holds all its log", now);
            }
            None => {}
        }
    }
}

fn stage_times(metrics: &Metrics, thread: &str, times: &StageTimes) {
    for (stage, time) in times.stages() {
        metrics.seconds(&STAGE_CPU, &[thread, stage], *time);
    }
}
