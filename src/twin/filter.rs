//! Says for sure that a key is absent, and seldom says so wrongly not: a blocked Bloom filter.
//!
//! Ten bits a key, all of a key's bits in one 64-byte block, so that a question costs one cache miss.

/// A set of keys that is asked far more often than it answers yes.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    blocks: Vec<[u64; 8]>,
}

const BITS_PER_KEY: usize = 10;
const BITS_PER_BLOCK: usize = 512;
const PROBES: u32 = 6;

impl Filter {
    /// The filter that holds `keys`.
    pub fn of(keys: impl ExactSizeIterator<Item = u64>) -> Filter {
        let n_blocks = (keys.len() * BITS_PER_KEY).div_ceil(BITS_PER_BLOCK);
        let mut filter = Filter { blocks: vec![[0; 8]; n_blocks] };
        for key in keys {
            let index = filter.block(key);
            if let Some(block) = filter.blocks.get_mut(index) {
                for (word, bit) in probes(key) {
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
            probes(key).all(|(word, bit)| block.get(word).is_some_and(|word| word & bit != 0))
        })
    }

    /// The words of the set, for whoever keeps it.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &[u64; 8]> {
        self.blocks.iter()
    }

    /// The set with these words.
    pub fn of_words(blocks: Vec<[u64; 8]>) -> Filter {
        Filter { blocks }
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
fn probes(key: u64) -> impl Iterator<Item = (usize, u64)> {
    (0..PROBES).map(move |probe| {
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
        assert!(wrong < 3_000, "{wrong} of 100,000 absent keys were taken for present");
        assert!(!Filter::of([].into_iter()).may_hold(7));
    }
}
