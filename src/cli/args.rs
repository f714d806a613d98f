//! What can be said on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::dlq_args::DlqCommand;
use crate::cli::history_args::{BacktestArgs, ExportArgs, ImportCommand, ReplayArgs, ScoreArgs};
use crate::cli::pipelines::PipelinesArgs;
use crate::cli::promote::PromoteArgs;
use crate::cli::read::DoorArgs;
use crate::cli::respond_args::AlertsArgs;
use crate::cli::source::SourceArgs;

/// Keeps a digital twin of every patient current, and tells the care team.
#[derive(Debug, Parser)]
#[command(name = "twin", version, about, arg_required_else_help = true)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the demo hospital: simulated patients, live, with nothing else to install.
    Up(UpArgs),
    /// Run against Kafka until told to stop: ingest, twins, pipelines, effects and the console.
    Run(RunArgs),
    /// Who has which partition of the log, how far it is behind, how fast it goes, how old its checkpoint is.
    Top(TopArgs),
    /// Check a configuration and every file it names.
    Validate(ConfigArgs),
    /// Feed files through the engine into a data folder, on the clock of their own records.
    Replay(ReplayArgs),
    /// What a pipeline would have said of each patient and hour of a history, as a file.
    Score(ScoreArgs),
    /// What a pipeline reads of each patient and hour of a history, with labels: a training set.
    Export(ExportArgs),
    /// What pipelines would have done on a past: alerts, what they would have found, how early.
    Backtest(BacktestArgs),
    /// Ask SQL about what is known.
    Sql(SqlArgs),
    /// List what was said: alerts, suggestions, follow-ups; acknowledge, snooze or resolve one.
    Alerts(AlertsArgs),
    /// Show a patient: who, where, what holds, what was measured last.
    Show(ShowArgs),
    /// Explain an alert, a suggestion or a follow-up: its evidence, by source, and its rule.
    Explain(ExplainArgs),
    /// Ask what would be scored and said of a patient if some facts were so; nothing is written.
    WhatIf(WhatIfArgs),
    /// Compare the checkpoints of a data folder or an instance with their log: rows counted, log replayed.
    Verify(VerifyArgs),
    /// Dead letters: what did not get in, why, and how to put it right.
    #[command(subcommand)]
    Dlq(DlqCommand),
    /// Put files onto a Kafka topic, in the order of their own time.
    Produce(ProduceArgs),
    /// Run the stories of pipeline files.
    Test(TestArgs),
    /// List the pipelines: what each reads and says, and the edition of its rule
    Pipelines(PipelinesArgs),
    /// Put pipelines live, in shadow or paused, by name, role and reason.
    Promote(PromoteArgs),
    /// Ask the clinical rules that ship: which there are, and whether worked cases come out.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Hold the product to its invariants: other orders, other cuts, crashes, damage, by seed.
    Sim(SimArgs),
    /// Measure the product against a real Kafka.
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Turn a published data set into the records a hospital would have sent.
    #[command(subcommand)]
    Import(ImportCommand),
}

/// `twin up`
#[derive(Debug, Args)]
pub struct UpArgs {
    /// The data folder: created, or continued.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Where the console and SQL are; loopback only.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    pub http: SocketAddr,
    /// Where SQL is by PostgreSQL's protocol, for psql and other tools; loopback only. The first free
    /// port from 5432 if left out.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub sql: Option<SocketAddr>,
    /// Simulated seconds per second.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub speed: u32,
}

/// `twin run`, `twin validate`
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The configuration file.
    #[arg(default_value = "twin.yaml")]
    pub config: PathBuf,
}

/// `twin run`
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The configuration file.
    #[arg(default_value = "twin.yaml")]
    pub config: PathBuf,
    /// Run one of the two stages, while other instances of the group run the other; or a replica, which follows all
    /// partitions, answers questions about all patients, and says nothing.
    #[arg(long, value_enum)]
    pub only: Option<StageArg>,
}

/// `twin top`
#[derive(Debug, Args)]
pub struct TopArgs {
    /// The configuration file of an instance.
    #[arg(default_value = "twin.yaml")]
    pub config: PathBuf,
    /// Seconds between two looks.
    #[arg(long, default_value_t = 2)]
    pub interval_seconds: u32,
    /// Once, and not again and again.
    #[arg(long)]
    pub once: bool,
    /// How it is written; but for a table on a terminal, once.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// A stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StageArg {
    /// From the sources to the log.
    Ingest,
    /// From the log to effects.
    Twins,
    /// From the log to answers.
    Replica,
}

/// `twin produce`
#[derive(Debug, Args)]
pub struct ProduceArgs {
    /// Files, folders, archives (.tar.zst, .tar.gz), or - for standard input.
    #[arg(required = true)]
    pub inputs: Vec<String>,
    /// The brokers, as host:port,host:port.
    #[arg(long)]
    pub brokers: String,
    /// The topic; made where it is missing.
    #[arg(long)]
    pub topic: String,
    /// How the records are read, to find out when they became available.
    #[command(flatten)]
    pub source: SourceArgs,
    /// The site file; the reference site if left out.
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    /// As if the records came now, instead of as the recorded history they are.
    #[arg(long, conflicts_with = "until")]
    pub live: bool,
    /// Partitions of a new topic, with --live; a recorded history has one.
    #[arg(long, default_value_t = 4)]
    pub partitions: i32,
    /// Let time go on until then after the last record (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// `twin sql`
#[derive(Debug, Args)]
pub struct SqlArgs {
    /// The question.
    pub query: String,
    /// Who is asked.
    #[command(flatten)]
    pub door: DoorArgs,
}

/// Which effects are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusArg {
    /// Those whose condition holds.
    Active,
    /// Those that were ever said.
    Said,
    /// Those too that nobody was told, because their evidence was old when it came.
    All,
}

/// `twin show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The patient as namespace/identifier, or the identifier.
    pub patient: String,
    /// Who is asked.
    #[command(flatten)]
    pub door: DoorArgs,
}

/// `twin explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The id, as `twin alerts` shows it.
    pub id: String,
    /// Who is asked.
    #[command(flatten)]
    pub door: DoorArgs,
}

/// `twin what-if`
#[derive(Debug, Args)]
pub struct WhatIfArgs {
    /// The patient as namespace/identifier, or the identifier.
    pub patient: String,
    /// Hypothetical facts: a FHIR R4 resource, a Bundle, an array, or one a line; - for standard input.
    /// They are taken as facts about this patient, and as of now where they say no time.
    #[arg(short, long, value_name = "FILE")]
    pub facts: String,
    /// Who is asked.
    #[command(flatten)]
    pub door: DoorArgs,
}

/// `twin verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Whose checkpoints.
    #[command(flatten)]
    pub whose: WhoseArgs,
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// A data folder or an instance.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhoseArgs {
    /// A data folder.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The configuration of an instance on Kafka, whether it runs or not.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `twin bench`
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// CPU seconds per million Observations, from Kafka to committed effects, by stage.
    Throughput(ThroughputArgs),
    /// What the state of a shard costs: steps, reads, snapshots, checkpoints, restoring, memory.
    State(StateArgs),
    /// What the sealed rows and the scores of a data folder take in memory.
    Memory(MemoryArgs),
    /// From event to alert, open loop, as a read_committed consumer sees it.
    Latency(LatencyArgs),
    /// Alerts lost and said twice while instances are killed, frozen, started and stopped.
    Delivery(DeliveryArgs),
    /// What the same work costs with one instance, with two and with four.
    Scale(ScaleArgs),
}

/// `twin bench state`
#[derive(Debug, Args)]
pub struct StateArgs {
    /// Patients of the shard.
    #[arg(long, default_value_t = 100_000)]
    pub patients: u64,
    /// Observations of each.
    #[arg(long, default_value_t = 100)]
    pub observations: u64,
    /// MiB that the process may take for its data: beyond that is forgotten what is stored.
    #[arg(long)]
    pub memory_mib: Option<usize>,
    /// A checkpoint every so many seconds of 100,000 Observations.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub checkpoint_seconds: u64,
}

/// `twin bench memory`
#[derive(Debug, Args)]
pub struct MemoryArgs {
    /// The data folder.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// `twin bench throughput`
#[derive(Debug, Args)]
pub struct ThroughputArgs {
    /// The brokers, as host:port,host:port.
    #[arg(long)]
    pub brokers: String,
    /// Observations.
    #[arg(long, default_value_t = 1_000_000)]
    pub records: u64,
    /// How the figures are written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// `twin bench scale`
#[derive(Debug, Args)]
pub struct ScaleArgs {
    /// The brokers, as host:port,host:port.
    #[arg(long)]
    pub brokers: String,
    /// Observations.
    #[arg(long, default_value_t = 1_000_000)]
    pub records: u64,
    /// How many instances; the first number is what the others are compared with.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4])]
    pub instances: Vec<usize>,
    /// How the figures are written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// `twin bench delivery`
#[derive(Debug, Args)]
pub struct DeliveryArgs {
    /// The brokers, as host:port,host:port.
    #[arg(long)]
    pub brokers: String,
    /// Patients who deteriorate while instances are killed.
    #[arg(long, default_value_t = 2_000)]
    pub alerts: usize,
    /// How often an instance is killed.
    #[arg(long, default_value_t = 100)]
    pub kills: usize,
    /// How often a take-over is timed.
    #[arg(long, default_value_t = 3)]
    pub takeovers: usize,
    /// For how many seconds an instance, or the broker, stands still.
    #[arg(long, default_value_t = 60)]
    pub frozen_seconds: u32,
    /// The process of the broker on this machine, which is frozen as well; left out, it is not.
    #[arg(long, value_name = "PID")]
    pub broker_pid: Option<i32>,
    /// Fixes the moments of faults, as far as machines repeat.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How the figures are written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// `twin bench latency`
#[derive(Debug, Args)]
pub struct LatencyArgs {
    /// The brokers, as host:port,host:port.
    #[arg(long)]
    pub brokers: String,
    /// Events a second.
    #[arg(long, default_value_t = 5_000)]
    pub rate: u64,
    /// For so many seconds.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// How the figures are written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// `twin sim`
#[derive(Debug, Args)]
pub struct SimArgs {
    /// Try everything with so many seeds; 100 where nothing else is asked for.
    #[arg(long)]
    pub seeds: Option<u64>,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Stop the machine so often in the midst of an effect.
    #[arg(long)]
    pub crashes: Option<u64>,
    /// Try so many other orders, with each event one to five times.
    #[arg(long)]
    pub permutations: Option<u64>,
    /// Try so many other ways to cut a log into frames and steps.
    #[arg(long)]
    pub recuts: Option<u64>,
    /// Stop the machine in every effect of a history, once in each way in which it can be left.
    #[arg(long)]
    pub every_crash: bool,
    /// How the report is written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// `twin test`
#[derive(Debug, Args)]
pub struct TestArgs {
    /// A folder of pipelines; those that ship if left out.
    pub folder: Option<PathBuf>,
}

/// `twin rules`
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Run files of worked cases (case_id,inputs,expected,source,note) against the rules.
    Check(RulesCheckArgs),
    /// List the rules: who published each, what it takes and what it says.
    List(RulesListArgs),
}

/// `twin rules check`
#[derive(Debug, Args)]
pub struct RulesCheckArgs {
    /// The files; which rule each is for is read off its name, such as 02_qsofa.csv.
    #[arg(required = true, value_name = "FILE.csv")]
    pub files: Vec<PathBuf>,
    /// How the report is written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// `twin rules list`
#[derive(Debug, Args)]
pub struct RulesListArgs {
    /// How the list is written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

/// The format of records.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FormatArg {
    /// FHIR R4 JSON.
    Fhir,
    /// Open mHealth and IEEE 1752.1.
    OpenMhealth,
    /// DICOM JSON.
    DicomJson,
    /// HL7 version 2 (ER7): ADT and ORU messages.
    #[value(name = "hl7v2")]
    Hl7v2,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputArg {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}
