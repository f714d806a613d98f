//! A pipeline in force in a shard: which changes it waits for, and under which numbers its scores lie.

use std::sync::Arc;

use crate::domain::event::ResourceKind;
use crate::domain::promotion::PipelineState;
use crate::domain::time::{Span, Timestamp};
use crate::pipeline::feature::Feature;
use crate::pipeline::pipeline::Pipeline;
use crate::pipeline::view::View;
use crate::pipeline::window::Window;
use crate::twin::samples::series_of;
use crate::twin::scores::Scores;
use crate::twin::statements::Topic;
use crate::twin::twins::Change;

/// A pipeline in force.
#[derive(Clone, Debug)]
pub struct Live {
    /// The pipeline.
    pub pipeline: Arc<Pipeline>,
    /// The track of each of its subjects.
    pub tracks: Vec<u16>,
    /// Its edition, interned by the shard.
    pub edition: u32,
    /// Whether it speaks.
    pub state: PipelineState,
    /// What it reads: its features, and those of the scores among them.
    features: Vec<Feature>,
    /// The series it reads, each once.
    windows: Vec<Window>,
    /// How far a value of a series reaches, by the number of the series: the longest window that reads it.
    reach: Vec<Option<Span>>,
}

/// What an event changed for one pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dirty {
    /// Instants that may be points now, or may be points no more.
    pub points: Vec<Timestamp>,
    /// Instants that may become points when their time has come: a state or an order is said to begin
    /// or to end then.
    pub planned: Vec<Timestamp>,
    /// Ranges, both ends included, in which every point reads something that changed.
    pub ranges: Vec<(Timestamp, Timestamp)>,
    /// Whether what decides about saying changed: the stay, a silent state.
    pub policy: bool,
}

impl Dirty {
    /// One instant that may be a point now.
    pub fn point(at: Timestamp) -> Dirty {
        Dirty { points: vec![at], ..Dirty::default() }
    }

    /// Forgets everything, and keeps the room it took.
    fn clear(&mut self) {
        self.points.clear();
        self.planned.clear();
        self.ranges.clear();
        self.policy = false;
    }

    /// Whether anything changed that is not still to come.
    pub fn is_clean(&self) -> bool {
        self.points.is_empty() && self.ranges.is_empty() && !self.policy
    }
}

impl Live {
    /// A pipeline in force, with the tracks and the edition that the shard numbered, in a state.
    pub fn new(
        pipeline: Arc<Pipeline>,
        tracks: Vec<u16>,
        edition: u32,
        state: PipelineState,
    ) -> Live {
        let mut reach: Vec<Option<Span>> = Vec::new();
        let features: Vec<Feature> = pipeline.reads().cloned().collect();
        for window in features.iter().filter_map(Feature::window) {
            for origin in &window.origins {
                let series = usize::from(series_of(window.signal, *origin));
                if reach.len() <= series {
                    reach.resize(series + 1, None);
                }
                if let Some(slot) = reach.get_mut(series) {
                    *slot = (*slot).max(Some(window.span));
                }
            }
        }
        let mut windows: Vec<Window> = Vec::new();
        for window in features.iter().filter_map(Feature::window) {
            if !windows.iter().any(|known| known.is_of(window)) {
                windows.push(window.clone());
            }
        }
        Live { pipeline, tracks, edition, state, features, windows, reach }
    }

    /// How far the windows reach back in which a series is read; `None` if it is not read.
    pub fn reach_of(&self, series: u16) -> Option<Span> {
        self.reach.get(usize::from(series)).copied().flatten()
    }

    /// Brings what a value of a series will make it read into the caches.
    pub fn touch(&self, scores: &Scores, patient: u32, series: u16) {
        if self.reach_of(series).is_some() {
            scores.touch(patient, self.first_track());
        }
    }

    /// How far its longest window reaches back.
    pub fn reach_max(&self) -> Span {
        self.reach.iter().flatten().copied().max().unwrap_or_default()
    }

    /// The track of the first subject, which stands for the pipeline.
    pub fn first_track(&self) -> u16 {
        self.tracks.first().copied().unwrap_or_default()
    }

    /// Says in `dirty` what `changes` mean for this pipeline at `present`; whatever it held is forgotten.
    pub fn mark(&self, view: &View<'_>, changes: &[Change], present: Timestamp, dirty: &mut Dirty) {
        dirty.clear();
        for change in changes {
            match change {
                Change::Sample { signal, origin, at } => {
                    let series = usize::from(series_of(*signal, *origin));
                    if let Some(reach) = self.reach.get(series).copied().flatten() {
                        dirty.points.push(*at);
                        dirty.ranges.push((*at, at.plus(reach)));
                    }
                }
                Change::Statement { topic, start, end } => {
                    self.statement_dirty(view, *topic, (*start, *end), dirty);
                }
            }
        }
        // A value is never far ahead of its arrival (`check_past`); a period may be.
        let is_planned = |at: &Timestamp| present < *at && !self.has_sample(view, *at);
        if dirty.points.iter().any(is_planned) {
            dirty.planned = dirty.points.extract_if(.., |at| is_planned(at)).collect();
        }
        if 1 < dirty.points.len() {
            dirty.points.sort_unstable();
            dirty.points.dedup();
        }
    }

    fn statement_dirty(
        &self,
        view: &View<'_>,
        topic: Topic,
        (start, end): (Timestamp, Timestamp),
        dirty: &mut Dirty,
    ) {
        let policy = &self.pipeline.policy;
        dirty.policy |= match topic {
            Topic::Kind(kind) => kind == ResourceKind::Encounter && !policy.settings.is_empty(),
            Topic::Standing(standing) => policy.silent_when.contains(&standing),
        };
        for feature in self.features.iter().filter(|feature| feature.reads(topic)) {
            if topic == Topic::Kind(ResourceKind::Patient) {
                dirty.ranges.push((Timestamp::MIN, Timestamp::FOREVER));
                let died = view.twins.person(view.patient).deceased_from;
                dirty.points.extend(died.filter(|_| *feature == Feature::Death));
                continue;
            }
            dirty.ranges.push((start, end.plus(feature.after())));
            if feature.makes_points() {
                let ends = [start, end].into_iter();
                dirty.points.extend(ends.filter(|at| is_instant(*at)));
            }
        }
    }

    /// Whether a value it reads holds at exactly `at`.
    fn has_sample(&self, view: &View<'_>, at: Timestamp) -> bool {
        let View { twins, patient, .. } = *view;
        let mut windows = self.windows.iter();
        windows.any(|window| twins.has_sample_at(patient, window.signal, &window.origins, at))
    }

    /// Whether a fact that makes points holds at exactly `at`, as of `present`.
    pub fn is_point(&self, view: &View<'_>, at: Timestamp, present: Timestamp) -> bool {
        if self.has_sample(view, at) {
            return true;
        }
        if present < at {
            return false;
        }
        let View { twins, patient, .. } = *view;
        let touches = |topic: Topic| {
            twins.statements(patient, topic).any(|row| row.valid.start == at || row.valid.end == at)
        };
        self.features.iter().any(|feature| match feature {
            Feature::Death => twins.person(patient).deceased_from == Some(at),
            feature => feature.topics().any(touches),
        })
    }

    /// The identity of what happened at `at`, whatever arrived first: the least key of the facts that
    /// make it a point. An effect's id rests on it.
    pub fn opening_key(&self, view: &View<'_>, at: Timestamp) -> Option<u64> {
        let View { twins, patient, .. } = *view;
        let of_topic = |topic: Topic| {
            let rows = twins.statements(patient, topic);
            let rows = rows.filter(|row| row.valid.start == at || row.valid.end == at);
            rows.map(|row| row.key).min()
        };
        let samples = self.windows.iter().filter_map(|window| {
            let found = twins.window(patient, window.signal, &window.origins, (at, at));
            found.iter().filter_map(|measured| twins.key(measured.place)).min()
        });
        let topics = self.features.iter().flat_map(Feature::topics).filter_map(of_topic);
        samples.chain(topics).min()
    }
}

fn is_instant(at: Timestamp) -> bool {
    at != Timestamp::MIN && at != Timestamp::FOREVER
}
