//! Sepsis and septic shock: Sepsis-3.
//!
//! Source: Singer M et al., JAMA 2016;315:801-10: suspected infection and an acute rise of SOFA by at
//! least 2 points from baseline. The baseline is 0 only where no chronic dysfunction is known.

/// A rise of so many points is sepsis (Singer 2016, box 3).
pub const RISE: i64 = 2;
/// Lactate above this, in tenths of mmol/L (Singer 2016, box 3).
const SHOCK_LACTATE: i64 = 20;

/// What is asked about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation {
    /// SOFA now.
    pub sofa: Option<i64>,
    /// SOFA before the infection.
    pub baseline: Option<i64>,
    /// Whether an organ is known to have been failing before.
    pub has_chronic_dysfunction: bool,
    /// Whether a clinician suspects infection.
    pub is_infection_suspected: Option<bool>,
}

/// The acute rise of SOFA; `None` while it cannot be said.
pub fn rise(situation: &Situation) -> Option<i64> {
    let assumed = Some(0).filter(|_| !situation.has_chronic_dysfunction);
    Some(situation.sofa? - situation.baseline.or(assumed)?)
}

/// Whether it is sepsis; `None` while it cannot be said.
pub fn is_sepsis(situation: &Situation) -> Option<bool> {
    let rose = rise(situation).map(|points| RISE <= points);
    match (situation.is_infection_suspected, rose) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), rose) => rose,
        (None, _) => None,
    }
}

/// Whether sepsis is septic shock: vasopressors are needed for a mean pressure of 65 `mm[Hg]`, and
/// lactate (tenths of mmol/L) stays above 2 after fluids.
pub fn is_shock(sepsis: Option<bool>, on_vasopressor: bool, lactate: Option<i64>) -> Option<bool> {
    match (sepsis, lactate) {
        (Some(false), _) => Some(false),
        _ if !on_vasopressor => Some(false),
        (sepsis, Some(lactate)) if SHOCK_LACTATE < lactate => sepsis,
        (_, Some(_)) => Some(false),
        (_, None) => None,
    }
}
