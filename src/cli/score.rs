//! `twin score`: what a pipeline would have said of each patient and instant of a history, from nothing that was later.
//!
//! For the challenge of 2019 also what its official utility makes of it, where the files have labels.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};

use twinstream::domain::decimal::plain;
use twinstream::engine::rehearsal::Rehearsal;
use twinstream::pipeline::pipeline::Pipeline;
use twinstream::pipeline::truth::finding_of;
use twinstream::pipeline::view::Scratch;
use twinstream::rules::assessment::{Assessment, Outcome};
use twinstream::rules::ranking::{Ranked, challenge_areas};
use twinstream::rules::sepsis_utility::{Stay, normalized};

use crate::cli::history::{Asked, Questions};
use crate::cli::history_args::{HistoryArg, ScoreArgs, ScoreFormatArg};

/// What is said of an instant.
struct Said {
    asked: Asked,
    status: &'static str,
    /// The value, or what it is at least.
    value: Option<i64>,
    decimals: u8,
    /// The band, where there is a finding.
    band: String,
    /// Whether it is one that is said.
    is_raised: bool,
    why: String,
}

/// Runs the command.
pub fn run(args: &ScoreArgs) -> Result<()> {
    let name = args.pipeline.as_str();
    let questions = Questions::read(&args.inputs, &args.history, args.at.as_deref(), &[name])?;
    let is_hourly = args.history.form == HistoryArg::Challenge2019 && args.at.is_none();
    if args.format == ScoreFormatArg::Challenge2019 && !is_hourly {
        bail!(
            "--format challenge-2019: expected --form challenge-2019, and no --at: each of its hours is scored"
        );
    }
    let mut output = match args.format {
        ScoreFormatArg::Csv => Output::Csv(Box::new(csv(&args.output, &questions.labels)?)),
        ScoreFormatArg::Challenge2019 => Output::folder(&args.output)?,
    };
    let mut stays: Vec<HourlyStay> = Vec::new();
    let each = |rehearsal: &Rehearsal, asked: &[Asked]| score(rehearsal, name, asked);
    questions.ask(&each, &mut |said: Vec<Said>| {
        if is_hourly {
            stays.extend(said.chunk_by(|a, b| a.asked.twin == b.asked.twin).map(HourlyStay::of));
        }
        output.write(&said)
    })?;
    output.finish()?;
    if is_hourly {
        report(&stays);
    }
    Ok(())
}

fn score(rehearsal: &Rehearsal, name: &str, asked: &[Asked]) -> Result<Vec<Said>> {
    let pipeline =
        rehearsal.pipeline(name).ok_or_else(|| anyhow!("there is no pipeline `{name}`"))?;
    if let Some(failure) = pipeline.model().and_then(|model| model.failure()) {
        bail!("{failure}");
    }
    let mut scratch = Scratch::default();
    let said = asked.iter().map(|asked| {
        let assessment = rehearsal.assess(pipeline, &asked.twin, asked.at, &mut scratch);
        let nobody = || Assessment::nothing_known("nothing is known of this patient");
        said(pipeline, asked.clone(), &assessment.unwrap_or_else(nobody))
    });
    Ok(said.collect())
}

fn said(pipeline: &Pipeline, asked: Asked, assessment: &Assessment) -> Said {
    let finding = finding_of(assessment, 0);
    let band = finding.and_then(|finding| pipeline.bands.get(finding.band));
    Said {
        asked,
        status: assessment.outcome.status(),
        value: assessment.outcome.value(),
        decimals: pipeline.decimals,
        band: band.map_or(String::new(), |band| band.name.to_string()),
        is_raised: finding.is_some_and(|finding| pipeline.policy.raise_from <= finding.band),
        why: match &assessment.outcome {
            Outcome::NotApplicable { reason } | Outcome::NotComputable { reason } => reason.clone(),
            Outcome::Final { .. } | Outcome::Incomplete { .. } => assessment.notes.join("; "),
        },
    }
}

impl Said {
    /// The value as a number below 1 in its order: a risk as it is, a score of points brought there. Nothing that
    /// can be computed is no risk.
    #[expect(clippy::as_conversions, reason = "a float is wanted, and values are far below 2^53")]
    fn probability(&self) -> f64 {
        let Some(value) = self.value else { return 0.0 };
        let value = value.max(0) as f64 / 10_f64.powi(i32::from(self.decimals));
        match self.decimals {
            0 => value / (1.0 + value),
            _ => value.min(0.9999),
        }
    }
}

/// The hours of one patient.
struct HourlyStay {
    labels: Vec<Option<bool>>,
    warnings: Vec<bool>,
    probabilities: Vec<f64>,
}

impl HourlyStay {
    fn of(hours: &[Said]) -> HourlyStay {
        let label = |said: &Said| match said.asked.labels.last().map(String::as_str) {
            Some("1") => Some(true),
            Some("0") => Some(false),
            _ => None,
        };
        HourlyStay {
            labels: hours.iter().map(label).collect(),
            warnings: hours.iter().map(|said| said.is_raised).collect(),
            probabilities: hours.iter().map(Said::probability).collect(),
        }
    }
}

/// Says what the challenge would have made of it, where every hour has its label.
fn report(stays: &[HourlyStay]) {
    let labelled = stays.iter().filter_map(|stay| {
        let labels = stay.labels.iter().copied().collect::<Option<Vec<bool>>>()?;
        Some((labels, stay))
    });
    let labelled: Vec<(Vec<bool>, &HourlyStay)> = labelled.collect();
    if labelled.len() < stays.len() {
        eprintln!(
            "{} of {} patients have no labels: no utility",
            stays.len() - labelled.len(),
            stays.len()
        );
        return;
    }
    let cohort: Vec<Stay<'_>> =
        labelled.iter().map(|(labels, stay)| Stay { labels, warnings: &stay.warnings }).collect();
    let hours = labelled.iter().flat_map(|(labels, stay)| labels.iter().zip(&stay.probabilities));
    let mut ranked: Vec<Ranked> =
        hours.map(|(label, risk)| Ranked { risk: *risk, is_case: *label }).collect();
    let number = |value: Option<f64>| value.map_or("none".to_owned(), |value| value.to_string());
    println!("patients  {}", stays.len());
    println!("hours     {}", ranked.len());
    println!("utility   {}", number(normalized(&cohort)));
    // As the challenge's scorer counts them.
    let (area, precision) = challenge_areas(&mut ranked).unzip();
    println!("AUROC     {}", number(area));
    println!("AUPRC     {}", number(precision));
}

enum Output {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Folder(std::path::PathBuf),
}

fn csv(path: &Path, labels: &[String]) -> Result<csv::Writer<BufWriter<File>>> {
    let file = File::create(path).with_context(|| path.display().to_string())?;
    let mut writer = csv::Writer::from_writer(BufWriter::new(file));
    let own = ["patient", "at", "status", "value", "band", "why"];
    writer.write_record(own.into_iter().chain(labels.iter().map(String::as_str)))?;
    Ok(writer)
}

impl Output {
    fn folder(path: &Path) -> Result<Output> {
        fs::create_dir_all(path).with_context(|| path.display().to_string())?;
        Ok(Output::Folder(path.to_owned()))
    }

    fn write(&mut self, said: &[Said]) -> Result<()> {
        match self {
            Output::Csv(writer) => {
                for one in said {
                    let value = one.value.map_or(String::new(), |value| plain(value, one.decimals));
                    let (patient, at) = (&*one.asked.twin.patient, one.asked.at.to_string());
                    let own = [patient, &at, one.status, &value, &one.band, &one.why];
                    writer.write_record(
                        own.into_iter().chain(one.asked.labels.iter().map(String::as_str)),
                    )?;
                }
            }
            Output::Folder(folder) => {
                for hours in said.chunk_by(|a, b| a.asked.twin == b.asked.twin) {
                    let Some(first) = hours.first() else { continue };
                    let path = folder.join(format!("{}.psv", first.asked.twin.patient));
                    let mut text = "PredictedProbability|PredictedLabel\n".to_owned();
                    for hour in hours {
                        text += &format!("{}|{}\n", hour.probability(), u8::from(hour.is_raised));
                    }
                    fs::write(&path, text).with_context(|| path.display().to_string())?;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        if let Output::Csv(writer) = self {
            writer.into_inner().map_err(|error| anyhow!("{error}"))?.flush()?;
        }
        Ok(())
    }
}
