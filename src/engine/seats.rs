//! The partitions that are here: a shard each, how far it was said, how far its log goes.

use crate::engine::shard::{LogFrame, Shard, StepError, StepOutput};
use crate::kafka::member::Place;
use crate::output::record::OutRecord;
use crate::twin::snapshot::ShardSnapshot;

/// The partitions of an instance, in their order.
#[derive(Debug, Default)]
pub struct Seats {
    /// Beside `seats`: readers want the shards in a row.
    shards: Vec<Shard>,
    seats: Vec<Seat>,
}

/// What is known of a partition beside its shard.
#[derive(Debug)]
struct Seat {
    partition: u32,
    /// Everything that follows from frames before this offset was said.
    committed: u64,
    /// Where the log ended when the partition came.
    end: u64,
    /// Whether it is on its way to another instance: then nothing more happens in it.
    is_leaving: bool,
    /// What was decided and is not committed yet.
    unsaid: Vec<OutRecord>,
}

impl Seats {
    /// Takes in the shard of a partition.
    pub fn sit(&mut self, shard: Shard, place: Place) {
        let partition = shard.twins().partition();
        self.stand(partition);
        let index = self.seats.partition_point(|seat| seat.partition < partition);
        let Place { committed, end } = place;
        let seat = Seat { partition, committed, end, is_leaving: false, unsaid: Vec::new() };
        self.seats.insert(index, seat);
        self.shards.insert(index, shard);
    }

    /// Lets a partition go, with what it had not said.
    pub fn stand(&mut self, partition: u32) {
        if let Some(index) = self.index_of(partition) {
            self.seats.remove(index);
            self.shards.remove(index);
        }
    }

    /// Has a partition stand still: another instance goes on from where it is.
    pub fn still(&mut self, partition: u32) {
        self.seat_mut(partition).into_iter().for_each(|seat| seat.is_leaving = true);
    }

    fn index_of(&self, partition: u32) -> Option<usize> {
        self.seats.iter().position(|seat| seat.partition == partition)
    }

    fn seat_mut(&mut self, partition: u32) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.partition == partition)
    }

    fn both(&self) -> impl Iterator<Item = (&Seat, &Shard)> {
        self.seats.iter().zip(&self.shards)
    }

    /// Has frames of a partition happen, and gives what each part of them did and whether it was said before.
    /// Frames of a partition that is not here, or not for long, are passed over: its next owner reads them.
    ///
    /// # Errors
    /// If a step fails.
    pub fn step(
        &mut self,
        partition: u32,
        frames: Vec<LogFrame>,
    ) -> Result<Vec<(StepOutput, bool)>, StepError> {
        let Some(index) = self.index_of(partition) else { return Ok(Vec::new()) };
        let seat = self.seats.get(index).filter(|seat| !seat.is_leaving);
        let (Some(seat), Some(shard)) = (seat, self.shards.get_mut(index)) else {
            return Ok(Vec::new());
        };
        let committed = seat.committed;
        let (said, unsaid): (Vec<_>, Vec<_>) =
            frames.into_iter().partition(|frame| frame.offset < committed);
        let mut outputs = Vec::new();
        for (frames, is_said) in [(said, true), (unsaid, false)] {
            let needed = shard.needs(&frames);
            shard.recall(&needed);
            outputs.push((shard.step(&frames)?, is_said));
        }
        Ok(outputs)
    }

    /// Keeps what a partition has to say until it is committed.
    pub fn keep(&mut self, partition: u32, records: Vec<OutRecord>) {
        if let Some(seat) = self.seat_mut(partition) {
            seat.unsaid.extend(records);
        }
    }

    /// What is to be said.
    pub fn unsaid(&self) -> impl Iterator<Item = &OutRecord> + Clone {
        self.seats.iter().flat_map(|seat| &seat.unsaid)
    }

    /// How far each partition has come, to be committed with what is to be said. While the log is read again, the
    /// committed position is ahead of the shard.
    pub fn positions(&self) -> Vec<(u32, u64)> {
        let position = |(seat, shard): (&Seat, &Shard)| {
            (seat.partition, shard.next_offset().max(seat.committed))
        };
        self.both().map(position).collect()
    }

    /// Whether a position is further than what is committed.
    pub fn has_moved(&self) -> bool {
        self.both().any(|(seat, shard)| seat.committed < shard.next_offset())
    }

    /// Everything that was to be said is.
    pub fn committed(&mut self, positions: &[(u32, u64)]) {
        for (partition, next) in positions {
            if let Some(seat) = self.seat_mut(*partition) {
                seat.committed = *next;
                seat.unsaid.clear();
            }
        }
    }

    /// Whether everything is committed that was read.
    pub fn is_committed(&self) -> bool {
        !self.has_moved() && self.seats.iter().all(|seat| seat.unsaid.is_empty())
    }

    /// The offset of the next frame of a partition that is here.
    pub fn next_offset(&self, partition: u32) -> Option<u64> {
        let index = self.index_of(partition)?;
        self.shards.get(index).map(Shard::next_offset)
    }

    /// The partitions, and whether each was read up to where its log ended when it came.
    pub fn partitions(&self) -> impl Iterator<Item = (u32, bool)> {
        self.both().map(|(seat, shard)| (seat.partition, seat.end <= shard.next_offset()))
    }

    /// The partitions of a log of `n_partitions` that are not here.
    pub fn missing(&self, n_partitions: u32) -> Vec<u32> {
        (0..n_partitions).filter(|partition| self.index_of(*partition).is_none()).collect()
    }

    /// Frames still to be read before every partition has caught up.
    pub fn n_behind(&self) -> u64 {
        self.both().map(|(seat, shard)| seat.end.saturating_sub(shard.next_offset())).sum()
    }

    /// The shards.
    pub fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// The shards, for who writes their checkpoints.
    pub fn shards_mut(&mut self) -> &mut [Shard] {
        &mut self.shards
    }

    /// The shards as they are, for readers.
    pub fn snapshots(&mut self) -> Vec<ShardSnapshot> {
        self.shards.iter_mut().map(Shard::snapshot).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(partitions: &[u32]) -> Seats {
        let mut seats = Seats::default();
        for partition in partitions {
            seats.sit(Shard::new(*partition), Place { committed: 7, end: 9 });
        }
        seats
    }

    #[test]
    fn partitions_come_and_go_in_any_order() {
        let mut seats = seats(&[2, 0]);
        assert_eq!(seats.partitions().collect::<Vec<_>>(), [(0, false), (2, false)]);
        assert_eq!(seats.missing(4), [1, 3]);
        assert_eq!(seats.positions(), [(0, 7), (2, 7)], "never back behind what was said");
        assert_eq!(seats.n_behind(), 18);
        seats.stand(0);
        seats.stand(1);
        assert_eq!(seats.missing(3), [0, 1]);
        assert_eq!(seats.shards().len(), 1);
    }

    #[test]
    fn what_was_not_said_goes_with_its_partition() {
        let mut seats = seats(&[0, 1]);
        let record = |key: &str| OutRecord {
            topic: "t",
            key: key.to_owned(),
            headers: vec![],
            value: String::new(),
        };
        seats.keep(0, vec![record("a")]);
        seats.keep(1, vec![record("b")]);
        seats.stand(0);
        assert_eq!(seats.unsaid().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["b"]);
        assert!(!seats.is_committed());
        seats.committed(&[(1, 7)]);
        assert!(seats.is_committed());
    }
}
