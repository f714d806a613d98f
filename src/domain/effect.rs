//! What the product says: an alert, a follow-up, a suggestion or a risk, with its reason and its evidence.
//!
//! An effect belongs to one *episode*, a stretch of valid time in which a pipeline's condition holds
//! for a patient. Its id is fixed when it is first said; a correction, a moved onset or a new band is
//! the next revision under the same id. When the condition never held, it is withdrawn.

use std::fmt;
use std::sync::Arc;

use crate::domain::event::ResourceKind;
use crate::domain::identity::{LogPosition, SourcePosition};
use crate::domain::response::Handling;
use crate::domain::signal::Signal;
use crate::domain::time::Timestamp;

/// The name of an effect: the same for the same log, whenever it is replayed (EF-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectId(pub u128);

/// 32 hexadecimal digits.
impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl EffectId {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<EffectId> {
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| u128::from_str_radix(text, 16).ok().map(EffectId)).flatten()
    }
}

/// What kind of thing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectKind {
    /// A risk that someone should look at now.
    Alert,
    /// Something that is due by a date.
    FollowUp,
    /// A proposal for treatment.
    Suggestion,
    /// A probability or a score that nobody is asked to act on now.
    Risk,
}

impl EffectKind {
    /// Every kind.
    pub const ALL: [EffectKind; 4] =
        [EffectKind::Alert, EffectKind::FollowUp, EffectKind::Suggestion, EffectKind::Risk];

    /// The name in pipeline files, records and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            EffectKind::Alert => "alert",
            EffectKind::FollowUp => "follow-up",
            EffectKind::Suggestion => "suggestion",
            EffectKind::Risk => "risk",
        }
    }
}

/// How loudly a band is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// In the record, on no list.
    Log,
    /// On a list, for whoever looks.
    Passive,
    /// Pages someone.
    Interruptive,
}

impl Severity {
    /// The name in pipeline files, records and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Log => "log",
            Severity::Passive => "passive",
            Severity::Interruptive => "interruptive",
        }
    }

    /// The severity of this name.
    pub fn named(name: &str) -> Option<Severity> {
        let all = [Severity::Log, Severity::Passive, Severity::Interruptive];
        all.into_iter().find(|severity| severity.name() == name)
    }
}

/// Where an effect stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectStatus {
    /// The condition holds.
    Active,
    /// The condition held, and holds no more.
    Resolved,
    /// The condition never held: what it rested on was corrected or taken back.
    Withdrawn,
    /// The patient is one with another, with whom it goes on under its id. Never leaves.
    Moved,
}

impl EffectStatus {
    /// The name in records and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            EffectStatus::Active => "active",
            EffectStatus::Resolved => "resolved",
            EffectStatus::Withdrawn => "withdrawn",
            EffectStatus::Moved => "moved",
        }
    }
}

/// Why a record of an effect leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectChange {
    /// It is said for the first time.
    Raised,
    /// It reached a higher band, or another input alone reached one after it was answered: it pages again.
    Escalated,
    /// It fell to a lower band.
    Lowered,
    /// Its onset, its evidence or its due date is another.
    Revised,
    /// Its condition ended, or a person resolved it.
    Resolved,
    /// Its condition never held.
    Withdrawn,
    /// Someone has taken it.
    Acknowledged,
    /// Someone silenced it for a while.
    Snoozed,
    /// Its snooze is over and its condition still holds: it pages again.
    Reminded,
    /// It goes on with another identity of the patient. Never leaves.
    Moved,
}

impl EffectChange {
    /// The name in records and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            EffectChange::Raised => "raised",
            EffectChange::Escalated => "escalated",
            EffectChange::Lowered => "lowered",
            EffectChange::Revised => "revised",
            EffectChange::Resolved => "resolved",
            EffectChange::Withdrawn => "withdrawn",
            EffectChange::Acknowledged => "acknowledged",
            EffectChange::Snoozed => "snoozed",
            EffectChange::Reminded => "reminded",
            EffectChange::Moved => "moved",
        }
    }
}

/// Whether anyone is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// It leaves: as FHIR, as an alert record, on the lists.
    CareTeam,
    /// Its evidence was old when it became known: kept and queryable, never said.
    Retrospective,
}

impl Audience {
    /// The name in records and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Audience::CareTeam => "care-team",
            Audience::Retrospective => "retrospective",
        }
    }
}

/// One fact an effect rests on, as it was when the effect was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it is.
    pub fact: FactName,
    /// Its value as it is read aloud, with unit: `25 /min`; of a statement, how it stands.
    pub value: String,
    /// The code it came under, as `system|code`.
    pub code: String,
    /// The time for which it counts.
    pub at: Timestamp,
    /// When it became known.
    pub known_at: Timestamp,
    /// The kind of resource.
    pub kind: ResourceKind,
    /// The resource's id; empty for a wearable's sample.
    pub resource: String,
    /// The version, where it is an integer.
    pub version_id: Option<u64>,
    /// The source record.
    pub source: SourcePosition<'static>,
    /// The place in the log.
    pub log: Option<LogPosition>,
    /// What it contributed to the score, where it did.
    pub points: Option<i64>,
}

/// What a fact is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactName {
    /// A value of a signal.
    Signal(Signal),
    /// A statement, by what it is called: a medicine, a condition, a state.
    Statement(String),
}

impl FactName {
    /// The signal's name; of a statement, the kind of its resource.
    pub fn name(&self, kind: ResourceKind) -> &'static str {
        match self {
            FactName::Signal(signal) => signal.spec().name,
            FactName::Statement(_) => kind.name(),
        }
    }

    /// What a nurse reads.
    pub fn label(&self) -> &str {
        match self {
            FactName::Signal(signal) => signal.spec().label,
            FactName::Statement(label) => label,
        }
    }
}

/// The score behind an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectScore {
    /// `final`, `incomplete`, `not-applicable`, `not-computable`.
    pub status: &'static str,
    /// The value, or the lower bound, in units of 10^-`decimals`.
    pub value: Option<i64>,
    /// The upper bound of an incomplete one.
    pub upper: Option<i64>,
    /// Decimals of the value.
    pub decimals: u8,
    /// What it is: `NEWS2`, `eGFR in mL/min/1.73 m2`.
    pub name: Arc<str>,
}

/// An effect as it stands after its newest revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Its name.
    pub id: EffectId,
    /// Counts from 1; every record that leaves has its own.
    pub revision: u32,
    /// What kind of thing it is.
    pub kind: EffectKind,
    /// The pipeline that says it.
    pub pipeline: Arc<str>,
    /// The edition of its rule.
    pub edition: Arc<str>,
    /// The title of the pipeline.
    pub title: Arc<str>,
    /// Where its rule is published.
    pub citation: Arc<str>,
    /// What it is about, where the pipeline has several subjects; else empty.
    pub subject: Arc<str>,
    /// Where it stands.
    pub status: EffectStatus,
    /// Why the newest revision was made.
    pub change: EffectChange,
    /// Whether anyone is told.
    pub audience: Audience,
    /// The band.
    pub band: Arc<str>,
    /// The band's place among the pipeline's, ascending by severity.
    pub band_rank: u8,
    /// How loudly it is said.
    pub severity: Severity,
    /// What is said.
    pub text: String,
    /// What a reader must know: defaults taken, inputs left out, why it ended.
    pub notes: Vec<String>,
    /// The start of the episode in valid time.
    pub onset: Timestamp,
    /// The effective time of the fact that caused the newest revision.
    pub at: Timestamp,
    /// When the condition ended, in valid time.
    pub ended_at: Option<Timestamp>,
    /// When it was first said.
    pub raised_known: Timestamp,
    /// When the newest revision was made.
    pub known: Timestamp,
    /// When a follow-up is due, and when it is overdue.
    pub due: Option<(Timestamp, Timestamp)>,
    /// The score behind it.
    pub score: EffectScore,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// The ward at its time; empty when it is not known.
    pub ward: String,
    /// The encounter at its time, as a FHIR reference; empty when there is none.
    pub encounter: String,
    /// Inputs that alone reached a band, as bits.
    pub alone: u32,
    /// What people did about it.
    pub handling: Handling,
}

impl Effect {
    /// Bytes of memory that it takes, without the texts that it shares.
    pub fn size_bytes(&self) -> usize {
        let evidence = self.evidence.iter().map(|one| {
            let label = match &one.fact {
                FactName::Signal(_) => 0,
                FactName::Statement(label) => label.len(),
            };
            let texts = [&one.value, &one.code, &one.resource];
            let texts = texts.into_iter().map(String::len).sum::<usize>() + label;
            size_of::<Evidence>() + texts + one.source.topic.len()
        });
        let notes = self.notes.iter().map(|note| size_of::<String>() + note.len());
        let texts = [&self.text, &self.ward, &self.encounter].map(String::len);
        let texts = texts.into_iter().chain([self.handling.size_bytes()]);
        size_of::<Effect>() + evidence.chain(notes).chain(texts).sum::<usize>()
    }
}

/// Something that was not said, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The pipeline.
    pub pipeline: Arc<str>,
    /// What it would have been about.
    pub subject: Arc<str>,
    /// The band it had.
    pub band: Arc<str>,
    /// Why it was not said.
    pub reason: SuppressionReason,
    /// When it was first not said for this reason.
    pub first_known: Timestamp,
    /// When it was last not said.
    pub last_known: Timestamp,
    /// The effective time of the newest evidence.
    pub at: Timestamp,
    /// How often in a row.
    pub count: u32,
}

/// Why something was not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SuppressionReason {
    /// The patient is in none of the settings the pipeline speaks in.
    Setting,
    /// A state in which the pipeline is silent stands.
    SilentState,
    /// The same was said a short while ago.
    Lockout,
    /// Someone snoozed it.
    Snoozed,
    /// Someone resolved it, and it goes on no worse than it was.
    ResolvedByPerson,
}

impl SuppressionReason {
    /// The name in SQL.
    pub const fn name(self) -> &'static str {
        match self {
            SuppressionReason::Setting => "setting",
            SuppressionReason::SilentState => "silent-state",
            SuppressionReason::Lockout => "lockout",
            SuppressionReason::Snoozed => "snoozed",
            SuppressionReason::ResolvedByPerson => "resolved-by-person",
        }
    }
}
