//! Metformin by kidney function (SPEC 8, TX-02).
//!
//! Source: FDA Drug Safety Communication of 8 April 2016. Contraindicated below 30; starting between
//! 30 and 45 is not recommended; falling below 45 asks for a new judgement; with iodinated contrast
//! and eGFR 30 to 60 it is held and eGFR checked 48 hours after; so it is at any eGFR with liver disease,
//! alcoholism or heart failure, or contrast into an artery. eGFR in mL/min/1.73 m² is compared
//! unrounded. During acute kidney injury eGFR is no steady state: hold, rather than say nothing.

/// Older than so many days an eGFR says nothing: the label asks for one a year.
pub const EGFR_DAYS_MAX: i64 = 365;

/// What is suggested, ascending by urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Advice {
    /// Nothing.
    None,
    /// There is no eGFR of the last 365 days.
    CheckEgfr,
    /// On it, eGFR 30 to below 45.
    Reassess,
    /// New, eGFR 30 to below 45.
    InitiationNotRecommended,
    /// Iodinated contrast planned, eGFR 30 to 60.
    HoldAtContrast,
    /// Acute kidney injury: kidney function is unstable.
    HoldUnstable,
    /// New, eGFR below 30.
    Contraindicated,
    /// On it, eGFR below 30.
    ContraindicatedStop,
}

/// What is known of one patient who takes metformin or is about to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Situation {
    /// The newest eGFR of the last 365 days, unrounded.
    pub egfr: Option<f64>,
    /// Whether creatinine says acute kidney injury, of any stage.
    pub is_acute: bool,
    /// Whether it is taken already, rather than newly ordered.
    pub is_taken: bool,
    /// Whether iodinated contrast is planned.
    pub is_contrast_planned: bool,
    /// Liver disease, alcoholism or heart failure, or contrast into an artery.
    pub has_contrast_risk: bool,
}

impl Advice {
    /// The name in bands and vectors.
    pub const fn name(self) -> &'static str {
        match self {
            Advice::None => "none",
            Advice::CheckEgfr => "check-egfr",
            Advice::Reassess => "reassess-benefit-risk",
            Advice::InitiationNotRecommended => "initiation-not-recommended",
            Advice::HoldAtContrast => "hold-at-contrast-recheck-48h",
            Advice::HoldUnstable => "hold-unstable",
            Advice::Contraindicated => "contraindicated",
            Advice::ContraindicatedStop => "contraindicated-stop",
        }
    }
}

/// The advice for one patient.
pub fn advise(situation: Situation) -> Advice {
    let Situation { egfr, is_acute, is_taken, is_contrast_planned, has_contrast_risk } = situation;
    if is_acute {
        return Advice::HoldUnstable;
    }
    let Some(egfr) = egfr else {
        return Advice::CheckEgfr;
    };
    match egfr {
        ..30.0 if is_taken => Advice::ContraindicatedStop,
        ..30.0 => Advice::Contraindicated,
        _ if is_contrast_planned && (egfr <= 60.0 || has_contrast_risk) => Advice::HoldAtContrast,
        30.0..45.0 if is_taken => Advice::Reassess,
        30.0..45.0 => Advice::InitiationNotRecommended,
        _ => Advice::None,
    }
}
