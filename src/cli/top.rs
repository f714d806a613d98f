//! `twin top`: who has which partition, how far it is behind, how fast it goes, how old its checkpoint is.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Result;

use twinstream::clock::now;
use twinstream::config::instance::read;
use twinstream::domain::time::Timestamp;
use twinstream::engine::shares::{Share, Shares, SharesReader};

use crate::cli::args::{OutputArg, TopArgs};
use crate::cli::table::print;

/// Clears a terminal and goes to its beginning.
const CLEAR: &str = "\x1b[2J\x1b[H";

const COLUMNS: [&str; 9] = [
    "partition",
    "owner",
    "host",
    "end",
    "said",
    "lag",
    "frames_per_second",
    "checkpoint",
    "checkpoint_age_seconds",
];

/// Ends of partitions, and when they were asked for.
type Before = (Timestamp, BTreeMap<u32, u64>);

/// Runs the command: again and again on a terminal, else once.
pub fn run(args: &TopArgs) -> Result<()> {
    let run = read(&args.config, std::env::vars())?.run;
    let reader = SharesReader::new(&run.kafka, run.checkpoints.as_ref(), run.n_partitions)?;
    let interval = Duration::from_secs(u64::from(args.interval_seconds.max(1)));
    let goes_on = std::io::stdout().is_terminal() && !args.once && args.output == OutputArg::Table;
    // A rate needs two looks.
    let (mut before, _) = look(&reader)?;
    loop {
        std::thread::park_timeout(interval);
        let (asked, shares) = look(&reader)?;
        let rows: Vec<[String; 9]> =
            shares.partitions.iter().map(|share| row(share, &before, asked.0)).collect();
        if goes_on {
            print!("{CLEAR}");
        }
        print(&COLUMNS, &rows, args.output)?;
        if args.output == OutputArg::Table {
            summary(&shares, run.n_partitions);
        }
        if !goes_on {
            return Ok(());
        }
        before = asked;
    }
}

fn look(reader: &SharesReader) -> Result<(Before, Shares)> {
    let shares = reader.read()?;
    let ends = shares.partitions.iter().map(|share| (share.partition, share.progress.end));
    Ok(((now(), ends.collect()), shares))
}

fn row(share: &Share, (before, ends): &Before, now: Timestamp) -> [String; 9] {
    let (end, said) = (share.progress.end, share.progress.said);
    let micros = u64::try_from(now.since(*before).micros()).unwrap_or(0).max(1);
    let n_frames = end.saturating_sub(ends.get(&share.partition).copied().unwrap_or(end));
    let rate = n_frames.saturating_mul(1_000_000) / micros;
    let owner = share.owner.as_ref();
    let stored = share.stored.as_ref();
    let text = |value: Option<String>| value.unwrap_or_default();
    [
        share.partition.to_string(),
        text(owner.map(|owner| owner.instance.clone())),
        text(owner.map(|owner| owner.host.clone())),
        end.to_string(),
        said.to_string(),
        end.saturating_sub(said).to_string(),
        rate.to_string(),
        text(stored.map(|stored| stored.next_offset.to_string())),
        text(stored.map(|stored| (now.since(stored.known).micros() / 1_000_000).to_string())),
    ]
}

/// What a table of partitions does not say.
fn summary(shares: &Shares, n_partitions: u32) {
    let n_owned = shares.partitions.iter().filter(|share| share.owner.is_some()).count();
    let lag: u64 = shares
        .partitions
        .iter()
        .map(|share| share.progress.end.saturating_sub(share.progress.said))
        .sum();
    let state = if shares.state.is_empty() { "unknown to the brokers" } else { &shares.state };
    println!(
        "twins: {state}, {n_owned} of {n_partitions} partitions have an owner, {lag} frames behind"
    );
    let ingest: Vec<String> = shares
        .ingest
        .members
        .iter()
        .map(|member| {
            let n: usize = member.partitions.values().map(Vec::len).sum();
            format!("{} ({n})", member.instance)
        })
        .collect();
    println!("ingest, with partitions of sources: {}", ingest.join(", "));
}
