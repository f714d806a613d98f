//! The shock index: heart rate over systolic pressure. Informational, never an alert.
//!
//! Source: Allgöwer M, Burri C, Dtsch Med Wochenschr 1967;92:1947-50; raised from 0.9: Rady MY et al.,
//! Ann Emerg Med 1994;24:685-90. The other bands are this project's, from the literature. Beta-blockers
//! and pacing make it look better than it is.

/// How high it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// ≤ 0.7
    Usual,
    /// > 0.7
    Borderline,
    /// ≥ 0.9
    Raised,
    /// ≥ 1.0
    High,
}

impl Band {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Band::Usual => "usual",
            Band::Borderline => "borderline",
            Band::Raised => "raised",
            Band::High => "high",
        }
    }
}

/// The band of a heart rate and a systolic pressure in the same decimals; `None` where the pressure is
/// not above 0. Ratios are compared as products, so that 0.9 is 0.9.
pub fn band(heart_rate: i64, systolic: i64) -> Option<Band> {
    if systolic <= 0 {
        return None;
    }
    let is_at_least = |tenths: i64| tenths * systolic <= 10 * heart_rate;
    // Rady 1994: ≥ 0.9; the others are this project's.
    Some(if is_at_least(10) {
        Band::High
    } else if is_at_least(9) {
        Band::Raised
    } else if 7 * systolic < 10 * heart_rate {
        Band::Borderline
    } else {
        Band::Usual
    })
}

/// Heart rate over a pressure (systolic, or mean for the modified index); `None` where the pressure is
/// not above 0.
pub fn index(heart_rate: f64, pressure: f64) -> Option<f64> {
    Some(heart_rate / pressure).filter(|_| 0.0 < pressure)
}
