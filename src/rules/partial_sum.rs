//! The sum of points of which some may be missing: what it is at least, and at most (SPEC 0.1).
//!
//! A missing input is never zero. Until every input is there the sum is a range; an alert may rise on
//! its lower end, and nothing reassuring is said from it.

/// The points of one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The input.
    pub name: &'static str,
    /// Its points; `None` when it is missing.
    pub points: Option<i64>,
    /// The most it can give.
    pub points_max: i64,
}

/// The sum, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialSum {
    /// The points that are known.
    pub lower: i64,
    /// With the most that each missing input can give.
    pub upper: i64,
    /// The inputs that are missing, by name.
    pub missing: Vec<&'static str>,
}

impl PartialSum {
    /// Adds up.
    pub fn of(items: &[Item]) -> PartialSum {
        let lower = items.iter().filter_map(|item| item.points).sum();
        let missing = items.iter().filter(|item| item.points.is_none());
        let upper = lower + missing.clone().map(|item| item.points_max).sum::<i64>();
        let mut missing: Vec<&'static str> = missing.map(|item| item.name).collect();
        missing.sort_unstable();
        PartialSum { lower, upper, missing }
    }

    /// Whether nothing is missing.
    pub fn is_final(&self) -> bool {
        self.missing.is_empty()
    }

    /// Whether the sum reaches a cut-off, whatever is missing; `None` while it may or may not.
    pub fn reaches(&self, cut_off: i64) -> Option<bool> {
        if cut_off <= self.lower {
            return Some(true);
        }
        Some(false).filter(|_| self.upper < cut_off)
    }
}
