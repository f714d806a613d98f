//! What was said and what was not, in a part: revisions, which never change, and where each effect stands.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::domain::effect::{
    Audience, Effect, EffectChange, EffectId, EffectKind, EffectScore, EffectStatus, Evidence,
    FactName, Severity, Suppression, SuppressionReason,
};
use crate::domain::identity::{LogPosition, SourcePosition};
use crate::domain::response::{Action, Given, Handling, Response};
use crate::domain::signal::Signal;
use crate::engine::checkpoint::bytes::{In, Out, Torn};
use crate::engine::checkpoint::tables::{kind, time};
use crate::twin::effects::{EffectRow, SuppressionRow, Unsaid};
use crate::twin::hash::Numbers;
use crate::twin::pages::Pages;
use crate::twin::scores::STATUSES;

const KINDS: [EffectKind; 4] = EffectKind::ALL;
const SEVERITIES: [Severity; 3] = [Severity::Log, Severity::Passive, Severity::Interruptive];
const STANDINGS: [EffectStatus; 4] =
    [EffectStatus::Active, EffectStatus::Resolved, EffectStatus::Withdrawn, EffectStatus::Moved];
const CHANGES: [EffectChange; 10] = [
    EffectChange::Raised,
    EffectChange::Escalated,
    EffectChange::Lowered,
    EffectChange::Revised,
    EffectChange::Resolved,
    EffectChange::Withdrawn,
    EffectChange::Acknowledged,
    EffectChange::Snoozed,
    EffectChange::Reminded,
    EffectChange::Moved,
];
const AUDIENCES: [Audience; 2] = [Audience::CareTeam, Audience::Retrospective];
const REASONS: [SuppressionReason; 5] = [
    SuppressionReason::Setting,
    SuppressionReason::SilentState,
    SuppressionReason::Lockout,
    SuppressionReason::Snoozed,
    SuppressionReason::ResolvedByPerson,
];
/// In the place of a signal's number: it is a statement, and what it is called follows.
const STATEMENT: u16 = u16::MAX;
/// Set in the byte of the audience where somebody answered: what they did follows the rest. Rows that were
/// written before there were answers have none.
const IS_ANSWERED: u8 = 0x80;

fn put<T: PartialEq>(out: &mut Out, all: &[T], value: &T) {
    let number = all.iter().position(|known| known == value);
    let number = number.and_then(|number| u8::try_from(number).ok());
    out.u8(number.expect("the list holds every value"));
}

fn one<T: Copy>(part: &mut In<'_>, all: &[T]) -> Result<T, Torn> {
    all.get(usize::from(part.u8()?)).copied().ok_or(Torn)
}

fn shared(part: &mut In<'_>) -> Result<Arc<str>, Torn> {
    part.text().map(Arc::from)
}

fn owned(part: &mut In<'_>) -> Result<String, Torn> {
    part.text().map(str::to_owned)
}

/// Writes revisions.
pub fn write_revisions<'r>(out: &mut Out, rows: impl ExactSizeIterator<Item = &'r EffectRow>) {
    out.list(rows, |out, row| {
        out.u32(row.patient);
        out.u16(row.track);
        write_effect(out, &row.effect);
    });
}

/// Reads revisions.
///
/// # Errors
/// If the part ends before, or says what this version does not know.
pub fn read_revisions(part: &mut In<'_>) -> Result<Vec<EffectRow>, Torn> {
    part.list(|part| {
        let (patient, track) = (part.u32()?, part.u16()?);
        Ok(EffectRow { patient, track, effect: Arc::new(read_effect(part)?) })
    })
}

/// Effects as the log carries them from one twin to another.
pub fn effects_as_bytes(effects: &[Arc<Effect>]) -> Vec<u8> {
    if effects.is_empty() {
        return Vec::new();
    }
    let mut out = Out::default();
    out.list(effects.iter(), |out, effect| write_effect(out, effect));
    out.finish()
}

/// The effects that [`effects_as_bytes`] wrote.
///
/// # Errors
/// If the bytes end before, or say what this version does not know.
pub fn effects_of_bytes(bytes: &[u8]) -> Result<Vec<Effect>, Torn> {
    match bytes.is_empty() {
        true => Ok(Vec::new()),
        false => In::of(bytes).list(read_effect),
    }
}

/// Writes which revision each effect stands at.
pub fn write_standing(out: &mut Out, rows: &Pages<EffectRow>, revisions: &Pages<EffectRow>) {
    let mut newest = HashMap::<u64, u32, Numbers>::default();
    let name = |row: &EffectRow| {
        let bytes = row.effect.id.0.to_le_bytes();
        xxhash_rust::xxh3::xxh3_64(&bytes) ^ u64::from(row.patient)
    };
    for (number, row) in (0..).zip(revisions.iter()) {
        newest.insert(name(row), number);
    }
    let standing: Vec<u32> =
        rows.iter().map(|row| newest.get(&name(row)).copied().unwrap_or(u32::MAX)).collect();
    out.list(standing.into_iter(), Out::u32);
}

/// The effects that stand at these revisions.
///
/// # Errors
/// If one of them is not there.
pub fn read_standing(
    standing: &[u32],
    revisions: &Pages<EffectRow>,
) -> Result<Vec<EffectRow>, Torn> {
    standing.iter().map(|number| revisions.get(*number).cloned().ok_or(Torn)).collect()
}

fn write_effect(out: &mut Out, effect: &Effect) {
    out.u128(effect.id.0);
    out.u32(effect.revision);
    put(out, &KINDS, &effect.kind);
    for text in [&effect.pipeline, &effect.edition, &effect.title, &effect.citation] {
        out.text(text);
    }
    out.text(&effect.subject);
    put(out, &STANDINGS, &effect.status);
    put(out, &CHANGES, &effect.change);
    let audience = match effect.audience {
        Audience::CareTeam => 0,
        Audience::Retrospective => 1,
    };
    let is_answered = !effect.handling.given().is_empty();
    out.u8(if is_answered { audience | IS_ANSWERED } else { audience });
    out.text(&effect.band);
    out.u8(effect.band_rank);
    put(out, &SEVERITIES, &effect.severity);
    out.text(&effect.text);
    out.list(effect.notes.iter(), |out, note| out.text(note));
    out.i64(effect.onset.micros());
    out.i64(effect.at.micros());
    out.option(effect.ended_at, |out, at| out.i64(at.micros()));
    out.i64(effect.raised_known.micros());
    out.i64(effect.known.micros());
    out.option(effect.due, |out, (due, overdue)| {
        out.i64(due.micros());
        out.i64(overdue.micros());
    });
    put(out, &STATUSES, &effect.score.status);
    out.option(effect.score.value, Out::i64);
    out.option(effect.score.upper, Out::i64);
    out.u8(effect.score.decimals);
    out.text(&effect.score.name);
    out.list(effect.evidence.iter(), write_evidence);
    out.text(&effect.ward);
    out.text(&effect.encounter);
    out.u32(effect.alone);
    if is_answered {
        write_handling(out, &effect.handling);
    }
}

fn write_handling(out: &mut Out, handling: &Handling) {
    let (reopened, woken) = handling.marks();
    out.count(reopened);
    out.count(woken);
    out.list(handling.given().iter(), |out, given| {
        let Response { effect, action, by, role, why, at } = &given.response;
        out.u128(effect.0);
        match action {
            Action::Acknowledge => out.u8(0),
            Action::Snooze { until } => {
                out.u8(1);
                out.i64(until.micros());
            }
            Action::Resolve => out.u8(2),
        }
        [by, role, why].into_iter().for_each(|text| out.text(text));
        out.i64(at.micros());
        out.i64(given.known.micros());
    });
}

fn read_handling(part: &mut In<'_>) -> Result<Handling, Torn> {
    let mut count = || usize::try_from(part.u64()?).map_err(|_| Torn);
    let (reopened, woken) = (count()?, count()?);
    let given = part.list(|part| {
        let effect = EffectId(part.u128()?);
        let action = match part.u8()? {
            0 => Action::Acknowledge,
            1 => Action::Snooze { until: time(part)? },
            2 => Action::Resolve,
            _ => return Err(Torn),
        };
        let (by, role, why) = (owned(part)?.into(), owned(part)?.into(), owned(part)?.into());
        let response = Response { effect, action, by, role, why, at: time(part)? };
        Ok(Arc::new(Given { response, known: time(part)? }))
    })?;
    Ok(Handling::of(given, reopened, woken))
}

fn read_effect(part: &mut In<'_>) -> Result<Effect, Torn> {
    let mut is_answered = false;
    let mut effect = Effect {
        id: EffectId(part.u128()?),
        revision: part.u32()?,
        kind: one(part, &KINDS)?,
        pipeline: shared(part)?,
        edition: shared(part)?,
        title: shared(part)?,
        citation: shared(part)?,
        subject: shared(part)?,
        status: one(part, &STANDINGS)?,
        change: one(part, &CHANGES)?,
        audience: {
            let byte = part.u8()?;
            is_answered |= byte & IS_ANSWERED != 0;
            AUDIENCES.get(usize::from(byte & !IS_ANSWERED)).copied().ok_or(Torn)?
        },
        band: shared(part)?,
        band_rank: part.u8()?,
        severity: one(part, &SEVERITIES)?,
        text: owned(part)?,
        notes: part.list(owned)?,
        onset: time(part)?,
        at: time(part)?,
        ended_at: part.option(time)?,
        raised_known: time(part)?,
        known: time(part)?,
        due: part.option(|part| Ok((time(part)?, time(part)?)))?,
        score: EffectScore {
            status: one(part, &STATUSES)?,
            value: part.option(In::i64)?,
            upper: part.option(In::i64)?,
            decimals: part.u8()?,
            name: shared(part)?,
        },
        evidence: part.list(read_evidence)?,
        ward: owned(part)?,
        encounter: owned(part)?,
        alone: part.u32()?,
        handling: Handling::default(),
    };
    if is_answered {
        effect.handling = read_handling(part)?;
    }
    Ok(effect)
}

fn write_evidence(out: &mut Out, evidence: &Evidence) {
    match &evidence.fact {
        FactName::Signal(signal) => out.u16(signal.number()),
        FactName::Statement(label) => {
            out.u16(STATEMENT);
            out.text(label);
        }
    }
    out.text(&evidence.value);
    out.text(&evidence.code);
    out.i64(evidence.at.micros());
    out.i64(evidence.known_at.micros());
    out.u32(evidence.kind.number());
    out.text(&evidence.resource);
    out.option(evidence.version_id, Out::u64);
    out.text(&evidence.source.topic);
    out.i32(evidence.source.partition);
    out.i64(evidence.source.offset);
    out.option(evidence.log.as_ref(), |out, log| {
        out.u32(log.partition);
        out.u64(log.offset);
        out.u32(log.index);
    });
    out.option(evidence.points, Out::i64);
}

fn read_evidence(part: &mut In<'_>) -> Result<Evidence, Torn> {
    Ok(Evidence {
        fact: match part.u16()? {
            STATEMENT => FactName::Statement(owned(part)?),
            number => FactName::Signal(Signal::from_number(number).ok_or(Torn)?),
        },
        value: owned(part)?,
        code: owned(part)?,
        at: time(part)?,
        known_at: time(part)?,
        kind: kind(part)?,
        resource: owned(part)?,
        version_id: part.option(In::u64)?,
        source: SourcePosition::new(owned(part)?, part.i32()?, part.i64()?),
        log: part.option(|part| {
            Ok(LogPosition { partition: part.u32()?, offset: part.u64()?, index: part.u32()? })
        })?,
        points: part.option(In::i64)?,
    })
}

/// Writes each time that something was not said.
pub fn write_unsaid(out: &mut Out, times: &Pages<Unsaid>) {
    let times: Vec<&Unsaid> = times.iter().collect();
    out.list(times.into_iter(), |out, unsaid| {
        out.u32(unsaid.suppression);
        out.i64(unsaid.known.micros());
        out.i64(unsaid.at.micros());
    });
}

/// Reads each time that something was not said.
///
/// # Errors
/// If the part ends before.
pub fn read_unsaid(part: &mut In<'_>) -> Result<Pages<Unsaid>, Torn> {
    Ok(Pages::of(part.list(|part| {
        let (suppression, known, at) = (part.u32()?, time(part)?, time(part)?);
        Ok(Unsaid { suppression, known, at })
    })?))
}

/// Writes what was not said.
pub fn write_suppressions(out: &mut Out, rows: &Pages<SuppressionRow>) {
    let rows: Vec<&SuppressionRow> = rows.iter().collect();
    out.list(rows.into_iter(), |out, row| {
        let Suppression { pipeline, subject, band, reason, first_known, last_known, at, count } =
            &row.suppression;
        out.u32(row.patient);
        out.u16(row.track);
        [pipeline, subject, band].into_iter().for_each(|text| out.text(text));
        put(out, &REASONS, reason);
        [first_known, last_known, at].into_iter().for_each(|time| out.i64(time.micros()));
        out.u32(*count);
    });
}

/// Reads what was not said.
///
/// # Errors
/// If the part ends before, or says what this version does not know.
pub fn read_suppressions(part: &mut In<'_>) -> Result<Vec<SuppressionRow>, Torn> {
    part.list(|part| {
        let (patient, track) = (part.u32()?, part.u16()?);
        let suppression = Suppression {
            pipeline: shared(part)?,
            subject: shared(part)?,
            band: shared(part)?,
            reason: one(part, &REASONS)?,
            first_known: time(part)?,
            last_known: time(part)?,
            at: time(part)?,
            count: part.u32()?,
        };
        Ok(SuppressionRow { patient, track, suppression })
    })
}
