//! From a door into the log: what a person did about an effect.
//!
//! ```text
//! door ─ judge ─┬─ no such effect, no effect any more ─► refused, with the reason
//!               └─ event ─► the log ─► the next revision of the effect, as in every replay
//! ```
//! It is judged by what is known when it is asked. The shard judges again at its place in the log, so that two
//! people who answer at once are both told, and the log decides.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::clock::now;
use crate::domain::effect::{EffectId, EffectStatus};
use crate::domain::event::{Event, EventBody};
use crate::domain::identity::{SourcePosition, TwinId};
use crate::domain::promotion::Promotion;
use crate::domain::response::{Action, NoEffect, Response, check};
use crate::domain::time::{Span, Timestamp};
use crate::engine::appender::Appender;
use crate::engine::promoting;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::log::KafkaLogWriter;
use crate::twin::effects::EffectRow;
use crate::twin::snapshot::ShardSnapshot;

/// Responses that wait for the engine; more are refused: they come from people.
pub const WAITING_MAX: usize = 64;
/// An engine that has not taken a response for this long is behind: who gave it is told to look again.
pub const TAKING_MAX: Duration = Duration::from_secs(5);

/// What a person wants to do about an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The effect, as lists show it.
    pub id: String,
    /// What is to be done.
    pub deed: Deed,
    /// Who.
    pub by: String,
    /// In which role.
    pub role: String,
    /// Why.
    pub why: String,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Take it.
    Acknowledge,
    /// Silence it for so long.
    Snooze(Span),
    /// Call it dealt with.
    Resolve,
}

/// Why a response was not given.
#[derive(Debug, thiserror::Error)]
pub enum RespondError {
    /// Nothing was said under this id.
    #[error("nothing was said under {0}: expected an id that `twin alerts` shows")]
    Unknown(String),
    /// It would change nothing.
    #[error("{id}: {why}")]
    NoEffect {
        /// The effect.
        id: String,
        /// Why.
        why: NoEffect,
    },
    /// Too many wait already.
    #[error("as many responses as may wait are waiting: try again")]
    Busy,
    /// The engine did not come to it.
    #[error("the engine has not answered for {} s: look whether it was taken, and try again", TAKING_MAX.as_secs())]
    Late,
    /// There is no engine.
    #[error("there is no engine here that could take a response")]
    Nobody,
    /// The log.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
}

/// The response that `wish` comes to, and whose effect it is about. `now` is [`Responses::present`].
///
/// # Errors
/// If there is no such effect, or the response would have no effect.
pub fn judge(
    shards: &[ShardSnapshot],
    wish: &Wish,
    now: Timestamp,
) -> Result<(TwinId<'static>, Response<'static>), RespondError> {
    let unknown = || RespondError::Unknown(wish.id.clone());
    let id = EffectId::parse(&wish.id).ok_or_else(unknown)?;
    let clocks = shards.iter().map(|shard| shard.clock.max(shard.known_through));
    let at = clocks.fold(now, Timestamp::max);
    let found = shards.iter().find_map(|shard| {
        // What moved to another identity is answered there.
        let is_here =
            |row: &&EffectRow| row.effect.id == id && row.effect.status != EffectStatus::Moved;
        let row = shard.effects.iter().find(is_here)?;
        Some((shard.twin_id(row.patient)?.into_owned(), row.effect.clone()))
    });
    let (twin, effect) = found.ok_or_else(unknown)?;
    let action = match wish.deed {
        Deed::Acknowledge => Action::Acknowledge,
        Deed::Snooze(span) => Action::Snooze { until: at.plus(span) },
        Deed::Resolve => Action::Resolve,
    };
    let text = |text: &str| text.trim().to_owned().into();
    let (by, role, why) = (text(&wish.by), text(&wish.role), text(&wish.why));
    let response = Response { effect: id, action, by, role, why, at };
    match check(&effect, &response, at) {
        Ok(()) => Ok((twin, response)),
        Err(why) => Err(RespondError::NoEffect { id: wish.id.clone(), why }),
    }
}

/// The event of a response.
pub fn event_of(
    twin: TwinId<'static>,
    response: Response<'static>,
    available_at: Option<Timestamp>,
) -> Event<'static> {
    let source = SourcePosition::new("twin", 0, 0);
    Event { source, available_at, body: EventBody::Response { twin, response } }
}

/// Where responses go.
#[derive(Clone)]
pub enum Responses {
    /// The log of an instance on Kafka, whose clock is live.
    Kafka(Arc<Mutex<(KafkaLogWriter, Appender)>>),
    /// The engine of this process, on a recorded clock.
    Engine(mpsc::Sender<Waiting>),
    /// Nowhere: what is shown here is only read.
    Nobody,
}

impl std::fmt::Debug for Responses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Responses::Kafka(_) => "Kafka",
            Responses::Engine(_) => "Engine",
            Responses::Nobody => "Nobody",
        })
    }
}

/// A response that waits for the engine.
#[derive(Debug)]
pub struct Waiting {
    event: Event<'static>,
    taken: oneshot::Sender<()>,
}

/// The engine's end.
#[derive(Debug)]
pub struct ResponseDesk {
    waiting: mpsc::Receiver<Waiting>,
}

/// Both ends for an engine of this process.
pub fn channel() -> (ResponseDesk, Responses) {
    let (sender, waiting) = mpsc::channel(WAITING_MAX);
    (ResponseDesk { waiting }, Responses::Engine(sender))
}

/// Responses that the engine has taken, whose givers wait to hear that they are in the log.
#[derive(Debug, Default)]
pub struct Taken(Vec<oneshot::Sender<()>>);

impl ResponseDesk {
    /// Gives each response that waits to `submit`.
    pub fn take(&mut self, mut submit: impl FnMut(&Event<'static>)) -> Taken {
        let mut taken = Taken::default();
        while let Ok(waiting) = self.waiting.try_recv() {
            submit(&waiting.event);
            taken.0.push(waiting.taken);
        }
        taken
    }
}

impl Taken {
    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells everyone that they are in the log.
    pub fn tell(self) {
        for taken in self.0 {
            // Who has stopped waiting need not be told.
            let _left = taken.send(());
        }
    }
}

impl Responses {
    /// The log of an instance on Kafka.
    pub fn of_kafka(writer: KafkaLogWriter, n_partitions: u32) -> Responses {
        Responses::Kafka(Arc::new(Mutex::new((writer, Appender::new(n_partitions)))))
    }

    /// The time it is on a live clock; a recorded one says it itself.
    pub fn present(&self) -> Timestamp {
        match self {
            Responses::Kafka(_) => now(),
            Responses::Engine(_) | Responses::Nobody => Timestamp::MIN,
        }
    }

    /// Puts a response into the log, and waits until it is there.
    ///
    /// # Errors
    /// If it cannot be, or it is not known whether it is.
    pub async fn give(
        &self,
        twin: TwinId<'static>,
        response: Response<'static>,
    ) -> Result<(), RespondError> {
        let at = response.at;
        self.put(at, |available_at| event_of(twin, response, available_at)).await
    }

    /// Puts a promotion into the log, and waits until it is there.
    ///
    /// # Errors
    /// If it cannot be, or it is not known whether it is.
    pub async fn promote(&self, promotion: Promotion<'static>) -> Result<(), RespondError> {
        let at = promotion.at;
        self.put(at, |available_at| promoting::event_of(promotion, available_at)).await
    }

    /// Puts an event of `at` into the log; on a recorded clock it becomes available then.
    async fn put(
        &self,
        at: Timestamp,
        event: impl FnOnce(Option<Timestamp>) -> Event<'static>,
    ) -> Result<(), RespondError> {
        match self {
            Responses::Nobody => Err(RespondError::Nobody),
            Responses::Engine(engine) => {
                let (taken, is_taken) = oneshot::channel();
                let event = event(Some(at));
                engine.try_send(Waiting { event, taken }).map_err(|error| match error {
                    TrySendError::Full(_) => RespondError::Busy,
                    TrySendError::Closed(_) => RespondError::Nobody,
                })?;
                let answered = tokio::time::timeout(TAKING_MAX, is_taken).await;
                answered.map_err(|_| RespondError::Late)?.map_err(|_| RespondError::Nobody)
            }
            Responses::Kafka(log) => {
                let (log, event) = (log.clone(), event(None));
                let appended = tokio::task::spawn_blocking(move || {
                    let mut log = log.lock().map_err(|_| RespondError::Nobody)?;
                    let (writer, appender) = &mut *log;
                    appender.push(&event);
                    let frames = appender.take();
                    Ok(writer.append(&frames)?)
                });
                let answered = tokio::time::timeout(TAKING_MAX, appended).await;
                answered.map_err(|_| RespondError::Late)?.map_err(|_| RespondError::Nobody)?
            }
        }
    }
}
