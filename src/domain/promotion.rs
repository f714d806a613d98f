//! Whether a pipeline speaks: its state, and the promotions that put it there. Who, in which role, when and why.
//!
//! ```text
//! (draft: a file, not in the log)      shadow ◄──► live        live      it speaks
//!                                        ▲          ▲          shadow    it decides as if it spoke, and nobody hears it
//!                                        └─ paused ─┘          paused    nothing is assessed
//! ```
//! A pipeline of which the log holds no promotion is in shadow. A promotion is an event of the log, so a replay comes
//! to the same; the same one again changes nothing.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::domain::effect::EffectKind;
use crate::domain::response::TEXT_BYTES_MAX;
use crate::domain::time::Timestamp;

/// Promotions of one pipeline that are taken; more are refused: people decide a few times, a loop does not end.
pub const PROMOTIONS_MAX: usize = 1_000;

/// Whether a pipeline speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PipelineState {
    /// It is assessed, and what it would say is kept apart: nobody is told.
    #[default]
    Shadow,
    /// It speaks.
    Live,
    /// It is not assessed.
    Paused,
}

impl PipelineState {
    /// Every state, in the order of their numbers in the log.
    pub const ALL: [PipelineState; 3] =
        [PipelineState::Shadow, PipelineState::Live, PipelineState::Paused];

    /// The name in SQL, in records and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            PipelineState::Shadow => "shadow",
            PipelineState::Live => "live",
            PipelineState::Paused => "paused",
        }
    }

    /// What was done, as it is read: `paused by A: B`.
    pub const fn past(self) -> &'static str {
        match self {
            PipelineState::Shadow => "put in shadow",
            PipelineState::Live => "put live",
            PipelineState::Paused => "paused",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<PipelineState> {
        PipelineState::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A pipeline is put in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion<'a> {
    /// The pipeline.
    pub pipeline: Cow<'a, str>,
    /// The state.
    pub to: PipelineState,
    /// Who decided it; for `live` the clinical approver.
    pub by: Cow<'a, str>,
    /// In which role.
    pub role: Cow<'a, str>,
    /// The pharmacist who approved it too; empty where there is none.
    pub pharmacist: Cow<'a, str>,
    /// Why.
    pub why: Cow<'a, str>,
    /// The SHA-256 of the definition it was decided about, in hexadecimal; empty where nobody looked.
    pub hash: Cow<'a, str>,
    /// When, by the clock of the door.
    pub at: Timestamp,
}

impl Promotion<'_> {
    /// The same promotion, owning its text.
    pub fn into_owned(self) -> Promotion<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Promotion {
            pipeline: owned(self.pipeline),
            to: self.to,
            by: owned(self.by),
            role: owned(self.role),
            pharmacist: owned(self.pharmacist),
            why: owned(self.why),
            hash: owned(self.hash),
            at: self.at,
        }
    }
}

/// `paused by A. Adams (ward physician): too many alerts`
impl fmt::Display for Promotion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {} ({}): {}", self.to.past(), self.by, self.role, self.why)
    }
}

/// A promotion and when it became known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promoted {
    /// The promotion.
    pub promotion: Promotion<'static>,
    /// When the log had it.
    pub known: Timestamp,
}

/// Every promotion, in the order of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Promotions {
    all: Vec<Arc<Promoted>>,
}

impl Promotions {
    /// Promotions from a checkpoint, in the order of the log.
    pub fn of(all: Vec<Arc<Promoted>>) -> Promotions {
        Promotions { all }
    }

    /// Every promotion, in the order of the log.
    pub fn all(&self) -> &[Arc<Promoted>] {
        &self.all
    }

    /// Adds a promotion; says whether it is a new one.
    pub fn add(&mut self, promotion: &Promotion<'_>, known: Timestamp) -> bool {
        if self.all.iter().any(|one| one.promotion == *promotion) {
            return false;
        }
        let promotion = promotion.clone().into_owned();
        self.all.push(Arc::new(Promoted { promotion, known }));
        true
    }

    /// The promotions of a pipeline that were known at `known`, the newest first.
    pub fn of_pipeline<'p>(
        &'p self,
        pipeline: &'p str,
        known: Timestamp,
    ) -> impl Iterator<Item = &'p Promoted> {
        let newest_first = self.all.iter().rev().map(AsRef::as_ref);
        newest_first.filter(move |one| one.known <= known && one.promotion.pipeline == pipeline)
    }

    /// The newest promotion of a pipeline; `None` where nobody decided anything.
    pub fn newest(&self, pipeline: &str) -> Option<&Promoted> {
        let mut newest_first = self.all.iter().rev().map(AsRef::as_ref);
        newest_first.find(|one: &&Promoted| one.promotion.pipeline == pipeline)
    }

    /// The state of a pipeline.
    pub fn state(&self, pipeline: &str) -> PipelineState {
        self.newest(pipeline).map_or(PipelineState::Shadow, |one| one.promotion.to)
    }

    /// The state that a pipeline had at `known`.
    pub fn state_at(&self, pipeline: &str, known: Timestamp) -> PipelineState {
        let newest = self.of_pipeline(pipeline, known).next();
        newest.map_or(PipelineState::Shadow, |one| one.promotion.to)
    }

    /// The promotion by which a pipeline ceased to speak, as it was known at `known`; `None` while it speaks, and
    /// where it never did.
    pub fn silenced_at(&self, pipeline: &str, known: Timestamp) -> Option<&Promoted> {
        let mut silenced = None;
        for one in self.all.iter().rev() {
            if known < one.known || one.promotion.pipeline != pipeline {
                continue;
            }
            if one.promotion.to == PipelineState::Live {
                return silenced;
            }
            silenced = Some(&**one);
        }
        None
    }
}

/// Why a promotion is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotPromoted {
    /// No name or no role.
    NoApprover,
    /// A suggestion about treatment needs a pharmacist too.
    NoPharmacist,
    /// The pharmacist is the approver.
    OnePerson,
    /// No reason.
    NoReason,
    /// A text that is none.
    TooLong,
    /// It is in that state already.
    Already(PipelineState),
    /// Its state was changed too often.
    TooMany,
}

impl fmt::Display for NotPromoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotPromoted::NoApprover => {
                f.write_str("expected who decides it and in which role: by and role")
            }
            NotPromoted::NoPharmacist => f.write_str(
                "it suggests treatment: expected the name of a pharmacist who approves it too: pharmacist",
            ),
            NotPromoted::OnePerson => f.write_str(
                "the pharmacist and the approver are one person: expected two who approve what suggests treatment",
            ),
            NotPromoted::NoReason => f.write_str("expected a reason"),
            NotPromoted::TooLong => {
                write!(f, "expected at most {TEXT_BYTES_MAX} bytes each of who, role and reason")
            }
            NotPromoted::Already(state) => write!(f, "it is {} already", state.name()),
            NotPromoted::TooMany => {
                write!(f, "its state was changed {PROMOTIONS_MAX} times already")
            }
        }
    }
}

impl Error for NotPromoted {}

/// Whether a promotion of a pipeline of this kind is taken where these came before.
///
/// # Errors
/// Why it is not.
pub fn check(
    kind: EffectKind,
    before: &Promotions,
    promotion: &Promotion<'_>,
) -> Result<(), NotPromoted> {
    let is_blank = |text: &str| text.trim().is_empty();
    let Promotion { pipeline, to, by, role, pharmacist, why, hash, .. } = promotion;
    if is_blank(by) || is_blank(role) {
        return Err(NotPromoted::NoApprover);
    }
    if is_blank(why) {
        return Err(NotPromoted::NoReason);
    }
    if [by, role, pharmacist, why].iter().any(|text| TEXT_BYTES_MAX < text.len()) {
        return Err(NotPromoted::TooLong);
    }
    let newest = before.newest(pipeline).map(|one| &one.promotion);
    let is_same = newest.map_or(*to == PipelineState::Shadow, |newest| {
        // What was approved and is another text now may be approved again.
        newest.to == *to && newest.hash == *hash
    });
    if is_same {
        return Err(NotPromoted::Already(*to));
    }
    if *to == PipelineState::Live && kind == EffectKind::Suggestion {
        if is_blank(pharmacist) {
            return Err(NotPromoted::NoPharmacist);
        }
        if pharmacist.trim().to_lowercase() == by.trim().to_lowercase() {
            return Err(NotPromoted::OnePerson);
        }
    }
    let n_before = before.all.iter().filter(|one| one.promotion.pipeline == *pipeline).count();
    // What is out of hand can be silenced all the same.
    if PROMOTIONS_MAX <= n_before && *to != PipelineState::Paused {
        return Err(NotPromoted::TooMany);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn promotion(to: PipelineState, at_micros: i64) -> Promotion<'static> {
        Promotion {
            pipeline: "news2".into(),
            to,
            by: "A. Adams".into(),
            role: "ward physician".into(),
            pharmacist: "".into(),
            why: "tried for six weeks".into(),
            hash: "ab".into(),
            at: at(at_micros),
        }
    }

    #[test]
    fn a_pipeline_of_which_nothing_was_decided_is_in_shadow() {
        let promotions = Promotions::default();
        assert_eq!(promotions.state("news2"), PipelineState::Shadow);
        assert_eq!(promotions.silenced_at("news2", Timestamp::FOREVER), None);
    }

    #[test]
    fn the_newest_promotion_counts_and_a_repeated_one_changes_nothing() {
        let mut promotions = Promotions::default();
        assert!(promotions.add(&promotion(PipelineState::Live, 1), at(10)));
        assert!(promotions.add(&promotion(PipelineState::Paused, 2), at(20)));
        assert!(!promotions.add(&promotion(PipelineState::Live, 1), at(30)), "told again");
        assert_eq!(promotions.state("news2"), PipelineState::Paused);
        assert_eq!(promotions.state_at("news2", at(19)), PipelineState::Live);
        assert_eq!(promotions.state_at("news2", at(9)), PipelineState::Shadow);
        assert_eq!(promotions.state("sofa"), PipelineState::Shadow);
    }

    #[test]
    fn what_ceased_to_speak_is_silent_since_the_first_promotion_after_it_was_live() {
        let mut promotions = Promotions::default();
        let silenced = |promotions: &Promotions, known| {
            promotions.silenced_at("news2", at(known)).map(|one| one.known)
        };
        promotions.add(&promotion(PipelineState::Paused, 1), at(10));
        assert_eq!(silenced(&promotions, 10), None, "it never spoke");
        promotions.add(&promotion(PipelineState::Live, 2), at(20));
        assert_eq!(silenced(&promotions, 20), None);
        promotions.add(&promotion(PipelineState::Paused, 3), at(30));
        promotions.add(&promotion(PipelineState::Shadow, 4), at(40));
        assert_eq!(silenced(&promotions, 40), Some(at(30)));
        assert_eq!(silenced(&promotions, 29), None);
    }

    #[test]
    fn a_promotion_is_refused_with_what_is_missing() {
        let none = Promotions::default();
        let live = promotion(PipelineState::Live, 1);
        let alert = |promotion: &Promotion<'_>| check(EffectKind::Alert, &none, promotion);
        assert_eq!(alert(&live), Ok(()));
        assert_eq!(
            alert(&Promotion { by: " ".into(), ..live.clone() }),
            Err(NotPromoted::NoApprover)
        );
        assert_eq!(
            alert(&Promotion { role: "".into(), ..live.clone() }),
            Err(NotPromoted::NoApprover)
        );
        assert_eq!(
            alert(&Promotion { why: "".into(), ..live.clone() }),
            Err(NotPromoted::NoReason)
        );
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        assert_eq!(
            alert(&Promotion { why: long.into(), ..live.clone() }),
            Err(NotPromoted::TooLong)
        );
        assert_eq!(
            alert(&promotion(PipelineState::Shadow, 1)),
            Err(NotPromoted::Already(PipelineState::Shadow))
        );
        let suggestion =
            |promotion: &Promotion<'_>| check(EffectKind::Suggestion, &none, promotion);
        assert_eq!(suggestion(&live), Err(NotPromoted::NoPharmacist));
        let same = Promotion { pharmacist: "a. adams".into(), ..live.clone() };
        assert_eq!(suggestion(&same), Err(NotPromoted::OnePerson));
        let both = Promotion { pharmacist: "P. Price".into(), ..live.clone() };
        assert_eq!(suggestion(&both), Ok(()));
        assert_eq!(suggestion(&promotion(PipelineState::Paused, 1)), Ok(()), "silence needs one");
    }

    #[test]
    fn what_was_changed_since_may_be_approved_again() {
        let mut before = Promotions::default();
        before.add(&promotion(PipelineState::Live, 1), at(1));
        let again = promotion(PipelineState::Live, 2);
        let refused = Err(NotPromoted::Already(PipelineState::Live));
        assert_eq!(check(EffectKind::Alert, &before, &again), refused);
        let changed = Promotion { hash: "cd".into(), ..again };
        assert_eq!(check(EffectKind::Alert, &before, &changed), Ok(()));
    }
}
