//! Says for sure that a key is absent, and seldom says so wrongly not: a blocked Bloom filter.
//!
//! Sixteen bits a key, all of a key's bits in one 64-byte block, so that a question costs one cache miss. Each
//! segment is asked for each new resource, and a wrong yes costs a block that is read from storage.

/// A set of keys that is asked far more often than it answers yes.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    blocks: Vec<[u64; 8]>,
    n_probes: u32,
}

const BITS_PER_KEY: usize = 16;
const BITS_PER_BLOCK: usize = 512;
const PROBES: u32 = 8;

/// What filters had before: those that are stored are read for ever. Their probes are the first of today's.
const BITS_PER_KEY_BEFORE: usize = 10;
const PROBES_BEFORE: u32 = 6;

const fn n_blocks(n_keys: usize, bits_per_key: usize) -> usize {
    (n_keys * bits_per_key).div_ceil(BITS_PER_BLOCK)
}

impl Filter {
    /// The filter that holds `keys`.
    pub fn of(keys: impl ExactSizeIterator<Item = u64>) -> Filter {
        let blocks = vec![[0; 8]; n_blocks(keys.len(), BITS_PER_KEY)];
        let mut filter = Filter { blocks, n_probes: PROBES };
        for key in keys {
            let index = filter.block(key);
            if let Some(block) = filter.blocks.get_mut(index) {
                for (word, bit) in probes(key, PROBES) {
                    if let Some(word) = block.get_mut(word) {
                        *word |= bit;
                    }
                }
            }
        }
        filter
    }

    /// Whether `key` may be in the set; `false` is certain.
    pub fn may_hold(&self, key: u64) -> bool {
        let block = self.blocks.get(self.block(key));
        block.is_some_and(|block| {
            probes(key, self.n_probes)
                .all(|(word, bit)| block.get(word).is_some_and(|word| word & bit != 0))
        })
    }

    /// The words of the set, for whoever keeps it.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &[u64; 8]> {
        self.blocks.iter()
    }

    /// The set of so many keys with these words.
    pub fn of_words(blocks: Vec<[u64; 8]>, n_keys: usize) -> Filter {
        let is_of_before = blocks.len() <= n_blocks(n_keys, BITS_PER_KEY_BEFORE);
        Filter { blocks, n_probes: if is_of_before { PROBES_BEFORE } else { PROBES } }
    }

    /// Bytes of memory it takes.
    pub fn size_bytes(&self) -> usize {
        size_of_val(self.blocks.as_slice())
    }

    fn block(&self, key: u64) -> usize {
        // The high half of key × blocks: a fair choice without a division.
        let n_blocks = u128::try_from(self.blocks.len()).unwrap_or(0);
        usize::try_from((u128::from(key) * n_blocks) >> 64).unwrap_or(0)
    }
}

/// The words and bits of a key within its block, from bits that did not choose the block.
fn probes(key: u64, n_probes: u32) -> impl Iterator<Item = (usize, u64)> {
    (0..n_probes).map(move |probe| {
        let bits = key.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(9 * probe) & 511;
        (usize::try_from(bits >> 6).unwrap_or(0), 1 << (bits & 63))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    #[test]
    fn holds_every_key_and_few_others() {
        let key = |number: u32| xxh3_64(&number.to_le_bytes());
        let filter = Filter::of((0..100_000).map(key).collect::<Vec<_>>().into_iter());
        assert!((0..100_000).all(|number| filter.may_hold(key(number))));
        let wrong = (100_000..200_000).filter(|number| filter.may_hold(key(*number))).count();
        assert!(wrong < 300, "{wrong} of 100,000 absent keys were taken for present");
        assert!(!Filter::of([].into_iter()).may_hold(7));
    }

    #[test]
    fn a_filter_that_was_stored_holds_every_key_whatever_its_version() {
        for n_keys in [1, 20, 32, 33, 52, 1_000] {
            let keys = || (0..n_keys).map(|number: u32| xxh3_64(&number.to_le_bytes()));
            let n_keys = usize::try_from(n_keys).unwrap();
            let today = Filter::of(keys().collect::<Vec<_>>().into_iter());
            let blocks = vec![[0; 8]; n_blocks(n_keys, BITS_PER_KEY_BEFORE)];
            let mut before = Filter { blocks, n_probes: PROBES_BEFORE };
            for key in keys() {
                let index = before.block(key);
                probes(key, PROBES_BEFORE)
                    .for_each(|(word, bit)| before.blocks[index][word] |= bit);
            }
            for stored in [today, before] {
                let read = Filter::of_words(stored.words().copied().collect(), n_keys);
                assert!(keys().all(|key| read.may_hold(key)));
            }
        }
    }
}
