//! What continuous glucose monitoring says: time in ranges, variability, glucose management indicator.
//!
//! Source: Battelino T et al., Diabetes Care 2019;42:1593-603 (ranges and targets); Bergenstal RM et al.,
//! Diabetes Care 2018;41:2275-80 (GMI = 3.31 + 0.02392 × mean in mg/dL; another slope that goes round is
//! of something else). Values count in whole mg/dL, so that 10.0 mmol/L is in range.

/// Counts of one report window; each reading weighs the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Readings.
    pub n_readings: i64,
    /// Their sum in mg/dL.
    pub sum: i64,
    /// The sum of their squares.
    pub squares: i64,
    /// < 54 mg/dL
    pub n_very_low: i64,
    /// 54-69
    pub n_low: i64,
    /// 70-180; in pregnancy 63-140
    pub n_in_range: i64,
    /// 181-250; in pregnancy 141-250
    pub n_high: i64,
    /// > 250
    pub n_very_high: i64,
}

/// For whom the targets are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Population {
    /// Type 1 and 2.
    Standard,
    /// Older, or at high risk.
    Older,
    /// Pregnancy with type 1.
    Pregnancy,
}

impl Population {
    // Battelino 2019: 70-180 mg/dL; in pregnancy 63-140.
    const fn range(self) -> (i64, i64) {
        match self {
            Population::Standard | Population::Older => (70, 180),
            Population::Pregnancy => (63, 140),
        }
    }
}

/// The lowest of level 1; below is level 2 (Battelino 2019).
const LOW: i64 = 54;
/// The highest of level 1; above is level 2 (Battelino 2019).
const HIGH: i64 = 250;
/// Readings there must be, per cent of those expected (Battelino 2019: 70 % of 14 days).
const ACTIVE_PER_CENT_MIN: i64 = 70;
/// Variation that counts as stable, per cent (Battelino 2019: ≤ 36 %), in hundredths.
pub const STABLE: i64 = 3_600;

/// The profile of readings in mg/dL.
pub fn profile(readings: &[i64], population: Population) -> Profile {
    let (from, to) = population.range();
    let mut profile = Profile::default();
    for reading in readings.iter().copied() {
        profile.n_readings += 1;
        profile.sum += reading;
        profile.squares += reading * reading;
        let count = match reading {
            reading if reading < LOW => &mut profile.n_very_low,
            reading if reading < from => &mut profile.n_low,
            reading if reading <= to => &mut profile.n_in_range,
            reading if reading <= HIGH => &mut profile.n_high,
            _ => &mut profile.n_very_high,
        };
        *count += 1;
    }
    profile
}

impl Profile {
    /// A count as hundredths of a per cent of all readings.
    pub fn share(&self, count: i64) -> Option<i64> {
        ratio(10_000 * count, self.n_readings)
    }

    /// The mean in tenths of mg/dL.
    pub fn mean(&self) -> Option<i64> {
        ratio(10 * self.sum, self.n_readings)
    }

    /// The glucose management indicator in hundredths of a per cent.
    pub fn management_indicator(&self) -> Option<i64> {
        // Bergenstal 2018: 3.31 + 0.02392 × mean.
        ratio(331_000 * self.n_readings + 2_392 * self.sum, 1_000 * self.n_readings)
    }

    /// Standard deviation over mean in per cent; `None` of fewer than two readings.
    #[expect(clippy::as_conversions, reason = "sums of a report window are far below 2^53")]
    pub fn variation(&self) -> Option<f64> {
        let n_readings = self.n_readings;
        if n_readings < 2 || self.sum <= 0 {
            return None;
        }
        let spread = (n_readings * self.squares - self.sum * self.sum) as f64;
        let deviation = (spread / (n_readings * (n_readings - 1)) as f64).sqrt();
        Some(100.0 * deviation * n_readings as f64 / self.sum as f64)
    }

    /// Whether there are enough readings of those expected.
    pub const fn is_sufficient(&self, n_expected: i64) -> bool {
        0 < n_expected && ACTIVE_PER_CENT_MIN * n_expected <= 100 * self.n_readings
    }
}

/// A quotient to the nearest whole, halves up.
pub const fn ratio(dividend: i64, divisor: i64) -> Option<i64> {
    match divisor {
        ..=0 => None,
        1.. => Some((2 * dividend + divisor).div_euclid(2 * divisor)),
    }
}

/// What is held to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// In range.
    InRange,
    /// Below the range.
    Below,
    /// Below 54 mg/dL.
    VeryLow,
    /// Above the range.
    Above,
    /// Above 250 mg/dL.
    VeryHigh,
}

/// Whether a share, in hundredths of a per cent, is at its target; `None` where there is no target. Every
/// target is strict: Battelino 2019, figure 1.
pub const fn is_at_target(population: Population, share: Share, hundredths: i64) -> Option<bool> {
    let (is_more, percent) = match (population, share) {
        (Population::Standard | Population::Pregnancy, Share::InRange) => (true, 70),
        (Population::Older, Share::InRange) => (true, 50),
        (Population::Standard | Population::Pregnancy, Share::Below) => (false, 4),
        (Population::Older, Share::Below) => (false, 1),
        (Population::Standard | Population::Pregnancy, Share::VeryLow) => (false, 1),
        (Population::Standard | Population::Pregnancy, Share::Above) => (false, 25),
        (Population::Standard, Share::VeryHigh) => (false, 5),
        (Population::Older, Share::VeryHigh) => (false, 10),
        (Population::Older, Share::VeryLow | Share::Above)
        | (Population::Pregnancy, Share::VeryHigh) => return None,
    };
    let target = 100 * percent;
    Some(if is_more { target < hundredths } else { hundredths < target })
}
