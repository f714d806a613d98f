//! Every metric there is: what it is called, what its labels are, and what it says. `schemas/metrics.txt` is made of
//! this list, and a test holds the alert rules and the dashboard in `deploy/` to it.

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, until the process ends.
    Counter,
    /// It is what it is.
    Gauge,
    /// It counts by bounds.
    Histogram,
}

impl Kind {
    /// The name in a scrape.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// A metric.
#[derive(Debug)]
pub struct Family {
    /// Its name, with its unit.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub about: &'static str,
}

macro_rules! families {
    ($($constant:ident $kind:ident $name:literal [$($label:literal)*] $about:literal)*) => {
        $(
            #[doc = $about]
            pub const $constant: Family =
                Family { name: $name, kind: Kind::$kind, labels: &[$($label),*], about: $about };
        )*
        /// Every metric, in the order of a scrape.
        pub const FAMILIES: &[Family] = &[$($constant),*];
    };
}

families! {
    BUILD Gauge "twin_build_info" ["version"] "1, with the version of the program."
    READY Gauge "twin_ready" [] "1 while /readyz answers 200, else 0."
    CPU Counter "process_cpu_seconds_total" [] "Processor time of the process."
    MEMORY Gauge "process_resident_memory_bytes" [] "Memory of the process."
    STAGE_CPU Counter "twin_stage_cpu_seconds_total" ["thread" "stage"]
        "Processor time of the ingest thread and of the twin thread, by stage of a round."
    KAFKA_UP Gauge "twin_kafka_up" [] "1 while the brokers answer, else 0."

    SOURCE_RECORDS Counter "twin_source_records_total" ["source"] "Records taken from a source."
    SOURCE_BYTES Counter "twin_source_bytes_total" ["source"] "Bytes of their values."
    SOURCE_QUIET Gauge "twin_source_quiet_seconds" ["source"]
        "How long ago the last record of a source was taken, or since ingest began where none was."
    SOURCE_LAG Gauge "twin_source_lag_records" ["source"]
        "Records in the topics of a source that are not committed as taken."
    LATENESS Histogram "twin_event_lateness_seconds" ["source"]
        "How long before it lay in its topic an event had happened to the patient; on a live clock."
    DELAY Histogram "twin_record_delay_seconds" ["source"]
        "How long a record had lain in its topic when it was taken; on a live clock."
    EVENTS_DECODED Counter "twin_events_decoded_total" [] "Events decoded and appended to the log."
    FACTS_DECODED Counter "twin_facts_decoded_total" [] "Facts in them."
    DEAD_LETTERS Counter "twin_dead_letters_total" ["reason" "extent"]
        "What was refused, by reason: whole records and entries, or parts of one."
    UNUSABLE Counter "twin_unusable_results_total" ["reason"]
        "Results that are kept and shown and cannot be used, by reason."

    LOG_END Gauge "twin_log_end_offset" ["partition"] "The offset at which a partition of the log ends."
    LOG_NEXT Gauge "twin_log_next_offset" ["partition"]
        "The offset of the frame that the shard of a partition applies next."
    LOG_LAG Gauge "twin_log_lag_frames" ["partition"]
        "Frames of the log that its shard has not applied yet."
    KNOWN_AGE Gauge "twin_known_through_age_seconds" []
        "How old the instant is up to which every shard is complete; on a recorded clock the age of the history."
    EVENTS_APPLIED Counter "twin_events_applied_total" []
        "Events applied to twins, ticks and definitions among them."
    FACTS_APPLIED Counter "twin_facts_applied_total" [] "Facts in them."
    ASSESSMENTS Counter "twin_assessments_total" [] "Assessments made by pipelines."
    SCORES Gauge "twin_scores" ["pipeline" "status"]
        "Patients by the status of their newest score: final, incomplete, not-applicable, not-computable."
    PIPELINES Gauge "twin_pipelines" ["state"]
        "Pipelines in force by whether they speak: live, shadow, paused."
    MODELS Gauge "twin_models" ["state"]
        "Models of pipelines by whether they can be run: loaded, failed."
    EFFECTS Counter "twin_effects_total" ["pipeline" "kind" "severity" "change"]
        "Revisions of alerts, follow-ups and suggestions that left."
    SHARD_BYTES Gauge "twin_shard_memory_bytes" ["partition"]
        "Memory of a shard: facts, statements, scores, effects and names."
    BUDGET Gauge "twin_memory_budget_bytes" [] "What checkpoints.memory_mib allows all shards together."

    CHECKPOINT_AGE Gauge "twin_checkpoint_age_seconds" ["partition"]
        "How long ago the newest checkpoint of a shard was written, or since this instance began where none was."
    CHECKPOINT_NEXT Gauge "twin_checkpoint_next_offset" ["partition"]
        "The offset of the first frame that is not in a shard's newest checkpoint."
    CHECKPOINT_BYTES Gauge "twin_checkpoint_bytes" ["partition"]
        "What the parts of a shard's newest checkpoint weigh."

    QUERIES_RUNNING Gauge "twin_queries_running" ["door"] "Questions being answered, over http or sql."
    QUERIES_REFUSED Counter "twin_queries_refused_total" ["door"]
        "Questions refused because as many as may run at once were running."
    SESSIONS Gauge "twin_sql_sessions" [] "Sessions of PostgreSQL's protocol that are open."
    SCREENS Gauge "twin_http_screens" [] "Pages that are kept current."
}
