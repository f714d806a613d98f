//! How long things took, by bounds: from a step of a quiet log to an upload of last week.

use std::time::Duration;

/// The upper bounds.
const BOUNDS: [Duration; 14] = [
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(300),
    Duration::from_secs(3_600),
    Duration::from_secs(6 * 3_600),
    Duration::from_secs(24 * 3_600),
];

/// How long things took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many lay within each bound and above the one before.
    counts: [u64; BOUNDS.len()],
    count: u64,
    sum: Duration,
}

impl Histogram {
    /// Counts one.
    pub fn observe(&mut self, took: Duration) {
        let within = BOUNDS.iter().position(|bound| took <= *bound);
        if let Some(count) = within.and_then(|index| self.counts.get_mut(index)) {
            *count += 1;
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(took);
    }

    /// The upper bounds in seconds, and how many lay within each.
    pub fn within(&self) -> impl Iterator<Item = (f64, u64)> {
        let sums = self.counts.iter().scan(0, |sum: &mut u64, count| {
            *sum += count;
            Some(*sum)
        });
        BOUNDS.iter().map(Duration::as_secs_f64).zip(sums)
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How long they took together.
    pub fn sum(&self) -> Duration {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_cumulative_and_what_is_beyond_every_bound_is_in_the_total() {
        let mut histogram = Histogram::default();
        for millis in [5, 20, 20, 90_000_000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let within: Vec<u64> = histogram.within().map(|(_, count)| count).collect();
        assert_eq!(within.get(..4), Some(&[1, 1, 3, 3][..]));
        assert_eq!((within.last(), histogram.count()), (Some(&3), 4));
        assert_eq!(histogram.sum(), Duration::from_millis(90_000_045));
    }
}
