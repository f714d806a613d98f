//! Blood pressure: its stage.
//!
//! Source: Whelton PK et al., Hypertension 2018;71:e13-115 (ACC/AHA 2017); the categories are the same
//! in AHA/ACC 2025. For the mean of at least 2 readings on at least 2 occasions; a single one never
//! diagnoses. The higher of both numbers decides.
//!
//! | systolic | | diastolic | stage |
//! |---|---|---|---|
//! | < 120 | and | < 80 | normal |
//! | 120-129 | and | < 80 | elevated |
//! | 130-139 | or | 80-89 | 1 |
//! | ≥ 140 | or | ≥ 90 | 2 |
//! | > 180 | or | > 120 | severe: ask for symptoms |

/// The stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Normal.
    Normal,
    /// Elevated.
    Elevated,
    /// Stage 1.
    One,
    /// Stage 2.
    Two,
    /// Severe: symptoms decide whether it is an emergency.
    Severe,
}

impl Stage {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Normal => "normal",
            Stage::Elevated => "elevated",
            Stage::One => "stage1",
            Stage::Two => "stage2",
            Stage::Severe => "severe/crisis-check",
        }
    }

    /// The stage of a systolic pressure alone, in `mm[Hg]`.
    pub const fn of_systolic(systolic: i64) -> Stage {
        match systolic {
            ..120 => Stage::Normal,
            120..130 => Stage::Elevated,
            130..140 => Stage::One,
            140..=180 => Stage::Two,
            181.. => Stage::Severe,
        }
    }

    /// The stage of a diastolic pressure alone, in `mm[Hg]`.
    pub const fn of_diastolic(diastolic: i64) -> Stage {
        match diastolic {
            ..80 => Stage::Normal,
            80..90 => Stage::One,
            90..=120 => Stage::Two,
            121.. => Stage::Severe,
        }
    }

    /// The stage of both.
    pub fn of(systolic: i64, diastolic: i64) -> Stage {
        Stage::of_systolic(systolic).max(Stage::of_diastolic(diastolic))
    }
}
