//! Checkpoints of every shard, written beside the thread that steps them, and what memory they set free.
//!
//! ```text
//! step thread ── state of a shard (shared, not copied) ──► [writer thread] ─► storage
//!      ▲                                                        │
//!      └──────── which segments are in storage now ◄────────────┘
//! ```
//! Between two writes that thread reads again what it wrote (`engine/scribe.rs`).
//!
//! One state is written at a time, and no more than a twentieth of a core is spent on it: a start after a
//! crash reads more of the log, and nothing else depends on it. A storage that does not answer stops
//! nothing: the log keeps everything, and the next checkpoint is tried later.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};

use crate::domain::time::{Span, Timestamp};
use crate::engine::budget::Budget;
use crate::engine::checkpoint::reader::{RestoreError, restore};
use crate::engine::checkpoint::writer::{CheckpointWriter, WriteError, Written};
use crate::engine::scribe::{Job, News, Scribe, Ticket};
use crate::engine::shard::Shard;
use crate::storage::checkpoints::{CheckpointError, Checkpoints};
use crate::storage::error::StorageError;
use crate::storage::object::{Storage, StorageSpec};
use crate::storage::part::PartRef;

/// Where checkpoints go and how often.
#[derive(Clone, Debug)]
pub struct CheckpointSpec {
    /// Where.
    pub storage: StorageSpec,
    /// The name of the log they are of.
    pub log: String,
    /// A shard is written this often at most.
    pub interval: Span,
    /// Bytes of memory that the shards may take; what is sealed and stored goes first.
    pub memory_bytes_max: Option<usize>,
}

/// Jobs that wait for the thread: a write at a time, and what becomes of partitions.
const JOBS_MAX: usize = 64;

/// The group takes this long at most to tell an instance that its partitions went to another one.
const TAKEN_TOLD_MAX: Span = Span::from_seconds(60);

/// A write that took a second is followed by this many seconds without one.
const REST_PER_WORK: i64 = 19;

/// Why there are no checkpoints.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointerError {
    /// The storage.
    #[error("checkpoints: {0}")]
    Storage(#[from] StorageError),
    /// A shard cannot be restored.
    #[error("checkpoints: {0}")]
    Restore(#[from] RestoreError),
    /// The checkpoints belong to another instance, or cannot be claimed.
    #[error("checkpoints: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A segment cannot be written, which is our own mistake.
    #[error("checkpoints: {0}")]
    Write(WriteError),
    /// The writer's thread cannot be started.
    #[error("the thread that writes checkpoints cannot be started: {0}")]
    Thread(std::io::Error),
}

/// What is known of a shard's checkpoints.
#[derive(Debug)]
struct Known {
    /// The offset of the frame after the newest checkpoint.
    position: u64,
    due_at: Timestamp,
    /// When this instance wrote it, and what it weighs.
    written: Option<(Timestamp, u64)>,
    /// Whether something was sealed since, which can be forgotten once it is stored.
    owes: bool,
    /// Whether it goes to another instance, which reads less of the log if everything is stored.
    is_leaving: bool,
    /// When another instance was found to write them.
    taken_at: Option<Timestamp>,
}

/// Writes the checkpoints of an instance.
#[derive(Debug)]
pub struct Checkpointer {
    spec: CheckpointSpec,
    budget: Option<Budget>,
    jobs: Option<SyncSender<Job>>,
    news: Receiver<News>,
    thread: Option<JoinHandle<()>>,
    known: BTreeMap<u32, Known>,
    writing: Option<Ticket>,
    n_writes: u64,
    rests_until: Timestamp,
    is_over_budget: bool,
    /// Whether it was said that the budget is too small.
    is_too_small: bool,
}

/// The newest checkpoint of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The offset of the frame after it.
    pub next_offset: u64,
    /// When this instance wrote it, and the bytes of its parts; none where it is one that was restored.
    pub written: Option<(Timestamp, u64)>,
}

/// What there was to start from.
#[derive(Debug)]
pub struct Start {
    /// The shards, restored where there was a checkpoint.
    pub shards: Vec<Shard>,
    /// Damaged checkpoints that were passed over.
    pub passed_over: Vec<String>,
    /// How many shards were restored.
    pub n_restored: usize,
}

/// Where partitions are taken over, in any thread.
#[derive(Clone, Debug)]
pub struct Desk {
    storage: Storage,
    log: String,
    n_partitions: u32,
    budget: Option<Budget>,
}

/// A partition that was taken over.
#[derive(Debug)]
pub struct Arrival {
    /// Its shard, as its newest checkpoint has it.
    pub shard: Shard,
    /// Damaged checkpoints that were passed over.
    pub passed_over: Vec<String>,
    /// Whether there was a checkpoint.
    pub is_restored: bool,
    writer: CheckpointWriter,
    parts: Vec<(String, PartRef)>,
}

impl Desk {
    /// Restores the shard of a partition, and makes this instance the owner of its checkpoints.
    ///
    /// # Errors
    /// If the storage cannot be read, or a checkpoint is of a newer version.
    pub fn take_over(&self, partition: u32) -> Result<Arrival, CheckpointerError> {
        let mut checkpoints = Checkpoints::open(self.storage.clone(), &self.log, partition);
        let restored = restore(&self.storage, &mut checkpoints)?;
        let writer = CheckpointWriter::claim(
            self.storage.clone(),
            &checkpoints,
            self.n_partitions,
            restored.as_ref(),
        )?;
        let is_restored = restored.is_some();
        let (mut shard, passed_over, parts) = match restored {
            Some(restored) => {
                let parts = writer.objects(&restored.manifest.checkpoint).collect();
                (restored.shard, restored.passed_over, parts)
            }
            None => (Shard::new(partition), Vec::new(), Vec::new()),
        };
        let writer = match self.budget {
            Some(budget) => budget.bind(&mut shard, writer),
            None => writer,
        };
        Ok(Arrival { shard, passed_over, is_restored, writer, parts })
    }
}

impl Checkpointer {
    /// Starts the thread that writes, with no partitions yet; they are taken over at the desk.
    ///
    /// # Errors
    /// If the storage cannot be opened.
    pub fn start(
        spec: &CheckpointSpec,
        n_partitions: u32,
    ) -> Result<(Checkpointer, Desk), CheckpointerError> {
        let storage = Storage::open(&spec.storage)?;
        let budget = spec.memory_bytes_max.map(Budget::of);
        let scribe = Scribe::new(storage.clone());
        let (jobs, waiting) = sync_channel::<Job>(JOBS_MAX);
        let (told, news) = sync_channel::<News>(1);
        let named = thread::Builder::new().name("checkpoints".to_owned());
        let thread = named.spawn(move || scribe.run(&waiting, &told));
        let thread = thread.map_err(CheckpointerError::Thread)?;
        let checkpointer = Checkpointer {
            spec: spec.clone(),
            budget,
            jobs: Some(jobs),
            news,
            thread: Some(thread),
            known: BTreeMap::new(),
            writing: None,
            n_writes: 0,
            rests_until: Timestamp::MIN,
            is_over_budget: false,
            is_too_small: false,
        };
        Ok((checkpointer, Desk { storage, log: spec.log.clone(), n_partitions, budget }))
    }

    /// Restores the shards of a log, and makes this instance the owner of their checkpoints.
    ///
    /// # Errors
    /// If the storage cannot be read, or a checkpoint is of a newer version.
    pub fn open(
        spec: &CheckpointSpec,
        n_partitions: u32,
    ) -> Result<(Checkpointer, Start), CheckpointerError> {
        let (mut checkpointer, desk) = Checkpointer::start(spec, n_partitions)?;
        let mut start = Start { shards: Vec::new(), passed_over: Vec::new(), n_restored: 0 };
        for partition in 0..n_partitions {
            let mut arrival = desk.take_over(partition)?;
            start.n_restored += usize::from(arrival.is_restored);
            start.passed_over.append(&mut arrival.passed_over);
            start.shards.push(checkpointer.admit(arrival));
        }
        Ok((checkpointer, start))
    }

    /// Writes the checkpoints of a partition from now on. Gives its shard.
    pub fn admit(&mut self, arrival: Arrival) -> Shard {
        let Arrival { shard, writer, parts, .. } = arrival;
        let partition = shard.twins().partition();
        let position = shard.next_offset();
        let known = Known {
            position,
            due_at: Timestamp::MIN,
            written: None,
            owes: false,
            is_leaving: false,
            taken_at: None,
        };
        self.known.insert(partition, known);
        self.send(Job::Admit(partition, Box::new(writer), parts));
        shard
    }

    /// What is known of the newest checkpoint of each partition.
    pub fn newest(&self) -> impl Iterator<Item = (u32, Newest)> {
        self.known.iter().map(|(partition, known)| {
            let Known { position: next_offset, written, .. } = *known;
            (*partition, Newest { next_offset, written })
        })
    }

    /// Has the next checkpoint be one of a partition that leaves.
    pub fn hurry(&mut self, partition: u32) {
        if let Some(known) = self.known.get_mut(&partition) {
            known.is_leaving = true;
        }
    }

    /// Whether everything up to `next_offset` of a partition is in a checkpoint.
    pub fn has(&self, partition: u32, next_offset: u64) -> bool {
        self.position(partition).is_none_or(|position| next_offset <= position)
    }

    /// Writes no checkpoints of a partition any more: it is another instance's.
    pub fn release(&mut self, partition: u32) {
        if self.known.remove(&partition).is_some() {
            self.send(Job::Release(partition));
        }
        self.writing = self.writing.filter(|ticket| ticket.partition != partition);
    }

    /// The offset of the frame after the newest checkpoint of a partition.
    fn position(&self, partition: u32) -> Option<u64> {
        self.known.get(&partition).map(|known| known.position)
    }

    fn send(&self, job: Job) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok())
    }

    /// Takes note of what was written and hands over what is due. Effects up to the shards' positions have
    /// been committed, and their log is durable.
    ///
    /// # Errors
    /// If another instance owns the checkpoints.
    pub fn round(&mut self, shards: &mut [Shard], now: Timestamp) -> Result<(), CheckpointerError> {
        match self.news.try_recv() {
            Ok(news) => self.note(news, shards, now)?,
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
        }
        self.keep_budget(shards);
        if self.writing.is_some() {
            return Ok(());
        }
        let rests = now < self.rests_until;
        let due = shards.iter().filter_map(|shard| {
            let partition = shard.twins().partition();
            let known = self.known.get(&partition)?;
            let has_moved = known.position < shard.next_offset();
            let is_due = known.owes || known.due_at <= now && has_moved;
            match known.is_leaving && has_moved {
                true => Some((Timestamp::MIN, partition)),
                false => (is_due && !rests).then_some((known.due_at, partition)),
            }
        });
        if let Some((_, partition)) = due.min() {
            self.submit(partition, shards);
        }
        Ok(())
    }

    fn submit(&mut self, partition: u32, shards: &mut [Shard]) {
        let Some(shard) = shard_of(shards, partition) else { return };
        if let Some(known) = self.known.get_mut(&partition) {
            known.owes = false;
        }
        self.n_writes += 1;
        let ticket = Ticket { partition, number: self.n_writes };
        let is_sent = self.send(Job::Write(ticket, Box::new(shard.state())));
        self.writing = is_sent.then_some(ticket);
    }

    fn note(
        &mut self,
        news: News,
        shards: &mut [Shard],
        now: Timestamp,
    ) -> Result<(), CheckpointerError> {
        let (ticket, written, took) = match news {
            News::Done(ticket, written, took) => (ticket, *written, took),
            News::Damaged(partition) => {
                let known = self.known.get_mut(&partition);
                known.into_iter().for_each(|known| known.owes = true);
                return Ok(());
            }
        };
        // Of a partition that went to another instance meanwhile, and may have come back as another shard.
        if self.writing != Some(ticket) {
            return Ok(());
        }
        self.writing = None;
        let partition = ticket.partition;
        let Some(known) = self.known.get_mut(&partition) else { return Ok(()) };
        self.rests_until = now.plus(Span::from_micros(took.micros().saturating_mul(REST_PER_WORK)));
        known.due_at = now.plus(self.spec.interval);
        match written {
            Ok(written) => {
                tell_healing(partition, &written);
                known.position = written.manifest.checkpoint.next_offset;
                let sizes = written.manifest.checkpoint.parts.iter().map(|part| part.size_bytes);
                known.written = Some((now, sizes.sum()));
                if let Some(shard) = shard_of(shards, partition) {
                    shard.note_written(&written);
                }
            }
            Err(WriteError::Checkpoint(error)) if error.is_retryable() => {
                tracing::warn!(partition, %error, "no checkpoint was written; it is tried again");
            }
            Err(WriteError::Checkpoint(error @ CheckpointError::Fenced { .. })) => {
                // Usually the group says so in a moment; if it does not, two instances share a place of checkpoints.
                let since = *known.taken_at.get_or_insert(now);
                if since.plus(TAKEN_TOLD_MAX) <= now {
                    return Err(error.into());
                }
                tracing::warn!(partition, %error, "another instance has this partition");
            }
            Err(WriteError::Checkpoint(error)) => return Err(error.into()),
            Err(error) => return Err(CheckpointerError::Write(error)),
        }
        Ok(())
    }

    /// Forgets sealed facts that are stored, the oldest first, until memory is within its budget.
    fn keep_budget(&mut self, shards: &mut [Shard]) {
        let Some(budget) = self.budget.map(|budget| budget.resident_bytes_max) else { return };
        let sizes: Vec<usize> = shards.iter().map(Shard::size_bytes).collect();
        let mut over = sizes.iter().sum::<usize>().saturating_sub(budget);
        // The largest first: one patient or one partition that sends more than the rest pays for it.
        let mut order: Vec<usize> = (0..shards.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(sizes.get(*index).copied().unwrap_or(0)));
        for index in order {
            if let Some(shard) = shards.get_mut(index).filter(|_| 0 < over) {
                over = over.saturating_sub(shard.forget(over));
            }
        }
        let was_over_budget = std::mem::replace(&mut self.is_over_budget, 0 < over);
        if !self.is_over_budget {
            return;
        }
        // What is not sealed cannot be forgotten, what is not stored neither.
        for shard in shards.iter_mut() {
            let n_bytes = shard.n_bytes_to_store();
            shard.seal_now();
            if let Some(known) = self.known.get_mut(&shard.twins().partition()) {
                known.owes |= 0 < n_bytes;
            }
        }
        if !was_over_budget {
            tracing::warn!(
                over,
                budget,
                "memory is over its budget: nothing is polled until there is room"
            );
        }
        let can_help = self.writing.is_some() || self.known.values().any(|known| known.owes);
        if !can_help && !self.is_too_small {
            self.is_too_small = true;
            tracing::error!(
                over,
                budget,
                "what is left in memory cannot be forgotten: set checkpoints.memory_mib higher"
            );
        }
    }

    /// Whether memory is over its budget although everything that is stored was forgotten: nothing more is
    /// to be polled until a checkpoint has made room.
    pub fn is_over_budget(&self) -> bool {
        self.is_over_budget
    }

    /// Writes every shard that has moved since its last checkpoint, and ends.
    ///
    /// # Errors
    /// As for [`Checkpointer::round`].
    pub fn finish(mut self, shards: &mut [Shard], now: Timestamp) -> Result<(), CheckpointerError> {
        let ends: Vec<(u32, u64)> =
            shards.iter().map(|shard| (shard.twins().partition(), shard.next_offset())).collect();
        for (partition, end) in ends {
            while self.writing.is_some() {
                let Ok(news) = self.news.recv() else { break };
                self.note(news, shards, now)?;
            }
            if self.position(partition).is_some_and(|position| position != end) {
                self.submit(partition, shards);
            }
        }
        while self.writing.is_some() {
            let Ok(news) = self.news.recv() else { break };
            self.note(news, shards, now)?;
        }
        Ok(())
    }
}

fn shard_of(shards: &mut [Shard], partition: u32) -> Option<&mut Shard> {
    shards.iter_mut().find(|shard| shard.twins().partition() == partition)
}

/// What became of parts that were damaged.
fn tell_healing(partition: u32, Written { lost, n_healed, .. }: &Written) {
    if 0 < *n_healed {
        tracing::info!(partition, n_healed, "damaged parts of checkpoints are whole again");
    }
    for part in lost {
        let part = part.name();
        tracing::error!(
            partition,
            part,
            "a damaged segment is no longer in memory: compare with `twin verify`; to make it anew, stop, move \
             the checkpoints of this partition away, and start, which reads its whole log"
        );
    }
}

impl Drop for Checkpointer {
    /// Waits for the write that goes on.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            while self.news.recv().is_ok() {}
            let _ended = thread.join();
        }
    }
}
