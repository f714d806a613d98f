//! From the log to effects: exactly once, as consumers that read committed see it (EF-2).
//!
//! ```text
//! poll ─► step, partition by partition ─► effects + position in one transaction
//!   └──► partitions come (restored, read up to the end) and go (committed, checkpointed)
//! ```
//! A partition that comes is restored from its newest checkpoint and the rest of its log is read: up to the committed
//! position nothing is said again, because it was said; after it, everything is. The group fences an instance that
//! has lost a partition without knowing: what it would commit is refused as a whole.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::time::{Span, Timestamp};
use crate::engine::appender::Appender;
use crate::engine::arrivals::{Arrivals, Arrived, Body};
use crate::engine::checkpointer::{CheckpointSpec, Checkpointer, CheckpointerError, Desk, Newest};
use crate::engine::departures::Departures;
use crate::engine::effects::{Outgoing, render};
use crate::engine::local::EngineCounts;
use crate::engine::seats::Seats;
use crate::engine::shard::{LogFrame, Shard, StepError};
use crate::kafka::failure::KafkaFailure;
use crate::kafka::log::{KafkaLogWriter, ReadFrame};
use crate::kafka::member::{Change, LogMember};
use crate::kafka::patience::Rejoins;
use crate::kafka::settings::KafkaSettings;
use crate::kafka::sink::KafkaSink;
use crate::telemetry::StageTimes;
use crate::twin::snapshot::ShardSnapshot;

/// Positions without effects are committed this often: a restart then says nothing for longer, and
/// nothing else depends on it.
const QUIET_COMMIT_INTERVAL: Span = Span::from_seconds(5);
/// A partition that leaves waits this long for its last checkpoint; without it the next owner reads more of the log.
const LAST_CHECKPOINT_MAX: Span = Span::from_seconds(5);
/// The group may refuse a commit for this long while it changes.
const REFUSED_MAX: Span = Span::from_seconds(60);
/// An instance that was given nothing for this long has nothing to catch up with.
const GIVEN_MAX: Span = Span::from_seconds(15);

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
    /// A thread panicked: our own mistake, told by the panic.
    #[error("the thread that restores partitions panicked")]
    Panicked,
}

/// The partitions that the group gives this instance, fed from the log.
pub struct TwinStage {
    settings: KafkaSettings,
    member: Arc<LogMember>,
    rejoins: Rejoins,
    sink: KafkaSink,
    /// What twins of other partitions are told goes into the log.
    forwarder: KafkaLogWriter,
    forwards: Appender,
    n_partitions: u32,
    seats: Seats,
    arrivals: Arrivals,
    leaving: Option<Leaving>,
    checkpointer: Option<Checkpointer>,
    /// Where partitions are restored.
    desk: Option<Desk>,
    /// Since when the group refuses what is to be committed.
    refused_since: Option<Timestamp>,
    is_held: bool,
    opened_at: Timestamp,
    was_given: bool,
    committed_at: Timestamp,
    counts: EngineCounts,
    departures: Departures,
    times: StageTimes,
}

/// Partitions on their way to another instance.
#[derive(Debug)]
struct Leaving {
    partitions: Vec<u32>,
    until: Timestamp,
}

impl TwinStage {
    /// Fences whoever had the name of this instance, and joins the group of the log.
    ///
    /// # Errors
    /// If Kafka refuses it, or the checkpoints cannot be opened.
    pub fn open(
        settings: &KafkaSettings,
        n_partitions: u32,
        checkpoints: Option<&CheckpointSpec>,
        now: Timestamp,
    ) -> Result<TwinStage, TwinError> {
        let sink = KafkaSink::open(settings)?;
        let (checkpointer, desk) = match checkpoints {
            Some(spec) => {
                let (checkpointer, desk) = Checkpointer::start(spec, n_partitions)?;
                (Some(checkpointer), Some(desk))
            }
            None => (None, None),
        };
        let member = Arc::new(LogMember::join(settings)?);
        Ok(TwinStage {
            settings: settings.clone(),
            rejoins: Rejoins::default(),
            arrivals: Arrivals::new(member.clone(), desk.clone()),
            desk,
            member,
            sink,
            forwarder: KafkaLogWriter::new(settings)?,
            forwards: Appender::new(n_partitions),
            n_partitions,
            seats: Seats::default(),
            leaving: None,
            checkpointer,
            refused_since: None,
            is_held: false,
            opened_at: now,
            was_given: false,
            committed_at: Timestamp::MIN,
            counts: EngineCounts::default(),
            departures: Departures::default(),
            times: StageTimes::default(),
        })
    }

    /// One round: the frames that are there happen, after at most `wait` for the first, and partitions come and go.
    /// Returns how many frames happened.
    ///
    /// # Errors
    /// If Kafka, a step or a checkpoint fails.
    pub fn round(&mut self, wait: Duration, now: Timestamp) -> Result<usize, TwinError> {
        self.times.begin();
        self.hold()?;
        let frames = match self.member.poll(wait) {
            Err(error) if error.is_replaced() && self.rejoins.may() => {
                tracing::warn!(%error, "the group is joined again");
                self.join_again()?;
                return Ok(0);
            }
            frames => frames?,
        };
        self.times.end("fetch log");
        // What is lost goes first: another instance says what follows from it.
        let changes = self.member.changes();
        for change in &changes {
            if let Change::Lost(partitions) = change {
                tracing::warn!(?partitions, "partitions were lost to other instances");
                self.let_go(partitions)?;
            }
        }
        let n_frames = frames.len();
        for (partition, frames) in by_partition(frames) {
            self.step(partition, frames)?;
        }
        // What other twins are told is written before the position of its cause is committed.
        self.forwarder.append(&self.forwards.take())?;
        self.times.end("step");
        let is_quiet_commit = self.committed_at.plus(QUIET_COMMIT_INTERVAL) <= now;
        if self.seats.unsaid().next().is_some() || is_quiet_commit {
            self.commit(now)?;
        }
        self.times.end("commit");
        for change in changes {
            match change {
                Change::Given(partitions) => {
                    self.was_given = true;
                    self.arrivals.add(partitions);
                }
                Change::Taken(partitions) => self.take_leave(partitions, now)?,
                Change::Lost(_) => {}
            }
        }
        self.see_off(now)?;
        self.welcome()?;
        self.checkpoint(now)?;
        self.times.end("checkpoint");
        Ok(n_frames)
    }

    /// Joins the group as a new member: what was here belongs to whoever is given it next.
    fn join_again(&mut self) -> Result<(), TwinError> {
        self.arrivals.give_up();
        self.leaving = None;
        let partitions: Vec<u32> = self.seats.partitions().map(|(number, _)| number).collect();
        self.forget(&partitions);
        self.member = Arc::new(LogMember::join(&self.settings)?);
        self.arrivals = Arrivals::new(self.member.clone(), self.desk.clone());
        Ok(())
    }

    /// While memory is over its budget nothing comes in until a checkpoint has made room; what was read is there, and
    /// the group is still answered.
    fn hold(&mut self) -> Result<(), TwinError> {
        let is_over = self.checkpointer.as_ref().is_some_and(Checkpointer::is_over_budget);
        if is_over != self.is_held {
            let partitions: Vec<u32> = self.seats.partitions().map(|(number, _)| number).collect();
            self.member.hold(&partitions, is_over)?;
            self.is_held = is_over;
        }
        Ok(())
    }

    /// Steps a partition. What was said before the committed position is not said again.
    fn step(&mut self, partition: u32, frames: Vec<LogFrame>) -> Result<(), TwinError> {
        for (output, is_said) in self.seats.step(partition, frames)? {
            self.counts.n_events += output.n_events;
            self.counts.n_facts += output.n_facts;
            self.counts.n_assessed += output.n_assessed;
            if is_said {
                continue;
            }
            output.forwards.iter().for_each(|event| self.forwards.push(event));
            for (partition, event) in &output.broadcasts {
                self.forwards.add(*partition, event);
            }
            if output.leaving.is_empty() && output.shadow.is_empty() {
                continue;
            }
            let Outgoing { records, failed } = render(&output.leaving, &output.shadow);
            for error in failed {
                tracing::error!(%error, "an effect could not be written in one of its forms");
            }
            self.counts.n_left += u64::try_from(output.leaving.len()).unwrap_or(0);
            self.departures.note(&output.leaving);
            self.seats.keep(partition, records);
        }
        Ok(())
    }

    /// Commits what is to be said with how far the log was read. A group that is changing refuses it: then it is kept,
    /// and said with the next round if the partition is still here.
    fn commit(&mut self, now: Timestamp) -> Result<(), TwinError> {
        self.committed_at = now;
        if self.seats.is_committed() {
            return Ok(());
        }
        let Some(group) = self.member.group() else { return Ok(()) };
        let positions = self.seats.positions();
        match self.sink.commit(&positions, self.seats.unsaid(), &group) {
            Ok(()) => {
                self.seats.committed(&positions);
                self.refused_since = None;
                Ok(())
            }
            Err(error) if error.is_of_group() => {
                let since = *self.refused_since.get_or_insert(now);
                if since.plus(REFUSED_MAX) <= now {
                    return Err(error.into());
                }
                tracing::info!(%error, "the group changes: what was to be said is said again");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Partitions are to be given back: they stand still, and their last checkpoint is written.
    fn take_leave(&mut self, partitions: Vec<u32>, now: Timestamp) -> Result<(), TwinError> {
        self.commit(now)?;
        for partition in &partitions {
            self.seats.still(*partition);
            self.checkpointer.iter_mut().for_each(|checkpointer| checkpointer.hurry(*partition));
        }
        self.leaving = Some(Leaving { partitions, until: now.plus(LAST_CHECKPOINT_MAX) });
        Ok(())
    }

    /// Gives back what is finished.
    fn see_off(&mut self, now: Timestamp) -> Result<(), TwinError> {
        let is_stored = |partition: &u32| {
            let next = self.seats.next_offset(*partition);
            let checkpointer = self.checkpointer.as_ref();
            next.zip(checkpointer)
                .is_none_or(|(next, checkpointer)| checkpointer.has(*partition, next))
        };
        let is_done = |leaving: &mut Leaving| {
            leaving.until <= now || leaving.partitions.iter().all(is_stored)
        };
        if let Some(Leaving { partitions, .. }) = self.leaving.take_if(is_done) {
            tracing::info!(?partitions, "partitions go to other instances");
            self.let_go(&partitions)?;
        }
        Ok(())
    }

    fn let_go(&mut self, partitions: &[u32]) -> Result<(), TwinError> {
        self.forget(partitions);
        Ok(self.member.leave(partitions)?)
    }

    fn forget(&mut self, partitions: &[u32]) {
        for partition in partitions {
            self.seats.stand(*partition);
            self.checkpointer.iter_mut().for_each(|checkpointer| checkpointer.release(*partition));
        }
    }

    /// Takes in what is restored.
    fn welcome(&mut self) -> Result<(), TwinError> {
        let Some(arrived) = self.arrivals.next()? else { return Ok(()) };
        let (mut starts, mut n_restored) = (Vec::with_capacity(arrived.len()), 0_usize);
        for Arrived { body, place } in arrived {
            let shard = match (body, &mut self.checkpointer) {
                (Body::Restored(mut arrival), Some(checkpointer)) => {
                    let passed_over = std::mem::take(&mut arrival.passed_over);
                    passed_over.iter().for_each(|message| tracing::warn!("{message}"));
                    n_restored += usize::from(arrival.is_restored);
                    checkpointer.admit(*arrival)
                }
                (Body::Restored(arrival), None) => arrival.shard,
                (Body::Fresh(shard), _) => *shard,
            };
            starts.push((shard.twins().partition(), shard.next_offset()));
            self.seats.sit(shard, place);
        }
        self.member.seat(&starts)?;
        self.is_held = false;
        if starts.is_empty() {
            return Ok(());
        }
        let partitions: Vec<u32> = starts.iter().map(|(partition, _)| *partition).collect();
        if self.checkpointer.is_some() {
            tracing::info!(n_shards = n_restored, "restored from checkpoints");
        }
        tracing::info!(?partitions, "partitions are here");
        Ok(())
    }

    /// Hands over what is due to be checkpointed, once its effects are committed.
    fn checkpoint(&mut self, now: Timestamp) -> Result<(), TwinError> {
        if self.seats.is_committed()
            && let Some(checkpointer) = &mut self.checkpointer
        {
            checkpointer.round(self.seats.shards_mut(), now)?;
        }
        Ok(())
    }

    /// Writes the last checkpoints: the next owner reads no log.
    ///
    /// # Errors
    /// If Kafka or the storage refuses.
    pub fn close(&mut self, now: Timestamp) -> Result<(), TwinError> {
        self.commit(now)?;
        if let Some(checkpointer) = self.checkpointer.take().filter(|_| self.seats.is_committed()) {
            checkpointer.finish(self.seats.shards_mut(), now)?;
        }
        Ok(())
    }

    /// Whether every partition of this instance was read up to where its log ended when it came, and none is on
    /// its way in.
    pub fn is_caught_up(&self, now: Timestamp) -> bool {
        let is_known = self.was_given || self.opened_at.plus(GIVEN_MAX) <= now;
        is_known && self.arrivals.is_empty() && self.seats.partitions().all(|(_, is_read)| is_read)
    }

    /// The partitions that are here and were read to their end: this instance may speak for them.
    pub fn owned(&self) -> BTreeSet<u32> {
        let read = self.seats.partitions().filter(|(_, is_read)| *is_read);
        read.map(|(partition, _)| partition).collect()
    }

    /// The partitions that are not here.
    pub fn missing(&self) -> Vec<u32> {
        self.seats.missing(self.n_partitions)
    }

    /// Frames still to be read before the stage has caught up.
    pub fn n_behind(&self) -> u64 {
        self.seats.n_behind()
    }

    /// The shards.
    pub fn shards(&self) -> &[Shard] {
        self.seats.shards()
    }

    /// The shards as they are, for readers.
    pub fn snapshots(&mut self) -> Vec<ShardSnapshot> {
        self.seats.snapshots()
    }

    /// What happened so far.
    pub fn counts(&self) -> EngineCounts {
        self.counts
    }

    /// What left.
    pub fn departures(&self) -> &Departures {
        &self.departures
    }

    /// The newest checkpoint of each partition, where there are any.
    pub fn checkpoints(&self) -> impl Iterator<Item = (u32, Newest)> {
        self.checkpointer.iter().flat_map(Checkpointer::newest)
    }

    /// Processor time by stage.
    pub fn times(&self) -> &StageTimes {
        &self.times
    }
}

/// Sorts frames by partition; each partition's stay in their order.
pub(super) fn by_partition(frames: Vec<ReadFrame>) -> Vec<(u32, Vec<LogFrame>)> {
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
