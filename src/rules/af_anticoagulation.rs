//! Atrial fibrillation: whether a score asks for an anticoagulant (TX-08).
//!
//! Source: Joglar JA et al., Circulation 2024;149:e1-156 (2023 ACC/AHA, by CHA2DS2-VASc); Van Gelder IC et
//! al., Eur Heart J 2024;45:3314-414 (ESC, by CHA2DS2-VA). A mechanical valve, or mitral stenosis that is
//! moderate or severe, needs a vitamin K antagonist whatever the score is.

use crate::domain::person::Sex;

/// How strongly it is asked for, ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Advice {
    /// The score does not ask for it.
    NotIndicated,
    /// It may be given.
    Reasonable,
    /// It should be given.
    Recommended,
}

impl Advice {
    /// Its name in the guideline of ACC and AHA.
    pub const fn name_acc_aha(self) -> &'static str {
        match self {
            Advice::NotIndicated => "not-indicated-by-score",
            Advice::Reasonable => "reasonable",
            Advice::Recommended => "recommended",
        }
    }

    /// Its name in ESC's.
    pub const fn name_esc(self) -> &'static str {
        match self {
            Advice::NotIndicated => "not-indicated-by-score",
            Advice::Reasonable => "should-be-considered",
            Advice::Recommended => "recommended",
        }
    }
}

/// By CHA2DS2-VASc: men from 2, women from 3; reasonable one point below (ACC/AHA 2023).
pub const fn acc_aha(vasc: i64, sex: Sex) -> Advice {
    let recommended = match sex {
        Sex::Female => 3,
        Sex::Male => 2,
    };
    graded(vasc, recommended)
}

/// By CHA2DS2-VA: from 2; to be considered at 1 (ESC 2024).
pub const fn esc(va: i64) -> Advice {
    graded(va, 2)
}

const fn graded(score: i64, recommended: i64) -> Advice {
    if recommended <= score {
        return Advice::Recommended;
    }
    if recommended - 1 == score { Advice::Reasonable } else { Advice::NotIndicated }
}
