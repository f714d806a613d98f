//! From a door into the log: a pipeline is put in another state.
//!
//! ```text
//! door ─ judge ─┬─ no such pipeline, nobody who answers for it ─► refused, with the reason
//!               └─ event ─► first partition ─► its shard tells all others
//! ```
//! On a real configuration every pipeline begins in shadow. What is only tried or shown is put live by whoever tries
//! or shows it ([`put_live`]), and the log says so.

use crate::domain::event::{Control, DefinitionKind, Event, EventBody};
use crate::domain::identity::SourcePosition;
use crate::domain::promotion::{NotPromoted, PipelineState, Promotion, Promotions, check};
use crate::domain::time::Timestamp;
use crate::engine::library::Library;
use crate::twin::snapshot::ShardSnapshot;
use crate::twin::text_hash::text_hash;

/// What a person wants a pipeline to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromotionWish {
    /// The pipeline.
    pub pipeline: String,
    /// Its state from then on.
    pub to: PipelineState,
    /// Who.
    pub by: String,
    /// In which role.
    pub role: String,
    /// The pharmacist who approves it too; empty where there is none.
    pub pharmacist: String,
    /// Why.
    pub why: String,
}

/// Why a pipeline stays in its state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromotionError {
    /// No such pipeline is in force.
    #[error(
        "no pipeline {0} is in force: expected one that `twin pipelines` lists with the state shadow, live or \
         paused; a draft is none before its file says so"
    )]
    Unknown(String),
    /// It is not taken.
    #[error("{pipeline}: {why}")]
    NotPromoted {
        /// The pipeline.
        pipeline: String,
        /// Why.
        why: NotPromoted,
    },
    /// Nothing is known here of what is in force.
    #[error(
        "no partition of the log is here, so that nothing is known of its pipelines: ask an instance that has some"
    )]
    Elsewhere,
}

/// The promotion that `wish` comes to. `now` is the present of the door.
///
/// # Errors
/// If there is no such pipeline, or nobody who answers for it.
pub fn judge(
    shards: &[ShardSnapshot],
    wish: &PromotionWish,
    now: Timestamp,
) -> Result<Promotion<'static>, PromotionError> {
    let shard = shards.iter().min_by_key(|shard| shard.partition);
    let shard = shard.ok_or(PromotionError::Elsewhere)?;
    let name = wish.pipeline.trim();
    let unknown = || PromotionError::Unknown(name.to_owned());
    let known = shard.pipelines.iter().find(|known| *known.name == *name).ok_or_else(unknown)?;
    let text = shard.definitions.get(&(DefinitionKind::Pipeline, name.to_owned()));
    let clocks = shards.iter().map(|shard| shard.clock.max(shard.known_through));
    let owned = |text: &str| text.trim().to_owned().into();
    let promotion = Promotion {
        pipeline: owned(name),
        to: wish.to,
        by: owned(&wish.by),
        role: owned(&wish.role),
        pharmacist: owned(&wish.pharmacist),
        why: owned(&wish.why),
        hash: text.map(|text| text_hash(text)).unwrap_or_default().into(),
        at: clocks.fold(now, Timestamp::max),
    };
    match check(known.kind, &shard.promotions, &promotion) {
        Ok(()) => Ok(promotion),
        Err(why) => Err(PromotionError::NotPromoted { pipeline: name.to_owned(), why }),
    }
}

/// The event of a promotion.
pub fn event_of(promotion: Promotion<'static>, available_at: Option<Timestamp>) -> Event<'static> {
    let source = SourcePosition::new("twin", 0, 0);
    let body = EventBody::Control(Control::Promotion(promotion));
    Event { source, available_at, body }
}

/// The promotions that put every pipeline of a library live of which nobody has decided anything, and in shadow what
/// ships in shadow: `by` is what tries or shows them, and `why` says so.
pub fn put_live(
    library: &Library,
    known: &Promotions,
    (by, why): (&'static str, &'static str),
    at: Timestamp,
) -> Vec<Control<'static>> {
    let undecided = library.in_force().filter(|(name, _)| known.newest(name).is_none());
    let promotion = |(name, text): (&str, &str)| {
        Control::Promotion(Promotion {
            pipeline: name.to_owned().into(),
            to: match library.begins_live(name) {
                true => PipelineState::Live,
                false => PipelineState::Shadow,
            },
            by: by.into(),
            role: "program".into(),
            pharmacist: "".into(),
            why: why.into(),
            hash: text_hash(text).into(),
            at,
        })
    };
    undecided.map(promotion).collect()
}
