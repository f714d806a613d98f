//! Who is in a group, and which partitions each member has: asked of the brokers, without joining.

use std::collections::BTreeMap;

use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::kafka::failure::KafkaFailure;
use crate::kafka::log::{ANSWER_MAX, log_consumer, number};
use crate::kafka::offsets::Offsets;
use crate::kafka::settings::{CLIENT, KafkaSettings};
use crate::kafka::watch::KafkaWatch;

/// A group as the brokers see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty`; empty where the brokers know no such group.
    pub state: String,
    /// Its members.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The name of its instance.
    pub instance: String,
    /// From where it is connected.
    pub host: String,
    /// Its partitions, by topic.
    pub partitions: BTreeMap<String, Vec<u32>>,
}

/// How far a partition of the log goes, and how far it was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The offset after its last frame.
    pub end: u64,
    /// Everything that follows from frames before this offset was said.
    pub said: u64,
}

/// Asks about groups and the log.
pub struct GroupReader {
    consumer: BaseConsumer,
    log: KafkaWatch,
    settings: KafkaSettings,
}

impl GroupReader {
    /// One that joins nothing.
    ///
    /// # Errors
    /// If the configuration is refused.
    pub fn new(settings: &KafkaSettings) -> Result<GroupReader, KafkaFailure> {
        let (consumer, log) = (log_consumer(settings)?, KafkaWatch::open(settings, "twins")?);
        Ok(GroupReader { consumer, log, settings: settings.clone() })
    }

    /// The members of the group of a stage: `ingest` or `twins`.
    ///
    /// # Errors
    /// If the brokers do not say.
    pub fn group(&self, stage: &str) -> Result<Group, KafkaFailure> {
        let name = format!("{}-{stage}", self.settings.group);
        let found = self.consumer.fetch_group_list(Some(&name), ANSWER_MAX);
        let found = found.map_err(KafkaFailure::of(format!("describe the group {name}")))?;
        let Some(group) = found.groups().iter().find(|group| group.name() == name) else {
            return Ok(Group::default());
        };
        let members = group.members().iter().map(|member| GroupMember {
            instance: member
                .client_id()
                .trim_start_matches(CLIENT)
                .trim_start_matches('-')
                .to_owned(),
            host: member.client_host().trim_start_matches('/').to_owned(),
            partitions: member.assignment().and_then(assigned).unwrap_or_default(),
        });
        Ok(Group { state: group.state().to_owned(), members: members.collect() })
    }

    /// How far each partition of the log goes.
    ///
    /// # Errors
    /// If the brokers do not say.
    pub fn progress(&self, n_partitions: u32) -> Result<Vec<Progress>, KafkaFailure> {
        let topic = self.settings.events_topic();
        let partitions: Vec<(String, i32)> =
            (0..n_partitions).map(|partition| (topic.clone(), number(partition))).collect();
        let (ends, said) = (self.log.ends(&partitions)?, self.log.committed(&partitions)?);
        let at = |offsets: &Offsets, partition| offsets.get(partition).copied().unwrap_or(0);
        let progress =
            partitions.iter().map(|one| Progress { end: at(&ends, one), said: at(&said, one) });
        Ok(progress.collect())
    }
}

/// The partitions of an assignment as the consumer protocol writes it (Apache Kafka, ConsumerProtocolAssignment,
/// versions 0 to 3): a version, topics with their partitions, and what comes after is not ours.
fn assigned(bytes: &[u8]) -> Option<BTreeMap<String, Vec<u32>>> {
    let (_, mut rest) = bytes.split_first_chunk::<2>()?;
    let mut assigned = BTreeMap::new();
    for _ in 0..take_number(&mut rest)? {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (name, after) = after.split_at_checked(length)?;
        rest = after;
        let n_partitions = take_number(&mut rest)?;
        let partitions = (0..n_partitions).map(|_| take_number(&mut rest));
        let partitions = partitions.collect::<Option<Vec<u32>>>()?;
        assigned.insert(std::str::from_utf8(name).ok()?.to_owned(), partitions);
    }
    Some(assigned)
}

fn take_number(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_read_and_a_cut_one_is_none() {
        let bytes =
            [0, 1, 0, 0, 0, 1, 0, 2, b'i', b'n', 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0];
        let expected = BTreeMap::from([("in".to_owned(), vec![0, 5])]);
        assert_eq!(assigned(&bytes), Some(expected));
        assert!((0..22).all(|end| assigned(&bytes[..end]).is_none()));
    }
}
