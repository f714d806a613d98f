//! Forks on demand: whoever has a question about a patient that no snapshot answers asks the one writer
//! for a fork, and goes on with it in a thread of its own.
//!
//! ```text
//! HTTP ─ fork(patient) ─► [ at most 16 wait ] ─► the writer, between two rounds: a few microseconds each
//!   ▲                                                              │
//!   └──────────────────────── the fork ────────────────────────────┘
//! ```
//! The writer is never waited for longer than it takes: who does not get an answer in time is told so.

use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::domain::identity::TwinId;
use crate::engine::shard::Shard;

/// Who waits for a fork at once. More than these are refused: they are people, not programs.
pub const WAITING_MAX: usize = 16;
/// Forks between two rounds: the stream goes on, whoever asks.
pub const FORKS_PER_ROUND_MAX: usize = 4;
/// A writer that has not answered for this long is behind: whoever asks is told to ask again.
pub const FORK_WAIT_MAX: Duration = Duration::from_secs(5);

/// Why there is no fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// Too many wait already.
    #[error("as many questions as may wait are waiting: ask again")]
    Busy,
    /// The writer did not come to it.
    #[error("the engine did not answer within {} s: ask again", FORK_WAIT_MAX.as_secs())]
    Late,
    /// There is no writer, or it has no such twin.
    #[error("there is no engine that has this patient")]
    Nobody,
}

#[derive(Debug)]
struct Asked {
    twin: TwinId<'static>,
    answer: oneshot::Sender<Shard>,
}

/// The writer's end.
#[derive(Debug)]
pub struct ForkDesk {
    asked: mpsc::Receiver<Asked>,
}

/// An asker's end; as many as there are askers.
#[derive(Clone, Debug)]
pub struct Forks {
    ask: mpsc::Sender<Asked>,
}

/// Both ends.
pub fn channel() -> (ForkDesk, Forks) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    (ForkDesk { asked: receiver }, Forks { ask: sender })
}

impl ForkDesk {
    /// Gives a fork to some of those who wait.
    pub fn serve(&mut self, shards: &[Shard]) {
        for _ in 0..FORKS_PER_ROUND_MAX {
            let Ok(Asked { twin, answer }) = self.asked.try_recv() else { return };
            let find = |shard: &Shard| shard.twins().patient(&twin).map(|n| shard.fork(&[n]));
            if let Some(fork) = shards.iter().find_map(find) {
                // Who has stopped waiting needs none.
                let _left = answer.send(fork);
            }
        }
    }
}

impl Forks {
    /// The end for askers where there is no writer.
    pub fn of_nobody() -> Forks {
        channel().1
    }

    /// A fork of one patient, taken after the call.
    ///
    /// # Errors
    /// If the writer is gone, does not have the patient, or does not come to it.
    pub async fn fork(&self, twin: TwinId<'static>) -> Result<Shard, ForkError> {
        let (answer, fork) = oneshot::channel();
        self.ask.try_send(Asked { twin, answer }).map_err(|error| match error {
            TrySendError::Full(_) => ForkError::Busy,
            TrySendError::Closed(_) => ForkError::Nobody,
        })?;
        let answered = tokio::time::timeout(FORK_WAIT_MAX, fork).await;
        answered.map_err(|_| ForkError::Late)?.map_err(|_| ForkError::Nobody)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_cannot_be_answered_is_told_why() {
        let twin = || TwinId::new("a", "1");
        assert_eq!(Forks::of_nobody().fork(twin()).await.unwrap_err(), ForkError::Nobody);
        let (mut desk, forks) = channel();
        let unknown = async {
            tokio::task::yield_now().await;
            desk.serve(&[Shard::new(0)]);
        };
        let (answer, ()) = tokio::join!(forks.fork(twin()), unknown);
        assert_eq!(answer.unwrap_err(), ForkError::Nobody);
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let (answer, fork) = oneshot::channel();
                forks.ask.try_send(Asked { twin: twin(), answer }).unwrap();
                fork
            })
            .collect();
        assert_eq!(forks.fork(twin()).await.unwrap_err(), ForkError::Busy);
        drop(waiting);
    }
}
