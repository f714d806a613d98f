//! `twin promote`: a pipeline is put live, in shadow or paused, in the log of a running instance or of a data folder.

use std::path::Path;

use anyhow::{Result, bail};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use twinstream::clock::now;
use twinstream::config::instance::read;
use twinstream::domain::event::Clock;
use twinstream::domain::promotion::PipelineState;
use twinstream::domain::time::Timestamp;
use twinstream::engine::local::{Durability, LocalEngine};
use twinstream::engine::promoting::{PromotionWish, event_of, judge};
use twinstream::log::local::LocalLog;

use crate::cli::read::post;
use crate::cli::respond_args::RespondDoorArgs;

/// `twin promote`
#[derive(Debug, Args)]
pub struct PromoteArgs {
    /// The pipelines.
    #[arg(required = true, value_name = "NAME")]
    pub pipelines: Vec<String>,
    /// Their state from now on.
    #[arg(long, value_enum, value_name = "STATE")]
    pub to: StateArg,
    /// Who decides it; to live the clinical approver.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: String,
    /// In which role.
    #[arg(long, value_name = "ROLE", value_parser = NonEmptyStringValueParser::new())]
    pub role: String,
    /// The pharmacist who approves it too: needed where it suggests treatment and is to be live.
    #[arg(long, value_name = "NAME")]
    pub pharmacist: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
    /// Whose log it goes into.
    #[command(flatten)]
    pub door: RespondDoorArgs,
}

/// A state of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StateArg {
    /// It is assessed, and what it would say is kept apart: nobody is told.
    Shadow,
    /// It speaks.
    Live,
    /// It is not assessed.
    Paused,
}

/// Runs the command.
pub fn run(args: &PromoteArgs) -> Result<()> {
    let PromoteArgs { pipelines, to, by, role, pharmacist, reason, door } = args;
    let to = match to {
        StateArg::Shadow => PipelineState::Shadow,
        StateArg::Live => PipelineState::Live,
        StateArg::Paused => PipelineState::Paused,
    };
    let wishes = pipelines.iter().map(|pipeline| PromotionWish {
        pipeline: pipeline.clone(),
        to,
        by: by.clone(),
        role: role.clone(),
        pharmacist: pharmacist.clone().unwrap_or_default(),
        why: reason.clone(),
    });
    let wishes: Vec<PromotionWish> = wishes.collect();
    match door {
        RespondDoorArgs { data: Some(folder), .. } => in_folder(folder, &wishes),
        RespondDoorArgs { config: Some(config), .. } => {
            let instance = read(config, std::env::vars())?;
            at_instance(&format!("http://{}", instance.listen), &wishes)
        }
        RespondDoorArgs { url, .. } => at_instance(url, &wishes),
    }
}

fn at_instance(url: &str, wishes: &[PromotionWish]) -> Result<()> {
    for PromotionWish { pipeline, to, by, role, pharmacist, why } in wishes {
        let body = json!({
            "pipeline": pipeline, "to": to.name(), "by": by, "role": role, "pharmacist": pharmacist,
            "why": why,
        });
        let answer = post(url, "/api/promote", "application/json", &body.to_string())?;
        let answer: Value = serde_json::from_str(&answer)?;
        let at = answer.get("at").and_then(Value::as_str).unwrap_or_default();
        println!("{pipeline}: {} at {at} by {by} ({role})", to.past());
    }
    Ok(())
}

fn in_folder(folder: &Path, wishes: &[PromotionWish]) -> Result<()> {
    let Some((n_partitions, clock)) = LocalLog::shape(&folder.join("log"))? else {
        bail!("{}: no data folder of twin", folder.display())
    };
    let mut engine = LocalEngine::open(folder, n_partitions, clock, Durability::EachFlush)?;
    let now = now();
    let present = match clock {
        Clock::Live => now,
        // The time it is in a recorded history is how far it has come.
        Clock::Recorded => Timestamp::MIN,
    };
    let put = put_all(&mut engine, wishes, (present, clock, now));
    engine.close(now)?;
    put
}

fn put_all(
    engine: &mut LocalEngine,
    wishes: &[PromotionWish],
    (present, clock, now): (Timestamp, Clock, Timestamp),
) -> Result<()> {
    for wish in wishes {
        let promotion = judge(&engine.snapshots(), wish, present)?;
        let at = promotion.at;
        engine.submit(&event_of(promotion, (clock == Clock::Recorded).then_some(at)));
        engine.flush(now)?;
        for error in engine.take_failed() {
            tracing::error!(%error, "an effect could not be written in one of its forms");
        }
        println!("{}: {} at {at} by {} ({})", wish.pipeline, wish.to.past(), wish.by, wish.role);
    }
    Ok(())
}
