//! Reads a score table from the text of a pipeline file, laid out as the paper prints it.

use crate::domain::signal::Signal;
use crate::pipeline::feature::Feature;
use crate::rules::assessment::InputKind;
use crate::rules::score_table::{Bin, Condition, Line, ScoredInput};

/// What a table's cells and conditions may name.
pub struct Names<'n> {
    /// The features, in the order of the row's cells.
    pub features: &'n [(String, Feature)],
}

/// Reads the lines of a table.
///
/// # Errors
/// The line of the text, counted from 0, and what is wrong with it.
pub fn parse(text: &str, names: &Names<'_>) -> Result<Vec<ScoredInput>, (usize, String)> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, header) = lines.next().ok_or((0, "the table is empty".to_owned()))?;
    let points: Vec<i64> = header
        .split('|')
        .skip(1)
        .map(|cell| cell.trim().parse())
        .collect::<Result<_, _>>()
        .map_err(|_| {
            (0, "expected a header of points, such as `input | 3 | 2 | 1 | 0`".to_owned())
        })?;
    let mut inputs: Vec<ScoredInput> = Vec::new();
    for (index, line) in lines {
        let at = |message: String| (index, message);
        let mut cells = line.split('|').map(str::trim);
        let (input, signal, conditions) =
            head(cells.next().unwrap_or_default(), names).map_err(at)?;
        let cells: Vec<&str> = cells.collect();
        if cells.len() != points.len() {
            let message = format!("expected {} cells, found {}", points.len(), cells.len());
            return Err((index, message));
        }
        let mut bins = Vec::new();
        for (cell, points) in cells.iter().zip(&points) {
            for range in cell.split(',').map(str::trim).filter(|range| !range.is_empty()) {
                let (low, high) = parse_range(range, signal).map_err(at)?;
                bins.push(Bin { low, high, points: *points });
            }
        }
        check_bins(&bins).map_err(at)?;
        let line = Line { conditions, bins };
        match inputs.iter_mut().find(|known| known.input == input) {
            Some(known) => known.lines.push(line),
            None => inputs.push(ScoredInput { input, signal, lines: vec![line] }),
        }
    }
    Ok(inputs)
}

type Head = (usize, Signal, Vec<(usize, Condition)>);

/// `spo2, scale_2 stands, oxygen is air`: the input, then conditions.
fn head(text: &str, names: &Names<'_>) -> Result<Head, String> {
    let mut parts = text.split(',').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let input = names.input(name)?;
    let feature = names.features.get(input).map(|(_, feature)| feature);
    let window = feature.filter(|one| one.kind() == InputKind::Reading).and_then(Feature::window);
    let Some(window) = window else {
        return Err(format!("`{name}` must be a feature of the form `latest SIGNAL within SPAN`"));
    };
    let conditions = parts.map(|part| names.condition(part)).collect::<Result<_, _>>()?;
    Ok((input, window.signal, conditions))
}

impl Names<'_> {
    /// The cell of the feature of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn input(&self, name: &str) -> Result<usize, String> {
        let found = self.features.iter().position(|(known, _)| known == name);
        found.ok_or_else(|| format!("there is no feature `{name}`"))
    }

    /// Reads a condition: `scale_2 stands`, `scale_2 not stated`, `oxygen is air`, `oxygen is unknown`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn condition(&self, text: &str) -> Result<(usize, Condition), String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [name, "stands"] => Ok((self.input(name)?, Condition::Stands)),
            [name, "not", "stated"] => Ok((self.input(name)?, Condition::NotStated)),
            [name, "is", "unknown"] => Ok((self.input(name)?, Condition::Unknown)),
            [name, "is", answer] => {
                let input = self.input(name)?;
                let window = self.features.get(input).and_then(|(_, feature)| feature.window());
                let value = window.and_then(|window| window.signal.answer(answer));
                let value = value.ok_or_else(|| format!("`{answer}` is no answer of `{name}`"))?;
                Ok((input, Condition::Is(value)))
            }
            _ => Err(format!(
                "`{text}` is no condition, expected `X stands`, `X not stated`, `X is ANSWER` or \
                 `X is unknown`"
            )),
        }
    }
}

/// Reads `<=8`, `9-11`, `>=25`, `alert`: both ends included, in the signal's resolution.
fn parse_range(text: &str, signal: Signal) -> Result<(i64, i64), String> {
    if let Some(answer) = signal.answer(text) {
        return Ok((answer, answer));
    }
    let number = |text: &str| {
        let spec = signal.spec();
        let decimal = crate::domain::decimal::Decimal::parse(text.trim()).ok();
        let finest = i32::from(spec.decimals);
        let fits = decimal.filter(|decimal| -finest <= decimal.parts().1);
        fits.and_then(|decimal| decimal.rounded(spec.decimals)).ok_or_else(|| {
            format!("`{text}` is no value of {signal} with at most {} decimals", spec.decimals)
        })
    };
    if let Some(high) = text.strip_prefix("<=") {
        return Ok((i64::MIN, number(high)?));
    }
    if let Some(low) = text.strip_prefix(">=") {
        return Ok((number(low)?, i64::MAX));
    }
    match text.split_once('-') {
        Some((low, high)) => Ok((number(low)?, number(high)?)),
        None => number(text).map(|value| (value, value)),
    }
}

/// Ranges of a line must follow each other without a gap or an overlap: at a gap a value would
/// silently score nothing.
fn check_bins(bins: &[Bin]) -> Result<(), String> {
    let mut sorted: Vec<&Bin> = bins.iter().collect();
    sorted.sort_by_key(|bin| bin.low);
    for pair in sorted.windows(2) {
        if let [left, right] = pair
            && left.high.saturating_add(1) != right.low
        {
            return Err("the ranges of this line have a gap or overlap".to_owned());
        }
    }
    Ok(())
}
