//! Blood pressure measured at home over a week.
//!
//! Source: Shimbo D et al., Circulation 2020;142:e42-63 (AHA/AMA); Stergiou GS et al., J Hypertens
//! 2021;39:1293-302 (ESH): seven days, at least three, two in the morning and two in the evening, the first
//! day dropped. Both thresholds are said by name. A diastolic that is not below its systolic is refused,
//! never exchanged with it.

/// One measurement in `mm[Hg]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// The day of the session, from 1.
    pub day: i64,
    /// Systolic.
    pub systolic: i64,
    /// Diastolic.
    pub diastolic: i64,
}

// This project's: beyond these a cuff at home has erred.
const SYSTOLIC: (i64, i64) = (50, 300);
const DIASTOLIC: (i64, i64) = (20, 200);
// ESH 2021: the first day is dropped; AHA/AMA 2020: 12 readings.
const FIRST_DAY: i64 = 1;
const READINGS_MIN: i64 = 12;

/// Means of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Readings that were used.
    pub n_readings: i64,
    /// Mean systolic in tenths of `mm[Hg]`.
    pub systolic: i64,
    /// Mean diastolic in tenths of `mm[Hg]`.
    pub diastolic: i64,
}

impl Session {
    /// Whether there are readings enough to say anything.
    pub const fn is_sufficient(&self) -> bool {
        READINGS_MIN <= self.n_readings
    }

    /// High by AHA: ≥ 130 or ≥ 80 (Shimbo 2020).
    pub const fn is_high_aha(&self) -> bool {
        1_300 <= self.systolic || 800 <= self.diastolic
    }

    /// High by ESH: ≥ 135 or ≥ 85 (Stergiou 2021).
    pub const fn is_high_esh(&self) -> bool {
        1_350 <= self.systolic || 850 <= self.diastolic
    }
}

/// The session of some measurements; of none its means are 0 and nothing is said.
pub fn session(measurements: &[Measurement]) -> Session {
    let within = |value: i64, (low, high): (i64, i64)| low <= value && value <= high;
    let used = measurements.iter().filter(|one| {
        FIRST_DAY < one.day
            && one.diastolic < one.systolic
            && within(one.systolic, SYSTOLIC)
            && within(one.diastolic, DIASTOLIC)
    });
    let (systolic, diastolic, n_readings) = used
        .fold((0, 0, 0), |(systolic, diastolic, n), one| {
            (systolic + one.systolic, diastolic + one.diastolic, n + 1)
        });
    let mean = |sum: i64| match n_readings {
        0 => 0,
        n => (20 * sum + n).div_euclid(2 * n),
    };
    Session { n_readings, systolic: mean(systolic), diastolic: mean(diastolic) }
}
