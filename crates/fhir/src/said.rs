//! What is to be written: an effect as it stands after one revision, in plain words.
//!
//! The caller fills this from its own types. Texts are taken as they are; nothing here is computed,
//! looked up or guessed.

/// An instant: microseconds after 1970-01-01T00:00:00Z, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micros(pub i64);

/// An effect as it stands after one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The effect's id: 32 hexadecimal digits, the same for every revision.
    pub id: String,
    /// Counts from 1; every Bundle of an effect has its own.
    pub revision: u32,
    /// What kind of thing is said.
    pub kind: SaidKind,
    /// Why this revision was made.
    pub change: SaidChange,
    /// Where the effect stands after it.
    pub status: SaidStatus,
    /// The name of the pipeline that says it: `news2`.
    pub pipeline: String,
    /// The edition of its rule: `RCP 2017`.
    pub edition: String,
    /// The title of the pipeline: `Kidney monitoring`.
    pub title: String,
    /// The publication the rule is taken from; blank when there is none.
    pub citation: String,
    /// What it is about, where the pipeline has several subjects: `egfr`; else blank.
    pub subject: String,
    /// The band: `high`.
    pub band: String,
    /// How loudly the band is said.
    pub severity: SaidSeverity,
    /// What is said, worded as something to consider.
    pub text: String,
    /// What a reader must know: defaults taken, inputs left out, why it ended. A resolved follow-up
    /// counts as done when one of them begins with `closed by the result`.
    pub notes: Vec<String>,
    /// What a person did about it.
    pub answer: SaidAnswer,
    /// The patient as a FHIR reference: `Patient/123`. Left out of the Bundle when it is no literal
    /// reference to a Patient; the identifier below always stands.
    pub patient: String,
    /// The configured namespace of the source that knows the patient: `mercy`.
    pub patient_namespace: String,
    /// The patient identifier within that namespace: `123`.
    pub patient_id: String,
    /// The encounter at its time, as a FHIR reference; blank when there is none.
    pub encounter: String,
    /// The ward at its time; blank when it is not known.
    pub ward: String,
    /// The start of the episode, true of the patient.
    pub onset: Micros,
    /// The effective time of the fact that caused this revision.
    pub at: Micros,
    /// When the condition ended, true of the patient. Used when the effect is resolved.
    pub ended_at: Option<Micros>,
    /// When this revision was made.
    pub known: Micros,
    /// When a follow-up is due.
    pub due: Option<SaidDue>,
    /// The score behind it.
    pub score: SaidScore,
    /// What it rests on, in the order in which it is read.
    pub evidence: Vec<SaidEvidence>,
    /// Whether a learned model spoke: everything is then labelled as asserted by one (AIAST).
    pub is_model: bool,
}

/// What kind of thing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaidKind {
    /// A risk that someone should look at now.
    Alert,
    /// Something that is due by a date.
    FollowUp,
    /// A proposal for treatment.
    Suggestion,
    /// A probability or a score that nobody is asked to act on now.
    Risk,
}

/// Why a revision was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaidChange {
    /// It is said for the first time.
    Raised,
    /// It reached a higher band: it pages again.
    Escalated,
    /// It fell to a lower band.
    Lowered,
    /// Its onset, its evidence or its due date is another.
    Revised,
    /// Its condition ended.
    Resolved,
    /// Its condition never held.
    Withdrawn,
    /// Someone has taken it.
    Acknowledged,
    /// Someone silenced it for a while.
    Snoozed,
    /// Its snooze is over: it pages again.
    Reminded,
}

/// What a person did about an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaidAnswer {
    /// Nothing yet.
    None,
    /// Took it.
    Acknowledged {
        /// Who, in which role.
        by: String,
    },
    /// Silenced it for a while.
    Snoozed {
        /// Who, in which role.
        by: String,
    },
}

/// Where an effect stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaidStatus {
    /// The condition holds.
    Active,
    /// The condition held, and holds no more.
    Resolved,
    /// The condition never held: what it rested on was corrected or taken back.
    Withdrawn,
}

/// How loudly a band is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaidSeverity {
    /// In the record, on no list.
    Log,
    /// On a list, for whoever looks.
    Passive,
    /// Pages someone.
    Interruptive,
}

/// When a follow-up is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaidDue {
    /// From here on it is due.
    pub due_at: Micros,
    /// From here on it is overdue.
    pub overdue_at: Micros,
}

/// The score behind an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidScore {
    /// What it is, with its unit if it has one: `NEWS2`, `eGFR in mL/min/1.73 m2`.
    pub name: String,
    /// How far it could be computed.
    pub status: SaidScoreStatus,
    /// The value, or the lower bound of an incomplete one, as decimal text in the unit of the name:
    /// `7`, `44.5`.
    pub value: Option<String>,
    /// The upper bound of an incomplete one, likewise.
    pub upper: Option<String>,
}

/// How far a score could be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaidScoreStatus {
    /// From all its inputs.
    Final,
    /// Some inputs are missing: there are bounds, not a value.
    Incomplete,
    /// It does not apply to this patient.
    NotApplicable,
    /// It cannot be computed from what there is.
    NotComputable,
}

/// One fact an effect rests on, as it was when the effect was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidEvidence {
    /// The name of what was measured, the same for every source: `respiratory_rate`.
    pub signal: String,
    /// What a nurse calls it: `Respiratory rate`.
    pub label: String,
    /// Its value as it is read aloud, with unit: `25 /min`.
    pub value: String,
    /// The system of the code under which it came; blank when the source named none.
    pub code_system: String,
    /// The code under which it came; blank when there was none.
    pub code: String,
    /// The time for which it counts.
    pub at: Micros,
    /// When it became known.
    pub known_at: Micros,
    /// The type of the FHIR resource that holds it: `Observation`; `Measurement` for a wearable's
    /// sample, which no FHIR resource holds.
    pub resource_kind: String,
    /// The id of that resource. Where it is not a FHIR id, the fact is named by its source position.
    pub resource_id: String,
    /// The version of that resource, where it is an integer.
    pub version_id: Option<u64>,
    /// The topic of the source record, or the file's path.
    pub source_topic: String,
    /// The partition of the topic.
    pub source_partition: i32,
    /// The offset in the partition, or the record's number in the file, from 0.
    pub source_offset: i64,
    /// Its place in the log, where it is known.
    pub log: Option<SaidLogPosition>,
    /// What it contributed to the score, where it did.
    pub points: Option<i64>,
}

/// A place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaidLogPosition {
    /// The partition.
    pub partition: u32,
    /// The offset of the frame in the partition.
    pub offset: u64,
    /// The event's place in the frame, from 0.
    pub index: u32,
}
