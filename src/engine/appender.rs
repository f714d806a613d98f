//! Sorts events into frames by partition: at rest a frame is one event, under load it is many.

use crate::domain::event::{Control, Event, EventBody};
use crate::log::encode::FrameWriter;
use crate::log::partition::partition_of;

/// Events of a frame beyond which it is closed: a frame is one record of Kafka, whose cost per record
/// is then shared by a thousand.
const FRAME_EVENTS_MAX: usize = 1_024;
/// Bytes of a frame beyond which it is closed, so that a slow reader is not given megabytes at once.
const FRAME_BYTES_MAX: usize = 256 << 10;

/// The partition whose owner tells all others what acts on every shard.
pub const COORDINATOR: u32 = 0;

/// Frames that are being filled, one per partition.
#[derive(Debug)]
pub struct Appender {
    frames: Vec<FrameWriter>,
    closed: Vec<(u32, Vec<u8>)>,
    n_events: usize,
    /// Working memory for the name of a twin.
    name: String,
}

impl Appender {
    /// An appender to a log of `n_partitions`.
    pub fn new(n_partitions: u32) -> Appender {
        let frames = (0..n_partitions).map(|_| FrameWriter::default()).collect();
        Appender { frames, closed: Vec::new(), n_events: 0, name: String::new() }
    }

    /// Adds an event: to its patient's partition, or to every one where it is about none. A promotion is told to the
    /// first partition, whose shard tells it to all others.
    pub fn push(&mut self, event: &Event<'_>) {
        if let EventBody::Control(Control::Promotion(_)) = &event.body {
            return self.add(COORDINATOR, event);
        }
        let n_partitions = u32::try_from(self.frames.len()).unwrap_or(u32::MAX);
        match event.body.twin() {
            Some(twin) => {
                let partition = partition_of(twin, n_partitions, &mut self.name);
                self.add(partition, event);
            }
            None => (0..n_partitions).for_each(|partition| self.add(partition, event)),
        }
    }

    /// Adds an event to one partition.
    pub fn add(&mut self, partition: u32, event: &Event<'_>) {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        let Some(frame) = self.frames.get_mut(index) else { return };
        frame.push(event);
        self.n_events += 1;
        if FRAME_EVENTS_MAX <= frame.n_events() || FRAME_BYTES_MAX <= frame.size_bytes() {
            self.closed.push((partition, frame.finish()));
        }
    }

    /// How many events wait.
    pub fn n_events(&self) -> usize {
        self.n_events
    }

    /// Takes every frame, partition by partition in the order in which they were closed.
    pub fn take(&mut self) -> Vec<(u32, Vec<u8>)> {
        let mut taken = std::mem::take(&mut self.closed);
        for (partition, frame) in (0..).zip(&mut self.frames) {
            if 0 < frame.n_events() {
                taken.push((partition, frame.finish()));
            }
        }
        self.n_events = 0;
        taken
    }
}
