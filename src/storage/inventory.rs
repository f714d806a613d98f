//! What there is of a partition, from one list: claims, manifests and parts by their names.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::time::Timestamp;
use crate::storage::object::Listed;
use crate::storage::part::PartRef;

/// A manifest's place: epoch, then sequence. The later one is the newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number {
    /// Whose it is.
    pub epoch: u64,
    /// Which of the epoch's.
    pub sequence: u64,
}

/// How long an object is and since when it is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) size_bytes: u64,
    pub(crate) created_at: Timestamp,
}

/// What there is of a partition.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    pub(crate) claims: BTreeSet<u64>,
    pub(crate) manifests: BTreeMap<Number, Found>,
    /// By the name that `PartRef::name` gives.
    pub(crate) parts: BTreeMap<String, Found>,
}

impl Inventory {
    /// What these objects are; those that have another name than ours are none of our business.
    pub(crate) fn of(root: &str, listed: Vec<Listed>) -> Inventory {
        let mut inventory = Inventory::default();
        for Listed { name, size_bytes, created_at } in listed {
            let found = Found { size_bytes, created_at };
            let inside = name.strip_prefix(root).and_then(|inside| inside.strip_prefix('/'));
            match inside.and_then(|inside| inside.split_once('/')) {
                Some(("claims", name)) => inventory.claims.extend(name.parse::<u64>().ok()),
                Some(("manifests", name)) => {
                    inventory.manifests.extend(number(name).map(|number| (number, found)));
                }
                Some(("parts", name)) => {
                    inventory.parts.insert(name.to_owned(), found);
                }
                Some(_) | None => {}
            }
        }
        inventory
    }

    /// The highest epoch that anybody claimed; 0 for none. Manifests count too: their claim may be gone.
    pub(crate) fn epoch(&self) -> u64 {
        let claimed = self.claims.last().copied().unwrap_or(0);
        claimed.max(self.manifests.last_key_value().map_or(0, |(number, _)| number.epoch))
    }

    /// How long the object of a part is.
    pub(crate) fn size_of(&self, part: &PartRef) -> Option<u64> {
        self.parts.get(&part.name()).map(|found| found.size_bytes)
    }
}

/// The object of a claim.
pub(crate) fn claim_name(root: &str, epoch: u64) -> String {
    format!("{root}/claims/{epoch:010}")
}

/// The object of a manifest.
pub(crate) fn manifest_name(root: &str, Number { epoch, sequence }: Number) -> String {
    format!("{root}/manifests/{epoch:010}-{sequence:010}.json")
}

/// The object of a part.
pub(crate) fn part_name(root: &str, part: &str) -> String {
    format!("{root}/parts/{part}")
}

fn number(name: &str) -> Option<Number> {
    let (epoch, sequence) = name.strip_suffix(".json")?.split_once('-')?;
    Some(Number { epoch: epoch.parse().ok()?, sequence: sequence.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let number = Number { epoch: 11_000_000_000, sequence: 42 };
        let names = [
            claim_name("log/00003", 12),
            manifest_name("log/00003", number),
            part_name("log/00003", "state-1f"),
            "log/00003/notes.txt".to_owned(),
            "log/00003/claims/draft".to_owned(),
            "log/00003/manifests/1.json".to_owned(),
        ];
        let listed = |name| Listed { name, size_bytes: 3, created_at: Timestamp::default() };
        let inventory = Inventory::of("log/00003", names.map(listed).into());
        assert_eq!(inventory.claims, [12].into());
        assert_eq!(inventory.manifests.keys().collect::<Vec<_>>(), [&number]);
        assert_eq!(inventory.parts.keys().collect::<Vec<_>>(), ["state-1f"]);
        assert_eq!(inventory.epoch(), 11_000_000_000);
    }
}
