//! What the same work costs with one instance, with two and with four: processor time of all of them per Observation.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use crate::bench::fleet::Fleet;
use crate::bench::harness::{Bench, BenchError};
use crate::bench::ward::Ward;
use crate::clock::{Stopwatch, now};
use crate::domain::time::Span;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::group::GroupReader;
use crate::kafka::producer::CountingProducer;

/// Patients of the ward.
const N_PATIENTS: u64 = 10_000;
/// One in so many respiratory rates is red.
const RED_EVERY: u64 = 200;
/// The Observations lie this far apart in the patients' time.
const APART: Span = Span::from_micros(5_000);
/// Brokers have this long to answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How often to look whether all is done.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Nothing here takes longer on a machine that works.
const PATIENCE: Duration = Duration::from_secs(600);

/// What so many instances cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Instances.
    pub n_instances: usize,
    /// Records of the source.
    pub n_records: u64,
    /// Processor time of all instances, their starts included.
    pub cpu: Duration,
    /// Time from their starts until everything was said.
    pub wall: Duration,
}

/// Has `n_instances` of the program `twin` eat up a backlog of `n_records` Observations.
///
/// # Errors
/// If Kafka fails, or an instance ends by itself.
pub fn run(
    twin: &Path,
    bench: &Bench,
    folder: &Path,
    n_instances: usize,
    n_records: u64,
) -> Result<Cost, BenchError> {
    let n_records = produce(bench, n_records)?;
    let kafka = &bench.run.kafka;
    let mut fleet = Fleet::new(twin, folder, kafka, &bench.topic, bench.run.n_partitions)?;
    let watch = Stopwatch::start();
    for number in 0..n_instances {
        fleet.start(&format!("i{number}"), false)?;
    }
    let (log, source) = (GroupReader::new(kafka)?, SourceReader::new(bench)?);
    loop {
        thread::park_timeout(LOOK_INTERVAL);
        fleet.check()?;
        // Of the log last: what was taken before it was asked is in it.
        let is_taken = source.is_taken()?;
        let progress = log.progress(bench.run.n_partitions)?;
        if is_taken && progress.iter().all(|one| 0 < one.end && one.end == one.said) {
            break;
        }
        if PATIENCE < watch.elapsed() {
            return Err(BenchError::Wrong("the backlog is not eaten up".to_owned()));
        }
    }
    let (cpu, wall) = (fleet.cpu(), watch.elapsed());
    fleet.stop_all()?;
    Ok(Cost { n_instances, n_records, cpu, wall })
}

/// Writes the backlog, and gives how many records it has.
fn produce(bench: &Bench, n_records: u64) -> Result<u64, BenchError> {
    let ward = Ward { n_patients: N_PATIENTS, red_every: RED_EVERY };
    let mut config = bench.run.kafka.producer();
    config.set("linger.ms", "20");
    let producer = CountingProducer::new(&config)?;
    let span =
        Span::from_micros(APART.micros().saturating_mul(i64::try_from(n_records).unwrap_or(0)));
    let mut at = now().minus(span).minus(Span::from_minutes(1));
    for record in ward.admissions(at.minus(Span::from_days(1))) {
        bench.send(&producer, &record.key, &record.payload)?;
    }
    for number in 0..n_records {
        let record = ward.vital(number, at);
        bench.send(&producer, &record.key, &record.payload)?;
        at = at.plus(APART);
    }
    producer.flush()?;
    Ok(n_records + N_PATIENTS)
}

/// Asks how far the source was taken, without joining.
struct SourceReader {
    consumer: BaseConsumer,
    topic: String,
    n_partitions: i32,
}

impl SourceReader {
    fn new(bench: &Bench) -> Result<SourceReader, BenchError> {
        let kafka = &bench.run.kafka;
        let consumer = kafka.consumer(&format!("{}-ingest", kafka.group)).create();
        let consumer = consumer.map_err(KafkaFailure::of("make a consumer"))?;
        let n_partitions = i32::try_from(bench.run.n_partitions).unwrap_or(i32::MAX);
        Ok(SourceReader { consumer, topic: bench.topic.clone(), n_partitions })
    }

    fn is_taken(&self) -> Result<bool, BenchError> {
        let mut list = TopicPartitionList::new();
        (0..self.n_partitions).for_each(|partition| {
            list.add_partition(&self.topic, partition);
        });
        let found = self.consumer.committed_offsets(list, ANSWER_MAX);
        let found = found.map_err(KafkaFailure::of("find how far the source was taken"))?;
        for partition in 0..self.n_partitions {
            let ends = self.consumer.fetch_watermarks(&self.topic, partition, ANSWER_MAX);
            let (_, end) = ends.map_err(KafkaFailure::of("find the end of the source"))?;
            let taken = found.find_partition(&self.topic, partition);
            let taken = taken.is_some_and(|one| one.offset() == Offset::Offset(end));
            if !taken && 0 < end {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
