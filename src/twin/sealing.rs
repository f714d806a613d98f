//! Rows on their way into a segment: from the tail, or from segments that become one.

use crate::domain::time::Timestamp;
use crate::twin::marks::Marks;
use crate::twin::samples::{Rare, RareParts, SampleRow};

/// Rows in any order, with all that belongs to them.
#[derive(Debug, Default)]
pub struct Sealing {
    rows: Vec<SampleRow>,
    superseded: Vec<(u32, Timestamp)>,
    rare: Vec<(u32, RareParts)>,
}

/// Rows in the order of a segment, with all that belongs to them by their new numbers.
#[derive(Debug)]
pub struct Sorted {
    /// The rows, by (patient, series, at, known, revised_at, key, value).
    pub rows: Vec<SampleRow>,
    /// When those that ceased to be current did.
    pub marks: Marks,
    /// What few of them have.
    pub rare: Rare,
}

impl Sealing {
    /// Room for `n_rows`.
    pub fn of(n_rows: usize) -> Sealing {
        Sealing { rows: Vec::with_capacity(n_rows), ..Sealing::default() }
    }

    /// Adds the rows of a table or a segment, by their numbers in it.
    pub fn add(&mut self, rows: impl Iterator<Item = SampleRow>, marks: &Marks, rare: &Rare) {
        let base = u32::try_from(self.rows.len()).expect("a segment is far below 2^32 rows");
        self.rows.extend(rows);
        let superseded = marks.superseded().map(|(number, known_to)| (base + number, known_to));
        self.superseded.extend(superseded);
        self.rare.extend(rare.iter().map(|(number, parts)| (base + number, parts.clone())));
    }

    /// Adds one row with what belongs to it; `FOREVER` while it is current.
    pub fn push(&mut self, row: SampleRow, known_to: Timestamp, parts: RareParts) {
        let number = u32::try_from(self.rows.len()).expect("a segment is far below 2^32 rows");
        self.rows.push(row);
        if known_to != Timestamp::FOREVER {
            self.superseded.push((number, known_to));
        }
        if parts != RareParts::default() {
            self.rare.push((number, parts));
        }
    }

    /// How many there are.
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// Sorts them. The same rows give the same order, however they came.
    pub fn sort(self) -> Sorted {
        let Sealing { rows, superseded, rare } = self;
        let row_of = |number: u32| rows.get(usize::try_from(number).unwrap_or(usize::MAX));
        let place =
            |row: &SampleRow| (u64::from(row.patient) << 16 | u64::from(row.series), row.at);
        let rest = |row: &SampleRow| (row.known, row.revised_at, row.key, row.value);
        let mut order: Vec<((u64, i64), u32)> =
            (0..).zip(&rows).map(|(number, row)| (place(row), number)).collect();
        // Stable, because it makes one of what is sorted in parts already.
        order.sort_by(|(a, one), (b, other)| {
            a.cmp(b).then_with(|| row_of(*one).map(rest).cmp(&row_of(*other).map(rest)))
        });
        let (mut marks, mut sorted_rare) = (Marks::default(), Rare::default());
        if !superseded.is_empty() || !rare.is_empty() {
            let mut new_numbers = vec![0_u32; rows.len()];
            for (new, (_, old)) in (0..).zip(&order) {
                if let Some(slot) = new_numbers.get_mut(usize::try_from(*old).unwrap_or(usize::MAX))
                {
                    *slot = new;
                }
            }
            let new_of = |old: u32| {
                let index = usize::try_from(old).unwrap_or(usize::MAX);
                *new_numbers.get(index).expect("every row has a new number")
            };
            for (old, known_to) in superseded {
                marks.supersede(new_of(old), known_to);
            }
            let mut moved: Vec<(u32, RareParts)> =
                rare.into_iter().map(|(old, parts)| (new_of(old), parts)).collect();
            moved.sort_unstable_by_key(|(number, _)| *number);
            moved.into_iter().for_each(|(number, parts)| sorted_rare.put(number, parts));
        }
        let rows = order.iter().filter_map(|(_, number)| row_of(*number).copied()).collect();
        Sorted { rows, marks, rare: sorted_rare }
    }
}
