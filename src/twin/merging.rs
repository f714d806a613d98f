//! One segment of several, block by block: no more of them is in memory at once than a block of each.
//!
//! ```text
//! segment ─► block ─┐
//! segment ─► block ─┴► the least row ─► open block (< 4,096) ──full──► block
//! ```
//! The same rows give the same blocks as if they had been sealed together.

use hashbrown::HashMap;

use crate::domain::time::Timestamp;
use crate::twin::block::{BLOCK_ROWS, Block, texts_array};
use crate::twin::events::EventRow;
use crate::twin::hash::Numbers;
use crate::twin::marks::Marks;
use crate::twin::samples::{Rare, SampleRow};
use crate::twin::sealing::{Sorted, sealed_order};
use crate::twin::segment::{BlockRef, Segment};

/// The next row of one segment.
struct Cursor<'s> {
    segment: &'s Segment,
    /// Its place among the segments.
    of: usize,
    block: usize,
    held: BlockRef<'s>,
    index: usize,
    row: SampleRow,
}

impl<'s> Cursor<'s> {
    fn first((of, segment): (usize, &'s Segment)) -> Option<Cursor<'s>> {
        Cursor::at(segment, of, 0)
    }

    fn at(segment: &'s Segment, of: usize, block: usize) -> Option<Cursor<'s>> {
        let held = (block < segment.n_blocks()).then(|| segment.block(block))?;
        let row = held.row(0)?;
        Some(Cursor { segment, of, block, held, index: 0, row })
    }

    /// The same segment's next row.
    fn next(mut self) -> Option<Cursor<'s>> {
        self.index += 1;
        match self.held.row(self.index) {
            Some(row) => Some(Cursor { row, ..self }),
            None => Cursor::at(self.segment, self.of, self.block + 1),
        }
    }

    fn known_to(&self) -> Timestamp {
        let number = u32::try_from(self.block * BLOCK_ROWS + self.index).unwrap_or(u32::MAX);
        self.segment.marks.known_to(number)
    }
}

/// The block that is being filled, and those that are full.
#[derive(Default)]
struct Merged {
    blocks: Vec<Block>,
    marks: Marks,
    n_rows: u32,
    rows: Vec<SampleRow>,
    events: Vec<EventRow>,
    ids: String,
    id_ends: Vec<i32>,
    rare: Rare,
    /// The numbers here of events and ids of the blocks they come from.
    event_numbers: HashMap<(usize, usize, u32), u32, Numbers>,
    id_numbers: HashMap<(usize, usize, u32), u32, Numbers>,
}

/// The rows of segments in the order of one.
pub(super) fn merge(segments: &[Segment]) -> Sorted {
    let mut cursors: Vec<Cursor<'_>> =
        segments.iter().enumerate().filter_map(Cursor::first).collect();
    let mut merged = Merged::default();
    loop {
        let next = cursors.iter().enumerate();
        let next = next.min_by(|(_, one), (_, other)| {
            sealed_order(&one.row).cmp(&sealed_order(&other.row)).then(one.of.cmp(&other.of))
        });
        let Some((place, _)) = next else { return merged.finish() };
        let cursor = cursors.swap_remove(place);
        merged.take(&cursor);
        cursors.extend(cursor.next());
    }
}

fn number(n_items: usize) -> u32 {
    u32::try_from(n_items).expect("a block has few rows")
}

impl Merged {
    fn take(&mut self, cursor: &Cursor<'_>) {
        let Cursor { of, block, held, index, row, .. } = cursor;
        let (events, ids, ends) = (&mut self.events, &mut self.ids, &mut self.id_ends);
        let event = *self.event_numbers.entry((*of, *block, row.event)).or_insert_with(|| {
            events.extend(held.event(row));
            number(events.len() - 1)
        });
        let resource = *self.id_numbers.entry((*of, *block, row.resource)).or_insert_with(|| {
            ids.push_str(held.id(row));
            ends.push(i32::try_from(ids.len()).expect("ids of 4,096 rows are small"));
            number(ends.len() - 1)
        });
        self.rare.put(number(self.rows.len()), held.rare.of(number(*index)));
        let known_to = cursor.known_to();
        if known_to != Timestamp::FOREVER {
            self.marks.supersede(self.n_rows, known_to);
        }
        self.rows.push(SampleRow { event, resource, ..*row });
        self.n_rows += 1;
        if self.rows.len() == BLOCK_ROWS {
            self.close();
        }
    }

    fn close(&mut self) {
        let ids = texts_array(std::mem::take(&mut self.ids), &self.id_ends);
        let rare = std::mem::take(&mut self.rare);
        self.blocks.push(Block::of(&self.rows, &self.events, ids, rare));
        self.rows.clear();
        self.events.clear();
        self.id_ends.clear();
        self.event_numbers.clear();
        self.id_numbers.clear();
    }

    fn finish(mut self) -> Sorted {
        if !self.rows.is_empty() {
            self.close();
        }
        Sorted { blocks: self.blocks, marks: self.marks }
    }
}
