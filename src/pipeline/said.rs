//! What is said: a function of the log. It follows what is true, and the policy of the pipeline.
//!
//! ```text
//! truth                          said
//! an episode is open        ─►   raise, unless: old evidence, wrong setting, silent state, lockout
//! its band, onset, evidence ─►   escalate, lower, revise the effect that stands
//! it ended                  ─►   resolve
//! it never was              ─►   withdraw
//! ```
//! There is at most one active effect per pipeline, patient and subject (EF-2). Everything that was
//! not said is kept with its reason.

use std::sync::Arc;

use crate::domain::effect::{Audience, Effect, EffectChange, EffectId, EffectStatus};
use crate::domain::effect::{Evidence, Suppression, SuppressionReason};
use crate::domain::time::{Span, Timestamp};
use crate::pipeline::compose::{Composer, alone, episode_id};
use crate::pipeline::live::Live;
use crate::pipeline::setting::{Stay, is_silent, stay_at};
use crate::pipeline::supports::{Support, Supports};
use crate::pipeline::truth::finding_of;
use crate::pipeline::view::{Scratch, View};
use crate::rules::assessment::Outcome;
use crate::twin::effects::Effects;
use crate::twin::scores::{ScoreRow, Scores};

/// What deciding about one pipeline and patient takes.
pub struct Said<'s> {
    /// The pipeline.
    pub live: &'s Live,
    /// The patient.
    pub view: View<'s>,
    /// The scores, as they are true now.
    pub scores: &'s Scores,
    /// What was said so far.
    pub effects: &'s mut Effects,
    /// Which scores support the open episodes.
    pub supports: &'s mut Supports,
    /// When the event became known.
    pub known: Timestamp,
    /// Working memory.
    pub scratch: &'s mut Scratch,
    /// What leaves.
    pub leaving: &'s mut Vec<Arc<Effect>>,
    /// When to decide again although nothing changed: a lockout ends.
    pub again_at: Option<Timestamp>,
}

/// An episode as truth has it now.
#[derive(Clone, Copy, Debug)]
struct Standing {
    /// The newest score that supports it.
    row: ScoreRow,
    start: Timestamp,
}

impl<'s> Said<'s> {
    /// Decides about every subject after the scores of `touched` may have changed.
    pub fn decide(&mut self, touched: Option<(Timestamp, Timestamp)>) {
        for subject in 0..self.live.tracks.len() {
            self.decide_subject(subject, touched);
        }
    }

    fn decide_subject(&mut self, subject: usize, touched: Option<(Timestamp, Timestamp)>) {
        let track = self.track(subject);
        if let Some((from, _)) = touched {
            self.supports.changed((self.view.patient, track), from);
        }
        if self.is_quiet(track, touched) {
            return;
        }
        let active = self.effects.active(self.view.patient, track);
        let active = active.map(|(number, effect)| (number, effect.clone()));
        let standing = self.standing(track);
        match (standing, active) {
            (None, None) => {}
            (Some(standing), None) => self.raise(subject, standing, None),
            (None, Some((number, effect))) => self.end(subject, number, &effect),
            (Some(standing), Some((number, effect))) if effect.at < standing.start => {
                self.end(subject, number, &effect);
                self.raise(subject, standing, None);
            }
            (Some(standing), Some((number, effect))) => {
                self.follow(subject, standing, number, effect, touched);
            }
        }
        self.revisit_history(subject, standing.map(|standing| standing.start), touched);
    }

    fn track(&self, subject: usize) -> u16 {
        self.live.tracks.get(subject).copied().unwrap_or_default()
    }

    /// The open episode, with the newest score that supports it.
    fn standing(&mut self, track: u16) -> Option<Standing> {
        let place = (self.view.patient, track);
        if !self.scores.is_in_episode(self.view.patient, track) {
            self.supports.closed(place);
            return None;
        }
        let (_, newest) = self.scores.newest(self.view.patient, track)?;
        let start = Timestamp::from_micros(newest.episode_start);
        let known = self.supports.get(place, start);
        let unknown_from = known.map_or(start, |known| known.upto.plus(Span::from_micros(1)));
        let rows = self.scores.walk(self.view.patient, track);
        let mut rows = rows.take_while(|(_, row)| unknown_from <= row.at());
        let found = rows.find(|(_, row)| self.supports(row)).map(|(number, _)| number);
        let number = found.or(known.map(|known| known.number))?;
        self.supports.set(place, Support { start, upto: newest.at(), number });
        Some(Standing { row: self.scores.rows.row(number), start })
    }

    /// Whether a score is one of its episode's reasons, not only one it goes on through.
    fn supports(&self, row: &ScoreRow) -> bool {
        let raise_from = self.live.pipeline.policy.raise_from;
        row.below_since == i64::MAX && row.band != u8::MAX && raise_from <= usize::from(row.band)
    }

    /// Whether there is nothing to say, to end or to look back at: so it is for most patients.
    fn is_quiet(&self, track: u16, touched: Option<(Timestamp, Timestamp)>) -> bool {
        let patient = self.view.patient;
        let newest = self.scores.newest_at(patient, track);
        let looks_back = touched.zip(newest).is_some_and(|((from, _), newest)| from < newest);
        !looks_back
            && !self.scores.is_in_episode(patient, track)
            && !self.effects.has_any(patient, track)
    }

    /// Says that a condition holds, unless the policy keeps it back.
    fn raise(&mut self, subject: usize, standing: Standing, known_id: Option<(u32, Arc<Effect>)>) {
        let stay = stay_at(&self.view, self.known);
        if let Some(reason) = self.holds_back(subject, &standing, &stay) {
            return self.suppress(subject, &standing, reason);
        }
        let Some(mut effect) = self.compose(subject, standing.row.at(), standing.row.episode_band)
        else {
            return;
        };
        effect.onset = standing.start;
        effect.audience = self.audience(standing.row.at());
        (effect.ward, effect.encounter) = (stay.ward(), stay.encounter());
        let track = self.track(subject);
        effect.id = self.new_id(track, episode_id(self.live, &self.view, subject, standing.start));
        self.effects.end_suppression(self.view.patient, track);
        let known = known_id.or_else(|| {
            let mut same = self.effects.of_track(self.view.patient, track);
            let is_same =
                |known: &Effect| known.id == effect.id || is_closed_in(known, standing.start);
            same.find(|(_, known)| is_same(known)).map(|(n, known)| (n, known.clone()))
        });
        match known {
            // The same episode was said before and ended by the policy: it goes on.
            Some((number, known)) => {
                effect.id = known.id;
                effect.revision = known.revision + 1;
                effect.handling = known.handling.clone();
                effect.handling.reopen();
                effect.raised_known = match known.audience {
                    Audience::CareTeam => known.raised_known,
                    Audience::Retrospective => self.known,
                };
                let effect = Arc::new(effect);
                self.effects.revise(number, effect.clone());
                self.leave(effect);
            }
            None => {
                let effect = Arc::new(effect);
                self.effects.push(self.view.patient, track, effect.clone());
                self.leave(effect);
            }
        }
    }

    /// The id of an episode; another one where what was said under it went on with another identity, to which the
    /// patient does not belong any more.
    fn new_id(&self, track: u16, id: EffectId) -> EffectId {
        let moved = |id: EffectId| {
            let mut said = self.effects.of_track(self.view.patient, track);
            said.any(|(_, known)| known.id == id && known.status == EffectStatus::Moved)
        };
        let mut id = id;
        while moved(id) {
            id = EffectId(xxhash_rust::xxh3::xxh3_128(&id.0.to_le_bytes()));
        }
        id
    }

    /// Brings an active effect up to date with the episode it belongs to.
    fn follow(
        &mut self,
        subject: usize,
        standing: Standing,
        number: u32,
        effect: Arc<Effect>,
        touched: Option<(Timestamp, Timestamp)>,
    ) {
        let Some(stay) = self.end_out_of_place(number, &effect) else { return };
        if effect.audience == Audience::Retrospective {
            if self.audience(standing.row.at()) == Audience::CareTeam {
                self.raise(subject, standing, Some((number, effect)));
            }
            return;
        }
        let band = standing.row.episode_band;
        let is_snooze_over = effect.handling.snoozed_until().is_some_and(|at| at <= self.known);
        let is_new_alone = alone(self.live, &standing.row) & !effect.alone != 0;
        let change = match band.cmp(&effect.band_rank) {
            std::cmp::Ordering::Greater => EffectChange::Escalated,
            // Whoever answered did not know of this one.
            _ if is_new_alone && effect.handling.is_answered() => EffectChange::Escalated,
            std::cmp::Ordering::Less => EffectChange::Lowered,
            std::cmp::Ordering::Equal if is_snooze_over => EffectChange::Reminded,
            std::cmp::Ordering::Equal
                if effect.onset != standing.start || effect.due != due_of(&standing.row) =>
            {
                EffectChange::Revised
            }
            std::cmp::Ordering::Equal => {
                let at_issue =
                    |(from, to): (Timestamp, Timestamp)| from <= effect.at && effect.at <= to;
                if !touched.is_some_and(at_issue) || !self.rests_on_other(subject, &effect) {
                    return;
                }
                EffectChange::Revised
            }
        };
        let Some(mut next) = self.compose(subject, standing.row.at(), band) else { return };
        next.id = effect.id;
        next.revision = effect.revision + 1;
        next.change = change;
        next.onset = standing.start;
        next.raised_known = effect.raised_known;
        next.alone |= effect.alone;
        next.handling = effect.handling.clone();
        match change {
            EffectChange::Escalated => next.handling.reopen(),
            EffectChange::Reminded => next.handling.wake(),
            EffectChange::Raised
            | EffectChange::Lowered
            | EffectChange::Revised
            | EffectChange::Resolved
            | EffectChange::Withdrawn
            | EffectChange::Acknowledged
            | EffectChange::Snoozed
            | EffectChange::Moved => {}
        }
        (next.ward, next.encounter) = (stay.ward(), stay.encounter());
        let next = Arc::new(next);
        self.effects.revise(number, next.clone());
        self.leave(next);
    }

    /// Ends an effect that the policy no longer lets stand; gives the stay where it does.
    fn end_out_of_place(&mut self, number: u32, effect: &Arc<Effect>) -> Option<Stay<'s>> {
        let stay = stay_at(&self.view, self.known);
        let Some(reason) = self.is_out_of_place(&stay) else { return Some(stay) };
        let note = format!("ended by policy: {}", reason.name());
        self.conclude(number, effect, EffectStatus::Resolved, Some(note));
        None
    }

    /// Whether the evidence of an effect, read again, is not what it was.
    fn rests_on_other(&mut self, subject: usize, effect: &Effect) -> bool {
        let same = |a: &Evidence, b: &Evidence| {
            (&a.resource, a.at, &a.value, a.version_id)
                == (&b.resource, b.at, &b.value, b.version_id)
        };
        let Some(next) = self.compose(subject, effect.at, effect.band_rank) else { return true };
        let (new, old) = (&next.evidence, &effect.evidence);
        new.len() != old.len()
            || !new.iter().zip(old).all(|(a, b)| same(a, b))
            || next.due != effect.due
    }

    /// Ends an effect whose episode is not open any more: it ended, or it never was.
    fn end(&mut self, subject: usize, number: u32, effect: &Arc<Effect>) {
        match self.held_until(self.track(subject), effect) {
            Some(ended_at) => {
                let ended = Effect { ended_at: Some(ended_at), ..(**effect).clone() };
                let note = self.reason_of_end(subject, ended_at);
                self.conclude(number, &Arc::new(ended), EffectStatus::Resolved, note);
            }
            None => self.conclude(number, effect, EffectStatus::Withdrawn, None),
        }
    }

    /// When the condition of an effect ended; `None` if neither the score at its onset nor one up to its evidence
    /// is in an episode, so that it never held.
    fn held_until(&self, track: u16, effect: &Effect) -> Option<Timestamp> {
        let rows = self.scores.walk(self.view.patient, track).map(|(_, row)| row);
        let mut after: Option<ScoreRow> = None;
        for row in rows {
            if row.is_in_episode() && row.episode_start <= effect.at.micros() {
                let gone = (row.below_since != i64::MAX).then_some(row.below_since);
                let gone = gone.map(Timestamp::from_micros);
                return gone.or(after.map(|after| after.at())).or(Some(row.at()));
            }
            // The score before the onset stands at it: an episode may have begun earlier than was known.
            if row.at() <= effect.onset {
                break;
            }
            after = Some(row);
        }
        None
    }

    /// What the score at the end says of why.
    fn reason_of_end(&mut self, subject: usize, at: Timestamp) -> Option<String> {
        let assessment = self.live.pipeline.explain(&self.view, at, self.scratch);
        if let Outcome::NotApplicable { reason } = &assessment.outcome {
            return Some(format!("ended: {reason}"));
        }
        let next = finding_of(&assessment, subject)?;
        let cause = self.scratch.evidence.get(next.cause?)?;
        Some(format!("closed by the result of {}", cause.at()))
    }

    fn conclude(
        &mut self,
        number: u32,
        effect: &Arc<Effect>,
        status: EffectStatus,
        note: Option<String>,
    ) {
        let change = match status {
            EffectStatus::Withdrawn => EffectChange::Withdrawn,
            EffectStatus::Active | EffectStatus::Resolved | EffectStatus::Moved => {
                EffectChange::Resolved
            }
        };
        let mut next = (**effect).clone();
        next.revision += 1;
        next.status = status;
        next.change = change;
        next.known = self.known;
        next.ended_at = next.ended_at.or(Some(self.known)).map(|at| at.max(effect.onset));
        next.notes.extend(note);
        let next = Arc::new(next);
        self.effects.revise(number, next.clone());
        self.leave(next);
    }

    /// Looks at episodes that are over, unlike the one since `open_since`: one that was never said is kept,
    /// one that was said and never held is withdrawn.
    fn revisit_history(
        &mut self,
        subject: usize,
        open_since: Option<Timestamp>,
        touched: Option<(Timestamp, Timestamp)>,
    ) {
        let Some((from, to)) = touched else { return };
        let track = self.track(subject);
        let past: Vec<(u32, Arc<Effect>)> = self
            .effects
            .of_track(self.view.patient, track)
            .filter(|(_, effect)| effect.status == EffectStatus::Resolved)
            .filter(|(_, effect)| from <= effect.at && effect.onset <= to)
            .map(|(number, effect)| (number, effect.clone()))
            .collect();
        for (number, effect) in past {
            if self.held_until(track, &effect).is_none() {
                self.conclude(number, &effect, EffectStatus::Withdrawn, None);
            }
        }
        let mut unsaid: Vec<ScoreRow> = Vec::new();
        let rows = self.scores.walk(self.view.patient, track).map(|(_, row)| row);
        for row in rows.take_while(|row| from <= row.at()) {
            let is_open = open_since.is_some_and(|start| start.micros() == row.episode_start);
            if row.is_in_episode() && !is_open && row.below_since == i64::MAX {
                match unsaid.iter_mut().find(|known| known.episode_start == row.episode_start) {
                    Some(known) if known.episode_band <= row.episode_band => *known = row,
                    Some(_) => {}
                    None => unsaid.push(row),
                }
            }
        }
        for row in unsaid.into_iter().rev() {
            self.keep_unsaid(subject, &row);
        }
    }

    /// Keeps an episode that was over before it became known.
    fn keep_unsaid(&mut self, subject: usize, row: &ScoreRow) {
        let track = self.track(subject);
        let start = Timestamp::from_micros(row.episode_start);
        let overlaps = |effect: &Effect| effect.onset <= row.at() && start <= effect.at;
        if self.effects.of_track(self.view.patient, track).any(|(_, effect)| overlaps(effect)) {
            return;
        }
        let Some(mut effect) = self.compose(subject, row.at(), row.episode_band) else { return };
        effect.onset = start;
        effect.id = episode_id(self.live, &self.view, subject, start);
        effect.audience = Audience::Retrospective;
        effect.status = EffectStatus::Resolved;
        effect.ended_at = self.held_until(track, &effect);
        let stay = stay_at(&self.view, row.at());
        (effect.ward, effect.encounter) = (stay.ward(), stay.encounter());
        self.effects.push(self.view.patient, track, Arc::new(effect));
    }

    /// Why the policy keeps back what is true, if it does.
    fn holds_back(
        &mut self,
        subject: usize,
        standing: &Standing,
        stay: &Stay<'_>,
    ) -> Option<SuppressionReason> {
        if let Some(reason) = self.is_out_of_place(stay) {
            return Some(reason);
        }
        let policy = &self.live.pipeline.policy;
        let track = self.track(subject);
        let said = self.effects.of_track(self.view.patient, track).map(|(_, effect)| effect);
        let ended = said.filter(|effect| {
            effect.status == EffectStatus::Resolved && effect.audience == Audience::CareTeam
        });
        let last = ended.max_by_key(|effect| effect.known)?;
        let free_at = last.known.plus(policy.lockout);
        let is_higher = last.band_rank < standing.row.episode_band;
        let is_new_alone = alone(self.live, &standing.row) & !last.alone != 0;
        if is_higher || is_new_alone {
            return None;
        }
        if is_closed_in(last, standing.start) {
            return Some(SuppressionReason::ResolvedByPerson);
        }
        let snoozed = last.handling.snoozed_until().filter(|until| free_at < *until);
        let (reason, free_at) = match snoozed {
            Some(until) => (SuppressionReason::Snoozed, until),
            None => (SuppressionReason::Lockout, free_at),
        };
        if free_at <= self.known {
            return None;
        }
        self.again_at = self.again_at.into_iter().chain([free_at]).min();
        Some(reason)
    }

    fn is_out_of_place(&self, stay: &Stay<'_>) -> Option<SuppressionReason> {
        let policy = &self.live.pipeline.policy;
        if is_silent(&self.view, &policy.silent_when, self.known) {
            return Some(SuppressionReason::SilentState);
        }
        let speaks =
            policy.settings.is_empty() || policy.settings.iter().any(|one| one == stay.setting());
        (!speaks).then_some(SuppressionReason::Setting)
    }

    fn suppress(&mut self, subject: usize, standing: &Standing, reason: SuppressionReason) {
        let Live { pipeline, .. } = self.live;
        let band = pipeline.bands.get(usize::from(standing.row.episode_band));
        let (name, _) = pipeline.subjects.get(subject).cloned().unwrap_or_default();
        let suppression = Suppression {
            pipeline: pipeline.name.clone(),
            subject: name,
            band: band.map_or_else(|| "".into(), |band| band.name.clone()),
            reason,
            first_known: self.known,
            last_known: self.known,
            at: standing.row.at(),
            count: 1,
        };
        self.effects.suppress(self.view.patient, self.track(subject), suppression);
    }

    fn audience(&self, at: Timestamp) -> Audience {
        let age_max = self.live.pipeline.policy.evidence_age_max;
        if age_max < self.known.since(at) { Audience::Retrospective } else { Audience::CareTeam }
    }

    fn compose(&mut self, subject: usize, at: Timestamp, band: u8) -> Option<Effect> {
        let Said { live, view, scores, known, .. } = *self;
        let scratch = &mut *self.scratch;
        Composer { live, view, scores, known, scratch }.compose(subject, at, band)
    }

    fn leave(&mut self, effect: Arc<Effect>) {
        if effect.audience == Audience::CareTeam {
            self.leaving.push(effect);
        }
    }
}

/// Whether a person resolved an effect of the episode that began at `start`, which still goes on.
fn is_closed_in(effect: &Effect, start: Timestamp) -> bool {
    effect.status == EffectStatus::Resolved
        && effect.handling.resolved().is_some()
        && start <= effect.at
}

/// When an item of a score is due and overdue.
fn due_of(row: &ScoreRow) -> Option<(Timestamp, Timestamp)> {
    let due = (row.due != i64::MAX).then_some((row.due, row.overdue))?;
    Some((Timestamp::from_micros(due.0), Timestamp::from_micros(due.1)))
}
