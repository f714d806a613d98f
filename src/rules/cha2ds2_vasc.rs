//! CHA2DS2-VASc and CHA2DS2-VA: the risk of stroke in atrial fibrillation.
//!
//! Source: Lip GYH et al., Chest 2010;137:263-72; without the point for women: ESC 2024 atrial
//! fibrillation guideline. Conditions count whether active or past: treated hypertension is
//! hypertension. A deep vein thrombosis is no thromboembolism here.

use crate::domain::person::Sex;
use crate::rules::partial_sum::{Item, PartialSum};
use crate::rules::steps::{Steps, points};

/// What is scored. A condition that nobody documented does not count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation {
    /// Age in whole years.
    pub age_years: Option<i64>,
    /// Female or male.
    pub sex: Option<Sex>,
    /// Congestive heart failure.
    pub heart_failure: bool,
    /// Hypertension.
    pub hypertension: bool,
    /// Diabetes.
    pub diabetes: bool,
    /// Stroke, transient ischaemic attack or arterial thromboembolism.
    pub stroke: bool,
    /// Myocardial infarction, peripheral artery disease or aortic plaque.
    pub vascular_disease: bool,
}

// Lip 2010: 65-74 one point, from 75 two, never both.
const AGE: &Steps = &[(0, 0), (65, 1), (75, 2)];
/// Ages in years at which the score changes.
pub const AGES: [u32; 2] = [65, 75];

/// The points of an age.
pub fn age_points(age_years: i64) -> i64 {
    points(AGE, age_years)
}

/// CHA2DS2-VA: at most 8.
pub fn va(situation: &Situation) -> PartialSum {
    PartialSum::of(&items(situation))
}

/// CHA2DS2-VASc: with a point for women, at most 9.
pub fn vasc(situation: &Situation) -> PartialSum {
    let [heart, pressure, age, diabetes, stroke, vessels] = items(situation);
    let sex = Item::met("sex", situation.sex.map(|sex| sex == Sex::Female), 1);
    PartialSum::of(&[heart, pressure, age, diabetes, stroke, vessels, sex])
}

fn items(situation: &Situation) -> [Item; 6] {
    [
        Item::met("chf", Some(situation.heart_failure), 1),
        Item::met("htn", Some(situation.hypertension), 1),
        Item::new("age", situation.age_years.map(|age| points(AGE, age)), 2),
        Item::met("dm", Some(situation.diabetes), 1),
        Item::met("stroke", Some(situation.stroke), 2),
        Item::met("vasc", Some(situation.vascular_disease), 1),
    ]
}
