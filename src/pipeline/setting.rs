//! Where a patient is, and whether it is a time to be silent.

use std::sync::Arc;

use crate::domain::event::ResourceKind;
use crate::domain::standing::Standing;
use crate::domain::statement::{Activity, Attribute};
use crate::domain::time::Timestamp;
use crate::pipeline::view::View;
use crate::twin::statements::{StatementRow, Topic};

/// The stay of a patient at some time; empty texts where there is none.
#[derive(Clone, Copy, Debug)]
pub struct Stay<'v> {
    view: View<'v>,
    row: Option<&'v StatementRow>,
}

impl Stay<'_> {
    /// `inpatient`, `emergency`, ...
    pub fn setting(&self) -> &str {
        self.row.and_then(|row| row.statement.attribute(Attribute::Setting)).unwrap_or_default()
    }

    /// The ward; empty when it is not known.
    pub fn ward(&self) -> String {
        let Some(row) = self.row else { return String::new() };
        let namespace = self.view.twins.twin_id(self.view.patient).namespace;
        self.view.twins.places().ward(&namespace, &row.statement).to_owned()
    }

    /// When it began, where somebody said so.
    pub fn begun_at(&self) -> Option<Timestamp> {
        self.row.map(|row| row.valid.start).filter(|start| *start != Timestamp::MIN)
    }

    /// The encounter as a FHIR reference.
    pub fn encounter(&self) -> String {
        self.row.map_or_else(String::new, |row| format!("Encounter/{}", row.id))
    }
}

/// The stay in force at `at`: the one that began last, bedside settings before others.
pub fn stay_at<'v>(view: &View<'v>, at: Timestamp) -> Stay<'v> {
    let rows = view.twins.statements(view.patient, Topic::Kind(ResourceKind::Encounter));
    let rank = |setting: Option<&str>| match setting {
        Some("inpatient") => 2,
        Some("emergency") => 1,
        _ => 0,
    };
    let in_force = rows.filter(|row| row.in_force_at(at));
    let newest = in_force.max_by_key(|row| {
        (rank(row.statement.attribute(Attribute::Setting)), row.valid.start, row.key)
    });
    Stay { view: *view, row: newest.map(|row| &**row) }
}

/// What says that a state stands at `at`, the earliest first. What was said before the newest "no" has ended
/// with it.
pub fn stands_by<'v>(
    view: &View<'v>,
    state: Standing,
    at: Timestamp,
) -> Option<&'v Arc<StatementRow>> {
    let said = || view.twins.statements(view.patient, Topic::Standing(state));
    let denied = said()
        .filter(|row| row.statement.activity == Activity::Void && row.valid.start <= at)
        .map(|row| row.valid.start)
        .max();
    said()
        .filter(|row| row.in_force_at(at) && denied.is_none_or(|denied| denied < row.valid.start))
        .min_by_key(|row| (row.valid.start, row.key))
}

/// Whether any of `states` stands at `at`.
pub fn is_silent(view: &View<'_>, states: &[Standing], at: Timestamp) -> bool {
    states.iter().any(|state| stands_by(view, *state, at).is_some())
}
