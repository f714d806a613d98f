//! Aneurysm of the abdominal aorta: when to look again.
//!
//! Source: Chaikof EL et al., J Vasc Surg 2018;67:2-77 (Society for Vascular Surgery). ACC/AHA 2022 and
//! ESVS have other intervals: whoever shows one names its source. The diameter is outer to outer,
//! orthogonal to the vessel; an axial one of a tortuous aorta is not.

/// What is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aneurysm {
    /// Tenths of a centimetre.
    pub diameter: i64,
    /// Whether the patient is a woman; repair is considered earlier.
    pub is_woman: bool,
    /// Pain, or another symptom of it.
    pub is_symptomatic: bool,
    /// Whether it grows rapidly.
    pub is_growing: bool,
}

// This project's: rapid is 0.5 cm or more in 6 months.
const GROWTH_RAPID: i64 = 50;

/// Whether growth is rapid, in hundredths of a centimetre in 6 months.
pub const fn is_rapid(growth: i64) -> bool {
    GROWTH_RAPID <= growth
}

/// What follows (SVS 2018): > 2.5-< 3.0 cm, 3.0-3.9, 4.0-4.9, 5.0-5.4, ≥ 5.5; women from 5.0.
pub const fn follow_up(aneurysm: &Aneurysm) -> &'static str {
    if aneurysm.is_symptomatic {
        return "URGENT_VASCULAR";
    }
    match aneurysm.diameter {
        55.. => "REFER_REPAIR",
        50.. if aneurysm.is_woman => "REFER_REPAIR",
        26.. if aneurysm.is_growing => "REFER_REPAIR",
        50.. => "US_6M",
        40..50 => "US_12M",
        30..40 => "US_3Y",
        26..30 => "RESCREEN_10Y",
        ..26 => "NONE",
    }
}
