//! Which sealed facts of a shard are in memory: what a batch may touch is read before it, what is stored may
//! be forgotten. None of it changes a twin, a score or an effect (TW-4).

use std::sync::Arc;

use crate::domain::event::{Control, EventBody, Resource};
use crate::domain::fact::{Body, Fact};
use crate::domain::time::{Span, Timestamp};
use crate::engine::checkpoint::shelf::StoredScores;
use crate::engine::checkpoint::writer::{Stored, Written};
use crate::engine::shard::{LogFrame, Shard};
use crate::log::decode::open_frame;
use crate::pipeline::live::Live;
use crate::twin::block::Block;
use crate::twin::samples::series_of;
use crate::twin::score_table::ScoreShelf;
use crate::twin::segment::{Extent, Shelf};
use crate::twin::twins::{BlockPlace, Need, Twins};

/// What a batch may touch and that is not in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Blocks of sealed facts, each once.
    pub blocks: Vec<Need>,
    /// Chunks of scores, each once.
    pub scores: Vec<usize>,
}

/// Whether a pipeline may be evaluated because of a resource: of a value it is where it reads the series.
fn reaches(live: &Live, resource: &Resource<'_>) -> bool {
    resource.facts.is_empty()
        || resource.facts.iter().any(|fact| match &fact.body {
            Body::Sample(sample) => {
                live.reach_of(series_of(sample.signal, sample.origin)).is_some()
            }
            Body::Statement(_) => true,
        })
}

impl Shard {
    /// The blocks that a batch may touch and that are not in memory. It names too many rather than too few;
    /// one that it did not name is read when it is touched.
    pub fn needs(&self, frames: &[LogFrame]) -> Needs {
        let mut needs = Needs::default();
        if !self.twins().has_forgotten() && !self.scores().rows.has_forgotten() {
            return needs;
        }
        for frame in frames.iter().filter(|frame| self.next_offset() <= frame.offset) {
            // A frame that cannot be read is refused by the step.
            let Ok(frame) = open_frame(&frame.bytes) else { continue };
            for event in frame.events().filter_map(Result::ok) {
                match &event.body {
                    EventBody::Patient { twin, resources } => {
                        let Some(patient) = self.twins().patient(twin) else { continue };
                        let from = self.horizon(patient, resources);
                        let keys = self.twins().keys_of(patient, &twin.namespace, resources);
                        let reached =
                            |live: &&Live| resources.iter().any(|resource| reaches(live, resource));
                        let lives = self.lives().iter().filter(reached);
                        self.need(patient, from, &keys, lives, &mut needs);
                    }
                    EventBody::Control(Control::Tick { at }) => self.need_at_tick(*at, &mut needs),
                    EventBody::Control(_)
                    | EventBody::Directory { .. }
                    | EventBody::Response { .. }
                    | EventBody::Claim { .. }
                    // Rare, and read then and there.
                    | EventBody::Transfer { .. } => {}
                }
            }
        }
        let needed = &mut needs.blocks;
        // Of what is needed twice, the most.
        needed.sort_unstable_by(|one, other| other.cmp(one));
        needed.dedup_by_key(|need| need.place);
        needs.scores.sort_unstable();
        needs.scores.dedup();
        needs
    }

    /// What an evaluation of a patient by some pipelines may read from `from` on, and the rows of resources.
    fn need<'l>(
        &self,
        patient: u32,
        from: Timestamp,
        keys: &[u64],
        lives: impl Iterator<Item = &'l Live>,
        needs: &mut Needs,
    ) {
        self.twins().forgotten_of(patient, from, keys, &mut needs.blocks);
        let tracks = lives.flat_map(|live| live.tracks.iter());
        needs.scores.extend(tracks.filter_map(|track| self.scores().forgotten(patient, *track)));
    }

    /// What the pipelines read whose time comes with a tick.
    fn need_at_tick(&self, clock: Timestamp, needs: &mut Needs) {
        for (patient, track) in self.timers.due_by(clock) {
            for live in self.lives().iter().filter(|live| live.first_track() == track) {
                let newest = self.scores().newest_at(patient, track);
                let at = newest.map_or(self.clock, |newest| newest.min(self.clock));
                let from = self.horizon_of_live(patient, live, at);
                self.need(patient, from, &[], std::iter::once(live), needs);
            }
        }
    }

    /// The earliest time that an evaluation of a pipeline at `at` and later may look at.
    fn horizon_of_live(&self, patient: u32, live: &Live, at: Timestamp) -> Timestamp {
        let reach = Span::from_micros(-live.reach_max().micros());
        let episodes = live.tracks.iter();
        let episodes = episodes.filter_map(|track| self.scores().newest_episode(patient, *track));
        let starts = episodes.map(|episode| Timestamp::from_micros(episode.start));
        starts.fold(at, Timestamp::min).plus(reach)
    }

    /// The earliest time that an evaluation of what these resources change may look at.
    fn horizon(&self, patient: u32, resources: &[Resource<'_>]) -> Timestamp {
        let mut from = Timestamp::FOREVER;
        for resource in resources {
            for fact in &resource.facts {
                from = from.min(self.horizon_of(patient, resource, fact));
            }
        }
        from
    }

    fn horizon_of(&self, patient: u32, resource: &Resource<'_>, fact: &Fact<'_>) -> Timestamp {
        let Body::Sample(sample) = &fact.body else { return Timestamp::MIN };
        let at = fact.valid.at(resource.recorded_at);
        let series = series_of(sample.signal, sample.origin);
        let mut from = at;
        for live in self.lives() {
            if live.reach_of(series).is_some() {
                from = from.min(self.horizon_of_live(patient, live, at));
            }
        }
        from
    }

    /// Seals the tail now; where a row lies changes nothing (TW-4).
    pub fn seal_now(&mut self) {
        self.twins.seal_now();
    }

    pub(super) fn twins_mut(&mut self) -> &mut Twins {
        &mut self.twins
    }

    /// Reads blocks into memory.
    pub fn recall(&mut self, needs: &Needs) {
        needs.blocks.iter().for_each(|need| self.twins_mut().recall(*need));
        needs.scores.iter().for_each(|chunk| self.scores.rows.recall(*chunk));
    }

    /// Keeps a block in memory that was read elsewhere.
    pub(super) fn hold(&mut self, place: BlockPlace, block: Arc<Block>) {
        self.twins_mut().hold(place, block);
    }

    /// Notes what a checkpoint stored: it may be forgotten from now on.
    pub fn note_written(&mut self, written: &Written) {
        self.note_stored(&written.segments);
        let shelf = |stored: &Arc<StoredScores>| -> Arc<dyn ScoreShelf> { stored.clone() };
        self.scores.rows.note_stored(written.scores.iter().map(shelf).collect());
    }

    /// Notes where segments are stored: their blocks may be forgotten from now on.
    pub fn note_stored(&mut self, stored: &[Stored]) {
        for Stored { index, file, .. } in stored {
            let shelf: Arc<dyn Shelf> = file.clone();
            self.twins_mut().note_stored(index, &shelf);
        }
    }

    /// Forgets what is stored, that of the oldest segments first, until so many bytes are free: at first what
    /// rules do not read, then the rest. Gives how many became free.
    pub fn forget(&mut self, size_bytes: usize) -> usize {
        let mut n_free = self.twins_mut().forget(size_bytes, Extent::Values);
        n_free += self.scores.rows.forget(size_bytes.saturating_sub(n_free));
        n_free += self.twins_mut().forget(size_bytes.saturating_sub(n_free), Extent::Nothing);
        if n_free < size_bytes {
            n_free += self.twins().forget_recent() + self.scores().rows.forget_recent();
        }
        n_free
    }

    /// Forgets of everything stored what rules do not read. Gives how many bytes became free.
    pub fn forget_origins(&mut self) -> usize {
        self.twins_mut().forget(usize::MAX, Extent::Values)
    }

    /// Forgets of the stored blocks in memory what is chosen for each, by its segment and its number in it.
    /// Says how many were forgotten in part or whole.
    pub fn forget_blocks(
        &mut self,
        stored: &[Stored],
        choose: impl FnMut(usize, usize) -> Extent,
    ) -> usize {
        self.note_stored(stored);
        self.twins_mut().forget_blocks(choose)
    }

    /// Makes no segment of more rows out of others from now on.
    pub fn bound_segments(&mut self, rows_max: u32) {
        self.twins_mut().bound_segments(rows_max);
    }

    /// Bytes of facts that could be forgotten if they were sealed and stored.
    pub fn n_bytes_to_store(&self) -> usize {
        self.twins().n_bytes_to_store() + self.scores().rows.n_bytes_to_store()
    }

    /// Bytes of memory that it takes, by what they hold, within a few percent.
    pub fn weights(&self) -> Vec<(&'static str, usize)> {
        let said = self.effects().size_bytes() + self.shadow.size_bytes() + self.notes.size_bytes();
        let goes_on =
            self.timers.size_bytes() + self.supports.size_bytes() + self.missed.size_bytes();
        let rest = [("effects", said), ("what time will do", goes_on)];
        self.twins().weights().into_iter().chain(self.scores().weights()).chain(rest).collect()
    }

    /// Bytes of memory that it takes, within a few percent.
    pub fn size_bytes(&self) -> usize {
        self.weights().iter().map(|(_, size_bytes)| size_bytes).sum()
    }
}
