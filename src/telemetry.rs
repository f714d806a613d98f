//! What operators see: numbers, whether an instance may be asked, and what the process used: seconds of its
//! processors, by stage where a loop has several, and memory.

pub mod families;
pub mod histogram;
pub mod metrics;
pub mod readiness;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use crate::telemetry::metrics::Metrics;
use crate::telemetry::readiness::Readiness;

/// What an instance tells its operators: stages write it, doors read it.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    /// The numbers.
    pub metrics: Arc<Metrics>,
    /// What must hold before it is asked.
    pub readiness: Arc<Readiness>,
}

/// Processor time of this process so far, in user and system mode together.
pub fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    duration(time)
}

/// Processor time of this thread so far.
pub fn thread_cpu_time() -> Duration {
    duration(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime))
}

/// Processor time of a thread's loop by stage. A stage is a whole batch, so that asking costs nothing.
#[derive(Clone, Debug, Default)]
pub struct StageTimes {
    stages: Vec<(&'static str, Duration)>,
    since: Duration,
}

impl StageTimes {
    /// Begins a round: what the thread did before belongs to no stage.
    pub fn begin(&mut self) {
        self.since = thread_cpu_time();
    }

    /// Everything since the round began or the last stage ended belongs to this stage.
    pub fn end(&mut self, stage: &'static str) {
        let now = thread_cpu_time();
        let took = now.saturating_sub(self.since);
        self.since = now;
        match self.stages.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, total)) => *total += took,
            None => self.stages.push((stage, took)),
        }
    }

    /// The stages in the order in which they first ended.
    pub fn stages(&self) -> &[(&'static str, Duration)] {
        &self.stages
    }
}

fn duration(time: rustix::time::Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The most memory this process held at once, in bytes; `None` where the system does not say.
pub fn peak_memory_bytes() -> Option<u64> {
    status_bytes("VmHWM:")
}

/// The memory this process holds, in bytes; `None` where the system does not say.
pub fn memory_bytes() -> Option<u64> {
    status_bytes("VmRSS:")
}

fn status_bytes(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}
