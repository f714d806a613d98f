//! Questions about a million twins, in milliseconds: the whole question, and without what reading and
//! planning it costs, which is what the same question costs about nobody.
//!
//! Run by `cargo bench --bench sql`. Each question is asked several times; the least is what it costs.

use std::sync::Arc;
use std::time::Duration;

use twinstream::bench::ward::{Ward, source};
use twinstream::clock::Stopwatch;
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
use twinstream::sql::format;
use twinstream::sql::query::{QueryLimits, run};
use twinstream::sql::session::Session;
use twinstream::twin::snapshot::ShardSnapshot;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const N_PATIENTS: u64 = 1_000_000;
const N_PARTITIONS: u32 = 4;
const N_ROUNDS: usize = 7;
/// Records between two steps, so that what is on its way does not outgrow the twins.
const STEP_RECORDS: u64 = 50_000;
/// 2026-01-01.
const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

fn main() {
    let shards = Arc::new(twins());
    let known = shards.iter().map(|shard| shard.known_through).min().unwrap_or(Timestamp::MIN);
    let as_of = format!("SELECT count(*) FROM as_of('patients', '{known}') WHERE news2 >= 3");
    for sql in [
        "SELECT count(*) FROM patients WHERE news2 >= 7",
        "SELECT count(*) FROM patients WHERE news2 >= 3",
        "SELECT patient, news2 FROM patients WHERE news2 >= 3 ORDER BY news2 DESC, patient LIMIT 20",
        "SELECT * FROM patients WHERE patient = 'bench/bench-777777'",
        "SELECT * FROM risks WHERE patient = 'bench/bench-777777'",
        "SELECT * FROM encounters WHERE patient = 'bench/bench-777777'",
        &as_of,
    ] {
        let (whole, n_rows) = least(&shards, sql);
        let (planned, _) = match sql.contains("as_of(") {
            true => least(&Arc::default(), "SELECT count(*) FROM patients WHERE news2 >= 3"),
            false => least(&Arc::default(), sql),
        };
        let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
        let net = whole.saturating_sub(planned);
        println!("{:>8.2} ms {:>8.2} ms net {n_rows:>7} rows  {sql}", millis(whole), millis(net));
    }
    let (mut session, limits) = (Session::default(), QueryLimits::default());
    let runtime = runtime();
    let sql = "SELECT count(*) AS n, count(news2) AS scored FROM patients";
    let answer = runtime.block_on(run(shards, sql, &mut session, limits)).expect("it is right");
    println!("{}", format::csv(&answer).expect("numbers are text"));
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().expect("a runtime")
}

/// The least time a question takes, and the rows of its answer.
fn least(shards: &Arc<Vec<ShardSnapshot>>, sql: &str) -> (Duration, usize) {
    let runtime = runtime();
    let (mut least, mut n_rows) = (Duration::MAX, 0);
    for _ in 0..N_ROUNDS {
        let (mut session, limits) = (Session::default(), QueryLimits::default());
        let since = Stopwatch::start();
        let asked = run(shards.clone(), sql, &mut session, limits);
        let answer = runtime.block_on(asked).expect("a question of ours");
        least = least.min(since.elapsed());
        n_rows = answer.batches.iter().map(|batch| batch.num_rows()).sum();
    }
    (least, n_rows)
}

/// A million patients with one vital sign and one score each.
fn twins() -> Vec<ShardSnapshot> {
    let site = Site::read(include_str!("../deploy/site.yaml")).expect("the site file is right");
    let mut decoder = Decoder::new(Arc::new(site));
    let mut appender = Appender::new(N_PARTITIONS);
    let mut shards: Vec<Shard> = (0..N_PARTITIONS).map(Shard::new).collect();
    let mut offsets = vec![0_u64; shards.len()];
    let library = Library::shipped().expect("the pipelines are right");
    let opened = Control::Opened { n_partitions: N_PARTITIONS, clock: Clock::Live };
    let nothing = std::collections::BTreeMap::new();
    let definitions = library.changes(&nothing);
    let by = ("the benches", "what they cost is what is measured");
    let live = put_live(&library, &Promotions::default(), by, START);
    for control in std::iter::once(opened).chain(definitions).chain(live) {
        let source = SourcePosition::new("twin", 0, 0);
        appender.push(&Event { source, available_at: None, body: EventBody::Control(control) });
    }
    let spec = source();
    let ward = Ward { n_patients: N_PATIENTS, red_every: 20 };
    let at = START.minus(Span::from_minutes(5));
    for number in 0..N_PATIENTS {
        let record = ward.vital(number, at);
        let record = SourceRecord {
            position: SourcePosition::new("bench", 0, i64::try_from(number).expect("a million")),
            key: None,
            headers: Vec::new(),
            payload: record.payload.as_bytes(),
            timestamp: START,
            raw_key: None,
        };
        let decoded = decoder.decode(&spec, &record, START);
        decoded.events.iter().for_each(|event| appender.push(event));
        if (number + 1) % STEP_RECORDS == 0 {
            step(&mut shards, &mut offsets, &mut appender);
        }
    }
    step(&mut shards, &mut offsets, &mut appender);
    shards.iter_mut().map(Shard::snapshot).collect()
}

fn step(shards: &mut [Shard], offsets: &mut [u64], appender: &mut Appender) {
    for (partition, bytes) in appender.take() {
        let index = usize::try_from(partition).expect("few partitions");
        let (Some(shard), Some(offset)) = (shards.get_mut(index), offsets.get_mut(index)) else {
            continue;
        };
        let frame = LogFrame { offset: *offset, appended_at: START, bytes };
        *offset += 1;
        shard.step(&[frame]).expect("a frame of ours");
    }
}
