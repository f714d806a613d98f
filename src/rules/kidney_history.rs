//! A patient's creatinines as kidney function: the eGFR of each, and whether it was measured during
//! acute injury.

use crate::domain::date::BirthDate;
use crate::domain::person::Sex;
use crate::domain::time::Span;
use crate::rules::assessment::Reading;
use crate::rules::egfr;
use crate::rules::kdigo_aki::{self, Injury, Prior, YEAR};

/// One creatinine.
#[derive(Clone, Copy, Debug)]
pub struct KidneyPoint {
    /// The creatinine.
    pub reading: Reading,
    /// eGFR in mL/min/1.73 m², not rounded. With a birth date known to the year it is that of the
    /// greater age, at most 0.7 % below that of the lesser.
    pub egfr: f64,
    /// Acute kidney injury by the creatinines before it.
    pub injury: Injury,
}

impl KidneyPoint {
    /// Whether the eGFR is that of a steady state.
    pub fn is_steady(&self) -> bool {
        self.injury.stage == 0
    }
}

/// How far back a creatinine is compared with others.
const LOOKBACK: Span = YEAR.1;

/// The final creatinines of an adult, ascending; values of younger years are left out, because
/// neither equation nor staging is made for them.
pub fn kidney_points(creatinines: &[Reading], birth: BirthDate, sex: Sex) -> Vec<KidneyPoint> {
    let finals: Vec<&Reading> = creatinines.iter().filter(|reading| reading.is_final()).collect();
    let point = |(index, reading): (usize, &&Reading)| {
        let (least, greatest) = birth.age_years(reading.at)?;
        if least < egfr::AGE_YEARS_MIN || reading.value <= 0 {
            return None;
        }
        Some(KidneyPoint {
            reading: **reading,
            egfr: egfr::ckd_epi_2021(reading.number(), greatest, sex),
            injury: injury(reading, finals.get(..index).unwrap_or_default()),
        })
    };
    finals.iter().enumerate().filter_map(point).collect()
}

/// What the final creatinines before it, ascending, say of one: acute kidney injury, and by which baseline.
pub fn injury(creatinine: &Reading, earlier: &[&Reading]) -> Injury {
    let priors = earlier.iter().rev();
    let priors: Vec<Prior> = priors
        .map(|prior| Prior { before: creatinine.at.since(prior.at), value: prior.value })
        .take_while(|prior| prior.before <= LOOKBACK)
        .collect();
    kdigo_aki::assess(creatinine.value, &priors, None)
}
