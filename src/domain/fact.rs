//! One clinical statement of a source: a measured value, or something said about the patient.
//!
//! ```text
//! Event ─► Resource (one version of one source resource, replaced as a whole) ─► Fact
//! ```
//! A fact is never changed. A correction is another version of its resource; which version counts
//! is decided by `version`, so neither the order nor the repetition of events matters (TW-1, TW-2).

use std::borrow::Cow;

use crate::domain::coding::Coding;
use crate::domain::refusal::Unusable;
use crate::domain::signal::Signal;
use crate::domain::statement::Statement;
use crate::domain::time::{Span, Timestamp};

/// One statement, with the time for which it holds of the patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<'a> {
    /// When it was true.
    pub valid: Valid,
    /// What else tells which result it is: hashes of its order or its specimen with its code and time,
    /// ascending. Facts of two resources that share one are the same result, told twice.
    pub links: Vec<u64>,
    /// What was said.
    pub body: Body<'a>,
}

/// What a fact says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// A measured value of a signal, or the trace of one that could not be used.
    Sample(Sample<'a>),
    /// Anything else: a condition, an order, a stay, a report, a state.
    Statement(Box<Statement<'a>>),
}

/// A measured value of a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample<'a> {
    /// What was measured.
    pub signal: Signal,
    /// The value, or why there is none.
    pub reading: Reading<'a>,
    /// Who measured it.
    pub origin: Origin,
    /// What the value says of its period.
    pub statistic: Statistic,
    /// The device, as the source names it; empty when it names none.
    pub device: Cow<'a, str>,
    /// The code it came under.
    pub code: Coding<'a>,
}

/// The value of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<'a> {
    /// A usable value.
    Value {
        /// In units of the signal's resolution.
        value: i64,
        /// Set when the true value is only bounded by it.
        comparator: Option<Comparator>,
        /// Value and unit as they came, where the unit was not the canonical one.
        raw: Option<Raw<'a>>,
    },
    /// A result that cannot be used (TW-3): it hides every older value of its signal.
    Unusable {
        /// Why.
        reason: Unusable,
        /// Value and unit as they came.
        raw: Raw<'a>,
    },
}

/// Value and unit as the source wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw<'a> {
    /// The value's text; empty when it had none.
    pub value: Cow<'a, str>,
    /// The unit's text; empty when it had none.
    pub unit: Cow<'a, str>,
}

/// FHIR `Quantity.comparator`: the true value lies below or above the one given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
}

impl Comparator {
    /// The sign FHIR writes.
    pub const fn sign(self) -> &'static str {
        match self {
            Comparator::Less => "<",
            Comparator::LessOrEqual => "<=",
            Comparator::GreaterOrEqual => ">=",
            Comparator::Greater => ">",
        }
    }
}

/// Who measured a value. Rules accept clinical measurements unless they say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Staff, a laboratory or a monitor of the hospital.
    Clinical,
    /// A cleared medical device at home.
    ClearedDevice,
    /// A watch, a ring, a phone.
    ConsumerDevice,
    /// The patient wrote it down.
    SelfReported,
}

impl Origin {
    /// Every origin, in the order of their numbers.
    pub const ALL: [Origin; 4] =
        [Origin::Clinical, Origin::ClearedDevice, Origin::ConsumerDevice, Origin::SelfReported];

    /// The name in configuration, pipelines and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Origin::Clinical => "clinical",
            Origin::ClearedDevice => "cleared_device",
            Origin::ConsumerDevice => "consumer_device",
            Origin::SelfReported => "self_reported",
        }
    }

    /// The origin of this name.
    pub fn named(name: &str) -> Option<Origin> {
        Origin::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

/// What a value says of its period (IEEE 1752.1 `descriptive_statistic`, DESIGN §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statistic {
    /// Measured at one instant.
    Point,
    /// The mean over the period.
    Mean,
    /// The least of the period.
    Minimum,
    /// The greatest of the period.
    Maximum,
    /// The sum over the period: steps, minutes asleep.
    Sum,
    /// The median over the period.
    Median,
    /// A statistic without a name of its own here.
    Other,
}

impl Statistic {
    /// Every statistic, in the order of their numbers.
    pub const ALL: [Statistic; 7] = [
        Statistic::Point,
        Statistic::Mean,
        Statistic::Minimum,
        Statistic::Maximum,
        Statistic::Sum,
        Statistic::Median,
        Statistic::Other,
    ];

    /// The name in SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Statistic::Point => "point",
            Statistic::Mean => "mean",
            Statistic::Minimum => "minimum",
            Statistic::Maximum => "maximum",
            Statistic::Sum => "sum",
            Statistic::Median => "median",
            Statistic::Other => "other",
        }
    }
}

/// The time for which a fact holds of the patient, and what its text left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Valid {
    /// The first instant.
    pub start: Timestamp,
    /// The last instant for an instant or a measured period; the first instant after it for a day, and for
    /// what lies somewhere between two instants.
    /// `Timestamp::FOREVER` when it goes on.
    pub end: Timestamp,
    /// How precise the text was.
    pub precision: Precision,
    /// The offset the source wrote, in minutes; `None` for `Z` and for days.
    pub offset_minutes: Option<i16>,
    /// Where the source wrote none: the offset of its configured zone at the last instant, in minutes.
    pub zone_minutes: i16,
}

/// How precise a time was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// A point in time, or a period between two.
    Instant,
    /// A day, a month or a year in the source's configured zone: an interval, not its midnight.
    Date,
    /// One instant between two: a time that the source's clocks showed twice, because they were set back, and
    /// that names no offset; or an hour without its minutes.
    Between,
}

impl Valid {
    /// One instant.
    pub const fn instant(at: Timestamp, offset_minutes: Option<i16>) -> Valid {
        let precision = Precision::Instant;
        Valid { start: at, end: at, precision, offset_minutes, zone_minutes: 0 }
    }

    /// From `start` until something ends it.
    pub const fn since(start: Timestamp) -> Valid {
        Valid::between(start, Timestamp::FOREVER)
    }

    /// From `start` to `end`.
    pub const fn between(start: Timestamp, end: Timestamp) -> Valid {
        let precision = Precision::Instant;
        Valid { start, end, precision, offset_minutes: None, zone_minutes: 0 }
    }

    /// The one instant at which a sample counts: the end of its period (SPEC 0.2). Of a day, and of what lies
    /// between two instants, it is the time it was recorded if that lies within, else its last microsecond.
    pub fn at(&self, recorded_at: Option<Timestamp>) -> Timestamp {
        match self.precision {
            Precision::Instant => self.end,
            Precision::Date | Precision::Between => recorded_at
                .filter(|at| self.start <= *at && *at < self.end)
                .unwrap_or_else(|| self.end.minus(Span::from_micros(1))),
        }
    }

    /// The last instant that is its own: a night that ends at seven is of that day, a day that ends at
    /// midnight is not of the next.
    pub fn last_instant(&self) -> Timestamp {
        if self.start < self.end { self.end.minus(Span::from_micros(1)) } else { self.end }
    }

    /// Whether it holds at `at`.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.start <= at && (at < self.end || self.start == self.end && at == self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_when_it_was_recorded_or_at_its_end() {
        let (start, end) = (Timestamp::from_micros(1_000), Timestamp::from_micros(2_000));
        let day = Valid { precision: Precision::Date, ..Valid::between(start, end) };
        assert_eq!(day.at(Some(Timestamp::from_micros(1_500))).micros(), 1_500);
        assert_eq!(day.at(Some(Timestamp::from_micros(9_000))).micros(), 1_999);
        assert_eq!(day.at(None).micros(), 1_999);
        assert_eq!(Valid::between(start, end).at(None), end);
        assert_eq!(day.last_instant().micros(), 1_999);
        assert_eq!(Valid::instant(end, None).last_instant(), end);
    }
}
