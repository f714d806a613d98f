//! A column of whole numbers in as few bits as they need, each found without a look at the others.
//!
//! ```text
//! value = base + step * (word - 2)        words of 0 to 64 bits, side by side
//! word 0 = i64::MIN    word 1 = i64::MAX  what a time is that is none, or never
//! ```
//! Times that lie a minute apart take the bits of their minutes, a column that is the same everywhere takes
//! none.

/// Words that stand for no number of the line.
const N_SPECIAL: u64 = 2;

/// Packed numbers. They never change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    base: i64,
    step: u64,
    n_bits: u32,
    n_values: u32,
    /// One word more than the bits need, so that each value lies in two that are there.
    words: Box<[u64]>,
}

impl Packed {
    /// Packs numbers.
    pub fn of(values: impl Iterator<Item = i64> + Clone) -> Packed {
        let plain = || values.clone().filter(|value| !is_special(*value));
        let (mut base, mut most, mut n_values) = (i64::MAX, i64::MIN, 0_u32);
        let mut is_all_special = true;
        let mut has_special = false;
        for value in values.clone() {
            n_values = n_values.checked_add(1).expect("a column has fewer than 2^32 values");
            if is_special(value) {
                has_special = true;
                continue;
            }
            is_all_special = false;
            (base, most) = (base.min(value), most.max(value));
        }
        if is_all_special {
            (base, most) = (0, 0);
        }
        let distance = |value: i64| value.wrapping_sub(base).cast_unsigned();
        let step = if base == most { 1 } else { common_step(plain().map(distance)) };
        let greatest = distance(most) / step;
        if !has_special && greatest == 0 {
            return Packed { base, step, n_bits: 0, n_values, words: Box::default() };
        }
        // Hashes fill the whole line: they stand as they are.
        let Some(greatest) = greatest.checked_add(N_SPECIAL) else {
            return Packed::whole(values, n_values);
        };
        let n_bits = u64::BITS - greatest.leading_zeros();
        if n_bits == u64::BITS {
            return Packed::whole(values, n_values);
        }
        let mut writer = Writer::of(n_bits, n_values);
        for value in values {
            writer.push(match value {
                i64::MIN => 0,
                i64::MAX => 1,
                value => distance(value) / step + N_SPECIAL,
            });
        }
        Packed { base, step, n_bits, n_values, words: writer.finish() }
    }

    fn whole(values: impl Iterator<Item = i64>, n_values: u32) -> Packed {
        let words = values.map(i64::cast_unsigned).collect();
        Packed { base: 0, step: 1, n_bits: u64::BITS, n_values, words }
    }

    /// How many numbers there are.
    pub fn n_values(&self) -> usize {
        usize::try_from(self.n_values).unwrap_or(usize::MAX)
    }

    /// The number at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Option<i64> {
        if self.n_values() <= index {
            return None;
        }
        match self.n_bits {
            0 => Some(self.base),
            u64::BITS => self.words.get(index).copied().map(u64::cast_signed),
            n_bits => Some(self.value(bits_at(&self.words, n_bits, index))),
        }
    }

    #[inline]
    fn value(&self, word: u64) -> i64 {
        match word {
            0 => i64::MIN,
            1 => i64::MAX,
            word => {
                self.base.wrapping_add((word - N_SPECIAL).wrapping_mul(self.step).cast_signed())
            }
        }
    }

    /// Every number in order.
    pub fn iter(&self) -> impl Iterator<Item = i64> {
        (0..self.n_values()).filter_map(|index| self.get(index))
    }

    /// Bytes of memory it takes.
    pub fn size_bytes(&self) -> usize {
        size_of::<Packed>() + size_of_val(&*self.words)
    }

    /// What it is made of: base, step, bits of a word, numbers, words.
    pub fn parts(&self) -> (i64, u64, u32, u32, &[u64]) {
        (self.base, self.step, self.n_bits, self.n_values, &self.words)
    }

    /// How many words hold so many values of so many bits.
    pub fn n_words(n_bits: u32, n_values: u32) -> usize {
        let n_words = match n_bits {
            0 => 0,
            u64::BITS => u64::from(n_values),
            n_bits => (u64::from(n_bits) * u64::from(n_values)).div_ceil(u64::from(u64::BITS)) + 1,
        };
        usize::try_from(n_words).unwrap_or(usize::MAX)
    }

    /// The column of what [`Packed::parts`] gave; `None` if it is no such column.
    pub fn of_parts(
        (base, step, n_bits, n_values): (i64, u64, u32, u32),
        words: Vec<u64>,
    ) -> Option<Packed> {
        let fits = n_bits <= u64::BITS && words.len() == Packed::n_words(n_bits, n_values);
        fits.then(|| Packed { base, step, n_bits, n_values, words: words.into() })
    }
}

const fn is_special(value: i64) -> bool {
    value == i64::MIN || value == i64::MAX
}

/// The greatest step of which all distances are multiples.
fn common_step(distances: impl Iterator<Item = u64>) -> u64 {
    let mut step = 0_u64;
    for distance in distances {
        // Nearly always it is one already, which costs a division.
        if step != 0 && distance.is_multiple_of(step) {
            continue;
        }
        let (mut a, mut b) = (distance, step);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        step = a;
        if step == 1 {
            break;
        }
    }
    step.max(1)
}

/// The word of fewer than 64 bits at `index`.
#[inline]
fn bits_at(words: &[u64], n_bits: u32, index: usize) -> u64 {
    let bit = u64::try_from(index).unwrap_or(u64::MAX).wrapping_mul(u64::from(n_bits));
    let first = usize::try_from(bit / 64).unwrap_or(usize::MAX);
    let [low, high] = match words.get(first..) {
        Some([low, high, ..]) => [*low, *high],
        Some(_) | None => [0, 0],
    };
    let shift = bit % 64;
    // Shifting by 64 is shifting twice.
    (low >> shift | high << 1 << (63 - shift)) & ((1 << n_bits) - 1)
}

/// Puts words of fewer than 64 bits side by side.
struct Writer {
    n_bits: u32,
    words: Vec<u64>,
    open: u64,
    n_open: u32,
    n_words: usize,
}

impl Writer {
    fn of(n_bits: u32, n_values: u32) -> Writer {
        let n_words = Packed::n_words(n_bits, n_values);
        Writer { n_bits, words: Vec::with_capacity(n_words), open: 0, n_open: 0, n_words }
    }

    fn push(&mut self, word: u64) {
        self.open |= word << self.n_open;
        self.n_open += self.n_bits;
        if u64::BITS <= self.n_open {
            self.words.push(self.open);
            self.n_open -= u64::BITS;
            // What did not fit: nothing, where the word ended with the open one.
            self.open = if self.n_open == 0 { 0 } else { word >> (self.n_bits - self.n_open) };
        }
    }

    fn finish(mut self) -> Box<[u64]> {
        self.words.push(self.open);
        self.words.resize(self.n_words, 0);
        self.words.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without a pattern, the same each time.
    fn noise(n_values: u64, most: u64) -> Vec<i64> {
        let mixed = |n: u64| (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        (0..n_values).map(|n| (mixed(n) % most).cast_signed()).collect()
    }

    #[test]
    fn every_number_comes_back_whatever_the_column_holds() {
        let hour = 3_600_000_000;
        let columns: Vec<Vec<i64>> = vec![
            vec![],
            vec![7; 100],
            vec![i64::MAX; 3],
            vec![i64::MIN, i64::MAX, 0],
            vec![i64::MIN + 1, i64::MAX - 1, 0],
            noise(1_000, u64::MAX),
            noise(1_000, 1 << 40),
            noise(1_000, 300).into_iter().map(|n| 1_767_225_600_000_000 + n * hour).collect(),
            noise(130, 2).into_iter().map(|n| if n == 0 { i64::MAX } else { -n }).collect(),
        ];
        for column in
            columns.iter().chain(&(1..63).map(|bits| noise(200, 1 << bits)).collect::<Vec<_>>())
        {
            let packed = Packed::of(column.iter().copied());
            assert_eq!(packed.iter().collect::<Vec<_>>(), *column);
            assert_eq!(packed.get(column.len()), None);
            let (base, step, n_bits, n_values, words) = packed.parts();
            let again = Packed::of_parts((base, step, n_bits, n_values), words.to_vec());
            assert_eq!(again.as_ref(), Some(&packed));
            let short = words.get(1..).map(<[u64]>::to_vec);
            let torn =
                short.and_then(|short| Packed::of_parts((base, step, n_bits, n_values), short));
            assert_eq!(torn, None, "a word is missing");
        }
    }

    #[test]
    fn times_an_hour_apart_take_the_bits_of_their_hours() {
        let hours = noise(4_096, 300).into_iter().map(|n| n * 3_600_000_000);
        let packed = Packed::of(hours.collect::<Vec<_>>().into_iter());
        assert!(packed.size_bytes() <= 4_096 * 9 / 8 + 100, "{}", packed.size_bytes());
        let same = Packed::of(std::iter::repeat_n(5, 4_096));
        assert_eq!(same.size_bytes(), size_of::<Packed>());
    }
}
