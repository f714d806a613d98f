//! Potassium and creatinine under drugs against the renin-angiotensin-aldosterone system (TX-03).
//!
//! Source: Heidenreich PA et al., Circulation 2022;145:e895 (AHA/ACC/HFSA: mineralocorticoid antagonists
//! start at ≤ 5.0 mmol/L, above 5.5 hold or reduce); KDIGO 2020 and 2024 (creatinine rise of more than 30 %
//! within 4 weeks); UKKA 2023 (from 6.0 stop, from 6.5 emergency).

/// The drug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drug {
    /// An antagonist of the mineralocorticoid receptor.
    Mra,
    /// An inhibitor of the converting enzyme, or a blocker of the angiotensin receptor.
    AceInhibitorOrBlocker,
}

/// Whether it is begun or goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// To be begun.
    Start,
    /// Taken already.
    Continue,
}

/// What is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// The drug.
    pub drug: Drug,
    /// Begun or going on.
    pub course: Course,
    /// Potassium in tenths of mmol/L.
    pub potassium: Option<i64>,
    /// Whether the sample was haemolysed: its potassium is not the patient's.
    pub is_haemolysed: bool,
    /// The rise of creatinine within 4 weeks of start or titration, in tenths of a per cent.
    pub creatinine_rise: Option<i64>,
}

// UKKA 2023, mmol/L in tenths.
const EMERGENCY: i64 = 65;
const STOP: i64 = 60;
// AHA/ACC/HFSA 2022.
const MRA_START_MAX: i64 = 50;
const CONTINUE_MAX: i64 = 55;
// KDIGO 2020: a rise of more than 30 %.
const CREATININE_RISE_MAX: i64 = 300;

/// What is suggested.
pub fn advise(situation: &Situation) -> &'static str {
    if situation.is_haemolysed {
        return "repeat-potassium";
    }
    let Some(potassium) = situation.potassium else {
        return "check-potassium";
    };
    let start_max = match situation.drug {
        Drug::Mra => MRA_START_MAX,
        Drug::AceInhibitorOrBlocker => CONTINUE_MAX,
    };
    match (situation.course, situation.drug) {
        _ if EMERGENCY <= potassium => "emergency-hyperkalaemia",
        _ if STOP <= potassium => "stop-and-treat",
        (Course::Start, _) if start_max < potassium => "do-not-start",
        (Course::Continue, Drug::Mra) if CONTINUE_MAX < potassium => "hold-or-halve",
        (Course::Continue, Drug::AceInhibitorOrBlocker) if CONTINUE_MAX < potassium => {
            "manage-K-consider-reduce"
        }
        _ if situation.creatinine_rise.is_some_and(|rise| CREATININE_RISE_MAX < rise) => {
            "evaluate-AKI/RAS"
        }
        _ => "none",
    }
}
