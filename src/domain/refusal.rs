//! Why a record, or a part of one, does not enter a twin as a value.
//!
//! Two lists, both fixed, documented and used as metric labels: a *refusal* becomes a dead letter,
//! because we cannot say what it is or whose; an *unusable* result becomes a fact of its patient,
//! because an older value must not stand in for it (TW-3).

use std::fmt;

/// Why a record or an entry of it became a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Not the format the source is configured for, or a field of the wrong type.
    Undecodable,
    /// No patient where the source is configured to name one, or no single one.
    NoPatient,
    /// A time that is missing, malformed, without an offset, or before 1900.
    BadTime,
    /// A time more than five minutes ahead of its arrival.
    FutureTime,
    /// More bytes, entries or samples than the limit.
    TooLarge,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Refusal; 5] = [
        Refusal::Undecodable,
        Refusal::NoPatient,
        Refusal::BadTime,
        Refusal::FutureTime,
        Refusal::TooLarge,
    ];

    /// The name in dead letters, summaries and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Refusal::Undecodable => "undecodable",
            Refusal::NoPatient => "no_patient",
            Refusal::BadTime => "bad_time",
            Refusal::FutureTime => "future_time",
            Refusal::TooLarge => "too_large",
        }
    }

    /// The reason of this name.
    pub fn named(name: &str) -> Option<Refusal> {
        Refusal::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// Where reading ended: before the record was a resource, or before the resource was a fact of somebody.
    pub const fn stage(self) -> &'static str {
        match self {
            Refusal::Undecodable | Refusal::TooLarge => "decode",
            Refusal::NoPatient | Refusal::BadTime | Refusal::FutureTime => "place",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a result cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unusable {
    /// No unit, or one that neither UCUM nor the alias table knows.
    UnitUnknown,
    /// A unit of another dimension than the signal's.
    UnitDimension,
    /// Outside what a living patient can have.
    ValueImplausible,
    /// The value is no number, or not an answer the site file maps.
    ValueUnreadable,
    /// The source says why there is no value (FHIR `dataAbsentReason`).
    DataAbsent,
}

impl Unusable {
    /// Every reason, in the order of their numbers in the log.
    pub const ALL: [Unusable; 5] = [
        Unusable::UnitUnknown,
        Unusable::UnitDimension,
        Unusable::ValueImplausible,
        Unusable::ValueUnreadable,
        Unusable::DataAbsent,
    ];

    /// The name in SQL, summaries and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Unusable::UnitUnknown => "unit_unknown",
            Unusable::UnitDimension => "unit_dimension",
            Unusable::ValueImplausible => "value_implausible",
            Unusable::ValueUnreadable => "value_unreadable",
            Unusable::DataAbsent => "data_absent",
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
