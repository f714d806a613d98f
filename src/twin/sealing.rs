//! Rows on their way into a segment: from the tail, or from segments that become one.

use crate::domain::time::Timestamp;
use crate::twin::block::{BLOCK_ROWS, Block, texts_array};
use crate::twin::events::EventRow;
use crate::twin::marks::Marks;
use crate::twin::samples::{Rare, RareParts, SampleRow};

/// Rows in any order, with all that belongs to them.
#[derive(Debug, Default)]
pub struct Sealing {
    rows: Vec<SampleRow>,
    events: Vec<EventRow>,
    /// The resource ids, one after the other, and where each of them ends.
    ids: String,
    id_ends: Vec<usize>,
    superseded: Vec<(u32, Timestamp)>,
    rare: Vec<(u32, RareParts)>,
    /// Where the rows, events and ids of the part begin that is being added.
    base: (u32, u32, u32),
}

/// Rows in the order of a segment, with all that belongs to them by their new numbers.
#[derive(Debug)]
pub struct Sorted {
    /// The rows by (patient, series, at, known, revised_at, key, value), in blocks.
    pub blocks: Vec<Block>,
    /// When those that ceased to be current did.
    pub marks: Marks,
}

/// The order of sealed rows.
pub(super) fn sealed_order(row: &SampleRow) -> impl Ord + use<> {
    let place = (row.patient, row.series, row.at);
    (place, row.known, row.revised_at, row.key, row.value, row.content)
}

fn number(n_items: usize) -> u32 {
    u32::try_from(n_items).expect("a segment is far below 2^32 rows")
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Sealing {
    /// Room for `n_rows`.
    pub fn of(n_rows: usize) -> Sealing {
        Sealing { rows: Vec::with_capacity(n_rows), ..Sealing::default() }
    }

    /// Begins a part: what is added from now on is numbered from 0 anew.
    pub fn begin(&mut self) {
        let ends = (self.rows.len(), self.events.len(), self.id_ends.len());
        self.base = (number(ends.0), number(ends.1), number(ends.2));
    }

    /// Adds the next event of the part.
    pub fn add_event(&mut self, event: EventRow) {
        self.events.push(event);
    }

    /// Adds the next resource id of the part.
    pub fn add_id(&mut self, id: &str) {
        self.ids.push_str(id);
        self.id_ends.push(self.ids.len());
    }

    /// Adds the next row of the part; its event and resource are numbers of the part.
    pub fn add_row(&mut self, row: SampleRow) {
        let (_, event, resource) = self.base;
        let moved =
            SampleRow { event: event + row.event, resource: resource + row.resource, ..row };
        self.rows.push(moved);
    }

    /// Says that a row of the part ceased to be current.
    pub fn supersede(&mut self, row: u32, known_to: Timestamp) {
        self.superseded.push((self.base.0 + row, known_to));
    }

    /// Says what few rows have of a row of the part.
    pub fn put_rare(&mut self, row: u32, parts: RareParts) {
        if !parts.is_empty() {
            self.rare.push((self.base.0 + row, parts));
        }
    }

    /// Sorts them. The same rows give the same order, however they came.
    pub fn sort(mut self) -> Sorted {
        let order = self.order();
        let mut new_numbers = Vec::new();
        if !self.superseded.is_empty() || !self.rare.is_empty() {
            new_numbers = vec![0_u32; self.rows.len()];
            for (new, old) in (0..).zip(&order) {
                if let Some(slot) = new_numbers.get_mut(index(*old)) {
                    *slot = new;
                }
            }
        }
        let new_of = |old: u32| *new_numbers.get(index(old)).expect("every row has a new number");
        let mut marks = Marks::default();
        for (old, known_to) in &self.superseded {
            marks.supersede(new_of(*old), *known_to);
        }
        let mut rare: Vec<(u32, RareParts)> = std::mem::take(&mut self.rare)
            .into_iter()
            .map(|(old, parts)| (new_of(old), parts))
            .collect();
        rare.sort_unstable_by_key(|(number, _)| *number);
        let mut rare = rare.into_iter().peekable();
        let mut numbers = Renumbering::of(self.events.len(), self.id_ends.len());
        let mut blocks = Vec::with_capacity(order.len().div_ceil(BLOCK_ROWS));
        for (block, rows) in order.chunks(BLOCK_ROWS).enumerate() {
            let mut of_block = Rare::default();
            let first = number(block * BLOCK_ROWS);
            let end = first + number(rows.len());
            while let Some((row, parts)) = rare.next_if(|(row, _)| *row < end) {
                of_block.put(row - first, parts);
            }
            blocks.push(self.block(rows, of_block, &mut numbers));
        }
        Sorted { blocks, marks }
    }

    /// The numbers of the rows in their order.
    fn order(&self) -> Vec<u32> {
        let row_of = |number: u32| self.rows.get(index(number));
        let place =
            |row: &SampleRow| (u64::from(row.patient) << 16 | u64::from(row.series), row.at);
        let rest = |row: &SampleRow| (row.known, row.revised_at, row.key, row.value, row.content);
        let mut order: Vec<((u64, i64), u32)> =
            (0..).zip(&self.rows).map(|(number, row)| (place(row), number)).collect();
        // Stable, because it makes one of what is sorted in parts already.
        order.sort_by(|(a, one), (b, other)| {
            a.cmp(b).then_with(|| row_of(*one).map(rest).cmp(&row_of(*other).map(rest)))
        });
        order.into_iter().map(|(_, number)| number).collect()
    }

    /// The block of these rows, with its own events and ids.
    fn block(&self, numbers: &[u32], rare: Rare, renumbering: &mut Renumbering) -> Block {
        let mut rows: Vec<SampleRow> = Vec::with_capacity(numbers.len());
        let (mut events, mut ids, mut ends) = (Vec::new(), String::new(), Vec::new());
        for row in numbers.iter().filter_map(|number| self.rows.get(index(*number))) {
            let event = renumbering.events.number(row.event, || {
                events.extend(self.events.get(index(row.event)).copied());
            });
            let resource = renumbering.ids.number(row.resource, || {
                ids.push_str(self.id(row.resource));
                ends.push(i32::try_from(ids.len()).expect("ids of 4,096 rows are small"));
            });
            rows.push(SampleRow { event, resource, ..*row });
        }
        renumbering.events.clear();
        renumbering.ids.clear();
        Block::of(&rows, &events, texts_array(ids, &ends), rare)
    }

    fn id(&self, number: u32) -> &str {
        let number = index(number);
        let start = number.checked_sub(1).map_or(Some(0), |b| self.id_ends.get(b).copied());
        let end = self.id_ends.get(number).copied();
        start.zip(end).and_then(|(start, end)| self.ids.get(start..end)).unwrap_or_default()
    }
}

/// The numbers that events and ids have in the block that is being made.
struct Renumbering {
    events: Numbers,
    ids: Numbers,
}

impl Renumbering {
    fn of(n_events: usize, n_ids: usize) -> Renumbering {
        Renumbering { events: Numbers::of(n_events), ids: Numbers::of(n_ids) }
    }
}

/// New numbers, from 0 in the order in which they are asked for.
struct Numbers {
    new: Vec<u32>,
    used: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Numbers {
    fn of(n_items: usize) -> Numbers {
        Numbers { new: vec![NONE; n_items], used: Vec::new() }
    }

    /// The new number of `old`; `first` is done when it gets one.
    fn number(&mut self, old: u32, first: impl FnOnce()) -> u32 {
        let Some(slot) = self.new.get_mut(index(old)) else { return NONE };
        if *slot == NONE {
            *slot = number(self.used.len());
            self.used.push(old);
            first();
        }
        *slot
    }

    fn clear(&mut self) {
        for old in self.used.drain(..) {
            if let Some(slot) = self.new.get_mut(index(old)) {
                *slot = NONE;
            }
        }
    }
}
