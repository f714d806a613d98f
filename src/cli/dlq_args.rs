//! What can be said to `twin dlq`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::args::{OutputArg, WhoseArgs};
use crate::cli::source::SourceArgs;

/// `twin dlq`
#[derive(Debug, Subcommand)]
pub enum DlqCommand {
    /// Count the letters by reason and topic, with an example of each.
    List(DlqListArgs),
    /// Show one letter: why, where it stands in the record, its headers, its bytes.
    Show(DlqShowArgs),
    /// List what came and means nothing here yet: codes, units, answers, classes, places, topics.
    Unmapped(DlqListArgs),
    /// Read the letters that wait again, with the configuration as it is now; what can be read reaches the twins.
    Retry(DlqRetryArgs),
    /// Close a letter that need not be read.
    Drop(DlqDropArgs),
}

/// `twin dlq list`, `twin dlq unmapped`
#[derive(Debug, Args)]
pub struct DlqListArgs {
    /// Whose letters.
    #[command(flatten)]
    pub whose: WhoseArgs,
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// `twin dlq show`
#[derive(Debug, Args)]
pub struct DlqShowArgs {
    /// The letter: TOPIC-PARTITION-OFFSET, as `twin dlq list` shows it.
    pub id: String,
    /// Write its bytes to standard output and nothing else, as they came.
    #[arg(long, conflicts_with = "output")]
    pub bytes: bool,
    /// Whose letters.
    #[command(flatten)]
    pub whose: WhoseArgs,
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// `twin dlq retry`
#[derive(Debug, Args)]
pub struct DlqRetryArgs {
    /// Only letters of this reason.
    #[arg(long, value_enum)]
    pub reason: Option<ReasonArg>,
    /// Whose letters.
    #[command(flatten)]
    pub whose: WhoseArgs,
    /// How the records of a data folder are read; an instance says it in its configuration.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Who does it.
    #[arg(long, env = "USER", default_value = "unknown", value_name = "NAME")]
    pub by: String,
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// `twin dlq drop`
#[derive(Debug, Args)]
pub struct DlqDropArgs {
    /// The letter: TOPIC-PARTITION-OFFSET, as `twin dlq list` shows it.
    pub id: String,
    /// Why it need not be read; it is kept.
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub why: String,
    /// Whose letters.
    #[command(flatten)]
    pub whose: WhoseArgs,
    /// How the records of a data folder are read; an instance says it in its configuration.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Who does it.
    #[arg(long, env = "USER", default_value = "unknown", value_name = "NAME")]
    pub by: String,
}

/// How the records of a data folder are read.
#[derive(Debug, Args)]
pub struct ReadingArgs {
    /// Their format, and whose they are.
    #[command(flatten)]
    pub source: SourceArgs,
    /// The site file; the reference site if left out.
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub site: Option<PathBuf>,
}

/// Why a record was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum ReasonArg {
    /// Not the format the source is configured for, or a field of the wrong type.
    Undecodable,
    /// No patient, or no single one.
    NoPatient,
    /// A time that is missing, malformed, without an offset, or before 1900.
    BadTime,
    /// A time more than five minutes ahead of its arrival.
    FutureTime,
    /// More bytes, entries or samples than the limit.
    TooLarge,
}

impl ReasonArg {
    /// The reason as letters name it.
    pub const fn name(self) -> &'static str {
        match self {
            ReasonArg::Undecodable => "undecodable",
            ReasonArg::NoPatient => "no_patient",
            ReasonArg::BadTime => "bad_time",
            ReasonArg::FutureTime => "future_time",
            ReasonArg::TooLarge => "too_large",
        }
    }
}
