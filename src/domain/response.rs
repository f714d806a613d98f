//! What people do about an effect: acknowledge it, snooze it, resolve it. Who, in which role, when and why.
//!
//! ```text
//! raised ─► acknowledged ─┐            a higher band, or another input that alone reaches one,
//!    │                    ├─► resolved          opens it again: it pages, and asks for an answer
//!    └────► snoozed ──────┘
//!              └─ its time is over ─► reminded
//! ```
//! A response is an event of the log, so a replay comes to the same. The same one again changes nothing.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::domain::effect::{Audience, Effect, EffectId, EffectStatus};
use crate::domain::time::{Span, Timestamp};

/// Responses to one effect that are kept; more are refused: a team answers a few times, a loop does not end.
pub const RESPONSES_MAX: usize = 64;
/// Nobody snoozes for longer: whoever comes on the next day's shift sees it again.
pub const SNOOZE_MAX: Span = Span::from_hours(24);
/// Bytes of a name, a role or a reason: some lines, not a letter.
pub const TEXT_BYTES_MAX: usize = 1_000;

/// A response to an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// The effect.
    pub effect: EffectId,
    /// What is done.
    pub action: Action,
    /// Who does it.
    pub by: Cow<'a, str>,
    /// In which role: `charge nurse`.
    pub role: Cow<'a, str>,
    /// Why; empty only for an acknowledgement.
    pub why: Cow<'a, str>,
    /// When, by the clock of the door.
    pub at: Timestamp,
}

/// What is done about an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Someone has taken it.
    Acknowledge,
    /// It is silent until then, unless it becomes worse.
    Snooze {
        /// When it shows again, in known time.
        until: Timestamp,
    },
    /// It is dealt with, though its condition may still hold.
    Resolve,
}

impl Action {
    /// The name in records, SQL and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Action::Acknowledge => "acknowledge",
            Action::Snooze { .. } => "snooze",
            Action::Resolve => "resolve",
        }
    }

    /// What was done, as it is read.
    pub const fn past(self) -> &'static str {
        match self {
            Action::Acknowledge => "acknowledged",
            Action::Snooze { .. } => "snoozed",
            Action::Resolve => "resolved",
        }
    }

    /// When a snooze ends.
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Action::Snooze { until } => Some(until),
            Action::Acknowledge | Action::Resolve => None,
        }
    }
}

impl Response<'_> {
    /// The same response, owning its text.
    pub fn into_owned(self) -> Response<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Response {
            effect: self.effect,
            action: self.action,
            by: owned(self.by),
            role: owned(self.role),
            why: owned(self.why),
            at: self.at,
        }
    }
}

/// A response and when it became known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The response.
    pub response: Response<'static>,
    /// When the log had it.
    pub known: Timestamp,
}

/// Why a response has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEffect {
    /// The same response came before.
    Repeated,
    /// The effect was withdrawn.
    Withdrawn,
    /// The effect has ended.
    Ended,
    /// It was never said to anyone.
    Retrospective,
    /// A snooze that ends at once, or too late.
    BadSnooze,
    /// No name, no role, no reason, or a text that is none.
    NotSaid,
    /// It was answered too often.
    TooMany,
}

impl fmt::Display for NoEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoEffect::Repeated => "the same person answered so before, and that stands",
            NoEffect::Withdrawn => "it was withdrawn: what it rested on was corrected or taken back",
            NoEffect::Ended => "it has ended already",
            NoEffect::Retrospective => {
                "nobody was told of it: its evidence was old when it became known"
            }
            NoEffect::BadSnooze => "expected a snooze of more than nothing and at most 24 hours",
            NoEffect::NotSaid => {
                "expected who and in which role, and why it is snoozed or resolved, in at most 1000 bytes each"
            }
            NoEffect::TooMany => "it was answered 64 times already",
        })
    }
}

impl Error for NoEffect {}

/// What people did about an effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handling {
    /// Every response, in the order of the log.
    given: Vec<Arc<Given>>,
    /// Responses before this one were overtaken: the effect became worse after them.
    reopened: usize,
    /// Snoozes before this one are over.
    woken: usize,
}

impl Handling {
    /// What was done, from a checkpoint: every response, and how many of them were overtaken or are over.
    pub fn of(given: Vec<Arc<Given>>, reopened: usize, woken: usize) -> Handling {
        Handling { given, reopened, woken }
    }

    /// How many responses were overtaken, and before how many a snooze is over.
    pub fn marks(&self) -> (usize, usize) {
        (self.reopened, self.woken)
    }

    /// Every response, in the order of the log.
    pub fn given(&self) -> &[Arc<Given>] {
        &self.given
    }

    /// The acknowledgement in force.
    pub fn acknowledged(&self) -> Option<&Given> {
        self.in_force(self.reopened, |action| action == Action::Acknowledge)
    }

    /// The snooze in force; it is over when an effect is reminded of.
    pub fn snoozed(&self) -> Option<&Given> {
        let from = self.reopened.max(self.woken);
        self.in_force(from, |action| action.until().is_some())
    }

    /// Until when it is snoozed.
    pub fn snoozed_until(&self) -> Option<Timestamp> {
        self.snoozed().and_then(|given| given.response.action.until())
    }

    /// Who resolved it, if a person did.
    pub fn resolved(&self) -> Option<&Given> {
        self.in_force(self.reopened, |action| action == Action::Resolve)
    }

    /// Whether anybody answered it since it was last opened.
    pub fn is_answered(&self) -> bool {
        self.reopened < self.given.len()
    }

    /// It became worse: what was said about it before is history.
    pub fn reopen(&mut self) {
        self.reopened = self.given.len();
    }

    /// Its snooze is over.
    pub fn wake(&mut self) {
        self.woken = self.given.len();
    }

    /// Adds a response that has an effect.
    pub fn answer(&mut self, response: &Response<'_>, known: Timestamp) {
        let response = response.clone().into_owned();
        self.given.push(Arc::new(Given { response, known }));
    }

    /// Bytes of memory that it takes, but for what revisions share.
    pub fn size_bytes(&self) -> usize {
        let newest = self.given.last().map_or(0, |given| {
            let Response { by, role, why, .. } = &given.response;
            size_of::<Given>() + by.len() + role.len() + why.len()
        });
        self.given.len() * size_of::<Arc<Given>>() + newest
    }

    fn in_force(&self, from: usize, is_asked: impl Fn(Action) -> bool) -> Option<&Given> {
        let given = self.given.iter().skip(from).rev().map(AsRef::as_ref);
        given.into_iter().find(|given| is_asked(given.response.action))
    }
}

/// Whether a response to an effect has an effect when it becomes known at `known`.
///
/// # Errors
/// Why it has none.
pub fn check(effect: &Effect, response: &Response<'_>, known: Timestamp) -> Result<(), NoEffect> {
    let given = effect.handling.given();
    let is_taken = effect.handling.acknowledged().is_some_and(|given| {
        response.action == Action::Acknowledge
            && (&given.response.by, &given.response.role) == (&response.by, &response.role)
    });
    if is_taken || given.iter().any(|given| given.response == *response) {
        return Err(NoEffect::Repeated);
    }
    match (effect.status, effect.audience) {
        (EffectStatus::Withdrawn, _) => return Err(NoEffect::Withdrawn),
        (EffectStatus::Resolved | EffectStatus::Moved, _) => return Err(NoEffect::Ended),
        (EffectStatus::Active, Audience::Retrospective) => return Err(NoEffect::Retrospective),
        (EffectStatus::Active, Audience::CareTeam) => {}
    }
    let texts = [&response.by, &response.role, &response.why];
    let needs_reason = response.action != Action::Acknowledge;
    let is_blank = |text: &str| text.trim().is_empty();
    let is_unsaid = is_blank(&response.by)
        || is_blank(&response.role)
        || needs_reason && is_blank(&response.why)
        || texts.iter().any(|text| TEXT_BYTES_MAX < text.len());
    if is_unsaid {
        return Err(NoEffect::NotSaid);
    }
    // Its length is measured by the clock that set it; whether it is over, by the log's.
    let is_bad = |until: Timestamp| until <= known || response.at.plus(SNOOZE_MAX) < until;
    if response.action.until().is_some_and(is_bad) {
        return Err(NoEffect::BadSnooze);
    }
    if RESPONSES_MAX <= given.len() { Err(NoEffect::TooMany) } else { Ok(()) }
}
