//! How long things took, by bounds: from a step of a quiet log to an upload of last week.

use std::time::Duration;

/// The upper bounds, in milliseconds.
const BOUNDS_MILLIS: [u64; 14] = [
    5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 30_000, 300_000, 3_600_000, 21_600_000, 86_400_000,
];

/// How long things took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many lay within each bound and above the one before.
    counts: [u64; BOUNDS_MILLIS.len()],
    count: u64,
    sum: Duration,
}

impl Histogram {
    /// Counts one.
    pub fn observe(&mut self, took: Duration) {
        let bounds = BOUNDS_MILLIS.map(Duration::from_millis);
        let within = bounds.iter().position(|bound| took <= *bound);
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
        BOUNDS_MILLIS.into_iter().map(|bound| Duration::from_millis(bound).as_secs_f64()).zip(sums)
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
