//! Checks a pipeline file against what exists, and makes a pipeline of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_saphyr::Spanned;

use crate::domain::decimal::Decimal;
use crate::domain::effect::{EffectKind, Severity};
use crate::domain::standing::Standing;
use crate::domain::statement::SETTINGS;
use crate::domain::time::Span;
use crate::pipeline::feature::Feature;
use crate::pipeline::file::{BandFile, FileError, PipelineFile, PolicyFile};
use crate::pipeline::model::{Model, RISK_DECIMALS};
use crate::pipeline::model_file::ModelSpec;
use crate::pipeline::pipeline::{Band, Core, Gate, NEVER, Pipeline, Policy, Ships};
use crate::pipeline::table_text::{self, Names};
use crate::pipeline::value_set::ValueSets;
use crate::pipeline::window::parse_span;
use crate::rules::assessment::Rule;
use crate::rules::registry;
use crate::rules::score_table::{Reached, ScoreBand, ScoreTable};

/// What a pipeline file may name.
#[derive(Debug, Default)]
pub struct Known<'k> {
    /// The value sets.
    pub value_sets: Cow<'k, ValueSets>,
    /// The models.
    pub models: Cow<'k, BTreeMap<String, Arc<ModelSpec>>>,
    /// The pipelines whose scores others may read; they read no scores themselves.
    pub scores: BTreeMap<Arc<str>, Arc<Pipeline>>,
}

/// Something about the file of this name.
type Named<'n, T> = (&'n str, T);

impl Known<'_> {
    /// Reads pipeline files, whichever names another's score; in the order in which they are given.
    ///
    /// # Errors
    /// Which file is wrong, and what is wrong with it.
    pub fn read_all<'n>(
        mut self,
        files: &[(&'n str, &str)],
    ) -> Result<Vec<Named<'n, Arc<Pipeline>>>, Named<'n, FileError>> {
        let first: Vec<Result<Arc<Pipeline>, FileError>> =
            files.iter().map(|(_, text)| Pipeline::read(text, &self).map(Arc::new)).collect();
        let read = first.iter().flatten();
        self.scores.extend(read.map(|pipeline| (pipeline.name.clone(), pipeline.clone())));
        let read = files.iter().zip(first).map(|((name, text), first)| match first {
            Ok(pipeline) => Ok((*name, pipeline)),
            // It may name one that had not been read.
            Err(_) => match Pipeline::read(text, &self) {
                Ok(pipeline) => Ok((*name, Arc::new(pipeline))),
                Err(error) => Err((*name, error)),
            },
        });
        read.collect()
    }
}

impl Pipeline {
    /// Reads a pipeline file.
    ///
    /// # Errors
    /// What is wrong with it, by line and column.
    pub fn read(text: &str, known: &Known<'_>) -> Result<Pipeline, FileError> {
        let file: PipelineFile = serde_saphyr::from_str(text).map_err(FileError::yaml)?;
        compile(file, known)
    }
}

fn compile(file: PipelineFile, known: &Known<'_>) -> Result<Pipeline, FileError> {
    let features = features(&file, known)?;
    let bands = bands(&file.bands)?;
    let (core, features) = core(&file, features, &bands, known)?;
    // A rule has its inputs in an order of its own.
    let names = Names { features: &features };
    let gates = file.applies_when.iter().map(|text| gate(text, &names));
    let gates = gates.collect::<Result<Vec<_>, _>>()?;
    let mut notes = Vec::new();
    for (condition, note) in &file.notes {
        let (input, condition) =
            names.condition(condition).map_err(|message| FileError::at(note, message))?;
        notes.push((input, condition, note.value.clone()));
    }
    let (value, decimals, subjects, parameters) = match &core {
        Core::Table(_) => {
            let value = file.score.clone().unwrap_or_else(|| file.title.clone());
            (value, 0, vec![("", "")], Vec::new())
        }
        Core::Model(_) => {
            let value = file.score.clone().unwrap_or_else(|| file.title.clone());
            (value, RISK_DECIMALS, vec![("", "")], Vec::new())
        }
        Core::Rule(rule) => {
            let subjects = rule.subjects.iter().map(|name| {
                let called = file.subjects.get(*name).map_or(*name, String::as_str);
                (if rule.subjects.len() == 1 { "" } else { *name }, called)
            });
            (rule.value.to_owned(), rule.decimals, subjects.collect(), parameters(&file, rule)?)
        }
    };
    let subjects = subjects.into_iter().map(|(name, called)| (name.into(), called.into()));
    Ok(Pipeline {
        ships: ships(file.state.as_ref())?,
        kind: kind(&file.kind)?,
        policy: policy(&file.policy, &bands)?,
        subjects: subjects.collect(),
        name: name(&file.name)?,
        title: file.title.into(),
        edition: file.edition.into(),
        source: file.source.trim().into(),
        features,
        gates,
        core,
        parameters,
        notes,
        value: value.into(),
        decimals,
        bands,
        stories: file.stories,
    })
}

fn name(name: &Spanned<String>) -> Result<Arc<str>, FileError> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.value.is_empty() || !name.value.chars().all(is_plain) {
        return Err(FileError::at(name, "expected lower-case letters, digits and `-`"));
    }
    Ok(name.value.as_str().into())
}

fn ships(state: Option<&Spanned<String>>) -> Result<Ships, FileError> {
    let Some(state) = state else { return Ok(Ships::Live) };
    let known = [Ships::Live, Ships::Shadow, Ships::Draft];
    let found = known.into_iter().find(|ships| ships.name() == state.value);
    found.ok_or_else(|| FileError::at(state, "expected `live`, `shadow` or `draft`"))
}

fn kind(kind: &Spanned<String>) -> Result<EffectKind, FileError> {
    let found = EffectKind::ALL.into_iter().find(|known| known.name() == kind.value);
    found
        .ok_or_else(|| FileError::at(kind, "expected `alert`, `follow-up`, `suggestion` or `risk`"))
}

fn features(file: &PipelineFile, known: &Known<'_>) -> Result<Vec<(String, Feature)>, FileError> {
    let mut features = Vec::new();
    for (name, text) in &file.features {
        let mut feature =
            Feature::parse(&text.value).map_err(|message| FileError::at(text, message))?;
        if let Some(set) = feature.stated().and_then(|stated| stated.set.as_ref())
            && !known.value_sets.contains_key(set)
        {
            return Err(FileError::at(text, format!("there is no value set `{set}`")));
        }
        if let Feature::Score(score) = &mut feature {
            score.of = known.scores.get(score.name.as_str()).cloned();
            let missing = || format!("there is no pipeline `{}` that has a score", score.name);
            if score.of.is_none() {
                return Err(FileError::at(text, missing()));
            }
        }
        features.push((name.clone(), feature));
    }
    Ok(features)
}

type Features = Vec<(String, Feature)>;

/// The table or rule, and the features in the order in which it takes them.
fn core(
    file: &PipelineFile,
    features: Features,
    bands: &[Band],
    known: &Known<'_>,
) -> Result<(Core, Features), FileError> {
    match (&file.score_table, &file.rule, &file.model) {
        (Some(text), None, None) => {
            let names = Names { features: &features };
            let inputs = table_text::parse(&text.value, &names).map_err(|(line, message)| {
                // The text begins on the line after its key.
                let line_number = text.referenced.line() + u64::try_from(line).unwrap_or(0);
                FileError::At { line: line_number, column: text.referenced.column(), message }
            })?;
            let bands = file.bands.iter().rev().map(score_band).collect::<Result<_, _>>()?;
            Ok((Core::Table(ScoreTable { inputs, bands }), features))
        }
        (None, Some(name), None) => {
            let rule = registry::rule(&name.value);
            let rule = rule.ok_or_else(|| {
                let known: Vec<&str> = registry::RULES.iter().map(|rule| rule.name).collect();
                let known = known.join(", ");
                FileError::at(name, format!("there is no such rule, expected one of {known}"))
            })?;
            let features = rule_features(file, name, rule, features)?;
            let named: Vec<&str> = bands.iter().map(|band| band.name.as_ref()).collect();
            if named != rule.bands {
                let expected = rule.bands.iter().rev().copied().collect::<Vec<_>>().join(", ");
                let message = format!("the bands of this rule are, in this order: {expected}");
                return Err(FileError::at(name, message));
            }
            Ok((Core::Rule(rule), features))
        }
        (None, None, Some(name)) => of_model(file, name, features, known),
        _ => Err(FileError::at(&file.name, "expected one of `score_table`, `rule` and `model`")),
    }
}

/// A model, with its inputs after the features that gates name.
fn of_model(
    file: &PipelineFile,
    name: &Spanned<String>,
    mut features: Features,
    known: &Known<'_>,
) -> Result<(Core, Features), FileError> {
    let spec = known.models.get(&name.value).cloned().ok_or_else(|| {
        let known: Vec<&str> = known.models.keys().map(String::as_str).collect();
        let known = known.join(", ");
        FileError::at(name, format!("there is no such model, expected one of {known}"))
    })?;
    let named: Vec<&str> = named_by_gates(file).collect();
    if let Some((other, _)) = features.iter().find(|(name, _)| !named.contains(&name.as_str())) {
        let message = format!("no gate and no note names the feature `{other}`");
        return Err(FileError::at(name, message));
    }
    let bands = file.bands.iter().rev().map(risk_band).collect::<Result<Vec<_>, _>>()?;
    if !bands.is_sorted() || bands.first() != Some(&0) {
        let message = "expected bands from the greatest risk to the least, the last without `when`";
        return Err(FileError::at(name, message));
    }
    let first = features.len();
    let inputs = spec.inputs.iter().map(|input| (input.name.clone(), input.feature.clone()));
    features.extend(inputs);
    Ok((Core::Model(Model::new(spec, first, bands)), features))
}

/// `risk is at least 0.05`: the least risk of a band, in a risk's decimals.
fn risk_band(file: &BandFile) -> Result<i64, FileError> {
    let Some(when) = &file.when else { return Ok(0) };
    let expected =
        || FileError::at(when, "expected `risk is at least P`, with P above 0, at most 1");
    let words: Vec<&str> = when.value.split_whitespace().collect();
    let ["risk", "is", "at", "least", risk] = words.as_slice() else { return Err(expected()) };
    let risk = Decimal::parse(risk).ok();
    let fits = risk.filter(|risk| -i32::from(RISK_DECIMALS) <= risk.parts().1);
    let risk = fits.and_then(|risk| risk.rounded(RISK_DECIMALS));
    risk.filter(|risk| 0 < *risk && *risk <= 10_i64.pow(u32::from(RISK_DECIMALS)))
        .ok_or_else(expected)
}

/// The features that only a gate or a note names.
fn named_by_gates(file: &PipelineFile) -> impl Iterator<Item = &str> {
    let gates = file.applies_when.iter().map(|gate| gate.value.as_str());
    let named = gates.chain(file.notes.keys().map(String::as_str));
    named.filter_map(|text| text.split_whitespace().next())
}

/// Puts features into the order of the rule's inputs; those that only a gate or a note names follow.
fn rule_features(
    file: &PipelineFile,
    place: &Spanned<String>,
    rule: &Rule,
    features: Features,
) -> Result<Features, FileError> {
    let mut ordered = Vec::new();
    for input in rule.inputs {
        let found = features.iter().find(|(name, _)| name == input.name);
        let (name, feature) = found.ok_or_else(|| {
            FileError::at(place, format!("the rule needs a feature `{}`", input.name))
        })?;
        if feature.kind() != input.kind {
            let message = format!("the rule needs `{name}` to be a {:?}", input.kind);
            return Err(FileError::at(place, message.to_lowercase()));
        }
        ordered.push((name.clone(), feature.clone()));
    }
    let named: Vec<&str> = named_by_gates(file).collect();
    let is_new = |(name, _): &&(String, Feature)| ordered.iter().all(|(known, _)| known != name);
    let others: Vec<(String, Feature)> = features.iter().filter(is_new).cloned().collect();
    if let Some((name, _)) = others.iter().find(|(name, _)| !named.contains(&name.as_str())) {
        return Err(FileError::at(place, format!("the rule takes no feature `{name}`")));
    }
    ordered.extend(others);
    Ok(ordered)
}

fn parameters(file: &PipelineFile, rule: &Rule) -> Result<Vec<Span>, FileError> {
    let surplus =
        file.parameters.iter().find(|(name, _)| !rule.parameters.contains(&name.as_str()));
    if let Some((name, text)) = surplus {
        return Err(FileError::at(text, format!("the rule has no parameter `{name}`")));
    }
    let parameter = |name: &&str| {
        let text = file.parameters.get(*name).ok_or_else(|| {
            FileError::at(&file.name, format!("the rule needs the parameter `{name}`"))
        })?;
        span(text)
    };
    rule.parameters.iter().map(parameter).collect()
}

fn span(text: &Spanned<String>) -> Result<Span, FileError> {
    parse_span(&text.value).map_err(|message| FileError::at(text, message))
}

/// Bands as the file lists them, turned to ascend.
fn bands(files: &[BandFile]) -> Result<Vec<Band>, FileError> {
    let band = |file: &BandFile| {
        let severity = Severity::named(&file.severity.value).ok_or_else(|| {
            FileError::at(&file.severity, "expected `interruptive`, `passive` or `log`")
        })?;
        let says = file.says.value.trim().to_owned();
        Ok(Band { name: file.band.value.as_str().into(), severity, says })
    };
    files.iter().rev().map(band).collect()
}

/// `score is at least 7`, `any input scores 3`.
fn score_band(file: &BandFile) -> Result<ScoreBand, FileError> {
    let name = file.band.value.clone();
    let Some(when) = &file.when else {
        return Ok(ScoreBand { name, when: Reached::Otherwise });
    };
    let words: Vec<&str> = when.value.split_whitespace().collect();
    let expected = "expected `score is at least N` or `any input scores N`";
    let number = |text: &str| text.parse().map_err(|_| FileError::at(when, expected));
    let when = match words.as_slice() {
        ["score", "is", "at", "least", total] => Reached::Total(number(total)?),
        ["any", "input", "scores", points] => Reached::AnyInput(number(points)?),
        _ => return Err(FileError::at(when, expected)),
    };
    Ok(ScoreBand { name, when })
}

/// `age is at least 16 years`, `pregnancy is not stated`, `suspected_infection stands`.
fn gate(text: &Spanned<String>, names: &Names<'_>) -> Result<Gate, FileError> {
    let words: Vec<&str> = text.value.split_whitespace().collect();
    let expected = "expected `AGE is at least N years`, `STATE is not stated` or `STATE stands`";
    let input = |name: &str| names.input(name).map_err(|message| FileError::at(text, message));
    match words.as_slice() {
        [name, "is", "at", "least", years, "years"] => {
            let years = years.parse().map_err(|_| FileError::at(text, expected))?;
            Ok(Gate::AgeAtLeast(input(name)?, years))
        }
        [name, "is", "not", "stated"] => Ok(Gate::NotStanding(input(name)?)),
        [name, "stands"] => Ok(Gate::Standing(input(name)?)),
        _ => Err(FileError::at(text, expected)),
    }
}

fn policy(file: &PolicyFile, bands: &[Band]) -> Result<Policy, FileError> {
    let raise_from = match file.raise_from.value.as_str() {
        "never" => NEVER,
        name => {
            let band = bands.iter().position(|band| *band.name == *name);
            band.ok_or_else(|| FileError::at(&file.raise_from, "there is no such band"))?
        }
    };
    let setting = |text: &Spanned<String>| match SETTINGS.contains(&text.value.as_str()) {
        true => Ok(text.value.clone()),
        false => {
            let known = SETTINGS.join(", ");
            Err(FileError::at(text, format!("unknown setting, expected one of {known}")))
        }
    };
    let standing = |text: &Spanned<String>| {
        let known = Standing::ALL.map(Standing::name).join(", ");
        Standing::named(&text.value)
            .ok_or_else(|| FileError::at(text, format!("unknown state, expected one of {known}")))
    };
    Ok(Policy {
        raise_from,
        clears_after: span(&file.clears_after)?,
        lockout: span(&file.lockout)?,
        evidence_age_max: span(&file.evidence_age_max)?,
        settings: file.settings.iter().map(setting).collect::<Result<_, _>>()?,
        silent_when: file.silent_when.iter().map(standing).collect::<Result<_, _>>()?,
    })
}
