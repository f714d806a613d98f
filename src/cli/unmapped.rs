//! `twin dlq unmapped`: what came and means nothing here yet, and the line that would give it a meaning.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use twinstream::config::instance::{Instance, read};
use twinstream::engine::routes::Routes;
use twinstream::kafka::settings::KafkaSettings;
use twinstream::kafka::topics;
use twinstream::sql::unmapped::unmapped;

use crate::cli::args::OutputArg;
use crate::cli::dlq_args::DlqListArgs;
use crate::cli::read::{DoorArgs, ask_json};
use crate::cli::table::print;

const COLUMNS: [&str; 8] =
    ["kind", "system", "code", "unit", "records", "patients", "example", "what_to_do"];

#[derive(Deserialize)]
struct Unmapped {
    kind: String,
    system: Option<String>,
    code: Option<String>,
    unit: Option<String>,
    about: Option<String>,
    records: u64,
    patients: u64,
    example: Option<String>,
}

/// Runs the command.
pub fn run(args: &DlqListArgs) -> Result<()> {
    let instance = match &args.whose.data {
        Some(_) => None,
        None => {
            let config = args.whose.config.as_deref().unwrap_or(Path::new(""));
            Some(read(config, std::env::vars())?)
        }
    };
    let url = instance.as_ref().map_or_else(String::new, |at| format!("http://{}", at.listen));
    let door =
        DoorArgs { url, data: args.whose.data.clone(), known_at: None, output: OutputArg::Json };
    let found = ask_json(&door, &unmapped())?;
    let found: Vec<Unmapped> =
        serde_json::from_str(&found).context("the answer about what is not mapped")?;
    let mut rows: Vec<[String; 8]> = found.into_iter().map(row).collect();
    if let Some(instance) = &instance {
        rows.extend(unread_topics(instance)?.into_iter().map(|topic| {
            let what = format!("twin.yaml, sources: topics: ['{topic}']");
            let none = String::new;
            ["topic".to_owned(), none(), topic, none(), none(), none(), none(), what]
        }));
    }
    print(&COLUMNS, &rows, args.output)
}

fn row(found: Unmapped) -> [String; 8] {
    let Unmapped { kind, system, code, unit, about, records, patients, example } = found;
    let [system, code, unit, about, example] =
        [system, code, unit, about, example].map(Option::unwrap_or_default);
    let what = match kind.as_str() {
        "code" => {
            let about = if about.is_empty() { String::new() } else { format!("   # {about}") };
            format!(
                "site file, codes: - {{ system: '{system}', code: '{code}', signal: SIGNAL }}{about}"
            )
        }
        "answer" => format!(
            "`{unit}` is no number and no answer of {about}: site file, answers: {about}: - {{ system: SYSTEM, \
             code: CODE, answer: ANSWER }}, or the sender"
        ),
        "class" => format!("site file, settings: {{ {code}: SETTING }}"),
        "place" => format!("site file, wards: {{ {code}: NAME }}, or the Location itself"),
        _ => format!("{about}: the sender should write UCUM, such as {}", canonical(&about)),
    };
    [kind, system, code, unit, records.to_string(), patients.to_string(), example, what]
}

/// The canonical unit of the signal that `about` begins with.
fn canonical(about: &str) -> &'static str {
    let name = about.split(' ').next().unwrap_or_default();
    twinstream::domain::signal::Signal::named(name).map_or("mg/dL", |signal| signal.spec().unit)
}

/// Topics of the cluster that no source reads and that are not our own.
fn unread_topics(instance: &Instance) -> Result<Vec<String>> {
    let kafka: &KafkaSettings = &instance.run.kafka;
    let mut routes = Routes::new(&instance.run.routes)?;
    let [alerts, fhir, shadow] = kafka.effect_topics();
    let ours = [alerts, fhir, shadow, kafka.events_topic(), kafka.dead_letters_topic()];
    let names = topics::names(kafka)?.into_iter();
    let unread = names.filter(|name| {
        !name.starts_with("__") && !ours.contains(name) && routes.index_of(name).is_err()
    });
    Ok(unread.collect())
}
