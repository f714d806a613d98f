//! Thyroid nodules that are found by chance on CT or MRI: whether ultrasound follows.
//!
//! Source: Hoang JK et al., J Am Coll Radiol 2015;12:143-50 (ACR incidental findings); ACR Choosing Wisely
//! 2017. The size is the largest axial diameter.

/// What is known of patient and nodule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nodule {
    /// Whole years.
    pub age_years: Option<u32>,
    /// Tenths of a centimetre.
    pub size: Option<i64>,
    /// Invasion of what lies around it, or suspicious nodes.
    pub is_suspicious: bool,
    /// Uptake on positron emission tomography.
    pub is_avid: bool,
    /// A history that raises the risk.
    pub is_at_risk: bool,
    /// Limited life expectancy, or disease that matters more.
    pub is_life_limited: bool,
}

// Hoang 2015: from 1.0 cm under 35 years, from 1.5 cm later.
const AGE_YEARS: u32 = 35;
const SIZE_YOUNG: i64 = 10;
const SIZE: i64 = 15;

/// Whether ultrasound follows; `None` where age or size decides and is not known.
pub fn needs_ultrasound(nodule: &Nodule) -> Option<bool> {
    if nodule.is_suspicious {
        return Some(true);
    }
    if nodule.is_life_limited {
        return Some(false);
    }
    if nodule.is_avid || nodule.is_at_risk {
        return Some(true);
    }
    match (nodule.age_years, nodule.size?) {
        (_, SIZE..) => Some(true),
        (_, ..SIZE_YOUNG) => Some(false),
        (Some(..AGE_YEARS), _) => Some(true),
        (Some(_), _) => Some(false),
        (None, _) => None,
    }
}
