//! Fleischner: follow-up of pulmonary nodules that are found by chance on CT.
//!
//! Source: MacMahon H et al., Radiology 2017;284:228-43 (erratum of 13 March 2017); how to measure:
//! Bankier AA et al., Radiology 2017;285:584-600. For adults from 35 without known primary cancer and
//! not immunosuppressed; screening has Lung-RADS. The most suspicious nodule decides. Each row is
//! guidance: the report's own recommendation wins.

/// What a nodule consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Composition {
    /// Solid.
    Solid,
    /// Pure ground-glass.
    GroundGlass,
    /// Ground-glass with a solid part.
    PartSolid,
}

/// Risk of lung cancer as the guideline splits it; it matters for solid nodules alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// Low.
    Low,
    /// High: smoking, exposure, family history, emphysema or fibrosis, upper lobe, spiculation, age.
    High,
}

/// The rows of the size columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// < 6 mm, < 100 mm³
    Small,
    /// 6-8 mm, 100-250 mm³
    Middle,
    /// > 8 mm, > 250 mm³
    Large,
}

impl Size {
    // MacMahon 2017, table 1: < 6, 6-8 and > 8 mm, of a mean rounded to the nearest mm.
    /// The row of a mean diameter in tenths of a millimetre.
    pub const fn of_diameter(tenths: i64) -> Size {
        match nearest_mm(tenths) {
            ..6 => Size::Small,
            6..=8 => Size::Middle,
            9.. => Size::Large,
        }
    }

    // MacMahon 2017, table 1: < 100, 100-250 and > 250 mm³. Lung-RADS has other volumes.
    /// The row of a volume in tenths of a cubic millimetre.
    pub const fn of_volume(tenths: i64) -> Size {
        match tenths {
            ..1_000 => Size::Small,
            1_000..=2_500 => Size::Middle,
            2_501.. => Size::Large,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Size::Small => "<6mm",
            Size::Middle => "6-8mm",
            Size::Large => ">8mm",
        }
    }
}

/// Whole millimetres of tenths, halves up (Bankier 2017).
pub const fn nearest_mm(tenths: i64) -> i64 {
    (tenths + 5).div_euclid(10)
}

/// The mean of both axes of one plane in whole millimetres, from tenths (Bankier 2017). The long axis
/// alone would triage too high.
pub const fn mean_diameter(long: i64, short: i64) -> i64 {
    (long + short + 10).div_euclid(20)
}

/// Who is not followed by this table, the first reason that is known; nobody is kept out by what is
/// not.
pub fn excluded(
    age_years: Option<u32>,
    has_cancer: bool,
    is_immunosuppressed: bool,
    is_screening: bool,
) -> Option<&'static str> {
    // MacMahon 2017: 35 years or older.
    const AGE_YEARS_MIN: u32 = 35;
    let reasons = [
        (is_screening, "use-LungRADS"),
        (has_cancer, "known-cancer"),
        (is_immunosuppressed, "immunosuppressed"),
        (age_years.is_some_and(|age| age < AGE_YEARS_MIN), "under-35"),
    ];
    reasons.into_iter().find(|(is_met, _)| *is_met).map(|(_, reason)| reason)
}

/// What follows. Of nodules that are not solid the risk is not asked.
pub const fn follow_up(
    composition: Composition,
    is_multiple: bool,
    size: Size,
    risk: Risk,
) -> &'static str {
    match (composition, is_multiple, size, risk) {
        (Composition::Solid, _, Size::Small, Risk::Low) => "NONE",
        (Composition::Solid, _, Size::Small, Risk::High) => "OPTIONAL_CT_12M",
        (Composition::Solid, false, Size::Middle, Risk::Low) => "CT_6_12M_THEN_CONSIDER_18_24M",
        (Composition::Solid, false, Size::Middle, Risk::High) => "CT_6_12M_THEN_18_24M",
        (Composition::Solid, false, Size::Large, _) => "CT_3M_OR_PETCT_OR_TISSUE",
        (Composition::Solid, true, _, Risk::Low) => "CT_3_6M_THEN_CONSIDER_18_24M",
        (Composition::Solid, true, _, Risk::High) => "CT_3_6M_THEN_18_24M",
        (_, false, Size::Small, _) => "NONE",
        (Composition::GroundGlass, false, _, _) => "CT_6_12M_THEN_EVERY_2Y_UNTIL_5Y",
        (Composition::PartSolid, false, _, _) => "CT_3_6M_THEN_ANNUAL_5Y_IF_SOLID_LT6",
        (_, true, Size::Small, _) => "CT_3_6M_THEN_CONSIDER_2Y_4Y",
        (_, true, _, _) => "CT_3_6M_THEN_MOST_SUSPICIOUS",
    }
}

/// Months from the index study in which the first CT is due, where one is; the optional one too.
pub const fn due_months(
    composition: Composition,
    is_multiple: bool,
    size: Size,
    risk: Risk,
) -> Option<(i64, i64)> {
    match (composition, is_multiple, size, risk) {
        (Composition::Solid, _, Size::Small, Risk::Low) => None,
        (Composition::Solid, _, Size::Small, Risk::High) => Some((12, 12)),
        (Composition::Solid, false, Size::Middle, _) => Some((6, 12)),
        (Composition::Solid, false, Size::Large, _) => Some((3, 3)),
        (Composition::Solid, true, _, _) => Some((3, 6)),
        (_, false, Size::Small, _) => None,
        (Composition::GroundGlass, false, _, _) => Some((6, 12)),
        (_, _, _, _) => Some((3, 6)),
    }
}

/// Whether a part-solid nodule is highly suspicious if it persists, by its solid part in tenths of a
/// millimetre (MacMahon 2017: 6 mm or more).
pub const fn is_suspicious_if_persistent(solid: i64) -> bool {
    6 <= nearest_mm(solid)
}
