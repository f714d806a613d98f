//! Runs stories: the same ingest, log bytes and step as everything else.

use std::sync::Arc;

use crate::domain::effect::{Audience, EffectChange, EffectStatus, Severity};
use crate::domain::event::{Clock, Control, Event, EventBody};
use crate::domain::fact::Origin;
use crate::domain::identity::{SourcePosition, TwinId};
use crate::domain::promotion::{PipelineState, Promotions};
use crate::domain::response::{Action, Response, check};
use crate::domain::time::Timestamp;
use crate::domain::zone::Zone;
use crate::engine::library::Library;
use crate::engine::promoting::{PromotionWish, event_of, judge, put_live};
use crate::engine::shard::{Leaving, LogFrame, Shard};
use crate::engine::story::{StoryError, StoryLine, item_time, parse};
use crate::engine::story_facts::{Feed, happenings, site_text};
use crate::engine::ticks::Ticks;
use crate::ingest::decoder::Decoder;
use crate::ingest::site::Site;
use crate::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};
use crate::log::encode::FrameWriter;
use crate::pipeline::window::parse_span;
use crate::twin::effects::EffectRow;
use crate::twin::pages::Pages;
use crate::twin::scores::STATUSES;
use crate::twin::snapshot::ShardSnapshot;

/// A story on its way.
struct Run {
    shard: Shard,
    decoder: Decoder,
    ticks: Ticks,
    offset: u64,
    n_records: i64,
    left: Vec<Leaving>,
}

/// Runs a story against a library, its drafts among the others.
///
/// # Errors
/// The first line that cannot be read, or that expects what is not so, with what is.
pub fn run(text: &str, library: &Library) -> Result<(), StoryError> {
    let lines = parse(text)?;
    let site =
        Site::read(&site_text()).map_err(|e| fail(0, format!("the site of stories: {e}")))?;
    let mut run = Run {
        shard: Shard::new(0),
        decoder: Decoder::new(Arc::new(site)),
        ticks: Ticks::default(),
        offset: 0,
        n_records: 0,
        left: Vec::new(),
    };
    let opened = Control::Opened { n_partitions: 1, clock: Clock::Recorded };
    run.append(0, &[control(opened, None)])?;
    let library = library.clone().with_drafts();
    for change in library.changes(&Default::default()) {
        run.append(0, &[control(change, None)])?;
    }
    let by = ("twin test", "its stories say what it is to say");
    let begin = lines.first().map_or(Timestamp::MIN, |line| line.at);
    for promotion in put_live(&library, &Promotions::default(), by, begin) {
        run.append(0, &[control(promotion, None)])?;
    }
    for line in &lines {
        run.line(line)?;
    }
    Ok(())
}

fn fail(line: usize, message: impl Into<String>) -> StoryError {
    StoryError { line, message: message.into() }
}

fn control(control: Control<'_>, available_at: Option<Timestamp>) -> Event<'_> {
    let source = SourcePosition::new("story", 0, 0);
    Event { source, available_at, body: EventBody::Control(control) }
}

impl Run {
    fn line(&mut self, line: &StoryLine) -> Result<(), StoryError> {
        let tick = |at| control(Control::Tick { at }, Some(at));
        let ticks: Vec<Event<'_>> = self.ticks.before(line.at).into_iter().map(tick).collect();
        self.append(line.number, &ticks)?;
        self.append(line.number, &[tick(line.at)])?;
        let is_expectation = |item: &&String| item.starts_with("expect ");
        let is_record = |item: &&String| {
            let is_decision = answer_of(item, line.at).is_some() || promotion_of(item).is_some();
            !is_expectation(item) && *item != "tick" && !is_decision
        };
        for (pipeline, to) in line.items.iter().filter_map(|item| promotion_of(item)) {
            self.promote(line, pipeline, to)?;
        }
        for feed in [Feed::Clinical, Feed::Watch, Feed::Cleared] {
            let mut entries = Vec::new();
            for item in line.items.iter().filter(is_record) {
                let happenings = happenings(item, &line.patient, line.at)
                    .ok_or_else(|| fail(line.number, format!("`{item}` means nothing here")))?;
                entries.extend(happenings.into_iter().filter(|one| one.feed == feed));
            }
            if !entries.is_empty() {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|one| serde_json::json!({ "resource": one.resource }))
                    .collect();
                let bundle = serde_json::json!({
                    "resourceType": "Bundle", "type": "collection", "entry": entries,
                });
                self.record(line, feed, &bundle.to_string())?;
            }
        }
        for (pipeline, action) in line.items.iter().filter_map(|item| answer_of(item, line.at)) {
            self.answer(line, pipeline, action)?;
        }
        for item in line.items.iter().filter(is_expectation) {
            self.expect(line, item.trim_start_matches("expect "))?;
        }
        Ok(())
    }

    fn record(&mut self, line: &StoryLine, feed: Feed, json: &str) -> Result<(), StoryError> {
        self.n_records += 1;
        let (name, origin) = match feed {
            Feed::Clinical => ("story", Origin::Clinical),
            Feed::Watch => ("watch", Origin::ConsumerDevice),
            Feed::Cleared => ("cleared", Origin::ClearedDevice),
        };
        let spec = SourceSpec {
            name: name.to_owned(),
            format: Format::Fhir,
            namespace: "story".to_owned(),
            patient_from: PatientFrom::Subject,
            origin,
            zone: Zone::UTC,
            schemas: None,
        };
        let record = SourceRecord {
            position: SourcePosition::new(name, 0, self.n_records),
            key: None,
            headers: Vec::new(),
            payload: json.as_bytes(),
            timestamp: line.at,
            raw_key: None,
        };
        let decoded = self.decoder.decode(&spec, &record, line.at);
        if let Some(problem) = decoded.letter.and_then(|letter| letter.problems.into_iter().next())
        {
            return Err(fail(
                line.number,
                format!("refused: {}: {}", problem.reason, problem.message),
            ));
        }
        let available = |event| Event { available_at: Some(line.at), ..event };
        let events: Vec<Event<'_>> = decoded.events.into_iter().map(available).collect();
        self.append(line.number, &events)
    }

    /// A nurse answers what stands of a pipeline.
    fn answer(
        &mut self,
        line: &StoryLine,
        pipeline: &str,
        action: Action,
    ) -> Result<(), StoryError> {
        let twin = TwinId::new("story", line.patient.as_str());
        let patient = self.shard.twins().patient(&twin);
        let stands = |row: &&EffectRow| {
            Some(row.patient) == patient
                && *row.effect.pipeline == *pipeline
                && row.effect.status == EffectStatus::Active
        };
        let found = self.shard.effects().rows().iter().find(stands);
        let found = found.map(|row| row.effect.clone());
        let Some(effect) = found else {
            return Err(fail(line.number, format!("nothing of {pipeline} stands to be answered")));
        };
        let (by, role, why) = ("N. Nurse".into(), "nurse".into(), "as the story says".into());
        let response = Response { effect: effect.id, action, by, role, why, at: line.at };
        check(&effect, &response, self.shard.known())
            .map_err(|error| fail(line.number, format!("refused: {error}")))?;
        let source = SourcePosition::new("story", 0, 0);
        let body = EventBody::Response { twin, response };
        self.append(line.number, &[Event { source, available_at: Some(line.at), body }])
    }

    /// Somebody decides whether a pipeline speaks.
    fn promote(
        &mut self,
        line: &StoryLine,
        pipeline: &str,
        to: PipelineState,
    ) -> Result<(), StoryError> {
        let (by, role, pharmacist) = ("C. Clinician", "clinician", "P. Pharmacist");
        let wish = PromotionWish {
            pipeline: pipeline.to_owned(),
            to,
            by: by.to_owned(),
            role: role.to_owned(),
            pharmacist: pharmacist.to_owned(),
            why: "as the story says".to_owned(),
        };
        let promotion = judge(&[self.shard.snapshot()], &wish, line.at)
            .map_err(|error| fail(line.number, format!("refused: {error}")))?;
        self.append(line.number, &[event_of(promotion, Some(line.at))])
    }

    fn append(&mut self, line: usize, events: &[Event<'_>]) -> Result<(), StoryError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut writer = FrameWriter::default();
        events.iter().for_each(|event| writer.push(event));
        let appended_at = Timestamp::from_micros(0);
        let frame = LogFrame { offset: self.offset, appended_at, bytes: writer.finish() };
        self.offset += 1;
        let output = self.shard.step(&[frame]).map_err(|error| fail(line, error.to_string()))?;
        self.left.extend(output.leaving);
        Ok(())
    }

    fn expect(&mut self, line: &StoryLine, expectation: &str) -> Result<(), StoryError> {
        let snapshot = self.shard.snapshot();
        let twin = TwinId::new("story", line.patient.as_str());
        let patient = self.shard.twins().patient(&twin);
        let words: Vec<&str> = expectation.split_whitespace().collect();
        let found = match (words.as_slice(), patient) {
            (_, None) => Err("nothing was said of this patient".to_owned()),
            (["no", _, pipeline], Some(patient)) => no_effect(&snapshot, patient, pipeline),
            (["silent", pipeline, reason], Some(patient)) => {
                silent(&snapshot, patient, pipeline, reason)
            }
            (["score", pipeline, rest @ ..], Some(patient)) => {
                score(&snapshot, patient, pipeline, rest)
            }
            (["shadow", kind, pipeline, rest @ ..], Some(patient)) => {
                effect(&snapshot.shadow.effects, patient, (kind, pipeline), rest)
            }
            (["pages", pipeline, count], Some(_)) => self.pages(&twin, pipeline, count),
            ([kind, pipeline, rest @ ..], Some(patient)) => {
                effect(&snapshot.effects, patient, (kind, pipeline), rest)
            }
            _ => Err("it means nothing here".to_owned()),
        };
        found.map_err(|found| fail(line.number, format!("expected {expectation}: {found}")))
    }

    /// How often a pipeline paged someone about a patient.
    fn pages(&self, twin: &TwinId<'_>, pipeline: &str, count: &str) -> Result<(), String> {
        let pages = self.left.iter().filter(|leaving| {
            let effect = &leaving.effect;
            leaving.twin == *twin
                && *effect.pipeline == *pipeline
                && effect.severity == Severity::Interruptive
                && matches!(
                    effect.change,
                    EffectChange::Raised | EffectChange::Escalated | EffectChange::Reminded
                )
        });
        let found = pages.count().to_string();
        if found == count { Ok(()) } else { Err(format!("{found} pages")) }
    }
}

/// Reads `acknowledge news2`, `snooze news2 2 h` and `resolve news2`.
fn answer_of(item: &str, at: Timestamp) -> Option<(&str, Action)> {
    let words: Vec<&str> = item.split_whitespace().collect();
    match words.as_slice() {
        ["acknowledge", pipeline] => Some((pipeline, Action::Acknowledge)),
        ["snooze", pipeline, number, unit] => {
            let span = parse_span(&format!("{number} {unit}")).ok()?;
            Some((pipeline, Action::Snooze { until: at.plus(span) }))
        }
        ["resolve", pipeline] => Some((pipeline, Action::Resolve)),
        _ => None,
    }
}

/// Reads `promote news2 live`, `promote news2 shadow` and `pause news2`.
fn promotion_of(item: &str) -> Option<(&str, PipelineState)> {
    let words: Vec<&str> = item.split_whitespace().collect();
    match words.as_slice() {
        ["promote", pipeline, state] => Some((pipeline, PipelineState::named(state)?)),
        ["pause", pipeline] => Some((pipeline, PipelineState::Paused)),
        _ => None,
    }
}

fn no_effect(snapshot: &ShardSnapshot, patient: u32, pipeline: &str) -> Result<(), String> {
    let mut active = snapshot.effects.iter().filter(|row| {
        row.patient == patient
            && *row.effect.pipeline == *pipeline
            && row.effect.status == EffectStatus::Active
            && row.effect.audience == Audience::CareTeam
    });
    match active.next() {
        None => Ok(()),
        Some(row) => Err(format!("band {} stands since {}", row.effect.band, row.effect.onset)),
    }
}

/// Something is true that was not said: held back for a reason, or `retrospective`.
fn silent(
    snapshot: &ShardSnapshot,
    patient: u32,
    pipeline: &str,
    reason: &str,
) -> Result<(), String> {
    let kept = snapshot.effects.iter().any(|row| {
        row.patient == patient
            && *row.effect.pipeline == *pipeline
            && row.effect.audience == Audience::Retrospective
    });
    let held_back = snapshot
        .suppressions
        .iter()
        .filter(|row| row.patient == patient && *row.suppression.pipeline == *pipeline);
    let reasons: Vec<&str> = held_back.map(|row| row.suppression.reason.name()).collect();
    if reasons.contains(&reason) || reason == "retrospective" && kept {
        return Ok(());
    }
    Err(format!("held back for {reasons:?}{}", if kept { ", kept as retrospective" } else { "" }))
}

/// `score news2 5 band medium status final`: the newest one.
fn score(
    snapshot: &ShardSnapshot,
    patient: u32,
    pipeline: &str,
    expected: &[&str],
) -> Result<(), String> {
    let track = snapshot.tracks.iter().position(|track| *track.pipeline == *pipeline);
    let track = track.ok_or("there is no such pipeline")?;
    let rows = snapshot
        .scores
        .iter()
        .flat_map(|chunk| (0..chunk.n_rows()).filter_map(|index| chunk.row(index)));
    let current = (0..).zip(rows).filter(|(number, row)| {
        row.patient == patient
            && usize::from(row.track) == track
            && snapshot.score_marks.known_to(*number) == Timestamp::FOREVER
    });
    let (_, row) = current.max_by_key(|(_, row)| row.at).ok_or("there is no score")?;
    let band = snapshot.tracks.get(track).and_then(|t| t.bands.get(usize::from(row.band)));
    let band = band.map_or("none", |band| band);
    let status = STATUSES.get(usize::from(row.status)).copied().unwrap_or_default();
    let value = row.value.to_string();
    let found = format!("{value} band {band} status {status} at {}", row.at());
    let mut words = expected.iter();
    while let Some(word) = words.next() {
        let is_so = match *word {
            "band" => words.next() == Some(&band),
            "status" => words.next() == Some(&status),
            number => number == value,
        };
        if !is_so {
            return Err(found);
        }
    }
    Ok(())
}

/// `alert news2 band high score 7 severity interruptive evidence 08:30 withdrawn`: the newest one.
fn effect(
    effects: &Pages<EffectRow>,
    patient: u32,
    (kind, pipeline): (&str, &str),
    expected: &[&str],
) -> Result<(), String> {
    let subject = expected.iter().position(|word| *word == "subject");
    let subject = subject.and_then(|index| expected.get(index + 1)).copied().unwrap_or("");
    let of_pipeline = effects.iter().filter(|row| {
        row.patient == patient
            && *row.effect.pipeline == *pipeline
            && *row.effect.subject == *subject
            && row.effect.audience == Audience::CareTeam
    });
    let Some(row) = of_pipeline.max_by_key(|row| (row.effect.onset, row.effect.known)) else {
        return Err("there is none".to_owned());
    };
    let effect = &row.effect;
    let value = effect.score.value.map(|value| value.to_string()).unwrap_or_default();
    let found = format!(
        "{} band {} score {value} severity {} at {} revision {} {}, \"{}\"",
        effect.kind.name(),
        effect.band,
        effect.severity.name(),
        effect.at,
        effect.revision,
        effect.status.name(),
        effect.text,
    );
    if effect.kind.name() != kind {
        return Err(found);
    }
    let is_ended = ["withdrawn", "resolved"].iter().any(|word| expected.contains(word));
    if !is_ended && effect.status != EffectStatus::Active {
        return Err(found);
    }
    let mut words = expected.iter().copied();
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap_or_default();
        let is_so = match word {
            "subject" => *effect.subject == *next(),
            "band" => *effect.band == *next(),
            "score" => value == next(),
            "severity" => effect.severity.name() == next(),
            "revision" => effect.revision.to_string() == next(),
            "onset" => item_time(next()) == Some(effect.onset),
            "due" => item_time(next()) == effect.due.map(|(due, _)| due),
            "evidence" => {
                let at = item_time(next());
                effect.evidence.iter().any(|evidence| Some(evidence.at) == at)
            }
            "acknowledged" => effect.handling.acknowledged().is_some(),
            "snoozed" => effect.handling.snoozed().is_some(),
            "unanswered" => !effect.handling.is_answered(),
            status => effect.status.name() == status,
        };
        if !is_so {
            return Err(found);
        }
    }
    Ok(())
}
