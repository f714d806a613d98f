//! Who put which pipeline in which state, and what those that do not speak did not say, in a part.

use std::sync::Arc;

use crate::domain::promotion::{PipelineState, Promoted, Promotion, Promotions};
use crate::engine::checkpoint::bytes::{In, Out, Torn};
use crate::engine::checkpoint::effects::{
    read_suppressions, read_unsaid, write_suppressions, write_unsaid,
};
use crate::engine::checkpoint::state::{ShardState, Silent};
use crate::engine::checkpoint::tables::time;
use crate::twin::effects::{SuppressionRow, Unsaid};
use crate::twin::pages::Pages;

/// What the part says of pipelines that were promoted, but for what those in shadow would say.
#[derive(Debug, Default)]
pub struct Promoting {
    /// Every promotion.
    pub promotions: Promotions,
    /// What only the writer needs.
    pub silent: Silent,
    /// What pipelines in shadow would not have said.
    pub suppressions: Vec<SuppressionRow>,
    /// Each time that they would not have said it.
    pub unsaid: Pages<Unsaid>,
}

/// Writes it.
pub fn write_promoting(out: &mut Out, state: &ShardState) {
    let ShardState { snapshot, silent, .. } = state;
    out.list(snapshot.promotions.all().iter(), |out, one| write_promoted(out, one));
    out.list(silent.missed.iter(), |out, (track, patient, from)| {
        out.u16(*track);
        out.u32(*patient);
        out.i64(from.micros());
    });
    out.list(silent.going_on.iter(), |out, (patient, track, row)| {
        out.u32(*patient);
        out.u16(*track);
        out.u32(*row);
    });
    out.list(silent.n_left.iter(), |out, (patient, n_left)| {
        out.u32(*patient);
        out.u32(*n_left);
    });
    write_suppressions(out, &snapshot.shadow.suppressions);
    write_unsaid(out, &snapshot.shadow.unsaid);
}

/// Reads it.
///
/// # Errors
/// If the part ends before, or says what this version does not know.
pub fn read_promoting(part: &mut In<'_>) -> Result<Promoting, Torn> {
    let promotions = Promotions::of(part.list(read_promoted)?);
    let silent = Silent {
        missed: part.list(|part| Ok((part.u16()?, part.u32()?, time(part)?)))?,
        going_on: part.list(|part| Ok((part.u32()?, part.u16()?, part.u32()?)))?,
        n_left: part.list(|part| Ok((part.u32()?, part.u32()?)))?,
    };
    let suppressions = read_suppressions(part)?;
    Ok(Promoting { promotions, silent, suppressions, unsaid: read_unsaid(part)? })
}

fn write_promoted(out: &mut Out, one: &Promoted) {
    let Promotion { pipeline, to, by, role, pharmacist, why, hash, at } = &one.promotion;
    out.text(pipeline);
    out.u8(match to {
        PipelineState::Shadow => 0,
        PipelineState::Live => 1,
        PipelineState::Paused => 2,
    });
    [by, role, pharmacist, why, hash].into_iter().for_each(|text| out.text(text));
    out.i64(at.micros());
    out.i64(one.known.micros());
}

fn read_promoted(part: &mut In<'_>) -> Result<Arc<Promoted>, Torn> {
    let text = |part: &mut In<'_>| part.text().map(|text| text.to_owned().into());
    let promotion = Promotion {
        pipeline: text(part)?,
        to: PipelineState::ALL.get(usize::from(part.u8()?)).copied().ok_or(Torn)?,
        by: text(part)?,
        role: text(part)?,
        pharmacist: text(part)?,
        why: text(part)?,
        hash: text(part)?,
        at: time(part)?,
    };
    Ok(Arc::new(Promoted { promotion, known: time(part)? }))
}
