//! A score as it is printed: rows of ranges, columns of points.
//!
//! ```text
//! input            |    3 |  2 |    1 |     0 | 1 |     2 |    3
//! respiratory_rate |  <=8 |    | 9-11 | 12-20 |   | 21-24 | >=25
//! ```
//! A missing input is never zero: the known points are a lower bound, the most that is missing an
//! upper one. A band is alerted on the lower bound; a lower band than before is believed only when
//! the upper bound allows nothing else.

use crate::domain::signal::Signal;
use crate::rules::assessment::{
    Assessment, Cell, Finding, Findings, Outcome, Points, Reading, Row,
};

/// A score table.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreTable {
    /// The scored inputs, in the order in which they are shown.
    pub inputs: Vec<ScoredInput>,
    /// The bands, ascending by severity.
    pub bands: Vec<ScoreBand>,
}

/// One scored input.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredInput {
    /// Its cell in the row.
    pub input: usize,
    /// The signal it reads.
    pub signal: Signal,
    /// Its rows; the first whose conditions hold is used.
    pub lines: Vec<Line>,
}

/// One row of the printed table.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What must hold of other inputs for this row to be used.
    pub conditions: Vec<(usize, Condition)>,
    /// Ranges, both ends included, in the signal's resolution, with their points.
    pub bins: Vec<Bin>,
}

/// A range of values and its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    /// The least value.
    pub low: i64,
    /// The greatest value.
    pub high: i64,
    /// The points.
    pub points: i64,
}

/// A condition on another input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The state stands.
    Stands,
    /// Nobody said that the state stands.
    NotStated,
    /// The newest answer is this one.
    Is(i64),
    /// There is no usable answer.
    Unknown,
}

/// A band of the total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreBand {
    /// Its name.
    pub name: String,
    /// When it is reached.
    pub when: Reached,
}

/// When a band is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Always.
    Otherwise,
    /// One input alone has at least so many points.
    AnyInput(i64),
    /// The total is at least so much.
    Total(i64),
}

/// Points of an input: known, or between bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    least: i64,
    most: i64,
    is_known: bool,
}

impl ScoreTable {
    /// Scores a row.
    pub fn assess(&self, row: &Row<'_>) -> Assessment {
        let (mut lower, mut upper, mut is_final) = (0, 0, true);
        let (mut highest, mut highest_most) = (None, None);
        let mut points = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            let Bounds { least, most, is_known } = input.bounds(row);
            lower += least;
            upper += most;
            is_final &= is_known;
            highest = highest.max(Some(least));
            highest_most = highest_most.max(Some(most));
            points.push(Points { input: input.input, points: Some(least).filter(|_| is_known) });
        }
        let outcome = match is_final {
            true => Outcome::Final { value: lower },
            false => Outcome::Incomplete { lower, upper: Some(upper) },
        };
        let band = self.band(lower, highest);
        let band_most = self.band(upper, highest_most);
        let finding = Finding { band, band_most, ..Finding::default() };
        let mut assessment = Assessment::new(outcome, Findings::Known(vec![finding]));
        assessment.points = points;
        assessment.notes = self.notes(row);
        assessment
    }

    /// Completes the finding of a row with what is only needed when something is said: its evidence,
    /// and the values for the text.
    pub fn explain(&self, row: &Row<'_>, finding: &mut Finding) {
        let bounds: Vec<Bounds> = self.inputs.iter().map(|input| input.bounds(row)).collect();
        let total: i64 = bounds.iter().map(|bounds| bounds.least).sum();
        let is_final = bounds.iter().all(|bounds| bounds.is_known);
        let score = if is_final { total.to_string() } else { format!("at least {total}") };
        finding.evidence = self.evidence(row);
        finding.values =
            vec![("score", score), ("contributions", self.contributions(row, &bounds))];
    }

    /// The points at which one input alone reaches a band, if one can.
    pub fn alone(&self) -> Option<i64> {
        self.bands.iter().find_map(|band| match band.when {
            Reached::AnyInput(points) => Some(points),
            Reached::Otherwise | Reached::Total(_) => None,
        })
    }

    fn band(&self, total: i64, highest_input: Option<i64>) -> usize {
        let reached = |band: &ScoreBand| match band.when {
            Reached::Otherwise => true,
            Reached::AnyInput(points) => highest_input.is_some_and(|highest| points <= highest),
            Reached::Total(points) => points <= total,
        };
        self.bands.iter().rposition(reached).unwrap_or(0)
    }

    fn readings<'r>(
        &'r self,
        row: &'r Row<'r>,
    ) -> impl Iterator<Item = (&'r ScoredInput, &'r Reading)> {
        self.inputs.iter().filter_map(|input| Some((input, row.reading(input.input)?)))
    }

    fn evidence(&self, row: &Row<'_>) -> Vec<usize> {
        self.readings(row).map(|(_, reading)| reading.evidence).collect()
    }

    fn notes(&self, row: &Row<'_>) -> Vec<String> {
        let note = |(input, reading): (&ScoredInput, &Reading)| {
            let label = input.signal.spec().label;
            match reading.unusable {
                Some(reason) => {
                    Some(format!("{label}: the newest result cannot be used ({reason})"))
                }
                None if reading.is_preliminary => Some(format!("{label}: preliminary")),
                None => None,
            }
        };
        self.readings(row).filter_map(note).collect()
    }

    /// `Respiratory rate 25 /min +3, Temperature missing`: what scored, then what is missing.
    fn contributions(&self, row: &Row<'_>, bounds: &[Bounds]) -> String {
        let (mut scored, mut missing) = (Vec::new(), Vec::new());
        for (input, bounds) in self.inputs.iter().zip(bounds) {
            let spec = input.signal.spec();
            match row.cell(input.input) {
                Cell::Reading(reading) if bounds.is_known => {
                    let value = input.signal.text_of(reading.value);
                    let unit = input.signal.unit_for_people();
                    let text = format!("{} {value} {unit}", spec.label);
                    scored.push((bounds.least, format!("{} +{}", text.trim_end(), bounds.least)));
                }
                _ => missing.push(format!("{} missing", spec.label)),
            }
        }
        scored.retain(|(points, _)| 0 < *points);
        scored.sort_by_key(|(points, _)| -points);
        let texts: Vec<String> = scored.into_iter().map(|(_, text)| text).chain(missing).collect();
        texts.join(", ")
    }
}

impl ScoredInput {
    fn bounds(&self, row: &Row<'_>) -> Bounds {
        let holds =
            |line: &&Line| line.conditions.iter().all(|(input, c)| c.holds(row.cell(*input)));
        let line = self.lines.iter().find(holds);
        let bins = line.map_or(&[][..], |line| line.bins.as_slice());
        let scored = match row.cell(self.input) {
            Cell::Reading(reading) if reading.unusable.is_none() => {
                let (low, high) = reading.range();
                let touches = |bin: &&Bin| bin.low <= high && low <= bin.high;
                span_of(bins.iter().filter(touches))
            }
            _ => None,
        };
        if let Some((least, most)) = scored {
            return Bounds { least, most, is_known: least == most };
        }
        // A value the table does not name, such as SpO2 93 % on scale 2 with unknown oxygen, and a
        // missing one are alike: anything the row can give is possible.
        let possible = self.possible(line.filter(|_| !bins.is_empty()));
        let (least, most) = possible.unwrap_or((0, 0));
        Bounds { least, most, is_known: false }
    }

    /// The least and the most points of a row, or of every row where none applies.
    fn possible(&self, line: Option<&Line>) -> Option<(i64, i64)> {
        match line {
            // The row for an unknown state names only what is certain; beyond it lies any point.
            Some(line) if !line.conditions.iter().any(|(_, c)| *c == Condition::Unknown) => {
                span_of(line.bins.iter())
            }
            _ => span_of(self.lines.iter().flat_map(|line| &line.bins)),
        }
    }
}

/// The least and the most points of some ranges.
fn span_of<'b>(bins: impl Iterator<Item = &'b Bin>) -> Option<(i64, i64)> {
    bins.map(|bin| bin.points).fold(None, |span, points| match span {
        None => Some((points, points)),
        Some((least, most)) => Some((points.min(least), points.max(most))),
    })
}

impl Condition {
    /// Whether it holds of a cell.
    pub fn holds(self, cell: &Cell) -> bool {
        match (self, cell) {
            (Condition::Stands, Cell::Since(_)) | (Condition::NotStated, Cell::NotStated) => true,
            (Condition::Is(answer), Cell::Reading(reading)) => {
                reading.unusable.is_none() && reading.value == answer
            }
            (Condition::Unknown, Cell::Reading(reading)) => reading.unusable.is_some(),
            (Condition::Unknown, Cell::Missing) => true,
            _ => false,
        }
    }
}
