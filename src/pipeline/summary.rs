//! A pipeline in a few words: for the list of those that ship, and for whoever asks.

use crate::pipeline::pipeline::{NEVER, Pipeline};

/// What a list says of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The name.
    pub name: String,
    /// How it ships: `live`, `shadow` or `draft`.
    pub state: &'static str,
    /// What a nurse reads.
    pub title: String,
    /// What it says.
    pub kind: &'static str,
    /// What it reads, by the names of its features.
    pub reads: String,
    /// Its value, with its unit.
    pub value: String,
    /// Its bands, ascending, with how loudly each is said; those below the first that is said are in brackets.
    pub bands: String,
    /// The edition of its rule.
    pub edition: String,
    /// Where the rule is published.
    pub source: String,
    /// How many stories show it.
    pub n_stories: usize,
}

impl Summary {
    /// The summary of a pipeline.
    pub fn of(pipeline: &Pipeline) -> Summary {
        let raise_from = pipeline.policy.raise_from;
        let bands = pipeline.bands.iter().enumerate().map(|(rank, band)| {
            match raise_from != NEVER && raise_from <= rank {
                true => format!("{} ({})", band.name, band.severity.name()),
                false => format!("[{}]", band.name),
            }
        });
        let reads = pipeline.features.iter().map(|(name, _)| name.as_str());
        Summary {
            name: pipeline.name.to_string(),
            state: pipeline.ships.name(),
            title: pipeline.title.to_string(),
            kind: pipeline.kind.name(),
            reads: reads.collect::<Vec<_>>().join(", "),
            value: pipeline.value.to_string(),
            bands: bands.collect::<Vec<_>>().join(", "),
            edition: pipeline.edition.to_string(),
            source: pipeline.source.to_string(),
            n_stories: pipeline.stories.len(),
        }
    }
}
