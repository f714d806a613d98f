//! `twin backtest`: pipelines, side by side, on a past.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, anyhow};

use twinstream::domain::identity::TwinId;
use twinstream::domain::time::{Span, Timestamp};
use twinstream::engine::backtest::observed::{Observed, observed};
use twinstream::engine::backtest::report::{Figures, Interval, Report};
use twinstream::engine::rehearsal::Rehearsal;
use twinstream::http::backtest_page;
use twinstream::pipeline::window::parse_span;

use crate::cli::args::OutputArg;
use crate::cli::history::{Asked, Questions, read_instants};
use crate::cli::history_args::{BacktestArgs, HistoryArg};
use crate::cli::replay::{instant, read_library};
use crate::cli::table;

type Outcomes = BTreeMap<TwinId<'static>, Vec<Timestamp>>;

/// The label of the challenge turns 1 so long before onset (Reyna 2020).
const LABEL_BEFORE_ONSET: Span = Span::from_hours(6);

/// Runs the command.
pub fn run(args: &BacktestArgs) -> Result<()> {
    let horizon = parse_span(&args.horizon).map_err(|error| anyhow!("--horizon: {error}"))?;
    let time = |text: &Option<String>| text.as_deref().map(instant).transpose();
    let range = (
        time(&args.from)?.unwrap_or(Timestamp::MIN),
        time(&args.to)?.unwrap_or(Timestamp::FOREVER),
    );
    let mut names: Vec<String> = args.pipelines.clone();
    let mut library = read_library(args.history.pipelines.as_deref())?;
    if let Some(path) = &args.candidate {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let (with_candidate, name) = library.with_candidate(path, &text)?;
        library = with_candidate;
        names.push(name);
    }
    let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    let library = library.only(&wanted).map_err(|error| anyhow!(error))?;
    let pipelines = library.pipelines()?;
    let told = args.labels.as_deref().map(read_instants).transpose()?;
    let told = told.map(|(_, asked)| by_patient(asked.into_iter()));
    let is_challenge = args.history.form == HistoryArg::Challenge2019;
    let questions = Questions::of_all(&args.data, &args.history, library)?;
    let each = |rehearsal: &Rehearsal, asked: &[Asked]| {
        let onsets = if is_challenge { onsets(asked) } else { Outcomes::new() };
        let outcomes = told.as_ref().unwrap_or(&onsets);
        let of_pipeline = names.iter().map(|name| observed(rehearsal, name, outcomes, range));
        Ok(of_pipeline.collect::<Vec<Vec<Observed>>>())
    };
    let mut patients: Vec<Vec<Observed>> = names.iter().map(|_| Vec::new()).collect();
    questions.ask(&each, &mut |part| {
        patients.iter_mut().zip(part).for_each(|(all, part)| all.extend(part));
        Ok(())
    })?;
    let reports = names.iter().zip(&patients).map(|(name, patients)| {
        let pipeline = pipelines.iter().find(|pipeline| *pipeline.name == **name);
        let pipeline = pipeline.ok_or_else(|| anyhow!("there is no pipeline `{name}`"))?;
        Ok(Report::of(pipeline, patients, horizon))
    });
    let reports = reports.collect::<Result<Vec<Report>>>()?;
    if let Some(path) = &args.html {
        fs::write(path, backtest_page::page(&reports))
            .with_context(|| path.display().to_string())?;
    }
    match args.output {
        OutputArg::Json => println!("{}", serde_json::to_string_pretty(&reports)?),
        OutputArg::Table => show(&reports)?,
        OutputArg::Csv => {
            let all: Vec<_> =
                reports.iter().map(|report| row(&report.pipeline, &report.all)).collect();
            table::print(&HEADER, &all, OutputArg::Csv)?;
        }
    }
    Ok(())
}

fn by_patient(asked: impl Iterator<Item = Asked>) -> Outcomes {
    let mut outcomes = Outcomes::new();
    for one in asked {
        outcomes.entry(one.twin).or_default().push(one.at);
    }
    outcomes.values_mut().for_each(|times| times.sort_unstable());
    outcomes
}

/// When sepsis began in each of the challenge's patients: six hours after the first hour that is labelled so.
fn onsets(asked: &[Asked]) -> Outcomes {
    let is_first = |one: &&Asked, before: Option<&Asked>| {
        let is_labelled = |one: &Asked| one.labels.last().is_some_and(|label| label == "1");
        let is_same = before.is_some_and(|before| before.twin == one.twin && is_labelled(before));
        is_labelled(one) && !is_same
    };
    let pairs = asked.iter().enumerate();
    let first = pairs.filter(|(place, one)| {
        is_first(one, place.checked_sub(1).and_then(|before| asked.get(before)))
    });
    by_patient(first.map(|(_, one)| Asked { at: one.at.plus(LABEL_BEFORE_ONSET), ..one.clone() }))
}

const HEADER: [&str; 11] = [
    "pipeline",
    "patients",
    "days",
    "alerts",
    "per 100 days",
    "outcomes",
    "sensitivity",
    "PPV",
    "lead h",
    "AUROC",
    "AUPRC",
];

/// One row a pipeline and group, then what other thresholds would do.
fn show(reports: &[Report]) -> Result<()> {
    let all: Vec<_> = reports.iter().map(|report| row(&report.pipeline, &report.all)).collect();
    table::print(&HEADER, &all, OutputArg::Table)?;
    for report in reports {
        println!(
            "\n{} {}: raises from {}, counts alerts up to {} h before the outcome, {} retrospective",
            report.pipeline,
            report.edition,
            report.raises_from,
            report.horizon_hours,
            report.n_retrospective
        );
        for (reason, count) in &report.suppressed {
            println!("  suppressed by {reason}: {count}");
        }
        let groups = report.groups.iter().map(|(name, figures)| row(name, figures));
        table::print(&HEADER, &groups.collect::<Vec<_>>(), OutputArg::Table)?;
        let curve = report.curve.iter().map(|point| {
            [
                point.threshold.clone(),
                number(point.alerts_per_100_patient_days, 1),
                number(point.sensitivity, 3),
                number(point.positive_predictive_value, 3),
            ]
        });
        let header = ["threshold", "per 100 days", "sensitivity", "PPV"];
        table::print(&header, &curve.collect::<Vec<_>>(), OutputArg::Table)?;
    }
    Ok(())
}

fn row(name: &str, figures: &Figures) -> [String; 11] {
    let lead = figures.lead_hours.map_or(String::new(), |(low, middle, high)| {
        format!("{middle:.1} ({low:.1} to {high:.1})")
    });
    [
        name.to_owned(),
        figures.patients.to_string(),
        format!("{:.0}", figures.patient_days),
        figures.alerts.to_string(),
        interval(figures.alerts_per_100_patient_days, 1),
        format!("{} of {}", figures.outcomes_found, figures.outcomes),
        interval(figures.sensitivity, 3),
        interval(figures.positive_predictive_value, 3),
        lead,
        interval(figures.auroc, 3),
        interval(figures.auprc, 3),
    ]
}

fn interval(interval: Interval, decimals: usize) -> String {
    match (interval.value, interval.low, interval.high) {
        (Some(value), Some(low), Some(high)) => {
            format!("{value:.decimals$} ({low:.decimals$} to {high:.decimals$})")
        }
        (value, _, _) => number(value, decimals),
    }
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or(String::new(), |value| format!("{value:.decimals$}"))
}
