//! Resampling of patients, the same every time: which patients a bootstrap draws.

/// A generator of numbers by a seed: xorshift64*, which is even enough for drawing patients.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The numbers of a seed.
    pub const fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// How often each of `n_items` is drawn, where as many are drawn with putting back.
    pub fn draw(&mut self, n_items: usize) -> Vec<u32> {
        let mut counts = vec![0; n_items];
        let n_items = u64::try_from(n_items).unwrap_or(u64::MAX);
        for _ in 0..n_items {
            // The upper half of the product: even without division.
            let drawn = (u128::from(self.next()) * u128::from(n_items)) >> 64;
            if let Some(count) = usize::try_from(drawn).ok().and_then(|drawn| counts.get_mut(drawn))
            {
                *count += 1;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_as_large_as_what_it_draws_from_and_the_same_for_a_seed() {
        let (mut one, mut same, mut other) = (Chance::new(1), Chance::new(1), Chance::new(2));
        let draw = one.draw(1_000);
        assert_eq!(draw.iter().sum::<u32>(), 1_000);
        // About 37 % are not drawn.
        let missed = draw.iter().filter(|count| **count == 0).count();
        assert!((300..=440).contains(&missed), "{missed}");
        assert_eq!(same.draw(1_000), draw);
        assert_ne!(other.draw(1_000), draw);
        assert_eq!(one.draw(0), Vec::<u32>::new());
    }
}
