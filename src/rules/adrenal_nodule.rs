//! Adrenal nodules that are found by chance.
//!
//! Source: Mayo-Smith WW et al., J Am Coll Radiol 2017;14:1038-44 (ACR incidental findings). Adults
//! without symptoms; the biochemical work-up is another decision. It is guidance: consider.

/// What is known of the nodule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nodule {
    /// Tenths of a centimetre.
    pub size: i64,
    /// Features that are benign by themselves: a cyst, myelolipoma, haemorrhage.
    pub is_benign: bool,
    /// Attenuation without contrast in tenths of a Hounsfield unit.
    pub attenuation: Option<i64>,
    /// Absolute and relative washout after 15 minutes, in tenths of a per cent.
    pub washout: (Option<i64>, Option<i64>),
    /// What it did since an earlier study.
    pub course: Course,
    /// Whether the patient has or had cancer.
    pub has_cancer: bool,
}

/// What a nodule did since an earlier study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// There is none, or it was less than a year ago.
    Unknown,
    /// No change for a year or more.
    Stable,
    /// New or larger.
    Enlarging,
}

// Mayo-Smith 2017: < 1 cm nothing; benign at ≤ 10 HU, absolute washout ≥ 60 % or relative ≥ 40 %.
const SIZE_MIN: i64 = 10;
const ATTENUATION_BENIGN: i64 = 100;
const WASHOUT_BENIGN: (i64, i64) = (600, 400);
// Mayo-Smith 2017: 1-2 cm, > 2-4 cm, > 4 cm.
const SIZE_SMALL: i64 = 20;
const SIZE_MIDDLE: i64 = 40;

/// Whether washout says an adenoma that is poor in fat.
pub fn is_washout_benign((absolute, relative): (Option<i64>, Option<i64>)) -> bool {
    let (absolute_min, relative_min) = WASHOUT_BENIGN;
    absolute.is_some_and(|percent| absolute_min <= percent)
        || relative.is_some_and(|percent| relative_min <= percent)
}

/// What follows. Above 4 cm neither density nor stability is enough.
pub fn follow_up(nodule: &Nodule) -> &'static str {
    let is_dense = nodule.attenuation.is_none_or(|units| ATTENUATION_BENIGN < units);
    let is_benign = nodule.is_benign || nodule.size < SIZE_MIN;
    let is_benign_by_density = !is_dense || is_washout_benign(nodule.washout);
    if is_benign || (nodule.size <= SIZE_MIDDLE && is_benign_by_density) {
        return "NO_FOLLOWUP";
    }
    match (nodule.size, nodule.course, nodule.has_cancer) {
        (41.., _, false) => "CONSIDER_RESECTION",
        (41.., _, true) | (_, Course::Enlarging, true) => "PET_OR_BIOPSY",
        (_, Course::Stable, _) => "NO_FOLLOWUP",
        (_, Course::Enlarging, false) => "ADRENAL_CT_OR_RESECTION",
        (_, Course::Unknown, true) => "ADRENAL_CT_OR_PET",
        (..=SIZE_SMALL, Course::Unknown, false) => "CONSIDER_CT_12M",
        (_, Course::Unknown, false) => "ADRENAL_CT",
    }
}

/// Absolute washout in per cent from Hounsfield units without contrast, in the portal and in the delayed
/// phase: (portal - delayed) / (portal - without). `None` where nothing was taken up.
pub fn absolute_washout(without: f64, portal: f64, delayed: f64) -> Option<f64> {
    let taken_up = portal - without;
    Some(100.0 * (portal - delayed) / taken_up).filter(|_| 0.0 < taken_up)
}

/// Relative washout in per cent, where there is no study without contrast: (portal - delayed) / portal.
pub fn relative_washout(portal: f64, delayed: f64) -> Option<f64> {
    Some(100.0 * (portal - delayed) / portal).filter(|_| 0.0 < portal)
}
