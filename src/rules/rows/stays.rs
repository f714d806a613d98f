//! The stay in hospital that a risk of readmission is of: the one that ended last.

use crate::domain::time::{Span, Timestamp};
use crate::rules::assessment::Told;

/// A stay that is over, and what was before it.
pub struct Discharge<'s> {
    /// The stay.
    pub stay: &'s Told,
    /// When it ended.
    pub at: Timestamp,
}

/// The risk is of 30 days.
pub const RISK: Span = Span::from_days(30);
/// An emergency visit that ends within so long of an admission led to it.
const LED_TO: Span = Span::from_hours(24);

/// The inpatient stay that ended last, at most 30 days before `at`; `None` while another goes on.
pub fn discharge(stays: &[Told], at: Timestamp) -> Option<Discharge<'_>> {
    let inpatient = || stays.iter().filter(|stay| stay.about == "inpatient");
    if inpatient().any(|stay| stay.is_in_force(at)) {
        return None;
    }
    let ended = inpatient().filter_map(|stay| Some(Discharge { stay, at: stay.to? }));
    let newest = ended.filter(|one| one.at <= at).max_by_key(|one| one.at);
    newest.filter(|one| at.since(one.at) < RISK)
}

impl Discharge<'_> {
    /// Whole days of the stay.
    pub fn days(&self) -> i64 {
        self.at.since(self.stay.from).whole_days()
    }

    /// The emergency visit that led to it: what says that it was urgent. Without one it is not known.
    pub fn emergency<'t>(&self, stays: &'t [Told]) -> Option<&'t Told> {
        stays.iter().find(|visit| visit.about == "emergency" && self.was_led_to_by(visit))
    }

    fn was_led_to_by(&self, visit: &Told) -> bool {
        let from = self.stay.from;
        visit.from <= from && visit.to.is_none_or(|to| from.minus(LED_TO) <= to)
    }

    /// Stays of `setting` that began within `span` before it; what led to it does not count.
    pub fn before<'t>(&self, stays: &'t [Told], setting: &str, span: Span) -> Vec<&'t Told> {
        let from = self.stay.from;
        let is_before = |one: &&Told| {
            one.about == setting
                && from.minus(span) <= one.from
                && one.from < from
                && one.evidence != self.stay.evidence
                && !(setting == "emergency" && self.was_led_to_by(one))
        };
        stays.iter().filter(is_before).collect()
    }
}
