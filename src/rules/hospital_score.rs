//! HOSPITAL: the risk of a potentially avoidable readmission within 30 days.
//!
//! Source: Donzé J et al., JAMA Intern Med 2013;173:632-8; admissions grouped, and bands, as in the
//! international validation, JAMA Intern Med 2016;176:496-502. Haemoglobin and sodium are the last
//! before discharge; admissions do not count this stay.

use crate::rules::partial_sum::{Item, PartialSum};
use crate::rules::steps::{Steps, points};

/// What is scored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation {
    /// Haemoglobin in hundredths of g/dL.
    pub haemoglobin: Option<i64>,
    /// Discharged from an oncology service.
    pub is_oncology: Option<bool>,
    /// Sodium in tenths of mmol/L.
    pub sodium: Option<i64>,
    /// A procedure during the stay.
    pub had_procedure: Option<bool>,
    /// Not an elective admission.
    pub is_urgent: Option<bool>,
    /// Admissions in the 12 months before.
    pub admissions: Option<i64>,
    /// Whole days of the stay.
    pub stay_days: Option<i64>,
}

/// How high the risk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// 0-4
    Low,
    /// 5-6
    Intermediate,
    /// ≥ 7
    High,
}

impl Band {
    /// The band of a score (Donzé 2016).
    pub const fn of(score: i64) -> Band {
        match score {
            ..5 => Band::Low,
            5..7 => Band::Intermediate,
            7.. => Band::High,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Band::Low => "low",
            Band::Intermediate => "intermediate",
            Band::High => "high",
        }
    }
}

// Donzé 2016: < 12 g/dL; < 135 mmol/L; 0-1, 2-5, > 5 admissions; ≥ 5 days.
const HAEMOGLOBIN: i64 = 1_200;
const SODIUM: i64 = 1_350;
const ADMISSIONS: &Steps = &[(0, 0), (2, 2), (6, 5)];
const STAY_DAYS: i64 = 5;

/// Scores it: 0 to 13.
pub fn score(situation: &Situation) -> PartialSum {
    let admissions = situation.admissions.map(|count| points(ADMISSIONS, count));
    PartialSum::of(&[
        Item::met("hb", situation.haemoglobin.map(|value| value < HAEMOGLOBIN), 1),
        Item::met("oncology", situation.is_oncology, 2),
        Item::met("na", situation.sodium.map(|value| value < SODIUM), 1),
        Item::met("procedure", situation.had_procedure, 1),
        Item::met("urgent", situation.is_urgent, 1),
        Item::new("admissions_12mo", admissions, 5),
        Item::met("los_days", situation.stay_days.map(|days| STAY_DAYS <= days), 2),
    ])
}

/// The band, as far as it can be said: nothing reassuring from an incomplete score.
pub fn band(sum: &PartialSum) -> Option<Band> {
    let least = Band::of(sum.lower);
    Some(least).filter(|least| *least == Band::of(sum.upper) || *least != Band::Low)
}
