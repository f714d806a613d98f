//! A machine that runs a shard as `engine/local.rs` and `engine/twin_stage.rs` do, and stops in the midst of
//! any effect.
//!
//! ```text
//! source ─► append ─► sync ─► acknowledge ─► step ─► effects + position ─► now and then a checkpoint
//!   ▲                                                                                        │
//!   └── what was not acknowledged comes again ◄── restore, replay ◄── the machine stops ◄────┘
//! ```
//! What happened on the way is held against the uninterrupted run by `verdict.rs`.

use std::sync::Arc;

use crate::domain::event::Clock;
use crate::domain::time::{Span, Timestamp};
use crate::engine::checkpoint::reader::restore;
use crate::engine::checkpoint::state::ShardState;
use crate::engine::checkpoint::writer::{CheckpointWriter, Stored, WriteError};
use crate::engine::digest::digest;
use crate::engine::effects::{Outgoing, render};
use crate::engine::shard::Shard;
use crate::sim::broken::{Broken, same};
use crate::sim::dice::Dice;
use crate::sim::frames::{self, Bytes};
use crate::sim::fuse::{Fuse, Last, Stopped};
use crate::sim::log::SimLog;
use crate::sim::objects::SimObjects;
use crate::sim::replay::{Replay, last_tick, step};
use crate::sim::scene::Scene;
use crate::sim::sink::SimSink;
use crate::sim::trials::COLD_ROWS;
use crate::sim::tried::Tried;
use crate::sim::verdict::{Claim, Verdict};
use crate::sim::ward;
use crate::storage::checkpoints::{CheckpointError, Checkpoints};
use crate::twin::segment::Extent;
use crate::twin::sums::count;

/// When the machine stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    /// So often, whenever chance has it; and the storage is bad at times.
    Often(u64),
    /// Once, in the effect after so many others.
    Once(u64, Last),
}

/// Effects of one life, at most: a life of a little ward has about a hundred.
const LIFE_EFFECTS_MAX: u64 = 60;
/// A claim of the partition that a bad storage refuses is tried again so often.
const CLAIMS_MAX: u64 = 50;

/// A machine, its source and its consumers.
#[derive(Debug)]
pub struct World {
    dice: Dice,
    stops: Stops,
    fuse: Fuse,
    log: SimLog,
    objects: Arc<SimObjects>,
    sink: SimSink,
    source: Vec<Arrival>,
    n_acknowledged: usize,
    now: Timestamp,
    verdict: Verdict,
    tried: Tried,
    step: u64,
}

/// An event on its way.
#[derive(Clone, Debug)]
struct Arrival {
    at: Timestamp,
    event: Bytes,
}

/// What a machine has in memory.
struct Life {
    shard: Shard,
    writer: CheckpointWriter,
    /// What the newest checkpoint has of sealed rows.
    stored: Vec<Stored>,
    /// A checkpoint on its way, beside the steps.
    waiting: Option<ShardState>,
    /// What a claim about this life's shard is about.
    invariant: &'static str,
}

/// Why a life ends early.
enum End {
    Stopped,
    Broken(Broken),
}

impl From<Stopped> for End {
    fn from(_: Stopped) -> End {
        End::Stopped
    }
}

impl From<Broken> for End {
    fn from(broken: Broken) -> End {
        End::Broken(broken)
    }
}

impl World {
    /// The world of a seed.
    pub fn new(scene: &Scene, seed: u64, stops: Stops) -> World {
        let mut dice = Dice::of(seed ^ 0x0c4a);
        let clock = *dice.pick(&[Clock::Recorded, Clock::Live]);
        let history = scene.history(seed);
        let source = source(&mut dice, scene, &history, clock);
        let fuse = Fuse::safe();
        let objects = SimObjects::new(fuse.clone());
        if let Stops::Often(_) = stops {
            objects.trouble(Dice::of(seed ^ 0x7105));
        }
        let mut world = World {
            log: SimLog::new(fuse.clone()),
            sink: SimSink::new(fuse.clone()),
            objects,
            source,
            n_acknowledged: 0,
            now: ward::START,
            verdict: Verdict::of(history),
            tried: Tried::default(),
            step: 0,
            dice,
            stops,
            fuse,
        };
        world.arm();
        world
    }

    /// Lets everything happen, and gives the verdict.
    ///
    /// # Errors
    /// If a promise was not kept.
    pub fn run(mut self, scene: &Scene) -> Result<Tried, Broken> {
        loop {
            match self.live() {
                Ok(life) => {
                    self.tried.records = u64::try_from(self.sink.records().len()).unwrap_or(0);
                    self.tried.events = u64::try_from(self.source.len()).unwrap_or(0);
                    let replay =
                        Replay { shard: life.shard, left: Vec::new(), unheard: Vec::new() };
                    let World { verdict, log, sink, step, mut tried, .. } = self;
                    tried.recollections +=
                        verdict.judge(scene, replay, &log.read(0), &sink, step)?;
                    return Ok(tried);
                }
                Err(End::Stopped) => self.crash(),
                Err(End::Broken(broken)) => return Err(broken),
            }
        }
    }

    fn arm(&mut self) {
        match self.stops {
            Stops::Often(most) if self.tried.crashes < most => {
                let last = *self.dice.pick(&Last::ALL);
                self.fuse.arm(self.dice.below(LIFE_EFFECTS_MAX), last);
            }
            Stops::Once(n_effects, last) if self.tried.crashes == 0 => {
                self.fuse.arm(n_effects, last);
            }
            Stops::Often(_) | Stops::Once(..) => self.fuse.disarm(),
        }
    }

    /// The machine stops, things break while it stands, and it starts again.
    fn crash(&mut self) {
        self.tried.crashes += 1;
        self.log.crash(&mut self.dice);
        if let Stops::Often(_) = self.stops {
            while self.dice.happens(3) {
                let damage = self.objects.damage(&mut self.dice);
                self.tried.damaged += damage.map_or(0, |_| 1);
            }
        }
        self.arm();
    }

    /// One life: from the start to the end of the history.
    fn live(&mut self) -> Result<Life, End> {
        let mut life = self.start()?;
        self.catch_up(&mut life)?;
        while self.n_acknowledged < self.source.len() {
            self.step += 1;
            self.receive()?;
            self.catch_up(&mut life)?;
            self.keep_house(&mut life)?;
        }
        let truth = digest(&life.shard.snapshot()).to_string();
        self.verdict.claim(Claim::new(life.invariant, &life.shard, truth));
        Ok(life)
    }

    /// Restores the newest checkpoint that is whole, or begins anew.
    fn start(&mut self) -> Result<Life, End> {
        let newest_whole = self.objects.newest_whole();
        let storage = self.objects.storage();
        let mut checkpoints = Checkpoints::open(storage.clone(), "sim", 0);
        let step = self.step;
        self.log_reaches("EF-2", "what was said", self.sink.committed())?;
        let failed = |message| End::Broken(Broken { invariant: "CK-1", step, message });
        let restored = restore(&storage, &mut checkpoints);
        let restored = restored.map_err(|error| failed(error.to_string()))?;
        let number = |epoch: u64, sequence: u64| format!("{epoch}-{sequence}");
        let found = restored.as_ref().map(|one| (one.manifest.epoch, one.manifest.sequence));
        let expected = newest_whole.map(|manifest| (manifest.epoch, manifest.sequence));
        let name = |at: Option<(u64, u64)>| at.map_or("none".to_owned(), |(e, s)| number(e, s));
        same(("CK-1", step), "the checkpoint that is used", &name(found), &name(expected))?;
        let mut n_tries = 0;
        let writer = loop {
            match CheckpointWriter::claim(storage.clone(), &checkpoints, 1, restored.as_ref()) {
                Ok(writer) => break writer.with_cold_rows(*self.dice.pick(&COLD_ROWS)),
                Err(_) if self.fuse.is_blown() => return Err(End::Stopped),
                Err(error) if error.is_retryable() && n_tries < CLAIMS_MAX => n_tries += 1,
                Err(error) => return Err(failed(error.to_string())),
            }
        };
        let Some(restored) = restored else {
            self.tried.replays += 1;
            let shard = Shard::new(0);
            return Ok(Life { shard, writer, stored: vec![], waiting: None, invariant: "TW-4" });
        };
        self.tried.restores += 1;
        self.tried.passed_over += u64::try_from(restored.passed_over.len()).unwrap_or(0);
        let (mut shard, checkpoint) = (restored.shard, &restored.manifest.checkpoint);
        let position = shard.next_offset();
        same(("CK-1", step), "the position restored", &position, &checkpoint.next_offset)?;
        let sums = shard.sums().to_string();
        same(("CK-1", step), "what is true when restored", &sums, &checkpoint.digest)?;
        let counted = count(&shard.snapshot()).to_string();
        same(("CK-1", step), "what is counted when restored", &counted, &checkpoint.digest)?;
        self.log_reaches("CK-1", "a checkpoint", position)?;
        let truth = digest(&shard.snapshot()).to_string();
        self.verdict.claim(Claim::new("CK-1", &shard, truth));
        let (stored, waiting) = (restored.segments, None);
        Ok(Life { shard, writer, stored, waiting, invariant: "CK-1" })
    }

    /// Nothing outlives the frames that it follows from.
    fn log_reaches(&self, invariant: &'static str, what: &str, until: u64) -> Result<(), Broken> {
        let end = self.log.next_offset();
        if until <= end {
            return Ok(());
        }
        let message = format!("{what} follows from the log until {until}, and it ends at {end}");
        Err(Broken { invariant, step: self.step, message })
    }

    /// The source sends what was not acknowledged, in frames of any size; what is durable is acknowledged.
    fn receive(&mut self) -> Result<(), Stopped> {
        let n_events = 1 + self.dice.index(6);
        let rest = self.source.get(self.n_acknowledged..).unwrap_or_default();
        let sent = rest.get(..n_events).unwrap_or(rest);
        let n_sent = sent.len();
        self.now = sent.iter().map(|arrival| arrival.at).fold(self.now, Timestamp::max);
        let events: Vec<Bytes> = sent.iter().map(|arrival| arrival.event.clone()).collect();
        for frame in frames::recut(&mut self.dice, &events, 4) {
            self.now = self.now.plus(Span::from_micros(7));
            self.log.append(frame, self.now)?;
        }
        self.log.sync()?;
        self.n_acknowledged += n_sent;
        Ok(())
    }

    /// Lets happen what the log has, in steps of any size, and commits what follows. Up to the committed
    /// position nothing is said again.
    fn catch_up(&mut self, life: &mut Life) -> Result<(), End> {
        loop {
            let frames = self.log.read(life.shard.next_offset());
            if frames.is_empty() {
                return Ok(());
            }
            let n_frames = 1 + self.dice.index(frames.len());
            let committed = self.sink.committed();
            let frames = frames.into_iter().take(n_frames);
            let (said, unsaid): (Vec<_>, Vec<_>) =
                frames.partition(|frame| frame.offset < committed);
            step(&mut life.shard, &said)?;
            let output = step(&mut life.shard, &unsaid)?;
            let is_quiet = output.leaving.is_empty() && output.shadow.is_empty();
            if unsaid.is_empty() || is_quiet && !self.dice.happens(8) {
                continue;
            }
            let Outgoing { records, failed } = render(&output.leaving, &output.shadow);
            if let Some(error) = failed.first() {
                let (step, message) = (self.step, error.to_string());
                return Err(End::Broken(Broken { invariant: "EF-2", step, message }));
            }
            self.sink.commit(life.shard.next_offset(), records)?;
        }
    }

    /// What happens beside the steps: sealing, checkpoints, forgetting; and claims about what is true.
    fn keep_house(&mut self, life: &mut Life) -> Result<(), End> {
        if self.dice.happens(5) {
            life.shard.seal_now();
            self.tried.seals += 1;
        }
        if self.dice.happens(4) {
            life.waiting = Some(life.shard.state());
        }
        if self.dice.happens(2)
            && let Some(state) = life.waiting.take()
        {
            self.write_checkpoint(life, &state)?;
        }
        if self.dice.happens(4) {
            let dice = &mut self.dice;
            let n_forgotten =
                life.shard.forget_blocks(&life.stored, |_, _| *dice.pick(&Extent::ALL));
            self.tried.evictions += u64::try_from(n_forgotten).unwrap_or(0);
        }
        if self.dice.happens(6) {
            let truth = digest(&life.shard.snapshot());
            self.verdict.remember(life.shard.known(), truth);
            self.verdict.claim(Claim::new(life.invariant, &life.shard, truth.to_string()));
        }
        Ok(())
    }

    fn write_checkpoint(&mut self, life: &mut Life, state: &ShardState) -> Result<(), End> {
        let written = match life.writer.write(state) {
            Ok(written) => written,
            Err(_) if self.fuse.is_blown() => return Err(End::Stopped),
            Err(WriteError::Checkpoint(CheckpointError::Storage(error)))
                if error.is_retryable() =>
            {
                return Ok(());
            }
            Err(error) => {
                let (step, message) = (self.step, error.to_string());
                return Err(End::Broken(Broken { invariant: "CK-1", step, message }));
            }
        };
        life.stored = written.segments;
        self.tried.checkpoints += 1;
        Ok(())
    }
}

/// The log's opening and a history as the source sends it: late, in another order, some events again.
fn source(dice: &mut Dice, scene: &Scene, history: &[Bytes], clock: Clock) -> Vec<Arrival> {
    let arrival = |event: &Bytes| Arrival {
        at: frames::available_at(event).unwrap_or(Timestamp::MIN),
        event: match clock {
            Clock::Live => frames::without_times(event),
            Clock::Recorded => event.clone(),
        },
    };
    let lateness = *dice.pick(&[1, 4, 15]);
    let mut sent: Vec<(u64, Arrival)> = Vec::new();
    for (place, event) in (0..).zip(history) {
        let n_copies = if dice.happens(6) { 2 + dice.below(3) } else { 1 };
        for _ in 0..n_copies {
            sent.push((place + dice.below(lateness), arrival(event)));
        }
    }
    sent.sort_by_key(|(place, _)| *place);
    let opening = scene.opening(clock).iter().map(arrival);
    let sent = sent.into_iter().map(|(_, arrival)| arrival);
    opening.chain(sent).chain([arrival(&last_tick(history))]).collect()
}
