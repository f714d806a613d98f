//! The thread beside the shards: it writes their checkpoints, and in between reads again what it wrote.
//!
//! ```text
//! job ─► write ─► done                no job ─► a piece of a part ─► is it what was written?
//! ```
//! A part that is damaged where it lies is told at once and written anew with the next checkpoint, if memory
//! still has what is in it. No start pays for that: it reads the index of what it needs, and not every block.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use crate::clock::now;
use crate::domain::time::{Span, Timestamp};
use crate::engine::checkpoint::state::ShardState;
use crate::engine::checkpoint::writer::{CheckpointWriter, WriteError, Written};
use crate::storage::checkpoints::CheckpointError;
use crate::storage::object::Storage;
use crate::storage::part::PartRef;
use crate::storage::scrub::{AGAIN_INTERVAL, Damaged, PIECE_INTERVAL, Scrub};

/// A write that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Whose shard is written.
    pub partition: u32,
    /// Counts the writes of an instance.
    pub number: u64,
}

/// What the thread is asked to do, in the order in which it is asked.
#[derive(Debug)]
pub enum Job {
    /// Write this state of a partition's shard.
    Write(Ticket, Box<ShardState>),
    /// Write this partition's checkpoints from now on; these parts of them count already.
    Admit(u32, Box<CheckpointWriter>, Vec<(String, PartRef)>),
    /// Another instance writes this partition's checkpoints from now on.
    Release(u32),
}

/// What the thread has to tell.
#[derive(Debug)]
pub enum News {
    /// What became of a write, and how long that took.
    Done(Ticket, Box<Result<Written, WriteError>>, Span),
    /// A part of this partition's newest checkpoint is damaged: the next one is due.
    Damaged(u32),
}

/// Writes checkpoints, and reads them again.
pub struct Scribe {
    writers: BTreeMap<u32, CheckpointWriter>,
    scrub: Scrub,
    /// Damaged parts that were found since the start.
    n_damaged: u64,
}

impl Scribe {
    /// One with no partitions yet.
    pub fn new(storage: Storage) -> Scribe {
        Scribe { writers: BTreeMap::new(), scrub: Scrub::new(storage), n_damaged: 0 }
    }

    /// Takes a partition, and the parts of its checkpoints that count.
    pub fn admit(
        &mut self,
        partition: u32,
        writer: CheckpointWriter,
        parts: Vec<(String, PartRef)>,
    ) {
        // Nobody knows for how long they have lain there.
        self.scrub.name(partition, parts.into_iter(), Timestamp::MIN);
        self.writers.insert(partition, writer);
    }

    /// Does what comes until nobody is left who would send it.
    pub fn run(mut self, jobs: &Receiver<Job>, told: &SyncSender<News>) {
        let wait = Duration::from_micros(PIECE_INTERVAL.micros().unsigned_abs());
        loop {
            let news = match jobs.recv_timeout(wait) {
                Ok(Job::Write(ticket, state)) => self.write(ticket, &state),
                Ok(Job::Admit(partition, writer, parts)) => {
                    self.admit(partition, *writer, parts);
                    None
                }
                Ok(Job::Release(partition)) => {
                    self.scrub.name(partition, std::iter::empty(), Timestamp::MIN);
                    self.writers.remove(&partition);
                    None
                }
                Err(RecvTimeoutError::Timeout) => self.read_again(now()),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if news.is_some_and(|news| told.send(news).is_err()) {
                return;
            }
        }
    }

    fn write(&mut self, ticket: Ticket, state: &ShardState) -> Option<News> {
        let partition = ticket.partition;
        let writer = self.writers.get_mut(&partition)?;
        let began = now();
        let written = writer.write(state);
        let ended = now();
        if let Ok(written) = &written {
            let objects = writer.objects(&written.manifest.checkpoint);
            self.scrub.name(partition, objects, ended.plus(AGAIN_INTERVAL));
        }
        Some(News::Done(ticket, Box::new(written), ended.since(began)))
    }

    /// Reads a piece of what was written, if it is time.
    pub fn read_again(&mut self, now: Timestamp) -> Option<News> {
        match self.scrub.step(now) {
            Ok(damaged) => self.note(damaged?),
            Err(error) => {
                tracing::warn!(%error, "checkpoints cannot be read again; that is tried later");
                None
            }
        }
    }

    fn note(&mut self, Damaged { partition, part, object, fault }: Damaged) -> Option<News> {
        let writer = self.writers.get_mut(&partition)?;
        // The next owner deletes what it does not need, and our next checkpoint ends us: that is no damage.
        if let Err(CheckpointError::Fenced { .. }) = writer.ensure_owned() {
            return None;
        }
        self.n_damaged += 1;
        writer.heal(&part);
        let n_damaged_total = self.n_damaged;
        tracing::error!(
            partition,
            object,
            %fault,
            n_damaged_total,
            "a part of the newest checkpoint is damaged where it lies; the next checkpoint writes it anew if \
             memory still has it"
        );
        Some(News::Damaged(partition))
    }
}
