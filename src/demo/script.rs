//! The vitals of a patient whose story is told beforehand: what each round finds, and when.

use crate::demo::vitals::{Consciousness, Vitals};
use crate::domain::time::{Span, Timestamp};

/// What rounds find from a minute on.
#[derive(Debug, PartialEq, Eq)]
pub struct Waypoint {
    /// Minutes after the hospital's start; `BEFORE` for the time before the story.
    pub minute: i64,
    /// What is found.
    pub vitals: Vitals,
}

/// The time before a story.
pub const BEFORE: i64 = i64::MIN;

/// A row of a script: minute, then respiratory rate, SpO2, oxygen in tenths of a litre, systolic,
/// diastolic, pulse, temperature in tenths of a degree, and consciousness.
pub const fn row(minute: i64, numbers: [i64; 7], consciousness: Consciousness) -> Waypoint {
    Waypoint { minute, vitals: Vitals::of(numbers, consciousness) }
}

/// What a round at `at` finds.
pub fn vitals_at(script: &[Waypoint], start: Timestamp, at: Timestamp) -> Option<Vitals> {
    let passed = script.iter().rev().find(|waypoint| reached(waypoint, start) <= at);
    passed.map(|waypoint| waypoint.vitals)
}

/// When the next round after `at` is: at the story's next row, or after `usual` where the story has
/// not begun or is over.
pub fn next_round(script: &[Waypoint], start: Timestamp, at: Timestamp, usual: Span) -> Timestamp {
    let regular = at.plus(usual);
    match script.iter().map(|waypoint| reached(waypoint, start)).find(|time| at < *time) {
        Some(_) if regular < start => regular,
        Some(row) => row,
        None => regular,
    }
}

fn reached(waypoint: &Waypoint, start: Timestamp) -> Timestamp {
    match waypoint.minute {
        BEFORE => Timestamp::MIN,
        minute => start.plus(Span::from_minutes(minute)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &[Waypoint] = &[
        row(BEFORE, [16, 97, 0, 128, 76, 74, 368], Consciousness::Alert),
        row(10, [20, 95, 0, 122, 70, 98, 384], Consciousness::Alert),
        row(40, [22, 95, 0, 116, 68, 104, 386], Consciousness::Alert),
    ];

    #[test]
    fn rounds_follow_the_script_and_then_the_clock() {
        let start = Timestamp::from_micros(0).plus(Span::from_days(10));
        let minute = |minutes: i64| start.plus(Span::from_minutes(minutes));
        let rate = |at| vitals_at(SCRIPT, start, minute(at)).unwrap().respiratory_rate;
        assert_eq!([-60, 9, 10, 39, 40, 4_000].map(rate), [16, 16, 20, 20, 22, 22]);
        let next = |at| next_round(SCRIPT, start, minute(at), Span::from_hours(4));
        assert_eq!(next(-500), minute(-260));
        assert_eq!(next(-200), minute(10));
        assert_eq!(next(10), minute(40));
        assert_eq!(next(40), minute(280));
    }
}
