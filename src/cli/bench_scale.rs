//! `twin bench scale`: what the same work costs with one instance, with two and with four.

use anyhow::Result;

use twinstream::bench::harness::Bench;
use twinstream::bench::scale::{self, Cost};

use crate::cli::args::ScaleArgs;
use crate::cli::bench::REFERENCE_SITE;
use crate::cli::table::print;

const COLUMNS: [&str; 5] =
    ["instances", "records", "wall_seconds", "cpu_seconds", "cpu_of_one_percent"];

/// Runs the command.
pub fn run(args: &ScaleArgs) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let twin = std::env::current_exe()?;
    let mut costs: Vec<Cost> = Vec::new();
    for n_instances in args.instances.iter().copied() {
        let bench = runtime.block_on(Bench::new(&args.brokers, REFERENCE_SITE))?;
        let folder = tempfile::tempdir()?;
        eprintln!("{n_instances} instances, {} Observations", args.records);
        costs.push(scale::run(&twin, &bench, folder.path(), n_instances, args.records)?);
    }
    let one = costs.first().map_or(1.0, |cost| cost.cpu.as_secs_f64());
    let row = |cost: &Cost| {
        let cpu = cost.cpu.as_secs_f64();
        [
            cost.n_instances.to_string(),
            cost.n_records.to_string(),
            format!("{:.1}", cost.wall.as_secs_f64()),
            format!("{cpu:.2}"),
            format!("{:.0}", 100.0 * cpu / one.max(0.01)),
        ]
    };
    print(&COLUMNS, &costs.iter().map(row).collect::<Vec<_>>(), args.output)
}
