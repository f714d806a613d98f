//! CPU seconds per million Observations from Kafka to committed effects, by stage.

use std::sync::atomic::AtomicU64;

use crate::bench::harness::{Bench, BenchError, Measured};
use crate::bench::ward::Ward;
use crate::clock::now;
use crate::domain::time::Span;
use crate::kafka::producer::CountingProducer;

/// Patients, each with as many Observations as there are rounds.
const N_PATIENTS: u64 = 10_000;
/// One in so many respiratory rates is red: about one alert in a thousand records.
const RED_EVERY: u64 = 200;
/// The Observations lie this far apart in the patients' time.
const APART: Span = Span::from_micros(5_000);

/// Puts a backlog of `n_records` Observations onto a topic and measures the product eating it up.
///
/// # Errors
/// If Kafka or a stage fails, or a record became anything but a fact.
pub fn run(bench: &Bench, n_records: u64) -> Result<Measured, BenchError> {
    let n_all = backlog(bench, n_records)?;
    let measured = bench.measure(&AtomicU64::new(0), |n_taken| n_all <= n_taken)?;
    let n_facts = n_records + 2 * N_PATIENTS;
    if measured.counts.n_facts != n_facts {
        let message = format!("expected {n_facts} facts, got {}", measured.counts.n_facts);
        return Err(BenchError::Wrong(message));
    }
    Ok(measured)
}

/// Puts `n_records` Observations, and the patients they are of, onto the topic of a bench. Gives how many records that
/// is.
///
/// # Errors
/// If Kafka does not take them.
pub fn backlog(bench: &Bench, n_records: u64) -> Result<u64, BenchError> {
    let ward = Ward { n_patients: N_PATIENTS, red_every: RED_EVERY };
    let mut config = bench.run.kafka.producer();
    config.set("linger.ms", "20");
    let producer = CountingProducer::new(&config)?;
    let span =
        Span::from_micros(APART.micros().saturating_mul(i64::try_from(n_records).unwrap_or(0)));
    let start = now().minus(span).minus(Span::from_minutes(1));
    for record in ward.admissions(start.minus(Span::from_days(1))) {
        bench.send(&producer, &record.key, &record.payload)?;
    }
    let mut at = start;
    for number in 0..n_records {
        let record = ward.vital(number, at);
        bench.send(&producer, &record.key, &record.payload)?;
        at = at.plus(APART);
    }
    producer.flush()?;
    Ok(n_records + N_PATIENTS)
}
