//! A patient's creatinines as kidney function: the eGFR of each, and whether it was measured during
//! acute injury.

use crate::domain::date::BirthDate;
use crate::domain::person::Sex;
use crate::domain::time::Span;
use crate::rules::assessment::Reading;
use crate::rules::egfr;
use crate::rules::kdigo_aki::{self, Injury, Prior};

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
const LOOKBACK: Span = Span::from_days(365);

/// The final creatinines of an adult, ascending; values of younger years are left out, because
/// neither equation nor staging is made for them.
pub fn kidney_points(creatinines: &[Reading], birth: BirthDate, sex: Sex) -> Vec<KidneyPoint> {
    let finals: Vec<&Reading> = creatinines.iter().filter(|reading| reading.is_final()).collect();
    let point = |(index, reading): (usize, &&Reading)| {
        let (least, greatest) = birth.age_years(reading.at)?;
        if least < egfr::AGE_YEARS_MIN || reading.value <= 0 {
            return None;
        }
        let earlier = finals.get(..index).unwrap_or_default().iter().rev();
        let priors: Vec<Prior> = earlier
            .map(|prior| Prior { before: reading.at.since(prior.at), value: prior.value })
            .take_while(|prior| prior.before <= LOOKBACK)
            .collect();
        Some(KidneyPoint {
            reading: **reading,
            egfr: egfr::ckd_epi_2021(reading.number(), greatest, sex),
            injury: kdigo_aki::assess(reading.value, &priors, None),
        })
    };
    finals.iter().enumerate().filter_map(point).collect()
}
