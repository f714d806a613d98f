//! Says every few seconds whether Kafka answers, and how far behind we are: in a thread of its own, so that it is
//! said also while the stages wait for a broker.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use crate::clock::now;
use crate::engine::routes::Routes;
use crate::engine::run::RunSpec;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::watch::KafkaWatch;
use crate::telemetry::Telemetry;
use crate::telemetry::families::{KAFKA_UP, LOG_END, SOURCE_LAG};
use crate::telemetry::readiness::Condition;

/// How long to wait between two questions.
const INTERVAL: Duration = Duration::from_secs(2);
/// While Kafka does not answer it is said after this many times, then after twice as many, and so on.
const SILENCES_TOLD_FIRST: u32 = 2;

/// Watches until the process ends.
pub fn watch(spec: &RunSpec, telemetry: &Telemetry) {
    let (mut n_silent, mut told_next) = (0_u32, SILENCES_TOLD_FIRST);
    let mut watch = None;
    loop {
        match look(spec, telemetry, &mut watch) {
            Ok(()) => {
                if SILENCES_TOLD_FIRST <= n_silent {
                    tracing::info!("kafka: the brokers answer again");
                }
                (n_silent, told_next) = (0, SILENCES_TOLD_FIRST);
                telemetry.metrics.set(&KAFKA_UP, &[], 1);
                telemetry.readiness.well(Condition::Kafka, "the brokers answer", now());
            }
            Err(error) => {
                n_silent = n_silent.saturating_add(1);
                if n_silent == told_next {
                    tracing::warn!(
                        %error,
                        "kafka: the brokers do not answer; what came is kept, and goes on when they do"
                    );
                    told_next = told_next.saturating_mul(2);
                }
                telemetry.metrics.set(&KAFKA_UP, &[], 0);
                let message = error.to_string();
                let detail = message.trim_start_matches("kafka: ");
                telemetry.readiness.ill(Condition::Kafka, detail, now());
            }
        }
        thread::park_timeout(INTERVAL);
    }
}

/// Looks once. Whether the brokers answer is what counts; how far topics have come is told where they say it.
fn look(
    spec: &RunSpec,
    telemetry: &Telemetry,
    watch: &mut Option<KafkaWatch>,
) -> Result<(), KafkaFailure> {
    let watch = match watch {
        Some(watch) => watch,
        None => watch.insert(KafkaWatch::open(&spec.kafka, "ingest")?),
    };
    let all = watch.partitions()?;
    let log = spec.kafka.events_topic();
    let ours: Vec<(String, i32)> = all.iter().filter(|(topic, _)| *topic == log).cloned().collect();
    for ((_, partition), end) in watch.ends(&ours)? {
        telemetry.metrics.set(&LOG_END, &[&partition.to_string()], end);
    }
    // Topics that belong to two sources are told of by the ingest stage.
    let Ok(mut routes) = Routes::new(&spec.routes) else { return Ok(()) };
    let mut lags: BTreeMap<usize, u64> = (0..spec.routes.len()).map(|index| (index, 0)).collect();
    let sources = all.into_iter().filter(|(topic, _)| routes.index_of(topic).is_ok());
    let sources: Vec<(String, i32)> = sources.collect();
    let (ends, committed) = (watch.ends(&sources)?, watch.committed(&sources)?);
    let new: Vec<(String, i32)> =
        sources.into_iter().filter(|source| !committed.contains_key(source)).collect();
    let beginnings = watch.beginnings(&new)?;
    for (source, end) in &ends {
        let taken = committed.get(source).or(beginnings.get(source)).copied().unwrap_or(0);
        if let Ok(index) = routes.index_of(&source.0) {
            *lags.entry(index).or_default() += end.saturating_sub(taken);
        }
    }
    for (index, lag) in lags {
        if let Some(route) = spec.routes.get(index) {
            telemetry.metrics.set(&SOURCE_LAG, &[&route.spec.name], lag);
        }
    }
    Ok(())
}
