//! SOFA: the sequential organ failure assessment, and the rise that means sepsis.
//!
//! Source: Vincent JL et al., Intensive Care Med 1996;22:707-10; Singer M et al., JAMA 2016;315:801-10
//! (Sepsis-3), table 1. The worst of 24 hours counts.
//!
//! | organ | 0 | 1 | 2 | 3 | 4 |
//! |---|---|---|---|---|---|
//! | PaO2/FiO2 `mm[Hg]` | ≥ 400 | < 400 | < 300 | < 200 with support | < 100 with support |
//! | platelets 10³/µL | ≥ 150 | < 150 | < 100 | < 50 | < 20 |
//! | bilirubin mg/dL | < 1.2 | 1.2-1.9 | 2.0-5.9 | 6.0-11.9 | ≥ 12.0 |
//! | bilirubin µmol/L | < 20 | 20-32 | 33-101 | 102-204 | > 204 |
//! | circulation | MAP ≥ 70 | MAP < 70 | dopamine ≤ 5, any dobutamine | dopamine > 5, (nor)epinephrine ≤ 0.1 | dopamine > 15, (nor)epinephrine > 0.1 |
//! | Glasgow coma score | 15 | 13-14 | 10-12 | 6-9 | < 6 |
//! | creatinine mg/dL | < 1.2 | 1.2-1.9 | 2.0-3.4 | 3.5-4.9 | ≥ 5.0 |
//! | creatinine µmol/L | < 110 | 110-170 | 171-299 | 300-440 | > 440 |
//! | urine mL/day | | | | < 500 | < 200 |
//!
//! The printed tables leave 12.0 and 5.0 mg/dL between two rows: the worse one counts. The columns of
//! mg/dL and µmol/L do not say the same: the column of the unit that the laboratory reports is used.
//! Circulation and kidney have alternatives; they are judged by those that were measured.

use crate::rules::partial_sum::{Item, PartialSum};
use crate::rules::steps::{Steps, points};

/// What is scored.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation {
    /// Arterial oxygen over inspired fraction, in tenths of `mm[Hg]`.
    pub pao2_fio2: Option<i64>,
    /// Whether breathing is supported.
    pub is_supported: Option<bool>,
    /// Platelets in tenths of 10³/µL.
    pub platelets: Option<i64>,
    /// Bilirubin.
    pub bilirubin: Option<Amount>,
    /// Mean arterial pressure in tenths of `mm[Hg]`.
    pub mean_pressure: Option<i64>,
    /// What is given for at least an hour.
    pub vasopressors: Vasopressors,
    /// Glasgow coma score, 3 to 15: of a sedated patient, the one before sedation.
    pub glasgow_coma_score: Option<i64>,
    /// Creatinine.
    pub creatinine: Option<Amount>,
    /// Urine in mL of 24 hours.
    pub urine: Option<i64>,
}

/// An amount in the unit that the laboratory reports it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Tenths of mg/dL.
    MgPerDl(i64),
    /// µmol/L.
    MicromolPerL(i64),
}

/// Doses in ten-thousandths of µg/kg/min; `None` is not given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vasopressors {
    /// Dopamine.
    pub dopamine: Option<i64>,
    /// Dobutamine.
    pub dobutamine: Option<i64>,
    /// Epinephrine.
    pub epinephrine: Option<i64>,
    /// Norepinephrine.
    pub norepinephrine: Option<i64>,
}

// The rows of the table above (Vincent 1996; Singer 2016, table 1), from each cut-off on.
const PAO2_FIO2: &Steps = &[(0, 4), (1_000, 3), (2_000, 2), (3_000, 1), (4_000, 0)];
/// The most that counts without respiratory support.
const UNSUPPORTED_MAX: i64 = 2;
const PLATELETS: &Steps = &[(0, 4), (200, 3), (500, 2), (1_000, 1), (1_500, 0)];
const BILIRUBIN_MG_DL: &Steps = &[(0, 0), (12, 1), (20, 2), (60, 3), (120, 4)];
const BILIRUBIN_MICROMOL_L: &Steps = &[(0, 0), (20, 1), (33, 2), (102, 3), (205, 4)];
const MEAN_PRESSURE: i64 = 700;
const DOPAMINE: &Steps = &[(1, 2), (50_001, 3), (150_001, 4)];
const EPINEPHRINE: &Steps = &[(1, 3), (1_001, 4)];
const DOBUTAMINE: i64 = 2;
const GLASGOW_COMA_SCORE: &Steps = &[(3, 4), (6, 3), (10, 2), (13, 1), (15, 0)];
const CREATININE_MG_DL: &Steps = &[(0, 0), (12, 1), (20, 2), (35, 3), (50, 4)];
const CREATININE_MICROMOL_L: &Steps = &[(0, 0), (110, 1), (171, 2), (300, 3), (441, 4)];
const URINE: &Steps = &[(0, 4), (200, 3), (500, 0)];

const ORGAN_MAX: i64 = 4;

/// Scores it: six organs, 0 to 4 each.
pub fn score(situation: &Situation) -> PartialSum {
    PartialSum::of(&[
        respiration(situation),
        Item::new("coag", situation.platelets.map(|count| points(PLATELETS, count)), ORGAN_MAX),
        Item::new("liver", situation.bilirubin.map(liver), ORGAN_MAX),
        Item::new("cv", circulation(situation), ORGAN_MAX),
        Item::new(
            "cns",
            situation.glasgow_coma_score.map(|score| points(GLASGOW_COMA_SCORE, score)),
            ORGAN_MAX,
        ),
        Item::new("renal", kidney(situation), ORGAN_MAX),
    ])
}

/// Points of bilirubin, by the column of its unit.
pub fn liver(bilirubin: Amount) -> i64 {
    match bilirubin {
        Amount::MgPerDl(tenths) => points(BILIRUBIN_MG_DL, tenths),
        Amount::MicromolPerL(whole) => points(BILIRUBIN_MICROMOL_L, whole),
    }
}

/// Points of creatinine, by the column of its unit.
pub fn creatinine(creatinine: Amount) -> i64 {
    match creatinine {
        Amount::MgPerDl(tenths) => points(CREATININE_MG_DL, tenths),
        Amount::MicromolPerL(whole) => points(CREATININE_MICROMOL_L, whole),
    }
}

/// 3 and 4 count with respiratory support only; where nobody said, it may be either.
fn respiration(situation: &Situation) -> Item {
    let Some(ratio) = situation.pao2_fio2 else { return Item::new("resp", None, ORGAN_MAX) };
    let most = points(PAO2_FIO2, ratio);
    let least = most.min(UNSUPPORTED_MAX);
    match situation.is_supported {
        Some(true) => Item { name: "resp", least: most, most },
        Some(false) => Item { name: "resp", least, most: least },
        None => Item { name: "resp", least, most },
    }
}

fn circulation(situation: &Situation) -> Option<i64> {
    let Vasopressors { dopamine, dobutamine, epinephrine, norepinephrine } = situation.vasopressors;
    let given = |dose: Option<i64>| dose.filter(|dose| 0 < *dose);
    let doses = [
        given(dopamine).map(|dose| points(DOPAMINE, dose)),
        given(dobutamine).map(|_| DOBUTAMINE),
        given(epinephrine).map(|dose| points(EPINEPHRINE, dose)),
        given(norepinephrine).map(|dose| points(EPINEPHRINE, dose)),
    ];
    let pressure = situation.mean_pressure.map(|mean| i64::from(mean < MEAN_PRESSURE));
    doses.into_iter().flatten().chain(pressure).max()
}

/// The worse of both; never their sum.
fn kidney(situation: &Situation) -> Option<i64> {
    situation.creatinine.map(creatinine).max(situation.urine.map(|urine| points(URINE, urine)))
}
