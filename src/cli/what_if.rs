//! `twin what-if`: what would be scored and said of a patient if some facts were so.

use std::fs;
use std::io::{self, Read};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::value::RawValue;

use twinstream::engine::hypothesis::{FACTS_BYTES_MAX, records};
use twinstream::engine::reading;
use twinstream::engine::shard::Shard;
use twinstream::engine::what_if::{patient_named, what_if};
use twinstream::output::what_if::{EffectChanged, ScoreChanged, ScoreState, WhatIfRecord};

use crate::cli::args::{OutputArg, WhatIfArgs};
use crate::cli::read::post;
use crate::cli::table;

#[derive(Serialize)]
struct Asked<'a> {
    patient: &'a str,
    facts: &'a RawValue,
}

/// Runs the command.
pub fn run(args: &WhatIfArgs) -> Result<()> {
    let facts = read_facts(&args.facts)?;
    let record = match &args.door.data {
        Some(folder) => {
            let mut shards = reading::read(folder)?;
            let snapshots: Vec<_> = shards.iter_mut().map(Shard::snapshot).collect();
            let twin = patient_named(&snapshots, &args.patient)?;
            let mut forks = shards.iter().filter_map(|shard| {
                shard.twins().patient(&twin).map(|number| shard.fork(&[number]))
            });
            let fork = forks.next().context("a shard has the patient that its snapshot names")?;
            what_if(fork, &facts)?
        }
        None => {
            let records = records(&facts)?;
            let texts: Vec<&str> = records.iter().map(|record| record.get()).collect();
            let all = RawValue::from_string(format!("[{}]", texts.join(",")))?;
            let body = serde_json::to_string(&Asked { patient: &args.patient, facts: &all })?;
            let answer = post(&args.door.url, "/api/what-if", "application/json", &body)?;
            serde_json::from_str(&answer).context("the answer")?
        }
    };
    print(&record, args.door.output)
}

fn read_facts(path: &str) -> Result<String> {
    let limit = u64::try_from(FACTS_BYTES_MAX)?.saturating_add(1);
    let mut text = String::new();
    let read = match path {
        "-" => io::stdin().take(limit).read_to_string(&mut text),
        path => fs::File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text)),
    };
    read.with_context(|| path.to_owned())?;
    if FACTS_BYTES_MAX < text.len() {
        bail!("{path}: more than {FACTS_BYTES_MAX} bytes: expected a few resources");
    }
    Ok(text)
}

fn print(record: &WhatIfRecord, output: OutputArg) -> Result<()> {
    match output {
        OutputArg::Json => println!("{}", serde_json::to_string_pretty(record)?),
        OutputArg::Csv => print!("{}", csv(&CHANGES, changes(record))?),
        OutputArg::Table => print_for_people(record)?,
    }
    Ok(())
}

fn print_for_people(record: &WhatIfRecord) -> Result<()> {
    let facts = if record.n_facts == 1 { "fact" } else { "facts" };
    println!(
        "Hypothetical: {} {facts} about {}, as of {}. Nothing was written, nobody was told.",
        record.n_facts, record.patient, record.as_of
    );
    record.notes.iter().for_each(|note| println!("Note: {note}."));
    if record.nothing_changes {
        println!("Nothing would change: no newest score, and nothing that is said or held back.");
        return Ok(());
    }
    println!("{}", table::laid_out(&csv(&CHANGES, changes(record))?)?);
    let evidence: Vec<[String; 5]> = record.effects.iter().flat_map(evidence).collect();
    if !evidence.is_empty() {
        println!("\nWhat that would rest on:");
        println!("{}", table::laid_out(&csv(&EVIDENCE, evidence)?)?);
    }
    Ok(())
}

const CHANGES: [&str; 6] = ["what", "pipeline", "change", "before", "after", "why"];
const EVIDENCE: [&str; 5] = ["pipeline", "value", "points", "effective_at", "source"];

/// A line for each thing that would change.
fn changes(record: &WhatIfRecord) -> Vec<[String; 6]> {
    let of = |pipeline: &str, subject: &str| match subject {
        "" => pipeline.to_owned(),
        subject => format!("{pipeline} {subject}"),
    };
    let scores = record.scores.iter().map(|score| {
        [
            "score".to_owned(),
            of(&score.pipeline, &score.subject),
            String::new(),
            state(score.before.as_ref()),
            state(score.after.as_ref()),
            moved(score),
        ]
    });
    let effects = record.effects.iter().map(|effect| {
        let band = match effect.change.as_str() {
            "resolved" | "withdrawn" => "none".to_owned(),
            _ => format!("{}, {}", effect.band, effect.severity),
        };
        let notes = effect.notes.iter().map(|note| format!(" ({note})")).collect::<String>();
        let kind = match effect.state.as_str() {
            "live" => effect.kind.clone(),
            state => format!("{}, were it not {state}", effect.kind),
        };
        [
            kind,
            of(&effect.pipeline, &effect.subject),
            effect.change.clone(),
            or_none(effect.band_before.as_deref().unwrap_or_default()).to_owned(),
            band,
            format!("{}{notes}", effect.text),
        ]
    });
    let withheld = record.withheld.iter().map(|one| {
        [
            "not said".to_owned(),
            of(&one.pipeline, &one.subject),
            one.reason.clone(),
            String::new(),
            one.band.clone(),
            "it would be true, and the policy would keep it back".to_owned(),
        ]
    });
    scores.chain(effects).chain(withheld).collect()
}

/// The inputs that the facts move, and the names of those that time moves.
fn moved(score: &ScoreChanged) -> String {
    let (by_time, by_facts): (Vec<_>, Vec<_>) =
        score.moved.iter().partition(|input| input.by_time_alone);
    let by_facts = by_facts.into_iter().map(|input| {
        let points = match (input.points_before, input.points_after) {
            (before, after) if before == after => String::new(),
            (before, after) => format!(" (points {} → {})", points(before), points(after)),
        };
        format!("{} {} → {}{points}", input.input, or_none(&input.before), input.after)
    });
    let mut parts: Vec<String> = by_facts.collect();
    if !by_time.is_empty() {
        let names: Vec<&str> = by_time.iter().map(|input| input.input.as_str()).collect();
        parts.push(format!("by time alone: {}", names.join(", ")));
    }
    parts.join("; ")
}

fn evidence(effect: &EffectChanged) -> Vec<[String; 5]> {
    let lines = effect.evidence.iter().map(|one| {
        [
            effect.pipeline.clone(),
            format!("{} {}", one.label, one.value),
            one.points.map_or(String::new(), |points| points.to_string()),
            one.effective_at.clone(),
            if one.hypothetical { "hypothetical".to_owned() } else { one.source.clone() },
        ]
    });
    lines.collect()
}

/// `5 to 8, medium, incomplete`; `none` where there is no score.
fn state(state: Option<&ScoreState>) -> String {
    let Some(state) = state else { return "none".to_owned() };
    let value = match (&state.value, &state.upper) {
        (Some(value), Some(upper)) if value != upper => Some(format!("{value} to {upper}")),
        (value, _) => value.clone(),
    };
    let status = Some(state.status.clone()).filter(|status| status != "final");
    let due = state.due_at.as_ref().map(|due| format!("due {due}"));
    let notes = Some(state.notes.clone()).filter(|notes| status.is_some() && !notes.is_empty());
    let parts = [value, state.band.clone(), status, due, notes];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "at rest".to_owned() } else { parts.join(", ") }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn points(points: Option<i64>) -> String {
    points.map_or("none".to_owned(), |points| points.to_string())
}

fn csv<const N: usize>(header: &[&str; N], lines: Vec<[String; N]>) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for line in lines {
        writer.write_record(&line)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
