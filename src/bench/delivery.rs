//! Delivery under faults: instances are killed, frozen, started and stopped while patients deteriorate, and what a
//! receiver got of the alerts is counted.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::bench::casualties::{Casualties, Toll};
use crate::bench::fleet::Fleet;
use crate::bench::harness::{Bench, BenchError};
use crate::clock::now;
use crate::demo::chance::Chance;
use crate::domain::time::{Span, Timestamp};

/// The instances, and whether the group keeps their place while they are away for a moment.
const NAMES: [(&str, bool); 4] = [("a", true), ("b", true), ("c", false), ("d", false)];
/// Between two faults, in milliseconds.
const FAULT_MILLIS: (i64, i64) = (100, 1_900);
/// A killed instance is away for so long, in milliseconds: longer than the group waits, now and then.
const AWAY_MILLIS: (i64, i64) = (0, 4_000);
/// One fault in so many is an instance that is asked to stop.
const STOPPED_ONE_IN: i64 = 10;
/// The last alerts may come this long after the last patient.
const LAST_WAIT: Span = Span::from_seconds(180);
/// Whoever says something twice says it within this time.
const QUIET_WAIT: Span = Span::from_seconds(5);
/// Patients a second where nothing else is asked for.
const RATE_PER_SECOND: u64 = 50;
/// An instance that was killed or frozen is measured for so long.
const WATCH: Span = Span::from_seconds(20);

/// What is tried.
#[derive(Clone, Debug)]
pub struct DeliverySpec {
    /// The program.
    pub twin: PathBuf,
    /// Patients who deteriorate while instances are killed.
    pub n_alerts: usize,
    /// `kill -9`.
    pub n_kills: usize,
    /// Take-overs that are timed.
    pub n_takeovers: usize,
    /// How long an instance is frozen.
    pub frozen: Span,
    /// The broker's process, which is frozen too.
    pub broker: Option<i32>,
    /// Fixes the moments of faults, as far as machines repeat.
    pub seed: u64,
}

/// What came of one trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What was done.
    pub what: String,
    /// What became of the alerts.
    pub toll: Toll,
    /// The longest waits for an alert, in order; one for each time that something was taken over.
    pub waits: Vec<Span>,
    /// Partitions whose checkpoint is what a replay of the whole log gives, of how many.
    pub right: (usize, usize),
}

/// A trial that goes on.
struct Run {
    fleet: Fleet,
    casualties: Casualties,
    next_at: Timestamp,
    apart: Span,
}

impl Run {
    fn new(spec: &DeliverySpec, bench: &Bench, folder: &Path) -> Result<Run, BenchError> {
        let (kafka, topic) = (&bench.run.kafka, &bench.topic);
        let fleet = Fleet::new(&spec.twin, folder, kafka, topic, bench.run.n_partitions)?;
        let casualties = Casualties::new(kafka, topic)?;
        let apart = apart(RATE_PER_SECOND);
        Ok(Run { fleet, casualties, next_at: now(), apart })
    }

    /// Patients come for `time`, and alerts are read.
    fn go_on(&mut self, time: Span) -> Result<(), BenchError> {
        let until = now().plus(time);
        while now() < until {
            let now = now();
            if self.next_at <= now {
                self.casualties.add()?;
                self.next_at = self.next_at.plus(self.apart).max(now.minus(self.apart));
            }
            self.casualties.read(Duration::from_millis(2))?;
        }
        Ok(())
    }

    /// Reads alerts until there is one of everybody, and a while longer.
    fn settle(&mut self) -> Result<(), BenchError> {
        let until = now().plus(LAST_WAIT);
        while !self.casualties.are_all_seen() && now() < until {
            self.casualties.read(Duration::from_millis(100))?;
            self.fleet.check()?;
        }
        let until = now().plus(QUIET_WAIT);
        while now() < until {
            self.casualties.read(Duration::from_millis(100))?;
        }
        Ok(())
    }

    fn end(mut self, what: String, waits: Vec<Span>) -> Result<Trial, BenchError> {
        self.settle()?;
        self.fleet.stop_all()?;
        let right = self.fleet.verify("a")?;
        Ok(Trial { what, toll: self.casualties.toll(), waits, right })
    }
}

fn apart(rate_per_second: u64) -> Span {
    Span::from_micros(i64::try_from(1_000_000 / rate_per_second.max(1)).unwrap_or(1_000_000))
}

fn drawn(chance: &mut Chance, (low, high): (i64, i64)) -> Span {
    Span::from_micros(1_000 * chance.between(low, high))
}

/// Instances are killed, stopped and started at random moments.
///
/// # Errors
/// If Kafka fails, or an instance ends by itself.
pub fn killed(
    spec: &DeliverySpec,
    bench: &Bench,
    folder: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Trial, BenchError> {
    let mut run = Run::new(spec, bench, folder)?;
    let mut chance = Chance::new(spec.seed);
    for (name, keeps) in NAMES {
        run.fleet.start(name, keeps)?;
    }
    let mut comes_at: Vec<((&str, bool), Timestamp)> = Vec::new();
    let (mut n_kills, mut n_stops) = (0, 0);
    while n_kills < spec.n_kills {
        // As many patients as faults, in proportion: all of both when the last fault is done.
        let share = spec.n_alerts * (n_kills + 1) / spec.n_kills.max(1);
        let pause = drawn(&mut chance, FAULT_MILLIS);
        let n_due = share.saturating_sub(run.casualties.n()).max(1);
        let n_due = i64::try_from(n_due).unwrap_or(1);
        run.apart = Span::from_micros(pause.micros() / n_due).max(Span::from_micros(1));
        run.next_at = now();
        run.go_on(pause)?;
        run.fleet.check()?;
        let here = now();
        for ((name, keeps), _) in comes_at.extract_if(.., |(_, at)| *at <= here) {
            run.fleet.start(name, keeps)?;
        }
        let (name, keeps) = *chance.pick(&NAMES);
        if !run.fleet.runs(name) {
            continue;
        }
        if chance.happens(STOPPED_ONE_IN) {
            run.fleet.stop(name)?;
            n_stops += 1;
        } else {
            run.fleet.kill(name);
            n_kills += 1;
        }
        comes_at.push(((name, keeps), now().plus(drawn(&mut chance, AWAY_MILLIS))));
        progress(n_kills, run.casualties.n());
    }
    while run.casualties.n() < spec.n_alerts {
        run.casualties.add()?;
    }
    for ((name, keeps), _) in comes_at {
        run.fleet.start(name, keeps)?;
    }
    run.end(
        format!("{n_kills} times kill -9, {n_stops} times asked to stop, 4 instances"),
        Vec::new(),
    )
}

/// One of two instances is killed for good, again and again: how long its patients wait.
///
/// # Errors
/// If Kafka fails, or an instance ends by itself.
pub fn taken_over(
    spec: &DeliverySpec,
    bench: &Bench,
    folder: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Trial, BenchError> {
    let mut run = Run::new(spec, bench, folder)?;
    let mut waits = Vec::new();
    run.fleet.start("a", false)?;
    for round in 0..spec.n_takeovers {
        run.fleet.start("b", false)?;
        run.go_on(WATCH)?;
        let since = now();
        run.fleet.kill("b");
        run.go_on(WATCH)?;
        run.fleet.check()?;
        waits.push(run.casualties.longest_wait(since));
        progress(round + 1, run.casualties.n());
    }
    waits.sort_unstable();
    run.end(format!("{} times kill -9 of one of two, for good", spec.n_takeovers), waits)
}

/// One of two instances is frozen for longer than the group waits, and wakes as a zombie.
///
/// # Errors
/// If Kafka fails, or the other instance ends by itself.
pub fn frozen(spec: &DeliverySpec, bench: &Bench, folder: &Path) -> Result<Trial, BenchError> {
    let mut run = Run::new(spec, bench, folder)?;
    run.fleet.start("a", false)?;
    run.fleet.start("b", false)?;
    run.go_on(WATCH)?;
    let since = now();
    run.fleet.freeze("b")?;
    run.go_on(spec.frozen)?;
    let wait = run.casualties.longest_wait(since);
    run.fleet.thaw("b")?;
    run.go_on(WATCH)?;
    let ended = if run.fleet.has_ended("b")? { "ends" } else { "joins again" };
    let seconds = spec.frozen.micros() / 1_000_000;
    run.end(format!("one of two stands still for {seconds} s, wakes and {ended}"), vec![wait])
}

/// The broker is frozen.
///
/// # Errors
/// If the process cannot be frozen, or an instance ends by itself.
pub fn without_broker(
    spec: &DeliverySpec,
    bench: &Bench,
    folder: &Path,
    broker: i32,
) -> Result<Trial, BenchError> {
    let Some(pid) = Pid::from_raw(broker) else {
        return Err(BenchError::Wrong(format!("{broker} is no process")));
    };
    let signal = |signal| {
        kill_process(pid, signal).map_err(|error| BenchError::Wrong(format!("{broker}: {error}")))
    };
    let mut run = Run::new(spec, bench, folder)?;
    run.fleet.start("a", false)?;
    run.fleet.start("b", false)?;
    run.go_on(WATCH)?;
    signal(Signal::STOP)?;
    run.go_on(spec.frozen)?;
    signal(Signal::CONT)?;
    let since = now();
    run.go_on(WATCH)?;
    run.settle()?;
    let wait = run.casualties.longest_wait(since);
    let seconds = spec.frozen.micros() / 1_000_000;
    run.end(format!("the broker stands still for {seconds} s"), vec![wait])
}
