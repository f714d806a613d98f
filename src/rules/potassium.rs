//! Potassium: how far from normal, and what to look at first.
//!
//! Source: UK Kidney Association, Clinical Practice Guidelines: Treatment of Acute Hyperkalaemia in
//! Adults, 2023 (bands above); the bands below normal are conventional. Tenths of mmol/L.

/// How far from normal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// < 2.5
    SevereHypo,
    /// 2.5-2.9
    ModerateHypo,
    /// 3.0-3.4
    MildHypo,
    /// 3.5-5.4
    InRange,
    /// 5.5-5.9
    MildHyper,
    /// 6.0-6.4
    ModerateHyper,
    /// ≥ 6.5
    SevereHyper,
}

impl Band {
    /// The band of a value in tenths of mmol/L.
    pub const fn of(tenths: i64) -> Band {
        match tenths {
            ..25 => Band::SevereHypo,
            25..30 => Band::ModerateHypo,
            30..35 => Band::MildHypo,
            35..55 => Band::InRange,
            55..60 => Band::MildHyper,
            60..65 => Band::ModerateHyper,
            65.. => Band::SevereHyper,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Band::SevereHypo => "severe-hypo",
            Band::ModerateHypo => "moderate-hypo",
            Band::MildHypo => "mild-hypo",
            Band::InRange => "in-range",
            Band::MildHyper => "mild-hyper",
            Band::ModerateHyper => "moderate-hyper",
            Band::SevereHyper => "severe-hyper",
        }
    }

    /// Whether a 12-lead ECG is suggested: from 6.0 mmol/L (UKKA 2023).
    pub const fn suggests_ecg(self) -> bool {
        matches!(self, Band::ModerateHyper | Band::SevereHyper)
    }
}

/// What is known around a value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The sample was haemolysed.
    pub is_haemolysed: bool,
    /// Nothing before it was high.
    pub is_lone_outlier: bool,
    /// The ECG is changed.
    pub is_ecg_changed: bool,
    /// On dialysis, or in acute kidney injury.
    pub is_kidney_failing: bool,
}

/// Whether a high value is to be measured again before anything else follows from it.
pub const fn repeats_first(band: Band, context: &Context) -> bool {
    let is_high = matches!(band, Band::MildHyper | Band::ModerateHyper | Band::SevereHyper);
    let is_doubtful = context.is_haemolysed || context.is_lone_outlier;
    is_high && is_doubtful && !context.is_ecg_changed && !context.is_kidney_failing
}
