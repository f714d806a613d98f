//! The arguments of what reads a history from files: import, replay, score, export.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::args::OutputArg;
use crate::cli::import::Challenge2019Args;
use crate::cli::source::SourceArgs;

/// `twin import`
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// PhysioNet/CinC Challenge 2019 (early sepsis, hourly): one FHIR Bundle per patient and hour.
    #[command(name = "challenge-2019")]
    Challenge2019(Challenge2019Args),
}

/// `twin replay`
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Files, folders, archives (.tar.zst, .tar.gz), or - for standard input.
    #[arg(required = true)]
    pub inputs: Vec<String>,
    /// The data folder: created, or continued.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// How they are read.
    #[command(flatten)]
    pub source: SourceArgs,
    /// The site file; the reference site if left out.
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    /// A folder of pipelines; those that ship if left out.
    #[arg(long, value_name = "DIR")]
    pub pipelines: Option<PathBuf>,
    /// Let time go on until then after the last record (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Partitions of a new data folder.
    #[arg(long, default_value_t = 4)]
    pub partitions: u32,
    /// How the summary is written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// What a history is and how it is read.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// What the files hold.
    #[arg(long, value_enum, default_value_t = HistoryArg::Fhir, value_name = "FORM")]
    pub form: HistoryArg,
    /// The site file; the reference site if left out.
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    /// A folder of pipelines; those that ship if left out.
    #[arg(long, value_name = "DIR")]
    pub pipelines: Option<PathBuf>,
    /// How many threads read; each takes patients of its own.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
}

/// What the files of a history hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryArg {
    /// FHIR R4 JSON.
    Fhir,
    /// The .psv files of the PhysioNet/CinC Challenge 2019.
    #[value(name = "challenge-2019")]
    Challenge2019,
}

/// `twin score`
#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// The pipeline.
    pub pipeline: String,
    /// Files, folders, archives (.tar.zst, .tar.gz), or - for standard input.
    #[arg(required = true)]
    pub inputs: Vec<String>,
    /// The instants to look at: CSV with a header, `patient,at` and any number of labels. Those of the data set
    /// itself if left out: each hour of the challenge.
    #[arg(long, value_name = "FILE.csv")]
    pub at: Option<PathBuf>,
    /// The history.
    #[command(flatten)]
    pub history: HistoryArgs,
    /// Where the predictions go: a folder with a file a patient for `challenge-2019`, a file for `csv`.
    #[arg(short, long, value_name = "PATH")]
    pub output: PathBuf,
    /// How they are written.
    #[arg(long, value_enum, default_value_t = ScoreFormatArg::Csv)]
    pub format: ScoreFormatArg,
}

/// How predictions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScoreFormatArg {
    /// One line a patient and instant: status, value, band, and why there is no value.
    Csv,
    /// A .psv file a patient, one line an hour: PredictedProbability|PredictedLabel.
    #[value(name = "challenge-2019")]
    Challenge2019,
}

/// `twin export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The pipeline.
    pub pipeline: String,
    /// Files, folders, archives (.tar.zst, .tar.gz), or - for standard input.
    #[arg(required = true)]
    pub inputs: Vec<String>,
    /// The instants to look at: CSV with a header, `patient,at` and any number of labels. Those of the data set
    /// itself if left out: each hour of the challenge.
    #[arg(long, value_name = "FILE.csv")]
    pub at: Option<PathBuf>,
    /// The history.
    #[command(flatten)]
    pub history: HistoryArgs,
    /// The Parquet file to write.
    #[arg(short, long, value_name = "FILE.parquet")]
    pub output: PathBuf,
}

/// `twin backtest`
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// The pipelines, side by side.
    #[arg(required = true)]
    pub pipelines: Vec<String>,
    /// The history: files, folders, archives.
    #[arg(long, required = true, value_name = "PATH")]
    pub data: Vec<String>,
    /// How it is read.
    #[command(flatten)]
    pub history: HistoryArgs,
    /// What the pipelines warn of: CSV with a header, `patient,at`. For the challenge, its onset of sepsis if left out.
    #[arg(long, value_name = "FILE.csv")]
    pub labels: Option<PathBuf>,
    /// How long before an outcome an alert counts.
    #[arg(long, default_value = "12 h", value_name = "SPAN")]
    pub horizon: String,
    /// Only from then on (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only until then (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Another edition of a pipeline, from a file: it runs beside the others, as NAME-candidate.
    #[arg(long, value_name = "FILE.yaml")]
    pub candidate: Option<PathBuf>,
    /// Write the report as a page, too.
    #[arg(long, value_name = "FILE.html")]
    pub html: Option<PathBuf>,
    /// How the report is written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}
