//! A stream of patients who deteriorate, one alert each, and what a receiver that reads committed got of them.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use serde::Deserialize;

use crate::bench::harness::BenchError;
use crate::clock::now;
use crate::domain::time::{Span, Timestamp};
use crate::kafka::failure::KafkaFailure;
use crate::kafka::producer::{CountingProducer, ToWrite};
use crate::kafka::settings::KafkaSettings;

/// A patient of the stream.
#[derive(Clone, Copy, Debug)]
struct Casualty {
    sent_at: Timestamp,
    /// When the first alert was read.
    seen_at: Option<Timestamp>,
    n_alerts: usize,
}

/// The stream, and its receiver.
pub struct Casualties {
    producer: CountingProducer,
    consumer: BaseConsumer,
    topic: String,
    casualties: Vec<Casualty>,
    /// Revisions by effect and number.
    revisions: BTreeMap<(String, u64), usize>,
}

#[derive(Deserialize)]
struct AlertRead {
    id: String,
    revision: u64,
    patient: String,
}

/// What became of the alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toll {
    /// Patients who deteriorated.
    pub n_expected: usize,
    /// Of whom nothing was said.
    pub n_lost: usize,
    /// Of whom more was said than once, or a revision twice.
    pub n_doubled: usize,
}

impl Casualties {
    /// Nobody yet.
    ///
    /// # Errors
    /// If Kafka refuses it.
    pub fn new(kafka: &KafkaSettings, topic: &str) -> Result<Casualties, BenchError> {
        let mut config = kafka.consumer(&format!("{}-receiver", kafka.group));
        config.set("isolation.level", "read_committed");
        config.set("auto.offset.reset", "earliest");
        let consumer: BaseConsumer =
            config.create().map_err(KafkaFailure::of("make a consumer"))?;
        let [alerts, ..] = kafka.effect_topics();
        consumer.subscribe(&[&alerts]).map_err(KafkaFailure::of("subscribe"))?;
        Ok(Casualties {
            producer: CountingProducer::new(&kafka.producer())?,
            consumer,
            topic: topic.to_owned(),
            casualties: Vec::new(),
            revisions: BTreeMap::new(),
        })
    }

    /// How many there are.
    pub fn n(&self) -> usize {
        self.casualties.len()
    }

    /// One more: a stay, and a respiratory rate that alone is red in NEWS2.
    ///
    /// # Errors
    /// If Kafka does not take it.
    pub fn add(&mut self) -> Result<(), BenchError> {
        let (number, at) = (self.casualties.len(), now());
        let (early, key) = (at.minus(Span::from_hours(1)), format!("p{number}"));
        let stay = format!(
            r#"{{"resourceType":"Encounter","id":"s{number}","status":"in-progress","class":{{"code":"IMP"}},"subject":{{"reference":"Patient/{key}"}},"period":{{"start":"{early}"}}}}"#
        );
        let rate = format!(
            r#"{{"resourceType":"Observation","id":"o{number}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"9279-1"}}]}},"subject":{{"reference":"Patient/{key}"}},"effectiveDateTime":"{at}","valueQuantity":{{"value":31,"code":"/min"}}}}"#
        );
        for payload in [stay, rate] {
            let (key, payload) = (Some(key.as_bytes()), Some(payload.as_bytes()));
            let record = ToWrite { topic: &self.topic, partition: None, key, payload };
            self.producer.send(record, None)?;
        }
        self.producer.client().poll(Duration::ZERO);
        self.casualties.push(Casualty { sent_at: at, seen_at: None, n_alerts: 0 });
        Ok(())
    }

    /// Reads alerts that are there, after at most `wait` for the first.
    ///
    /// # Errors
    /// If an alert record is none of ours.
    pub fn read(&mut self, wait: Duration) -> Result<(), BenchError> {
        let mut wait = wait;
        loop {
            let message = match self.consumer.poll(wait) {
                None => return Ok(()),
                // A broker that is away comes back.
                Some(Err(error)) => {
                    tracing::debug!(%error, "the receiver of alerts");
                    return Ok(());
                }
                Some(Ok(message)) => message,
            };
            wait = Duration::ZERO;
            let alert = serde_json::from_slice(message.payload().unwrap_or_default());
            let alert: AlertRead =
                alert.map_err(|error| BenchError::Wrong(format!("an alert record: {error}")))?;
            let number = alert.patient.rsplit_once('p').and_then(|(_, text)| text.parse().ok());
            let casualty = number.and_then(|number: usize| self.casualties.get_mut(number));
            let Some(casualty) = casualty else {
                return Err(BenchError::Wrong(format!("an alert about {}", alert.patient)));
            };
            casualty.n_alerts += 1;
            casualty.seen_at.get_or_insert_with(now);
            *self.revisions.entry((alert.id, alert.revision)).or_default() += 1;
        }
    }

    /// Whether something was said of everybody.
    pub fn are_all_seen(&self) -> bool {
        self.casualties.iter().all(|casualty| casualty.seen_at.is_some())
    }

    /// The longest that a patient who was sent since `since` waited for an alert, and those who still wait count until
    /// now.
    pub fn longest_wait(&self, since: Timestamp) -> Span {
        let now = now();
        let late = self.casualties.iter().filter(|casualty| since <= casualty.sent_at);
        let waits = late.map(|casualty| casualty.seen_at.unwrap_or(now).since(casualty.sent_at));
        waits.max().unwrap_or(Span::from_micros(0))
    }

    /// What became of all of them.
    pub fn toll(&self) -> Toll {
        let lost = self.casualties.iter().filter(|casualty| casualty.n_alerts == 0);
        let more = self.casualties.iter().filter(|casualty| 1 < casualty.n_alerts);
        let again = self.revisions.values().filter(|n_times| 1 < **n_times);
        Toll {
            n_expected: self.casualties.len(),
            n_lost: lost.count(),
            n_doubled: more.count().max(again.count()),
        }
    }
}
