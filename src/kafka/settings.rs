//! How to reach Kafka, and what our topics and groups are called there.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::ClientConfig;

use crate::kafka::security::Security;
use crate::output::record::{
    ALERTS_TOPIC, DEAD_LETTERS_TOPIC, EVENTS_TOPIC, FHIR_TOPIC, SHADOW_TOPIC,
};

/// The greatest message we write: a dead letter carries a record of 20 MiB and what was wrong with it.
pub const MESSAGE_BYTES_MAX: usize = 24 << 20;
/// Fetched and not yet polled, in KiB: what a consumer holds in memory besides the batch in hand.
const QUEUED_KIBIBYTES_MAX: usize = 32 << 10;

/// What the names of our clients begin with; the name of the instance follows.
pub const CLIENT: &str = "twinstream";

/// When a silent member is given up: the least that brokers allow as they are shipped.
const GIVEN_UP: [(&str, &str); 2] =
    [("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "1500")];

/// How Kafka is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port,host:port`.
    pub brokers: String,
    /// What the names of the consumer groups and of the transactional producers begin with: instances of one group
    /// share the work.
    pub group: String,
    /// The name of this instance in its group. A second one of the same name takes the place of the first.
    pub instance: String,
    /// What our own topics' names begin with: `test.` makes `test.twin.alerts.v1`.
    pub topic_prefix: String,
    /// Copies of our own topics' partitions.
    pub replication: i32,
    /// How the brokers and we know each other.
    pub security: Arc<Security>,
    /// Properties of librdkafka, none of them secret.
    pub properties: BTreeMap<String, String>,
}

impl KafkaSettings {
    /// The name of one of our own topics.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.topic_prefix)
    }

    /// The log.
    pub fn events_topic(&self) -> String {
        self.topic(EVENTS_TOPIC)
    }

    /// Dead letters.
    pub fn dead_letters_topic(&self) -> String {
        self.topic(DEAD_LETTERS_TOPIC)
    }

    /// The topics effects go to.
    pub fn effect_topics(&self) -> [String; 3] {
        [self.topic(ALERTS_TOPIC), self.topic(FHIR_TOPIC), self.topic(SHADOW_TOPIC)]
    }

    /// What every client has.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        let name = if self.instance.is_empty() { "" } else { "-" };
        config.set("client.id", format!("{CLIENT}{name}{}", self.instance));
        // Without it a transaction of one record waits for the next packet: 30 ms instead of 6.
        config.set("socket.nagle.disable", "true");
        self.security.set(&mut config);
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config
    }

    /// What every consumer has: it never commits by itself.
    pub fn consumer(&self, group: &str) -> ClientConfig {
        let mut config = self.client();
        config.set("group.id", group);
        // A member that says nothing for this long is given up for dead, and others take its partitions.
        for (name, value) in GIVEN_UP {
            if !self.properties.contains_key(name) {
                config.set(name, value);
            }
        }
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        // A consumer that is slower for a moment looks again after 5 ms; the default is a second.
        config.set("fetch.queue.backoff.ms", "5");
        config.set("queued.min.messages", "5000");
        config.set("queued.max.messages.kbytes", QUEUED_KIBIBYTES_MAX.to_string());
        config
    }

    /// What every producer has: nothing is written twice, nothing out of order.
    pub fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config.set("enable.idempotence", "true");
        config.set("compression.codec", "lz4");
        // Brokers that are away are waited for.
        config.set("message.timeout.ms", "0");
        // Batches are made by us, before they come here.
        config.set("linger.ms", "0");
        config.set("message.max.bytes", MESSAGE_BYTES_MAX.to_string());
        config.set("queue.buffering.max.kbytes", (256 << 10).to_string());
        config
    }
}
