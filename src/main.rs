//! `twin`: wires everything.

use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use tracing_subscriber::EnvFilter;

use twinstream::config::instance::ConfigError;
use twinstream::engine::library::LibraryError;
use twinstream::engine::responses::Deed;
use twinstream::ingest::site::SiteError;
use twinstream::sql::questions::Listed;

mod cli;

use cli::args::{BenchCommand, Cli, Command, RulesCommand, StatusArg};
use cli::history_args::ImportCommand;
use cli::respond_args::{AlertsArgs, AlertsCommand, AlertsListArgs};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logs();
    leave_quietly();
    let Ok(result) = catch_unwind(AssertUnwindSafe(|| run(&cli))) else {
        // What panicked has said so, unless nobody reads any more.
        return ExitCode::from(PANICKED);
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("twin: {error:#}");
            ExitCode::from(if is_configuration(&error) { CONFIGURATION } else { 1 })
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    match &cli.command {
        Command::Up(args) => cli::up::run(args),
        Command::Top(args) => cli::top::run(args),
        Command::Run(args) => cli::run::run(args),
        Command::Validate(args) => cli::run::validate(&args.config),
        Command::Sql(args) => cli::read::sql(&args.door, &args.query),
        Command::Alerts(args) => alerts(args),
        Command::Show(args) => cli::read::show(&args.door, &args.patient),
        Command::Explain(args) => cli::read::explain(&args.door, &args.id),
        Command::WhatIf(args) => cli::what_if::run(args),
        Command::Verify(args) => cli::verify::run(args),
        Command::Dlq(command) => cli::dlq::run(command),
        Command::Produce(args) => cli::produce::run(args),
        Command::Bench(BenchCommand::Memory(args)) => cli::bench::memory(args),
        Command::Bench(BenchCommand::Throughput(args)) => cli::bench::throughput(args),
        Command::Bench(BenchCommand::State(args)) => cli::bench::state(args),
        Command::Bench(BenchCommand::Latency(args)) => cli::bench::latency(args),
        Command::Bench(BenchCommand::Scale(args)) => cli::bench_scale::run(args),
        Command::Bench(BenchCommand::Delivery(args)) => cli::bench_delivery::run(args),
        Command::Replay(args) => cli::replay::run(args),
        Command::Score(args) => cli::score::run(args),
        Command::Export(args) => cli::export::run(args),
        Command::Backtest(args) => cli::backtest::run(args),
        Command::Import(ImportCommand::Challenge2019(args)) => cli::import::challenge_2019(args),
        Command::Sim(args) => cli::sim::run(args),
        Command::Rules(RulesCommand::Check(args)) => cli::rules::check(args),
        Command::Rules(RulesCommand::List(args)) => cli::rules::list(args),
        Command::Test(args) => cli::test::run(args.folder.as_deref()),
        Command::Pipelines(args) => cli::pipelines::run(args),
        Command::Promote(args) => cli::promote::run(args),
    }
}

/// The exit code of a panic, as the language has it.
const PANICKED: u8 = 101;

/// Whoever reads our output may have enough of it, as `head` has: then a write fails, which is no mistake to tell.
fn leave_quietly() {
    let told = take_hook();
    set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        if !(message.starts_with("failed printing to std") && message.contains("Broken pipe")) {
            told(panic);
        }
    }));
}

/// The exit code of a mistake in a configuration, as in sysexits.h.
const CONFIGURATION: u8 = 78;

fn is_configuration(error: &anyhow::Error) -> bool {
    error.is::<ConfigError>() || error.is::<LibraryError>() || error.is::<SiteError>()
}

fn alerts(args: &AlertsArgs) -> Result<()> {
    let list = |args: &AlertsListArgs| cli::read::alerts(&args.door, listed(args.status));
    match &args.command {
        None => list(&args.list),
        Some(AlertsCommand::List(args)) => list(args),
        Some(AlertsCommand::Ack(args)) => cli::respond::run(args, Deed::Acknowledge),
        Some(AlertsCommand::Snooze(args)) => {
            cli::respond::run(&args.respond, Deed::Snooze(args.span))
        }
        Some(AlertsCommand::Resolve(args)) => cli::respond::run(args, Deed::Resolve),
    }
}

fn listed(status: StatusArg) -> Listed {
    match status {
        StatusArg::Active => Listed::Active,
        StatusArg::Said => Listed::Said,
        StatusArg::All => Listed::All,
    }
}

/// Logs to standard error: what `RUST_LOG` names, else what changes state.
fn start_logs() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let is_terminal = std::io::stderr().is_terminal();
    logs.with_ansi(is_terminal).init();
}
