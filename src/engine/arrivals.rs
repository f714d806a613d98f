//! Partitions on their way in: restored beside the thread that steps those which are here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::engine::checkpointer::{Arrival, CheckpointerError, Desk};
use crate::engine::shard::Shard;
use crate::engine::twin_stage::TwinError;
use crate::kafka::member::{LogMember, Place};
use crate::kafka::patience::Patience;

/// A storage that does not answer is asked again after this time.
const AGAIN_WAIT: Duration = Duration::from_secs(1);
/// And so often: then the partition is left to another instance.
const TRIES_MAX: usize = 30;

/// A partition that may sit down.
pub struct Arrived {
    /// Its shard, with what writes its checkpoints.
    pub body: Body,
    /// How far its log goes.
    pub place: Place,
}

/// A shard as it arrives.
pub enum Body {
    /// As its checkpoint has it.
    Restored(Box<Arrival>),
    /// Empty: there are no checkpoints.
    Fresh(Box<Shard>),
}

impl Body {
    /// The shard.
    pub fn shard(&self) -> &Shard {
        match self {
            Body::Restored(arrival) => &arrival.shard,
            Body::Fresh(shard) => shard,
        }
    }
}

/// Restores partitions that the group gives, all that are given at once together.
pub struct Arrivals {
    member: Arc<LogMember>,
    desk: Option<Desk>,
    waiting: VecDeque<Vec<u32>>,
    thread: Option<JoinHandle<Result<Vec<Arrived>, TwinError>>>,
    /// The first ones are not waited for: a wrong configuration is told at once.
    n_given: usize,
}

impl Arrivals {
    /// None yet.
    pub fn new(member: Arc<LogMember>, desk: Option<Desk>) -> Arrivals {
        Arrivals { member, desk, waiting: VecDeque::new(), thread: None, n_given: 0 }
    }

    /// These partitions were given.
    pub fn add(&mut self, partitions: Vec<u32>) {
        self.waiting.push_back(partitions);
    }

    /// Whether none is on its way.
    pub fn is_empty(&self) -> bool {
        self.thread.is_none() && self.waiting.is_empty()
    }

    /// Waits for what is on its way, and forgets it: nobody else restores the same partitions then.
    pub fn give_up(&mut self) {
        self.waiting.clear();
        if let Some(thread) = self.thread.take() {
            let _given_up = thread.join();
        }
    }

    /// The partitions that were given together, once they can sit down.
    ///
    /// # Errors
    /// If one cannot be restored.
    pub fn next(&mut self) -> Result<Option<Vec<Arrived>>, TwinError> {
        if self.thread.is_none()
            && let Some(partitions) = self.waiting.pop_front()
        {
            let (member, desk) = (self.member.clone(), self.desk.clone());
            let n_tries_max = if self.n_given == 0 { 1 } else { TRIES_MAX };
            self.n_given += 1;
            let named = thread::Builder::new().name("restore".to_owned());
            let restore = move || arrive(&member, desk.as_ref(), &partitions, n_tries_max);
            self.thread = Some(named.spawn(restore).map_err(CheckpointerError::Thread)?);
        }
        match self.thread.take_if(|thread| thread.is_finished()) {
            None => Ok(None),
            Some(thread) => thread.join().map_err(|_| TwinError::Panicked)?.map(Some),
        }
    }
}

fn arrive(
    member: &LogMember,
    desk: Option<&Desk>,
    partitions: &[u32],
    n_tries_max: usize,
) -> Result<Vec<Arrived>, TwinError> {
    let mut bodies = Vec::with_capacity(partitions.len());
    for partition in partitions {
        bodies.push(match desk {
            Some(desk) => Body::Restored(Box::new(take_over(desk, *partition, n_tries_max)?)),
            None => Body::Fresh(Box::new(Shard::new(*partition))),
        });
    }
    let start = |body: &Body| (body.shard().twins().partition(), body.shard().next_offset());
    let starts: Vec<(u32, u64)> = bodies.iter().map(start).collect();
    let mut patience = Patience::begin();
    let places = loop {
        match member.places(&starts) {
            Err(error) if error.is_outage() => patience.say("partitions are restored"),
            places => break places?,
        }
    };
    let arrived = bodies.into_iter().zip(places).map(|(body, place)| Arrived { body, place });
    Ok(arrived.collect())
}

fn take_over(
    desk: &Desk,
    partition: u32,
    n_tries_max: usize,
) -> Result<Arrival, CheckpointerError> {
    let mut n_tries = 0;
    loop {
        n_tries += 1;
        match desk.take_over(partition) {
            Err(error) if n_tries < n_tries_max => {
                tracing::warn!(partition, %error, "cannot be restored yet");
                thread::park_timeout(AGAIN_WAIT);
            }
            done => return done,
        }
    }
}
