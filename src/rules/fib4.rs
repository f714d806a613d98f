//! FIB-4: how likely advanced fibrosis of the liver is.
//!
//! Source: Sterling RK et al., Hepatology 2006;43:1317-25; cut-offs AASLD 2023 (1.3, or 2.0 from 65
//! years; 2.67). Not valid under 18; with caution under 35 and in acute hepatitis.

/// The youngest age it is valid at.
pub const AGE_YEARS_MIN: u32 = 18;
/// Below it the result is taken with caution.
pub const AGE_YEARS_CAUTION: u32 = 35;

/// How likely advanced fibrosis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Unlikely.
    Low,
    /// Cannot be said.
    Indeterminate,
    /// Likely.
    High,
}

impl Band {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Band::Low => "low",
            Band::Indeterminate => "indeterminate",
            Band::High => "high",
        }
    }
}

// AASLD 2023.
const LOW: f64 = 1.3;
const LOW_FROM_65: f64 = 2.0;
const HIGH: f64 = 2.67;
const OLD_YEARS: u32 = 65;
/// What is left of decimal digits in binary.
const BINARY: f64 = 1e-9;

/// Age × AST / (platelets × √ALT), in U/L and 10⁹/L; `None` where it would be divided by 0.
pub fn index(age_years: u32, ast: f64, alt: f64, platelets: f64) -> Option<f64> {
    if platelets <= 0.0 || alt <= 0.0 {
        return None;
    }
    Some(f64::from(age_years) * ast / (platelets * alt.sqrt()))
}

/// The band of an index at an age.
pub fn band(index: f64, age_years: u32) -> Band {
    let low = if OLD_YEARS <= age_years { LOW_FROM_65 } else { LOW };
    if index < low - BINARY {
        Band::Low
    } else if HIGH + BINARY < index {
        Band::High
    } else {
        Band::Indeterminate
    }
}
