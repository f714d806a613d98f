//! From the log to effects: exactly once, as consumers that read committed see it (EF-2).
//!
//! ```text
//! poll ─► step, partition by partition ─► effects + position in one transaction
//! ```
//! At the start the newest checkpoints are restored and the rest of the log is read: up to the committed
//! position nothing is said again, because it was said; after it, everything is.

use std::time::Duration;

use crate::domain::time::{Span, Timestamp};
use crate::engine::checkpointer::{CheckpointSpec, Checkpointer, CheckpointerError};
use crate::engine::effects::{Outgoing, render};
use crate::engine::local::EngineCounts;
use crate::engine::shard::{LogFrame, Shard, StepError, StepOutput};
use crate::kafka::failure::KafkaFailure;
use crate::kafka::log::{KafkaLogReader, ReadFrame};
use crate::kafka::settings::KafkaSettings;
use crate::kafka::sink::KafkaSink;
use crate::telemetry::StageTimes;
use crate::twin::snapshot::ShardSnapshot;

/// Positions without effects are committed this often: a restart then says nothing for longer, and
/// nothing else depends on it.
const QUIET_COMMIT_INTERVAL: Span = Span::from_seconds(5);

/// Why the stage stops. Nothing is lost: the next start goes on from the committed position.
#[derive(Debug, thiserror::Error)]
pub enum TwinError {
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// A step.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The checkpoints.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointerError),
}

/// The shards of every partition, fed from the log.
pub struct TwinStage {
    reader: KafkaLogReader,
    sink: KafkaSink,
    shards: Vec<Shard>,
    checkpointer: Option<Checkpointer>,
    committed: Vec<u64>,
    ends: Vec<u64>,
    committed_at: Timestamp,
    counts: EngineCounts,
    times: StageTimes,
}

impl TwinStage {
    /// Fences whoever owned the log before, restores what is checkpointed, and finds out how far the log
    /// goes and what was said.
    ///
    /// # Errors
    /// If Kafka refuses it, or the checkpoints cannot be read.
    pub fn open(
        settings: &KafkaSettings,
        n_partitions: u32,
        checkpoints: Option<&CheckpointSpec>,
    ) -> Result<TwinStage, TwinError> {
        let sink = KafkaSink::open(settings)?;
        let (mut checkpointer, mut shards) = (None, Vec::new());
        match checkpoints {
            Some(spec) => {
                let (opened, start) = Checkpointer::open(spec, n_partitions)?;
                start.passed_over.iter().for_each(|message| tracing::warn!("{message}"));
                tracing::info!(n_shards = start.n_restored, "restored from checkpoints");
                (checkpointer, shards) = (Some(opened), start.shards);
            }
            None => shards.extend((0..n_partitions).map(Shard::new)),
        }
        let starts: Vec<u64> = shards.iter().map(Shard::next_offset).collect();
        let reader = KafkaLogReader::open(settings, &starts)?;
        Ok(TwinStage {
            committed: reader.committed()?,
            ends: reader.ends()?,
            shards,
            checkpointer,
            committed_at: Timestamp::MIN,
            counts: EngineCounts::default(),
            times: StageTimes::default(),
            reader,
            sink,
        })
    }

    /// One round: the frames that are there happen, after at most `wait` for the first. Returns how many
    /// frames happened.
    ///
    /// # Errors
    /// If Kafka or a step fails.
    pub fn round(&mut self, wait: Duration, now: Timestamp) -> Result<usize, TwinError> {
        self.times.begin();
        if self.checkpointer.as_ref().is_some_and(Checkpointer::is_over_budget) {
            // Nothing more comes in until a checkpoint has made room; what was read is there.
            std::thread::park_timeout(wait);
            self.checkpoint(now)?;
            return Ok(0);
        }
        let frames = self.reader.poll(wait)?;
        self.times.end("fetch log");
        let n_frames = frames.len();
        let mut leaving = Vec::new();
        for (partition, frames) in by_partition(frames) {
            leaving.extend(self.step(partition, frames)?);
        }
        self.times.end("step");
        let is_quiet_commit = self.committed_at.plus(QUIET_COMMIT_INTERVAL) <= now;
        if !leaving.is_empty() || is_quiet_commit {
            let Outgoing { records, failed } = render(&leaving);
            self.times.end("render");
            for error in failed {
                tracing::error!(%error, "an effect could not be written in one of its forms");
            }
            self.counts.n_left += u64::try_from(leaving.len()).unwrap_or(0);
            self.commit(&records, now)?;
            self.times.end("commit");
        }
        self.checkpoint(now)?;
        self.times.end("checkpoint");
        Ok(n_frames)
    }

    /// Hands over what is due to be checkpointed, once its effects are committed.
    fn checkpoint(&mut self, now: Timestamp) -> Result<(), TwinError> {
        let is_committed = |shard: &Shard, committed: &u64| shard.next_offset() <= *committed;
        let all = self.shards.iter().zip(&self.committed);
        if let Some(checkpointer) = &mut self.checkpointer
            && all.into_iter().all(|(shard, committed)| is_committed(shard, committed))
        {
            checkpointer.round(&mut self.shards, now)?;
        }
        Ok(())
    }

    /// Writes the last checkpoints: the next start reads no log.
    ///
    /// # Errors
    /// If Kafka or the storage refuses.
    pub fn close(&mut self, now: Timestamp) -> Result<(), TwinError> {
        self.commit(&[], now)?;
        if let Some(checkpointer) = self.checkpointer.take() {
            checkpointer.finish(&mut self.shards, now)?;
        }
        Ok(())
    }

    /// Steps a partition. What was said before the committed position is not said again.
    fn step(
        &mut self,
        partition: u32,
        frames: Vec<LogFrame>,
    ) -> Result<Vec<crate::engine::shard::Leaving>, TwinError> {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        let committed = self.committed.get(index).copied().unwrap_or(0);
        let shard = self.shards.get_mut(index).expect("one shard per partition of the log");
        let (said, unsaid): (Vec<_>, Vec<_>) =
            frames.into_iter().partition(|frame| frame.offset < committed);
        for (frames, is_said) in [(said, true), (unsaid, false)] {
            let needed = shard.needs(&frames);
            shard.recall(&needed);
            let StepOutput { leaving, n_events, n_facts, n_assessed } = shard.step(&frames)?;
            self.counts.n_events += n_events;
            self.counts.n_facts += n_facts;
            self.counts.n_assessed += n_assessed;
            if !is_said {
                return Ok(leaving);
            }
        }
        Ok(Vec::new())
    }

    fn commit(
        &mut self,
        records: &[crate::output::record::OutRecord],
        now: Timestamp,
    ) -> Result<(), TwinError> {
        let positions = (0..).zip(&self.shards).map(|(partition, shard)| {
            let index = usize::try_from(partition).unwrap_or(usize::MAX);
            // While the log is read again, the committed position is ahead of the shard.
            let committed = self.committed.get(index).copied().unwrap_or(0);
            (partition, shard.next_offset().max(committed))
        });
        let positions: Vec<(u32, u64)> = positions.collect();
        let is_new = positions.iter().zip(&self.committed).any(|((_, next), known)| next != known);
        if is_new || !records.is_empty() {
            let Some(group) = self.reader.group() else { return Ok(()) };
            self.sink.commit(&positions, records, &group)?;
            self.committed = positions.into_iter().map(|(_, next)| next).collect();
        }
        self.committed_at = now;
        Ok(())
    }

    /// Whether the log was read up to where it ended when the stage was opened.
    pub fn is_caught_up(&self) -> bool {
        self.shards.iter().zip(&self.ends).all(|(shard, end)| *end <= shard.next_offset())
    }

    /// Frames still to be read before the stage has caught up.
    pub fn n_behind(&self) -> u64 {
        let behind = self.shards.iter().zip(&self.ends);
        behind.map(|(shard, end)| end.saturating_sub(shard.next_offset())).sum()
    }

    /// The shards.
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// The shards as they are, for readers.
    pub fn snapshots(&mut self) -> Vec<ShardSnapshot> {
        self.shards.iter_mut().map(Shard::snapshot).collect()
    }

    /// What happened so far.
    pub fn counts(&self) -> EngineCounts {
        self.counts
    }

    /// Processor time by stage.
    pub fn times(&self) -> &StageTimes {
        &self.times
    }
}

/// Sorts frames by partition; each partition's stay in their order.
fn by_partition(frames: Vec<ReadFrame>) -> Vec<(u32, Vec<LogFrame>)> {
    let mut sorted: Vec<(u32, Vec<LogFrame>)> = Vec::new();
    for ReadFrame { partition, offset, appended_at, bytes } in frames {
        let frame = LogFrame { offset, appended_at, bytes };
        match sorted.iter_mut().find(|(known, _)| *known == partition) {
            Some((_, frames)) => frames.push(frame),
            None => sorted.push((partition, vec![frame])),
        }
    }
    sorted
}
