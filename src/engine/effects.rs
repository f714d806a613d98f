//! Turns what leaves a shard into records for topics.

use crate::engine::shard::Leaving;
use crate::output::fhir::fhir_record;
use crate::output::record::{OutRecord, OutputError, alert_record, shadow_record};

/// Records on their way out.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// The records, in order.
    pub records: Vec<OutRecord>,
    /// Forms that could not be written: our own mistake, counted and told, and never a reason to keep
    /// an alert back or to stop a shard.
    pub failed: Vec<OutputError>,
}

/// The records of effects: the alert record and the FHIR Bundle of each revision that leaves; of what pipelines in
/// `shadow` would have said a record for a topic that nobody is told from. Event by event, so that how the log was
/// cut changes no order (PL-2).
pub fn render(leaving: &[Leaving], shadow: &[Leaving]) -> Outgoing {
    let mut outgoing = Outgoing::default();
    let mut add = |record: Result<OutRecord, OutputError>| match record {
        Ok(record) => outgoing.records.push(record),
        Err(error) => outgoing.failed.push(error),
    };
    let mut shadow = shadow.iter().peekable();
    for Leaving { twin, number, effect, cause } in leaving {
        while let Some(before) = shadow.next_if(|one| one.cause < *cause) {
            add(unheard(before));
        }
        add(alert_record(twin, *number, effect, *cause));
        add(fhir_record(twin, effect, *cause));
    }
    shadow.for_each(|one| add(unheard(one)));
    outgoing
}

fn unheard(Leaving { twin, number, effect, cause }: &Leaving) -> Result<OutRecord, OutputError> {
    shadow_record(twin, *number, effect, *cause)
}
