//! Numbers by seed (xorshift64*): the same on every machine, so that what failed once fails again.

/// A repeatable stream of numbers.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The stream of this seed.
    pub fn of(seed: u64) -> Dice {
        Dice(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).max(1))
    }

    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n.max(1)
    }

    /// A place in a list of `n_items`.
    pub fn index(&mut self, n_items: usize) -> usize {
        usize::try_from(self.below(u64::try_from(n_items).unwrap_or(u64::MAX))).unwrap_or(0)
    }

    /// True once in `one_in` rolls, on average.
    pub fn happens(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    /// One of `choices`.
    pub fn pick<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
        let index = self.index(choices.len());
        choices.get(index).expect("there is something to choose from")
    }

    /// A place for something, whatever else there is: leaving others out moves it past none.
    pub fn place(&self, bytes: &[u8]) -> u64 {
        let mut dice = self.clone();
        bytes.iter().fold(0, |place, byte| place ^ dice.roll().wrapping_mul(u64::from(*byte) + 1))
    }
}
