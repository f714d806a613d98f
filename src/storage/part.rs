//! A part of a checkpoint, named by its content: what did not change since the last one is not written
//! again, and what is read back is what was written.

use bytes::Bytes;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

/// A segment that is done with, as Parquet.
pub const SEGMENT: &str = "segment";

/// A segment that may still be merged, as it lies in memory.
pub const ROWS: &str = "rows";

/// A part as a manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartRef {
    /// What it is.
    pub kind: String,
    /// Its length.
    pub size_bytes: u64,
    /// The XXH3-128 of its bytes.
    pub hash: u128,
}

impl PartRef {
    /// The part that these bytes are.
    pub fn of(kind: &str, bytes: &Bytes) -> PartRef {
        let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        PartRef { kind: kind.to_owned(), size_bytes, hash: xxh3_128(bytes) }
    }

    /// Whether it is a segment. Those can be large: they are read in blocks that carry their own checksums, so
    /// that a start need not read them whole before it begins.
    pub fn is_segment(&self) -> bool {
        self.kind == SEGMENT || self.kind == ROWS
    }

    /// What it is called among the parts.
    pub fn name(&self) -> String {
        format!("{}-{:032x}", self.kind, self.hash)
    }

    /// What is wrong with bytes that were read as this part.
    pub(crate) fn fault_of(&self, bytes: &Bytes) -> Option<Fault> {
        let found = PartRef::of(&self.kind, bytes);
        if found.size_bytes != self.size_bytes {
            return Some(Fault::size(self, found.size_bytes));
        }
        (found.hash != self.hash).then_some(Fault::Content)
    }
}

/// The hash of a part that is read piece by piece.
#[derive(Default)]
pub(crate) struct Hasher(Xxh3Default);

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &Bytes) {
        self.0.update(bytes);
    }

    pub(crate) fn hash(&self) -> u128 {
        self.0.digest128()
    }
}

/// What is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not there.
    #[error("it is not there")]
    Missing,
    /// The disk cannot read it.
    #[error("the disk cannot read it")]
    Unreadable,
    /// It is cut, or too long.
    #[error("it has {found} bytes and not {expected}")]
    Size {
        /// How many it has.
        found: u64,
        /// How many it was written with.
        expected: u64,
    },
    /// Its bytes are not those that were written.
    #[error("its bytes are not those that were written")]
    Content,
    /// It was written by a program that knows more than this one.
    #[error("it has format {format}, and this program reads format {known}")]
    Format {
        /// Its format.
        format: u32,
        /// What is read here.
        known: u32,
    },
    /// It is whole and does not belong here.
    #[error("{message}")]
    Misplaced {
        /// What does not fit.
        message: String,
    },
}

impl Fault {
    pub(crate) fn size(part: &PartRef, found: u64) -> Fault {
        Fault::Size { found, expected: part.size_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_its_content() {
        let bytes = Bytes::from_static(b"a part");
        let part = PartRef::of("state", &bytes);
        assert_eq!(part.name(), format!("state-{:032x}", xxh3_128(b"a part")));
        assert_eq!(part.fault_of(&bytes), None);
        assert_eq!(part.fault_of(&bytes.slice(1..)), Some(Fault::Size { found: 5, expected: 6 }));
        assert_eq!(part.fault_of(&Bytes::from_static(b"A part")), Some(Fault::Content));
        let mut hasher = Hasher::default();
        hasher.update(&bytes.slice(..2));
        hasher.update(&bytes.slice(2..));
        assert_eq!(hasher.hash(), part.hash);
    }
}
