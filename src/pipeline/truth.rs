//! Keeps a patient's scores and episodes true after facts changed: each instant at which something
//! a pipeline reads came or went has a score, computed from what is true as of that instant.
//!
//! ```text
//! points    facts:  ●────────●──────●            a value, an order, a state began or ended
//!           clock:      ○               ○        an item fell due, an episode cleared
//! ```
//! Between two facts the clock has made all its points, after the last one those whose time has come.
//! So the points, their scores and their episodes depend on the set of events and on how far the ticks
//! have come, never on the order of arrival (TW-2, PL-2).

use crate::domain::time::Timestamp;
use crate::pipeline::episode::{Episode, Observed, Thresholds};
use crate::pipeline::live::{Dirty, Live};
use crate::pipeline::view::{Scratch, View};
use crate::rules::assessment::{Assessment, Finding, Findings, Outcome};
use crate::twin::intern::Interner;
use crate::twin::scores::{EpisodeRow, NO_BAND, NO_NOTES, NO_VALUE, ScoreRow, Scores, pack_points};

/// What keeping the truth of one pipeline and patient takes.
pub struct Truth<'t> {
    /// The pipeline.
    pub live: &'t Live,
    /// The patient.
    pub view: View<'t>,
    /// The hash of the patient's name.
    pub name: u64,
    /// The scores of the shard.
    pub scores: &'t mut Scores,
    /// Texts of notes.
    pub notes: &'t mut Interner,
    /// How far the ticks have come.
    pub clock: Timestamp,
    /// When the event became known.
    pub known: Timestamp,
    /// When the clock makes the next point after the newest one, if no fact does before.
    pub clock_goes_on: Option<Timestamp>,
    /// Working memory.
    pub scratch: &'t mut Scratch,
    /// How many assessments were made.
    pub n_assessed: u64,
}

/// What became of the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The first and the last instant whose score may be another now.
    pub touched: (Timestamp, Timestamp),
    /// When the clock makes the next point, if no fact does before.
    pub next_at: Option<Timestamp>,
}

impl Truth<'_> {
    /// Brings the scores up to date after a change; `None` if no score was touched.
    pub fn keep(&mut self, dirty: &Dirty) -> Option<Kept> {
        if let Some(at) = self.newest_only(dirty) {
            let (next_at, last) = self.point_and_clock(Some(at), None);
            return Some(Kept { touched: (at, last.map_or(at, |last| last.max(at))), next_at });
        }
        let mut queue = self.queue(dirty);
        let mut kept: Option<Kept> = None;
        let mut index = 0;
        // The point into which the one before hands another episode than it did.
        let mut flows_into: Option<Timestamp> = None;
        while let Some(at) = queue.get(index).copied() {
            index += 1;
            let is_new = self.row_at(self.track(), at).is_none();
            let caught_up = self.catch_up(at);
            let next_fact = self.next_fact_point(at, queue.get(index).copied());
            let before = self.episodes_before(next_fact);
            // What the clock made after a point that is lost goes on from the point before it.
            let from = match self.is_point(at) {
                true => Some(at),
                false => {
                    self.forget(at);
                    self.last_fact_point(at)
                }
            };
            let (next_at, last) = self.point_and_clock(from, next_fact);
            // A new point stands between: what it is handed was handed to the next point before.
            let flows_on =
                is_new && flows_into == Some(at) || self.episodes_before(next_fact) != before;
            flows_into = next_fact.filter(|_| flows_on);
            if let Some(next) = flows_into.filter(|next| !queue.contains(next)) {
                queue.insert(index, next);
            }
            let first = [from, caught_up].into_iter().flatten().fold(at, Timestamp::min);
            let last = last.map_or(at, |last| last.max(at));
            let touched = kept.map_or((first, last), |kept| {
                (kept.touched.0.min(first), kept.touched.1.max(last))
            });
            kept = Some(Kept { touched, next_at });
        }
        kept
    }

    /// The one instant that changed, where nothing lies after it and the clock owes nothing before: what
    /// nearly every event of a live feed is.
    fn newest_only(&self, dirty: &Dirty) -> Option<Timestamp> {
        let [at] = *dirty.points.as_slice() else { return None };
        let is_alone = dirty.ranges.iter().all(|(from, _)| at <= *from)
            && self.clock_goes_on.is_none_or(|due| at <= due)
            && self.scores.newest_at(self.view.patient, self.track()).is_none_or(|n| n <= at);
        Some(at).filter(|at| is_alone && self.is_point(*at))
    }

    /// Makes the points that the clock owes before a new last fact at `at`. Gives the first instant that
    /// was scored for it.
    fn catch_up(&mut self, at: Timestamp) -> Option<Timestamp> {
        let is_owed = self.clock_goes_on.is_some_and(|due| due < at) && self.is_point(at);
        let newest = self.newest_fact_point().filter(|newest| is_owed && *newest < at)?;
        self.point_and_clock(Some(newest), Some(at));
        Some(newest)
    }

    fn is_point(&self, at: Timestamp) -> bool {
        self.live.is_point(&self.view, at, self.clock.max(self.known))
    }

    /// Makes the points whose time has come.
    pub fn tick(&mut self) -> Option<Kept> {
        let newest = self.newest_fact_point()?;
        let (next_at, last) = self.point_and_clock(Some(newest), None);
        Some(Kept { touched: (newest, last.unwrap_or(newest)), next_at })
    }

    fn track(&self) -> u16 {
        self.live.first_track()
    }

    fn thresholds(&self) -> Thresholds {
        let policy = &self.live.pipeline.policy;
        let raise_from = u8::try_from(policy.raise_from).unwrap_or(NO_BAND);
        Thresholds { raise_from, clears_after: policy.clears_after }
    }

    /// The instants to look at, ascending: changed ones, and known points in a changed range.
    fn queue(&self, dirty: &Dirty) -> Vec<Timestamp> {
        let mut queue = dirty.points.clone();
        let first = dirty.ranges.iter().map(|(from, _)| *from).min();
        if let Some(first) = first {
            let instants = self.scores.instants(self.view.patient, self.track());
            for instant in instants.take_while(|instant| first <= instant.at) {
                let in_range =
                    |(from, to): &(Timestamp, Timestamp)| *from <= instant.at && instant.at <= *to;
                if !instant.is_by_clock && dirty.ranges.iter().any(in_range) {
                    queue.push(instant.at);
                }
            }
            queue.sort_unstable();
            queue.dedup();
        }
        queue
    }

    fn newest_fact_point(&self) -> Option<Timestamp> {
        let mut instants = self.scores.instants(self.view.patient, self.track());
        instants.find(|instant| !instant.is_by_clock).map(|instant| instant.at)
    }

    fn last_fact_point(&self, before: Timestamp) -> Option<Timestamp> {
        let mut instants = self.scores.instants(self.view.patient, self.track());
        instants
            .find(|instant| instant.at < before && !instant.is_by_clock)
            .map(|instant| instant.at)
    }

    /// The next point that a fact makes: a known one, or one still in the queue.
    fn next_fact_point(&self, after: Timestamp, queued: Option<Timestamp>) -> Option<Timestamp> {
        let instants = self.scores.instants(self.view.patient, self.track());
        let later = instants.take_while(|instant| after < instant.at);
        let known = later.filter(|instant| !instant.is_by_clock).map(|instant| instant.at).last();
        let queued = queued.filter(|at| after < *at && self.is_point(*at));
        known.into_iter().chain(queued).min()
    }

    /// Takes the scores of an instant away.
    fn forget(&mut self, at: Timestamp) {
        for track in &self.live.tracks {
            if let Some(number) = self.row_at(*track, at) {
                self.scores.remove(number, self.known, self.name);
            }
        }
    }

    fn row_at(&self, track: u16, at: Timestamp) -> Option<u32> {
        let mut instants = self.scores.instants(self.view.patient, track);
        let found = instants.find(|instant| instant.at <= at);
        found.filter(|instant| instant.at == at).map(|instant| instant.number)
    }

    /// The episodes of all tracks after the last point before `at`.
    fn episodes_before(&self, at: Option<Timestamp>) -> Vec<Episode> {
        let episode = |track: &u16| {
            let mut instants = self.scores.instants(self.view.patient, *track);
            let found = instants.find(|instant| at.is_none_or(|at| instant.at < at));
            found.map_or(Episode::Rest, |instant| self.episode_at(instant.number))
        };
        self.live.tracks.iter().map(episode).collect()
    }

    /// Scores the point at `from`, and what the clock makes until the next point of a fact. Gives
    /// when the clock goes on, if no fact comes before, and the last instant that was scored.
    fn point_and_clock(
        &mut self,
        from: Option<Timestamp>,
        next_fact: Option<Timestamp>,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        let mut stale = self.instants_between(from, next_fact);
        let mut last = from;
        let mut next_at = from.and_then(|from| self.point(from, 0));
        while let Some(due) = next_at {
            // A fact later than `due` shows that its time has come, whatever the ticks say.
            if next_fact.map_or(self.clock < due, |next| next <= due) {
                break;
            }
            // A point that is no more must not hand its episode on.
            while let Some(at) = stale.pop_if(|at| *at <= due) {
                if at < due {
                    self.forget(at);
                }
            }
            last = Some(due);
            next_at = self.point(due, 1);
        }
        stale.into_iter().for_each(|at| self.forget(at));
        (next_at.filter(|_| next_fact.is_none()), last)
    }

    /// The instants after `from` and before `until`, the newest first: the next to be reached is the last.
    fn instants_between(
        &self,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Vec<Timestamp> {
        let (patient, track) = (self.view.patient, self.track());
        let newest = self.scores.newest_at(patient, track);
        if newest.is_none_or(|newest| from.is_some_and(|from| newest <= from)) {
            return Vec::new();
        }
        let instants = self.scores.instants(patient, track).map(|instant| instant.at);
        let instants = instants.skip_while(|at| until.is_some_and(|until| until <= *at));
        instants.take_while(|at| from.is_none_or(|from| from < *at)).collect()
    }

    /// Scores one instant on every track. Says when the clock makes the next point.
    fn point(&mut self, at: Timestamp, by_clock: u8) -> Option<Timestamp> {
        self.n_assessed += 1;
        let assessment = self.live.pipeline.assess(&self.view, at, self.scratch);
        let thresholds = self.thresholds();
        let notes = match assessment_text(&assessment) {
            Some(text) => self.notes.intern(&text),
            None => NO_NOTES,
        };
        let mut next_at = assessment.next_at;
        let live = self.live;
        for (subject, track) in live.tracks.iter().copied().enumerate() {
            let (here, before) = self.here_and_before(track, at);
            let finding = finding_of(&assessment, subject);
            let cause = finding.and_then(|finding| self.cause(finding)).unwrap_or(0);
            let observed = match (&assessment.findings, finding) {
                (Findings::Unknown, _) => Observed::Unknown,
                (Findings::Known(_), None) => Observed::Nothing,
                (Findings::Known(_), Some(finding)) => Observed::Band {
                    least: u8::try_from(finding.band).unwrap_or(NO_BAND),
                    most: u8::try_from(finding.band_most).unwrap_or(NO_BAND),
                    cause,
                },
            };
            let episode = before.next(at, observed, thresholds);
            next_at = [next_at, episode.clears_at(thresholds)].into_iter().flatten().min();
            let row = self.score_row(&assessment, finding, episode, (track, at, by_clock, notes));
            self.scores.set(here, row, self.name);
        }
        next_at.filter(|next| at < *next)
    }

    /// The score of an instant, if it has one, and the episode of the score before.
    fn here_and_before(&self, track: u16, at: Timestamp) -> (Option<u32>, Episode) {
        let patient = self.view.patient;
        if self.scores.newest_at(patient, track).is_none_or(|newest| newest < at) {
            return (None, episode_of(self.scores.newest_episode(patient, track)));
        }
        let mut instants = self.scores.instants(patient, track);
        let Some(first) = instants.find(|instant| instant.at <= at) else {
            return (None, Episode::Rest);
        };
        let here = Some(first).filter(|first| first.at == at);
        let before = if here.is_some() { instants.next() } else { Some(first) };
        let episode = before.map_or(Episode::Rest, |before| self.episode_at(before.number));
        (here.map(|here| here.number), episode)
    }

    fn episode_at(&self, number: u32) -> Episode {
        episode_of(self.scores.episode_row(number))
    }

    /// The key of the fact a finding counts from.
    fn cause(&self, finding: &Finding) -> Option<u64> {
        self.view.key(self.scratch.evidence.get(finding.cause?)?)
    }

    fn score_row(
        &self,
        assessment: &Assessment,
        finding: Option<&Finding>,
        episode: Episode,
        (track, at, by_clock, notes): (u16, Timestamp, u8, u32),
    ) -> ScoreRow {
        let small = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
        let (status, upper) = match &assessment.outcome {
            Outcome::Final { .. } => (0, None),
            Outcome::Incomplete { upper, .. } => (1, *upper),
            Outcome::NotApplicable { .. } => (2, None),
            Outcome::NotComputable { .. } => (3, None),
        };
        let (episode_start, episode_band, below_since, cause) = match episode {
            Episode::Rest => (i64::MIN, NO_BAND, i64::MAX, 0),
            Episode::Open { start, band, cause, below_since } => {
                let below_since = below_since.map_or(i64::MAX, Timestamp::micros);
                (start.micros(), band, below_since, cause)
            }
        };
        let due = finding.and_then(|finding| finding.due);
        let band = finding.and_then(|finding| u8::try_from(finding.band).ok());
        ScoreRow {
            patient: self.view.patient,
            track,
            at: at.micros(),
            known: self.known.micros(),
            status,
            by_clock,
            band: band.unwrap_or(NO_BAND),
            episode_band,
            value: assessment.outcome.value().map_or(NO_VALUE, small),
            upper: upper.map_or(NO_VALUE, small),
            points: pack_points(
                assessment.points.iter().map(|points| (points.input, points.points)),
            ),
            episode_start,
            below_since,
            cause,
            due: due.map_or(i64::MAX, |(due, _)| due.micros()),
            overdue: due.map_or(i64::MAX, |(_, overdue)| overdue.micros()),
            notes,
            edition: self.live.edition,
        }
    }
}

fn episode_of(row: Option<EpisodeRow>) -> Episode {
    let Some(row) = row else { return Episode::Rest };
    let below_since = (row.below_since != i64::MAX).then_some(row.below_since);
    Episode::Open {
        start: Timestamp::from_micros(row.start),
        band: row.band,
        cause: row.cause,
        below_since: below_since.map(Timestamp::from_micros),
    }
}

/// The finding about a subject.
pub fn finding_of(assessment: &Assessment, subject: usize) -> Option<&Finding> {
    match &assessment.findings {
        Findings::Known(findings) => findings.iter().find(|finding| finding.subject == subject),
        Findings::Unknown => None,
    }
}

/// Why there is no value, and what a reader must know, as one text.
fn assessment_text(assessment: &Assessment) -> Option<String> {
    let reason = match &assessment.outcome {
        Outcome::NotApplicable { reason } | Outcome::NotComputable { reason } => Some(reason),
        Outcome::Final { .. } | Outcome::Incomplete { .. } => None,
    };
    let texts: Vec<&str> =
        reason.into_iter().chain(&assessment.notes).map(String::as_str).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}
