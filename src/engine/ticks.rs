//! Time passing on a recorded clock: ticks between records, as the history goes on.

use crate::domain::time::{Span, Timestamp};

/// Ticks are this far apart while records come: what falls due is said within the hour.
pub const INTERVAL: Span = Span::from_hours(1);
/// Ticks are this far apart where nothing comes for longer.
pub const QUIET_INTERVAL: Span = Span::from_days(1);

/// Says which ticks lie before a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ticks {
    last: Option<Timestamp>,
}

impl Ticks {
    /// Goes on from the last tick of a log; `Timestamp::MIN` where there was none.
    pub fn since(last: Timestamp) -> Ticks {
        Ticks { last: Some(last).filter(|last| *last != Timestamp::MIN) }
    }

    /// The ticks to write before something at `at`: every hour, or every day of a longer silence.
    /// The first record starts the clock.
    pub fn before(&mut self, at: Timestamp) -> Vec<Timestamp> {
        let Some(mut last) = self.last else {
            self.last = Some(floor(at, INTERVAL));
            return Vec::new();
        };
        let mut ticks = Vec::new();
        loop {
            let is_quiet = QUIET_INTERVAL < at.since(last);
            let interval = if is_quiet { QUIET_INTERVAL } else { INTERVAL };
            let next = floor(last, interval).plus(interval);
            if at < next {
                break;
            }
            ticks.push(next);
            last = next;
        }
        self.last = Some(last);
        ticks
    }
}

fn floor(at: Timestamp, interval: Span) -> Timestamp {
    Timestamp::from_micros(at.micros().div_euclid(interval.micros()) * interval.micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(hours: i64) -> Timestamp {
        Timestamp::from_micros(Span::from_hours(hours).micros())
    }

    #[test]
    fn ticks_come_every_hour_and_every_day_of_a_silence() {
        let mut ticks = Ticks::default();
        assert_eq!(ticks.before(hours(5).plus(Span::from_minutes(10))), []);
        assert_eq!(ticks.before(hours(5).plus(Span::from_minutes(50))), []);
        assert_eq!(ticks.before(hours(8)), [6, 7, 8].map(hours));
        assert_eq!(ticks.before(hours(8)), []);
        assert_eq!(ticks.before(hours(75)), [24, 48, 72, 73, 74, 75].map(hours));
    }
}
