//! A model in a pipeline: the row it is given, the risk it gives, and what moved it.
//!
//! ```text
//! series of the twin ─read once each─► features ─► row of numbers ─► weights ─► risk ─► band
//! ```
//! The values of a series are read once for all features over it. PL-1: what is missing is NaN, which trees and
//! whoever trains them know. TW-3: where the newest value of an input cannot be used, the risk is not computable.

use std::sync::{Arc, OnceLock};

use crate::domain::decimal::plain;
use crate::domain::person::Sex;
use crate::domain::signal::Signal;
use crate::domain::time::Timestamp;
use crate::model::onnx::Onnx;
use crate::model::shelf;
use crate::pipeline::feature::{Feature, reading};
use crate::pipeline::inputs::rounded;
use crate::pipeline::model_file::ModelSpec;
use crate::pipeline::view::{Piece, View};
use crate::pipeline::window::Window;
use crate::rules::assessment::{Assessment, Cell, Finding, Findings, Outcome, Reading, Row};

/// A risk lies between 0 and 1 and is kept with this many decimals.
pub const RISK_DECIMALS: u8 = 4;

/// How many inputs a text names that moved the risk.
const DRIVERS_MAX: usize = 4;

/// A model in a pipeline.
#[derive(Debug)]
pub struct Model {
    /// Its name and edition, as its file gives them.
    pub spec: Arc<ModelSpec>,
    /// The cell of its first input; the others follow.
    first: usize,
    /// The least risk of each band, ascending; the first is 0.
    bands: Vec<i64>,
    /// Inputs that are read of one series, or one that is not read of any.
    groups: Vec<Group>,
    /// Taken when they are first asked for: whoever only lists pipelines needs nothing that runs them.
    weights: OnceLock<Result<Arc<Onnx>, String>>,
}

/// Inputs that are read together.
#[derive(Debug)]
struct Group {
    /// The series, as far back as the longest of their windows; none where they read no series.
    window: Option<Window>,
    /// Their cells.
    cells: Vec<usize>,
}

/// What an input, or all inputs of a series, did to the risk.
struct Driver {
    group: usize,
    /// What the risk loses where they are as they usually are, in its decimals.
    by: i64,
}

impl Model {
    /// A model whose inputs begin at the cell `first`, with the least risk of each band, ascending.
    pub fn new(spec: Arc<ModelSpec>, first: usize, bands: Vec<i64>) -> Model {
        let mut groups: Vec<Group> = Vec::new();
        for (cell, input) in (first..).zip(&spec.inputs) {
            let window = input.feature.window();
            let known = groups.iter_mut().find(|group| match (&group.window, window) {
                (Some(known), Some(window)) => known.is_of(window),
                (None, _) | (_, None) => false,
            });
            match (known, window) {
                (Some(Group { window: Some(known), cells }), Some(window)) => {
                    known.span = known.span.max(window.span);
                    cells.push(cell);
                }
                (_, window) => {
                    groups.push(Group { window: window.cloned(), cells: vec![cell] });
                }
            }
        }
        Model { spec, first, bands, groups, weights: OnceLock::new() }
    }

    fn weights(&self) -> Result<&Arc<Onnx>, &str> {
        let taken = self.weights.get_or_init(|| {
            let weights = match &self.spec.sha256 {
                Some(sha256) => shelf::take(sha256, self.spec.inputs.len()),
                None => Err("it is not trained: its file names no weights".to_owned()),
            };
            weights.map_err(|error| format!("model `{}`: {error}", self.spec.name))
        });
        taken.as_ref().map_err(String::as_str)
    }

    /// Why it cannot be run, if it cannot.
    pub fn failure(&self) -> Option<&str> {
        self.weights().err()
    }

    /// Whether a cell is one of its inputs.
    pub fn takes(&self, cell: usize) -> bool {
        self.first <= cell && cell < self.first + self.spec.inputs.len()
    }

    /// Whether its inputs are among those that are read now.
    pub fn is_read(&self, is_read: impl Fn(usize) -> bool) -> bool {
        is_read(self.first)
    }

    /// Reads its inputs.
    pub fn extract(
        &self,
        features: &[(String, Feature)],
        view: &View<'_>,
        at: Timestamp,
        cells: &mut [Cell],
        evidence: &mut Vec<Piece>,
    ) {
        for group in &self.groups {
            let values = group.window.as_ref().map(|window| window.values(view, at));
            let newest: Option<Reading> = values
                .as_ref()
                .and_then(|values| values.last())
                .map(|last| reading(*last, evidence));
            for index in &group.cells {
                let (Some((_, feature)), Some(cell)) =
                    (features.get(*index), cells.get_mut(*index))
                else {
                    continue;
                };
                *cell = match &values {
                    Some(values) => feature.of_values(values, newest.as_ref(), at),
                    None => feature.extract(view, at, evidence),
                };
            }
        }
    }

    /// What it says of a row.
    pub fn assess(&self, row: &Row<'_>) -> Assessment {
        let weights = match self.weights() {
            Ok(weights) => weights,
            Err(reason) => return Assessment::not_computable(reason),
        };
        let numbers = match self.numbers(row) {
            Ok(numbers) => numbers,
            Err(reason) => return Assessment::not_computable(reason),
        };
        if !self.has_value(row) {
            return Assessment::nothing_known("none of its inputs has a value in its window");
        }
        let risk = match weights.run(&numbers) {
            Ok(risk) => scaled(risk),
            Err(error) => {
                return Assessment::not_computable(format!("model `{}`: {error}", self.spec.name));
            }
        };
        let band = self.bands.iter().rposition(|least| *least <= risk).unwrap_or(0);
        let finding = Finding { band, band_most: band, ..Finding::default() };
        Assessment::new(Outcome::Final { value: risk }, Findings::Known(vec![finding]))
    }

    /// Completes a finding with what is only needed when something is said: what moved the risk, and by how much.
    pub fn explain(
        &self,
        features: &[(String, Feature)],
        row: &Row<'_>,
        risk: Option<i64>,
        finding: &mut Finding,
    ) {
        let Some(risk) = risk else { return };
        let drivers = self.drivers(row, risk);
        let groups = drivers.iter().filter_map(|driver| self.groups.get(driver.group));
        finding.evidence =
            groups.flat_map(|group| &group.cells).filter_map(|cell| evidence(row, *cell)).collect();
        finding.evidence.sort_unstable();
        finding.evidence.dedup();
        let texts = drivers.iter().filter_map(|driver| self.driver_text(features, row, driver));
        let text: Vec<String> = texts.collect();
        let drivers = if text.is_empty() { "nothing alone".to_owned() } else { text.join(", ") };
        finding.values = vec![("risk", percent(risk)), ("drivers", drivers)];
    }

    /// The numbers of a row, in the order of the model's inputs.
    ///
    /// # Errors
    /// Why there is no such row: the newest value of an input cannot be used.
    pub fn numbers(&self, row: &Row<'_>) -> Result<Vec<f32>, String> {
        let inputs = (self.first..).zip(&self.spec.inputs);
        inputs.map(|(cell, input)| number(&input.name, row.cell(cell))).collect()
    }

    /// Whether any value of a series is there: age and sex alone are no reason to say anything.
    fn has_value(&self, row: &Row<'_>) -> bool {
        let of_series = self.groups.iter().filter(|group| group.window.is_some());
        of_series.flat_map(|group| &group.cells).any(|cell| evidence(row, *cell).is_some())
    }

    /// What moved the risk most, the most first: each series is set to what it usually is, all others left.
    fn drivers(&self, row: &Row<'_>, risk: i64) -> Vec<Driver> {
        let (Ok(weights), Ok(numbers)) = (self.weights(), self.numbers(row)) else {
            return Vec::new();
        };
        let groups: Vec<usize> =
            (0..self.groups.len()).filter(|group| self.is_known(row, *group)).collect();
        let replaced: Vec<f32> =
            groups.iter().flat_map(|group| self.as_usual(&numbers, *group)).collect();
        let Ok(risks) = weights.run_all(&replaced) else { return Vec::new() };
        let drivers = groups.into_iter().zip(risks);
        let drivers = drivers.map(|(group, usual)| Driver { group, by: risk - scaled(usual) });
        let mut drivers: Vec<Driver> = drivers.filter(|driver| driver.by != 0).collect();
        drivers.sort_by_key(|driver| (-driver.by.abs(), driver.group));
        drivers.truncate(DRIVERS_MAX);
        drivers
    }

    fn is_known(&self, row: &Row<'_>, group: usize) -> bool {
        let cells = self.groups.get(group).map_or(&[][..], |group| &group.cells);
        cells.iter().any(|cell| !matches!(row.cell(*cell), Cell::Missing | Cell::NotStated))
    }

    fn as_usual(&self, numbers: &[f32], group: usize) -> Vec<f32> {
        let mut numbers = numbers.to_vec();
        for cell in self.groups.get(group).map_or(&[][..], |group| &group.cells) {
            let input = cell - self.first;
            let usual = self.spec.inputs.get(input).and_then(|input| input.usual);
            if let Some(number) = numbers.get_mut(input) {
                *number = usual.unwrap_or(f32::NAN);
            }
        }
        numbers
    }

    /// `Lactate 4.1 mmol/L at 2025-01-10T08:00:00Z raises it by 3.1 %`.
    fn driver_text(
        &self,
        features: &[(String, Feature)],
        row: &Row<'_>,
        driver: &Driver,
    ) -> Option<String> {
        let group = self.groups.get(driver.group)?;
        let what = match &group.window {
            Some(window) => series_text(window.signal, features, row, &group.cells),
            None => {
                let cell = *group.cells.first()?;
                format!("{} {}", label(features, cell), cell_text(row.cell(cell)))
            }
        };
        let verb = if 0 < driver.by { "raises" } else { "lowers" };
        Some(format!("{what} {verb} it by {}", percent(driver.by.abs())))
    }
}

/// The newest value of a series as its features have it: the first that is a value, else by its first known feature.
fn series_text(
    signal: Signal,
    features: &[(String, Feature)],
    row: &Row<'_>,
    cells: &[usize],
) -> String {
    let name = signal.spec().label;
    let is_latest = |cell: &&usize| matches!(features.get(**cell), Some((_, Feature::Latest(_))));
    let known = |cell: &&usize| matches!(row.cell(**cell), Cell::Number(_));
    let latest = cells.iter().filter(is_latest).find(known);
    if let Some(Cell::Number(number)) = latest.map(|cell| row.cell(*cell)) {
        let text = format!("{name} {} {}", rounded(number.value), signal.unit_for_people());
        return text.trim_end().to_owned();
    }
    match cells.iter().find(known) {
        Some(cell) => format!("{name} ({} {})", label(features, *cell), cell_text(row.cell(*cell))),
        None => name.to_owned(),
    }
}

/// The name of a feature, in words.
fn label(features: &[(String, Feature)], cell: usize) -> String {
    features.get(cell).map_or(String::new(), |(name, _)| name.replace('_', " "))
}

fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Number(number) => rounded(number.value),
        Cell::Age { least, .. } => least.to_string(),
        Cell::Sex(sex) => format!("{sex:?}").to_lowercase(),
        Cell::Since(since) => format!("since {}", since.at),
        Cell::Reading(_)
        | Cell::Missing
        | Cell::Series(_)
        | Cell::Told(_)
        | Cell::NotStated
        | Cell::Birth(_)
        | Cell::Score(_) => String::new(),
    }
}

/// The newest fact that an input rests on.
fn evidence(row: &Row<'_>, cell: usize) -> Option<usize> {
    match row.cell(cell) {
        Cell::Number(number) => number.evidence,
        Cell::Reading(reading) => Some(reading.evidence),
        Cell::Since(since) => since.evidence,
        Cell::Missing
        | Cell::Series(_)
        | Cell::Told(_)
        | Cell::NotStated
        | Cell::Age { .. }
        | Cell::Birth(_)
        | Cell::Sex(_)
        | Cell::Score(_) => None,
    }
}

/// A cell as a number of a row: NaN where it is missing, 1 where a state stands.
///
/// # Errors
/// Why it is no number: the value cannot be used.
#[expect(clippy::as_conversions, reason = "models take single precision, as they were trained")]
pub fn number(name: &str, cell: &Cell) -> Result<f32, String> {
    match cell {
        Cell::Missing | Cell::NotStated => Ok(f32::NAN),
        Cell::Number(number) => Ok(number.value as f32),
        Cell::Reading(reading) => match reading.refusal(name) {
            Some(refusal) => Err(refusal),
            None => Ok(reading.number() as f32),
        },
        Cell::Since(_) => Ok(1.0),
        Cell::Age { least, .. } => Ok(*least as f32),
        Cell::Sex(Sex::Male) => Ok(1.0),
        Cell::Sex(Sex::Female) => Ok(0.0),
        Cell::Series(_) | Cell::Told(_) | Cell::Birth(_) | Cell::Score(_) => {
            Err(format!("`{name}` is no number"))
        }
    }
}

/// A risk in units of its decimals, within 0 and 1.
#[expect(clippy::as_conversions, reason = "a risk within 0 and 1 is far inside the range of i64")]
fn scaled(risk: f32) -> i64 {
    (f64::from(risk.clamp(0.0, 1.0)) * 10_f64.powi(i32::from(RISK_DECIMALS))).round() as i64
}

/// `3.1 %`.
fn percent(risk: i64) -> String {
    format!("{} %", plain((risk + 5) / 10, RISK_DECIMALS - 3))
}
