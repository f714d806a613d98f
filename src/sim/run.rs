//! Many trials, by seed, on as many threads as the machine has; the first promise that is not kept ends them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::sim::broken::Broken;
use crate::sim::fuse::Last;
use crate::sim::scene::Scene;
use crate::sim::trials;
use crate::sim::tried::Tried;
use crate::sim::world::{Stops, World};

/// So often the machine of one world stops.
const CRASHES_PER_WORLD: u64 = 12;

/// A kind of trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trial {
    /// Other orders of a history.
    Order,
    /// Other cuts of a log.
    Cuts,
    /// Other places in memory.
    Places,
    /// Crashes, damage, refusals.
    Crashes,
    /// A crash at every effect of a history.
    EveryCrash,
}

impl Trial {
    /// What is done with every seed, the simplest first: what breaks there breaks in the others too.
    pub const USUAL: [Trial; 4] = [Trial::Order, Trial::Cuts, Trial::Places, Trial::Crashes];

    /// How many of what it counts were tried.
    fn count(self, tried: &Tried) -> u64 {
        match self {
            Trial::Order => tried.permutations,
            Trial::Cuts => tried.recuts,
            Trial::Places => tried.evictions,
            Trial::Crashes | Trial::EveryCrash => tried.crashes,
        }
    }
}

/// What is to be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// The trials of each seed.
    pub trials: Vec<Trial>,
    /// When it is enough.
    pub enough: Enough,
}

/// When it is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enough {
    /// After so many seeds.
    Seeds(u64),
    /// When so many of what the only trial counts were tried.
    Count(u64),
}

/// How far a goal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Seeds, or what the trial counts.
    pub n_done: u64,
    /// Of how many.
    pub n_goal: u64,
}

/// A promise that was not kept, and how to see it again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("seed {seed}: {broken}\nto see it again: {command}")]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The promise.
    pub broken: Broken,
    /// The command that repeats it.
    pub command: String,
}

/// Does one trial of a seed.
///
/// # Errors
/// If a promise was not kept; a panic of the product is one too.
pub fn attempt(scene: &Scene, trial: Trial, seed: u64) -> Result<Tried, Failure> {
    let tried = catch_unwind(AssertUnwindSafe(|| match trial {
        Trial::Order => trials::order(scene, seed),
        Trial::Cuts => trials::cuts(scene, seed),
        Trial::Places => trials::places(scene, seed),
        Trial::Crashes => World::new(scene, seed, Stops::Often(CRASHES_PER_WORLD)).run(scene),
        Trial::EveryCrash => every_crash(scene, seed),
    }));
    let tried = tried.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        Err(Broken { invariant: "no panic", step: 0, message: text.to_owned() })
    });
    tried.map_err(|broken| {
        let how = if trial == Trial::EveryCrash { "--every-crash" } else { "--seeds 1" };
        Failure { seed, broken, command: format!("twin sim --seed {seed} {how}") }
    })
}

/// A crash in each effect of a history, in each way in which it can be left behind.
fn every_crash(scene: &Scene, seed: u64) -> Result<Tried, Broken> {
    let mut all = Tried::default();
    for n_effects in 0.. {
        let n_before = all.crashes;
        for last in Last::ALL {
            let world = World::new(scene, seed, Stops::Once(n_effects, last));
            all += world.run(scene).map_err(|broken| {
                let message = format!("{last:?} after {n_effects} effects: {}", broken.message);
                Broken { message, ..broken }
            })?;
        }
        if all.crashes == n_before {
            break;
        }
    }
    Ok(all)
}

/// What the threads share.
struct Sweep {
    next_seed: u64,
    n_seeds: u64,
    tried: Tried,
    failure: Option<Failure>,
}

/// Tries seeds from `first_seed` on until it is enough.
///
/// # Errors
/// The failure of the least seed that failed.
pub fn sweep(
    scene: &Scene,
    goal: &Goal,
    first_seed: u64,
    show: &(dyn Fn(Progress) + Sync),
) -> Result<Tried, Failure> {
    let sweep = Sweep { next_seed: first_seed, n_seeds: 0, tried: Tried::default(), failure: None };
    let sweep = Mutex::new(sweep);
    let n_threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..n_threads {
            scope.spawn(|| work(scene, goal, first_seed, &sweep, show));
        }
    });
    let Sweep { tried, failure, .. } = sweep.into_inner().unwrap_or_else(PoisonError::into_inner);
    failure.map_or(Ok(tried), Err)
}

fn work(
    scene: &Scene,
    goal: &Goal,
    first_seed: u64,
    sweep: &Mutex<Sweep>,
    show: &(dyn Fn(Progress) + Sync),
) {
    let locked = || sweep.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let seed = {
            let mut sweep = locked();
            let is_enough = match goal.enough {
                Enough::Seeds(n_seeds) => n_seeds <= sweep.next_seed - first_seed,
                Enough::Count(n) => n <= count(goal, &sweep.tried),
            };
            if is_enough || sweep.failure.is_some() {
                return;
            }
            sweep.next_seed += 1;
            sweep.next_seed - 1
        };
        for trial in &goal.trials {
            let tried = attempt(scene, *trial, seed);
            let mut sweep = locked();
            match tried {
                Ok(tried) => sweep.tried += tried,
                Err(failure) => {
                    if sweep.failure.as_ref().is_none_or(|known| failure.seed < known.seed) {
                        sweep.failure = Some(failure);
                    }
                    return;
                }
            }
        }
        let mut sweep = locked();
        sweep.n_seeds += 1;
        let (n_done, n_goal) = match goal.enough {
            Enough::Seeds(n_seeds) => (sweep.n_seeds, n_seeds),
            Enough::Count(n) => (count(goal, &sweep.tried).min(n), n),
        };
        drop(sweep);
        show(Progress { n_done, n_goal });
    }
}

fn count(goal: &Goal, tried: &Tried) -> u64 {
    goal.trials.first().map_or(0, |trial| trial.count(tried))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::{self, Bug};

    /// The first failure among the seeds, with a mistake planted, and after how many seeds.
    fn caught(scene: &Scene, bug: Bug, trials: &[Trial]) -> Option<(u64, &'static str)> {
        planted::with(bug, || {
            (0..40).find_map(|seed| {
                let failed = trials.iter().find_map(|trial| attempt(scene, *trial, seed).err());
                failed.map(|failure| (seed, failure.broken.invariant))
            })
        })
    }

    #[test]
    fn every_planted_mistake_is_caught() {
        let scene = Scene::default();
        for bug in Bug::ALL {
            let (seed, invariant) = caught(&scene, bug, &Trial::USUAL).expect("it is caught");
            println!("{bug:?} is caught at seed {seed} by {invariant}");
            let expected: &[&str] = match bug {
                // Whichever write is lost first: a record of the log, or what was said.
                Bug::DroppedFsync => &["EF-2", "IN-1"],
                // A frame that was passed over: by what a checkpoint says, or by what is missing.
                Bug::OffByOneOffset => &["CK-1", "IN-1"],
                Bug::SwappedTieBreak => &["TW-2"],
                Bug::LostRetraction => &["TW-4"],
                Bug::BatchDependentFeature => &["PL-2"],
            };
            assert!(expected.contains(&invariant), "{bug:?} is caught by {invariant}");
        }
    }

    #[test]
    fn without_one_nothing_is() {
        let scene = Scene::default();
        for seed in 0..10 {
            for trial in Trial::USUAL {
                assert_eq!(attempt(&scene, trial, seed).err(), None);
            }
        }
    }
}
