//! `twin sql`, `twin alerts`, `twin show`, `twin explain`: questions to a running instance, or to a data
//! folder.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};

use twinstream::engine::reading::shards_of;
use twinstream::sql::format;
use twinstream::sql::query::{QueryLimits, QueryResult, run};
use twinstream::sql::questions::{self, Listed, Question};
use twinstream::sql::session::Session;
use twinstream::twin::snapshot::ShardSnapshot;

use crate::cli::args::OutputArg;
use crate::cli::table;

/// How long an instance may take to answer: its own limit and a little.
const ANSWER_MAX: Duration = Duration::from_secs(75);

/// Who is asked, and how the answer is written.
#[derive(Debug, Args)]
pub struct DoorArgs {
    /// A running instance.
    #[arg(long, env = "TWIN_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub url: String,
    /// A data folder instead.
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub data: Option<PathBuf>,
    /// Answer as it was known then (RFC 3339) instead of now.
    #[arg(long, value_name = "TIME")]
    pub known_at: Option<String>,
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t = OutputArg::Table)]
    pub output: OutputArg,
}

#[derive(Serialize)]
struct Asked<'a> {
    sql: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_at: Option<&'a str>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// `twin sql`
pub fn sql(args: &DoorArgs, query: &str) -> Result<()> {
    print(&Door::open(args)?.ask(query, args.output)?, args.output)
}

/// `twin alerts`
pub fn alerts(args: &DoorArgs, listed: Listed) -> Result<()> {
    answer(&Door::open(args)?, &questions::alerts(listed), args.output)
}

/// `twin pipelines --url`
pub fn pipelines(args: &DoorArgs) -> Result<()> {
    answer(&Door::open(args)?, &questions::pipelines(), args.output)
}

/// `twin show`
pub fn show(args: &DoorArgs, patient: &str) -> Result<()> {
    #[derive(Deserialize)]
    struct Named {
        patient: String,
    }
    let door = Door::open(args)?;
    let found = door.ask(&questions::patients_named(patient), OutputArg::Json)?;
    let found: Vec<Named> = serde_json::from_str(&found).context("the answer about patients")?;
    match found.as_slice() {
        [one] => answer(&door, &questions::show(&one.patient), args.output),
        [] => bail!("no patient {patient}: expected namespace/identifier, or an identifier"),
        several => {
            let names: Vec<&str> = several.iter().map(|named| named.patient.as_str()).collect();
            bail!("{patient} is the identifier of several patients: {}", names.join(", "))
        }
    }
}

/// `twin explain`
pub fn explain(args: &DoorArgs, id: &str) -> Result<()> {
    let door = Door::open(args)?;
    let question = questions::explain(id);
    if door.ask(&question.whole(), OutputArg::Json)?.trim() == "[]" {
        bail!("nothing was said under {id}: expected an id that `twin alerts` shows");
    }
    answer(&door, &question, args.output)
}

/// Asks once, as `door` says, and gives the answer as JSON.
pub fn ask_json(door: &DoorArgs, sql: &str) -> Result<String> {
    Door::open(door)?.ask(sql, OutputArg::Json)
}

fn answer(door: &Door, question: &Question, output: OutputArg) -> Result<()> {
    let asked = match output {
        OutputArg::Table => question.for_people(),
        OutputArg::Json | OutputArg::Csv => question.whole(),
    };
    print(&door.ask(&asked, output)?, output)
}

/// Prints an answer; a table comes as CSV and is laid out for this terminal.
fn print(text: &str, output: OutputArg) -> Result<()> {
    match output {
        OutputArg::Table => println!("{}", table::laid_out(text)?),
        OutputArg::Json | OutputArg::Csv => println!("{}", text.trim_end()),
    }
    Ok(())
}

/// Who answers, and as of when.
struct Door {
    asked: Who,
    known_at: Option<String>,
}

enum Who {
    Instance(String),
    Folder(Arc<Vec<ShardSnapshot>>, tokio::runtime::Runtime),
}

impl Door {
    fn open(args: &DoorArgs) -> Result<Door> {
        let asked = match &args.data {
            None => Who::Instance(args.url.trim_end_matches('/').to_owned()),
            Some(folder) => {
                let mut runtime = tokio::runtime::Builder::new_multi_thread();
                let runtime = runtime.worker_threads(2).enable_all().build()?;
                Who::Folder(Arc::new(shards_of(folder)?), runtime)
            }
        };
        Ok(Door { asked, known_at: args.known_at.clone() })
    }

    fn ask(&self, sql: &str, output: OutputArg) -> Result<String> {
        let known_at = self.known_at.as_deref();
        match &self.asked {
            Who::Instance(url) => ask_instance(url, &Asked { sql, known_at }, output),
            Who::Folder(shards, runtime) => {
                let mut session = Session::at(known_at)?;
                let limits = QueryLimits::default();
                let result = runtime.block_on(run(shards.clone(), sql, &mut session, limits))?;
                Ok(written(&result, output)?)
            }
        }
    }
}

fn written(result: &QueryResult, output: OutputArg) -> Result<String, arrow::error::ArrowError> {
    match output {
        OutputArg::Json => format::json(result),
        OutputArg::Table | OutputArg::Csv => format::csv(result),
    }
}

fn ask_instance(url: &str, asked: &Asked<'_>, output: OutputArg) -> Result<String> {
    let accept = match output {
        OutputArg::Json => "application/json",
        OutputArg::Table | OutputArg::Csv => "text/csv",
    };
    post(url, "/api/sql", accept, &serde_json::to_string(asked)?)
}

/// Asks an instance with a JSON body, and gives its answer; a refusal is an error with its words.
pub fn post(url: &str, path: &str, accept: &str, body: &str) -> Result<String> {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = config.timeout_global(Some(ANSWER_MAX)).build().into();
    let request = agent.post(format!("{}{path}", url.trim_end_matches('/')));
    let request = request.header("accept", accept).header("content-type", "application/json");
    let mut response = request.send(body).with_context(|| {
        format!(
            "{url} does not answer: start `twin up` or `twin run`, or name a folder with --data"
        )
    })?;
    let text = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string()?;
    if !response.status().is_success() {
        let refused = serde_json::from_str(&text).map(|refused: Refused| refused.error);
        bail!("{}", refused.unwrap_or(text));
    }
    Ok(text)
}

/// Longer answers are for Parquet, not for a terminal.
const ANSWER_BYTES_MAX: u64 = 1 << 30;
