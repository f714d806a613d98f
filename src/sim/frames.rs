//! Frames of the log as the simulator makes them: one event each, or many.

use std::collections::BTreeMap;

use crate::domain::event::{Clock, Control, Event, EventBody};
use crate::domain::identity::SourcePosition;
use crate::domain::promotion::Promotions;
use crate::domain::time::Timestamp;
use crate::engine::library::Library;
use crate::engine::promoting::put_live;
use crate::log::decode::decode_frame;
use crate::log::encode::FrameWriter;
use crate::sim::dice::Dice;

/// The bytes of a frame.
pub type Bytes = Vec<u8>;

/// A control event.
pub fn control(control: Control<'_>, available_at: Option<Timestamp>) -> Event<'_> {
    let source = SourcePosition::new("twin", 0, 0);
    Event { source, available_at, body: EventBody::Control(control) }
}

/// The frame of these events.
pub fn frame<'e>(events: impl IntoIterator<Item = &'e Event<'e>>) -> Bytes {
    let mut writer = FrameWriter::default();
    events.into_iter().for_each(|event| writer.push(event));
    writer.finish()
}

/// The frames that open a log of one partition with the pipelines that ship.
pub fn opening(clock: Clock) -> Vec<Bytes> {
    let library = Library::shipped().expect("the pipelines that ship are right");
    let nothing = BTreeMap::new();
    let opened = Control::Opened { n_partitions: 1, clock };
    let by = ("twin sim", "what they say is what is tried");
    let live = put_live(&library, &Promotions::default(), by, Timestamp::from_micros(0));
    let controls = std::iter::once(opened).chain(library.changes(&nothing)).chain(live);
    controls.map(|one| frame([&control(one, None)])).collect()
}

/// The events of a frame of our own.
pub fn events(bytes: &[u8]) -> Vec<Event<'_>> {
    decode_frame(bytes).expect("a frame of our own can be read")
}

/// The same events, of a log whose own clock says when they became known.
pub fn without_times(bytes: &[u8]) -> Bytes {
    let live = |event| Event { available_at: None, ..event };
    let events: Vec<Event<'_>> = events(bytes).into_iter().map(live).collect();
    frame(&events)
}

/// When the newest of the frame's events became available.
pub fn available_at(bytes: &[u8]) -> Option<Timestamp> {
    events(bytes).iter().filter_map(|event| event.available_at).max()
}

/// The same events in the same order, in frames of up to `events_max`.
pub fn recut(dice: &mut Dice, frames: &[Bytes], events_max: u64) -> Vec<Bytes> {
    let (mut cut, mut writer) = (Vec::new(), FrameWriter::default());
    let mut room = 1 + dice.below(events_max);
    for bytes in frames {
        for event in events(bytes) {
            writer.push(&event);
            room -= 1;
            if room == 0 {
                cut.push(writer.finish());
                room = 1 + dice.below(events_max);
            }
        }
    }
    if 0 < writer.n_events() {
        cut.push(writer.finish());
    }
    cut
}
