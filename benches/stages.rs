//! The stages of the main path one by one, in nanoseconds of processor time per Observation.
//!
//! ```text
//! decode    JSON of about 1 KB, six senders' layouts ─► event
//! encode    event ─► frames of 1,024
//! read      frame ─► events
//! apply     events ─► twins
//! evaluate  twins ─► scores, episodes, effects of the pipelines that ship
//! fork      one patient's twin, of about 100 and about 1,000 Observations and as many scores
//! ```
//! Run by `cargo bench`. Each stage is measured several times; the least is what it costs, the rest is
//! the machine's noise.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use twinstream::bench::ward::{Ward, WardRecord, source};
use twinstream::domain::event::{Clock, Control, Event, EventBody};
use twinstream::domain::identity::SourcePosition;
use twinstream::domain::promotion::Promotions;
use twinstream::domain::time::{Span, Timestamp};
use twinstream::engine::appender::Appender;
use twinstream::engine::library::Library;
use twinstream::engine::promoting::put_live;
use twinstream::engine::shard::{LogFrame, Shard};
use twinstream::ingest::decoder::Decoder;
use twinstream::ingest::site::Site;
use twinstream::ingest::source::SourceRecord;
use twinstream::log::decode::decode_frame;
use twinstream::telemetry::thread_cpu_time;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const N_PATIENTS: u64 = 10_000;
const N_RECORDS: u64 = 200_000;
const N_ROUNDS: usize = 3;
/// 2026-01-01.
const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const APART: Span = Span::from_micros(5_000);
/// When the last of the records was measured: `N_RECORDS` times `APART` later.
const END: Timestamp = START.plus(Span::from_seconds(1_000));

fn main() {
    let ward = Ward { n_patients: N_PATIENTS, red_every: 200 };
    let site = Site::read(include_str!("../deploy/site.yaml")).expect("the site file is right");
    let site = Arc::new(site);
    let spec = source();
    let (admissions, vitals) = records(ward);
    let now = END.plus(Span::from_minutes(1));
    let decode = |records: &[WardRecord], each: &mut dyn FnMut(&Event<'_>)| {
        let mut decoder = Decoder::new(site.clone());
        for (offset, record) in (0..).zip(records) {
            let record = SourceRecord {
                position: SourcePosition::new("bench", 0, offset),
                key: None,
                headers: Vec::new(),
                payload: record.payload.as_bytes(),
                timestamp: now,
                raw_key: None,
            };
            decoder.decode(&spec, &record, now).events.iter().for_each(&mut *each);
        }
    };
    let decoding = least(|| {
        decode(&vitals, &mut |event| {
            black_box(event);
        })
    });
    let frames_of = |records: &[WardRecord]| {
        let mut appender = Appender::new(1);
        decode(records, &mut |event| appender.push(event));
        appender.take().into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>()
    };
    let encoding = least(|| drop(black_box(frames_of(&vitals))));
    let frames = frames_of(&vitals);
    let reading = least(|| {
        for frame in &frames {
            black_box(decode_frame(frame).expect("a frame of ours"));
        }
    });
    let before = frames_of(&admissions);
    let plain = stepped(&[], &before, &frames, now);
    let library = Library::shipped().expect("the pipelines are right");
    let full = stepped(&definitions(&library), &before, &frames, now);
    report("decode", decoding);
    report("encode", encoding.saturating_sub(decoding));
    report("read", reading);
    report("apply", plain.saturating_sub(reading));
    report("evaluate", full.saturating_sub(plain));
    report("together", encoding + full);
    for n_facts in [100, 1_000] {
        let ward = Ward { n_patients: N_RECORDS / n_facts, red_every: 200 };
        let (admissions, vitals) = records(ward);
        let frames = [definitions(&library), frames_of(&admissions), frames_of(&vitals)].concat();
        let nanos = forked(&frames, now, ward.n_patients).as_nanos();
        println!("{:<10} {nanos:>6} ns a patient of {n_facts} Observations", "fork");
    }
}

/// The admissions of a ward, and its vital signs one after the other.
fn records(ward: Ward) -> (Vec<WardRecord>, Vec<WardRecord>) {
    let mut at = START;
    let vitals = (0..N_RECORDS).map(|number| {
        at = at.plus(APART);
        ward.vital(number, at)
    });
    (ward.admissions(START.minus(Span::from_days(1))).collect(), vitals.collect())
}

/// What a fork of one patient costs a shard that was told these frames, in the mean of all patients.
fn forked(frames: &[Vec<u8>], now: Timestamp, n_patients: u64) -> Duration {
    let frame = |(offset, bytes): (u64, &Vec<u8>)| LogFrame {
        offset,
        appended_at: now,
        bytes: bytes.clone(),
    };
    let frames: Vec<LogFrame> = (0..).zip(frames).map(frame).collect();
    let mut shard = Shard::new(0);
    shard.step(&frames).expect("frames of ours");
    let n_patients = u32::try_from(n_patients).expect("few patients");
    let all = least(|| {
        for patient in 0..n_patients {
            black_box(shard.fork(&[patient]));
        }
    });
    all / n_patients
}

/// The frame that puts the pipelines in force.
fn definitions(library: &Library) -> Vec<Vec<u8>> {
    let mut appender = Appender::new(1);
    let by = ("the benches", "what they cost is what is measured");
    let live = put_live(library, &Promotions::default(), by, Timestamp::from_micros(0));
    for control in library.changes(&std::collections::BTreeMap::new()).into_iter().chain(live) {
        let source = SourcePosition::new("twin", 0, 0);
        appender.add(0, &Event { source, available_at: None, body: EventBody::Control(control) });
    }
    appender.take().into_iter().map(|(_, bytes)| bytes).collect()
}

/// What the frames of vitals cost a shard that has seen those before.
fn stepped(
    definitions: &[Vec<u8>],
    before: &[Vec<u8>],
    frames: &[Vec<u8>],
    now: Timestamp,
) -> Duration {
    let opened = Control::Opened { n_partitions: 1, clock: Clock::Live };
    let mut appender = Appender::new(1);
    let source = SourcePosition::new("twin", 0, 0);
    appender.add(0, &Event { source, available_at: None, body: EventBody::Control(opened) });
    let opened: Vec<Vec<u8>> = appender.take().into_iter().map(|(_, bytes)| bytes).collect();
    let frame = |(offset, bytes): (u64, &Vec<u8>)| LogFrame {
        offset,
        appended_at: now,
        bytes: bytes.clone(),
    };
    let first = opened.iter().chain(definitions).chain(before);
    let first: Vec<LogFrame> = (0..).zip(first).map(frame).collect();
    let next = u64::try_from(first.len()).expect("few frames");
    let then: Vec<LogFrame> = (next..).zip(frames).map(frame).collect();
    let mut least = Duration::MAX;
    for _ in 0..N_ROUNDS {
        let mut shard = Shard::new(0);
        shard.step(&first).expect("frames of ours");
        let since = thread_cpu_time();
        for frame in &then {
            black_box(shard.step(std::slice::from_ref(frame)).expect("frames of ours"));
        }
        least = least.min(thread_cpu_time().saturating_sub(since));
    }
    least
}

fn least(mut run: impl FnMut()) -> Duration {
    let mut least = Duration::MAX;
    for _ in 0..N_ROUNDS {
        let since = thread_cpu_time();
        run();
        least = least.min(thread_cpu_time().saturating_sub(since));
    }
    least
}

fn report(stage: &str, time: Duration) {
    let nanos = time.as_nanos() / u128::from(N_RECORDS);
    println!("{stage:<10} {nanos:>6} ns");
}
