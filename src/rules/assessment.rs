//! What a rule is given, and what it says: never a bare number (SPEC 0.1).
//!
//! A rule is a pure function from a `Row`, the features of one patient as of one instant, to an
//! `Assessment`. It knows no twin, no clock and no unit but its own.

use std::fmt;

use crate::domain::coding::Coding;
use crate::domain::date::BirthDate;
use crate::domain::fact::Comparator;
use crate::domain::person::Sex;
use crate::domain::refusal::Unusable;
use crate::domain::time::{Span, Timestamp};

/// One feature of a patient as of one instant. What is missing or stale is `Missing`, never zero
/// (PL-1).
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing within its window.
    Missing,
    /// The newest value within its window.
    Reading(Reading),
    /// Every value within its window, ascending by time.
    Series(Vec<Reading>),
    /// A state stands, a medicine is taken, a condition is there, since then.
    Since(Since),
    /// Everything that was stated of a matter, ascending by its beginning.
    Told(Vec<Told>),
    /// Nobody said whether the state stands: unknown, not "no".
    NotStated,
    /// The least and the greatest age in whole years.
    Age {
        /// If born on the last possible day.
        least: u32,
        /// If born on the first possible day.
        greatest: u32,
    },
    /// The birth date, as precise as it is known.
    Birth(BirthDate),
    /// Female or male.
    Sex(Sex),
    /// The score of another pipeline as of the same instant.
    Score(Score),
    /// Computed of the values within its window, or of a stay.
    Number(Number),
}

/// A number computed of several facts, in the unit of its feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// The number, never NaN.
    pub value: f64,
    /// The newest piece of evidence of the row that went into it, where there is one.
    pub evidence: Option<usize>,
}

/// The score of another pipeline: it lies between two bounds, which are one where it is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// The least it can be.
    pub least: i64,
    /// The most it can be.
    pub most: i64,
    /// Its decimals.
    pub decimals: u8,
    /// Which pieces of evidence of the row it rests on: from the first to before the second.
    pub evidence: (usize, usize),
}

/// Since when something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// When it began.
    pub at: Timestamp,
    /// Which piece of evidence of the row says so, where one does.
    pub evidence: Option<usize>,
}

/// A statement about a patient, as a rule sees it: a medicine, an allergy, a stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Since when it is so.
    pub from: Timestamp,
    /// Until when it was so; `None` while it is.
    pub to: Option<Timestamp>,
    /// Its codes.
    pub codes: Vec<Coding<'static>>,
    /// What it is called.
    pub label: String,
    /// An allergy's type, a stay's class, a medicine's intent; empty where nobody said.
    pub kind: String,
    /// A stay's setting, an allergy's reactions, a medicine's route; empty where nobody said.
    pub about: String,
    /// Which piece of evidence of the row it is.
    pub evidence: usize,
}

impl Told {
    /// Whether it is so at `at`.
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

/// A value of a signal, as a rule sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// In units of 10^-`decimals` of the signal's canonical unit; 0 where `unusable` is set.
    pub value: i64,
    /// The signal's decimals.
    pub decimals: u8,
    /// When it held.
    pub at: Timestamp,
    /// Set when the true value is only bounded by it.
    pub comparator: Option<Comparator>,
    /// Why it cannot be used; a newer unusable value hides older ones (TW-3).
    pub unusable: Option<Unusable>,
    /// Whether it is not yet verified.
    pub is_preliminary: bool,
    /// Which piece of evidence of the row it is.
    pub evidence: usize,
}

impl Reading {
    /// The value as a number in the canonical unit.
    #[expect(clippy::as_conversions, reason = "a float is wanted, and values are far below 2^53")]
    pub fn number(&self) -> f64 {
        self.value as f64 / 10_f64.powi(i32::from(self.decimals))
    }

    /// The values it may stand for, both ends included: one, or all below or above a bound.
    pub const fn range(&self) -> (i64, i64) {
        let value = self.value;
        match self.comparator {
            None => (value, value),
            Some(Comparator::Less) => (i64::MIN, value.saturating_sub(1)),
            Some(Comparator::LessOrEqual) => (i64::MIN, value),
            Some(Comparator::GreaterOrEqual) => (value, i64::MAX),
            Some(Comparator::Greater) => (value.saturating_add(1), i64::MAX),
        }
    }

    /// Why a result of `name` cannot be used, if it cannot.
    pub fn refusal(&self, name: &str) -> Option<String> {
        Some(format!("the {name} of {} cannot be used: {}", self.at, self.unusable?))
    }

    /// The first instant at which it is older than `stands`.
    pub const fn stale_at(&self, stands: Span) -> Timestamp {
        self.at.plus(stands).plus(Span::from_micros(1))
    }

    /// Whether it is an exact, verified, usable value.
    pub fn is_final(&self) -> bool {
        self.unusable.is_none() && self.comparator.is_none() && !self.is_preliminary
    }
}

/// The features of one patient as of one instant, in the order of the rule's inputs.
#[derive(Clone, Debug)]
pub struct Row<'r> {
    /// The instant.
    pub at: Timestamp,
    /// One cell per input.
    pub cells: &'r [Cell],
    /// One span per parameter of the rule, from the pipeline file.
    pub parameters: &'r [Span],
}

impl Row<'_> {
    /// The cell of an input.
    pub fn cell(&self, input: usize) -> &Cell {
        self.cells.get(input).unwrap_or(&Cell::Missing)
    }

    /// A series input; empty when there is nothing.
    pub fn series(&self, input: usize) -> &[Reading] {
        match self.cell(input) {
            Cell::Series(readings) => readings,
            Cell::Reading(reading) => std::slice::from_ref(reading),
            _ => &[],
        }
    }

    /// Since when a state stands; `None` when nobody said so.
    pub fn since(&self, input: usize) -> Option<Timestamp> {
        self.stands(input).map(|since| since.at)
    }

    /// Since when a state stands, and what says so; `None` when nobody did.
    pub fn stands(&self, input: usize) -> Option<Since> {
        let Cell::Since(since) = self.cell(input) else { return None };
        Some(*since)
    }

    /// What was stated of a matter; empty when there is nothing.
    pub fn told(&self, input: usize) -> &[Told] {
        let Cell::Told(told) = self.cell(input) else { return &[] };
        told
    }

    /// The value of an input that is one; `None` where there is none.
    pub fn reading(&self, input: usize) -> Option<&Reading> {
        let Cell::Reading(reading) = self.cell(input) else { return None };
        Some(reading)
    }

    /// The birth date, as precise as it is known.
    pub fn birth(&self, input: usize) -> Option<BirthDate> {
        let Cell::Birth(birth) = self.cell(input) else { return None };
        Some(*birth)
    }

    /// Female or male, where it is known.
    pub fn sex(&self, input: usize) -> Option<Sex> {
        let Cell::Sex(sex) = self.cell(input) else { return None };
        Some(*sex)
    }

    /// The score of another pipeline; `None` where it cannot be said.
    pub fn score(&self, input: usize) -> Option<Score> {
        let Cell::Score(score) = self.cell(input) else { return None };
        Some(*score)
    }

    /// The usable value of an input, in its signal's resolution; `None` where there is none, or only a bound.
    pub fn value(&self, input: usize) -> Option<i64> {
        let reading = self.reading(input)?;
        Some(reading.value).filter(|_| reading.unusable.is_none() && reading.comparator.is_none())
    }

    /// A parameter of the rule.
    pub fn parameter(&self, index: usize) -> Span {
        self.parameters.get(index).copied().unwrap_or(Span::ZERO)
    }
}

/// The result of a computation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every input was there.
    Final {
        /// The value, in units of 10^-`decimals` of the rule.
        value: i64,
    },
    /// Some inputs are missing; the value lies within bounds.
    Incomplete {
        /// What the known inputs give.
        lower: i64,
        /// What it can be at most, where there is a most.
        upper: Option<i64>,
    },
    /// The rule is not made for this patient.
    NotApplicable {
        /// Why.
        reason: String,
    },
    /// The rule cannot be computed.
    NotComputable {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// The status in SQL, alert records and vectors.
    pub const fn status(&self) -> &'static str {
        match self {
            Outcome::Final { .. } => "final",
            Outcome::Incomplete { .. } => "incomplete",
            Outcome::NotApplicable { .. } => "not-applicable",
            Outcome::NotComputable { .. } => "not-computable",
        }
    }

    /// The value, or the lower bound.
    pub const fn value(&self) -> Option<i64> {
        match self {
            Outcome::Final { value } => Some(*value),
            Outcome::Incomplete { lower, .. } => Some(*lower),
            Outcome::NotApplicable { .. } | Outcome::NotComputable { .. } => None,
        }
    }
}

/// What one input contributed to a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points {
    /// The input.
    pub input: usize,
    /// Its points; `None` when it is missing or cannot be scored.
    pub points: Option<i64>,
}

/// A state of affairs that the policy acts on: a band reached, an item due, a reason to suggest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Which subject of the rule.
    pub subject: usize,
    /// Which band of the rule, ascending by severity: the least it can be.
    pub band: usize,
    /// The greatest it can be, where inputs are missing. A band reached before stands while it is
    /// between the two.
    pub band_most: usize,
    /// The evidence it counts from. While the cause is the same fact it is the same episode.
    pub cause: Option<usize>,
    /// When an item becomes due, and when it is overdue.
    pub due: Option<(Timestamp, Timestamp)>,
    /// The evidence for it.
    pub evidence: Vec<usize>,
    /// Values for the text of the pipeline file.
    pub values: Vec<(&'static str, String)>,
}

/// What the policy acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Findings {
    /// These hold; a subject without a finding is at rest.
    Known(Vec<Finding>),
    /// It cannot be said: what held before is neither ended nor changed.
    Unknown,
}

/// What a rule says of one patient as of one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// The value, or why there is none.
    pub outcome: Outcome,
    /// What each scored input contributed.
    pub points: Vec<Points>,
    /// What the policy acts on.
    pub findings: Findings,
    /// When the same facts may say something else: a due date, a value that goes stale.
    pub next_at: Option<Timestamp>,
    /// What a reader must know: a default that was taken, an input that was left out.
    pub notes: Vec<String>,
}

impl Assessment {
    /// Says that the rule is not made for this patient: nothing holds.
    pub fn not_applicable(reason: impl Into<String>) -> Assessment {
        let outcome = Outcome::NotApplicable { reason: reason.into() };
        Assessment::new(outcome, Findings::Known(Vec::new()))
    }

    /// Says that the rule cannot be computed: what held before is left as it is.
    pub fn not_computable(reason: impl Into<String>) -> Assessment {
        Assessment::new(Outcome::NotComputable { reason: reason.into() }, Findings::Unknown)
    }

    /// Says that there is nothing to compute it from: nothing holds.
    pub fn nothing_known(reason: impl Into<String>) -> Assessment {
        let outcome = Outcome::NotComputable { reason: reason.into() };
        Assessment::new(outcome, Findings::Known(Vec::new()))
    }

    /// Adds to what the findings say, where they are known.
    pub fn change_findings(&mut self, change: impl FnMut(&mut Finding)) {
        if let Findings::Known(findings) = &mut self.findings {
            findings.iter_mut().for_each(change);
        }
    }

    /// An outcome and what follows from it.
    pub const fn new(outcome: Outcome, findings: Findings) -> Assessment {
        Assessment { outcome, points: Vec::new(), findings, next_at: None, notes: Vec::new() }
    }
}

/// A rule: its inputs by name, and the function.
pub struct Rule {
    /// The name a pipeline file gives.
    pub name: &'static str,
    /// The inputs, in the order of the row's cells.
    pub inputs: &'static [RuleInput],
    /// Whether its inputs give points, which are kept with each score.
    pub scored: bool,
    /// The parameters, in the order of the row's.
    pub parameters: &'static [&'static str],
    /// What it speaks about, each on its own; one without a name if there is only one.
    pub subjects: &'static [&'static str],
    /// The bands of its findings, ascending by severity.
    pub bands: &'static [&'static str],
    /// What its value is, and in which unit; the value has `decimals`.
    pub value: &'static str,
    /// Decimals of its value.
    pub decimals: u8,
    /// The rule.
    pub assess: fn(&Row<'_>) -> Assessment,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({})", self.name)
    }
}

/// An input of a rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleInput {
    /// The name of the feature that feeds it.
    pub name: &'static str,
    /// What kind of cell it takes.
    pub kind: InputKind,
}

/// What kind of cell an input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// `Reading`.
    Reading,
    /// `Series`.
    Series,
    /// `Since` or `NotStated`.
    State,
    /// `Told`.
    List,
    /// `Age`.
    Age,
    /// `Birth`.
    Birth,
    /// `Sex`.
    Sex,
    /// `Score`.
    Score,
    /// `Number`.
    Number,
}
