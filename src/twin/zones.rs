//! The time zones of patients, where their records say so: what the day of an instant is read in when it came
//! without an offset of its own.

use hashbrown::HashMap;

use crate::domain::statement::{Attribute, Statement};
use crate::domain::zone::Zone;
use crate::twin::hash::Numbers;

/// The zones of a shard's patients, by number.
#[derive(Clone, Debug, Default)]
pub struct Zones(HashMap<u32, Zone, Numbers>);

impl Zones {
    /// The zone of a patient; `None` where no record says it, or says one that does not exist.
    pub fn of(&self, patient: u32) -> Option<Zone> {
        self.0.get(&patient).copied()
    }

    /// Sets the zone that a Patient statement names, or none.
    pub(super) fn set(&mut self, patient: u32, zone: Option<Zone>) {
        match zone {
            Some(zone) => _ = self.0.insert(patient, zone),
            None => _ = self.0.remove(&patient),
        }
    }
}

/// The zone that a Patient statement names.
pub(super) fn zone_of(statement: &Statement<'_>) -> Option<Zone> {
    statement.attribute(Attribute::TimeZone).and_then(Zone::named)
}
