//! Puts the definitions of the log in force: pipelines and value sets, from their text.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::event::DefinitionKind;
use crate::domain::fact::Origin;
use crate::domain::signal::Signal;
use crate::engine::shard::Shard;
use crate::engine::shipped::shelve;
use crate::ingest::site::Site;
use crate::pipeline::compile::Known;
use crate::pipeline::live::Live;
use crate::pipeline::model_file::ModelSpec;
use crate::pipeline::pipeline::{Core, Pipeline};
use crate::pipeline::supports::Supports;
use crate::pipeline::value_set::{ValueSet, ValueSets};
use crate::twin::snapshot::{PastTrack, Track};
use crate::twin::sums::of_track;

/// Definitions that were read, so that a change of one does not read all the others again.
#[derive(Clone, Debug, Default)]
pub(super) struct Read {
    /// By the name of the definition: its text, the name of the set, the set.
    value_sets: BTreeMap<String, (String, String, Arc<ValueSet>)>,
    /// Pipelines that read no other's score and name no model, by their text.
    pipelines: BTreeMap<String, Arc<Pipeline>>,
}

/// A pipeline, with its text where it is not read again.
type Defined = (Arc<Pipeline>, Option<String>);

impl Shard {
    /// Makes pipelines of the definitions as they stand. Tracks keep their numbers for ever.
    ///
    /// # Errors
    /// The name of a definition this version cannot read, and why.
    pub(super) fn redefine(&mut self) -> Result<(), (String, String)> {
        let read = self.read.clone();
        let mut next = Read::default();
        let mut provisional = BTreeSet::new();
        for ((kind, name), text) in self.definitions().iter().filter(|(_, text)| !text.is_empty()) {
            let failed =
                |error: crate::pipeline::file::FileError| (name.clone(), error.to_string());
            match kind {
                DefinitionKind::ValueSet => {
                    let known = read.value_sets.get(name).filter(|(known, ..)| known == text);
                    let set = match known {
                        Some(known) => known.clone(),
                        None => {
                            let (set_name, set) = ValueSet::read(text).map_err(failed)?;
                            (text.clone(), set_name, Arc::new(set))
                        }
                    };
                    next.value_sets.insert(name.clone(), set);
                }
                DefinitionKind::Site => {
                    let site =
                        Site::read(text).map_err(|error| (name.clone(), error.to_string()))?;
                    provisional.extend(site.provisional().map(str::to_owned));
                }
                DefinitionKind::Pipeline | DefinitionKind::Model => {}
            }
        }
        let sets = next.value_sets.values();
        let value_sets: ValueSets =
            sets.map(|(_, name, set)| (name.clone(), set.clone())).collect();
        let pipelines = self.pipelines(&read, &value_sets)?;
        next.pipelines = pipelines
            .iter()
            .filter_map(|(pipeline, text)| Some((text.clone()?, pipeline.clone())))
            .collect();
        self.read = Arc::new(next);
        let read = pipelines.into_iter().map(|(pipeline, _)| pipeline).collect();
        self.enforce(read, value_sets);
        if self.identities.provisional != provisional {
            Arc::make_mut(&mut self.identities).provisional = provisional;
        }
        Ok(())
    }

    /// The pipelines as they are defined. One that was read before from the same text, and reads no other's score, is
    /// not read again; its text is given with it.
    fn pipelines(
        &self,
        read: &Read,
        value_sets: &ValueSets,
    ) -> Result<Vec<Defined>, (String, String)> {
        let defined = self.definitions().iter();
        let defined = defined
            .filter(|((kind, _), text)| *kind == DefinitionKind::Pipeline && !text.is_empty());
        let models = self.models(value_sets)?;
        let mut known = Known {
            value_sets: Cow::Borrowed(value_sets),
            models: Cow::Owned(models),
            ..Known::default()
        };
        let mut pipelines = Vec::new();
        let mut unread = Vec::new();
        for ((_, name), text) in defined {
            match read.pipelines.get(text) {
                Some(pipeline) => {
                    known.scores.insert(pipeline.name.clone(), pipeline.clone());
                    pipelines.push((pipeline.clone(), Some(text.clone())));
                }
                None => unread.push((name.as_str(), text.as_str())),
            }
        }
        let new = known.read_all(&unread);
        let new = new.map_err(|(name, error)| (name.to_owned(), error.to_string()))?;
        pipelines.extend(new.into_iter().zip(&unread).map(|((_, pipeline), (_, text))| {
            let stands_alone = !pipeline.reads_scores() && pipeline.model().is_none();
            let text = Some((*text).to_owned()).filter(|_| stands_alone);
            (pipeline, text)
        }));
        pipelines.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        Ok(pipelines)
    }

    /// The models as they are defined.
    fn models(
        &self,
        value_sets: &ValueSets,
    ) -> Result<BTreeMap<String, Arc<ModelSpec>>, (String, String)> {
        let defined = self.definitions().iter();
        let defined = defined.filter(|((kind, _), _)| *kind == DefinitionKind::Model);
        shelve();
        let read = defined.map(|((_, name), text)| {
            let spec = ModelSpec::read(text, value_sets);
            let spec = spec.map_err(|error| (name.clone(), error.to_string()))?;
            Ok((spec.name.to_string(), Arc::new(spec)))
        });
        read.collect()
    }

    fn enforce(&mut self, pipelines: Vec<Arc<Pipeline>>, value_sets: ValueSets) {
        let mut tracks = (**self.tracks()).clone();
        let mut lives = Vec::new();
        for pipeline in pipelines {
            let subjects = pipeline.subjects.iter().map(|(subject, _)| {
                let track = track(&pipeline, subject);
                let same = |known: &Track| {
                    known.pipeline == track.pipeline && known.subject == track.subject
                };
                match tracks.iter().position(same) {
                    Some(index) => {
                        if let Some(slot) = tracks.get_mut(index) {
                            *slot = track;
                        }
                        index
                    }
                    None => {
                        tracks.push(track);
                        tracks.len() - 1
                    }
                }
            });
            let numbers = subjects.map(|index| u16::try_from(index).unwrap_or(u16::MAX)).collect();
            lives.push((pipeline.clone(), numbers));
        }
        let mut tracked: Vec<_> =
            lives.iter().flat_map(|(p, _): &(Arc<Pipeline>, Vec<u16>)| p.tracked()).collect();
        tracked.sort_unstable();
        tracked.dedup();
        let lives = lives.into_iter().map(|(pipeline, tracks)| {
            let edition = self.intern_note(&pipeline.edition);
            let state = self.promotions.state(&pipeline.name);
            Live::new(pipeline, tracks, edition, state)
        });
        let lives = lives.collect();
        self.put_in_force(lives, tracks, value_sets, &tracked);
    }

    /// Puts pipelines in force, instead of those before.
    fn put_in_force(
        &mut self,
        lives: Vec<Live>,
        tracks: Vec<Track>,
        value_sets: ValueSets,
        tracked: &[(Signal, Origin)],
    ) {
        let names = tracks.iter().map(|track| of_track(&track.pipeline, &track.subject)).collect();
        let n_patients = u32::try_from(self.twins.n_patients()).unwrap_or(u32::MAX);
        self.twins.track(tracked);
        self.scores.track(names, n_patients);
        self.supports = Supports::default();
        for ((number, before), track) in (0..).zip(&*self.tracks).zip(&tracks) {
            if before != track {
                let past = PastTrack { number, known_to: self.known, track: before.clone() };
                Arc::make_mut(&mut self.past_tracks).push(past);
            }
        }
        self.tracks = Arc::new(tracks);
        self.value_sets = Arc::new(value_sets);
        self.lives = lives;
    }
}

fn track(pipeline: &Pipeline, subject: &Arc<str>) -> Track {
    Track {
        pipeline: pipeline.name.clone(),
        title: pipeline.title.clone(),
        subject: subject.clone(),
        value: pipeline.value.clone(),
        decimals: pipeline.decimals,
        bands: pipeline.bands.iter().map(|band| band.name.clone()).collect(),
        inputs: (0..)
            .zip(&pipeline.features)
            .map(|(input, (name, _))| scored(pipeline, input, name))
            .collect(),
    }
}

/// The name of an input that gives points; empty for one that only decides how others do.
fn scored(pipeline: &Pipeline, input: usize, name: &str) -> Arc<str> {
    let gives_points = match &pipeline.core {
        Core::Table(table) => table.inputs.iter().any(|scored| scored.input == input),
        Core::Rule(rule) => rule.scored,
        Core::Model(_) => false,
    };
    if gives_points { name.into() } else { "".into() }
}
