//! What if: hypothetical facts applied to a fork, and what would be scored and said otherwise.
//!
//! ```text
//! fork ─ time passes up to the question ─► before ─ facts ─► after
//!                                             └─ compared ─┘
//! ```
//! It is the step that runs on the wards, so it cannot disagree with it. Time passes first, so that what
//! falls due anyway is not laid at the door of the facts. Nothing is written and nobody is told: a fork has
//! no way out.

use std::sync::Arc;

use crate::domain::decimal::plain;
use crate::domain::effect::{Audience, Effect, EffectStatus, Evidence};
use crate::domain::event::{Control, DefinitionKind, Event, EventBody};
use crate::domain::identity::{SourcePosition, TwinId};
use crate::domain::promotion::PipelineState;
use crate::domain::time::{Span, Timestamp};
use crate::engine::hypothesis::{self, Hypothesis, HypothesisError, TOPIC};
use crate::engine::shard::{Leaving, LogFrame, Shard, StepError, StepOutput};
use crate::ingest::site::{Site, SiteError};
use crate::log::encode::FrameWriter;
use crate::output::what_if::{
    EffectChanged, EvidenceOf, InputMoved, ScoreChanged, ScoreState, WhatIfRecord, Withheld,
};
use crate::pipeline::inputs::{Input, inputs};
use crate::pipeline::view::{Scratch, View};
use crate::twin::scores::{NO_BAND, NO_VALUE, STATUSES, ScoreRow};
use crate::twin::snapshot::{ShardSnapshot, Track};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    /// Nobody is called so.
    #[error("no patient {0}: expected namespace/identifier, or an identifier")]
    NoPatient(String),
    /// Several are called so.
    #[error("{name} is the identifier of several patients: {}", .patients.join(", "))]
    SeveralPatients {
        /// What was asked for.
        name: String,
        /// Who they are.
        patients: Vec<String>,
    },
    /// The facts.
    #[error(transparent)]
    Facts(#[from] HypothesisError),
    /// The site file of the log, which is our own mistake.
    #[error("the site file of the log: {0}")]
    Site(#[from] SiteError),
    /// The step, which is our own mistake.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// The patient of this `namespace/identifier`, or of this identifier in the only namespace that has it.
///
/// # Errors
/// If there is none, or there are several.
pub fn patient_named(shards: &[ShardSnapshot], name: &str) -> Result<TwinId<'static>, WhatIfError> {
    let of_shard = |shard: &ShardSnapshot| -> Vec<TwinId<'static>> {
        // An identifier without its namespace is looked for among all.
        let numbers: Vec<u32> = match name.contains('/') {
            true => shard.patient_named(name).into_iter().collect(),
            false => (0..)
                .zip(shard.patients.iter())
                .filter(|(_, known)| known.split_once('/').is_some_and(|(_, one)| one == name))
                .map(|(number, _)| number)
                .collect(),
        };
        let names = numbers.into_iter().filter_map(|number| shard.twin_id(number));
        names.map(TwinId::into_owned).collect()
    };
    let mut found: Vec<TwinId<'static>> = shards.iter().flat_map(of_shard).collect();
    match found.len() {
        0 => Err(WhatIfError::NoPatient(name.to_owned())),
        1 => Ok(found.remove(0)),
        _ => Err(WhatIfError::SeveralPatients {
            name: name.to_owned(),
            patients: found.iter().map(TwinId::to_string).collect(),
        }),
    }
}

/// The only patient of a fork.
const PATIENT: u32 = 0;

/// Answers what would change for the patient of `fork` if `facts` were so. The fork is used up.
///
/// # Errors
/// If the facts cannot be read; nothing of them is applied then.
pub fn what_if(mut fork: Shard, facts: &str) -> Result<WhatIfRecord, WhatIfError> {
    let twin = fork.twins().twin_id(PATIENT).into_owned();
    let at = whole_second_after(fork.clock().max(fork.known()));
    // A fork tells nobody: those in shadow say what they would say, and the answer names their state.
    let states = fork.speak();
    let Hypothesis { frame, notes } = hypothesis::read(facts, &twin, at, Arc::new(site(&fork)?))?;
    step(&mut fork, tick(at))?;
    let (before, known) = (Standing::of(&fork), fork.known());
    let untold = fork.fork(&[PATIENT]);
    let output = step(&mut fork, frame)?;
    let after = Standing::of(&fork);
    let scores = scores_changed((&untold, &before), (&fork, &after));
    let mut standing = before.effects;
    let effects: Vec<EffectChanged> = output
        .leaving
        .iter()
        .map(|leaving| effect_changed(leaving, &states, &mut standing))
        .collect();
    let withheld = withheld(&fork, known);
    Ok(WhatIfRecord {
        hypothetical: true,
        patient: twin.to_string(),
        as_of: at.to_string(),
        n_facts: output.n_facts,
        nothing_changes: scores.is_empty() && effects.is_empty() && withheld.is_empty(),
        notes,
        scores,
        effects,
        withheld,
    })
}

/// The question is asked after everything that is known, and at a time a person can read.
fn whole_second_after(at: Timestamp) -> Timestamp {
    let second = Span::from_seconds(1).micros();
    Timestamp::from_micros(at.micros().div_euclid(second).saturating_add(1).saturating_mul(second))
}

/// What the codes of the log mean, as it is in force.
fn site(fork: &Shard) -> Result<Site, SiteError> {
    let text = fork.definitions().get(&(DefinitionKind::Site, "site".to_owned()));
    text.map_or_else(|| Ok(Site::plain()), |text| Site::read(text))
}

fn tick(at: Timestamp) -> Vec<u8> {
    let body = EventBody::Control(Control::Tick { at });
    let mut writer = FrameWriter::default();
    let source = SourcePosition::new(TOPIC, 0, 0);
    writer.push(&Event { source, available_at: Some(at), body });
    writer.finish()
}

fn step(fork: &mut Shard, bytes: Vec<u8>) -> Result<StepOutput, StepError> {
    let frame = LogFrame { offset: fork.next_offset(), appended_at: fork.known(), bytes };
    fork.step(&[frame])
}

/// How things stand for the patient.
struct Standing {
    /// The newest score of every track, with what was read for it.
    scores: Vec<Option<(ScoreRow, Vec<Input>)>>,
    /// What stands, by pipeline and subject, with its band.
    effects: Vec<(Arc<str>, Arc<str>, Arc<str>)>,
}

impl Standing {
    fn of(fork: &Shard) -> Standing {
        let tracks = (0..).take(fork.tracks.len());
        let scores = tracks.map(|track| {
            let (_, row) = fork.scores.newest(PATIENT, track)?;
            Some((row, read(fork, track, row.at())))
        });
        let is_said = |effect: &Effect| {
            effect.status == EffectStatus::Active && effect.audience == Audience::CareTeam
        };
        let rows = fork.effects.rows().iter().filter(|row| is_said(&row.effect));
        let effects = rows.map(|row| {
            let effect = &row.effect;
            (effect.pipeline.clone(), effect.subject.clone(), effect.band.clone())
        });
        Standing { effects: effects.collect(), scores: scores.collect() }
    }
}

/// What the pipeline of a track reads at `at`; nothing where it is no longer in force.
fn read(fork: &Shard, track: u16, at: Timestamp) -> Vec<Input> {
    let live = fork.lives.iter().find(|live| live.tracks.contains(&track));
    let view = View { twins: &fork.twins, value_sets: &fork.value_sets, patient: PATIENT };
    live.map_or_else(Vec::new, |live| inputs(&live.pipeline, &view, at, &mut Scratch::default()))
}

fn scores_changed(
    (untold, before): (&Shard, &Standing),
    (told, after): (&Shard, &Standing),
) -> Vec<ScoreChanged> {
    let both = (0..).zip(told.tracks.iter()).zip(before.scores.iter().zip(&after.scores));
    let changed = both.filter_map(|((number, track), (before, after))| {
        let was = before.as_ref().map(|(row, _)| score_state(untold, track, row));
        let is = after.as_ref().map(|(row, _)| score_state(told, track, row));
        let said = |state: &Option<ScoreState>| {
            state.clone().map(|state| ScoreState { at: String::new(), ..state })
        };
        if said(&was) == said(&is) {
            return None;
        }
        let then = before.as_ref().map_or(&[][..], |(_, read)| read);
        let moved = after.as_ref().map_or_else(Vec::new, |(row, now)| {
            inputs_moved(then, now, &read(untold, number, row.at()))
        });
        Some(ScoreChanged {
            pipeline: track.pipeline.to_string(),
            subject: track.subject.to_string(),
            value_is: track.value.to_string(),
            before: was,
            after: is,
            moved,
        })
    });
    changed.collect()
}

fn score_state(fork: &Shard, track: &Track, row: &ScoreRow) -> ScoreState {
    let number = |value: i32| (value != NO_VALUE).then(|| plain(i64::from(value), track.decimals));
    let band = track.bands.get(usize::from(row.band)).filter(|_| row.band != NO_BAND);
    let status = STATUSES.get(usize::from(row.status)).copied().unwrap_or_default();
    let due = (row.due != i64::MAX).then(|| Timestamp::from_micros(row.due).to_string());
    ScoreState {
        at: row.at().to_string(),
        status: status.to_owned(),
        value: number(row.value),
        upper: number(row.upper),
        band: band.map(|band| band.to_string()),
        due_at: due,
        notes: fork.notes.text(row.notes).to_owned(),
    }
}

/// The inputs of the score that would be, where they are not those of the score that is. `untold` is what
/// would be read at the same instant without the facts.
fn inputs_moved(before: &[Input], after: &[Input], untold: &[Input]) -> Vec<InputMoved> {
    let named = |inputs: &'_ [Input], name: &str| -> Option<Input> {
        inputs.iter().find(|input| input.name == name).cloned()
    };
    let moved = after.iter().filter_map(|input| {
        let before = named(before, &input.name);
        let differs = before.as_ref().is_none_or(|before| input.differs(before));
        let untold = named(untold, &input.name);
        differs.then(|| InputMoved {
            input: input.name.clone(),
            before: before.as_ref().map_or(String::new(), |before| before.text.clone()),
            after: input.text.clone(),
            by_time_alone: untold.is_some_and(|untold| !input.differs(&untold)),
            points_before: before.and_then(|before| before.points),
            points_after: input.points,
        })
    });
    moved.collect()
}

/// A revision that would leave; `standing` follows it, so that the next one is held against it.
fn effect_changed(
    Leaving { effect, .. }: &Leaving,
    states: &[(Arc<str>, PipelineState)],
    standing: &mut Vec<(Arc<str>, Arc<str>, Arc<str>)>,
) -> EffectChanged {
    let same = |(pipeline, subject, _): &(Arc<str>, Arc<str>, Arc<str>)| {
        (pipeline, subject) == (&effect.pipeline, &effect.subject)
    };
    let before = standing.iter().position(same).map(|place| standing.swap_remove(place));
    let known = states.iter().find(|(pipeline, _)| *pipeline == effect.pipeline);
    let state = known.map_or(PipelineState::Shadow, |(_, state)| *state);
    if effect.status == EffectStatus::Active {
        standing.push((effect.pipeline.clone(), effect.subject.clone(), effect.band.clone()));
    }
    EffectChanged {
        kind: effect.kind.name().to_owned(),
        pipeline: effect.pipeline.to_string(),
        state: state.name().to_owned(),
        subject: effect.subject.to_string(),
        change: effect.change.name().to_owned(),
        band_before: before.map(|(.., band)| band.to_string()),
        band: effect.band.to_string(),
        severity: effect.severity.name().to_owned(),
        text: effect.text.clone(),
        notes: effect.notes.clone(),
        due_at: effect.due.map(|(due, _)| due.to_string()),
        evidence: effect.evidence.iter().map(evidence_of).collect(),
    }
}

fn evidence_of(evidence: &Evidence) -> EvidenceOf {
    EvidenceOf {
        hypothetical: evidence.source.topic == TOPIC,
        label: evidence.fact.label().to_owned(),
        value: evidence.value.clone(),
        effective_at: evidence.at.to_string(),
        source: evidence.source.to_string(),
        points: evidence.points,
    }
}

/// What became true after `known` and would not be said. What is held back already is no news.
fn withheld(fork: &Shard, known: Timestamp) -> Vec<Withheld> {
    let suppressions = fork.effects.suppressions().iter().map(|row| &row.suppression);
    let held_back = suppressions.filter(|suppression| known < suppression.first_known);
    let held_back = held_back.map(|suppression| Withheld {
        pipeline: suppression.pipeline.to_string(),
        subject: suppression.subject.to_string(),
        band: suppression.band.to_string(),
        reason: suppression.reason.name().to_owned(),
    });
    let effects = fork.effects.rows().iter().map(|row| &row.effect);
    let old = effects
        .filter(|effect| effect.audience == Audience::Retrospective && known < effect.raised_known);
    let old = old.map(|effect| Withheld {
        pipeline: effect.pipeline.to_string(),
        subject: effect.subject.to_string(),
        band: effect.band.to_string(),
        reason: Audience::Retrospective.name().to_owned(),
    });
    held_back.chain(old).collect()
}
