//! What was stated of a patient, as features read it: medicines, conditions, procedures, allergies, stays.
//!
//! ```text
//! condition heart_failure            a state: one of the value set is in force, since when
//! condition stroke ever              it is, or it was
//! procedure surgery within 30 d      it was in force at some time of the window
//! medicines within 35 d              every one, with its codes and its time
//! ```
//! Codes match by system and code only, never by what they are called.

use std::sync::Arc;

use crate::domain::event::ResourceKind;
use crate::domain::statement::{Activity, Attribute};
use crate::domain::time::{Span, Timestamp};
use crate::pipeline::view::{Piece, View};
use crate::rules::assessment::{Cell, Since, Told};
use crate::twin::statements::{StatementRow, Topic};

/// Statements about a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// What they are about.
    pub matter: Matter,
    /// The value set that one of their codes is in; any statement where there is none.
    pub set: Option<String>,
    /// When they must have been in force.
    pub reach: Reach,
}

/// What statements are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// Medicines that are taken or ordered.
    Medicines,
    /// Problems and diagnoses.
    Conditions,
    /// What was done.
    Procedures,
    /// Allergies and intolerances.
    Allergies,
    /// Stays and visits.
    Stays,
}

/// When a statement must have been in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Now.
    InForce,
    /// Now, or at any time before.
    Ever,
    /// Now, or at some time of a window that ends now.
    Within(Span),
}

impl Matter {
    /// The kinds of resources that say it.
    pub const fn kinds(self) -> &'static [ResourceKind] {
        match self {
            Matter::Medicines => {
                &[ResourceKind::MedicationRequest, ResourceKind::MedicationStatement]
            }
            Matter::Conditions => &[ResourceKind::Condition],
            Matter::Procedures => &[ResourceKind::Procedure],
            Matter::Allergies => &[ResourceKind::AllergyIntolerance],
            Matter::Stays => &[ResourceKind::Encounter],
        }
    }

    /// Whether resources of `kind` say it.
    pub fn is_said_by(self, kind: ResourceKind) -> bool {
        self.kinds().contains(&kind)
    }
}

impl Reach {
    /// How long after its end a statement still counts.
    pub const fn after(self) -> Span {
        match self {
            Reach::InForce => Span::ZERO,
            Reach::Ever => Span::from_micros(i64::MAX),
            Reach::Within(span) => span,
        }
    }

    /// Whether a statement counts at `at`.
    fn holds(self, row: &StatementRow, at: Timestamp) -> bool {
        match self {
            Reach::InForce => row.in_force_at(at),
            Reach::Ever => has_begun(row, at),
            Reach::Within(span) => {
                has_begun(row, at) && ended_by(row).is_none_or(|end| at.minus(span) <= end)
            }
        }
    }
}

/// Whether it was in force at `at` or before.
fn has_begun(row: &StatementRow, at: Timestamp) -> bool {
    match row.statement.activity {
        Activity::Active | Activity::Ended => row.valid.start <= at,
        Activity::Planned | Activity::Void => false,
    }
}

/// When it ended. One that ended at a time nobody said had ended when that was written down.
fn ended_by(row: &StatementRow) -> Option<Timestamp> {
    match row.statement.activity {
        Activity::Ended if row.valid.end == Timestamp::FOREVER => {
            Some(row.version.revised_at.max(row.valid.start))
        }
        Activity::Active | Activity::Ended | Activity::Planned | Activity::Void => {
            Some(row.valid.end).filter(|end| *end < Timestamp::FOREVER)
        }
    }
}

/// Since when what `row` states is so, if there is one; the row is the evidence.
pub fn since(row: Option<&Arc<StatementRow>>, evidence: &mut Vec<Piece>) -> Cell {
    row.map_or(Cell::NotStated, |row| {
        evidence.push(Piece::Statement(row.clone()));
        Cell::Since(Since { at: row.valid.start, evidence: Some(evidence.len() - 1) })
    })
}

impl Stated {
    /// The statements that count at `at`.
    fn rows<'v>(
        &'v self,
        view: &View<'v>,
        at: Timestamp,
    ) -> impl Iterator<Item = &'v Arc<StatementRow>> {
        let View { twins, value_sets, patient } = *view;
        let kinds = self.matter.kinds().iter();
        let rows = kinds.flat_map(move |kind| twins.statements(patient, Topic::Kind(*kind)));
        let set = self.set.as_ref().map(|name| value_sets.get(name));
        rows.filter(move |row| {
            let is_meant =
                set.is_none_or(|set| set.is_some_and(|set| set.holds(&row.statement.codes)));
            is_meant && self.reach.holds(row, at)
        })
    }

    /// Since when one of them is in force; the earliest is the evidence.
    pub fn state(&self, view: &View<'_>, at: Timestamp, evidence: &mut Vec<Piece>) -> Cell {
        let first = self.rows(view, at).min_by_key(|row| (row.valid.start, row.key));
        since(first, evidence)
    }

    /// Every one of them, ascending by their beginning.
    pub fn list(&self, view: &View<'_>, at: Timestamp, evidence: &mut Vec<Piece>) -> Cell {
        let mut rows: Vec<&Arc<StatementRow>> = self.rows(view, at).collect();
        rows.sort_by_key(|row| (row.valid.start, row.key));
        let told = rows.into_iter().map(|row| {
            evidence.push(Piece::Statement(row.clone()));
            let statement = &row.statement;
            let (kind, about) = match self.matter {
                Matter::Stays => (Attribute::Class, Attribute::Setting),
                Matter::Allergies => (Attribute::Type, Attribute::Reactions),
                Matter::Medicines => (Attribute::Intent, Attribute::Route),
                Matter::Conditions | Matter::Procedures => {
                    (Attribute::Category, Attribute::BodySite)
                }
            };
            let text = |name| statement.attribute(name).unwrap_or_default().to_owned();
            Told {
                from: row.valid.start,
                to: ended_by(row),
                codes: statement.codes.clone(),
                label: statement.label().to_owned(),
                kind: text(kind),
                about: text(about),
                evidence: evidence.len() - 1,
            }
        });
        Cell::Told(told.collect())
    }
}
