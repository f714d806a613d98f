//! `twin replay`: files through the engine into a data folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use twinstream::clock::{Stopwatch, now};
use twinstream::domain::effect::{Audience, EffectStatus};
use twinstream::domain::event::Clock;
use twinstream::domain::moment::Moment;
use twinstream::domain::time::Timestamp;
use twinstream::engine::library::Library;
use twinstream::engine::local::{Durability, LocalEngine};
use twinstream::engine::replay::{ReplaySpec, replay};
use twinstream::ingest::decoder::Decoder;
use twinstream::ingest::site::Site;
use twinstream::telemetry;

use crate::cli::args::OutputArg;
use crate::cli::history_args::ReplayArgs;
use crate::cli::progress::Bar;
use crate::cli::summary::{EffectCounts, Summary};

/// The site file that ships, for inputs that come without one.
const REFERENCE_SITE: &str = include_str!("../../deploy/site.yaml");

/// Runs the command.
pub fn run(args: &ReplayArgs) -> Result<()> {
    let watch = Stopwatch::start();
    let (site_text, site) = read_site(args.site.as_deref())?;
    let library = read_library(args.pipelines.as_deref())?.with_site(&site_text);
    let mut engine =
        LocalEngine::open(&args.data, args.partitions, Clock::Recorded, Durability::AtTheEnd)?;
    engine.define(&library, now())?;
    let by = ("twin replay", "a history is replayed to see what they say; nobody is told");
    engine.put_live(&library, by, now())?;
    let spec = ReplaySpec {
        inputs: args.inputs.clone(),
        source: args.source.source("replay", &site)?,
        until: args.until.as_deref().map(instant).transpose()?,
        now: now(),
    };
    let mut decoder = Decoder::new(Arc::new(site));
    let mut bar = Bar::new();
    let result = replay(&spec, &mut decoder, &mut engine, &mut |progress| bar.show(progress));
    bar.finish();
    result?;
    let mut summary = Summary::of_tally(&decoder.tally());
    count_state(&mut engine, &mut summary);
    summary.took(watch.elapsed(), telemetry::cpu_time(), telemetry::peak_memory_bytes());
    match args.output {
        OutputArg::Json => println!("{}", serde_json::to_string_pretty(&summary)?),
        OutputArg::Table | OutputArg::Csv => summary.print(),
    }
    Ok(())
}

/// Reads a site file, or takes the one that ships.
pub fn read_site(path: Option<&Path>) -> Result<(String, Site)> {
    let (name, text) = match path {
        Some(path) => {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            (path.display().to_string(), text)
        }
        None => ("deploy/site.yaml".to_owned(), REFERENCE_SITE.to_owned()),
    };
    let site = Site::read(&text).with_context(|| name)?;
    Ok((text, site))
}

/// Reads a folder of pipelines, or takes those that ship.
pub fn read_library(path: Option<&Path>) -> Result<Library> {
    Ok(match path {
        Some(path) => Library::of_folder(path)?,
        None => Library::shipped()?,
    })
}

/// Reads an instant of the command line.
pub fn instant(text: &str) -> Result<Timestamp> {
    match Moment::parse(text) {
        Ok(Moment::Instant { at, .. }) => Ok(at),
        _ => bail!("{text}: expected a time with its offset, such as 2026-11-08T03:10:00Z"),
    }
}

fn count_state(engine: &mut LocalEngine, summary: &mut Summary) {
    let mut effects: BTreeMap<String, EffectCounts> = BTreeMap::new();
    for snapshot in engine.snapshots() {
        summary.patients += snapshot.patients.n_items();
        for row in snapshot.effects.iter() {
            let counts = effects.entry(row.effect.pipeline.to_string()).or_default();
            match row.effect.audience {
                Audience::CareTeam => counts.said += 1,
                Audience::Retrospective => counts.retrospective += 1,
            }
            match row.effect.status {
                EffectStatus::Active => counts.active += 1,
                EffectStatus::Withdrawn => counts.withdrawn += 1,
                EffectStatus::Resolved | EffectStatus::Moved => {}
            }
        }
        for (number, chunk) in snapshot.scores.iter().enumerate() {
            let marks = snapshot.score_marks.of_chunk(number);
            for index in 0..chunk.n_rows() {
                let known_to = marks.and_then(|marks| marks.get(index)).copied();
                let is_current = known_to.is_none_or(|at| at == Timestamp::FOREVER);
                let track =
                    chunk.row(index).filter(|_| is_current).map(|row| usize::from(row.track));
                if let Some(track) = track.and_then(|track| snapshot.tracks.get(track)) {
                    *summary.scores_by_pipeline.entry(track.pipeline.to_string()).or_default() += 1;
                }
            }
        }
    }
    summary.effects_by_pipeline = effects;
}
