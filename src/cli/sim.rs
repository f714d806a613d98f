//! `twin sim`: the simulator, for minutes or for a night.

use anyhow::Result;
use serde::Serialize;

use indicatif::{ProgressBar, ProgressStyle};

use twinstream::clock::Stopwatch;
use twinstream::sim::run::{Enough, Goal, Progress, Trial, sweep};
use twinstream::sim::scene::Scene;
use twinstream::sim::tried::Tried;

use crate::cli::args::{OutputArg, SimArgs};

/// Seeds where nothing else is said: some seconds.
const SEEDS: u64 = 100;

#[derive(Serialize)]
struct Report {
    permutations: u64,
    recuts: u64,
    seals: u64,
    evictions: u64,
    crash_points: u64,
    restores: u64,
    replays: u64,
    checkpoints: u64,
    damaged: u64,
    passed_over: u64,
    past_instants: u64,
    events: u64,
    records: u64,
    seconds: f64,
}

/// Tries what is asked for; an error names the seed, the invariant and the command that repeats it.
pub fn run(args: &SimArgs) -> Result<()> {
    let (scene, stopwatch) = (Scene::default(), Stopwatch::start());
    let mut tried = Tried::default();
    for (what, goal) in goals(args) {
        let bar = ProgressBar::new(0);
        let template = "{msg} {wide_bar} {human_pos}/{human_len}  {per_sec}  {eta} left";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(what);
        let show = |Progress { n_done, n_goal }| {
            bar.set_length(n_goal);
            bar.set_position(n_done);
        };
        let done = sweep(&scene, &goal, args.seed, &show);
        bar.finish_and_clear();
        tried += done?;
    }
    print(&tried, stopwatch.elapsed().as_secs_f64(), args.output)
}

fn goals(args: &SimArgs) -> Vec<(&'static str, Goal)> {
    let counts = [
        ("permutations", Trial::Order, args.permutations),
        ("recuts", Trial::Cuts, args.recuts),
        ("crash points", Trial::Crashes, args.crashes),
    ];
    let counted = counts.into_iter().filter_map(|(what, trial, count)| {
        Some((what, Goal { trials: vec![trial], enough: Enough::Count(count?) }))
    });
    let mut goals: Vec<(&'static str, Goal)> = counted.collect();
    if args.every_crash {
        let trials = vec![Trial::EveryCrash];
        goals.push(("histories", Goal { trials, enough: Enough::Seeds(args.seeds.unwrap_or(1)) }));
    } else if goals.is_empty() || args.seeds.is_some() {
        let enough = Enough::Seeds(args.seeds.unwrap_or(SEEDS));
        goals.push(("seeds", Goal { trials: Trial::USUAL.to_vec(), enough }));
    }
    goals
}

fn print(tried: &Tried, seconds: f64, output: OutputArg) -> Result<()> {
    if output == OutputArg::Json {
        let report = Report {
            permutations: tried.permutations,
            recuts: tried.recuts,
            seals: tried.seals,
            evictions: tried.evictions,
            crash_points: tried.crashes,
            restores: tried.restores,
            replays: tried.replays,
            checkpoints: tried.checkpoints,
            damaged: tried.damaged,
            passed_over: tried.passed_over,
            past_instants: tried.recollections,
            events: tried.events,
            records: tried.records,
            seconds,
        };
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    println!("every promise was kept\n");
    for (what, count) in [
        ("permutations, each event 1 to 5 times", tried.permutations),
        ("logs cut into other frames and steps", tried.recuts),
        ("tails sealed before their time", tried.seals),
        ("blocks forgotten", tried.evictions),
        ("crash points", tried.crashes),
        ("starts from a checkpoint", tried.restores),
        ("starts from the log alone", tried.replays),
        ("checkpoints published", tried.checkpoints),
        ("objects damaged", tried.damaged),
        ("checkpoints passed over", tried.passed_over),
        ("past instants asked about again", tried.recollections),
        ("events sent", tried.events),
        ("records that consumers saw", tried.records),
    ] {
        println!("{what:<40} {count:>10}");
    }
    println!("{:<40} {seconds:>10.1} s", "time");
    Ok(())
}
