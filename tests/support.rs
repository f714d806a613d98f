//! What the tests share: the reference site, sources, and a shard with the ingest in front of it.

use std::sync::Arc;

use twinstream::domain::event::{Clock, Control, Event, EventBody};
use twinstream::domain::fact::{Body, Fact, Origin};
use twinstream::domain::identity::{SourcePosition, TwinId};
use twinstream::domain::moment::Moment;
use twinstream::domain::promotion::Promotions;
use twinstream::domain::signal::Signal;
use twinstream::domain::time::Timestamp;
use twinstream::domain::zone::Zone;
use twinstream::engine::library::Library;
use twinstream::engine::promoting::put_live;
use twinstream::engine::shard::{Leaving, LogFrame, Shard};
use twinstream::ingest::decoder::{Decoded, Decoder};
use twinstream::ingest::letter::Letter;
use twinstream::ingest::site::Site;
use twinstream::ingest::source::{Format, PatientFrom, SourceRecord, SourceSpec};
use twinstream::log::encode::FrameWriter;
use twinstream::twin::read::Measured;

/// The namespace of every source of the tests.
pub const NAMESPACE: &str = "test";

/// An instant of RFC 3339.
pub fn at(text: &str) -> Timestamp {
    match Moment::parse(text) {
        Ok(Moment::Instant { at, .. }) => at,
        other => panic!("{text} is no instant: {other:?}"),
    }
}

/// The signal of a name.
pub fn signal(name: &str) -> Signal {
    Signal::named(name).unwrap_or_else(|| panic!("there is no signal {name}"))
}

/// The reference site.
pub fn site() -> Arc<Site> {
    Arc::new(Site::read(include_str!("../deploy/site.yaml")).expect("the site file that ships"))
}

/// A clinical source of a format, that names patients where the format does.
pub fn source(format: Format) -> SourceSpec {
    SourceSpec {
        name: "test".to_owned(),
        format,
        namespace: NAMESPACE.to_owned(),
        patient_from: PatientFrom::Subject,
        origin: Origin::Clinical,
        zone: Zone::UTC,
        schemas: None,
    }
}

/// The record `offset` of the topic `test`, produced at `timestamp`.
pub fn record(payload: &[u8], offset: i64, timestamp: Timestamp) -> SourceRecord<'_> {
    SourceRecord {
        position: SourcePosition::new("test", 0, offset),
        key: None,
        headers: Vec::new(),
        payload,
        timestamp,
        raw_key: None,
    }
}

/// The facts of the only patient in what was decoded.
pub fn facts<'d, 'a>(decoded: &'d Decoded<'a>) -> Vec<&'d Fact<'a>> {
    let of = |event: &'d Event<'a>| match &event.body {
        EventBody::Patient { resources, .. } => resources.iter().flat_map(|r| &r.facts).collect(),
        EventBody::Directory { .. }
        | EventBody::Control(_)
        | EventBody::Response { .. }
        | EventBody::Claim { .. }
        | EventBody::Transfer { .. } => Vec::new(),
    };
    decoded.events.iter().flat_map(of).collect()
}

/// The samples among facts as `signal value unit`, or `signal reason "value" "unit"`.
pub fn samples(decoded: &Decoded<'_>) -> Vec<String> {
    use twinstream::domain::fact::Reading;
    let text = |fact: &&Fact<'_>| match &fact.body {
        Body::Sample(sample) => Some(match &sample.reading {
            Reading::Value { value, comparator, .. } => {
                let sign = comparator.map_or("", |comparator| comparator.sign());
                let unit = sample.signal.spec().unit;
                let text =
                    format!("{} {sign}{} {unit}", sample.signal, sample.signal.text_of(*value));
                text.trim_end().to_owned()
            }
            Reading::Unusable { reason, raw } => {
                format!("{} {reason} {:?} {:?}", sample.signal, raw.value, raw.unit)
            }
        }),
        Body::Statement(_) => None,
    };
    facts(decoded).iter().filter_map(text).collect()
}

/// A control event.
pub fn control(control: Control<'_>, available_at: Option<Timestamp>) -> Event<'_> {
    let source = SourcePosition::new("twin", 0, 0);
    Event { source, available_at, body: EventBody::Control(control) }
}

/// The bytes of a frame of these events.
pub fn frame<'e>(events: impl IntoIterator<Item = &'e Event<'e>>) -> Vec<u8> {
    let mut writer = FrameWriter::default();
    events.into_iter().for_each(|event| writer.push(event));
    writer.finish()
}

/// The bytes of a frame of one event.
pub fn frame_of(event: &Event<'_>) -> Vec<u8> {
    frame([event])
}

/// The events that open a log of one partition on a recorded clock with the pipelines that ship, all of them live.
pub fn opening() -> Vec<Vec<u8>> {
    opening_of(&Library::shipped().expect("the pipelines that ship"))
}

/// The same with the pipelines of a library.
pub fn opening_of(library: &Library) -> Vec<Vec<u8>> {
    let live = live(library).into_iter().map(|one| frame([&control(one, None)]));
    defining(library).into_iter().chain(live).collect()
}

/// The same, where nobody has decided anything.
pub fn opening_in_shadow() -> Vec<Vec<u8>> {
    defining(&Library::shipped().expect("the pipelines that ship"))
}

fn defining(library: &Library) -> Vec<Vec<u8>> {
    let opened = Control::Opened { n_partitions: 1, clock: Clock::Recorded };
    let nothing = std::collections::BTreeMap::new();
    let definitions = library.changes(&nothing);
    let controls = std::iter::once(opened).chain(definitions);
    controls.map(|one| frame([&control(one, None)])).collect()
}

/// The events that put the pipelines of a library live.
pub fn live(library: &Library) -> Vec<Control<'static>> {
    let by = ("the tests", "what they say is what is tested");
    put_live(library, &Promotions::default(), by, Timestamp::from_micros(0))
}

/// A frame of the log.
pub fn log_frame(offset: usize, bytes: Vec<u8>) -> LogFrame {
    let offset = u64::try_from(offset).expect("a small number");
    LogFrame { offset, appended_at: Timestamp::from_micros(0), bytes }
}

/// A shard with the ingest in front of it, on a recorded clock.
pub struct Ward {
    pub decoder: Decoder,
    pub shard: Shard,
    /// What pipelines in shadow would have said.
    pub unheard: Vec<Leaving>,
    frames: Vec<Vec<u8>>,
    n_records: i64,
}

impl Ward {
    /// With the reference site and the pipelines that ship.
    pub fn open() -> Ward {
        Ward::opened_by(opening())
    }

    /// The same, where nobody has decided anything about pipelines.
    pub fn open_in_shadow() -> Ward {
        Ward::opened_by(opening_in_shadow())
    }

    fn opened_by(opening: Vec<Vec<u8>>) -> Ward {
        let (decoder, shard) = (Decoder::new(site()), Shard::new(0));
        let (unheard, frames) = (Vec::new(), Vec::new());
        let mut ward = Ward { decoder, shard, unheard, frames, n_records: 0 };
        for bytes in opening {
            ward.append(bytes);
        }
        ward
    }

    fn append(&mut self, bytes: Vec<u8>) -> Vec<Leaving> {
        let frame = log_frame(self.frames.len(), bytes.clone());
        self.frames.push(bytes);
        let output = self.shard.step(&[frame]).expect("a frame of our own");
        self.unheard.extend(output.shadow.clone());
        let followed = output.forwards.iter().map(|event| frame_of(event));
        let followed: Vec<Vec<u8>> = followed.collect();
        let more = followed.into_iter().flat_map(|bytes| self.append(bytes));
        output.leaving.into_iter().chain(more.collect::<Vec<_>>()).collect()
    }

    /// A record arrives at `now`: what was refused of it, and what leaves.
    pub fn receive(
        &mut self,
        spec: &SourceSpec,
        payload: &[u8],
        now: Timestamp,
    ) -> (Option<Letter>, Vec<Leaving>) {
        self.n_records += 1;
        let record = record(payload, self.n_records, now);
        let decoded = self.decoder.decode(spec, &record, now);
        let available = |event: Event<'_>| frame([&Event { available_at: Some(now), ..event }]);
        let frames: Vec<Vec<u8>> = decoded.events.into_iter().map(available).collect();
        let leaving = frames.into_iter().flat_map(|bytes| self.append(bytes)).collect();
        (decoded.letter, leaving)
    }

    /// Time passes.
    pub fn tick(&mut self, at: Timestamp) -> Vec<Leaving> {
        self.order(Control::Tick { at }, at)
    }

    /// A control event comes at `now`.
    pub fn order(&mut self, body: Control<'_>, now: Timestamp) -> Vec<Leaving> {
        self.append(frame([&control(body, Some(now))]))
    }

    /// An event comes.
    pub fn happen(&mut self, event: &Event<'_>) -> Vec<Leaving> {
        self.append(frame([event]))
    }

    /// The log so far, frame by frame.
    pub fn frames(&self) -> &[Vec<u8>] {
        &self.frames
    }

    fn number(&self, patient: &str) -> Option<u32> {
        self.shard.twins().patient(&TwinId::new(NAMESPACE, patient))
    }

    /// The newest clinical value of a signal, whenever it was measured.
    pub fn newest(&self, patient: &str, name: &str) -> Option<Measured> {
        let ever = (Timestamp::MIN, Timestamp::FOREVER);
        self.shard.twins().latest(self.number(patient)?, signal(name), &[Origin::Clinical], ever)
    }

    /// How many current values of any signal and origin a patient has.
    pub fn n_samples(&self, patient: &str) -> usize {
        let Some(number) = self.number(patient) else { return 0 };
        let ever = (Timestamp::MIN, Timestamp::FOREVER);
        let of = |signal| self.shard.twins().window(number, signal, &Origin::ALL, ever).len();
        Signal::all().map(of).sum()
    }
}
