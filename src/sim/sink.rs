//! What a consumer that reads committed sees: effects and the position they follow from, together or not
//! at all.

use crate::output::record::OutRecord;
use crate::sim::fuse::{Fuse, Last, Stopped};

/// Effects that were committed, in order.
#[derive(Debug)]
pub struct SimSink {
    committed: u64,
    records: Vec<OutRecord>,
    fuse: Fuse,
}

impl SimSink {
    /// Nothing was said yet.
    pub fn new(fuse: Fuse) -> SimSink {
        SimSink { committed: 0, records: Vec::new(), fuse }
    }

    /// The offset before which everything that follows from the log was said.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// Everything that was said.
    pub fn records(&self) -> &[OutRecord] {
        &self.records
    }

    /// Commits effects and the position of the next frame. A transaction that is torn is none.
    ///
    /// # Errors
    /// If the machine stops.
    pub fn commit(&mut self, next: u64, records: Vec<OutRecord>) -> Result<(), Stopped> {
        let last = self.fuse.burn();
        if let None | Some(Last::Unanswered) = last {
            self.committed = next;
            self.records.extend(records);
        }
        last.map_or(Ok(()), |_| Err(Stopped))
    }
}
