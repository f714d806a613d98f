//! A producer that counts: what was handed to it is written when `flush` says so, or refused aloud.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use crate::kafka::failure::KafkaFailure;
use crate::kafka::patience::Patience;
use crate::kafka::word;

/// How often to look for answers: the client's own `flush` looks every 100 ms, which a patient would
/// wait for.
const ANSWER_WAIT: Duration = Duration::from_micros(100);
/// How long to wait for room where the producer's queue is full.
const ROOM_WAIT: Duration = Duration::from_millis(50);

/// Counts records that were not written.
#[derive(Debug, Default)]
pub struct Refusals {
    first: Mutex<(usize, Option<(String, KafkaError)>)>,
}

impl ClientContext for Refusals {
    fn log(&self, level: RDKafkaLogLevel, sort: &str, message: &str) {
        word::log(level, sort, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        word::error(&error, reason);
    }
}

impl ProducerContext for Refusals {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = result {
            let mut refused = self.first.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            refused.0 += 1;
            refused.1.get_or_insert_with(|| (message.topic().to_owned(), error.clone()));
        }
    }
}

/// A record to write.
#[derive(Clone, Copy, Debug)]
pub struct ToWrite<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition; by the key where it is left out.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; none where the record is a deletion.
    pub payload: Option<&'a [u8]>,
}

/// A producer whose records are either written or counted.
pub struct CountingProducer {
    inner: BaseProducer<Refusals>,
}

impl CountingProducer {
    /// A producer as configured.
    ///
    /// # Errors
    /// If the configuration is refused.
    pub fn new(config: &ClientConfig) -> Result<CountingProducer, KafkaFailure> {
        let inner = config.create_with_context(Refusals::default());
        Ok(CountingProducer { inner: inner.map_err(KafkaFailure::of("make a producer"))? })
    }

    /// Hands over a record; waits for room where there is none.
    ///
    /// # Errors
    /// If it cannot be taken.
    pub fn send(
        &self,
        record: ToWrite<'_>,
        headers: Option<OwnedHeaders>,
    ) -> Result<(), KafkaFailure> {
        let mut base: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(record.topic);
        base.payload = record.payload;
        base.partition = record.partition;
        base.key = record.key;
        base.headers = headers;
        loop {
            match self.inner.send(base) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    base = back;
                    self.inner.poll(ROOM_WAIT);
                }
                Err((error, _)) => {
                    return Err(KafkaFailure::Call {
                        what: format!("write to {}", record.topic),
                        error,
                    });
                }
            }
        }
    }

    /// Waits until everything that was handed over is written: for as long as the brokers are away, unless the
    /// producer was told to give up before (`message.timeout.ms`).
    ///
    /// # Errors
    /// If anything was not.
    pub fn flush(&self) -> Result<(), KafkaFailure> {
        let mut patience = Patience::begin();
        while 0 < self.inner.in_flight_count() {
            self.inner.poll(Duration::ZERO);
            patience.say("records are not written yet");
            thread::park_timeout(ANSWER_WAIT);
        }
        patience.end("records are written");
        let refused = &self.inner.context().first;
        let mut refused = refused.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (n_failed, first) = std::mem::take(&mut *refused);
        match first {
            Some((topic, error)) => Err(KafkaFailure::NotWritten { topic, n_failed, error }),
            None => Ok(()),
        }
    }

    /// The client itself, for transactions.
    pub fn client(&self) -> &BaseProducer<Refusals> {
        &self.inner
    }
}
