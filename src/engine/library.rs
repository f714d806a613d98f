//! The definitions a process starts with: pipelines, value sets and models from files, or those that ship.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::event::{Control, DefinitionKind};
use crate::engine::shipped::{FILES, MODELS};
use crate::model::shelf;
use crate::pipeline::compile::Known;
use crate::pipeline::file::FileError;
use crate::pipeline::model_card::ModelCard;
use crate::pipeline::model_file::{ModelFile, ModelSpec};
use crate::pipeline::pipeline::{Pipeline, Ships};
use crate::pipeline::value_set::{ValueSet, ValueSets};

/// Definitions by kind and name, with their text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Library {
    texts: BTreeMap<(DefinitionKind, String), String>,
    /// The cards of models that are trained.
    cards: BTreeMap<String, ModelCard>,
    /// Pipelines that are defined and not put in force.
    drafts: BTreeSet<String>,
    /// Pipelines that are in force and do not begin to speak by themselves, in a demonstration either.
    shadows: BTreeSet<String>,
}

/// What is wrong with a definition.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// A file or folder cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file is wrong.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, by line and column.
        error: FileError,
    },
    /// The weights of a model are other than its file says.
    #[error("{path}: the weights have the hash {found}, expected {expected}")]
    Weights {
        /// The file of the weights.
        path: PathBuf,
        /// The hash of what is in it.
        found: String,
        /// The hash that the model file gives.
        expected: String,
    },
    /// Two files define the same name.
    #[error("{path}: `{name}` is defined already")]
    Twice {
        /// The second file.
        path: PathBuf,
        /// The name.
        name: String,
    },
}

/// The file of a model's card, beside it.
const CARD: &str = "card.yaml";

impl Library {
    /// The definitions that ship with the program.
    ///
    /// # Errors
    /// If one of them is wrong, which is our own mistake.
    pub fn shipped() -> Result<Library, LibraryError> {
        let files = FILES.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned()));
        let mut library = Library::default();
        for (path, text, weights, card) in MODELS {
            let weights = Cow::Borrowed(*weights);
            library.add_model(PathBuf::from(path), (*text).to_owned(), weights, card)?;
        }
        library.with_files(files.collect())
    }

    /// The definitions of a folder: `*.yaml` are pipelines, `value-sets/*.yaml` value sets,
    /// `models/NAME/model.yaml` models. The models that ship are there too.
    ///
    /// # Errors
    /// What is wrong, by file, line and column.
    pub fn of_folder(folder: &Path) -> Result<Library, LibraryError> {
        let mut files = yaml_files(&folder.join("value-sets"))?;
        files.extend(yaml_files(folder)?);
        let mut library = Library::default();
        for path in model_files(&folder.join("models"))? {
            let at = |error| LibraryError::Io { path: path.clone(), error };
            let text = fs::read_to_string(&path).map_err(at)?;
            let file = ModelFile::read(&text);
            let at = |error| LibraryError::File { path: path.clone(), error };
            let weights = file.map_err(at)?.weights.map(|file| path.with_file_name(file.value));
            let (mut bytes, mut card) = (Vec::new(), String::new());
            if let Some(weights) = weights {
                let at = |error| LibraryError::Io { path: weights.clone(), error };
                bytes = fs::read(&weights).map_err(at)?;
                let place = path.with_file_name(CARD);
                let at = |error| LibraryError::Io { path: place.clone(), error };
                card = fs::read_to_string(&place).map_err(at)?;
            }
            library.add_model(path, text, Cow::Owned(bytes), &card)?;
        }
        for (path, text, weights, card) in MODELS {
            let (path, text) = (PathBuf::from(path), (*text).to_owned());
            let added = library.add_model(path, text, Cow::Borrowed(*weights), card);
            // A folder's own model of the same name comes before the one that ships.
            match added {
                Ok(()) | Err(LibraryError::Twice { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        library.with_files(files)
    }

    /// Adds a model, and puts its weights where whoever loads it finds them.
    fn add_model(
        &mut self,
        path: PathBuf,
        text: String,
        weights: Cow<'static, [u8]>,
        card: &str,
    ) -> Result<(), LibraryError> {
        let file = ModelFile::read(&text);
        let file = file.map_err(|error| LibraryError::File { path: path.clone(), error })?;
        let place = path.clone();
        let name = file.name.value;
        self.add(path, DefinitionKind::Model, name.clone(), text)?;
        let (Some(file), Some(expected)) = (file.weights, file.sha256) else { return Ok(()) };
        let (found, expected) = (shelf::hash_of(&weights), expected.value);
        if found != expected {
            let path = place.with_file_name(file.value);
            return Err(LibraryError::Weights { path, found, expected });
        }
        shelf::put(&expected, weights);
        let card = ModelCard::read(card);
        let at = |error| LibraryError::File { path: place.with_file_name(CARD), error };
        self.cards.insert(name, card.map_err(at)?);
        Ok(())
    }

    /// Adds the files of value sets and pipelines; value sets first, because pipelines name them.
    fn with_files(mut self, files: Vec<(PathBuf, String)>) -> Result<Library, LibraryError> {
        let is_set =
            |path: &Path| path.parent().is_some_and(|folder| folder.ends_with("value-sets"));
        let mut value_sets = ValueSets::new();
        let (sets, pipelines): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(path, _)| is_set(path));
        for (path, text) in sets {
            let read = ValueSet::read(&text);
            let (name, set) =
                read.map_err(|error| LibraryError::File { path: path.clone(), error })?;
            value_sets.insert(name.clone(), Arc::new(set));
            self.add(path, DefinitionKind::ValueSet, name, text)?;
        }
        let models = self.models(&value_sets);
        let models =
            models.map_err(|(name, error)| LibraryError::File { path: name.into(), error });
        let known = Known {
            value_sets: Cow::Borrowed(&value_sets),
            models: Cow::Owned(models?),
            ..Known::default()
        };
        let named =
            pipelines.iter().map(|(path, text)| (path.to_str().unwrap_or_default(), &**text));
        let read = known.read_all(&named.collect::<Vec<_>>());
        let read = read.map_err(|(path, error)| LibraryError::File { path: path.into(), error })?;
        let that = |ships: Ships| {
            let those = read.iter().filter(move |(_, one)| one.ships == ships);
            those.map(|(_, one)| one.name.to_string()).collect()
        };
        (self.drafts, self.shadows) = (that(Ships::Draft), that(Ships::Shadow));
        let names: Vec<String> = read.iter().map(|(_, one)| one.name.to_string()).collect();
        for ((path, text), name) in pipelines.into_iter().zip(names) {
            self.add(path, DefinitionKind::Pipeline, name, text)?;
        }
        Ok(self)
    }

    /// The models, read, by name.
    fn models(
        &self,
        value_sets: &ValueSets,
    ) -> Result<BTreeMap<String, Arc<ModelSpec>>, (String, FileError)> {
        let texts = self.texts.iter().filter(|((kind, _), _)| *kind == DefinitionKind::Model);
        let read = texts.map(|((_, name), text)| {
            let spec = ModelSpec::read(text, value_sets).map_err(|error| (name.clone(), error))?;
            Ok((name.clone(), Arc::new(spec)))
        });
        read.collect()
    }

    fn add(
        &mut self,
        path: PathBuf,
        kind: DefinitionKind,
        name: String,
        text: String,
    ) -> Result<(), LibraryError> {
        if self.texts.contains_key(&(kind, name.clone())) {
            return Err(LibraryError::Twice { path, name });
        }
        self.texts.insert((kind, name), text);
        Ok(())
    }

    /// The same with the named pipelines only, drafts among them, and those whose scores they read.
    ///
    /// # Errors
    /// The name of which there is no pipeline.
    pub fn only(mut self, names: &[&str]) -> Result<Library, String> {
        let known = self.pipelines().map_err(|error| error.to_string())?;
        let mut kept: BTreeSet<&str> = BTreeSet::new();
        for name in names {
            let pipeline = known.iter().find(|pipeline| *pipeline.name == **name);
            let pipeline = pipeline.ok_or_else(|| {
                let known: Vec<&str> = known.iter().map(|pipeline| &*pipeline.name).collect();
                format!("there is no pipeline `{name}`, expected one of {}", known.join(", "))
            })?;
            kept.insert(&pipeline.name);
            kept.extend(pipeline.scores());
        }
        self.texts.retain(|(kind, name), _| {
            *kind != DefinitionKind::Pipeline || kept.contains(name.as_str())
        });
        Ok(self.with_drafts())
    }

    /// The same with one more pipeline, under its name and `-candidate`; gives that name.
    ///
    /// # Errors
    /// What is wrong with it, by line and column.
    pub fn with_candidate(
        mut self,
        path: &Path,
        text: &str,
    ) -> Result<(Library, String), LibraryError> {
        let at = |error| LibraryError::File { path: path.to_owned(), error };
        let value_sets = self.value_sets().map_err(at)?;
        let models = self.models(&value_sets).map_err(|(_, error)| at(error))?;
        let known = self.pipelines().map_err(at)?;
        let known = Known {
            value_sets: Cow::Owned(value_sets),
            models: Cow::Owned(models),
            scores: known.into_iter().map(|pipeline| (pipeline.name.clone(), pipeline)).collect(),
        };
        let read = Pipeline::read(text, &known).map_err(at)?;
        let name = format!("{}-candidate", read.name);
        let is_name =
            |line: &str| line.strip_prefix("name:").is_some_and(|n| n.trim() == &*read.name);
        let renamed = text.lines().map(|line| match is_name(line) {
            true => format!("name: {name}"),
            false => line.to_owned(),
        });
        let renamed = renamed.collect::<Vec<_>>().join("\n");
        self.add(path.to_owned(), DefinitionKind::Pipeline, name.clone(), renamed)?;
        Ok((self, name))
    }

    /// The same with its drafts in force, and nothing kept in shadow: for those who try them.
    pub fn with_drafts(mut self) -> Library {
        self.drafts.clear();
        self.shadows.clear();
        self
    }

    /// Adds the site file's text, which is kept with the definitions.
    pub fn with_site(mut self, text: &str) -> Library {
        self.texts.insert((DefinitionKind::Site, "site".to_owned()), text.to_owned());
        self
    }

    /// The card of a model; `None` for one that is not trained.
    pub fn card(&self, model: &str) -> Option<&ModelCard> {
        self.cards.get(model)
    }

    /// The value sets, read.
    ///
    /// # Errors
    /// If one is wrong; a library that was read has none such.
    pub fn value_sets(&self) -> Result<ValueSets, FileError> {
        let texts = self.texts.iter().filter(|((kind, _), _)| *kind == DefinitionKind::ValueSet);
        let read = texts.map(|(_, text)| ValueSet::read(text));
        read.map(|read| read.map(|(name, set)| (name, Arc::new(set)))).collect()
    }

    /// The pipelines, read, by name.
    ///
    /// # Errors
    /// If one is wrong; a library that was read has none such.
    pub fn pipelines(&self) -> Result<Vec<Arc<Pipeline>>, FileError> {
        let value_sets = self.value_sets()?;
        let texts = self.texts.iter().filter(|((kind, _), _)| *kind == DefinitionKind::Pipeline);
        let texts: Vec<(&str, &str)> = texts.map(|((_, n), text)| (&**n, &**text)).collect();
        let models = self.models(&value_sets).map_err(|(_, error)| error)?;
        let known = Known {
            value_sets: Cow::Owned(value_sets),
            models: Cow::Owned(models),
            ..Known::default()
        };
        let read = known.read_all(&texts).map_err(|(_, error)| error)?;
        Ok(read.into_iter().map(|(_, pipeline)| pipeline).collect())
    }

    /// The pipelines that are in force once they are defined, with their texts.
    pub fn in_force(&self) -> impl Iterator<Item = (&str, &str)> {
        let pipelines =
            self.texts.iter().filter(|((kind, _), _)| *kind == DefinitionKind::Pipeline);
        let defined = pipelines.filter(|((_, name), _)| !self.drafts.contains(name));
        defined.map(|((_, name), text)| (name.as_str(), text.as_str()))
    }

    /// Whether a pipeline begins to speak by itself where a library is shown or tried.
    pub fn begins_live(&self, name: &str) -> bool {
        !self.shadows.contains(name)
    }

    /// The texts by kind and name.
    pub fn texts(&self) -> &BTreeMap<(DefinitionKind, String), String> {
        &self.texts
    }

    /// The events that put this library in force where `known` is: value sets before the pipelines
    /// that name them, and an empty text for what is no longer defined.
    pub fn changes<'l>(
        &'l self,
        known: &'l BTreeMap<(DefinitionKind, String), String>,
    ) -> Vec<Control<'l>> {
        let order = [
            DefinitionKind::Site,
            DefinitionKind::ValueSet,
            DefinitionKind::Model,
            DefinitionKind::Pipeline,
        ];
        let definition = |kind, name: &'l str, text: &'l str| Control::Definition {
            kind,
            name: name.into(),
            text: text.into(),
        };
        let mut changes = Vec::new();
        let is_draft = |(kind, name): &(DefinitionKind, String)| {
            *kind == DefinitionKind::Pipeline && self.drafts.contains(name)
        };
        let is_left =
            |key: &(DefinitionKind, String)| self.texts.contains_key(key) && !is_draft(key);
        let gone = known.iter().filter(|(key, text)| !is_left(key) && !text.is_empty());
        let gone = gone.filter(|((kind, _), _)| *kind == DefinitionKind::Pipeline);
        let mut gone: Vec<_> = gone.collect();
        gone.sort_by_key(|(_, text)| !reads_scores(text));
        for ((kind, name), _) in gone {
            changes.push(definition(*kind, name, ""));
        }
        for kind in order {
            let of_kind = self.texts.iter().filter(|(key, _)| key.0 == kind && !is_draft(key));
            let changed = of_kind.filter(|(key, text)| known.get(*key) != Some(*text));
            let mut changed: Vec<_> = changed.collect();
            changed.sort_by_key(|(_, text)| reads_scores(text));
            for (key, text) in changed {
                changes.push(definition(kind, &key.1, text));
            }
        }
        changes
    }
}

/// Whether a pipeline's text names the score of another: then it comes after that one, and goes before it.
fn reads_scores(text: &str) -> bool {
    let features = text.lines().filter_map(|line| line.trim().split_once(": "));
    features.into_iter().any(|(_, feature)| feature.trim_start().starts_with("score "))
}

/// The model files of a folder: one in each folder of a model.
fn model_files(folder: &Path) -> Result<Vec<PathBuf>, LibraryError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let at = |error| LibraryError::Io { path: folder.to_owned(), error };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(at)? {
        let path = entry.map_err(at)?.path().join("model.yaml");
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn yaml_files(folder: &Path) -> Result<Vec<(PathBuf, String)>, LibraryError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| LibraryError::Io { path, error }
    };
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = fs::read_to_string(&path).map_err(at(&path))?;
            files.push((path, text));
        }
    }
    files.sort();
    Ok(files)
}
