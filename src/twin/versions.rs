//! Which version of a resource counts: one order for all, so that it can never go in a circle.
//!
//! ```text
//! (revised at, version id where it is an integer, status, content)      the greatest counts
//! ```
//! Identical content keeps its earliest time: sent again under a later date it is no new version. TW-1, TW-2:
//! what counts depends on which versions there are, not on when they came.

use crate::domain::event::Version;
use crate::twin::samples::{Flags, SampleRow};

/// The order of the versions of one resource (DESIGN §9a): never equal for different content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// When it was revised, in microseconds.
    pub revised_at: i64,
    /// The version id, where it is an integer: "10" comes after "9". Any other id says nothing of order.
    pub version_id: Option<u64>,
    /// The rank of its status.
    pub status: u8,
    /// Hash of what it says.
    pub content: u64,
}

impl Rank {
    /// The rank of a version with this content.
    pub(super) fn of(version: &Version, content: u64) -> Rank {
        #[cfg(test)]
        let content = crate::planted::tie_break(content);
        Rank {
            revised_at: version.revised_at.micros(),
            version_id: version.version_id,
            status: version.status.rank(),
            content,
        }
    }

    /// The rank of the version that a sample came with.
    pub(super) fn of_row(row: &SampleRow, version_id: Option<u64>) -> Rank {
        let status = Flags::unpack(row.flags).status.rank();
        let content = row.content;
        #[cfg(test)]
        let content = crate::planted::tie_break(content);
        Rank { revised_at: row.revised_at, version_id, status, content }
    }
}

/// What to do with a version that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Said before: nothing changes.
    Duplicate,
    /// It counts from now on, instead of what did: other content, or the same that came with a later time.
    Counts,
    /// An older version: kept, never current.
    Superseded,
    /// It shows that what counted had been said earlier, so that this other content counts now.
    Yields(u64),
}

/// Decides about a version of rank `rank`, given the distinct versions known so far, each with the
/// least `revised_at` it ever came with.
pub(super) fn decide(versions: &[Rank], rank: Rank) -> Verdict {
    let winner = versions.iter().max();
    let Some(same) = versions.iter().find(|version| version.content == rank.content) else {
        return match winner {
            Some(winner) if rank < *winner => Verdict::Superseded,
            _ => Verdict::Counts,
        };
    };
    // Identical content keeps its earliest time.
    if (same.revised_at, same.version_id) <= (rank.revised_at, rank.version_id) {
        return Verdict::Duplicate;
    }
    let others = versions.iter().filter(|version| version.content != rank.content);
    match others.max() {
        _ if winner.is_some_and(|winner| winner.content != rank.content) => Verdict::Superseded,
        Some(other) if rank < *other => Verdict::Yields(other.content),
        _ => Verdict::Counts,
    }
}

/// The distinct versions among those of rows, each with the least time it ever came with.
pub(super) fn distinct(ranks: impl Iterator<Item = Rank>) -> Vec<Rank> {
    let mut versions: Vec<Rank> = Vec::new();
    for rank in ranks {
        match versions.iter_mut().find(|version| version.content == rank.content) {
            Some(version) => {
                let earliest = (version.revised_at, version.version_id)
                    .min((rank.revised_at, rank.version_id));
                (version.revised_at, version.version_id) = earliest;
            }
            None => versions.push(rank),
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn rank(revised_at: i64, version_id: Option<u64>, status: u8, content: u64) -> Rank {
        Rank { revised_at, version_id, status, content }
    }

    #[test]
    fn versions_are_in_one_order_whatever_they_have() {
        let ascending = [
            rank(1, Some(99), 4, 9),
            rank(2, None, 1, 9),
            rank(2, None, 4, 1),
            rank(2, Some(9), 4, 1),
            rank(2, Some(10), 2, 1),
            rank(2, Some(10), 2, 2),
        ];
        assert!(ascending.is_sorted());
        for (index, older) in ascending.iter().enumerate() {
            for newer in ascending.iter().skip(index + 1).filter(|n| n.content != older.content) {
                assert_eq!(decide(&[*older], *newer), Verdict::Counts);
                assert_eq!(decide(&[*newer], *older), Verdict::Superseded);
            }
        }
    }
}
