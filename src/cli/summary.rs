//! What a replay did, for people and for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use twinstream::ingest::tally::{Tally, TypeTally};

/// The summary of a replay.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Records read.
    pub records: u64,
    /// Resources: read = facts + not_used + dead_letters.
    pub resources: Counts,
    /// The same by type.
    pub resources_by_type: BTreeMap<String, Counts>,
    /// Facts in the resources that were used.
    pub facts: u64,
    /// Dead letters by reason: whole records and entries.
    pub dead_letters_by_reason: BTreeMap<String, u64>,
    /// Parts of resources that were refused alone, by reason.
    pub refused_parts_by_reason: BTreeMap<String, u64>,
    /// Results that cannot be used, by reason.
    pub unusable_by_reason: BTreeMap<String, u64>,
    /// Patients of the data folder.
    pub patients: usize,
    /// Scores by pipeline, as they are true now.
    pub scores_by_pipeline: BTreeMap<String, u64>,
    /// Effects by pipeline.
    pub effects_by_pipeline: BTreeMap<String, EffectCounts>,
    /// Seconds it took.
    pub seconds: f64,
    /// Seconds of processor time.
    pub cpu_seconds: f64,
    /// The most memory held at once.
    pub peak_memory_bytes: Option<u64>,
}

/// What became of resources.
#[derive(Debug, Serialize)]
pub struct Counts {
    pub read: u64,
    pub facts: u64,
    pub not_used: u64,
    pub dead_letters: u64,
}

/// Effects of a pipeline.
#[derive(Debug, Default, Serialize)]
pub struct EffectCounts {
    /// Effects said to the care team.
    pub said: u64,
    /// Effects kept silent because their evidence was old.
    pub retrospective: u64,
    /// Of both, those still active.
    pub active: u64,
    /// Of both, those withdrawn.
    pub withdrawn: u64,
}

impl From<TypeTally> for Counts {
    fn from(tally: TypeTally) -> Counts {
        let TypeTally { read, facts, not_used, dead_letters } = tally;
        Counts { read, facts, not_used, dead_letters }
    }
}

impl Summary {
    /// The part of a summary that the tally holds.
    pub fn of_tally(tally: &Tally) -> Summary {
        let named = |(reason, count): (&dyn std::fmt::Display, &u64)| (reason.to_string(), *count);
        let refused = |map: &BTreeMap<_, u64>| map.iter().map(|(r, c)| named((r, c))).collect();
        Summary {
            records: tally.n_records,
            resources: tally.resources().into(),
            resources_by_type: tally
                .by_type
                .iter()
                .map(|(k, v)| (k.clone(), (*v).into()))
                .collect(),
            facts: tally.n_facts,
            dead_letters_by_reason: refused(&tally.refused),
            refused_parts_by_reason: refused(&tally.refused_parts),
            unusable_by_reason: tally.unusable.iter().map(|(r, c)| named((r, c))).collect(),
            patients: 0,
            scores_by_pipeline: BTreeMap::new(),
            effects_by_pipeline: BTreeMap::new(),
            seconds: 0.0,
            cpu_seconds: 0.0,
            peak_memory_bytes: None,
        }
    }

    /// Notes what it took.
    pub fn took(&mut self, wall: Duration, cpu: Duration, peak_memory_bytes: Option<u64>) {
        self.seconds = wall.as_secs_f64();
        self.cpu_seconds = cpu.as_secs_f64();
        self.peak_memory_bytes = peak_memory_bytes;
    }

    /// The summary for people.
    pub fn print(&self) {
        let Counts { read, facts, not_used, dead_letters } = &self.resources;
        println!("records       {:>12}", self.records);
        println!(
            "resources     {read:>12}  = {facts} facts + {not_used} not used + {dead_letters} dead letters"
        );
        for (name, counts) in &self.resources_by_type {
            let Counts { read, facts, not_used, dead_letters } = counts;
            println!("  {name:<26} {read:>10}  {facts:>10}  {not_used:>10}  {dead_letters:>6}");
        }
        println!("facts         {:>12}", self.facts);
        print_counts("dead letters", &self.dead_letters_by_reason);
        print_counts("refused parts", &self.refused_parts_by_reason);
        print_counts("unusable", &self.unusable_by_reason);
        println!("patients      {:>12}", self.patients);
        print_counts("scores", &self.scores_by_pipeline);
        for (pipeline, counts) in &self.effects_by_pipeline {
            let EffectCounts { said, retrospective, active, withdrawn } = counts;
            println!(
                "effects       {:>12}  {pipeline}: {said} said, {retrospective} retrospective; \
                 {active} active, {withdrawn} withdrawn",
                said + retrospective
            );
        }
        let peak = self.peak_memory_bytes.map_or(0, |bytes| bytes >> 20);
        println!(
            "took          {:>10.1} s  {:.1} CPU s, {peak} MiB at most",
            self.seconds, self.cpu_seconds
        );
    }
}

fn print_counts(what: &str, counts: &BTreeMap<String, u64>) {
    for (name, count) in counts {
        println!("{what:<13} {count:>12}  {name}");
    }
}
