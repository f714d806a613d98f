//! The definitions a process starts with: pipelines and value sets from files, or those that ship.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::event::{Control, DefinitionKind};
use crate::pipeline::compile::Known;
use crate::pipeline::file::FileError;
use crate::pipeline::pipeline::Pipeline;
use crate::pipeline::value_set::{ValueSet, ValueSets};

/// Definitions by kind and name, with their text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Library {
    texts: BTreeMap<(DefinitionKind, String), String>,
    /// Pipelines that are defined and not put in force.
    drafts: BTreeSet<String>,
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
    /// Two files define the same name.
    #[error("{path}: `{name}` is defined already")]
    Twice {
        /// The second file.
        path: PathBuf,
        /// The name.
        name: String,
    },
}

macro_rules! shipped {
    ($($path:literal,)*) => {
        &[$((
            concat!("pipelines/", $path),
            include_str!(concat!("../../pipelines/", $path)),
        ),)*]
    };
}

/// The definitions that ship: every file of `pipelines/`.
const SHIPPED: &[(&str, &str)] = shipped![
    "value-sets/alcohol-use-disorder.yaml",
    "value-sets/anticoagulants.yaml",
    "value-sets/antihypertensives.yaml",
    "value-sets/antiplatelets.yaml",
    "value-sets/apixaban.yaml",
    "value-sets/atherosclerotic-disease.yaml",
    "value-sets/atrial-fibrillation.yaml",
    "value-sets/bleeding-history.yaml",
    "value-sets/cardiovascular-disease.yaml",
    "value-sets/chronic-organ-dysfunction.yaml",
    "value-sets/cirrhosis.yaml",
    "value-sets/diabetes.yaml",
    "value-sets/diuretics.yaml",
    "value-sets/heart-failure.yaml",
    "value-sets/hypertension.yaml",
    "value-sets/mechanical-valve-or-mitral-stenosis.yaml",
    "value-sets/metformin.yaml",
    "value-sets/mineralocorticoid-antagonists.yaml",
    "value-sets/no-smoking.yaml",
    "value-sets/nsaids.yaml",
    "value-sets/qt-prolonging.yaml",
    "value-sets/raas-blockers.yaml",
    "value-sets/smoking.yaml",
    "value-sets/statins.yaml",
    "value-sets/stroke-tia-thromboembolism.yaml",
    "value-sets/vascular-disease.yaml",
    "value-sets/vasopressors.yaml",
    "value-sets/vitamin-k-antagonists.yaml",
    "anion-gap.yaml",
    "bp-stage.yaml",
    "cgm.yaml",
    "cha2ds2-vasc.yaml",
    "ckd-monitoring.yaml",
    "corrected-calcium.yaml",
    "critical-values.yaml",
    "fib4.yaml",
    "has-bled.yaml",
    "hba1c-followup.yaml",
    "hba1c.yaml",
    "hf-weight.yaml",
    "home-blood-pressure.yaml",
    "hospital-score.yaml",
    "kdigo-aki.yaml",
    "lace.yaml",
    "meld3.yaml",
    "metformin-egfr.yaml",
    "mews.yaml",
    "news2.yaml",
    "potassium.yaml",
    "prevent.yaml",
    "qsofa.yaml",
    "resting-heart-rate.yaml",
    "shock-index.yaml",
    "sirs.yaml",
    "sleep-duration.yaml",
    "sofa.yaml",
    "tx-af-anticoagulation.yaml",
    "tx-allergy.yaml",
    "tx-apixaban-dose.yaml",
    "tx-interactions.yaml",
    "tx-nsaid.yaml",
    "tx-qt.yaml",
    "tx-raas-potassium.yaml",
    "tx-sepsis.yaml",
    "tx-statin-2026.yaml",
    "wearable-spo2.yaml",
];

impl Library {
    /// The definitions that ship with the program.
    ///
    /// # Errors
    /// If one of them is wrong, which is our own mistake.
    pub fn shipped() -> Result<Library, LibraryError> {
        let files = SHIPPED.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned()));
        Library::of_files(files.collect())
    }

    /// The definitions of a folder: `*.yaml` are pipelines, `value-sets/*.yaml` value sets.
    ///
    /// # Errors
    /// What is wrong, by file, line and column.
    pub fn of_folder(folder: &Path) -> Result<Library, LibraryError> {
        let mut files = yaml_files(&folder.join("value-sets"))?;
        files.extend(yaml_files(folder)?);
        Library::of_files(files)
    }

    /// Value sets first: pipelines name them.
    fn of_files(files: Vec<(PathBuf, String)>) -> Result<Library, LibraryError> {
        let is_set =
            |path: &Path| path.parent().is_some_and(|folder| folder.ends_with("value-sets"));
        let mut library = Library::default();
        let mut value_sets = ValueSets::new();
        let (sets, pipelines): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(path, _)| is_set(path));
        for (path, text) in sets {
            let read = ValueSet::read(&text);
            let (name, set) =
                read.map_err(|error| LibraryError::File { path: path.clone(), error })?;
            value_sets.insert(name.clone(), Arc::new(set));
            library.add(path, DefinitionKind::ValueSet, name, text)?;
        }
        let known = Known { value_sets: Cow::Borrowed(&value_sets), ..Known::default() };
        let named =
            pipelines.iter().map(|(path, text)| (path.to_str().unwrap_or_default(), &**text));
        let read = known.read_all(&named.collect::<Vec<_>>());
        let read = read.map_err(|(path, error)| LibraryError::File { path: path.into(), error })?;
        let drafts = read.iter().filter(|(_, one)| one.is_draft);
        library.drafts = drafts.map(|(_, one)| one.name.to_string()).collect();
        let names: Vec<String> = read.iter().map(|(_, one)| one.name.to_string()).collect();
        for ((path, text), name) in pipelines.into_iter().zip(names) {
            library.add(path, DefinitionKind::Pipeline, name, text)?;
        }
        Ok(library)
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

    /// The same with its drafts in force: for those who try them.
    pub fn with_drafts(mut self) -> Library {
        self.drafts.clear();
        self
    }

    /// Adds the site file's text, which is kept with the definitions.
    pub fn with_site(mut self, text: &str) -> Library {
        self.texts.insert((DefinitionKind::Site, "site".to_owned()), text.to_owned());
        self
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
        let known = Known { value_sets: Cow::Owned(value_sets), ..Known::default() };
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
        let order = [DefinitionKind::Site, DefinitionKind::ValueSet, DefinitionKind::Pipeline];
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
