//! One shard as it was at a known position of the log: immutable, shared with readers, never blocking
//! the writer. SQL, HTTP and the console read nothing else (SQ-1).

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, StringArray};

use crate::domain::effect::EffectKind;
use crate::domain::event::DefinitionKind;
use crate::domain::identity::TwinId;
use crate::domain::promotion::Promotions;
use crate::domain::time::Timestamp;
use crate::twin::chains::Chains;
use crate::twin::effects::{EffectRow, Effects, SaidPages, SuppressionRow, Unsaid};
use crate::twin::events::EventsView;
use crate::twin::head::HeadPage;
use crate::twin::identities::Identities;
use crate::twin::marks::Marks;
use crate::twin::names::Names;
use crate::twin::pages::Pages;
use crate::twin::places::Places;
use crate::twin::samples::{Rare, SampleChunk};
use crate::twin::score_table::ScoreChunk;
use crate::twin::scores::{ScoreRow, Scores};
use crate::twin::segment::Segment;
use crate::twin::statements::Statements;
use crate::twin::table::place;
use crate::twin::twins::Twins;
use crate::twin::zones::Zones;

/// A shard as it was.
#[derive(Clone, Debug)]
pub struct ShardSnapshot {
    /// The partition of the log.
    pub partition: u32,
    /// The offset of the next frame: everything before it is in here.
    pub next_offset: u64,
    /// The known time up to which nothing more can come.
    pub known_through: Timestamp,
    /// How far the ticks have come.
    pub clock: Timestamp,
    /// `namespace/patient` of every patient, by number.
    pub patients: Pages<Arc<str>>,
    /// The numbers of patients by name, and since when they are known.
    pub names: Names,
    /// Samples that are not sealed yet.
    pub tail: Vec<Arc<SampleChunk>>,
    /// Which of them ceased to be current.
    pub tail_marks: Marks,
    /// What few of them have.
    pub tail_rare: Rare,
    /// Sealed samples.
    pub segments: Vec<Segment>,
    /// Everything else that was said of patients.
    pub statements: Statements,
    /// The places that stays name.
    pub places: Arc<Places>,
    /// The time zones of patients.
    pub zones: Arc<Zones>,
    /// Where the events of the tail came from, and the sources.
    pub events: EventsView,
    /// Resource ids of the tail, by number.
    pub ids: Vec<Arc<StringArray>>,
    /// Codes as `system|code`, by number.
    pub codes: Pages<Arc<str>>,
    /// Devices, by number.
    pub devices: Pages<Arc<str>>,
    /// Scores.
    pub scores: Vec<ScoreChunk>,
    /// Which of them ceased to be current.
    pub score_marks: Marks,
    /// The scores of each patient, current or not.
    pub score_chains: Chains,
    /// The newest score per patient and track.
    pub score_head: Vec<Arc<HeadPage>>,
    /// Texts of notes and editions, by number.
    pub notes: Pages<Arc<str>>,
    /// What was said.
    pub effects: Pages<EffectRow>,
    /// Every revision of what was said.
    pub revisions: Pages<EffectRow>,
    /// What was not said.
    pub suppressions: Pages<SuppressionRow>,
    /// Each time that something was not said.
    pub unsaid: Pages<Unsaid>,
    /// What pipelines in shadow would have said: apart, so that no reader of what was said reaches it.
    pub shadow: SaidPages,
    /// The pipelines in force.
    pub pipelines: Arc<Vec<InForce>>,
    /// Who put which pipeline in which state.
    pub promotions: Arc<Promotions>,
    /// The definitions in force, by kind and name.
    pub definitions: Arc<BTreeMap<(DefinitionKind, String), String>>,
    /// What each track is.
    pub tracks: Arc<Vec<Track>>,
    /// What tracks were before, in the order in which they ceased to be it.
    pub past_tracks: Arc<Vec<PastTrack>>,
    /// Which identities are one person.
    pub identities: Arc<Identities>,
}

/// A pipeline in force, in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its name.
    pub name: Arc<str>,
    /// What a nurse reads.
    pub title: Arc<str>,
    /// What it says.
    pub kind: EffectKind,
    /// The edition of its rule.
    pub edition: Arc<str>,
    /// The settings it speaks in; everywhere if empty.
    pub settings: Vec<String>,
    /// Its tracks.
    pub tracks: Vec<u16>,
}

/// What a track is: a pipeline's subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// The pipeline.
    pub pipeline: Arc<str>,
    /// The pipeline's title.
    pub title: Arc<str>,
    /// The subject; empty if there is only one.
    pub subject: Arc<str>,
    /// What its value is.
    pub value: Arc<str>,
    /// Decimals of its value.
    pub decimals: u8,
    /// Its bands, ascending by severity.
    pub bands: Vec<Arc<str>>,
    /// Its inputs, in the order of the row's points; empty for one that gives none.
    pub inputs: Vec<Arc<str>>,
}

/// What a track was before its pipeline was defined anew: old scores are read by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastTrack {
    /// The track's number.
    pub number: u16,
    /// When it ceased to be this.
    pub known_to: Timestamp,
    /// What it was.
    pub track: Track,
}

/// What a snapshot needs besides twins, scores and effects.
#[derive(Clone, Debug)]
pub struct SnapshotParts {
    /// The partition of the log.
    pub partition: u32,
    /// The offset of the next frame.
    pub next_offset: u64,
    /// The known time up to which nothing more can come.
    pub known_through: Timestamp,
    /// How far the ticks have come.
    pub clock: Timestamp,
    /// Texts of notes and editions.
    pub notes: Pages<Arc<str>>,
    /// What pipelines in shadow would have said.
    pub shadow: SaidPages,
    /// The pipelines in force.
    pub pipelines: Arc<Vec<InForce>>,
    /// Who put which pipeline in which state.
    pub promotions: Arc<Promotions>,
    /// The definitions in force, by kind and name.
    pub definitions: Arc<BTreeMap<(DefinitionKind, String), String>>,
    /// What each track is.
    pub tracks: Arc<Vec<Track>>,
    /// What tracks were before.
    pub past_tracks: Arc<Vec<PastTrack>>,
    /// Which identities are one person.
    pub identities: Arc<Identities>,
}

impl ShardSnapshot {
    /// Takes a snapshot: chunks, segments and pages are shared, open rows are copied.
    pub fn take(
        twins: &Twins,
        scores: &mut Scores,
        effects: &Effects,
        parts: SnapshotParts,
    ) -> ShardSnapshot {
        ShardSnapshot {
            partition: parts.partition,
            next_offset: parts.next_offset,
            known_through: parts.known_through,
            clock: parts.clock,
            patients: twins.patients.texts().clone(),
            names: twins.names.clone(),
            tail: twins.tail.rows.view(),
            tail_marks: twins.tail.marks.clone(),
            tail_rare: twins.tail.rare.clone(),
            segments: twins.segments.clone(),
            statements: twins.statements.clone(),
            places: twins.places.clone(),
            zones: twins.zones.clone(),
            events: twins.tail.events.view(),
            ids: twins.tail.ids.view(),
            codes: twins.codes.texts().clone(),
            devices: twins.devices.texts().clone(),
            scores: scores.rows.view(),
            score_marks: scores.marks.clone(),
            score_chains: scores.chains.clone(),
            score_head: scores.head.view(),
            notes: parts.notes,
            effects: effects.rows().clone(),
            revisions: effects.revisions().clone(),
            suppressions: effects.suppressions().clone(),
            unsaid: effects.unsaid().clone(),
            shadow: parts.shadow,
            pipelines: parts.pipelines,
            promotions: parts.promotions,
            definitions: parts.definitions,
            tracks: parts.tracks,
            past_tracks: parts.past_tracks,
            identities: parts.identities,
        }
    }

    /// The identity of a patient.
    pub fn twin_id(&self, patient: u32) -> Option<TwinId<'_>> {
        let (namespace, patient) = self.patients.get(patient)?.split_once('/')?;
        Some(TwinId::new(namespace, patient))
    }

    /// What a track was when a score of it was made.
    pub fn track_at(&self, number: u16, known: Timestamp) -> Option<&Track> {
        let was = |past: &&PastTrack| past.number == number && known < past.known_to;
        let past = self.past_tracks.iter().find(was).map(|past| &past.track);
        past.or_else(|| self.tracks.get(usize::from(number)))
    }

    /// A score, if there is one of this number, with the time at which it ceased to be current.
    pub fn score(&self, number: u32) -> Option<(ScoreRow, Timestamp)> {
        let (chunk, index) = place(number);
        Some((self.scores.get(chunk)?.row(index)?, self.score_marks.known_to(number)))
    }

    /// The number of the patient with this `namespace/patient`.
    pub fn patient_named(&self, name: &str) -> Option<u32> {
        self.names.find(&self.patients, name)
    }

    /// A resource id of the tail by its number.
    pub fn id(&self, number: u32) -> &str {
        let (chunk, index) = place(number);
        match self.ids.get(chunk) {
            Some(ids) if index < ids.len() => ids.value(index),
            _ => "",
        }
    }
}
