//! Which partition of the log a twin's events go to.

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::identity::TwinId;

/// The partition of a twin among `n_partitions`: xxh3_64(namespace "/" patient) mod n (DESIGN §9a). `name`
/// is working memory.
pub fn partition_of(twin: &TwinId<'_>, n_partitions: u32, name: &mut String) -> u32 {
    name.clear();
    name.push_str(&twin.namespace);
    name.push('/');
    name.push_str(&twin.patient);
    let place = xxh3_64(name.as_bytes()) % u64::from(n_partitions.max(1));
    u32::try_from(place).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These numbers are on disk and in topics: they never change. Taken from another implementation of
    /// XXH3-64 (python-xxhash) over `mercy/1` and so on, modulo 32.
    #[test]
    fn twins_stay_where_they_are() {
        let place = |patient: &'static str| {
            partition_of(&TwinId::new("mercy", patient), 32, &mut String::new())
        };
        assert_eq!(["1", "2", "p-0412"].map(place), [7, 28, 16]);
    }
}
