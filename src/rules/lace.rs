//! LACE: the risk of death or unplanned readmission within 30 days.
//!
//! Source: van Walraven C et al., CMAJ 2010;182:551-7. Length of stay, acuity, comorbidity (the paper's
//! own weights of Charlson's conditions), emergency visits in the 6 months before, without the one that
//! led to this stay.

use crate::rules::partial_sum::{Item, PartialSum};
use crate::rules::steps::{Steps, points};

/// What is scored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation {
    /// Whole days of the stay.
    pub stay_days: Option<i64>,
    /// Admitted as an emergency.
    pub is_emergent: Option<bool>,
    /// Points of the conditions, by the weights below.
    pub charlson: Option<i64>,
    /// Emergency visits in the 6 months before.
    pub emergency_visits: Option<i64>,
}

/// High from so many points (van Walraven 2010).
pub const HIGH: i64 = 10;

// van Walraven 2010, from each cut-off on.
const STAY_DAYS: &Steps = &[(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (7, 5), (14, 7)];
const CHARLSON: &Steps = &[(0, 0), (1, 1), (2, 2), (3, 3), (4, 5)];
const EMERGENCY_VISITS: &Steps = &[(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)];
const EMERGENT: i64 = 3;

/// The weights of conditions in LACE (van Walraven 2010).
pub const WEIGHTS: &[(&str, i64)] = &[
    ("previous_myocardial_infarction", 1),
    ("cerebrovascular_disease", 1),
    ("peripheral_vascular_disease", 1),
    ("diabetes_uncomplicated", 1),
    ("congestive_heart_failure", 2),
    ("diabetes_end_organ_damage", 2),
    ("chronic_pulmonary_disease", 2),
    ("mild_liver_or_renal_disease", 2),
    ("any_tumour", 2),
    ("dementia", 3),
    ("connective_tissue_disease", 3),
    ("aids", 4),
    ("moderate_or_severe_liver_or_renal_disease", 4),
    ("metastatic_solid_tumour", 6),
];

/// Scores it: 0 to 19.
pub fn score(situation: &Situation) -> PartialSum {
    let scored = |steps, value: Option<i64>| value.map(|value| points(steps, value));
    PartialSum::of(&[
        Item::new("los_days", scored(STAY_DAYS, situation.stay_days), 7),
        Item::met("emergent", situation.is_emergent, EMERGENT),
        Item::new("charlson", scored(CHARLSON, situation.charlson), 5),
        Item::new("ed_6mo", scored(EMERGENCY_VISITS, situation.emergency_visits), 4),
    ])
}
