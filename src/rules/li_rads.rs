//! LI-RADS: how likely an observation of the liver is a hepatocellular carcinoma, on CT or MRI.
//!
//! Source: ACR CT/MRI LI-RADS v2018, diagnostic table. Adults at risk only: cirrhosis, chronic hepatitis
//! B, or such a carcinoma now or before. LR-M, tumour in vein and ancillary features are read where they
//! are stated, and are no part of this table.

/// The major features of one observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Tenths of a millimetre.
    pub size: i64,
    /// Enhancement in the arterial phase, not of a rim.
    pub is_enhancing: bool,
    /// Washout, not peripheral.
    pub has_washout: bool,
    /// An enhancing capsule.
    pub has_capsule: bool,
    /// Growth by half or more within 6 months.
    pub has_grown: bool,
}

/// The youngest age in whole years: LI-RADS is made for adults.
pub const AGE_YEARS_MIN: u32 = 18;
// LI-RADS v2018: threshold growth is 50 % or more in at most 6 months.
const GROWTH_PER_CENT: i64 = 50;
const GROWTH_MONTHS: i64 = 60;

/// Whether a size grew by the threshold, of tenths of a millimetre so many tenths of a month apart.
pub const fn is_threshold_growth(before: i64, after: i64, months: i64) -> bool {
    0 < before && GROWTH_PER_CENT * before <= 100 * (after - before) && months <= GROWTH_MONTHS
}

/// The category: LI-RADS v2018, the diagnostic table by rows of further features and columns of size.
pub fn category(observation: &Observation) -> &'static str {
    let Observation { size, is_enhancing, has_washout, has_capsule, has_grown } = *observation;
    let n_features = [has_washout, has_capsule, has_grown].into_iter().filter(|has| *has).count();
    match (is_enhancing, size, n_features) {
        // No enhancement, < 20 mm and from 20 mm.
        (false, _, 0) | (false, ..200, 1) => "LR-3",
        (false, 200.., 1) | (false, _, 2..) => "LR-4",
        // Enhancement, < 10 mm.
        (true, ..100, 0) => "LR-3",
        (true, ..100, 1..) => "LR-4",
        // 10-19 mm: one feature is enough, but not the capsule.
        (true, 100..200, 0) => "LR-3",
        (true, 100..200, 1) if has_capsule => "LR-4",
        (true, 100..200, 1..) => "LR-5",
        // From 20 mm.
        (true, 200.., 0) => "LR-4",
        (true, 200.., 1..) => "LR-5",
    }
}
