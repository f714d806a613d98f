//! A printed row of cut-offs: from each one on, other points.

/// Cut-offs ascending, each with what holds from it on; the first holds below it too.
pub type Steps = [(i64, i64)];

/// What holds at a value.
pub fn points(steps: &Steps, value: i64) -> i64 {
    let reached = steps.iter().rev().find(|(from, _)| *from <= value);
    reached.or(steps.first()).map_or(0, |(_, points)| *points)
}
