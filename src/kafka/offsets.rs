//! Offsets by topic and partition, as the client gives them.

use std::collections::BTreeMap;

use rdkafka::{Offset, TopicPartitionList};

/// Offsets by topic and partition.
pub type Offsets = BTreeMap<(String, i32), u64>;

/// The offsets of a list; a partition without one is left out.
pub(super) fn offsets(list: &TopicPartitionList) -> Offsets {
    let elements = list.elements();
    let known = elements.iter().filter_map(|element| match element.offset() {
        Offset::Offset(offset) => {
            let key = (element.topic().to_owned(), element.partition());
            Some((key, u64::try_from(offset).ok()?))
        }
        Offset::Beginning
        | Offset::End
        | Offset::Stored
        | Offset::Invalid
        | Offset::OffsetTail(_) => None,
    });
    known.collect()
}
