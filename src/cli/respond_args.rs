//! What can be said to `twin alerts`.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use twinstream::domain::time::Span;

use crate::cli::args::StatusArg;
use crate::cli::read::DoorArgs;
use crate::cli::respond::span;

/// `twin alerts`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AlertsArgs {
    /// What is done about one; they are listed if it is left out.
    #[command(subcommand)]
    pub command: Option<AlertsCommand>,
    /// Which are listed.
    #[command(flatten)]
    pub list: AlertsListArgs,
}

/// `twin alerts ...`
#[derive(Debug, Subcommand)]
pub enum AlertsCommand {
    /// List what was said, the most severe first.
    List(AlertsListArgs),
    /// Acknowledge: someone has taken it.
    Ack(RespondArgs),
    /// Snooze: silent for a while, unless it becomes worse.
    Snooze(SnoozeArgs),
    /// Resolve: dealt with, though its condition may still hold.
    Resolve(RespondArgs),
}

/// `twin alerts list`
#[derive(Debug, Args)]
pub struct AlertsListArgs {
    /// Which of them.
    #[arg(long, value_enum, default_value_t = StatusArg::Active)]
    pub status: StatusArg,
    /// Who is asked.
    #[command(flatten)]
    pub door: DoorArgs,
}

/// `twin alerts snooze`
#[derive(Debug, Args)]
pub struct SnoozeArgs {
    /// For how long: 30m, 2h; a day at most.
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    pub span: Span,
    /// Which, who and why.
    #[command(flatten)]
    pub respond: RespondArgs,
}

/// `twin alerts ack`, `twin alerts resolve`
#[derive(Debug, Args)]
pub struct RespondArgs {
    /// The id, as `twin alerts` shows it.
    pub id: String,
    /// Who does it.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: String,
    /// In which role.
    #[arg(long, value_name = "ROLE", value_parser = NonEmptyStringValueParser::new())]
    pub role: String,
    /// Why; an acknowledgement may leave it out.
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// Whose log it goes into.
    #[command(flatten)]
    pub door: RespondDoorArgs,
}

/// Whose log a response goes into.
#[derive(Debug, Args)]
pub struct RespondDoorArgs {
    /// A running instance.
    #[arg(long, env = "TWIN_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub url: String,
    /// A data folder that nobody has open, instead.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub data: Option<PathBuf>,
    /// The running instance of this configuration, instead.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
