//! `twin`: wires everything.

use std::process::ExitCode;

use clap::Parser;

mod cli;

use cli::args::{Cli, Command, ImportCommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.command {
        Command::Replay(args) => cli::replay::run(args),
        Command::Import(ImportCommand::Challenge2019(args)) => cli::import::challenge_2019(args),
        Command::Test(args) => cli::test::run(args.folder.as_deref()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("twin: {error:#}");
            ExitCode::FAILURE
        }
    }
}
