//! Chance that repeats: a stream of numbers that its seed fixes for ever.
//!
//! SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014):
//! a counter and a mixing function. It is no secret and no cryptography; it is here because the same
//! seed must give the same hospital, byte by byte, with every compiler and every year. Each patient
//! has a stream of their own, so that one who stays longer changes nobody else's values.

/// A repeatable stream of numbers.
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
}

/// The odd integer nearest to 2^64 divided by the golden ratio: steps of it visit every state.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Chance {
    /// The stream of this seed.
    pub const fn new(seed: u64) -> Chance {
        Chance { state: seed }
    }

    /// The stream of `label` under this seed: another for every label, whatever was drawn so far
    /// from others.
    pub fn labelled(seed: u64, label: &str) -> Chance {
        // FNV-1a, so that labels that differ in one character start far apart.
        let hash = label.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        let mut chance = Chance::new(seed ^ hash);
        Chance::new(chance.draw())
    }

    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let n_values = u128::from(high.abs_diff(low)) + 1;
        // The product's upper half: every value is as likely as any other to within 2^-32.
        let drawn = (u128::from(self.draw()) * n_values) >> 64;
        let drawn = i64::try_from(drawn).expect("ranges drawn from are far below 2^63");
        low.min(high) + drawn
    }

    /// True once in `one_in` draws, on average.
    pub fn happens(&mut self, one_in: i64) -> bool {
        self.between(1, one_in) == 1
    }

    /// A UUID of version 4.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.draw(), self.draw());
        let variant = 0x8000 | ((low >> 48) & 0x3FFF);
        format!(
            "{:08x}-{:04x}-4{:03x}-{variant:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFF,
            low & 0xFFFF_FFFF_FFFF
        )
    }

    /// One of `choices`.
    pub fn pick<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        let last = i64::try_from(choices.len()).expect("tables are short") - 1;
        let index = usize::try_from(self.between(0, last.max(0))).expect("not negative");
        choices.get(index).expect("there is something to choose from, and the index is within it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_those_of_the_published_generator() {
        let mut chance = Chance::new(1_234_567);
        let drawn = [chance.draw(), chance.draw(), chance.draw()];
        assert_eq!(
            drawn,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn numbers_stay_within_their_limits_and_reach_both() {
        let mut chance = Chance::new(1);
        let drawn: Vec<i64> = (0..1_000).map(|_| chance.between(-2, 2)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-2), Some(&2)));
        assert_eq!(chance.between(5, 5), 5);
        let n_happened = (0..10_000).filter(|_| chance.happens(10)).count();
        assert!((900..1_100).contains(&n_happened), "{n_happened} of 10000");
    }

    #[test]
    fn labels_have_streams_of_their_own() {
        let first = |label| Chance::labelled(7, label).between(0, i64::from(u32::MAX));
        assert_eq!(first("demo-2001"), first("demo-2001"));
        assert_ne!(first("demo-2001"), first("demo-2002"));
    }
}
