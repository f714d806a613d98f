//! `twin alerts ack`, `snooze` and `resolve`: what a person did about an alert, into the log of a running instance
//! or of a data folder.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use twinstream::clock::now;
use twinstream::config::instance::read;
use twinstream::domain::event::Clock;
use twinstream::domain::time::{Span, Timestamp};
use twinstream::engine::local::{Durability, LocalEngine};
use twinstream::engine::responses::{Deed, Wish, event_of, judge};
use twinstream::log::local::LocalLog;

use crate::cli::read::post;
use crate::cli::respond_args::{RespondArgs, RespondDoorArgs};

/// Runs the command.
pub fn run(args: &RespondArgs, deed: Deed) -> Result<()> {
    let RespondArgs { id, by, role, why, door } = args;
    let wish = Wish {
        id: id.clone(),
        deed,
        by: by.clone(),
        role: role.clone(),
        why: why.clone().unwrap_or_default(),
    };
    match door {
        RespondDoorArgs { data: Some(folder), .. } => in_folder(folder, &wish),
        RespondDoorArgs { config: Some(config), .. } => {
            let instance = read(config, std::env::vars())?;
            at_instance(&format!("http://{}", instance.listen), &wish)
        }
        RespondDoorArgs { url, .. } => at_instance(url, &wish),
    }
}

/// Reads `30m`, `2h`, `90 min`.
pub fn span(text: &str) -> Result<Span, String> {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let expected = || format!("`{text}`: expected minutes or hours, such as 30m or 2h");
    let number: i64 = number.parse().map_err(|_| expected())?;
    let minutes = match unit.trim() {
        "m" | "min" => Some(number),
        "h" => number.checked_mul(60),
        _ => None,
    };
    // A day is the limit of a snooze: larger numbers are refused by name, not by overflow.
    let minutes = minutes.filter(|minutes| *minutes <= 1_000_000).ok_or_else(expected)?;
    Ok(Span::from_minutes(minutes))
}

fn at_instance(url: &str, wish: &Wish) -> Result<()> {
    let (action, minutes) = match wish.deed {
        Deed::Acknowledge => ("acknowledge", None),
        Deed::Snooze(span) => ("snooze", Some(span.micros() / 60_000_000)),
        Deed::Resolve => ("resolve", None),
    };
    let Wish { id, by, role, why, .. } = wish;
    let body = json!({
        "id": id, "action": action, "by": by, "role": role, "why": why, "minutes": minutes,
    });
    let answer = post(url, "/api/respond", "application/json", &body.to_string())?;
    let answer: Value = serde_json::from_str(&answer)?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    print(&text("patient"), wish, &text("until"));
    Ok(())
}

fn in_folder(folder: &Path, wish: &Wish) -> Result<()> {
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
    let (twin, response) = judge(&engine.snapshots(), wish, present)?;
    let (patient, until) = (twin.to_string(), response.action.until());
    let available_at = (clock == Clock::Recorded).then_some(response.at);
    engine.submit(&event_of(twin, response, available_at));
    engine.flush(now)?;
    for error in engine.take_failed() {
        tracing::error!(%error, "an effect could not be written in one of its forms");
    }
    engine.close(now)?;
    print(&patient, wish, &until.map(|until| until.to_string()).unwrap_or_default());
    Ok(())
}

fn print(patient: &str, wish: &Wish, until: &str) {
    let done = match wish.deed {
        Deed::Acknowledge => "acknowledged".to_owned(),
        Deed::Snooze(_) => format!("snoozed until {until}"),
        Deed::Resolve => "resolved".to_owned(),
    };
    println!("{} of {patient}: {done} by {} ({})", wish.id, wish.by, wish.role);
}
