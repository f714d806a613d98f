//! `twin bench delivery`: what a receiver gets of the alerts while instances are killed, frozen, started and stopped.

use anyhow::Result;
use serde::Serialize;

use twinstream::bench::delivery::{self, DeliverySpec, Trial};
use twinstream::bench::harness::Bench;
use twinstream::domain::time::Span;

use crate::cli::args::{DeliveryArgs, OutputArg};
use crate::cli::bench::REFERENCE_SITE;
use crate::cli::table::print;

/// A trial as it is reported.
#[derive(Serialize)]
struct Row {
    trial: String,
    alerts: usize,
    lost: usize,
    doubled: usize,
    /// The longest that a patient waited for an alert after each fault.
    longest_wait_seconds: Vec<f64>,
    twins_right: String,
}

/// Runs the command.
pub fn run(args: &DeliveryArgs) -> Result<()> {
    let spec = DeliverySpec {
        twin: std::env::current_exe()?,
        n_alerts: args.alerts,
        n_kills: args.kills,
        n_takeovers: args.takeovers,
        frozen: Span::from_seconds(i64::from(args.frozen_seconds)),
        broker: args.broker_pid,
        seed: args.seed,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rows = runtime.block_on(trials(&spec, &args.brokers))?;
    if args.output == OutputArg::Json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        let cells: Vec<[String; 6]> = rows.iter().map(cells).collect();
        let columns = ["trial", "alerts", "lost", "doubled", "longest wait", "twins right"];
        print(&columns, &cells, args.output)?;
    }
    let is_right = |row: &Row| row.lost == 0 && row.doubled == 0;
    anyhow::ensure!(rows.iter().all(is_right), "alerts were lost or said twice");
    Ok(())
}

async fn trials(spec: &DeliverySpec, brokers: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut told = 0;
    let mut progress = |n_faults: usize, n_alerts: usize| {
        if told != n_faults {
            told = n_faults;
            eprintln!("{n_faults} faults, {n_alerts} patients");
        }
    };
    let bench = async || Bench::new(brokers, REFERENCE_SITE).await;
    if 0 < spec.n_kills {
        let folder = tempfile::tempdir()?;
        let trial = delivery::killed(spec, &bench().await?, folder.path(), &mut progress)?;
        rows.push(row(trial));
    }
    if 0 < spec.n_takeovers {
        let folder = tempfile::tempdir()?;
        let bench = bench().await?;
        let trial = delivery::taken_over(spec, &bench, folder.path(), &mut progress)?;
        rows.push(row(trial));
    }
    if Span::from_micros(0) < spec.frozen {
        let folder = tempfile::tempdir()?;
        eprintln!("an instance stands still");
        rows.push(row(delivery::frozen(spec, &bench().await?, folder.path())?));
    }
    if let Some(broker) = spec.broker {
        let folder = tempfile::tempdir()?;
        eprintln!("the broker stands still");
        let trial = delivery::without_broker(spec, &bench().await?, folder.path(), broker)?;
        rows.push(row(trial));
    }
    Ok(rows)
}

fn row(trial: Trial) -> Row {
    let Trial { what, toll, waits, right } = trial;
    let seconds = |wait: &Span| {
        let millis = u32::try_from(wait.micros() / 1_000).unwrap_or(u32::MAX);
        f64::from(millis) / 1_000.0
    };
    Row {
        trial: what,
        alerts: toll.n_expected,
        lost: toll.n_lost,
        doubled: toll.n_doubled,
        longest_wait_seconds: waits.iter().map(seconds).collect(),
        twins_right: format!("{} of {}", right.0, right.1),
    }
}

fn cells(row: &Row) -> [String; 6] {
    let waits = row.longest_wait_seconds.iter().map(|wait| format!("{wait:.1} s"));
    [
        row.trial.clone(),
        row.alerts.to_string(),
        row.lost.to_string(),
        row.doubled.to_string(),
        waits.collect::<Vec<_>>().join(", "),
        row.twins_right.clone(),
    ]
}
