//! Composes what is said: the text, the score and the evidence of a finding, as of an instant.

use crate::domain::effect::{Audience, Effect, EffectChange, EffectId, EffectScore, EffectStatus};
use crate::domain::effect::{Evidence, Severity};
use crate::domain::response::Handling;
use crate::domain::time::Timestamp;
use crate::pipeline::evidence::evidence_of;
use crate::pipeline::live::Live;
use crate::pipeline::pipeline::Core;
use crate::pipeline::truth::finding_of;
use crate::pipeline::view::{Scratch, View};
use crate::rules::assessment::{Assessment, Finding, Outcome};
use crate::twin::scores::{ScoreRow, Scores, points_of};

/// What composing takes.
pub struct Composer<'c> {
    /// The pipeline.
    pub live: &'c Live,
    /// The patient.
    pub view: View<'c>,
    /// The scores, as they are true now.
    pub scores: &'c Scores,
    /// When it is said.
    pub known: Timestamp,
    /// Working memory.
    pub scratch: &'c mut Scratch,
}

impl Composer<'_> {
    /// The effect as the pipeline says it as of `at`; `None` where it has no finding then.
    pub fn compose(&mut self, subject: usize, at: Timestamp, band: u8) -> Option<Effect> {
        let assessment = self.live.pipeline.explain(&self.view, at, self.scratch);
        let finding = finding_of(&assessment, subject)?;
        let evidence = evidence_of(self.live, &self.view, &assessment, finding, self.scratch);
        Some(self.effect(subject, at, band, (&assessment, finding), evidence))
    }

    fn effect(
        &self,
        subject: usize,
        at: Timestamp,
        band: u8,
        (assessment, finding): (&Assessment, &Finding),
        evidence: Vec<Evidence>,
    ) -> Effect {
        let pipeline = &self.live.pipeline;
        let (name, called) = pipeline.subjects.get(subject).cloned().unwrap_or_default();
        let said = pipeline.bands.get(usize::from(band));
        let text = said.map_or(String::new(), |said| fill(&said.says, &called, &finding.values));
        let track = self.live.tracks.get(subject).copied().unwrap_or_default();
        let mut rows = self.scores.walk(self.view.patient, track).map(|(_, row)| row);
        let row = rows.find(|row| row.at() <= at);
        Effect {
            id: EffectId(0),
            revision: 1,
            kind: pipeline.kind,
            pipeline: pipeline.name.clone(),
            edition: pipeline.edition.clone(),
            title: pipeline.title.clone(),
            citation: pipeline.source.clone(),
            subject: name,
            status: EffectStatus::Active,
            change: EffectChange::Raised,
            audience: Audience::CareTeam,
            band: said.map_or_else(|| "".into(), |said| said.name.clone()),
            band_rank: band,
            severity: said.map_or(Severity::Log, |said| said.severity),
            text,
            notes: assessment.notes.clone(),
            onset: at,
            at,
            ended_at: None,
            raised_known: self.known,
            known: self.known,
            due: finding.due,
            score: self.score(assessment),
            evidence,
            ward: String::new(),
            encounter: String::new(),
            alone: row.map_or(0, |row| alone(self.live, &row)),
            handling: Handling::default(),
        }
    }

    fn score(&self, assessment: &Assessment) -> EffectScore {
        let upper = match &assessment.outcome {
            Outcome::Incomplete { upper, .. } => *upper,
            Outcome::Final { .. }
            | Outcome::NotApplicable { .. }
            | Outcome::NotComputable { .. } => None,
        };
        EffectScore {
            status: assessment.outcome.status(),
            value: assessment.outcome.value(),
            upper,
            decimals: self.live.pipeline.decimals,
            name: self.live.pipeline.value.clone(),
        }
    }
}

/// Inputs that alone reach a band, as bits.
pub fn alone(live: &Live, row: &ScoreRow) -> u32 {
    let Core::Table(table) = &live.pipeline.core else { return 0 };
    let Some(threshold) = table.alone() else { return 0 };
    (0..16).fold(0, |bits, input| {
        let reaches = points_of(row.points, input).is_some_and(|points| threshold <= points);
        if reaches { bits | 1 << input } else { bits }
    })
}

/// The id of the episode of a subject that begins at `start`.
pub fn episode_id(live: &Live, view: &View<'_>, subject: usize, start: Timestamp) -> EffectId {
    let opening = live.opening_key(view, start).unwrap_or_default();
    let (name, _) = live.pipeline.subjects.get(subject).cloned().unwrap_or_default();
    let twin = view.twins.twin_id(view.patient);
    let text = format!("{}|{name}|{twin}|{opening:016x}|{}", live.pipeline.name, start.micros());
    EffectId(xxhash_rust::xxh3::xxh3_128(text.as_bytes()))
}

/// Puts values into a text: `{score}`, `{due}`, `{subject}`.
fn fill(says: &str, subject: &str, values: &[(&'static str, String)]) -> String {
    let mut text = says.replace("{subject}", subject);
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}
