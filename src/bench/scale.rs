//! What the same work costs with one instance, with two and with four: processor time of all of them per Observation.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::bench::fleet::Fleet;
use crate::bench::harness::{Bench, BenchError};
use crate::bench::throughput::backlog;
use crate::clock::Stopwatch;
use crate::kafka::group::GroupReader;
use crate::kafka::watch::KafkaWatch;

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
    let n_records = backlog(bench, n_records)?;
    let kafka = &bench.run.kafka;
    let mut fleet = Fleet::new(twin, folder, kafka, &bench.topic, bench.run.n_partitions)?;
    let watch = Stopwatch::start();
    for number in 0..n_instances {
        fleet.start(&format!("i{number}"), false)?;
    }
    let (log, source) = (GroupReader::new(kafka)?, KafkaWatch::open(kafka, "ingest")?);
    let n_partitions = i32::try_from(bench.run.n_partitions).unwrap_or(i32::MAX);
    let partitions: Vec<(String, i32)> =
        (0..n_partitions).map(|partition| (bench.topic.clone(), partition)).collect();
    loop {
        thread::park_timeout(LOOK_INTERVAL);
        fleet.check()?;
        // Of the log last: what was taken before it was asked is in it.
        let (ends, taken) = (source.ends(&partitions)?, source.committed(&partitions)?);
        let is_taken = ends.iter().all(|(one, end)| *end == taken.get(one).copied().unwrap_or(0));
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
