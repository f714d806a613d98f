//! The engine over a data folder: the log in files, the same shards, effects in a file.
//!
//! ```text
//! submit(event) ─► frames ─► flush: log ─► sync ─► step ─► effects + positions
//! ```
//! Opening a folder restores its newest checkpoints and replays the rest of its log: what was said up to the
//! committed position is not said again, what is after it is.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use crate::domain::event::{Clock, Control, Event, EventBody};
use crate::domain::identity::SourcePosition;
use crate::domain::time::{Span, Timestamp};
use crate::engine::appender::{Appender, COORDINATOR};
use crate::engine::checkpointer::{CheckpointSpec, Checkpointer, CheckpointerError, Start};
use crate::engine::effects::{Outgoing, render};
use crate::engine::library::Library;
use crate::engine::promoting::put_live;
use crate::engine::shard::{LogFrame, Shard, StepError, StepOutput};
use crate::log::local::{LocalLog, LocalLogError, StoredFrame};
use crate::output::folder::{FolderSink, FolderSinkError};
use crate::output::record::OutputError;
use crate::storage::object::StorageSpec;
use crate::twin::snapshot::ShardSnapshot;

/// Bytes of the log read at once when a folder is opened.
const READ_BYTES: usize = 8 << 20;

/// Why the engine over a folder stops.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LocalLogError),
    /// The effects file.
    #[error(transparent)]
    Sink(#[from] FolderSinkError),
    /// A step.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The checkpoints.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointerError),
    /// The checkpoints know more than the log: one of them is not of this folder.
    #[error(
        "{folder}: partition {partition} has a checkpoint of offset {position}, its log ends at {end}: \
         frames of the log are lost; move the folder `{CHECKPOINTS}` away to start from what is left of the log"
    )]
    Ahead {
        /// The data folder.
        folder: PathBuf,
        /// The partition.
        partition: u32,
        /// The offset after the last frame in the checkpoint.
        position: u64,
        /// The offset after the last frame of the log.
        end: u64,
    },
}

/// The folder of a data folder that holds its checkpoints.
pub const CHECKPOINTS: &str = "checkpoints";
/// The name of a data folder's log among checkpoints.
pub const LOG: &str = "log";
/// A shard is written this often at most.
const CHECKPOINT_INTERVAL: Span = Span::from_seconds(30);

/// Whether appended frames are on disk before they are stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Before every step: a source is acknowledged after it.
    EachFlush,
    /// At the end: an import that is cut off is run again.
    AtTheEnd,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineCounts {
    /// Events applied, ticks and definitions among them.
    pub n_events: u64,
    /// Facts in them.
    pub n_facts: u64,
    /// Assessments made.
    pub n_assessed: u64,
    /// Revisions that left.
    pub n_left: u64,
}

/// The engine over a data folder.
#[derive(Debug)]
pub struct LocalEngine {
    folder: PathBuf,
    log: LocalLog,
    shards: Vec<Shard>,
    /// Writes checkpoints, until the last one.
    checkpointer: Option<Checkpointer>,
    sink: FolderSink,
    appender: Appender,
    durability: Durability,
    /// Frames that followed from others, appended and not stepped yet.
    followed: VecDeque<(u32, LogFrame)>,
    counts: EngineCounts,
    failed: Vec<OutputError>,
}

impl LocalEngine {
    /// Opens a data folder, or creates it.
    ///
    /// # Errors
    /// If the folder cannot be used, its log is damaged, or it was made with another shape.
    pub fn open(
        folder: &Path,
        n_partitions: u32,
        clock: Clock,
        durability: Durability,
    ) -> Result<LocalEngine, LocalError> {
        let log = LocalLog::open(&folder.join("log"), n_partitions, clock)?;
        let sink = FolderSink::open(folder)?;
        let spec = CheckpointSpec {
            storage: StorageSpec::Folder(folder.join(CHECKPOINTS)),
            log: LOG.to_owned(),
            interval: CHECKPOINT_INTERVAL,
            memory_bytes_max: None,
        };
        let (checkpointer, Start { shards, passed_over, .. }) =
            Checkpointer::open(&spec, n_partitions)?;
        for message in passed_over {
            tracing::warn!("{message}");
        }
        let mut engine = LocalEngine {
            folder: folder.to_owned(),
            shards,
            checkpointer: Some(checkpointer),
            appender: Appender::new(n_partitions),
            followed: VecDeque::new(),
            counts: EngineCounts::default(),
            failed: Vec::new(),
            log,
            sink,
            durability,
        };
        engine.recover(crate::clock::now())?;
        Ok(engine)
    }

    /// Replays the log. What follows from it after the committed position leaves now.
    fn recover(&mut self, now: Timestamp) -> Result<(), LocalError> {
        for partition in 0..self.log.n_partitions() {
            let (position, end) =
                (self.shard(partition).next_offset(), self.log.next_offset(partition));
            if end < position {
                let folder = self.folder.clone();
                return Err(LocalError::Ahead { folder, partition, position, end });
            }
            loop {
                let next = self.shard(partition).next_offset();
                let frames = self.log.read(partition, next, READ_BYTES)?;
                if frames.is_empty() {
                    break;
                }
                let committed = self.sink.committed(partition);
                let frames = frames.into_iter().map(log_frame);
                let (said, unsaid): (Vec<_>, Vec<_>) =
                    frames.partition(|frame| frame.offset < committed);
                let output = self.shard_mut(partition).step(&said)?;
                self.count(&output);
                self.step(partition, &unsaid, now)?;
            }
        }
        // What followed lies in the log behind what was read, or in partitions that were read before.
        self.step_followed(now)
    }

    /// Puts a library in force, where it differs from what is.
    ///
    /// # Errors
    /// If the log cannot be written, or a definition cannot be read.
    pub fn define(&mut self, library: &Library, now: Timestamp) -> Result<(), LocalError> {
        let (n_partitions, clock) = (self.log.n_partitions(), self.log.clock());
        for partition in 0..n_partitions {
            if self.log.next_offset(partition) == 0 {
                let opened = Control::Opened { n_partitions, clock };
                self.appender.add(partition, &control(opened, None));
            }
        }
        let known = self.shard(0).definitions().clone();
        for change in library.changes(&known) {
            self.appender.push(&control(change, None));
        }
        self.flush(now)
    }

    /// Puts every pipeline live of which nobody has decided anything: `by` tries or shows them, and why.
    ///
    /// # Errors
    /// If the log cannot be written.
    pub fn put_live(
        &mut self,
        library: &Library,
        by: (&'static str, &'static str),
        now: Timestamp,
    ) -> Result<(), LocalError> {
        for promotion in put_live(library, self.shard(COORDINATOR).promotions(), by, now) {
            self.appender.push(&control(promotion, None));
        }
        self.flush(now)
    }

    /// Adds an event to the frames that wait.
    pub fn submit(&mut self, event: &Event<'_>) {
        self.appender.push(event);
    }

    /// How many events wait.
    pub fn n_waiting(&self) -> usize {
        self.appender.n_events()
    }

    /// Appends a tick to every partition.
    pub fn tick(&mut self, at: Timestamp) {
        let available_at = Some(at).filter(|_| self.log.clock() == Clock::Recorded);
        self.appender.push(&control(Control::Tick { at }, available_at));
    }

    /// Appends what waits to the log, makes it durable and lets it happen.
    ///
    /// # Errors
    /// If something cannot be written, or the log cannot be read.
    pub fn flush(&mut self, now: Timestamp) -> Result<(), LocalError> {
        let mut by_partition: Vec<Vec<LogFrame>> = vec![Vec::new(); self.shards.len()];
        for (partition, bytes) in self.appender.take() {
            let offset = self.log.append(partition, &bytes, now)?;
            let frame = LogFrame { offset, appended_at: now, bytes };
            if let Some(frames) =
                by_partition.get_mut(usize::try_from(partition).unwrap_or(usize::MAX))
            {
                frames.push(frame);
            }
        }
        if self.durability == Durability::EachFlush {
            self.log.sync()?;
        }
        for (partition, frames) in (0..).zip(by_partition) {
            self.step(partition, &frames, now)?;
        }
        self.step_followed(now)?;
        // Without a sync the log may lose what a checkpoint holds.
        if self.durability == Durability::EachFlush
            && let Some(checkpointer) = &mut self.checkpointer
        {
            checkpointer.round(&mut self.shards, now)?;
        }
        Ok(())
    }

    /// Makes everything durable and writes the last checkpoints: the next start reads no log.
    ///
    /// # Errors
    /// If something cannot be written.
    pub fn close(&mut self, now: Timestamp) -> Result<(), LocalError> {
        self.sync()?;
        if let Some(checkpointer) = self.checkpointer.take() {
            checkpointer.finish(&mut self.shards, now)?;
        }
        Ok(())
    }

    /// Lets frames happen, and commits what follows from them.
    fn step(
        &mut self,
        partition: u32,
        frames: &[LogFrame],
        now: Timestamp,
    ) -> Result<(), LocalError> {
        if frames.is_empty() {
            return Ok(());
        }
        let output = self.shard_mut(partition).step(frames)?;
        self.count(&output);
        self.append_forwards(&output, now)?;
        if output.leaving.is_empty() && output.shadow.is_empty() {
            return Ok(());
        }
        let Outgoing { records, failed } = render(&output.leaving, &output.shadow);
        self.counts.n_left += u64::try_from(output.leaving.len()).unwrap_or(0);
        self.failed.extend(failed);
        let position = self.shard(partition).next_offset();
        self.sink.commit(&[(partition, position)], &records)?;
        if self.durability == Durability::EachFlush {
            self.sink.sync()?;
        }
        Ok(())
    }

    /// Lets happen what followed from what happened.
    fn step_followed(&mut self, now: Timestamp) -> Result<(), LocalError> {
        while let Some((partition, frame)) = self.followed.pop_front() {
            self.step(partition, &[frame], now)?;
        }
        Ok(())
    }

    /// Appends what other twins are told, before what it follows from is committed.
    fn append_forwards(&mut self, output: &StepOutput, now: Timestamp) -> Result<(), LocalError> {
        if output.forwards.is_empty() && output.broadcasts.is_empty() {
            return Ok(());
        }
        let mut appender = Appender::new(self.log.n_partitions());
        output.forwards.iter().for_each(|event| appender.push(event));
        for (partition, event) in &output.broadcasts {
            appender.add(*partition, event);
        }
        for (partition, bytes) in appender.take() {
            let offset = self.log.append(partition, &bytes, now)?;
            self.followed.push_back((partition, LogFrame { offset, appended_at: now, bytes }));
        }
        if self.durability == Durability::EachFlush {
            self.log.sync()?;
        }
        Ok(())
    }

    fn count(&mut self, output: &StepOutput) {
        self.counts.n_events += output.n_events;
        self.counts.n_facts += output.n_facts;
        self.counts.n_assessed += output.n_assessed;
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// If the system cannot.
    pub fn sync(&mut self) -> Result<(), LocalError> {
        self.log.sync()?;
        Ok(self.sink.sync()?)
    }

    /// What happened so far.
    pub fn counts(&self) -> EngineCounts {
        self.counts
    }

    /// Takes what could not be written since the last time.
    pub fn take_failed(&mut self) -> Vec<OutputError> {
        std::mem::take(&mut self.failed)
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The shards as they are, for readers.
    pub fn snapshots(&mut self) -> Vec<ShardSnapshot> {
        self.shards.iter_mut().map(Shard::snapshot).collect()
    }

    /// The latest known time of any shard.
    pub fn known(&self) -> Timestamp {
        self.shards.iter().map(Shard::known).max().unwrap_or(Timestamp::MIN)
    }

    /// How far the ticks have come.
    pub fn clock(&self) -> Timestamp {
        self.shards.iter().map(Shard::clock).min().unwrap_or(Timestamp::MIN)
    }

    /// On a recorded clock, when the newest event of the log became available.
    pub fn recorded_through(&self) -> Timestamp {
        self.shards.iter().map(Shard::recorded_through).max().unwrap_or(Timestamp::MIN)
    }

    /// The shards.
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    fn shard(&self, partition: u32) -> &Shard {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        self.shards.get(index).expect("one shard per partition of the log")
    }

    fn shard_mut(&mut self, partition: u32) -> &mut Shard {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        self.shards.get_mut(index).expect("one shard per partition of the log")
    }
}

fn control(control: Control<'_>, available_at: Option<Timestamp>) -> Event<'_> {
    let source = SourcePosition::new("twin", 0, 0);
    Event { source, available_at, body: EventBody::Control(control) }
}

fn log_frame(frame: StoredFrame) -> LogFrame {
    LogFrame { offset: frame.offset, appended_at: frame.appended_at, bytes: frame.bytes }
}
