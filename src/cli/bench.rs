//! `twin bench`: what the product costs and how quick it is, against a real Kafka.

use anyhow::Result;
use serde::Serialize;

use twinstream::bench::harness::{Bench, Measured};
use twinstream::bench::state::StateSpec;
use twinstream::bench::{latency, memory, state, throughput};

use crate::cli::args::{LatencyArgs, MemoryArgs, OutputArg, StateArgs, ThroughputArgs};
use crate::cli::pages;

/// The load that the bench of the state stands for.
const OBSERVATIONS_PER_SECOND: u64 = 100_000;
/// The site file that ships.
pub(super) const REFERENCE_SITE: &str = include_str!("../../deploy/site.yaml");

#[derive(Serialize)]
struct Stage {
    stage: String,
    cpu_seconds_per_million: f64,
}

#[derive(Serialize)]
struct ThroughputReport {
    records: u64,
    alerts: u64,
    wall_seconds: f64,
    cpu_seconds: f64,
    cpu_seconds_per_million: f64,
    stages: Vec<Stage>,
}

/// What the state of a shard costs.
pub fn state(args: &StateArgs) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = StateSpec {
        n_patients: args.patients,
        n_observations: args.observations,
        n_between_checkpoints: args.checkpoint_seconds.saturating_mul(OBSERVATIONS_PER_SECOND),
        memory_bytes_max: args.memory_mib.map(|mib| mib.saturating_mul(1 << 20)),
    };
    let mut progress = |n_done: u64| eprintln!("{n_done} Observations stepped");
    let report = state::run(spec, REFERENCE_SITE, folder.path(), &mut progress)?;
    let n_observations = count(report.n_observations).max(1.0);
    let nanos = |time: std::time::Duration, n_items: f64| time.as_secs_f64() * 1e9 / n_items;
    let micros = |time: std::time::Duration| time.as_secs_f64() * 1e6;
    let bytes = |size: usize| count(u64::try_from(size).unwrap_or(u64::MAX));
    let n_sealed = count(report.n_sealed).max(1.0);
    let share = 100.0 * report.checkpoint.as_secs_f64() / report.step.as_secs_f64().max(1e-9);
    println!("observations         {:>12}", report.n_observations);
    println!("step                 {:>12.0} ns each", nanos(report.step, n_observations));
    println!("checkpoints          {:>12}", report.n_checkpoints);
    println!("checkpointing        {share:>12.1} % of the step's processor time");
    println!("snapshot             {:>12.0} us", micros(report.snapshot));
    println!("last 100 facts       {:>12.1} us, in memory", micros(report.read));
    println!(
        "last 100 facts       {:>12.1} us, what rules read in memory",
        micros(report.read_values)
    );
    println!("last 100 facts       {:>12.1} us, in storage", micros(report.read_stored));
    println!("sealed rows          {:>12}", report.n_sealed);
    let row = |what: &str, size: usize, which: &str| {
        println!("{what:<20} {:>12.1} bytes a row in memory{which}", bytes(size) / n_sealed);
    };
    if args.memory_mib.is_none() {
        row("sealed", report.sealed_bytes, "");
    }
    row("sealed", report.values_bytes, ", what rules read and the index");
    row("sealed", report.index_bytes, ", the index alone");
    let mib = |size: f64| size / f64::from(1 << 20);
    let mut all = 0;
    for (what, size) in &report.weights {
        all += size;
        println!("{what:<26} {:>6.0} MiB", mib(bytes(*size)));
    }
    println!("the shard                  {:>6.0} MiB", mib(bytes(all)));
    println!("the shard                  {:>6.0} MiB at most", mib(bytes(report.shard_bytes_most)));
    for (size, when) in [
        (report.process_bytes_before, "before the first fact"),
        (report.process_bytes, "after the last step"),
        (report.process_bytes_most, "at most until then"),
    ] {
        println!("the process                {:>6.0} MiB {when}", mib(count(size)));
    }
    println!("restore              {:>12.2} s", report.restore.as_secs_f64());
    anyhow::ensure!(report.is_same, "CK-1: the restored shard is not the one that was");
    Ok(())
}

/// What the sealed rows and the scores of a data folder take in memory.
pub fn memory(args: &MemoryArgs) -> Result<()> {
    let report = memory::run(&args.data)?;
    let size = |bytes: usize| count(u64::try_from(bytes).unwrap_or(u64::MAX));
    let n_sealed = count(report.n_sealed).max(1.0);
    println!("patients             {:>12}", report.n_patients);
    println!("sealed rows          {:>12}", report.n_sealed);
    for (bytes, what) in [
        (report.whole_bytes, "everything in memory"),
        (report.values_bytes, "what rules read and the index"),
        (report.index_bytes, "the index alone"),
    ] {
        println!("sealed               {:>12.1} bytes a row, {what}", size(bytes) / n_sealed);
    }
    println!("scores               {:>12}", report.n_scores);
    let n_scores = size(report.n_scores).max(1.0);
    println!("scores               {:>12.1} bytes each", size(report.scores_bytes) / n_scores);
    Ok(())
}

/// CPU seconds per million Observations.
pub fn throughput(args: &ThroughputArgs) -> Result<()> {
    let bench = make(&args.brokers)?;
    eprintln!("writing {} Observations to {}", args.records, bench.topic);
    let measured = throughput::run(&bench, args.records)?;
    let n_records = measured.tally.n_records;
    let per_million = |seconds: f64| seconds * 1e6 / count(n_records);
    let named = |prefix: &str, times: &[(&'static str, std::time::Duration)]| -> Vec<Stage> {
        let stage = |(stage, time): &(&'static str, std::time::Duration)| Stage {
            stage: format!("{prefix}: {stage}"),
            cpu_seconds_per_million: per_million(time.as_secs_f64()),
        };
        times.iter().map(stage).collect()
    };
    let mut stages = named("ingest", measured.ingest_times.stages());
    stages.extend(named("twins", measured.twin_times.stages()));
    let cpu_seconds = measured.cpu.as_secs_f64();
    let ours: f64 = stages.iter().map(|stage| stage.cpu_seconds_per_million).sum();
    let rest = per_million(cpu_seconds) - ours;
    stages.push(Stage { stage: "librdkafka's threads".to_owned(), cpu_seconds_per_million: rest });
    let report = ThroughputReport {
        records: n_records,
        alerts: measured.counts.n_left,
        wall_seconds: measured.wall.as_secs_f64(),
        cpu_seconds,
        cpu_seconds_per_million: per_million(cpu_seconds),
        stages,
    };
    if args.output == OutputArg::Json {
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    println!("records                  {:>10}", report.records);
    println!("revisions of effects     {:>10}", report.alerts);
    println!("wall                     {:>10.1} s", report.wall_seconds);
    println!("records a second         {:>10.0}", count(n_records) / report.wall_seconds);
    println!("CPU s per million        {:>10.2}", report.cpu_seconds_per_million);
    for stage in &report.stages {
        println!("  {:<22} {:>10.2}", stage.stage, stage.cpu_seconds_per_million);
    }
    Ok(())
}

#[derive(Serialize)]
struct LatencyReport {
    rate_per_second: u64,
    alerts: usize,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    max_ms: f64,
    sender_lag_max_ms: f64,
    cpu_seconds: f64,
}

/// From event to alert.
pub fn latency(args: &LatencyArgs) -> Result<()> {
    let bench = make(&args.brokers)?;
    let latencies = latency::run(&bench, args.rate, args.seconds)?;
    let Measured { cpu, .. } = &latencies.measured;
    let ms = |micros: i64| f64::from(i32::try_from(micros).unwrap_or(i32::MAX)) / 1_000.0;
    let report = LatencyReport {
        rate_per_second: args.rate,
        alerts: latencies.micros.len(),
        p50_ms: ms(latencies.percentile(500)),
        p90_ms: ms(latencies.percentile(900)),
        p99_ms: ms(latencies.percentile(990)),
        p999_ms: ms(latencies.percentile(999)),
        max_ms: ms(latencies.percentile(1_000)),
        sender_lag_max_ms: ms(latencies.sender_lag_micros),
        cpu_seconds: cpu.as_secs_f64(),
    };
    if args.output == OutputArg::Json {
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    println!("events a second          {:>10}", report.rate_per_second);
    println!("alerts                   {:>10}", report.alerts);
    for (name, value) in [
        ("p50", report.p50_ms),
        ("p90", report.p90_ms),
        ("p99", report.p99_ms),
        ("p99.9", report.p999_ms),
        ("most", report.max_ms),
        ("sender's lag, at most", report.sender_lag_max_ms),
    ] {
        println!("{name:<24} {value:>10.1} ms");
    }
    println!("CPU, sender included     {:>10.1} s", report.cpu_seconds);
    Ok(())
}

fn make(brokers: &str) -> Result<Bench> {
    pages::use_small();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(Bench::new(brokers, REFERENCE_SITE))?)
}

fn count(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}
