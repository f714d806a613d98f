//! A pipeline: trigger → features → table or rule → bands → policy → what is said.

use std::sync::Arc;

use crate::domain::effect::{EffectKind, Severity};
use crate::domain::fact::Origin;
use crate::domain::signal::Signal;
use crate::domain::standing::Standing;
use crate::domain::time::{Span, Timestamp};
use crate::pipeline::feature::Feature;
use crate::pipeline::file::StoryFile;
use crate::pipeline::model::Model;
use crate::pipeline::view::{Piece, Scratch, View};
use crate::rules::assessment::{Assessment, Cell, Findings, Outcome, Row, Rule};
use crate::rules::score_table::{Condition, ScoreTable};

/// A pipeline, read from its file and checked.
#[derive(Debug)]
pub struct Pipeline {
    /// The name.
    pub name: Arc<str>,
    /// How it ships.
    pub ships: Ships,
    /// What a nurse reads.
    pub title: Arc<str>,
    /// What it says.
    pub kind: EffectKind,
    /// The edition of its rule.
    pub edition: Arc<str>,
    /// Where the rule is published.
    pub source: Arc<str>,
    /// Its features, in the order of the row's cells.
    pub features: Vec<(String, Feature)>,
    /// For whom it is made.
    pub gates: Vec<Gate>,
    /// The table or the rule.
    pub core: Core,
    /// The rule's parameters.
    pub parameters: Vec<Span>,
    /// Notes for a reader.
    pub notes: Vec<(usize, Condition, String)>,
    /// What its value is.
    pub value: Arc<str>,
    /// Decimals of its value.
    pub decimals: u8,
    /// Its subjects: (name, what it is called). One without a name if there is only one.
    pub subjects: Vec<(Arc<str>, Arc<str>)>,
    /// Its bands, ascending by severity.
    pub bands: Vec<Band>,
    /// When something is said.
    pub policy: Policy,
    /// Worked examples.
    pub stories: Vec<StoryFile>,
}

/// How a pipeline ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ships {
    /// In force. On a real configuration it speaks when somebody has decided so, in a demonstration at once.
    Live,
    /// In force, and it speaks when somebody has decided so, in a demonstration too.
    Shadow,
    /// Not in force until somebody writes it.
    Draft,
}

impl Ships {
    /// The name in pipeline files.
    pub const fn name(self) -> &'static str {
        match self {
            Ships::Live => "live",
            Ships::Shadow => "shadow",
            Ships::Draft => "draft",
        }
    }
}

/// What computes.
#[derive(Debug)]
pub enum Core {
    /// A score as printed.
    Table(ScoreTable),
    /// A function.
    Rule(&'static Rule),
    /// What was learnt.
    Model(Model),
}

/// For whom a pipeline is made. A gate closes only on what is known: an unknown age or pregnancy is
/// noted, not taken for a reason to be silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// At least so many years old.
    AgeAtLeast(usize, u32),
    /// Nobody said that the state stands.
    NotStanding(usize),
    /// The state stands.
    Standing(usize),
}

/// A band of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// Its name.
    pub name: Arc<str>,
    /// How loudly it is said.
    pub severity: Severity,
    /// What is said, with `{values}`.
    pub says: String,
}

/// In the place of the least band that is said: no band is.
pub const NEVER: usize = usize::MAX;

/// When something is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The least band that is said; `NEVER` for a score that is only kept.
    pub raise_from: usize,
    /// How long the condition must be gone, in valid time, before the episode ends.
    pub clears_after: Span,
    /// How long after an episode, in known time, the same is not said again.
    pub lockout: Span,
    /// Evidence older than this when it becomes known is never said.
    pub evidence_age_max: Span,
    /// The settings it speaks in; everywhere if empty.
    pub settings: Vec<String>,
    /// States in which it is silent.
    pub silent_when: Vec<Standing>,
}

impl Pipeline {
    /// Assesses a patient as of `at`; the facts that were read are left in `scratch`. What a gate keeps out is read
    /// no further.
    pub fn assess(&self, view: &View<'_>, at: Timestamp, scratch: &mut Scratch) -> Assessment {
        let Scratch { cells, evidence } = scratch;
        evidence.clear();
        self.assess_into(view, at, cells, evidence)
    }

    /// The same, with facts appended to `evidence`.
    pub fn assess_into(
        &self,
        view: &View<'_>,
        at: Timestamp,
        cells: &mut Vec<Cell>,
        evidence: &mut Vec<Piece>,
    ) -> Assessment {
        cells.clear();
        cells.resize(self.features.len(), Cell::Missing);
        let is_gate = |input: usize| self.gates.iter().any(|gate| gate.input() == input);
        self.extract(view, at, cells, evidence, is_gate);
        let row = Row { at, cells, parameters: &self.parameters };
        if let Some(reason) = self.gates.iter().find_map(|gate| gate.closes(&row)) {
            return Assessment::not_applicable(reason);
        }
        self.extract(view, at, cells, evidence, |input| !is_gate(input));
        let row = Row { at, cells, parameters: &self.parameters };
        match &self.core {
            Core::Table(table) => table.assess(&row),
            Core::Rule(rule) => (rule.assess)(&row),
            Core::Model(model) => model.assess(&row),
        }
    }

    /// The same, with every feature read whatever the gates say: for whoever looks at the features.
    pub fn assess_whole(
        &self,
        view: &View<'_>,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Assessment {
        let assessment = self.assess(view, at, scratch);
        let Scratch { cells, evidence } = scratch;
        if let Outcome::NotApplicable { .. } = assessment.outcome {
            let is_gate = |input: usize| self.gates.iter().any(|gate| gate.input() == input);
            self.extract(view, at, cells, evidence, |input| !is_gate(input));
        }
        assessment
    }

    fn extract(
        &self,
        view: &View<'_>,
        at: Timestamp,
        cells: &mut [Cell],
        evidence: &mut Vec<Piece>,
        is_read: impl Fn(usize) -> bool,
    ) {
        let model = self.model();
        let is_of_model = |input: usize| model.is_some_and(|model| model.takes(input));
        let features = self.features.iter().zip(&mut *cells).enumerate();
        let features = features.filter(|(input, _)| is_read(*input) && !is_of_model(*input));
        for (_, ((_, feature), cell)) in features {
            *cell = feature.extract(view, at, evidence);
        }
        // Its inputs are no gates, and are read together.
        if let Some(model) = model.filter(|model| model.is_read(&is_read)) {
            model.extract(&self.features, view, at, cells, evidence);
        }
    }

    /// The same with all that is only needed when something is said: evidence, values, notes.
    pub fn explain(&self, view: &View<'_>, at: Timestamp, scratch: &mut Scratch) -> Assessment {
        let mut assessment = self.assess(view, at, scratch);
        let row = Row { at, cells: &scratch.cells, parameters: &self.parameters };
        let value = assessment.outcome.value();
        match (&self.core, &mut assessment.findings) {
            (Core::Table(table), Findings::Known(findings)) => {
                findings.iter_mut().for_each(|finding| table.explain(&row, finding));
            }
            (Core::Model(model), Findings::Known(findings)) => {
                let explain = |finding| model.explain(&self.features, &row, value, finding);
                findings.iter_mut().for_each(explain);
            }
            (Core::Rule(_), _) | (_, Findings::Unknown) => {}
        }
        let holds = self.notes.iter().filter(|(input, c, _)| c.holds(row.cell(*input)));
        assessment.notes.extend(holds.map(|(_, _, note)| note.clone()));
        assessment
    }

    /// The series whose newest value a score table reads, to be kept at hand: charted many times a day. What
    /// rules read, results of a laboratory, come seldom and would take their place in every patient.
    pub fn tracked(&self) -> impl Iterator<Item = (Signal, Origin)> {
        let is_table = matches!(self.core, Core::Table(_));
        let latest = self.features.iter().filter_map(move |(_, feature)| match feature {
            Feature::Latest(window) => Some(window).filter(|_| is_table),
            _ => None,
        });
        latest.flat_map(|window| window.origins.iter().map(|origin| (window.signal, *origin)))
    }

    /// What it reads: its features, and those of the pipelines whose scores are among them.
    pub fn reads(&self) -> impl Iterator<Item = &Feature> {
        self.features.iter().flat_map(|(_, feature)| {
            let of = match feature {
                Feature::Score(score) => score.of.as_ref(),
                _ => None,
            };
            let inner = of.map_or(&[][..], |pipeline| &pipeline.features);
            std::iter::once(feature).chain(inner.iter().map(|(_, feature)| feature))
        })
    }

    /// Its model, if it is one.
    pub const fn model(&self) -> Option<&Model> {
        match &self.core {
            Core::Model(model) => Some(model),
            Core::Table(_) | Core::Rule(_) => None,
        }
    }

    /// The pipelines whose scores it reads.
    pub fn scores(&self) -> impl Iterator<Item = &str> {
        self.features.iter().filter_map(|(_, feature)| match feature {
            Feature::Score(score) => Some(score.name.as_str()),
            _ => None,
        })
    }

    /// Whether it reads the score of another pipeline.
    pub fn reads_scores(&self) -> bool {
        self.scores().next().is_some()
    }

    /// The label of an input for explanations.
    pub fn input_label(&self, input: usize) -> &str {
        self.features.get(input).map_or("", |(name, _)| name)
    }
}

impl Gate {
    /// The feature it looks at.
    const fn input(&self) -> usize {
        match self {
            Gate::AgeAtLeast(input, _) | Gate::NotStanding(input) | Gate::Standing(input) => *input,
        }
    }

    /// Why the pipeline is not made for this row's patient, if it is not.
    fn closes(&self, row: &Row<'_>) -> Option<String> {
        match self {
            Gate::AgeAtLeast(input, years) => match row.cell(*input) {
                Cell::Age { greatest, .. } if greatest < years => {
                    Some(format!("younger than {years} years"))
                }
                _ => None,
            },
            Gate::NotStanding(input) => match row.cell(*input) {
                Cell::Since(since) => {
                    Some(format!("since {} a state stands it is not made for", since.at))
                }
                _ => None,
            },
            Gate::Standing(input) => match row.cell(*input) {
                Cell::NotStated => Some("nobody said what it is made for".to_owned()),
                _ => None,
            },
        }
    }
}
