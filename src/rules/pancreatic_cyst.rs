//! Pancreatic cysts that are found by chance: when to look again.
//!
//! Source: Megibow AJ et al., J Am Coll Radiol 2017;14:911-23 (ACR incidental findings; the schedule from
//! two summaries that agree). Without symptoms. The clock starts at the earliest study that shows the cyst;
//! the whole takes nine to ten years. Kyoto 2024 differs. It is guidance: consider.

/// What is known of patient and cyst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cyst {
    /// Whole years.
    pub age_years: u32,
    /// Tenths of a centimetre.
    pub size: i64,
    /// Whether it is joined to the main duct; not known counts as not joined: looked at more often.
    pub is_joined: bool,
    /// The main duct in tenths of a millimetre.
    pub duct: Option<i64>,
    /// Jaundice or an enhancing solid part.
    pub is_high_risk: bool,
    /// A thick or enhancing wall, or a nodule that does not enhance.
    pub is_worrisome: bool,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// Surgery judges.
    SurgicalEvaluation,
    /// Endoscopic ultrasound with aspiration.
    EndoscopicUltrasound,
    /// Imaging: so many months apart, so often, one phase after the other.
    Schedule(&'static [(i64, i64)]),
}

// Megibow 2017: high risk at a duct of 10 mm or more; worrisome at 7 mm, and at a cyst of 3 cm.
const DUCT_HIGH_RISK: i64 = 100;
const DUCT_WORRISOME: i64 = 70;
const SIZE_WORRISOME: i64 = 30;

// Megibow 2017, the four charts: months apart, times.
const SMALL_YOUNG: &[(i64, i64)] = &[(12, 5), (24, 2)];
const SMALL_OLD: &[(i64, i64)] = &[(24, 5)];
const CLOSE: &[(i64, i64)] = &[(6, 4), (12, 2), (24, 3)];
const VERY_OLD: &[(i64, i64)] = &[(24, 2)];

/// What follows.
pub fn follow_up(cyst: &Cyst) -> FollowUp {
    let is_duct_at_least = |size| cyst.duct.is_some_and(|duct| size <= duct);
    if cyst.is_high_risk || is_duct_at_least(DUCT_HIGH_RISK) {
        return FollowUp::SurgicalEvaluation;
    }
    if cyst.is_worrisome || SIZE_WORRISOME <= cyst.size || is_duct_at_least(DUCT_WORRISOME) {
        return FollowUp::EndoscopicUltrasound;
    }
    FollowUp::Schedule(match (cyst.age_years, cyst.size, cyst.is_joined) {
        (80.., _, _) => VERY_OLD,
        (..65, ..15, _) => SMALL_YOUNG,
        (65..80, ..15, _) => SMALL_OLD,
        (..80, 15..20, true) => SMALL_YOUNG,
        (..80, 15.., _) => CLOSE,
    })
}

/// Whether a cyst grew, of tenths of a millimetre: by 100 % below 5 mm, 50 % below 15 mm, 20 % from there
/// (Megibow 2017).
pub const fn is_growth(before: i64, after: i64) -> bool {
    let percent = match before {
        ..50 => 100,
        50..150 => 50,
        150.. => 20,
    };
    0 < before && percent * before <= 100 * (after - before)
}
