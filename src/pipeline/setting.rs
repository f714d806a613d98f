//! Where a patient is, and whether it is a time to be silent.

use crate::domain::event::ResourceKind;
use crate::domain::standing::Standing;
use crate::domain::statement::{Activity, Attribute};
use crate::domain::time::Timestamp;
use crate::pipeline::view::View;
use crate::twin::statements::Topic;

/// The stay of a patient at some time; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stay {
    /// `inpatient`, `emergency`, ...
    pub setting: String,
    /// The ward; empty when it is not known.
    pub ward: String,
    /// The bed; empty when it is not known.
    pub bed: String,
    /// The encounter as a FHIR reference.
    pub encounter: String,
}

/// The stay in force at `at`: the one that began last, bedside settings before others.
pub fn stay_at(view: &View<'_>, at: Timestamp) -> Stay {
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
    let Some(row) = newest else { return Stay::default() };
    let text = |name| row.statement.attribute(name).unwrap_or_default().to_owned();
    let namespace = view.twins.twin_id(view.patient).namespace;
    Stay {
        setting: text(Attribute::Setting),
        ward: view.twins.places().ward(&namespace, &row.statement).to_owned(),
        bed: text(Attribute::Bed),
        encounter: format!("Encounter/{}", row.id),
    }
}

/// Since when a state stands at `at`. What was said before the newest "no" has ended with it.
pub fn stands_since(view: &View<'_>, state: Standing, at: Timestamp) -> Option<Timestamp> {
    let said = || view.twins.statements(view.patient, Topic::Standing(state));
    let denied = said()
        .filter(|row| row.statement.activity == Activity::Void && row.valid.start <= at)
        .map(|row| row.valid.start)
        .max();
    said()
        .filter(|row| row.in_force_at(at) && denied.is_none_or(|denied| denied < row.valid.start))
        .map(|row| row.valid.start)
        .min()
}

/// Whether any of `states` stands at `at`.
pub fn is_silent(view: &View<'_>, states: &[Standing], at: Timestamp) -> bool {
    states.iter().any(|state| stands_since(view, *state, at).is_some())
}
