//! Records and the position they follow from, in one transaction: both are there, or neither is.
//!
//! ```text
//! begin ─► write ─► position ─► commit ──────────────────────────────► done
//!    ▲        └────────┴───────────┴─ the brokers were away too long
//!    │                                         ▼
//!    └── neither was, so all of it again ◄─ a new producer ends what the old one left: which of both is it?
//! ```
//! EF-2 over an outage: a new producer of the same name settles the transaction that the old one left open, and after
//! that the committed position says whether it stands.

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer;

use crate::clock::Stopwatch;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::offsets::{Offsets, offsets};
use crate::kafka::patience::Patience;
use crate::kafka::producer::CountingProducer;
use crate::kafka::settings::KafkaSettings;

/// The broker ends a transaction after this long by itself, and fences who began it. Until then nobody is told what a
/// killed instance committed before; ours are open for milliseconds.
const TRANSACTION_MAX: Duration = Duration::from_secs(20);
/// One call about a transaction has this long. What it writes is given up after this long too: a transaction that
/// is older is one of the past.
const CALL_MAX: Duration = Duration::from_secs(15);
/// Right after a broker's start its coordinators are still loading.
const INIT_ATTEMPTS_MAX: usize = 20;
const INIT_ATTEMPT_MAX: Duration = Duration::from_secs(5);
/// Brokers have this long to say what is committed, before they are asked again.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// A transactional producer. A newer one of the same group, instance and name fences it, and what it left open is
/// undone.
pub struct Transactions {
    settings: KafkaSettings,
    /// What the producer is called.
    name: String,
    /// The group whose positions it commits.
    group: String,
    producer: CountingProducer,
    /// The positions that were last committed here.
    known: Offsets,
}

/// How long the brokers are waited for when a producer is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// A start fails after a while, so that somebody sees it.
    Start,
    /// Whoever runs already waits for as long as it takes.
    Outage,
}

/// What became of a transaction whose end nobody told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// All of it stands.
    Stands,
    /// Nothing of it does.
    Undone,
    /// Somebody else has committed positions of the group.
    Overtaken,
}

impl Transactions {
    /// Opens the producer `name` of the instance, and fences whoever had it.
    ///
    /// # Errors
    /// If the brokers do not answer or refuse it.
    pub fn open(settings: &KafkaSettings, name: &str) -> Result<Transactions, KafkaFailure> {
        let group = format!("{}-{name}", settings.group);
        let name = format!("{group}-{}", settings.instance);
        let producer = producer(settings, &name, Wait::Start)?;
        let (settings, known) = (settings.clone(), Offsets::new());
        Ok(Transactions { settings, name, group, producer, known })
    }

    /// Commits what `write` writes and positions of `group` together. Brokers that are away are waited for.
    ///
    /// # Errors
    /// If the transaction failed: then nothing of it stands.
    pub fn commit(
        &mut self,
        positions: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
        write: impl Fn(&CountingProducer) -> Result<(), KafkaFailure>,
    ) -> Result<(), KafkaFailure> {
        loop {
            let took = Stopwatch::start();
            let Err(error) = self.attempt(positions, group, &write) else { break };
            if !error.is_outage() && took.elapsed() < TRANSACTION_MAX {
                self.undo()?;
                return Err(error);
            }
            tracing::warn!(%error, "kafka: a transaction was cut off");
            self.producer = producer(&self.settings, &self.name, Wait::Outage)?;
            match self.fate(positions)? {
                Fate::Stands => break,
                Fate::Undone => {}
                Fate::Overtaken => {
                    return Err(KafkaFailure::Overtaken { group: self.group.clone() });
                }
            }
        }
        self.known.extend(offsets(positions));
        Ok(())
    }

    fn attempt(
        &self,
        positions: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
        write: &impl Fn(&CountingProducer) -> Result<(), KafkaFailure>,
    ) -> Result<(), KafkaFailure> {
        let client = self.producer.client();
        client.begin_transaction().map_err(KafkaFailure::of("begin a transaction"))?;
        write(&self.producer)?;
        // Before the commit, which would otherwise wait for them in steps of 100 ms.
        self.producer.flush()?;
        client
            .send_offsets_to_transaction(positions, group, CALL_MAX)
            .map_err(KafkaFailure::of("commit the position"))?;
        client.commit_transaction(CALL_MAX).map_err(KafkaFailure::of("commit"))
    }

    /// Takes back what was begun.
    fn undo(&self) -> Result<(), KafkaFailure> {
        let undone = self.producer.client().abort_transaction(CALL_MAX);
        undone.map_err(KafkaFailure::of("abort"))
    }

    /// What became of the transaction of these positions, now that a new producer has settled it.
    fn fate(&self, positions: &TopicPartitionList) -> Result<Fate, KafkaFailure> {
        let config = self.settings.consumer(&self.group);
        let consumer: BaseConsumer =
            config.create().map_err(KafkaFailure::of("make a consumer"))?;
        let mut patience = Patience::begin();
        let found = loop {
            match consumer.committed_offsets(positions.clone(), ANSWER_MAX) {
                Ok(found) => break found,
                Err(error) => {
                    let failure = KafkaFailure::of("find the committed position")(error);
                    if !failure.is_outage() {
                        return Err(failure);
                    }
                    patience.say("the committed position");
                }
            }
        };
        Ok(fate(&offsets(&found), &offsets(positions), &self.known))
    }
}

/// All positions are committed together, so one that was new says it for all.
fn fate(found: &Offsets, asked: &Offsets, known: &Offsets) -> Fate {
    let overtakes = |(partition, next): (&(String, i32), &u64)| {
        let found = found.get(partition).copied().unwrap_or(0);
        next < &found || known.get(partition).is_some_and(|known| found < *known)
    };
    if asked.iter().any(overtakes) {
        return Fate::Overtaken;
    }
    match asked.iter().all(|(partition, next)| found.get(partition) == Some(next)) {
        true => Fate::Stands,
        false => Fate::Undone,
    }
}

fn producer(
    settings: &KafkaSettings,
    name: &str,
    wait: Wait,
) -> Result<CountingProducer, KafkaFailure> {
    let mut config = settings.producer();
    config.set("transactional.id", name);
    config.set("transaction.timeout.ms", TRANSACTION_MAX.as_millis().to_string());
    config.set("message.timeout.ms", CALL_MAX.as_millis().to_string());
    let producer = CountingProducer::new(&config)?;
    let (mut n_attempts, mut patience) = (0, Patience::begin());
    loop {
        n_attempts += 1;
        match producer.client().init_transactions(INIT_ATTEMPT_MAX) {
            Ok(()) => {
                patience.end("transactions");
                return Ok(producer);
            }
            Err(error)
                if is_retriable(&error)
                    && (wait == Wait::Outage || n_attempts < INIT_ATTEMPTS_MAX) =>
            {
                patience.say("transactions");
            }
            Err(error) => {
                return Err(KafkaFailure::Call { what: "begin transactions".to_owned(), error });
            }
        }
    }
}

fn is_retriable(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => error.is_retriable(),
        error => matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::CoordinatorLoadInProgress
                    | RDKafkaErrorCode::CoordinatorNotAvailable
                    | RDKafkaErrorCode::NotCoordinator
                    | RDKafkaErrorCode::OperationTimedOut
            )
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offsets: &[(i32, u64)]) -> Offsets {
        let all = offsets.iter();
        all.map(|(partition, next)| (("log".to_owned(), *partition), *next)).collect()
    }

    #[test]
    fn the_committed_position_says_what_became_of_a_transaction() {
        let (known, asked) = (at(&[(0, 5), (1, 7)]), at(&[(0, 9), (1, 7)]));
        for (found, expected) in [
            (&[(0, 9), (1, 7)][..], Fate::Stands),
            (&[(0, 5), (1, 7)], Fate::Undone),
            (&[(0, 9), (1, 8)], Fate::Overtaken),
            (&[(0, 12), (1, 7)], Fate::Overtaken),
            (&[(0, 4), (1, 7)], Fate::Overtaken),
            (&[], Fate::Overtaken),
        ] {
            assert_eq!(fate(&at(found), &asked, &known), expected, "{found:?}");
        }
        // The first of a new group, of which nothing was known.
        assert_eq!(fate(&at(&[]), &asked, &at(&[])), Fate::Undone);
    }
}
