//! Turns what leaves a shard into records for topics.

use crate::engine::shard::Leaving;
use crate::output::record::{OutRecord, OutputError, alert_record};

/// Records on their way out.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// The records, in order.
    pub records: Vec<OutRecord>,
}

/// The records of effects.
///
/// # Errors
/// If one cannot be written, which is our own mistake.
pub fn render(leaving: &[Leaving]) -> Result<Outgoing, OutputError> {
    let mut outgoing = Outgoing::default();
    for Leaving { twin, effect, cause } in leaving {
        outgoing.records.push(alert_record(twin, effect, *cause)?);
    }
    Ok(outgoing)
}
