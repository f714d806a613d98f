//! Versions of resources that say nothing: what a source deleted or took back whole. They count nowhere,
//! and stand in the schema `history` so that nothing that came is invisible.

use std::sync::Arc;

use crate::domain::event::{ResourceKind, Version};
use crate::domain::fact::Valid;
use crate::domain::statement::{Activity, Statement};
use crate::domain::time::Timestamp;
use crate::sql::scope::{Known, Part, ShardView, Versions};
use crate::twin::block::{BLOCK_ROWS, Kept};
use crate::twin::samples::{Flags, VOID_SERIES};
use crate::twin::statements::StatementRow;
use crate::twin::table::CHUNK_ROWS;

/// The versions that say nothing, as statements: of a patient, or of all with any piece. None where only
/// versions that count are shown.
pub fn void_rows(view: &ShardView, part: Part) -> Vec<(Arc<StatementRow>, Known)> {
    if view.scope.versions == Versions::Current {
        return Vec::new();
    }
    let mut rows = in_tail(view, part);
    rows.extend(in_segments(view, part));
    rows
}

fn in_tail(view: &ShardView, part: Part) -> Vec<(Arc<StatementRow>, Known)> {
    let shard = view.shard();
    let mut rows = Vec::new();
    for (chunk_number, chunk) in shard.tail.iter().enumerate() {
        for (index, series) in chunk.series.iter().enumerate() {
            let row = Some(index).filter(|_| *series == VOID_SERIES);
            let Some(row) = row.and_then(|index| chunk.row(index)) else { continue };
            if matches!(part, Part::Patient(patient) if patient != row.patient) {
                continue;
            }
            let number = u32::try_from(chunk_number * CHUNK_ROWS + index).unwrap_or(u32::MAX);
            let Some(event) = shard.events.row(row.event) else { continue };
            let resource = shard.id(row.resource).to_owned();
            let kept = Kept { row, rare: shard.tail_rare.of(number), event, resource };
            rows.extend(statement(view, kept, shard.tail_marks.known_to(number)));
        }
    }
    rows
}

fn in_segments(view: &ShardView, part: Part) -> Vec<(Arc<StatementRow>, Known)> {
    let mut rows = Vec::new();
    for segment in &view.shard().segments {
        let range = match part {
            Part::Patient(patient) => segment.of_patient(patient),
            Part::Piece(_) => 0..segment.n_rows(),
        };
        for block in segment.blocks_of(&range) {
            let first = u32::try_from(block * BLOCK_ROWS).unwrap_or(u32::MAX);
            let values = segment.values(block);
            let series = (first..).zip((0..values.n_rows()).filter_map(|row| values.series(row)));
            let void = series.filter(|(_, series)| *series == VOID_SERIES);
            for (number, _) in void.filter(|(number, _)| range.contains(number)) {
                let kept = segment.kept(number);
                let known_to = segment.marks.known_to(number);
                rows.extend(kept.and_then(|kept| statement(view, kept, known_to)));
            }
        }
    }
    rows
}

/// A version that says nothing, as the statement it took back would be.
fn statement(
    view: &ShardView,
    kept: Kept,
    known_to: Timestamp,
) -> Option<(Arc<StatementRow>, Known)> {
    let Kept { row, rare, event, resource } = kept;
    let known = view.scope.shown(Timestamp::from_micros(row.known), known_to)?;
    let status = Flags::unpack(row.flags).status;
    let revised_at = Timestamp::from_micros(row.revised_at);
    let version_id = rare.version_id;
    let statement = StatementRow {
        patient: row.patient,
        kind: rare.kind.unwrap_or(ResourceKind::Observation),
        id: resource.into(),
        version: Version { revised_at, version_id, status },
        recorded_at: rare.recorded_at,
        key: row.key,
        content: row.content,
        valid: Valid::since(Timestamp::MIN),
        known: known.from,
        event,
        links: rare.links,
        statement: Arc::new(Statement {
            activity: Activity::Void,
            status: status.name().into(),
            ..Statement::default()
        }),
    };
    Some((Arc::new(statement), known))
}
