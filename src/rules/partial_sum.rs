//! The sum of points of which some may be missing: what it is at least, and at most (SPEC 0.1).
//!
//! A missing input is never zero. Until every input is there the sum is a range; an alert may rise on
//! its lower end, and nothing reassuring is said from it.

/// The points of one input, between what they are at least and at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The input.
    pub name: &'static str,
    /// The least it can give.
    pub least: i64,
    /// The most it can give; the same where its points are known.
    pub most: i64,
}

impl Item {
    /// An input with these points, or anything up to `most` where it is missing.
    pub fn new(name: &'static str, points: Option<i64>, most: i64) -> Item {
        match points {
            Some(points) => Item { name, least: points, most: points },
            None => Item { name, least: 0, most },
        }
    }

    /// A criterion that gives a number of points if it is met.
    pub fn met(name: &'static str, is_met: Option<bool>, points: i64) -> Item {
        Item::new(name, is_met.map(|is_met| if is_met { points } else { 0 }), points)
    }

    /// The points, where they are known.
    pub fn points(&self) -> Option<i64> {
        Some(self.least).filter(|_| self.least == self.most)
    }
}

/// The sum, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialSum {
    /// What is summed.
    pub items: Vec<Item>,
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
        let missing = items.iter().filter(|item| item.points().is_none());
        let mut missing: Vec<&'static str> = missing.map(|item| item.name).collect();
        missing.sort_unstable();
        PartialSum {
            items: items.to_vec(),
            lower: items.iter().map(|item| item.least).sum(),
            upper: items.iter().map(|item| item.most).sum(),
            missing,
        }
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

/// A criterion that several measurements can meet: it is met if any meets it, not met if those that
/// were made do not, and unknown if none was made.
pub fn any_of(measured: &[Option<bool>]) -> Option<bool> {
    let made = measured.iter().flatten();
    made.copied().reduce(|met, also| met || also)
}
