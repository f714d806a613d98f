//! From event to alert, open loop: every record is sent when its time has come, however far behind the
//! product is, and its latency counts from then.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use serde::Deserialize;

use crate::bench::harness::{Bench, BenchError, Measured};
use crate::bench::ward::Ward;
use crate::clock::now;
use crate::domain::moment::Moment;
use crate::domain::time::{Span, Timestamp};
use crate::kafka::failure::KafkaFailure;
use crate::kafka::producer::CountingProducer;

/// Patients.
const N_PATIENTS: u64 = 10_000;
/// One in so many respiratory rates is red: at 5,000 records a second about ten alerts a second.
const RED_EVERY: u64 = 100;
/// The first seconds warm caches, connections and pages, and are not counted.
const WARM_UP: Span = Span::from_seconds(5);
/// Alerts may come this long after the last record.
const LAST_WAIT: Duration = Duration::from_secs(3);

/// What was measured.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// From the time a record was due to be sent to the time its alert was read, ascending, in µs.
    pub micros: Vec<i64>,
    /// Records sent, and how late the last of them was sent: the sender's own fault, in µs.
    pub n_sent: u64,
    /// The most the sender lagged behind its schedule, in µs.
    pub sender_lag_micros: i64,
    /// What the stages did and cost.
    pub measured: Measured,
}

impl Latencies {
    /// The latency that a share of alerts stays below, in µs.
    pub fn percentile(&self, per_mille: usize) -> i64 {
        let index = (self.micros.len() * per_mille).div_ceil(1_000).saturating_sub(1);
        self.micros.get(index).copied().unwrap_or(0)
    }
}

#[derive(Deserialize)]
struct AlertRead {
    change: String,
    effective_at: String,
}

/// Sends `rate` records a second for so many seconds, and reads the alerts as a `read_committed`
/// consumer.
///
/// # Errors
/// If Kafka or a stage fails, or no alert came.
pub fn run(bench: &Bench, rate: u64, seconds: u64) -> Result<Latencies, BenchError> {
    let ward = Ward { n_patients: N_PATIENTS, red_every: RED_EVERY };
    let config = bench.run.kafka.producer();
    let producer = CountingProducer::new(&config)?;
    for record in ward.admissions(now().minus(Span::from_days(1))) {
        bench.send(&producer, &record.key, &record.payload)?;
    }
    producer.flush()?;
    let n_all = rate * seconds + N_PATIENTS;
    let n_taken = AtomicU64::new(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reading = scope.spawn(|| read_alerts(bench, &is_over));
        let sending = scope.spawn(|| {
            // The product is up and the admissions are in before the clock starts.
            while n_taken.load(Ordering::Acquire) < N_PATIENTS {
                thread::park_timeout(Duration::from_millis(10));
            }
            send(bench, &ward, &producer, rate, seconds)
        });
        let measured = bench.measure(&n_taken, |n_taken| n_all <= n_taken);
        is_over.store(true, Ordering::Release);
        let (begun, sender_lag) = sending.join().map_err(|_| panicked())??;
        let read = reading.join().map_err(|_| panicked())??;
        let counted = begun.plus(WARM_UP);
        let micros = read.iter().filter(|(at, _)| counted <= *at).map(|(at, seen)| seen.since(*at));
        let mut micros: Vec<i64> = micros.map(Span::micros).collect();
        micros.sort_unstable();
        if micros.is_empty() {
            return Err(BenchError::Wrong("no alert came".to_owned()));
        }
        let sender_lag_micros = sender_lag.micros();
        Ok(Latencies { micros, n_sent: rate * seconds, sender_lag_micros, measured: measured? })
    })
}

fn panicked() -> BenchError {
    BenchError::Wrong("a thread of the bench panicked".to_owned())
}

/// Sends each record when it is due, dated by when it was due. Returns the beginning and the most it
/// lagged.
fn send(
    bench: &Bench,
    ward: &Ward,
    producer: &CountingProducer,
    rate: u64,
    seconds: u64,
) -> Result<(Timestamp, Span), BenchError> {
    let begun = now().plus(Span::from_micros(100_000));
    let mut lag = Span::from_micros(0);
    for number in 0..rate * seconds {
        let micros = number.saturating_mul(1_000_000) / rate;
        let due = begun.plus(Span::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)));
        let mut late = now().since(due);
        while late < Span::from_micros(0) {
            producer.client().poll(Duration::ZERO);
            thread::park_timeout(Duration::from_micros(200));
            late = now().since(due);
        }
        lag = lag.max(late);
        let record = ward.vital(number, due);
        bench.send(producer, &record.key, &record.payload)?;
    }
    producer.flush()?;
    Ok((begun, lag))
}

/// Reads alerts until everything is over: when each was caused, and when it was seen.
fn read_alerts(
    bench: &Bench,
    is_over: &AtomicBool,
) -> Result<Vec<(Timestamp, Timestamp)>, BenchError> {
    let kafka = &bench.run.kafka;
    let mut config = kafka.consumer(&format!("{}-reader", kafka.group));
    config.set("isolation.level", "read_committed");
    config.set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer = config.create().map_err(KafkaFailure::of("make a consumer"))?;
    let [alerts, ..] = kafka.effect_topics();
    consumer.subscribe(&[&alerts]).map_err(KafkaFailure::of("subscribe"))?;
    let mut read = Vec::new();
    loop {
        let was_over = is_over.load(Ordering::Acquire);
        let wait = if was_over { LAST_WAIT } else { Duration::from_millis(100) };
        match consumer.poll(wait) {
            None if was_over => return Ok(read),
            None => {}
            Some(message) => {
                let seen = now();
                let message = message.map_err(KafkaFailure::of("read alerts"))?;
                let alert = serde_json::from_slice(message.payload().unwrap_or_default());
                let alert: AlertRead = alert
                    .map_err(|error| BenchError::Wrong(format!("an alert record: {error}")))?;
                if let (true, Ok(Moment::Instant { at, .. })) =
                    (alert.change == "raised", Moment::parse(&alert.effective_at))
                {
                    read.push((at, seen));
                }
            }
        }
    }
}
