//! Hashes of what the shard numbers itself: patients, series, tracks. The same everywhere and for ever,
//! and a few instructions long, because every event asks several times.
//!
//! Numbers that we give out ourselves need no defence against a sender who chooses them.

use std::hash::{BuildHasher, Hasher};

/// An odd number without a pattern: 2^64 divided by the golden ratio.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hash of a patient's list, series or track.
#[inline]
pub fn of_place((patient, list): (u32, u16)) -> u64 {
    mix(u64::from(patient) << 16 | u64::from(list))
}

/// The hash of a patient's resource with this key, which is a hash already.
#[inline]
pub fn of_key(patient: u32, key: u64) -> u64 {
    key ^ mix(u64::from(patient))
}

/// Multiplies to 128 bits and folds the halves, so that every bit of `number` reaches every bit.
#[inline]
fn mix(number: u64) -> u64 {
    let product = u128::from(number ^ MIX.rotate_left(32)) * u128::from(MIX);
    let [low, high] = [product & u128::from(u64::MAX), product >> 64];
    u64::try_from(low ^ high).unwrap_or(u64::MAX)
}

/// Builds hashers for maps from our own numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbers;

/// Mixes the numbers that are written to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NumberHasher(u64);

impl BuildHasher for Numbers {
    type Hasher = NumberHasher;

    #[inline]
    fn build_hasher(&self) -> NumberHasher {
        NumberHasher(0)
    }
}

impl Hasher for NumberHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    #[inline]
    fn write_u16(&mut self, number: u16) {
        self.write_u64(u64::from(number));
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.write_u64(u64::try_from(number).unwrap_or(u64::MAX));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0.rotate_left(5) ^ number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables take a bucket from the low bits and a tag from the high ones.
    #[test]
    fn neighbours_spread_over_low_and_high_bits() {
        let hashes = || (0..64_u32).flat_map(|p| (0..64_u16).map(move |s| of_place((p, s))));
        for shift in [0, 57] {
            let mut counts = [0_u32; 128];
            for hash in hashes() {
                counts[usize::try_from(hash >> shift & 127).unwrap()] += 1;
            }
            assert!(counts.iter().all(|count| (8..=64).contains(count)), "{shift}: {counts:?}");
        }
    }

    #[test]
    fn a_map_of_places_tells_them_apart() {
        let one = |place: (u32, u16)| Numbers.hash_one(place);
        assert_eq!(one((1, 2)), one((1, 2)));
        assert_ne!(one((1, 2)), one((2, 1)));
        assert_ne!(of_key(1, 7), of_key(2, 7));
    }
}
