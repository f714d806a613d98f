//! `twin dlq`: what did not get in, why, and how to put it right.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use twinstream::clock::now;
use twinstream::config::instance::{Instance, read};
use twinstream::domain::time::Timestamp;
use twinstream::engine::appender::Appender;
use twinstream::engine::dead_letters::{Group, Shelf};
use twinstream::engine::letter_store::LetterStore;
use twinstream::engine::letters::FolderShelf;
use twinstream::engine::local::{Durability, LocalEngine};
use twinstream::engine::retry::{LogEnd, Retried, Retry, Sources};
use twinstream::ingest::mark::Mark;
use twinstream::ingest::shelved::{ShelvedLetter, ShelvedValue};
use twinstream::kafka::letter_shelf::KafkaShelf;
use twinstream::kafka::log::KafkaLogWriter;
use twinstream::kafka::topics::{TopicSpec, ensure};
use twinstream::log::local::LocalLog;

use crate::cli::args::{OutputArg, WhoseArgs};
use crate::cli::dlq_args::{
    DlqCommand, DlqDropArgs, DlqListArgs, DlqRetryArgs, DlqShowArgs, ReadingArgs,
};
use crate::cli::replay::read_site;
use crate::cli::table::print;
use crate::cli::unmapped;

/// Bytes of a record that a terminal is shown; `--bytes` gives all of them.
const SHOWN_CHARS_MAX: usize = 2_000;

/// Runs the command.
pub fn run(command: &DlqCommand) -> Result<()> {
    match command {
        DlqCommand::List(args) => list(args),
        DlqCommand::Show(args) => show(args),
        DlqCommand::Unmapped(args) => unmapped::run(args),
        DlqCommand::Retry(args) => retry(args),
        DlqCommand::Drop(args) => drop_letter(args),
    }
}

fn list(args: &DlqListArgs) -> Result<()> {
    let (shelf, _) = shelf_of(&args.whose)?;
    let counts = shelf.count()?;
    if 0 < counts.n_foreign {
        eprintln!("{} records there were not written by twin, and are left out", counts.n_foreign);
    }
    print(&COLUMNS, &counts.groups.iter().map(row).collect::<Vec<_>>(), args.output)
}

const COLUMNS: [&str; 10] = [
    "reason", "stage", "topic", "open", "retried", "dropped", "first", "last", "example", "message",
];

fn row(group: &Group) -> [String; 10] {
    [
        group.reason.clone(),
        group.stage.clone(),
        group.topic.clone(),
        group.n_open.to_string(),
        group.n_retried.to_string(),
        group.n_dropped.to_string(),
        when(group.first_at),
        when(group.last_at),
        group.example.clone(),
        group.message.clone(),
    ]
}

fn when(at: Timestamp) -> String {
    if at == Timestamp::MIN { String::new() } else { at.to_string() }
}

fn show(args: &DlqShowArgs) -> Result<()> {
    let (shelf, instance) = shelf_of(&args.whose)?;
    let found = shelf.find(&args.id)?;
    let Some((letter, mark)) = found.last() else { return Err(no_letter(&args.id)) };
    let mut store = store_of(instance.as_ref());
    let bytes = match &letter.value {
        ShelvedValue::Null => Some(Vec::new()),
        ShelvedValue::Bytes(bytes) => Some(bytes.clone()),
        ShelvedValue::Stored { name, .. } => match store.fetch(name) {
            Some(bytes) => Some(bytes?.to_vec()),
            None => None,
        },
        ShelvedValue::LeftAtSource { .. } => None,
    };
    if args.bytes {
        let Some(bytes) = bytes else {
            bail!("its bytes are not kept: {}", place_of(&letter.value));
        };
        return Ok(std::io::stdout().write_all(&bytes)?);
    }
    let bytes = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let fields = fields_of(letter, mark.as_ref());
    match args.output {
        OutputArg::Json => {
            let mut object: Map<String, Value> =
                fields.iter().map(|[name, text]| (name.clone(), json!(text))).collect();
            let problems = serde_json::to_value(&letter.problems)?;
            object.insert("problems".to_owned(), problems);
            object.insert("headers".to_owned(), headers_of(letter));
            object.insert("mark".to_owned(), serde_json::to_value(mark)?);
            object.insert("bytes".to_owned(), json!(bytes));
            println!("{}", serde_json::to_string_pretty(&object)?);
            Ok(())
        }
        OutputArg::Csv => print(&["field", "value"], &fields, args.output),
        OutputArg::Table => {
            print(&["field", "value"], &fields, args.output)?;
            let bytes = bytes.unwrap_or_default();
            let shown: String = bytes.chars().take(SHOWN_CHARS_MAX).collect();
            println!("{shown}");
            if shown.len() < bytes.len() {
                eprintln!("and more: --bytes writes all of it");
            }
            Ok(())
        }
    }
}

fn fields_of(letter: &ShelvedLetter, mark: Option<&Mark>) -> Vec<[String; 2]> {
    let mut fields = vec![("letter", letter.id())];
    let status = mark.map_or("waits".to_owned(), |mark| {
        format!("{} by {} at {}: {}", mark.outcome.name(), mark.by, mark.at, mark.why)
    });
    fields.push(("status", status));
    fields.push(("reason", letter.reason().to_owned()));
    fields.push(("stage", letter.stage().to_owned()));
    fields.push(("source", letter.source.clone()));
    fields.push(("refused_at", when(letter.refused_at)));
    fields.push(("timestamp", when(letter.timestamp)));
    for problem in &letter.problems {
        let parts = [&problem.resource_type, &problem.pointer, &problem.message];
        let parts: Vec<&str> = parts.into_iter().map(String::as_str).collect();
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        fields.push(("problem", format!("{}: {}", problem.reason, parts.join(", "))));
        if let Some(patient) = &problem.patient {
            fields.push(("patient", patient.clone()));
        }
    }
    if letter.problems.len() < letter.n_problems {
        fields.push(("problems", format!("{} in all", letter.n_problems)));
    }
    if let Some(key) = &letter.key {
        fields.push(("key", String::from_utf8_lossy(key).into_owned()));
    }
    for (name, value) in &letter.headers {
        let value = value.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        fields.push(("header", format!("{name}: {value}")));
    }
    fields.push(("bytes", place_of(&letter.value)));
    fields.into_iter().map(|(name, text)| [name.to_owned(), text]).collect()
}

fn headers_of(letter: &ShelvedLetter) -> Value {
    let headers = letter
        .headers
        .iter()
        .map(|(name, value)| json!([name, value.as_deref().map(String::from_utf8_lossy)]));
    Value::Array(headers.collect())
}

fn place_of(value: &ShelvedValue) -> String {
    match value {
        ShelvedValue::Null => "none: a deletion".to_owned(),
        ShelvedValue::Bytes(bytes) => bytes.len().to_string(),
        ShelvedValue::Stored { name, size_bytes } => {
            format!("{size_bytes} in the storage of the checkpoints, as {name}")
        }
        ShelvedValue::LeftAtSource { why, size_bytes } => {
            format!("{size_bytes}, only where they came from: {why}")
        }
    }
}

fn retry(args: &DlqRetryArgs) -> Result<()> {
    let mut retry = open(&args.whose, &args.reading, &args.by)?;
    let retried = retry.run(args.reason.map(crate::cli::dlq_args::ReasonArg::name))?;
    retry.close()?;
    report(&retried, args.output)
}

fn report(retried: &Retried, output: OutputArg) -> Result<()> {
    let Retried { n_tried, n_read, refused, n_closed } = retried;
    if output == OutputArg::Json {
        let refused = refused.iter().map(|(reason, (count, example, message))| {
            json!({ "reason": reason, "letters": count, "example": example, "message": message })
        });
        let refused: Vec<Value> = refused.collect();
        let all = json!({
            "tried": n_tried, "read": n_read, "closed_before": n_closed, "refused": refused,
        });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    let read = ["read".to_owned(), n_read.to_string(), String::new(), String::new()];
    let still = refused.iter().map(|(reason, (count, example, message))| {
        [format!("still {reason}"), count.to_string(), example.clone(), message.clone()]
    });
    let rows: Vec<[String; 4]> = std::iter::once(read).chain(still).collect();
    print(&["letters", "count", "example", "message"], &rows, output)?;
    eprintln!("{n_tried} letters were tried; {n_closed} were closed before");
    Ok(())
}

fn drop_letter(args: &DlqDropArgs) -> Result<()> {
    let (shelf, _) = shelf_of(&args.whose)?;
    let found = shelf.find(&args.id)?;
    let Some((letter, mark)) = found.last() else { return Err(no_letter(&args.id)) };
    if let Some(mark) = mark {
        println!(
            "{}: {} by {} at {}: {}",
            args.id,
            mark.outcome.name(),
            mark.by,
            mark.at,
            mark.why
        );
        return Ok(());
    }
    let mut retry = open(&args.whose, &args.reading, &args.by)?;
    retry.drop(letter, &args.why)?;
    retry.close()?;
    println!("{}: dropped by {}: {}", args.id, args.by, args.why);
    Ok(())
}

fn no_letter(id: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "there is no letter {id}: expected TOPIC-PARTITION-OFFSET, as `twin dlq list` shows it"
    )
}

/// Where letters lie, and the instance they are of.
fn shelf_of(whose: &WhoseArgs) -> Result<(Shelf, Option<Instance>)> {
    match (&whose.data, &whose.config) {
        (Some(folder), _) => Ok((Shelf::Folder(FolderShelf::new(folder)), None)),
        (None, config) => {
            let config = config.as_deref().unwrap_or(Path::new(""));
            let instance = read(config, std::env::vars())?;
            let shelf = Shelf::Kafka(KafkaShelf::new(instance.run.kafka.clone()));
            Ok((shelf, Some(instance)))
        }
    }
}

fn store_of(instance: Option<&Instance>) -> LetterStore {
    let checkpoints = instance.and_then(|instance| instance.run.checkpoints.as_ref());
    LetterStore::new(checkpoints.map(|spec| spec.storage.clone()))
}

/// What reads letters again, and writes what it read.
fn open(whose: &WhoseArgs, reading: &ReadingArgs, by: &str) -> Result<Retry> {
    let (shelf, instance) = shelf_of(whose)?;
    let store = store_of(instance.as_ref());
    let (by, now) = (by.to_owned(), now());
    if let Some(Instance { run, .. }) = instance {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let events = TopicSpec::events(&run.kafka, i32::try_from(run.n_partitions)?);
        runtime.block_on(ensure(&run.kafka, &[events]))?;
        let (writer, appender) =
            (KafkaLogWriter::new(&run.kafka)?, Appender::new(run.n_partitions));
        let (sources, log) = (Sources::of_routes(&run.routes)?, LogEnd::Kafka(writer, appender));
        return Ok(Retry { shelf, store, sources, site: run.site, log, by, now });
    }
    let folder = whose.data.as_deref().unwrap_or(Path::new(""));
    let Some((n_partitions, clock)) = LocalLog::shape(&folder.join("log"))? else {
        bail!("{}: no data folder of twin", folder.display())
    };
    let (_, site) = read_site(reading.site.as_deref())?;
    let sources = Sources::One(reading.source.source("retry", &site)?);
    let engine = LocalEngine::open(folder, n_partitions, clock, Durability::EachFlush)?;
    let log = LogEnd::Folder(Box::new(engine));
    Ok(Retry { shelf, store, sources, site: Arc::new(site), log, by, now })
}
