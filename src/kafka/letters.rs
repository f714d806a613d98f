//! Dead letters on `twin.dlq.v1`: the record as it came, and behind its headers what was wrong with it.
//!
//! Letters and the position of the source they follow from are committed in one transaction, so a consumer that
//! reads committed sees each letter once, whatever is killed in between.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::message::{Header, OwnedHeaders};

use crate::clock::Stopwatch;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::letter_headers::{Carried, Headers, ToSend};
use crate::kafka::producer::{CountingProducer, ToWrite};
use crate::kafka::settings::{KafkaSettings, MESSAGE_BYTES_MAX};
use crate::kafka::source::{KafkaSource, Taken};
use crate::kafka::topics;
use crate::kafka::transactions::Transactions;

/// What Kafka adds to a record: lengths, a batch header, and room for the compression that did not help.
const OVERHEAD_BYTES: usize = 16 << 10;
/// The group may refuse letters for this long while it changes.
const REFUSED_MAX: Duration = Duration::from_secs(60);

/// Writes dead letters.
pub struct KafkaLetters {
    transactions: Transactions,
    topic: String,
    letter_bytes_max: usize,
    waiting: Vec<Waiting>,
    /// Since when the group refuses what waits.
    refused: Option<Stopwatch>,
}

/// A letter that is not committed yet.
struct Waiting {
    topic: Arc<str>,
    partition: i32,
    key: Option<Vec<u8>>,
    headers: Headers,
    value: Option<Vec<u8>>,
}

impl KafkaLetters {
    /// A writer of dead letters; fences whoever wrote them, and asks how large one may be.
    ///
    /// # Errors
    /// If the brokers do not answer or refuse it.
    pub fn open(settings: &KafkaSettings) -> Result<KafkaLetters, KafkaFailure> {
        let topic = settings.dead_letters_topic();
        let message_bytes_max = topics::message_bytes_max(settings, &topic)?.min(MESSAGE_BYTES_MAX);
        Ok(KafkaLetters {
            transactions: Transactions::open(settings, "ingest")?,
            letter_bytes_max: message_bytes_max.saturating_sub(OVERHEAD_BYTES),
            topic,
            waiting: Vec::new(),
            refused: None,
        })
    }

    /// Whether no letter waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds a letter. Bytes that the topic does not take are handed to `store`, which says where they are.
    pub fn push(&mut self, mut letter: ToSend<'_>, store: &mut dyn FnMut(u64, &[u8]) -> Carried) {
        let key_bytes = letter.key.map_or(0, <[u8]>::len);
        let mut headers = letter.headers();
        let mut size_bytes = key_bytes + size_of(&headers);
        if let Some(bytes) = letter.value
            && self.letter_bytes_max < size_bytes + bytes.len()
        {
            letter.carried = store(letter.identity(), bytes);
            headers = letter.headers();
            size_bytes = key_bytes + size_of(&headers);
        }
        let value = letter.value.filter(|_| letter.carried == Carried::Here);
        // A record of headers alone that the topic does not take: they stay where they came from.
        let is_too_large = self.letter_bytes_max < size_bytes;
        if is_too_large {
            letter.headers.clear();
            headers = letter.headers();
        }
        self.waiting.push(Waiting {
            topic: letter.position.topic.as_ref().into(),
            partition: letter.position.partition,
            key: letter.key.filter(|_| !is_too_large).map(<[u8]>::to_vec),
            headers,
            value: value.map(<[u8]>::to_vec),
        });
    }

    /// The group is joined again: the letters that wait come again with their records.
    pub fn forget_all(&mut self) {
        self.waiting.clear();
        self.refused = None;
    }

    /// Another member writes the letters of this partition.
    pub fn forget(&mut self, topic: &str, partition: i32) {
        let is_theirs =
            |letter: &Waiting| letter.partition == partition && letter.topic.as_ref() == topic;
        self.waiting.retain(|letter| !is_theirs(letter));
    }

    /// Commits the letters that wait and how far records were taken, together. Says whether that is done: a group that
    /// is changing refuses both, and they are to be tried again after the next poll.
    ///
    /// # Errors
    /// If Kafka refuses it: then neither stands, and the next start takes the same records again.
    pub fn commit(&mut self, taken: &Taken, source: &KafkaSource) -> Result<bool, KafkaFailure> {
        let Some(group) = source.group() else { return Ok(false) };
        let KafkaLetters { transactions, topic, waiting, .. } = self;
        match transactions.commit(&taken.list()?, &group, |to| write(to, topic, waiting)) {
            Ok(()) => {
                self.waiting.clear();
                self.refused = None;
                Ok(true)
            }
            Err(error) if error.is_of_group() => {
                let since = *self.refused.get_or_insert_with(Stopwatch::start);
                if REFUSED_MAX < since.elapsed() {
                    return Err(error);
                }
                tracing::info!(%error, n_letters = self.waiting.len(), "kafka: dead letters wait");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

fn write(
    producer: &CountingProducer,
    topic: &str,
    letters: &[Waiting],
) -> Result<(), KafkaFailure> {
    for letter in letters {
        let (key, payload) = (letter.key.as_deref(), letter.value.as_deref());
        // One partition for all, so that what became of a letter lies behind it.
        let record = ToWrite { topic, partition: Some(0), key, payload };
        producer.send(record, Some(owned(&letter.headers)))?;
    }
    Ok(())
}

/// Headers as the client takes them.
pub(super) fn owned(headers: &Headers) -> OwnedHeaders {
    let all = OwnedHeaders::new_with_capacity(headers.len());
    headers.iter().fold(all, |all, (key, value)| all.insert(Header { key, value: value.as_ref() }))
}

fn size_of(headers: &Headers) -> usize {
    // Two lengths of up to five bytes each.
    let sizes =
        headers.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len) + 10);
    sizes.sum()
}
